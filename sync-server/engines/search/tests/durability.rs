//! What is left of an index after kills, damage, updates and rebuilds.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use engine_search::{Document, Error, Index, Kind, Query};
use uuid::Uuid;

fn document(id: u128, title: &str) -> Document {
    Document {
        kind: Kind::Track,
        id: Uuid::from_u128(id),
        title: title.into(),
        context: vec!["Somebody".into()],
        popularity: 0,
    }
}

/// Ids of the tracks that a query finds, best first.
/// Opens an index that was just closed. Another test of this process may be starting a child at
/// this moment, which holds a copy of the lock's handle until it is the other program.
fn open(dir: &Path) -> Index {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match Index::open(dir) {
            Err(Error::InUse { .. }) if Instant::now() < until => thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

fn found(index: &Index, query: &str) -> Vec<u128> {
    let found = index.search(&Query::parse(query), 50).unwrap();
    found.tracks.iter().map(|hit| hit.id.as_u128()).collect()
}

#[test]
fn changes_are_seen_after_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path());
    assert_eq!(index.position().unwrap(), None);
    index.change(&[document(1, "Old Name"), document(2, "Other")], &[]).unwrap();
    assert!(found(&index, "old name").is_empty());
    index.commit(Some(7)).unwrap();
    assert_eq!(found(&index, "old name"), [1]);
    assert_eq!(index.position().unwrap(), Some(7));

    // The same id again, twice in one batch: the last one counts, once.
    index.change(&[document(1, "Between"), document(1, "New Name")], &[]).unwrap();
    index.change(&[], &[(Kind::Track, Uuid::from_u128(2))]).unwrap();
    index.commit(Some(9)).unwrap();
    assert_eq!(found(&index, "new name"), [1]);
    assert!(found(&index, "old").is_empty());
    assert!(found(&index, "between").is_empty());
    assert!(found(&index, "other").is_empty());
    assert_eq!(index.n_documents(), 1);

    index.change(&[document(3, "Never")], &[]).unwrap();
    index.rollback().unwrap();
    index.commit(Some(9)).unwrap();
    assert!(found(&index, "never").is_empty());
}

#[test]
fn the_best_stay_first_over_many_segments_and_merges() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path());
    for id in 0..60_u128 {
        // 7 and 60 have no common divisor: every popularity comes once.
        let popularity = 1 << (id * 7 % 60);
        index.change(&[Document { popularity, ..document(id, "Same") }], &[]).unwrap();
        index.commit(Some(id as i64)).unwrap();
    }
    let mut by_popularity: Vec<u128> = (0..60).collect();
    by_popularity.sort_by_key(|id| std::cmp::Reverse(id * 7 % 60));
    assert_eq!(found(&index, "same"), by_popularity[..50]);
    index.compact().unwrap();
    assert_eq!(found(&index, "same"), by_popularity[..50]);
    assert_eq!(index.n_documents(), 60);
}

const KILLED_DIR: &str = "ENGINE_SEARCH_TEST_DIR";
const N_IDS: i64 = 300;

/// The process is killed in the middle of indexing, again and again. Each time the index opens
/// at the place its last commit names, with every document there once, as it was at that place.
#[test]
fn a_killed_process_leaves_a_whole_index() {
    if let Some(dir) = env::var_os(KILLED_DIR) {
        index_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut position = 0;
    for round in 0..6 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_killed_process_leaves_a_whole_index", "--nocapture"])
            .env(KILLED_DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let commits = lines.map_while(Result::ok).filter(|line| line.contains("committed"));
        // A few commits further each time, and killed while the next is under way.
        commits.take(5 + round * 3).for_each(drop);
        child.kill().unwrap();
        child.wait().unwrap();

        let index = open(dir.path());
        let reached = index.position().unwrap().unwrap();
        assert!(reached > position, "round {round}: {reached} after {position}");
        position = reached;
        assert_eq!(index.n_documents(), position.min(N_IDS) as u64);
        for seq in (position - N_IDS + 1).max(1)..=position {
            let ids = found(&index, &format!("version{seq:06}"));
            assert_eq!(ids, [(seq % N_IDS) as u128], "round {round}, change {seq}");
        }
    }
}

fn index_until_killed(dir: &Path) -> ! {
    let index = open(dir);
    let mut seq = index.position().unwrap().unwrap_or(0);
    loop {
        for _ in 0..7 {
            seq += 1;
            let document = document((seq % N_IDS) as u128, &format!("Song version{seq:06}"));
            index.change(&[document], &[]).unwrap();
        }
        index.commit(Some(seq)).unwrap();
        println!("committed {seq}");
    }
}

/// An index of some segments, with deleted documents in them.
fn filled(dir: &Path) {
    let index = open(dir);
    for part in 0..3 {
        let ids = part * 10..part * 10 + 10;
        let documents: Vec<_> = ids.map(|id| document(id, &format!("Song {id}"))).collect();
        index.change(&documents, &[]).unwrap();
        index.change(&[], &[(Kind::Track, Uuid::from_u128(part * 5))]).unwrap();
        index.commit(Some(1)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

type Harm = fn(&Path);

#[test]
fn a_damaged_index_is_made_anew() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path());
    let harms: [(&str, Harm); 4] = [
        ("cut in half", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("a byte changed", |path| {
            let mut bytes = fs::read(path).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 0x55;
            fs::write(path, bytes).unwrap();
        }),
        ("emptied", |path| fs::write(path, []).unwrap()),
        ("removed", |path| fs::remove_file(path).unwrap()),
    ];
    let mut n_checked = 0;
    for file in files(whole.path()) {
        let name = file.strip_prefix(whole.path()).unwrap();
        // Locks hold nothing, nor do files that a writer put aside.
        let is_used = !["lock", "temp"].iter().any(|end| name.to_string_lossy().ends_with(end));
        if !is_used || fs::metadata(&file).unwrap().len() == 0 {
            continue;
        }
        for (harm, apply) in harms {
            let dir = tempfile::tempdir().unwrap();
            copy(whole.path(), dir.path());
            apply(&dir.path().join(name));
            let index = open(dir.path());
            // Either the harm does no harm, or the index says that it is to be filled.
            let is_whole = index.position().unwrap() == Some(1);
            let n_documents = if is_whole { 27 } else { 0 };
            assert_eq!(index.n_documents(), n_documents, "{} {harm}", name.display());
            assert_eq!(found(&index, "song 7").contains(&7), is_whole);
            let is_segment = name.extension().is_some_and(|ext| ext != "json");
            assert!(!(is_whole && is_segment), "{} {harm}, unnoticed", name.display());
            index.change(&[document(99, "After all")], &[]).unwrap();
            index.commit(Some(2)).unwrap();
            assert_eq!(found(&index, "after"), [99]);
            drop(index);
            let index = open(dir.path());
            assert_eq!(index.position().unwrap(), Some(2), "{} {harm}", name.display());
            n_checked += 1;
        }
    }
    assert!(n_checked > 40, "{n_checked} harms");
}

#[test]
fn an_index_of_another_format_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let is_meta = |path: &PathBuf| path.file_name().is_some_and(|name| name == "meta.json");
    let meta = files(dir.path()).into_iter().find(is_meta).unwrap();
    let text = fs::read_to_string(&meta).unwrap();
    let other = text.replace("\"payload\": \"1 1\"", "\"payload\": \"0 1\"");
    assert_ne!(other, text);
    fs::write(&meta, other).unwrap();
    let index = open(dir.path());
    assert_eq!((index.position().unwrap(), index.n_documents()), (None, 0));
}

#[test]
fn an_index_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path());
    assert!(matches!(Index::open(dir.path()), Err(Error::InUse { .. })));
    drop(index);
    open(dir.path());
}

#[test]
fn a_rebuild_takes_over_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let index = open(dir.path());
    let mut rebuild = index.rebuild().unwrap();
    assert!(matches!(index.rebuild(), Err(Error::RebuildRunning)));
    rebuild.put(&[document(50, "Rebuilt")]).unwrap();
    // The old one goes on, and can be changed.
    assert_eq!(found(&index, "song 7"), [7]);
    index.change(&[document(51, "Meanwhile")], &[]).unwrap();
    index.commit(Some(8)).unwrap();
    assert_eq!(found(&index, "meanwhile"), [51]);
    rebuild.complete(6).unwrap();
    assert!(found(&index, "rebuilt").is_empty());
    let generation = index.generation();
    rebuild.take_over().unwrap();
    assert_ne!(index.generation(), generation);
    assert_eq!(found(&index, "rebuilt"), [50]);
    assert!(found(&index, "song 7").is_empty());
    // What happened meanwhile is to be applied again.
    assert_eq!(index.position().unwrap(), Some(6));

    // One that does not get to its end leaves no trace.
    let mut rebuild = index.rebuild().unwrap();
    rebuild.put(&[document(52, "Given up")]).unwrap();
    drop(rebuild);
    assert_eq!(found(&index, "rebuilt"), [50]);
    drop(index);

    // Nor does one that a crash ended.
    copy(&generation_dirs(dir.path())[0], &dir.path().join("generation-77"));
    let index = open(dir.path());
    assert_eq!(found(&index, "rebuilt"), [50]);
    assert_eq!(generation_dirs(dir.path()).len(), 1);
}

fn generation_dirs(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}
