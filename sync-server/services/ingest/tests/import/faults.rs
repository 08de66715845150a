//! What goes wrong around an import: it says so, loses nothing, and goes on next time.

use std::{
    io,
    time::{Duration, Instant},
};

use api::imports::ImportState;
use svc_ingest::{Error, WorkerCommand};

use crate::fixture::{self, Fixture, tone};

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_stops_the_run_and_the_next_goes_on() {
    for db in engine_sql::testing::databases().await {
        let library = Fixture::new(&db).await;
        for n in 0..4 {
            let options = format!("-metadata title=t{n}");
            library.ffmpeg(&tone(300 + 40 * n, 0.5), &options, &format!("{n}.flac"));
        }
        *library.told.failure.lock().unwrap() = Some(io::ErrorKind::StorageFull.into());
        let import = library.service.import_run(library.folder.path(), |_| {}).await.unwrap();
        assert_eq!(import.state, ImportState::Failed);
        let failure = import.failure.clone().unwrap();
        assert!(failure.starts_with("no space is left on the server's disk"), "{failure}");
        assert!(failure.contains("goes on where it stopped"), "{failure}");
        let stored = library.service.import_view(import.id).await.unwrap().unwrap();
        assert_eq!(stored, import);

        let import = library.import().await;
        assert_eq!((import.n_added, import.n_failed), (4, 0), "{import:?}");
        assert_eq!(library.n_tracks(), 4);
        assert_eq!(library.import().await.n_unchanged, 4);
    }
}

/// The catalog was told and the process died before the import knew: the same tracks again.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_cut_off_at_any_point_goes_on_with_the_same_tracks() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    for n in 0..24 {
        let options = format!("-metadata title=t{n}");
        library.ffmpeg(&tone(300 + 10 * n, 0.4), &options, &format!("{n}.flac"));
    }
    for cut_ms in [5, 150, 400, 700, 1_000] {
        let service = library.service.clone();
        let run = service.import_run(library.folder.path(), |_| {});
        // Dropped in the middle of whatever it does, like a process that is killed.
        let _ = tokio::time::timeout(Duration::from_millis(cut_ms), run).await;
    }
    let import = library.import().await;
    assert_eq!(import.n_failed, 0);
    let known = library.told.tracks.lock().unwrap().clone();
    let mut titles: Vec<_> = known.values().map(|(track, _)| track.title.clone()).collect();
    titles.sort();
    titles.dedup();
    assert_eq!((known.len(), titles.len()), (24, 24));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_import_of_a_folder_at_a_time() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 120.0), "", "long.flac");
    let running = library.service.import_start(library.folder.path()).await.unwrap();
    let again = library.service.import_start(library.folder.path()).await;
    let Err(Error::AlreadyRunning { import: Some(id) }) = again else { panic!("{again:?}") };
    assert_eq!(id, running.id);
    // As another process would find it.
    let other =
        fixture::open(&db, library.locks.path(), library.told.clone(), fixture::worker()).await;
    let again = other.import_run(library.folder.path(), |_| {}).await;
    assert!(matches!(again, Err(Error::AlreadyRunning { import: None })), "{again:?}");
    let seen = other.import_view(running.id).await.unwrap().unwrap();
    assert_eq!(seen.failure, None, "another process is at it");

    let start = Instant::now();
    while library.service.import_view(running.id).await.unwrap().unwrap().state != ImportState::Done
    {
        assert!(start.elapsed() < Duration::from_mins(1), "it never ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.import_run(library.folder.path(), |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_a_run_in_good_order() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    for n in 0..30 {
        library.ffmpeg(&tone(300 + 10 * n, 1.0), "", &format!("{n}.flac"));
    }
    let running = library.service.import_start(library.folder.path()).await.unwrap();
    library.service.stop().await;
    let ended = library.service.import_view(running.id).await.unwrap().unwrap();
    assert_eq!(ended.state, ImportState::Failed, "{ended:?}");
    assert!(ended.failure.unwrap().contains("start the import again"));
    let refused = library.service.import_start(library.folder.path()).await;
    assert!(matches!(refused, Err(Error::Stopping)), "{refused:?}");

    let next =
        fixture::open(&db, library.locks.path(), library.told.clone(), fixture::worker()).await;
    let import = next.import_run(library.folder.path(), |_| {}).await.unwrap();
    assert_eq!(import.state, ImportState::Done);
    assert_eq!(library.n_tracks(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_workers_the_run_says_so() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 0.5), "", "a.flac");
    let none = WorkerCommand { program: "/nonexistent/server".into(), args: Vec::new() };
    let service = fixture::open(&db, library.locks.path(), library.told.clone(), none).await;
    let import = service.import_run(library.folder.path(), |_| {}).await.unwrap();
    assert_eq!(import.state, ImportState::Failed);
    assert!(import.failure.unwrap().contains("/nonexistent/server"));
    assert_eq!(library.import().await.n_added, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_cannot_be_imported_are_refused_in_words() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let file = library.path("file");
    std::fs::write(&file, b"x").unwrap();
    for (directory, word) in [
        ("music".into(), "absolute"),
        ("".into(), "absolute"),
        ("/no/such/folder".into(), "There is no folder"),
        (file, "not a folder"),
    ] {
        let refused = library.service.import_start(&directory).await;
        let Err(Error::Directory(text)) = refused else { panic!("{directory:?} {refused:?}") };
        assert!(text.contains(word), "{text}");
    }
}

/// The worker limits itself before it reads anything.
#[cfg(target_os = "linux")]
#[test]
fn worker_has_its_memory_limited() {
    use std::{io::Read as _, process::Stdio};
    let worker = fixture::worker();
    let mut child = std::process::Command::new(worker.program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut greeting = [0; 8];
    child.stdout.as_mut().unwrap().read_exact(&mut greeting).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max address space")).unwrap();
    assert_eq!(line.split_whitespace().nth(3), Some("1073741824"), "{line}");
    // It ends with its input.
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
