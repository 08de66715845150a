//! Files, a server, and an engine to play them with.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use audio_engine::{
    Authorize, AuthorizeError, Capture, Command as Order, Config, Engine, Event, Item,
    MemoryOutput, Output, Pace, PlayToken, Source,
};
use axum::{
    Router,
    body::Body,
    extract::{Path as UrlPath, State},
    http::{HeaderMap, Response, StatusCode, header},
    routing::get,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::mpsc};

/// Longest that a test waits for something that should happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn run(program: &str, args: &[&str]) {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"));
    assert!(
        output.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Makes `path` from another file.
pub fn convert(from: &Path, path: &Path, args: &[&str]) {
    let mut all = vec!["-v", "error", "-y", "-i", from.to_str().unwrap()];
    all.extend(args);
    all.push(path.to_str().unwrap());
    run("ffmpeg", &all);
}

/// What a file decodes to, by a decoder that is not ours; delay and padding trimmed by it.
pub fn decoded(path: &Path, rate: u32) -> Vec<f32> {
    let rate = rate.to_string();
    let output = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-i",
            path.to_str().unwrap(),
            "-f",
            "f32le",
            "-ac",
            "2",
            "-ar",
            &rate,
            "-",
        ])
        .output()
        .unwrap();
    output
        .stdout
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect()
}

/// Writes stereo samples as 16-bit WAVE.
pub fn write_wav(path: &Path, rate: u32, samples: &[f32]) {
    let len = samples.len() as u32 * 2;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + len).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 4).to_le_bytes());
    bytes.extend(b"\x04\0\x10\0data");
    bytes.extend(len.to_le_bytes());
    bytes.extend(
        samples.iter().flat_map(|sample| ((sample * 32_767.0).round() as i16).to_le_bytes()),
    );
    std::fs::write(path, bytes).unwrap();
}

/// Stereo music of a kind: a gliding chord under noise bursts, different everywhere, so that
/// any two places of it are told apart.
pub fn music(rate: u32, n_frames: usize) -> Vec<f32> {
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    let mut phases = [0f64; 3];
    (0..n_frames)
        .flat_map(|i| {
            let t = i as f64 / f64::from(rate);
            let mut sample = 0.0;
            for (voice, phase) in phases.iter_mut().enumerate() {
                let frequency =
                    (220.0 + 140.0 * voice as f64) * (1.0 + 0.3 * (t * (0.7 + voice as f64)).sin());
                *phase += frequency / f64::from(rate);
                sample += (*phase * std::f64::consts::TAU).sin() * 0.15;
            }
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            let burst = (1.0 - (t * 4.0).fract()).powi(6) * 0.1;
            let hiss = (noise >> 40) as f64 / f64::from(1 << 24) - 0.5;
            [(sample + hiss * burst) as f32, (sample * 0.7 - hiss * burst) as f32]
        })
        .collect()
}

/// Pearson correlation of two signals of about equal length.
pub fn correlation(left: &[f32], right: &[f32]) -> f64 {
    let n = left.len().min(right.len());
    let mean =
        |samples: &[f32]| samples[..n].iter().copied().map(f64::from).sum::<f64>() / n as f64;
    let (mean_left, mean_right) = (mean(left), mean(right));
    let (mut product, mut power_left, mut power_right) = (0.0, 0.0, 0.0);
    for (l, r) in left[..n].iter().zip(&right[..n]) {
        let (l, r) = (f64::from(*l) - mean_left, f64::from(*r) - mean_right);
        product += l * r;
        power_left += l * l;
        power_right += r * r;
    }
    let power = (power_left * power_right).sqrt();
    if power > 0.0 { product / power } else { 0.0 }
}

/// The frame of `signal` at which `piece` is found, both stereo: where they agree best.
pub fn place_in(signal: &[f32], piece: &[f32]) -> Option<usize> {
    let n_places = (signal.len() / 2).checked_sub(piece.len() / 2)? + 1;
    let start = &piece[..piece.len().min(400)];
    (0..n_places)
        .map(|place| (place, correlation(start, &signal[place * 2..][..start.len()])))
        .filter(|(_, agreement)| *agreement > 0.9)
        .map(|(place, _)| (place, correlation(piece, &signal[place * 2..][..piece.len()])))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, agreement)| *agreement > 0.9)
        .map(|(place, _)| place)
}

pub fn worst_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// How the server behaves; changed while it runs.
#[derive(Debug)]
pub struct Manners {
    /// Refuses tokens other than this one, if there is one.
    pub token: Mutex<Option<String>>,
    /// Cuts each answer off after so many bytes.
    pub max_bytes: AtomicU64,
    /// Bytes per second that it sends at most.
    pub bytes_per_s: AtomicU64,
    pub etag: Mutex<String>,
    pub requests: Mutex<Vec<String>>,
    pub n_refused: AtomicUsize,
    pub is_busy: AtomicBool,
    /// Sends everybody there, if set.
    pub elsewhere: Mutex<Option<String>>,
}

/// A server of one folder, with ranges.
pub struct Server {
    runtime: Option<Runtime>,
    port: u16,
    folder: PathBuf,
    pub manners: Arc<Manners>,
}

impl Server {
    pub fn start(folder: &Path) -> Self {
        let manners = Arc::new(Manners {
            token: Mutex::new(None),
            max_bytes: AtomicU64::new(u64::MAX),
            bytes_per_s: AtomicU64::new(u64::MAX),
            etag: Mutex::new("\"one\"".to_owned()),
            requests: Mutex::default(),
            n_refused: AtomicUsize::new(0),
            is_busy: AtomicBool::new(false),
            elsewhere: Mutex::default(),
        });
        let mut server = Self { runtime: None, port: 0, folder: folder.to_owned(), manners };
        server.revive();
        server
    }

    /// Ends all connections and stops listening.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    /// Listens again on the same port.
    pub fn revive(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let router = Router::new()
            .route("/{name}", get(serve))
            .with_state((self.folder.clone(), Arc::clone(&self.manners)));
        let port = self.port;
        let listener = runtime.block_on(async move {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(([127, 0, 0, 1], port).into()).unwrap();
            socket.listen(64).unwrap()
        });
        self.port = listener.local_addr().unwrap().port();
        runtime.spawn(async move { axum::serve(listener, router).await });
        self.runtime = Some(runtime);
    }

    pub fn source(&self, name: &str) -> Source {
        self.source_for(name, Arc::new(Tokens::default()))
    }

    pub fn source_for(&self, name: &str, authorize: Arc<dyn Authorize>) -> Source {
        Source::Http { url: self.address(name).parse().unwrap(), authorize }
    }

    pub fn address(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    pub fn n_requests(&self) -> usize {
        self.manners.requests.lock().unwrap().len()
    }

    pub fn requests(&self) -> Vec<String> {
        self.manners.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn serve(
    State((folder, manners)): State<(PathBuf, Arc<Manners>)>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let plain =
        |status: StatusCode| Response::builder().status(status).body(Body::empty()).unwrap();
    manners.requests.lock().unwrap().push(format!("{name} {}", text(header::RANGE).unwrap_or("-")));
    if manners.is_busy.load(Ordering::SeqCst) {
        return plain(StatusCode::SERVICE_UNAVAILABLE);
    }
    if let Some(elsewhere) = &*manners.elsewhere.lock().unwrap() {
        return Response::builder()
            .status(StatusCode::FOUND)
            .header(header::LOCATION, elsewhere)
            .body(Body::empty())
            .unwrap();
    }
    if let Some(token) = &*manners.token.lock().unwrap()
        && text(header::AUTHORIZATION) != Some(&format!("Bearer {token}"))
    {
        manners.n_refused.fetch_add(1, Ordering::SeqCst);
        return plain(StatusCode::UNAUTHORIZED);
    }
    let Ok(bytes) = std::fs::read(folder.join(&name)) else { return plain(StatusCode::NOT_FOUND) };
    let etag = manners.etag.lock().unwrap().clone();
    let is_other = text(header::IF_RANGE).is_some_and(|wanted| wanted != etag);
    let start: usize = text(header::RANGE)
        .filter(|_| !is_other)
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok())
        .unwrap_or(0);
    let size = bytes.len();
    if start >= size {
        return plain(StatusCode::RANGE_NOT_SATISFIABLE);
    }
    let part = bytes[start..].to_vec();
    let len = part.len();
    let pieces =
        futures::stream::unfold((part, 0u64, manners), |(mut rest, sent, manners)| async move {
            if rest.is_empty() {
                return None;
            }
            if sent >= manners.max_bytes.load(Ordering::SeqCst) {
                // What was sent must leave before the connection is cut.
                tokio::time::sleep(Duration::from_millis(20)).await;
                return Some((Err(std::io::Error::other("cut off")), (Vec::new(), sent, manners)));
            }
            let rate = manners.bytes_per_s.load(Ordering::SeqCst);
            let n = rest.len().min(if rate == u64::MAX { 64 * 1024 } else { 4 * 1024 });
            if rate != u64::MAX {
                tokio::time::sleep(Duration::from_secs_f64(n as f64 / rate as f64)).await;
            }
            let behind = rest.split_off(n);
            Some((Ok(rest), (behind, sent + n as u64, manners)))
        });
    Response::builder()
        .status(if is_other { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT })
        .header(header::ETAG, etag)
        .header(header::CONTENT_LENGTH, len)
        .header(header::CONTENT_RANGE, format!("bytes {start}-{}/{size}", size - 1))
        .body(Body::from_stream(pieces))
        .unwrap()
}

/// Tokens "token-0", "token-1", ...: a new one for each that was refused.
#[derive(Debug, Default)]
pub struct Tokens {
    pub n_renewed: AtomicUsize,
    pub is_signed_out: AtomicBool,
}

impl Authorize for Tokens {
    fn bearer(
        &self,
        is_stale: bool,
    ) -> futures::future::BoxFuture<'_, Result<Option<String>, AuthorizeError>> {
        Box::pin(async move {
            if is_stale {
                if self.is_signed_out.load(Ordering::SeqCst) {
                    return Err(AuthorizeError::SignedOut);
                }
                self.n_renewed.fetch_add(1, Ordering::SeqCst);
            }
            Ok(Some(format!("token-{}", self.n_renewed.load(Ordering::SeqCst))))
        })
    }
}

/// An engine with a virtual device, and what it said.
pub struct Player {
    pub engine: Engine,
    pub capture: Capture,
    events: mpsc::Receiver<Event>,
    pub heard: Vec<Event>,
    n_loaded: u64,
}

impl Player {
    pub fn start(rate: u32, pace: Pace) -> Self {
        Self::with(rate, 2, pace)
    }

    pub fn with(rate: u32, channels: u16, pace: Pace) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let capture = Capture::default();
        let output = Output::Memory(MemoryOutput {
            sample_rate: rate,
            channels,
            pace,
            capture: capture.clone(),
        });
        let (engine, events) = Engine::start(Config { output, ..Config::default() }).unwrap();
        let mut player = Self { engine, capture, events, heard: Vec::new(), n_loaded: 0 };
        player.wait_for(|event| matches!(event, Event::DeviceChanged { .. }));
        player
    }

    pub fn send(&self, order: Order) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.engine.send(order.clone()) {
            assert!(Instant::now() < deadline, "{error}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn item(&mut self, source: Source, duration_ms: u64) -> Item {
        self.n_loaded += 1;
        Item {
            token: PlayToken(self.n_loaded),
            source,
            gain_db: 0.0,
            content_type: "audio/mpeg".to_owned(),
            duration_ms,
        }
    }

    pub fn load(&mut self, source: Source, duration_ms: u64) -> PlayToken {
        let item = self.item(source, duration_ms);
        let token = item.token;
        self.send(Order::Load { item, position_ms: 0, is_playing: true });
        token
    }

    pub fn prepare(&mut self, source: Source, duration_ms: u64) -> PlayToken {
        let item = self.item(source, duration_ms);
        let token = item.token;
        self.send(Order::Prepare(item));
        token
    }

    /// Waits for an event; everything before it is kept in `heard`.
    pub fn wait_for(&mut self, mut is_wanted: impl FnMut(&Event) -> bool) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.events.try_recv() {
                Ok(event) => {
                    self.heard.push(event.clone());
                    if is_wanted(&event) {
                        return event;
                    }
                }
                Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => panic!("waited in vain ({error}); heard only {:?}", self.heard),
            }
        }
    }

    pub fn wait_for_end(&mut self, token: PlayToken) {
        let last =
            self.wait_for(|event| matches!(event, Event::Ended { .. } | Event::Failed { .. }));
        assert_eq!(last, Event::Ended { token });
    }

    /// Plays a source to its end and gives back what was heard.
    pub fn play(&mut self, source: Source, duration_ms: u64) -> Vec<f32> {
        self.capture.take();
        let token = self.load(source, duration_ms);
        self.wait_for_end(token);
        self.capture.take()
    }
}

pub fn temp_dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Waits until something holds.
pub fn wait_until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}
