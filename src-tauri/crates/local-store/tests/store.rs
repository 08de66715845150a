//! The store as the player uses it, over real files.

use std::{fs, path::Path};

use domain::{PlayId, TrackId, queue::EntryId};
use local_store::{Error, Key, Store, StoredPage, StoredPlay};

const OWNER: &str = "https://music.example ann";

fn open(folder: &Path) -> Store {
    let opened = Store::open(folder).expect("the folder can be used");
    assert_eq!(opened.set_aside, None);
    opened.store
}

fn play(n: u64, listened_ms: u64, is_over: bool) -> StoredPlay {
    StoredPlay {
        id: PlayId::new(n, [1; 10]),
        track: TrackId::new(n, [2; 10]),
        started_at_us: n.cast_signed() * 1_000,
        listened_ms,
        is_over,
    }
}

#[test]
fn everything_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.set_value(Key::Volume, &0.25).unwrap();
    store.set_queue(OWNER, &["a", "b"]).unwrap();
    store.set_position(OWNER, EntryId(7), 1_234).unwrap();
    store.set_position(OWNER, EntryId(7), 2_234).unwrap();
    store.set_play(OWNER, &play(1, 40_000, true)).unwrap();
    let page = StoredPage { etag: Some("\"x\"".into()), json: "{}".into() };
    store.set_page(OWNER, "/releases", &page, 1).unwrap();
    let track = TrackId::new(5, [0; 10]);
    store.set_tracks(OWNER, [(track, &"five")], 1).unwrap();
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.value::<f32>(Key::Volume).unwrap(), Some(0.25));
    assert_eq!(store.value::<f32>(Key::Settings).unwrap(), None);
    let queue = store.queue::<Vec<String>>(OWNER).unwrap().unwrap();
    assert_eq!((queue.snapshot.len(), queue.position), (2, Some((EntryId(7), 2_234))));
    assert_eq!(store.queue::<Vec<String>>("somebody else").unwrap(), None);
    assert_eq!(store.history(OWNER, 10).unwrap(), [play(1, 40_000, true)]);
    assert_eq!(store.page(OWNER, "/releases", 2).unwrap(), Some(page));
    assert_eq!(store.page("somebody else", "/releases", 2).unwrap(), None);
    let unknown = TrackId::new(6, [0; 10]);
    assert_eq!(store.tracks::<String>(OWNER, &[unknown, track]).unwrap(), ["five"]);
}

#[test]
fn folder_is_for_one_store_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let refused = Store::open(folder.path()).err().unwrap();
    assert!(matches!(refused, Error::InUse { .. }), "{refused}");
    drop(store);
    open(folder.path());
}

#[test]
fn damaged_database_is_set_aside_and_nothing_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("player.db");
    let garbage = b"no database at all, not even nearly".repeat(100);
    fs::write(&path, &garbage).unwrap();
    let opened = Store::open(folder.path()).unwrap();
    let aside = opened.set_aside.unwrap();
    assert_eq!(fs::read(&aside).unwrap(), garbage);
    opened.store.set_value(Key::Volume, &0.5).unwrap();
    drop(opened.store);

    // Damaged in its middle: the pages of a real database, overwritten.
    let store = open(folder.path());
    for n in 0..500 {
        store.set_play(OWNER, &play(n, 40_000, true)).unwrap();
    }
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[4_096..middle].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let opened = Store::open(folder.path()).unwrap();
    assert_eq!(fs::read(opened.set_aside.unwrap()).unwrap(), bytes);
    assert_eq!(opened.store.history(OWNER, 10).unwrap(), []);
}

#[test]
fn database_of_the_future_is_refused_in_words_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let path = folder.path().join("player.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = Store::open(folder.path()).err().unwrap();
    assert!(matches!(refused, Error::Newer { found: 99, .. }), "{refused}");
    assert!(path.exists());
}

#[test]
fn plays_leave_the_outbox_once_reported_and_never_before_they_are_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.set_play(OWNER, &play(1, 30_000, false)).unwrap();
    assert_eq!(store.outbox(OWNER, 10).unwrap(), []);
    store.set_play(OWNER, &play(1, 65_000, true)).unwrap();
    store.set_play(OWNER, &play(1, 1, true)).unwrap();
    store.set_play(OWNER, &play(2, 31_000, false)).unwrap();
    assert_eq!(store.outbox(OWNER, 10).unwrap(), [play(1, 65_000, true)]);
    drop(store);
    // A crash: what was open will not go on.
    let store = open(folder.path());
    let ids: Vec<PlayId> = store.outbox(OWNER, 10).unwrap().iter().map(|p| p.id).collect();
    assert_eq!(ids, [play(1, 0, true).id, play(2, 0, true).id]);
    store.plays_reported(&ids[..1]).unwrap();
    store.plays_reported(&[]).unwrap();
    assert_eq!(store.outbox(OWNER, 10).unwrap(), [play(2, 31_000, true)]);
    assert_eq!(store.history(OWNER, 10).unwrap().len(), 2);
    assert_eq!(store.outbox("somebody else", 10).unwrap(), []);
}

#[test]
fn pages_stay_within_their_bound_and_the_latest_used_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let page = StoredPage { etag: None, json: "x".repeat(8 << 20) };
    for (now_us, n) in (0..).zip(0..4) {
        store.set_page(OWNER, &format!("/{n}"), &page, now_us).unwrap();
    }
    assert!(store.page(OWNER, "/0", 10).unwrap().is_some());
    store.set_page(OWNER, "/4", &page, 20).unwrap();
    let there = |n: u32| store.page(OWNER, &format!("/{n}"), 30).unwrap().is_some();
    assert_eq!([0, 1, 2, 3, 4].map(there), [true, false, true, true, true]);
}

/// A queue that could not be read was written over by the empty one that took its place.
#[test]
fn queue_that_cannot_be_read_is_put_aside_and_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.set_queue("ann", &["of another version"]).unwrap();
    assert!(matches!(store.queue::<u64>("ann"), Err(Error::Json { .. })));
    store.set_queue_aside("ann").unwrap();
    assert_eq!(store.queue::<u64>("ann").unwrap(), None);
    store.set_queue("ann", &7).unwrap();
    assert_eq!(store.queue::<u64>("ann").unwrap().unwrap().snapshot, 7);
    let aside = store.queue::<Vec<String>>("ann (unreadable)").unwrap().unwrap();
    assert_eq!(aside.snapshot, ["of another version"]);
}
