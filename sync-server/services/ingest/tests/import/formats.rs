//! Every format is read, measured and told exactly.

use domain::music::Codec;

use crate::fixture::{Fixture, ffmpeg_loudness, ffprobe_duration_ms, tone};

/// Name, how ffmpeg makes it, codec, media type.
const FORMATS: [(&str, &str, Codec, &str); 15] = [
    ("a.mp3", "-c:a libmp3lame -b:a 192k", Codec::Mp3, "audio/mpeg"),
    ("b.flac", "-c:a flac -sample_fmt s16", Codec::Flac, "audio/flac"),
    ("c.ogg", "-c:a libvorbis", Codec::Vorbis, "audio/ogg"),
    ("d.opus", "-c:a libopus -ar 48000", Codec::Opus, "audio/ogg"),
    ("e.m4a", "-c:a aac", Codec::Aac, "audio/mp4"),
    ("f.aac", "-c:a aac -f adts", Codec::Aac, "audio/aac"),
    ("g.m4a", "-c:a alac -sample_fmt s16p", Codec::Alac, "audio/mp4"),
    ("h.wav", "-c:a pcm_s16le", Codec::Pcm, "audio/wav"),
    ("i.aiff", "-c:a pcm_s16be", Codec::Pcm, "audio/aiff"),
    ("j.oga", "-c:a flac -f ogg", Codec::Flac, "audio/ogg"),
    ("k.mp4", "-c:a aac -movflags +faststart", Codec::Aac, "audio/mp4"),
    ("l.wave", "-c:a pcm_s24le -f wav", Codec::Pcm, "audio/wav"),
    ("m.flac", "-c:a flac -ar 96000 -sample_fmt s32", Codec::Flac, "audio/flac"),
    ("n.m4b", "-c:a aac -f ipod", Codec::Aac, "audio/mp4"),
    ("o.aif", "-c:a pcm_s24be -f aiff", Codec::Pcm, "audio/aiff"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_told_exactly() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    for (name, options, _, _) in FORMATS {
        let hz = 300 + u32::from(name.as_bytes()[0]);
        library.ffmpeg(&tone(hz, 10.0), &format!("{options} -metadata title={name}"), name);
    }
    let import = library.import().await;
    assert_eq!(import.n_added, FORMATS.len() as u64, "{import:#?}");
    for (name, _, codec, content_type) in FORMATS {
        // Raw AAC has no place for tags: the name tells.
        let title = if name == "f.aac" { "f" } else { name };
        let (id, track, is_available) = library.track(title);
        assert!(is_available);
        assert_eq!(
            (track.audio.codec, track.audio.content_type.as_str()),
            (codec, content_type),
            "{name}"
        );
        // Only raw AAC cannot say how much of its first and last frame is padding.
        let tolerance_ms = if name == "f.aac" { 60 } else { 0 };
        assert!(track.duration_ms.abs_diff(10_000) <= tolerance_ms, "{name} {}", track.duration_ms);
        let loudness = track.loudness.unwrap();
        let (lufs, peak) = ffmpeg_loudness(&library.path(name));
        assert!((loudness.integrated_lufs - lufs).abs() <= 0.11, "{name} {loudness:?} {lufs}");
        assert!((loudness.true_peak_dbtp - peak).abs() <= 0.3, "{name} {loudness:?} {peak}");
        assert_eq!(track.audio.n_channels, 2, "{name}");
        let located = library.service.locate(id).await.unwrap().unwrap();
        assert_eq!(located.path, std::fs::canonicalize(library.path(name)).unwrap());
        let bytes = std::fs::read(&located.path).unwrap();
        assert_eq!(located.content_hash, *blake3::hash(&bytes).as_bytes());
        assert_eq!(located.size_bytes, bytes.len() as u64);
    }
    let bits = |name| library.track(name).1.audio.bits_per_sample;
    assert_eq!([bits("b.flac"), bits("m.flac"), bits("g.m4a")], [Some(16), Some(24), Some(16)]);
    assert_eq!([bits("h.wav"), bits("l.wave"), bits("a.mp3")], [Some(16), Some(24), None]);
}

/// The header of an Opus file may ask for a gain, which every player applies: what was measured
/// without it was wrong by as much.
#[tokio::test(flavor = "multi_thread")]
async fn opus_is_measured_as_it_plays() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 10.0), "-c:a libopus -ar 48000 -metadata title=quiet", "quiet.opus");
    let mut file = std::fs::read(library.path("quiet.opus")).unwrap();
    set_opus_gain(&mut file, -6);
    std::fs::write(library.path("quiet.opus"), file).unwrap();
    let import = library.import().await;
    assert_eq!(import.n_added, 1, "{import:#?}");
    let loudness = library.track("quiet").1.loudness.unwrap();
    let (lufs, peak) = ffmpeg_loudness(&library.path("quiet.opus"));
    assert!((loudness.integrated_lufs - lufs).abs() <= 0.11, "{loudness:?} {lufs}");
    assert!((loudness.true_peak_dbtp - peak).abs() <= 0.3, "{loudness:?} {peak}");
}

/// In the first page of an Ogg file, with the checksum that goes with it (RFC 3533).
fn set_opus_gain(file: &mut [u8], gain_db: i16) {
    let head = file.windows(8).position(|bytes| bytes == b"OpusHead").unwrap();
    file[head + 16..head + 18].copy_from_slice(&(gain_db * 256).to_le_bytes());
    let end = head + usize::from(file[27]);
    file[22..26].fill(0);
    let mut crc = 0_u32;
    for byte in &file[..end] {
        crc ^= u32::from(*byte) << 24;
        for _ in 0..8 {
            crc = if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 };
        }
    }
    file[22..26].copy_from_slice(&crc.to_le_bytes());
}

/// Music from Debian's packages: real tags, made by many people with many programs.
#[tokio::test(flavor = "multi_thread")]
async fn real_music_agrees_with_ffmpeg() {
    let music = std::path::Path::new("/usr/share/games/supertux2/music");
    assert!(music.is_dir(), "supertux-data is installed; `cargo xtask setup` does it");
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let import = library.service.import_run(&music.join("tropical"), |_| {}, |_| {}).await.unwrap();
    assert!(import.n_added >= 2 && import.n_failed == 0, "{import:#?}");
    let tracks: Vec<_> = library.told.tracks.lock().unwrap().clone().into_iter().collect();
    for (id, (track, _)) in tracks {
        let path = library.service.locate(id).await.unwrap().unwrap().path;
        let (lufs, peak) = ffmpeg_loudness(&path);
        let loudness = track.loudness.unwrap();
        assert!((loudness.integrated_lufs - lufs).abs() <= 0.11, "{path:?} {loudness:?} {lufs}");
        assert!((loudness.true_peak_dbtp - peak).abs() <= 0.3, "{path:?} {loudness:?} {peak}");
        let duration_ms = ffprobe_duration_ms(&path);
        assert!(track.duration_ms.abs_diff(duration_ms) <= 1, "{path:?} {duration_ms} {track:?}");
    }
}
