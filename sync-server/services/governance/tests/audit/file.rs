//! Files of the log: what verifies, and that nothing else does.

use std::{
    io::{BufReader, Read},
    sync::OnceLock,
};

use engine_sql::testing;
use proptest::prelude::*;
use svc_governance::{Fault, NoteError, SigningKey};

use crate::fixture::{Log, open, verify, verify_with};

async fn file(batches: &[u32]) -> Vec<u8> {
    Log::filled(testing::sqlite().await, batches).await.file().await
}

fn lines(file: &[u8]) -> Vec<String> {
    std::str::from_utf8(file).unwrap().split_inclusive('\n').map(str::to_owned).collect()
}

/// Where record `seq` stands.
fn line_of(lines: &[String], seq: u64) -> usize {
    let found = lines.iter().position(|line| line.contains(&format!("\"seq\":{seq},")));
    found.unwrap()
}

fn fault(lines: &[String]) -> Fault {
    verify(lines.concat().as_bytes()).unwrap_err()
}

#[tokio::test]
async fn a_file_says_what_it_comes_to() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[2, 1, 1_200]).await;
        let verified = verify(&log.file().await).unwrap();
        assert_eq!(verified.checkpoint.size, 1_203);
        assert_eq!((verified.n_checkpoints, verified.n_dropped), (4, 0));
        let empty = open(testing::sqlite().await).await.file().await;
        assert_eq!(verify(&empty).unwrap().checkpoint.size, 0);
        assert_eq!(lines(&empty).len(), 2);
    }
}

#[tokio::test]
async fn content_may_be_gone_and_the_file_stays_good() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[5, 3]).await;
        let before = verify(&log.file().await).unwrap();
        log.tamper(
            "UPDATE audit_record SET body = NULL, actor = NULL, verb = NULL, object = NULL
             WHERE seq IN (0, 4, 7)",
        )
        .await;
        let file = log.file().await;
        let verified = verify(&file).unwrap();
        assert_eq!((verified.n_dropped, &verified.checkpoint), (3, &before.checkpoint));
        assert!(lines(&file).iter().any(|line| line.starts_with("{\"seq\":4,\"leaf\":\"")));
        // It has no content to be compared, but its leaf is under the checkpoint.
        log.tamper("UPDATE audit_record SET leaf = (SELECT leaf FROM audit_record WHERE seq = 1) WHERE seq = 7")
            .await;
        let changed = verify(&log.file().await).unwrap_err();
        assert!(matches!(changed, Fault::Changed { first: 5, last: 7, .. }), "{changed}");
    }
}

#[tokio::test]
async fn a_record_changed_in_the_database_is_named() {
    let log = Log::filled(testing::sqlite().await, &[4, 4]).await;
    log.tamper(
        "UPDATE audit_record SET body = REPLACE(body, 'account:5', 'account:6') WHERE seq = 5",
    )
    .await;
    let changed = verify(&log.file().await).unwrap_err();
    assert!(matches!(changed, Fault::Content { seq: 5, .. }), "{changed}");
    assert!(changed.to_string().contains("record 5"));
}

#[tokio::test]
async fn the_first_wrong_record_is_named() {
    let whole = lines(&file(&[4, 1, 4]).await);

    let mut missing = whole.clone();
    missing.remove(line_of(&whole, 2));
    assert!(matches!(fault(&missing), Fault::OutOfOrder { expected: 2, found: 3, .. }));

    let mut twice = whole.clone();
    twice.insert(line_of(&whole, 2), whole[line_of(&whole, 1)].clone());
    assert!(matches!(fault(&twice), Fault::OutOfOrder { expected: 2, found: 1, .. }));

    let mut swapped = whole.clone();
    swapped.swap(line_of(&whole, 1), line_of(&whole, 2));
    assert!(matches!(fault(&swapped), Fault::OutOfOrder { expected: 1, found: 2, .. }));

    // A forger who also writes the leaf that fits is found at the next checkpoint; one record
    // alone before it is named.
    let forge = |seq: u64| {
        let mut forged = whole.clone();
        let line = &mut forged[line_of(&whole, seq)];
        *line = reforged(line, "account:", "account:9");
        fault(&forged)
    };
    assert!(matches!(forge(1), Fault::Changed { first: 0, last: 3, .. }), "{}", forge(1));
    assert!(matches!(forge(4), Fault::Changed { first: 4, last: 4, .. }));
    assert_eq!(forge(4).to_string(), "record 4 is not what was recorded");
}

/// The line with another content, and the leaf of that.
fn reforged(line: &str, from: &str, to: &str) -> String {
    let line = line.replacen(from, to, 1);
    let (_, record) = line.trim_end().strip_suffix('}').unwrap().split_once("\"record\":").unwrap();
    let leaf = svc_governance::merkle::leaf_hash(record.as_bytes());
    format!("{{\"leaf\":\"{leaf}\",\"record\":{record}}}\n")
}

#[tokio::test]
async fn bad_signatures_and_other_logs_are_named_as_such() {
    let whole = file(&[2]).await;
    let other = SigningKey::new("melodyud-audit-test", [2; 32]).unwrap().verifying();
    let fault_with = |key| verify_with(&whole, &key).unwrap_err();
    assert!(matches!(fault_with(other), Fault::Note { source: NoteError::OtherKey, .. }));
    let other = SigningKey::new("other", [1; 32]).unwrap().verifying();
    assert!(matches!(fault_with(other), Fault::OtherLog { .. }));

    let mut signed = lines(&whole);
    let last = signed.last_mut().unwrap();
    let signature = last.find("melodyud-audit-test ").unwrap() + 40;
    let other = if &last[signature..=signature] == "A" { "B" } else { "A" };
    last.replace_range(signature..=signature, other);
    assert!(matches!(fault(&signed), Fault::Note { source: NoteError::Signature, .. }));
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_named() {
    let whole = file(&[2, 3]).await;
    let n_lines = lines(&whole).len();
    let is_cut = |fault: &Fault| matches!(fault, Fault::Truncated { .. } | Fault::Header);
    for end in 0..whole.len() {
        match verify(&whole[..end]) {
            Err(fault) => assert!(is_cut(&fault), "{end}: {fault}"),
            // An older file of the same log is as good as it was.
            Ok(older) => assert_eq!(older.checkpoint.size % 2, 0, "{end}"),
        }
    }
    let cut = fault(&lines(&whole)[..n_lines - 1]);
    assert!(matches!(cut, Fault::Truncated { n_records: 5, n_covered: 2 }), "{cut}");
    assert!(matches!(verify(b"").unwrap_err(), Fault::Truncated { n_records: 0, .. }));
}

#[tokio::test]
async fn checkpoints_stand_where_they_were_made() {
    let whole = lines(&file(&[2, 3, 1]).await);
    let second = line_of(&whole, 1) + 1;
    let mut without = whole.clone();
    without.remove(second);
    assert!(matches!(fault(&without), Fault::CheckpointMissing { size: 5, .. }));
    let mut early = whole.clone();
    early.swap(second, second - 1);
    assert!(matches!(fault(&early), Fault::CheckpointPlace { expected: 1, found: 2, .. }));
    let mut twice = whole.clone();
    twice.insert(second, whole[second].clone());
    assert!(matches!(fault(&twice), Fault::CheckpointMissing { .. }));
}

#[tokio::test]
async fn every_line_matters() {
    let whole = lines(&file(&[3, 1, 2]).await);
    for at in 0..whole.len() {
        let mut removed = whole.clone();
        removed.remove(at);
        if at + 1 < whole.len() {
            fault(&removed);
        }
        for other in 0..at {
            let mut swapped = whole.clone();
            swapped.swap(at, other);
            fault(&swapped);
        }
        let mut twice = whole.clone();
        twice.insert(at, whole[at].clone());
        fault(&twice);
    }
}

#[test]
fn hostile_files_are_errors() {
    let header =
        "{\"format\":\"melodyud-audit-log\",\"version\":1,\"origin\":\"melodyud-audit-test\"}\n";
    let after_header = |rest: &[u8]| verify(&[header.as_bytes(), rest].concat()).unwrap_err();
    assert!(matches!(after_header(b"\xff\xfe\n"), Fault::Line { line: 2, seq: 0 }));
    assert!(matches!(after_header(b"\n"), Fault::Line { .. }));
    assert!(matches!(after_header(header.as_bytes()), Fault::Line { .. }));
    assert!(matches!(after_header(&vec![b'['; 100_000]), Fault::LineTooLong { line: 2, .. }));
    assert!(matches!(after_header(&[&[b'['; 5_000][..], b"\n"].concat()), Fault::Line { .. }));
    let future = header.replace("\"version\":1", "\"version\":2");
    assert!(matches!(verify(future.as_bytes()).unwrap_err(), Fault::Header));
    // A line without an end is given up at its bound, however much follows.
    let endless = BufReader::new(std::io::repeat(b'x').take(1 << 40));
    let key = crate::fixture::key().verifying();
    let fault = svc_governance::verify_file(endless, &key).unwrap_err();
    assert!(matches!(fault, Fault::LineTooLong { line: 1, .. }));
}

/// Made once: each case of the properties below changes a copy.
fn sample() -> &'static [u8] {
    static SAMPLE: OnceLock<Vec<u8>> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let log = Log::filled(testing::sqlite().await, &[1, 6, 3]).await;
            log.tamper("UPDATE audit_record SET body = NULL WHERE seq = 3").await;
            log.file().await
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn garbage_never_panics(garbage in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(verify(&garbage).is_err());
    }

    #[test]
    fn any_removed_or_added_byte_is_found(at in any::<prop::sample::Index>(), byte: u8) {
        let mut file = sample().to_vec();
        let at = at.index(file.len());
        file.insert(at, byte);
        prop_assert!(verify(&file).is_err(), "{at}");
        file.remove(at);
        prop_assert!(verify(&file).is_ok());
        file.remove(at);
        prop_assert!(verify(&file).is_err(), "{at}");
    }
}

/// Every position, with the bytes that could mean the same: another case, another digit, a
/// space, a line break, one bit.
#[test]
fn any_changed_byte_is_found() {
    let whole = sample();
    assert!(verify(whole).is_ok());
    let mut file = whole.to_vec();
    for at in 0..whole.len() {
        let byte = whole[at];
        for other in [byte ^ 0x20, byte ^ 1, byte ^ 0x80, b' ', b'\n', b'0', b'"'] {
            if other != byte {
                file[at] = other;
                assert!(verify(&file).is_err(), "{at}: {byte} to {other}");
            }
        }
        file[at] = byte;
    }
}
