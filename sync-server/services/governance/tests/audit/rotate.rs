//! The key that signs changes: whoever knows one of them verifies the whole log, and a rotation
//! that is cut off anywhere is gone on with.

use std::fs;

use engine_sql::testing;
use svc_governance::{
    Checkpoint, Error, Fault, Filter, NoteError, Service, SigningKey, VerifyingKey,
};

use crate::fixture::{
    Log, acts, key, key_of, keys, keys_write, open, open_beside, verify, verify_with,
};

/// Keys in the file, by their public halves.
fn filed(log: &Log) -> Vec<VerifyingKey> {
    let text = fs::read_to_string(log.folder.path().join("keys")).unwrap();
    text.lines().map(|line| line.parse::<SigningKey>().unwrap().verifying()).collect()
}

#[tokio::test]
async fn a_new_key_signs_and_each_key_verifies_the_whole_log() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[2, 3]).await;
        let second = log.service.key_rotate().await.unwrap();
        assert_eq!((second.name(), filed(&log)), (key().name(), vec![second.clone()]));
        log.service.append(acts(5..7)).await.unwrap();
        let third = log.service.key_rotate().await.unwrap();
        log.service.append(acts(7..8)).await.unwrap();

        let file = log.file().await;
        for (key, n_unverified) in [(key().verifying(), 0), (second.clone(), 3), (third.clone(), 5)]
        {
            let verified = verify_with(&file, &key).unwrap();
            assert_eq!((verified.checkpoint.size, verified.n_checkpoints), (10, 7));
            assert_eq!((verified.n_unverified, &verified.key), (n_unverified, &third), "{key}");
        }
        let keys = log.service.keys().await.unwrap();
        let ranges: Vec<u64> = keys.iter().map(|range| range.from_size).collect();
        assert_eq!(ranges, [0, 6, 9]);
        assert_eq!(keys.last().unwrap().key, third);
        let told = log.service.list(&Filter::default(), Some(6), 1).await.unwrap();
        assert_eq!(told[0].act.as_ref().unwrap().verb.as_str(), "audit_key_rotate");
        // What was signed before stays proved: of content that is gone as well.
        let stranger = verify_with(&file, &key_of(9).verifying()).unwrap_err();
        assert!(matches!(stranger, Fault::Note { source: NoteError::OtherKey, .. }), "{stranger}");
    }
}

/// What a log that was forged from its beginning would need.
#[tokio::test]
async fn whoever_has_a_former_key_forges_nothing_for_those_who_know_the_present_one() {
    let log = Log::filled(testing::sqlite().await, &[2]).await;
    let second = log.service.key_rotate().await.unwrap();
    log.service.append(acts(2..3)).await.unwrap();
    let forged = Log::filled(testing::sqlite().await, &[4]).await.file().await;
    assert!(verify(&forged).is_ok(), "with the former key all is well");
    let fault = verify_with(&forged, &second).unwrap_err();
    assert!(matches!(fault, Fault::Note { source: NoteError::OtherKey, .. }), "{fault}");

    // Once the key handed over, a checkpoint of it is no more good than one of anybody's.
    let file = String::from_utf8(log.file().await).unwrap();
    let latest = log.service.checkpoint(None).await.unwrap().note;
    let opened = Checkpoint::open(&latest, &second).unwrap().checkpoint;
    let quoted = |note: &str| serde_json::to_string(note).unwrap();
    let by_former = file.replace(&quoted(&latest), &quoted(&opened.sign(&key())));
    assert_ne!(by_former, file);
    for key in [key().verifying(), second] {
        let fault = verify_with(by_former.as_bytes(), &key).unwrap_err();
        assert!(matches!(fault, Fault::Note { source: NoteError::OtherKey, .. }), "{fault}");
    }
}

#[tokio::test]
async fn every_byte_that_a_later_key_covers_matters() {
    let log = Log::filled(testing::sqlite().await, &[2]).await;
    let second = log.service.key_rotate().await.unwrap();
    log.service.append(acts(2..3)).await.unwrap();
    let whole = log.file().await;
    // Signatures of the key before are those of someone who is not known here.
    let former: Vec<std::ops::Range<usize>> = signatures(&whole, &key().verifying());
    assert_eq!(former.len(), 3, "of 0 and 2 records, and of the handover");
    let mut file = whole.clone();
    for at in 0..whole.len() {
        if former.iter().any(|range| range.contains(&at)) {
            continue;
        }
        file[at] ^= 1;
        assert!(verify_with(&file, &second).is_err(), "{at}");
        file[at] ^= 1;
    }
}

/// Where the signatures of a key stand in a file, by their hash.
fn signatures(file: &[u8], key: &VerifyingKey) -> Vec<std::ops::Range<usize>> {
    let text = std::str::from_utf8(file).unwrap();
    let written = key.to_string();
    let hash = written.split('+').nth(1).unwrap();
    let hash = u32::from_str_radix(hash, 16).unwrap().to_be_bytes();
    let start = format!("— {} ", key.name());
    let found = text.match_indices(&start).map(|(at, _)| at + start.len());
    let is_by = |at: &usize| base64_starts(&text[*at..], hash);
    found.filter(is_by).map(|at| at..at + 92).collect()
}

/// Whether a text in Base64 begins with those four bytes.
fn base64_starts(text: &str, bytes: [u8; 4]) -> bool {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.chars().take(6).map(|c| alphabet.find(c).unwrap());
    let number = digits.fold(0_u64, |number, digit| number << 6 | digit as u64);
    number >> 4 == u64::from(u32::from_be_bytes(bytes))
}

/// A key is in the file, and the process ended: the log goes on as before, and the next rotation
/// takes that key.
#[tokio::test]
async fn a_rotation_cut_off_before_the_handover_is_gone_on_with() {
    for db in testing::databases().await {
        let mut log = Log::filled(db, &[2]).await;
        keys_write(log.folder.path(), &[key(), key_of(5)]);
        log.service = open_beside(&log.db, log.folder.path()).await;
        log.service.append(acts(2..4)).await.unwrap();
        assert_eq!(verify(&log.file().await).unwrap().key, key().verifying());
        assert_eq!(log.service.key_rotate().await.unwrap(), key_of(5).verifying());
        assert_eq!(filed(&log), [key_of(5).verifying()]);
        log.service.append(acts(4..5)).await.unwrap();
        assert_eq!(verify(&log.file().await).unwrap().key, key_of(5).verifying());
    }
}

/// The key handed over, and the process ended: the next start takes the former one out.
#[tokio::test]
async fn a_rotation_cut_off_after_the_handover_is_finished_by_the_next_start() {
    for db in testing::databases().await {
        let mut log = Log::filled(db, &[2]).await;
        keys_write(log.folder.path(), &[key(), key_of(5)]);
        let second = log.service.key_rotate().await.unwrap();
        keys_write(log.folder.path(), &[key(), key_of(5)]);
        log.service = open_beside(&log.db, log.folder.path()).await;
        assert_eq!(filed(&log), std::slice::from_ref(&second));
        log.service.append(acts(2..3)).await.unwrap();
        assert_eq!(verify(&log.file().await).unwrap().key, second);

        // Restored without it, the log is not signed by a key of before.
        keys_write(log.folder.path(), &[key()]);
        let db = engine_sql::Db::clone(&log.db);
        let refused = Service::open(db, keys(log.folder.path())).await;
        assert!(matches!(refused, Err(Error::KeyForeign { .. })));
        assert_eq!(filed(&log), [key().verifying()], "nothing is taken out");
    }
}

/// Servers beside notice at their next record; of rotations at once one takes place.
#[tokio::test(flavor = "multi_thread")]
async fn processes_beside_follow_at_once() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[2]).await;
        let other = open_beside(&log.db, log.folder.path()).await;
        let (ours, theirs) = tokio::join!(log.service.key_rotate(), other.key_rotate());
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        let keys = other.keys().await.unwrap();
        assert!(keys.len() == 2 && ours == theirs || keys.len() == 3, "{keys:?}");
        let mut appending = Vec::new();
        for n in 2..22 {
            let service = if n % 2 == 0 { log.service.clone() } else { other.clone() };
            appending.push(tokio::spawn(async move { service.append(acts([n])).await.unwrap() }));
            if n == 12 {
                other.key_rotate().await.unwrap();
            }
        }
        for appended in appending {
            appended.await.unwrap();
        }
        let last = other.keys().await.unwrap().pop().unwrap().key;
        let verified = verify(&log.file().await).unwrap();
        assert_eq!((verified.key, filed(&log)), (last.clone(), vec![last]));
    }
}

/// Of yesterday's log nobody wrote down which key signs.
#[tokio::test]
async fn a_log_without_keys_finds_its_own() {
    for db in testing::databases().await {
        let mut log = Log::filled(db, &[3]).await;
        log.tamper("DELETE FROM audit_key").await;
        keys_write(log.folder.path(), &[key_of(5), key()]);
        log.service = open_beside(&log.db, log.folder.path()).await;
        let keys = log.service.keys().await.unwrap();
        assert_eq!((keys.len(), &keys[0].key), (1, &key().verifying()));
        log.service.append(acts(3..4)).await.unwrap();
        assert!(verify(&log.file().await).is_ok());
        let empty = open(testing::sqlite().await).await;
        assert_eq!(empty.service.keys().await.unwrap()[0].key, key().verifying());
    }
}
