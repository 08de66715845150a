//! What the engine's thread knows, and what it does about commands and news.
//!
//! Invariant: `decks` holds the items from the one that is heard (front) to the one that is
//! being fed to the ring (back); usually they are the same. `next` is open and decodes ahead,
//! but nothing of it is in the ring.

mod flow;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::Waker;
use crate::{
    Command, Event, Item, PlayToken,
    deck::{Aim, Deck},
    feed::Feed,
    output::{News, Port},
    ring::{Format, Ring},
    source::Sources,
};
use flow::Flow;

/// How often the thread looks around while playing, and while not.
const BUSY: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_millis(250);
/// Events kept while nobody reads; then the oldest are lost.
const MAX_BACKLOG: usize = 4_096;
/// Commands handled before the sound is looked after again.
const MAX_BATCH: usize = 64;

/// An open way to a device.
#[derive(Debug)]
struct Line {
    ring: Arc<Ring>,
    feed: Feed,
    /// Frames under way inside the device.
    latency: u64,
    /// A device pulls at the moment.
    is_live: bool,
    /// The device takes only what is there.
    is_patient: bool,
}

/// The engine's thread.
#[derive(Debug)]
pub struct State {
    sources: Arc<Sources>,
    port: Port,
    waker: Waker,
    events: mpsc::Sender<Event>,
    backlog: VecDeque<Event>,
    line: Option<Line>,
    volume: f32,
    wants_play: bool,
    decks: VecDeque<Deck>,
    next: Option<Deck>,
    /// Where the loaded item starts or was sent to, until sound from there is heard.
    target_ms: u64,
    is_at_target: bool,
    is_started: bool,
    flow: Flow,
    told_position: Option<Instant>,
}

impl State {
    pub fn new(
        sources: Arc<Sources>,
        port: Port,
        waker: Waker,
        events: mpsc::Sender<Event>,
        volume: f32,
    ) -> Self {
        Self {
            sources,
            port,
            waker,
            events,
            backlog: VecDeque::new(),
            line: None,
            volume: amplitude_of(volume),
            wants_play: false,
            decks: VecDeque::new(),
            next: None,
            target_ms: 0,
            is_at_target: false,
            is_started: false,
            flow: Flow::default(),
            told_position: None,
        }
    }

    /// Runs until told that it is over.
    pub fn run(mut self, commands: &Receiver<Command>, is_over: &AtomicBool) {
        while !is_over.load(Ordering::SeqCst) {
            while let Some(news) = self.port.news() {
                self.hear(news);
            }
            for _ in 0..MAX_BATCH {
                match commands.try_recv() {
                    Ok(command) => self.obey(command),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            self.feed();
            self.follow();
            self.watch_flow();
            self.flush_backlog();
            let is_busy = self.wants_play && !self.decks.is_empty();
            self.waker.wait(if is_busy { BUSY } else { IDLE });
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Load { item, position_ms, is_playing } => {
                self.load(item, position_ms, is_playing);
            }
            Command::Prepare(item) => self.prepare(item),
            Command::Unprepare => self.unprepare(),
            Command::Play => self.set_wants_play(true),
            Command::Pause => self.set_wants_play(false),
            Command::Seek { position_ms } => self.seek(position_ms, Aim::Quick),
            Command::SetVolume(volume) => {
                self.volume = amplitude_of(volume);
                if let Some(line) = &self.line {
                    line.ring.set_amplitude(self.volume);
                }
            }
            Command::SetDevice(name) => self.port.switch(name),
            Command::SetGain { play, gain_db } => self.set_gain(play, gain_db),
            Command::Stop => {
                self.unload();
                self.emit(Event::Stopped);
            }
        }
    }

    fn load(&mut self, item: Item, position_ms: u64, is_playing: bool) {
        let token = item.token;
        let gain_db = item.gain_db;
        let prepared = self.next.take().filter(|deck| deck.item().token == token);
        let fed = self.decks.drain(..).find(|deck| deck.item().token == token);
        let deck = match (prepared, fed) {
            (Some(deck), _) => {
                if position_ms > 0 {
                    deck.seek(position_ms, Aim::Exact);
                }
                Ok(deck)
            }
            (None, Some(deck)) => {
                deck.seek(position_ms, Aim::Exact);
                Ok(deck)
            }
            (None, None) => self.open(item, position_ms),
        };
        self.is_started = false;
        self.wants_play = is_playing;
        match deck {
            Ok(mut deck) => {
                deck.set_gain_db(gain_db);
                self.decks.push_back(deck);
                self.restart(position_ms);
            }
            Err(error) => {
                self.unload();
                self.emit(Event::Failed {
                    token,
                    reason: format!("the player is out of resources: {error}"),
                });
            }
        }
    }

    fn open(&self, item: Item, position_ms: u64) -> io::Result<Deck> {
        Deck::start(item, position_ms, &self.sources, &self.waker)
    }

    /// Starts a new stretch of sound, from `target_ms` of the only deck.
    fn restart(&mut self, target_ms: u64) {
        if let Some(Line { ring, feed, .. }) = &mut self.line {
            ring.skip(target_ms > 0);
            feed.restart(ring);
        }
        self.target_ms = target_ms;
        self.is_at_target = false;
        self.flow = Flow::default();
        self.told_position = None;
    }

    fn prepare(&mut self, item: Item) {
        let token = item.token;
        let gain_db = item.gain_db;
        if let Some(next) = self.next.as_mut().filter(|next| next.item().token == token) {
            next.set_gain_db(gain_db);
            return;
        }
        if self.decks.iter().any(|deck| deck.item().token == token) {
            return;
        }
        self.unprepare();
        match self.open(item, 0) {
            Ok(deck) => self.next = Some(deck),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the next item did not open"
            ),
        }
    }

    /// Takes back what was to follow, also where its first sound is in the ring already.
    fn unprepare(&mut self) {
        self.next = None;
        if self.decks.len() > 1 {
            let position_ms = self.position_ms();
            self.decks.truncate(1);
            // Nobody asked for a jump.
            self.seek(position_ms, Aim::Exact);
        }
    }

    fn seek(&mut self, position_ms: u64, aim: Aim) {
        let Some(heard) = self.decks.front() else { return };
        heard.seek(position_ms, aim);
        let token = heard.item().token;
        if self.decks.len() > 1 {
            let following = self.decks.drain(1..).next();
            if let Some(following) = &following {
                following.seek(0, Aim::Exact);
            }
            self.next = following;
        }
        self.restart(position_ms);
        self.tell_position(token, position_ms);
    }

    fn set_wants_play(&mut self, wants_play: bool) {
        if self.wants_play == wants_play || self.decks.is_empty() {
            return;
        }
        self.wants_play = wants_play;
        if let Some(line) = &self.line {
            line.ring.set_open(wants_play);
        }
        self.emit(if wants_play { Event::Resumed } else { Event::Paused });
        if !wants_play {
            self.flow = Flow::default();
            if let Some(token) = self.decks.front().map(|deck| deck.item().token) {
                let position_ms = self.position_ms();
                self.tell_position(token, position_ms);
            }
        }
    }

    fn set_gain(&mut self, token: PlayToken, gain_db: f32) {
        let is_feeding = self.decks.back().is_some_and(|deck| deck.item().token == token);
        for deck in self.decks.iter_mut().chain(&mut self.next) {
            if deck.item().token == token {
                deck.set_gain_db(gain_db);
            }
        }
        if is_feeding && let Some(line) = &mut self.line {
            line.feed.set_gain(gain_db);
        }
    }

    fn unload(&mut self) {
        self.decks.clear();
        self.next = None;
        self.wants_play = false;
        self.restart(0);
        if let Some(line) = &self.line {
            line.ring.set_open(false);
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Opened { opening, name, format, latency_frames, is_patient } => {
                self.connect(format, latency_frames, is_patient);
                if let Some(line) = &self.line {
                    line.ring.set_open(self.wants_play);
                    self.port.attach(&line.ring, opening);
                }
                self.emit(Event::DeviceChanged { name });
            }
            News::Lost => {
                if let Some(line) = &mut self.line {
                    line.is_live = false;
                    // What the device had taken and not played is played by the next one.
                    line.ring.rewind(line.latency);
                    line.latency = 0;
                }
            }
            News::Missing { reason } => self.emit(Event::NoDevice { reason }),
        }
    }

    /// Sends sound to a device that has opened; of the same format, it goes on to the sample.
    fn connect(&mut self, format: Format, latency: u64, is_patient: bool) {
        match &mut self.line {
            Some(line) if line.ring.format() == format => {
                line.latency = latency;
                line.is_live = true;
            }
            _ => {
                let position_ms = self.position_ms();
                let ring = Ring::new(format, self.volume);
                let is_first = self.line.is_none();
                self.line = Some(Line {
                    ring,
                    feed: Feed::new(format),
                    latency,
                    is_live: true,
                    is_patient,
                });
                if !is_first && !self.decks.is_empty() {
                    self.seek(position_ms, Aim::Exact);
                }
            }
        }
    }

    fn emit(&mut self, event: Event) {
        if self.backlog.is_empty() {
            match self.events.try_send(event) {
                Ok(())
                | Err(TrySendError::Closed(_) | TrySendError::Full(Event::Position { .. })) => {}
                Err(TrySendError::Full(event)) => self.backlog.push_back(event),
            }
        } else if !matches!(event, Event::Position { .. }) {
            if self.backlog.len() >= MAX_BACKLOG {
                self.backlog.pop_front();
            }
            self.backlog.push_back(event);
        }
    }

    fn flush_backlog(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.backlog.push_front(event);
                return;
            }
        }
    }
}

/// The perceptual curve: see [`Command::SetVolume`].
fn amplitude_of(volume: f32) -> f32 {
    if volume.is_finite() { volume.clamp(0.0, 1.0).powi(3) } else { 1.0 }
}
