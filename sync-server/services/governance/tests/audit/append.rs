//! Appending and listing.

use std::collections::HashSet;

use domain::audit::{Token, Verb};
use engine_sql::testing;
use svc_governance::{Error, Filter, Service, SigningKey};

use crate::fixture::{Log, act, acts, keys, keys_write, open, open_beside, verify};

#[tokio::test]
async fn records_are_numbered_in_order_and_checkpoints_follow() {
    for db in testing::databases().await {
        let log = open(db).await;
        assert_eq!(log.service.checkpoint(None).await.unwrap().size, 0);
        assert_eq!(log.service.append(acts(0..3)).await.unwrap(), [0, 1, 2]);
        assert_eq!(log.service.append(acts(3..4)).await.unwrap(), [3]);
        assert_eq!(log.service.append(Vec::new()).await.unwrap(), [0_u64; 0]);
        assert_eq!(log.service.checkpoint(None).await.unwrap().size, 4);
        assert_eq!(log.service.checkpoint(Some(3)).await.unwrap().size, 3);
        assert!(log.service.checkpoint(Some(2)).await.is_err(), "no batch ended there");
        assert_eq!(verify(&log.file().await).unwrap().checkpoint.size, 4);
    }
}

#[tokio::test]
async fn an_act_is_recorded_once() {
    for db in testing::databases().await {
        let log = open(db).await;
        let twice = [acts(0..2), acts(1..3)].concat();
        assert_eq!(log.service.append(twice).await.unwrap(), [0, 1, 1, 2]);
        assert_eq!(log.service.append(acts([2, 5, 0])).await.unwrap(), [2, 3, 0]);
        // Nothing new, no new checkpoint.
        let before = log.service.checkpoint(None).await.unwrap();
        assert_eq!(log.service.append(acts([2, 5])).await.unwrap(), [2, 3]);
        assert_eq!(log.service.checkpoint(None).await.unwrap(), before);
        assert_eq!(verify(&log.file().await).unwrap().checkpoint.size, 4);
    }
}

#[tokio::test]
async fn too_many_at_once_are_refused() {
    let log = open(testing::sqlite().await).await;
    let refused = log.service.append(acts(0..2_001)).await.unwrap_err();
    assert!(matches!(refused, Error::TooMany { n_acts: 2_001, max: 2_000 }));
    assert_eq!(log.service.append(acts(0..2_000)).await.unwrap().len(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_append_at_once_each_get_their_own_numbers() {
    for db in testing::databases().await {
        let log = open(db).await;
        let other = open_beside(&log.db, log.folder.path()).await;
        let mut appending = Vec::new();
        for n in 0..60 {
            let service = if n % 6 == 0 { other.clone() } else { log.service.clone() };
            appending.push(tokio::spawn(async move {
                // Each overlaps with the next.
                let numbers = n * 3..n * 3 + 4;
                (numbers.clone(), service.append(acts(numbers)).await.unwrap())
            }));
        }
        for appended in appending {
            let (numbers, seqs) = appended.await.unwrap();
            for (number, seq) in numbers.zip(seqs) {
                let at = log.service.list(&Filter::default(), Some(seq + 1), 1).await.unwrap();
                assert_eq!(at[0].act, Some(act(number)), "{:?}", log.db.kind());
            }
        }
        let verified = verify(&log.file().await).unwrap();
        assert_eq!(verified.checkpoint.size, 181);
        assert!(verified.n_checkpoints <= 61, "each batch has one at most");
    }
}

#[tokio::test]
async fn what_waits_is_written_together() {
    let log = open(testing::sqlite().await).await;
    let mut appending = Vec::new();
    // On one thread: all of them wait before the writer has a turn.
    for n in 0..300 {
        let service = log.service.clone();
        appending.push(tokio::spawn(async move { service.append(acts([n])).await.unwrap()[0] }));
    }
    let mut seqs = HashSet::new();
    for appended in appending {
        seqs.insert(appended.await.unwrap());
    }
    assert_eq!(seqs, (0..300).collect());
    let verified = verify(&log.file().await).unwrap();
    assert_eq!(verified.checkpoint.size, 300);
    assert!(verified.n_checkpoints < 20, "{}", verified.n_checkpoints);
}

#[tokio::test]
async fn lists_go_back_in_time_and_filter_exactly() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[20]).await;
        let list = async |filter: Filter, before, limit| {
            let records = log.service.list(&filter, before, limit).await.unwrap();
            records.iter().map(|record| record.seq).collect::<Vec<_>>()
        };
        assert_eq!(list(Filter::default(), None, 3).await, [19, 18, 17]);
        assert_eq!(list(Filter::default(), Some(17), 3).await, [16, 15, 14]);
        assert_eq!(list(Filter::default(), Some(2), 10).await, [1, 0]);
        let actor = Some(Token::new("account:1").unwrap());
        let by = Filter { actor, ..Filter::default() };
        assert_eq!(list(by.clone(), None, 10).await, [17, 13, 9, 5, 1]);
        let verb = Some(Verb::new("session_create").unwrap());
        assert!(list(Filter { verb, ..by }, None, 10).await.is_empty());
        let object = Some(Token::new("account:7").unwrap());
        assert_eq!(list(Filter { object, ..Filter::default() }, None, 10).await, [7]);
        let newest = log.service.list(&Filter::default(), None, 1).await.unwrap();
        assert_eq!(newest[0].act, Some(act(19)));
    }
}

#[tokio::test]
async fn a_restart_goes_on_and_another_key_is_refused() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[5]).await;
        let Log { db, .. } = log;
        let log = open(db).await;
        assert_eq!(log.service.append(acts(4..6)).await.unwrap(), [4, 5]);
        assert_eq!(verify(&log.file().await).unwrap().checkpoint.size, 6);
        for other in [("melodyud-audit-test", 2), ("melodyud-audit-other", 1)] {
            let folder = tempfile::tempdir().unwrap();
            keys_write(folder.path(), &[SigningKey::new(other.0, [other.1; 32]).unwrap()]);
            let db = engine_sql::Db::clone(&log.db);
            let refused = Service::open(db, keys(folder.path())).await;
            assert!(matches!(refused, Err(Error::KeyForeign { .. })));
        }
        open_beside(&log.db, log.folder.path()).await;
    }
}

/// A tree that does not fit its head must not grow: every later proof would be wrong.
#[tokio::test]
async fn a_damaged_tree_is_not_built_upon() {
    let log = Log::filled(testing::sqlite().await, &[6]).await;
    log.tamper("DELETE FROM audit_node WHERE level = 2").await;
    assert!(matches!(log.service.append(acts([6])).await, Err(Error::Append(_))));
}
