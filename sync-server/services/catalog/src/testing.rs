//! Tracks for tests, said in few words.

use domain::{
    AudioFacts, BlockHistogram, Codec, Cover, CoverId, Loudness,
    imported::{CreditedArtist, ImportedTrack},
};

/// A track under construction.
pub struct Draft(ImportedTrack);

/// Three minutes of something, untagged but for its title, in folder `a`.
pub fn track(title: &str) -> Draft {
    Draft(ImportedTrack {
        title: title.into(),
        artists: Vec::new(),
        album_artists: Vec::new(),
        release_title: None,
        is_compilation: false,
        disc_number: 1,
        track_number: 0,
        date: None,
        genres: Vec::new(),
        isrc: None,
        musicbrainz_recording_id: None,
        musicbrainz_release_id: None,
        release_folder: "a".into(),
        cover: None,
        duration_ms: 180_000,
        audio: AudioFacts {
            codec: Codec::Flac,
            content_type: "audio/flac".into(),
            sample_rate_hz: 44_100,
            bits_per_sample: Some(16),
            n_channels: 2,
            bitrate_bps: 800_000,
            size_bytes: 18_000_000,
        },
        loudness: Some(Loudness { integrated_lufs: -12.0, true_peak_dbtp: -1.0 }),
        loudness_blocks: BlockHistogram::from_blocks(vec![-12.0; 100]),
    })
}

fn credits(names: &[&str]) -> Vec<CreditedArtist> {
    let credit = |name: &&str| CreditedArtist { name: (*name).into(), musicbrainz_id: None };
    names.iter().map(credit).collect()
}

/// A cover whose hash begins with `n`.
pub fn cover(n: u8) -> Cover {
    Cover { id: CoverId::from_hash([n; 32]), colour: format!("#{n:02x}{n:02x}{n:02x}") }
}

impl Draft {
    pub fn by(mut self, names: &[&str]) -> Self {
        self.0.artists = credits(names);
        self
    }

    /// By one artist with a MusicBrainz id.
    pub fn by_mbid(mut self, name: &str, id: &str) -> Self {
        self.0.artists =
            vec![CreditedArtist { name: name.into(), musicbrainz_id: Some(id.into()) }];
        self
    }

    pub fn on(mut self, title: &str) -> Self {
        self.0.release_title = Some(title.into());
        self
    }

    pub fn album_by(mut self, names: &[&str]) -> Self {
        self.0.album_artists = credits(names);
        self
    }

    pub fn in_folder(mut self, folder: &str) -> Self {
        self.0.release_folder = folder.into();
        self
    }

    pub fn number(mut self, track_number: u32) -> Self {
        self.0.track_number = track_number;
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut ImportedTrack)) -> Self {
        change(&mut self.0);
        self
    }

    pub fn build(self) -> ImportedTrack {
        self.0
    }
}
