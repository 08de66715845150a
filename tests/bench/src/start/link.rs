//! A line with delay, a bound on its rate and stalls, as a TCP proxy: netem is not in every
//! kernel.

use std::{
    sync::{
        Arc,
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

/// What the line does to a connection.
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
        let own_counts = Arc::clone(&counts);
        tokio::spawn(async move {
            let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
            while let Ok((near, _)) = listener.accept().await {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (target, counts) = (target.clone(), Arc::clone(&own_counts));
                tokio::spawn(async move { join(near, &target, shape, seed, &counts).await });
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

async fn join(near: TcpStream, target: &str, shape: Shape, seed: u64, counts: &Counts) {
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
    let up = carry(near_read, far_write, shape, established, seed | 1, count_stream);
    let seed = seed.rotate_left(17) | 1;
    let down = carry(far_read, near_write, shape, established, seed, count_packet);
    tokio::join!(up, down);
}

/// Carries bytes one way until an end closes; `count` sees each packet as it is delivered.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shape: Shape,
    established: Instant,
    mut random: u64,
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
        let mut free_at = established;
        let mut packet = vec![0; PACKET];
        while let Ok(n @ 1..) = from.read(&mut packet).await {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            free_at = free_at.max(Instant::now())
                + Duration::from_secs_f64(n as f64 * 8.0 / shape.bits_per_s);
            if (random >> 33).is_multiple_of(shape.one_in) {
                free_at += shape.stall;
            }
            if send.send((free_at + shape.round_trip / 2, packet[..n].to_vec())).await.is_err() {
                return;
            }
        }
    };
    // Whichever side ends first: what is under way is still delivered.
    tokio::join!(intake, delivery);
}
