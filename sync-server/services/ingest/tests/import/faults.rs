//! What goes wrong around an import: it says so, loses nothing, and goes on next time.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use api::imports::{ImportProblem, ImportState};
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
        let import =
            library.service.import_run(library.folder.path(), |_| {}, |_| {}).await.unwrap();
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
        let run = service.import_run(library.folder.path(), |_| {}, |_| {});
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
    let again = other.import_run(library.folder.path(), |_| {}, |_| {}).await;
    assert!(matches!(again, Err(Error::AlreadyRunning { import: None })), "{again:?}");
    let seen = other.import_view(running.id).await.unwrap().unwrap();
    assert_eq!(seen.failure, None, "another process is at it");

    let start = Instant::now();
    while library.service.import_view(running.id).await.unwrap().unwrap().state != ImportState::Done
    {
        assert!(start.elapsed() < Duration::from_mins(1), "it never ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.import_run(library.folder.path(), |_| {}, |_| {}).await.unwrap();
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
    let import = next.import_run(library.folder.path(), |_| {}, |_| {}).await.unwrap();
    assert_eq!(import.state, ImportState::Done);
    assert_eq!(library.n_tracks(), 30);
}

/// Ctrl-C hung for ever: stopping waited for a run that only whoever waited would have moved on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_moves_on_is_not_waited_for() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.song(300, "a.wav");
    let worker = fixture::worker_that("exec sleep 600");
    let service = fixture::open(&db, library.locks.path(), library.told.clone(), worker).await;
    let mut run = Box::pin(service.import_run(library.folder.path(), |_| {}, |_| {}));
    let begun = tokio::time::timeout(Duration::from_millis(200), run.as_mut()).await;
    assert!(begun.is_err(), "{begun:?}");
    service.stop().await;
    let import = run.await.unwrap();
    assert_eq!(import.failure.as_deref(), Some(STOPPED));
    assert_eq!(library.import().await.n_added, 1);
}

/// Stopping waited for files that took their time, of which each has half a minute and more.
#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_for_no_decoder() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.song(300, "a.wav");
    let worker = fixture::worker_that("touch \"$0\".begun; exec sleep 600");
    let begun = library.locks.path().join("job.begun");
    let args = worker.args.into_iter().chain([library.locks.path().join("job").into()]).collect();
    let worker = WorkerCommand { args, ..worker };
    let service = fixture::open(&db, library.locks.path(), library.told.clone(), worker).await;
    let running = service.import_start(library.folder.path()).await.unwrap();
    let start = Instant::now();
    while !begun.exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "no worker was asked");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    service.stop().await;
    let ended = service.import_view(running.id).await.unwrap().unwrap();
    assert_eq!(ended.failure.as_deref(), Some(STOPPED));
    assert_eq!(library.import().await.n_added, 1);
}

const STOPPED: &str = "the server was stopped; start the import again and it goes on";

/// A worker that died of something else made a broken file of a good one, for good.
#[tokio::test(flavor = "multi_thread")]
async fn passing_trouble_is_not_held_against_a_file() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.song(300, "a.wav");
    let import_with = async |does: &str| {
        let worker = fixture::worker_that(does);
        let service = fixture::open(&db, library.locks.path(), library.told.clone(), worker).await;
        service.import_run(library.folder.path(), |_| {}, |_| {}).await.unwrap()
    };
    assert_eq!(import_with("kill -9 $$").await.n_failed, 1);
    assert_eq!(library.import().await.n_added, 1);
    let songs = library.songs().await;
    // Nor is a known one lost to it: it is what it was until it can be looked at again.
    library.song(301, "a.wav");
    assert_eq!(import_with("kill -9 $$").await.n_failed, 1);
    let track = *songs.keys().next().unwrap();
    assert!(library.service.locate(track).await.unwrap().is_some());
    assert_eq!(library.import().await.n_changed, 1);
    assert_eq!(library.songs().await.get(&track), Some(&301));
}

/// Files are looked into again when more can be read in them than before.
#[tokio::test(flavor = "multi_thread")]
async fn known_files_are_looked_into_again_when_there_is_more_to_see() {
    for db in engine_sql::testing::databases().await {
        let library = Fixture::new(&db).await;
        library.song(300, "a.wav");
        library.song(300, "copy.wav");
        library.import().await;
        let songs = library.songs().await;
        // As an earlier version of the program would have left it.
        db.with_tx(|mut tx| async move {
            let sql = "UPDATE ingest_file SET examiner = examiner - 1";
            engine_sql::sqlx::query(sql).execute(&mut *tx).await?;
            Ok::<_, engine_sql::Error>(())
        })
        .await
        .unwrap();
        *library.told.n_puts.lock().unwrap() = 0;
        assert_eq!(library.import().await.n_changed, 2);
        assert_eq!(*library.told.n_puts.lock().unwrap(), 1, "of copies the first tells");
        assert_eq!(library.songs().await, songs);
        assert_eq!(library.import().await.n_unchanged, 2);
    }
}

/// What is found is counted at once, and every problem told, however many there are.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_in_sight_in_a_library_of_any_size() {
    const N_FILES: u64 = 40_000;
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    for n in 0..N_FILES {
        std::fs::write(library.path(&format!("{}/{n}.mp3", n % 100)), b"").unwrap();
    }
    let worker = fixture::worker_that("exec sleep 600");
    let service = fixture::open(&db, library.locks.path(), library.told.clone(), worker).await;
    let running = service.import_start(library.folder.path()).await.unwrap();
    let start = Instant::now();
    loop {
        let import = service.import_view(running.id).await.unwrap().unwrap();
        if import.state == ImportState::Running {
            assert_eq!(import.n_found, N_FILES);
            break;
        }
        assert!(start.elapsed() < Duration::from_mins(2), "{import:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_told_when_it_happens() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    for n in 0..150 {
        std::fs::write(library.path(&format!("{n}.mp3")), b"").unwrap();
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = told.clone();
    let on_problem = move |problem: &ImportProblem| telling.lock().unwrap().push(problem.clone());
    let import =
        library.service.import_run(library.folder.path(), |_| {}, on_problem).await.unwrap();
    assert_eq!((import.n_failed, import.problems.len()), (150, 100));
    assert_eq!(told.lock().unwrap().len(), 150);
}

/// A look from another process at how an import stands once made the next one fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_for_a_moment_stops_no_import() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.import().await;
    let lock = std::fs::read_dir(library.locks.path()).unwrap().next().unwrap().unwrap();
    let lock = std::fs::File::open(lock.path()).unwrap();
    lock.lock().unwrap();
    let held = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(lock);
    });
    library.import().await;
    held.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_workers_the_run_says_so() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 0.5), "", "a.flac");
    let none = WorkerCommand { program: "/nonexistent/server".into(), args: Vec::new() };
    let service = fixture::open(&db, library.locks.path(), library.told.clone(), none).await;
    let import = service.import_run(library.folder.path(), |_| {}, |_| {}).await.unwrap();
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
