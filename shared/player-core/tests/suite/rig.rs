//! A player with an engine that obeys at once, and the queue as a line of text.

use domain::{
    TrackId,
    queue::{Context, EntryId},
};
use player_core::{Effect, EngineNews, Input, Placement, Play, Player, Snapshot};

/// The track of this number.
pub fn track(number: u64) -> TrackId {
    TrackId::new(number, [0; 10])
}

pub fn number(track: TrackId) -> u64 {
    let bytes = track.uuid();
    let bytes = bytes.as_bytes();
    bytes[..6].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[derive(Clone, Copy)]
struct Deck {
    token: u64,
    track: TrackId,
    at_ms: u64,
    is_playing: bool,
    has_started: bool,
}

/// A player and its engine.
pub struct Rig {
    pub player: Player,
    pub now_ms: u64,
    pub seed: u64,
    pub position_ms: u64,
    pub plays: Vec<Play>,
    /// Effects of the last input given.
    pub last: Vec<Effect>,
    pub n_loads: usize,
    pub n_failed: usize,
    /// Every track fails from now on.
    pub is_broken: bool,
    /// Every track ends from now on without a sound.
    pub is_silent: bool,
    deck: Option<Deck>,
    next: Option<(u64, TrackId)>,
}

impl Default for Rig {
    fn default() -> Self {
        Self::restored(&Snapshot::default())
    }
}

impl Rig {
    pub fn restored(snapshot: &Snapshot) -> Self {
        Self {
            player: Player::restore(snapshot),
            now_ms: 1_700_000_000_000,
            seed: 1,
            position_ms: 0,
            plays: Vec::new(),
            last: Vec::new(),
            n_loads: 0,
            n_failed: 0,
            is_broken: false,
            is_silent: false,
            deck: None,
            next: None,
        }
    }

    /// Gives an input and lets the engine answer until it is quiet.
    pub fn give(&mut self, input: Input) {
        let mut inputs = std::collections::VecDeque::from([input]);
        self.last.clear();
        while let Some(input) = inputs.pop_front() {
            let seed = &mut self.seed;
            let effects = self.player.handle(self.now_ms, &mut || random(seed), input);
            for effect in &effects {
                self.obey(effect);
            }
            self.last.extend(effects);
            if let Some(deck) = &mut self.deck
                && deck.is_playing
                && !deck.has_started
            {
                let token = deck.token;
                if self.is_broken {
                    self.n_failed += 1;
                    self.deck = None;
                    let reason = "broken".to_owned();
                    inputs.push_back(Input::Engine(EngineNews::Failed { token, reason }));
                } else if self.is_silent {
                    // More would be an endless loop.
                    assert!(self.n_loads < 100, "the same silence again and again");
                    self.deck = None;
                    inputs.push_back(Input::Engine(EngineNews::Ended { token }));
                } else {
                    deck.has_started = true;
                    inputs.push_back(Input::Engine(EngineNews::Started { token }));
                }
            }
        }
    }

    fn obey(&mut self, effect: &Effect) {
        match effect {
            Effect::Load { token, track, position_ms, is_playing } => {
                self.n_loads += 1;
                self.next = None;
                self.position_ms = *position_ms;
                self.deck = Some(Deck {
                    token: *token,
                    track: *track,
                    at_ms: *position_ms,
                    is_playing: *is_playing,
                    has_started: false,
                });
            }
            Effect::Prepare { token, track } => self.next = Some((*token, *track)),
            Effect::Unprepare => self.next = None,
            Effect::Resume | Effect::Pause => {
                let deck = self.deck.as_mut().expect("pause and resume need something loaded");
                deck.is_playing = matches!(effect, Effect::Resume);
            }
            Effect::Seek { position_ms } => self.position_ms = *position_ms,
            Effect::Stop => (self.deck, self.next) = (None, None),
            Effect::Record(play) => self.plays.push(play.clone()),
            Effect::PlayerChanged
            | Effect::QueueChanged { .. }
            | Effect::Notify(_)
            | Effect::Refuse(_) => {}
        }
    }

    pub fn play(
        &mut self,
        tracks: impl IntoIterator<Item = u64>,
        start: Option<usize>,
        is_shuffled: bool,
    ) {
        let tracks = tracks.into_iter().map(track).collect();
        self.give(Input::PlayFrom { context: Context::Library, tracks, start, is_shuffled });
    }

    pub fn add(&mut self, tracks: impl IntoIterator<Item = u64>, placement: Placement) {
        self.give(Input::Add { tracks: tracks.into_iter().map(track).collect(), placement });
    }

    /// More of the context that is on.
    pub fn extend(&mut self, tracks: impl IntoIterator<Item = u64>) {
        let lot = self.player.queue().lot();
        self.give(Input::Extend { lot, tracks: tracks.into_iter().map(track).collect() });
    }

    pub fn entry(&self, wanted: u64) -> EntryId {
        let queue = self.player.queue();
        let upcoming = queue.upcoming().map(|(entry, _)| entry);
        queue
            .current()
            .into_iter()
            .chain(upcoming)
            .chain(queue.past().iter().copied())
            .find(|entry| entry.track == track(wanted))
            .expect("the track stands in the queue")
            .id
    }

    pub fn jump(&mut self, wanted: u64) {
        self.give(Input::Jump { entry: self.entry(wanted) });
    }

    pub fn remove(&mut self, wanted: &[u64]) {
        let entries = wanted.iter().map(|number| self.entry(*number)).collect();
        self.give(Input::Remove { entries });
    }

    pub fn move_before(&mut self, wanted: u64, before: Option<u64>) {
        let before = before.map(|number| self.entry(number));
        self.give(Input::Move { entry: self.entry(wanted), before });
    }

    /// Plays on for so long, with the news of an engine.
    pub fn listen(&mut self, ms: u64) {
        for _ in 0..ms / 250 {
            self.now_ms += 250;
            self.position_ms += 250;
            let (token, position_ms) = (self.loaded_token(), self.position_ms);
            let news = EngineNews::Position { token, position_ms, buffered_ms: position_ms };
            self.give(Input::Engine(news));
        }
    }

    /// The track plays to its end, and what was prepared follows.
    pub fn track_ends(&mut self) {
        let from = self.loaded_token();
        let Some((to, track)) = self.next.take() else {
            self.deck = None;
            return self.give(Input::Engine(EngineNews::Ended { token: from }));
        };
        self.deck = Some(Deck { token: to, track, at_ms: 0, is_playing: true, has_started: true });
        self.position_ms = 0;
        self.give(Input::Engine(EngineNews::Advanced { from, to }));
    }

    pub fn fail(&mut self, reason: &str) {
        let token = self.loaded_token();
        self.deck = None;
        self.give(Input::Engine(EngineNews::Failed { token, reason: reason.to_owned() }));
    }

    pub fn sounds(&self) -> bool {
        self.deck.is_some_and(|deck| deck.is_playing)
    }

    pub fn loaded_token(&self) -> u64 {
        self.deck.expect("something is loaded").token
    }

    pub fn loaded_track(&self) -> Option<TrackId> {
        self.deck.map(|deck| deck.track)
    }

    pub fn loaded_at_ms(&self) -> u64 {
        self.deck.expect("something is loaded").at_ms
    }

    pub fn prepared(&self) -> Option<TrackId> {
        self.next.map(|(_, track)| track)
    }

    pub fn prepared_token(&self) -> u64 {
        self.next.expect("something is prepared").0
    }

    pub fn current(&self) -> u64 {
        number(self.player.queue().current().expect("something is current").track)
    }

    /// `1 2 [3] 4 | 5 6`: past, current, added by hand, rest of the context.
    pub fn line(&self) -> String {
        let queue = self.player.queue();
        let mut words: Vec<String> =
            queue.past().iter().map(|entry| number(entry.track).to_string()).collect();
        words.extend(queue.current().map(|entry| format!("[{}]", number(entry.track))));
        let mut is_front = true;
        for (entry, is_added) in queue.upcoming() {
            if is_front && !is_added {
                is_front = false;
                words.push("|".into());
            }
            words.push(number(entry.track).to_string());
        }
        if is_front {
            words.push("|".into());
        }
        words.join(" ")
    }
}
