//! The player's own engine, with memory for a sound device.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use audio_engine::{
    Authorize, AuthorizeError, Capture, Command, Config, Engine, Event, Item, MemoryOutput, Output,
    Pace, PlayToken, Source,
};
use futures::future::BoxFuture;
use tokio::sync::mpsc::Receiver;

use super::tracks::Track;

/// Longest that one start may take before the benchmark gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// What a listener leaves between two starts; a connection ahead needs two round trips.
pub const PAUSE: Duration = Duration::from_millis(250);

/// Sends the token of the one session that the benchmark has.
struct Token(String);

impl Authorize for Token {
    fn bearer(&self, is_stale: bool) -> BoxFuture<'_, Result<Option<String>, AuthorizeError>> {
        Box::pin(async move {
            if is_stale { Err(AuthorizeError::SignedOut) } else { Ok(Some(self.0.clone())) }
        })
    }
}

pub struct Player {
    pub engine: Engine,
    events: Receiver<Event>,
    pub capture: Capture,
    authorize: Arc<dyn Authorize>,
    n_loaded: u64,
}

impl Player {
    pub fn start(sample_rate: u32, token: &str) -> anyhow::Result<Self> {
        let capture = Capture::default();
        let pace = Pace::RealTime;
        let memory = MemoryOutput { sample_rate, channels: 2, pace, capture: capture.clone() };
        let (engine, events) =
            Engine::start(Config { output: Output::Memory(memory), ..Config::default() })?;
        let authorize = Arc::new(Token(token.to_owned()));
        let mut player = Self { engine, events, capture, authorize, n_loaded: 0 };
        player.wait_for(|event| matches!(event, Event::DeviceChanged { .. }))?;
        Ok(player)
    }

    pub fn item(&mut self, base: &str, track: &Track) -> anyhow::Result<Item> {
        self.n_loaded += 1;
        let url = format!("{base}{}", track.path).parse()?;
        Ok(Item {
            token: PlayToken(self.n_loaded),
            source: Source::Http { url, authorize: Arc::clone(&self.authorize) },
            gain_db: 0.0,
            content_type: String::new(),
            duration_ms: track.duration_ms,
        })
    }

    pub fn wait_for(&mut self, mut is_wanted: impl FnMut(&Event) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.events.try_recv() {
                Ok(event) if is_wanted(&event) => return Ok(()),
                Ok(Event::Failed { reason, .. }) => bail!("it does not play: {reason}"),
                Ok(_) => {}
                Err(_) => thread::sleep(Duration::from_micros(500)),
            }
        }
        bail!("the engine did not do what was expected")
    }

    /// Unloads, and waits until all is quiet.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.engine.send(Command::Stop)?;
        self.wait_for(|event| *event == Event::Stopped)?;
        thread::sleep(Duration::from_millis(25));
        self.capture.take();
        Ok(())
    }

    /// Milliseconds from the play command to the first sound, then a listener's pause.
    pub fn time_start(&mut self, base: &str, track: &Track) -> anyhow::Result<f64> {
        let item = self.item(base, track)?;
        let began = Instant::now();
        self.engine.send(Command::Load { item, position_ms: 0, is_playing: true })?;
        let sound = self.capture.wait_for_sound(PATIENCE).context("no sound came")?;
        self.stop()?;
        thread::sleep(PAUSE);
        Ok(sound.duration_since(began).as_secs_f64() * 1000.0)
    }

    /// Plays a track until all of it is here.
    pub fn fetch(&mut self, base: &str, track: &Track) -> anyhow::Result<()> {
        let item = self.item(base, track)?;
        self.engine.send(Command::Load { item, position_ms: 0, is_playing: true })?;
        let whole = track.duration_ms;
        self.wait_for(
            |event| matches!(event, Event::Position { buffered_ms, .. } if *buffered_ms >= whole),
        )?;
        self.stop()?;
        thread::sleep(PAUSE);
        Ok(())
    }
}
