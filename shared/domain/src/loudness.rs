//! How loud music is and by how much playback changes that.

use serde::{Deserialize, Serialize};

/// Loudness of a programme after ITU-R BS.1770-4.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Loudness {
    /// Gated integrated loudness in LUFS.
    pub integrated_lufs: f64,
    /// Highest true peak over all channels in dBTP.
    pub true_peak_dbtp: f64,
}

/// Loudness of a track and of the release it is on.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrackLoudness {
    /// `None` where the track is silent or was not measured.
    pub track: Option<Loudness>,
    /// Of the whole release; keeps the balance between its tracks.
    pub release: Option<Loudness>,
}

/// What loudness playback aims at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoudnessTarget {
    /// -19 LUFS.
    Quiet,
    /// -14 LUFS.
    #[default]
    Normal,
    /// -11 LUFS.
    Loud,
}

impl LoudnessTarget {
    pub const fn lufs(self) -> f64 {
        match self {
            Self::Quiet => -19.0,
            Self::Normal => -14.0,
            Self::Loud => -11.0,
        }
    }
}

/// Which loudness counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    Off,
    /// Each track alone: for mixed queues.
    Track,
    /// The release as a whole where it plays in order, each track alone otherwise.
    #[default]
    Auto,
}

/// Peak that playback never exceeds, in dBTP.
pub const PEAK_CEILING_DBTP: f64 = -1.0;

/// Gain in dB that brings `loudness` to `target_lufs` without its true peak passing
/// [`PEAK_CEILING_DBTP`]. A gain that attenuates is never limited: it cannot clip.
pub fn playback_gain_db(loudness: Loudness, target_lufs: f64) -> f64 {
    let wanted = target_lufs - loudness.integrated_lufs;
    let headroom = PEAK_CEILING_DBTP - loudness.true_peak_dbtp;
    if wanted <= 0.0 { wanted } else { wanted.min(headroom.max(0.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(integrated_lufs: f64, true_peak_dbtp: f64, gain_db: f64) {
        let got = playback_gain_db(Loudness { integrated_lufs, true_peak_dbtp }, -14.0);
        assert!((got - gain_db).abs() < 1e-9, "{integrated_lufs} {true_peak_dbtp}: {got}");
    }

    #[test]
    fn gain_reaches_the_target_and_never_clips() {
        check(-9.0, 0.3, -5.0);
        check(-20.0, -12.0, 6.0);
        check(-20.0, -3.0, 2.0);
        check(-20.0, 0.5, 0.0);
    }
}
