//! A second run touches only what changed; a track stays the track it was.

use api::imports::Import;
use svc_ingest::WorkerCommand;

use crate::fixture::{self, Fixture, tone};

fn counts(import: &Import) -> [u64; 6] {
    let Import { n_added, n_changed, n_moved, n_unchanged, n_failed, n_missing, .. } = import;
    [*n_added, *n_changed, *n_moved, *n_unchanged, *n_failed, *n_missing]
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_moved_vanished_and_back() {
    for db in engine_sql::testing::databases().await {
        let library = Fixture::new(&db).await;
        for (n, name) in ["one/a.flac", "one/b.flac", "two/c.flac"].into_iter().enumerate() {
            let title = &name[4..5];
            let options = format!("-metadata title={title} -metadata album=Album");
            library.ffmpeg(&tone(300 + 50 * n as u32, 1.0), &options, name);
        }
        assert_eq!(counts(&library.import().await), [3, 0, 0, 0, 0, 0]);
        let [a, b, c] = ["a", "b", "c"].map(|title| library.track(title).0);
        let folder_of_a = library.track("a").1.release_folder;
        assert_eq!(counts(&library.import().await), [0, 0, 0, 3, 0, 0]);

        // Changed: another title, the same track.
        library.ffmpeg(&tone(300, 1.2), "-metadata title=a2 -metadata album=Album", "one/a.flac");
        assert_eq!(counts(&library.import().await), [0, 1, 0, 2, 0, 0]);
        assert_eq!(library.track("a2").0, a);
        assert_eq!(library.n_tracks(), 3);

        // Moved, with its folder: the same tracks, told once, on the same release; a track
        // that joins them there is on it as well.
        let n_puts = *library.told.n_puts.lock().unwrap();
        std::fs::rename(library.path("one"), library.path("moved")).unwrap();
        assert_eq!(counts(&library.import().await), [0, 0, 2, 1, 0, 0]);
        assert_eq!(*library.told.n_puts.lock().unwrap(), n_puts);
        assert_eq!(library.n_tracks(), 3);
        let located = library.service.locate(b).await.unwrap().unwrap();
        assert!(located.path.ends_with("moved/b.flac"), "{located:?}");
        assert!(library.told.tracks.lock().unwrap().values().all(|(_, available)| *available));
        library.ffmpeg(&tone(500, 1.0), "-metadata title=d -metadata album=Album", "moved/d.flac");
        assert_eq!(counts(&library.import().await), [1, 0, 0, 3, 0, 0]);
        assert_eq!(library.track("d").1.release_folder, folder_of_a);

        // Vanished: missing, not forgotten.
        let away = tempfile::tempdir().unwrap();
        std::fs::copy(library.path("two/c.flac"), away.path().join("c.flac")).unwrap();
        let modified = std::fs::metadata(library.path("two/c.flac")).unwrap().modified().unwrap();
        std::fs::remove_file(library.path("two/c.flac")).unwrap();
        assert_eq!(counts(&library.import().await), [0, 0, 0, 3, 0, 1]);
        assert!(!library.track("c").2);
        assert_eq!(library.service.locate(c).await.unwrap(), None);
        assert_eq!(counts(&library.import().await), [0, 0, 0, 3, 0, 0]);

        // Back: available, unopened.
        std::fs::copy(away.path().join("c.flac"), library.path("two/c.flac")).unwrap();
        let file = std::fs::File::options().write(true).open(library.path("two/c.flac")).unwrap();
        file.set_modified(modified).unwrap();
        assert_eq!(counts(&library.import().await), [0, 1, 0, 3, 0, 0]);
        assert_eq!((library.track("c").0, library.track("c").2), (c, true));

        // A copy is a second source of the same track.
        std::fs::copy(library.path("two/c.flac"), library.path("three/copy.flac")).unwrap();
        assert_eq!(counts(&library.import().await), [1, 0, 0, 4, 0, 0]);
        assert_eq!(library.n_tracks(), 4);
        std::fs::remove_file(library.path("two/c.flac")).unwrap();
        assert_eq!(counts(&library.import().await), [0, 0, 0, 4, 0, 1]);
        assert!(library.track("c").2, "its copy is there");
        let located = library.service.locate(c).await.unwrap().unwrap();
        assert!(located.path.ends_with("three/copy.flac"), "{located:?}");
    }
}

/// Touched files are read, found to be the same, and not decoded again.
#[tokio::test(flavor = "multi_thread")]
async fn touched_but_the_same_is_unchanged() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let path = library.ffmpeg(&tone(440, 1.0), "-metadata title=a", "a.flac");
    library.import().await;
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000)).unwrap();
    let import = library.import().await;
    assert_eq!(counts(&import), [0, 0, 0, 1, 0, 0]);
    assert!(import.realtime_x < f64::EPSILON, "{import:?}");
    assert_eq!(*library.told.n_puts.lock().unwrap(), 1);
}

/// With nothing changed no worker is even started: there is none that could be.
#[tokio::test(flavor = "multi_thread")]
async fn unchanged_files_are_not_opened() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 1.0), "", "a.flac");
    std::fs::write(library.path("broken.mp3"), b"no music").unwrap();
    assert_eq!(counts(&library.import().await), [1, 0, 0, 0, 1, 0]);
    let none = WorkerCommand { program: "/nonexistent".into(), args: Vec::new() };
    let service = fixture::open(&db, library.locks.path(), library.told.clone(), none).await;
    let import = service.import_run(library.folder.path(), |_| {}, |_| {}).await.unwrap();
    assert_eq!(counts(&import), [0, 0, 0, 1, 1, 0], "{import:?}");
    assert_eq!(import.problems.len(), 1, "what is broken stays reported");
}
