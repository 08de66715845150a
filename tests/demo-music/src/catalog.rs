//! Who plays what: four artists that do not exist, with a release each.

use std::path::PathBuf;

/// How an artist sounds.
pub struct Sound {
    pub lead: Voice,
    pub chords: Voice,
    pub bass: Voice,
    pub kit: Kit,
    /// Semitones of the mode above its tonic.
    pub mode: [u8; 7],
    /// How much of the room is heard, 0 to 1.
    pub room: f32,
    /// Off-beats come this much later, as a part of a beat.
    pub swing: f32,
}

/// An instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    /// A plucked string.
    Pluck,
    /// Two sines, one bending the other: an electric piano.
    Keys,
    /// Detuned saws behind a slow filter.
    Pad,
    /// Sines an octave apart, like pipes.
    Organ,
    /// A round low string.
    Bass,
    /// A narrow, singing saw.
    Synth,
}

/// A set of drums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kit {
    /// Kick on every beat, open hats between.
    Club,
    /// Kick and snare in turn.
    Band,
    /// Soft brushes and little else.
    Brushes,
    /// Half as fast, heavy.
    Slow,
}

pub struct Release {
    pub artist: &'static str,
    pub title: &'static str,
    pub year: u16,
    pub genre: &'static str,
    pub cover: Cover,
    pub sound: Sound,
    pub tracks: &'static [Track],
}

pub struct Track {
    pub title: &'static str,
    /// Who else is on it.
    pub guest: Option<&'static str>,
    pub bpm: u16,
    /// MIDI number of the tonic, around 48.
    pub tonic: u8,
    /// Degrees of the mode (0 to 6) of verse and chorus, one chord per bar.
    pub verse: [u8; 4],
    pub chorus: [u8; 4],
    /// Bars of verse and chorus together with intro and outro; a multiple of four.
    pub n_bars: u16,
}

/// What a cover shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cover {
    SunAndWaves,
    Bars,
    Fan,
    Rings,
}

/// One track with the release it is on.
#[derive(Clone, Copy)]
pub struct Piece {
    pub release: &'static Release,
    pub track: &'static Track,
    /// From 1.
    pub number: u32,
}

impl std::ops::Deref for Piece {
    type Target = Track;

    fn deref(&self) -> &Track {
        self.track
    }
}

impl Piece {
    /// `Artist/Release/01 Title.flac`
    pub fn path(&self) -> PathBuf {
        let file = format!("{:02} {}.flac", self.number, self.track.title);
        [self.release.artist, self.release.title, &file].iter().collect()
    }
}

/// Everything, in the order of the releases.
pub fn pieces() -> impl Iterator<Item = Piece> {
    RELEASES.iter().flat_map(|release| {
        release.tracks.iter().zip(1..).map(move |(track, number)| Piece { release, track, number })
    })
}

const MAJOR: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR: [u8; 7] = [0, 2, 3, 5, 7, 8, 10];
const DORIAN: [u8; 7] = [0, 2, 3, 5, 7, 9, 10];
const MIXOLYDIAN: [u8; 7] = [0, 2, 4, 5, 7, 9, 10];

const fn track(
    title: &'static str,
    bpm: u16,
    tonic: u8,
    verse: [u8; 4],
    chorus: [u8; 4],
    n_bars: u16,
) -> Track {
    Track { title, guest: None, bpm, tonic, verse, chorus, n_bars }
}

pub const RELEASES: &[Release] = &[
    Release {
        artist: "Marlow Vane",
        title: "Late Ferry",
        year: 2023,
        genre: "Folk",
        cover: Cover::SunAndWaves,
        sound: Sound {
            lead: Voice::Pluck,
            chords: Voice::Pluck,
            bass: Voice::Bass,
            kit: Kit::Brushes,
            mode: MAJOR,
            room: 0.22,
            swing: 0.08,
        },
        tracks: &[
            track("Tidewater", 96, 50, [0, 5, 3, 4], [3, 0, 4, 5], 24),
            track("Low Sun", 84, 48, [0, 2, 3, 4], [5, 3, 0, 4], 20),
            track("Night Ferry", 104, 45, [5, 3, 0, 4], [0, 4, 5, 3], 28),
            track("Après la pluie", 90, 52, [0, 3, 1, 4], [3, 4, 2, 5], 20),
        ],
    },
    Release {
        artist: "The Quiet Ohms",
        title: "Glass Orchard",
        year: 2024,
        genre: "Electronic",
        cover: Cover::Bars,
        sound: Sound {
            lead: Voice::Synth,
            chords: Voice::Pad,
            bass: Voice::Synth,
            kit: Kit::Club,
            mode: MINOR,
            room: 0.28,
            swing: 0.0,
        },
        tracks: &[
            track("Glass Orchard", 122, 45, [0, 5, 2, 6], [3, 5, 0, 6], 28),
            track("Signal Fires", 126, 48, [0, 0, 5, 6], [5, 6, 0, 2], 32),
            track("Slow Machines", 112, 43, [0, 3, 5, 4], [5, 3, 0, 6], 24),
        ],
    },
    Release {
        artist: "Ilse Ferrant",
        title: "Amber Room",
        year: 2022,
        genre: "Jazz",
        cover: Cover::Fan,
        sound: Sound {
            lead: Voice::Keys,
            chords: Voice::Keys,
            bass: Voice::Bass,
            kit: Kit::Band,
            mode: DORIAN,
            room: 0.18,
            swing: 0.16,
        },
        tracks: &[
            track("Amber Room", 92, 50, [0, 3, 0, 3], [1, 4, 0, 6], 20),
            Track {
                guest: Some("Marlow Vane"),
                ..track("Northbound", 108, 53, [0, 1, 3, 4], [3, 6, 2, 5], 24)
            },
            track("Undertow", 76, 47, [0, 5, 1, 4], [3, 2, 1, 0], 16),
        ],
    },
    Release {
        artist: "Kite Season",
        title: "Paper Lanterns",
        year: 2025,
        genre: "Ambient",
        cover: Cover::Rings,
        sound: Sound {
            lead: Voice::Organ,
            chords: Voice::Organ,
            bass: Voice::Bass,
            kit: Kit::Slow,
            mode: MIXOLYDIAN,
            room: 0.4,
            swing: 0.0,
        },
        tracks: &[
            track("Paper Lanterns", 72, 48, [0, 6, 3, 0], [3, 4, 6, 0], 16),
            track("Halfway Home", 80, 43, [0, 4, 6, 3], [3, 0, 6, 0], 20),
            track("Moss & Copper", 66, 46, [0, 3, 0, 6], [4, 3, 6, 0], 16),
        ],
    },
];
