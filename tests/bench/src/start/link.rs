//! A line with delay, a bound on its rate and stalls, as a TCP proxy: netem is not in every
//! kernel.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Bytes of a packet's content.
const PACKET: usize = 1_460;
/// Packets under way at most; then the sender waits, as it does for a full buffer on the way.
const MAX_UNDER_WAY: usize = 256;

/// What the line does: the rate is shared by all connections in a direction, the rest happens to
/// each.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub round_trip: Duration,
    pub bits_per_s: f64,
    pub stall: Duration,
    /// Every so many packets one stalls.
    pub one_in: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            round_trip: Duration::from_millis(50),
            bits_per_s: 10e6,
            stall: Duration::from_millis(200),
            one_in: 100,
        }
    }
}

/// One direction of the line.
struct Lane {
    bits_per_s: f64,
    free_at: Mutex<Instant>,
}

impl Lane {
    fn new(bits_per_s: f64) -> Self {
        Self { bits_per_s, free_at: Mutex::new(Instant::now()) }
    }

    /// Sends a packet behind all others; answers with when the last bit of it left.
    fn send(&self, n_bytes: usize) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let takes = Duration::from_secs_f64(n_bytes as f64 * 8.0 / self.bits_per_s);
        *free_at = (*free_at).max(Instant::now()) + takes;
        *free_at
    }
}

/// Both directions, and what passed.
struct Line {
    shape: Shape,
    up: Lane,
    down: Lane,
    counts: Arc<Counts>,
}

/// A running proxy; its tasks end with the runtime.
pub struct Link {
    url: String,
    counts: Arc<Counts>,
}

/// What passed so far.
#[derive(Default)]
struct Counts {
    n_streams: AtomicUsize,
    n_packets: AtomicUsize,
}

impl Link {
    /// Listens on a free port in front of the server at `url`.
    pub async fn open(url: &str, shape: Shape) -> anyhow::Result<Self> {
        let target = url.strip_prefix("http://").context("a plain address")?.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = format!("http://{}", listener.local_addr()?);
        let counts = Arc::<Counts>::default();
        let lane = || Lane::new(shape.bits_per_s);
        let line = Arc::new(Line { shape, up: lane(), down: lane(), counts: counts.clone() });
        tokio::spawn(async move {
            let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
            while let Ok((near, _)) = listener.accept().await {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (target, line) = (target.clone(), Arc::clone(&line));
                tokio::spawn(async move { join(near, &target, seed, &line).await });
            }
        });
        Ok(Self { url: own, counts })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Requests for streams that passed so far.
    pub fn n_streams(&self) -> usize {
        self.counts.n_streams.load(Ordering::SeqCst)
    }

    /// Packets that came down so far.
    pub fn n_packets(&self) -> usize {
        self.counts.n_packets.load(Ordering::SeqCst)
    }
}

async fn join(near: TcpStream, target: &str, seed: u64, line: &Line) {
    let Line { shape, counts, .. } = line;
    let Ok(far) = TcpStream::connect(target).await else { return };
    // Without delay of their own, or small writes would wait for the kernel's acknowledgement.
    if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
        return;
    }
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    // The kernel completes the handshake at once; on the line it takes a round trip.
    let established = Instant::now() + shape.round_trip;
    let count_stream = |packet: &[u8]| {
        if packet.starts_with(b"GET /api/v1/tracks/") {
            counts.n_streams.fetch_add(1, Ordering::SeqCst);
        }
    };
    let count_packet = |_: &[u8]| {
        counts.n_packets.fetch_add(1, Ordering::SeqCst);
    };
    let way = |lane, random| Way { lane, shape, established, random };
    let up = carry(near_read, far_write, way(&line.up, seed | 1), count_stream);
    let down = carry(far_read, near_write, way(&line.down, seed.rotate_left(17) | 1), count_packet);
    tokio::join!(up, down);
}

/// One connection's share of a direction.
struct Way<'a> {
    lane: &'a Lane,
    shape: &'a Shape,
    established: Instant,
    random: u64,
}

/// Carries bytes one way until an end closes; `count` sees each packet as it is delivered.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: Way<'_>,
    count: impl Fn(&[u8]),
) {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(MAX_UNDER_WAY);
    let delivery = async move {
        while let Some((due, bytes)) = receive.recv().await {
            sleep_until(due).await;
            count(&bytes);
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // The other side sees the end, too; if it is gone already, nobody minds.
        drop(to.shutdown().await);
    };
    let intake = async move {
        let mut random = way.random;
        // Nothing overtakes what this connection sent before.
        let mut held_until = way.established;
        let mut packet = vec![0; PACKET];
        while let Ok(n @ 1..) = from.read(&mut packet).await {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            held_until = held_until.max(way.lane.send(n));
            if (random >> 33).is_multiple_of(way.shape.one_in) {
                held_until += way.shape.stall;
            }
            let due = held_until + way.shape.round_trip / 2;
            if send.send((due, packet[..n].to_vec())).await.is_err() {
                return;
            }
        }
    };
    // Whichever side ends first: what is under way is still delivered.
    tokio::join!(intake, delivery);
}
