//! What libraries are full of: broken files, loops, odd names. Each is reported or read; none
//! stops the run.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

use api::imports::Import;

use crate::fixture::{Fixture, tone};

fn reason<'a>(import: &'a Import, path: &str) -> &'a str {
    let found = import.problems.iter().find(|problem| problem.path == path);
    &found.unwrap_or_else(|| panic!("no {path} among {:#?}", import.problems)).reason
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_are_reported_with_their_reason() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 4.0), "-metadata title=good", "good.flac");
    for (n, name) in ["cut.flac", "cut.mp3", "cut.wav", "cut.m4a", "cut.aiff"].iter().enumerate() {
        let path = library.ffmpeg(&tone(500 + n as u32, 8.0), "", name);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
    for (n, name) in ["flip.flac", "flip.mp3", "flip.ogg"].iter().enumerate() {
        let path = library.ffmpeg(&tone(600 + n as u32, 8.0), "", name);
        let mut bytes = std::fs::read(&path).unwrap();
        for at in (bytes.len() / 8..bytes.len()).step_by(97) {
            bytes[at] ^= 0x55;
        }
        std::fs::write(&path, bytes).unwrap();
    }
    std::fs::write(library.path("empty.mp3"), b"").unwrap();
    std::fs::write(library.path("text.mp3"), "This is not music. ".repeat(5_000)).unwrap();
    std::fs::write(library.path("zeros.flac"), vec![0; 300_000]).unwrap();
    let noise: Vec<u8> =
        (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::fs::write(library.path("noise.ogg"), &noise).unwrap();
    let silent = library.path("picture.mp4");
    crate::fixture::ffmpeg("-f lavfi -i color=c=red:s=64x64:d=1", "-c:v mpeg4", &silent);
    std::os::unix::fs::symlink("nowhere.mp3", library.path("dangling.mp3")).unwrap();

    let import = library.import().await;
    assert_eq!(import.n_added, 1, "{import:#?}");
    assert_eq!(library.n_tracks(), 1);
    assert_eq!(import.n_failed, import.problems.len() as u64);
    assert_eq!(import.n_failed, 14);
    for name in ["cut.m4a", "cut.aiff", "flip.ogg"] {
        let reason = reason(&import, name);
        assert!(reason.starts_with("it is cut off or damaged"), "{name}: {reason}");
    }
    for name in ["cut.flac", "cut.mp3", "cut.wav"] {
        let reason = reason(&import, name);
        assert!(reason.starts_with("it is cut off: only 0:0"), "{name}: {reason}");
        assert!(reason.ends_with(" of 0:08 are there"), "{name}: {reason}");
    }
    assert_eq!(reason(&import, "empty.mp3"), "it is empty");
    assert_eq!(reason(&import, "picture.mp4"), "there is no sound in it");
    assert_eq!(reason(&import, "dangling.mp3"), "it is a link that leads nowhere");
    let garbage = "its content is not audio of a kind that can be played";
    assert_eq!(reason(&import, "text.mp3"), garbage);
    assert_eq!(reason(&import, "zeros.flac"), garbage);
    for name in ["flip.flac", "flip.mp3"] {
        let reason = reason(&import, name);
        assert!(reason.starts_with("it is damaged: "), "{name}: {reason}");
    }
}

/// A scratch is no reason to leave a recording out.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_flaw_is_let_pass() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let path = library.ffmpeg(&tone(440, 60.0), "-metadata title=scratched", "a.flac");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let import = library.import().await;
    assert_eq!((import.n_added, import.n_failed), (1, 0), "{import:#?}");
    let (_, track, _) = library.track("scratched");
    assert!((59_000..=60_000).contains(&track.duration_ms), "{}", track.duration_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_trees_are_walked_to_their_end() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let sample = library.ffmpeg(&tone(440, 0.5), "-metadata title=plain", "plain.flac");
    let odd = OsStr::from_bytes(b"odd \xff\xfe name.wav");
    crate::fixture::ffmpeg(&tone(460, 0.5), "", &library.folder.path().join(odd));
    // Loops of links, links to files, what is hidden, and what only systems use.
    std::fs::create_dir_all(library.path("a/b")).unwrap();
    std::os::unix::fs::symlink(library.folder.path(), library.path("a/b/up")).unwrap();
    std::os::unix::fs::symlink("self", library.path("a/self")).unwrap();
    std::os::unix::fs::symlink(library.path("a"), library.path("0-first")).unwrap();
    library.ffmpeg(&tone(480, 0.5), "-metadata title=deep", "a/b/deep.flac");
    for hidden in [".hidden.flac", ".Trash/x.flac", "@eaDir/x.flac", "notes.txt"] {
        std::fs::copy(&sample, library.path(hidden)).unwrap();
    }
    let outside = tempfile::tempdir().unwrap();
    crate::fixture::ffmpeg(
        &tone(500, 0.5),
        "-metadata title=linked",
        &outside.path().join("l.flac"),
    );
    std::os::unix::fs::symlink(outside.path(), library.path("link")).unwrap();

    let import = library.import().await;
    assert_eq!((import.n_added, import.n_failed), (4, 0), "{import:#?}");
    // The folder's own path is the one it is known by, not that of a link sorted before it.
    let (deep, track, _) = library.track("deep");
    assert!(track.release_folder.ends_with("/a/b"), "{}", track.release_folder);
    assert!(library.service.locate(deep).await.unwrap().unwrap().path.ends_with("a/b/deep.flac"));
    library.track("linked");
    let (id, _, _) = library.track("odd \\xFF\\xFE name");
    let located = library.service.locate(id).await.unwrap().unwrap();
    assert_eq!(located.path.file_name(), Some(odd));
    assert_eq!(library.import().await.n_unchanged, 4);
}

/// Names that begin with dots, folders without end and links to nowhere were passed over in
/// silence.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_passed_over_in_silence() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.song(300, "...And Justice for All/..a.wav");
    library.song(301, ".hidden/b.wav");
    library.song(302, &format!("{}c.wav", "deep/".repeat(64)));
    library.song(303, &format!("{}d.wav", "deep/".repeat(65)));
    std::os::unix::fs::symlink("/no/such/disk", library.path("other disk")).unwrap();
    let import = library.import().await;
    assert_eq!((import.n_added, import.n_failed), (2, 0), "{import:#?}");
    let too_deep = "deep/".repeat(65);
    let said = reason(&import, too_deep.trim_end_matches('/'));
    assert_eq!(said, "it lies more than 64 folders deep");
    assert_eq!(reason(&import, "other disk"), "it is a link that leads nowhere");
}

/// What cannot be read is said; what was known of it is not taken for vanished.
#[tokio::test(flavor = "multi_thread")]
async fn unreadable_folder_is_reported_and_nothing_in_it_forgotten() {
    use std::os::unix::fs::PermissionsExt as _;
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 0.5), "-metadata title=inside", "shut/a.flac");
    library.import().await;
    let shut = library.path("shut");
    std::fs::set_permissions(&shut, std::fs::Permissions::from_mode(0o0)).unwrap();
    // The superuser reads everything: then there is nothing to report.
    let is_readable = std::fs::read_dir(&shut).is_ok();
    let import = library.import().await;
    std::fs::set_permissions(&shut, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(import.n_missing, 0);
    assert!(library.track("inside").2);
    if is_readable {
        assert!(rustix::process::geteuid().is_root(), "only root may read it");
        assert_eq!(import.problems.len(), 0);
    } else {
        assert_eq!(reason(&import, "shut"), "the folder cannot be read: permission denied");
    }
}

/// A file past the four gigabytes that 32 bits count: read in pieces, within the worker's memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_more_than_four_gigabytes_is_no_trouble() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let path = library.ffmpeg(&tone(440, 2.0), "-metadata title=huge", "huge.wav");
    // Sparse: it takes no room on the disk. What follows the sound is nothing but zeros.
    std::fs::File::options().write(true).open(&path).unwrap().set_len((4 << 30) + 12_345).unwrap();
    let import = library.import().await;
    assert_eq!((import.n_added, import.n_failed), (1, 0), "{import:#?}");
    let (id, track, _) = library.track("huge");
    assert_eq!(track.audio.size_bytes, (4 << 30) + 12_345);
    assert_eq!(track.duration_ms, 2_000);
    let located = library.service.locate(id).await.unwrap().unwrap();
    assert_eq!(located.size_bytes, track.audio.size_bytes);
}
