//! From the outbox into the log, exactly once.

use std::time::Duration;

use domain::audit::{Act, TOPIC};
use engine_sql::{outbox, testing};
use svc_governance::Filter;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Log, act, acts, open, open_beside, verify};

async fn put(db: &engine_sql::Db, acts: &[Act]) {
    db.with_tx(|mut tx| async move {
        for act in acts {
            let body = serde_json::to_string(act).unwrap();
            outbox::put(&mut tx, TOPIC, &act.id.to_string(), act.at_us, &body).await?;
        }
        Ok::<_, engine_sql::Error>(())
    })
    .await
    .unwrap();
}

async fn n_pending(log: &Log) -> usize {
    outbox::pending(&log.db, TOPIC, 1_000).await.unwrap().len()
}

async fn recorded(log: &Log) -> Vec<Option<Act>> {
    let mut records = log.service.list(&Filter::default(), None, 2_000).await.unwrap();
    records.reverse();
    records.into_iter().map(|record| record.act).collect()
}

#[tokio::test]
async fn acts_move_in_order() {
    for db in testing::databases().await {
        let log = open(db).await;
        let moved = acts(0..1_100);
        put(&log.db, &moved).await;
        assert_eq!(log.service.relay().await.unwrap(), 1_100);
        assert_eq!(n_pending(&log).await, 0);
        assert!(recorded(&log).await.into_iter().map(Option::unwrap).eq(moved));
        assert_eq!(log.service.relay().await.unwrap(), 0);
    }
}

/// The state that a crash between the two leaves: recorded, not settled.
#[tokio::test]
async fn what_was_recorded_before_a_crash_is_not_recorded_again() {
    for db in testing::databases().await {
        let log = open(db).await;
        put(&log.db, &acts(0..10)).await;
        log.service.append(acts(0..6)).await.unwrap();
        log.service.relay().await.unwrap();
        assert_eq!(n_pending(&log).await, 0);
        assert_eq!(recorded(&log).await.len(), 10, "{:?}", log.db.kind());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_of_several_processes_share_the_work() {
    for db in testing::databases().await {
        let log = open(db).await;
        let other = open_beside(&log.db, log.folder.path()).await;
        put(&log.db, &acts(0..600)).await;
        let (a, b) = tokio::join!(log.service.relay(), other.relay());
        a.unwrap();
        b.unwrap();
        assert_eq!(n_pending(&log).await, 0);
        assert_eq!(verify(&log.file().await).unwrap().checkpoint.size, 600);
    }
}

#[tokio::test]
async fn what_is_no_act_holds_up_no_other() {
    let log = open(testing::sqlite().await).await;
    log.db
        .with_tx(|mut tx| async move {
            outbox::put(&mut tx, TOPIC, "0", 1, "{\"verb\":\"Not A Verb\"}").await
        })
        .await
        .unwrap();
    put(&log.db, &acts(0..2)).await;
    assert_eq!(log.service.relay().await.unwrap(), 2);
    assert_eq!(n_pending(&log).await, 0);
    let aside = outbox::pending(&log.db, "audit.unreadable", 10).await.unwrap();
    assert_eq!(aside.len(), 1);
}

async fn until_recorded(log: &Log, n: usize) {
    let waiting = async {
        while recorded(log).await.len() < n {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap();
}

#[tokio::test]
async fn the_loop_survives_failures_moves_acts_and_stops() {
    let log = open(testing::sqlite().await).await;
    put(&log.db, &acts(0..2)).await;
    log.tamper("ALTER TABLE outbox RENAME TO outbox_away").await;
    let stopping = CancellationToken::new();
    let running = tokio::spawn(log.service.clone().run(stopping.clone()));
    // The loop fails as these do, beside it.
    for _ in 0..5 {
        log.service.relay().await.unwrap_err();
    }
    log.tamper("ALTER TABLE outbox_away RENAME TO outbox").await;
    until_recorded(&log, 2).await;
    put(&log.db, &[act(2)]).await;
    log.service.wake();
    until_recorded(&log, 3).await;
    stopping.cancel();
    tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_relay_that_is_cut_off_anywhere_is_made_good_by_the_next() {
    for db in testing::databases().await {
        let log = open(db).await;
        for round in 0..60 {
            put(&log.db, &acts(round * 5..round * 5 + 5)).await;
            let service = log.service.clone();
            let relay = tokio::spawn(async move { service.relay().await });
            for _ in 0..round {
                tokio::task::yield_now().await;
                tokio::time::sleep(Duration::from_micros(50)).await;
            }
            relay.abort();
            // Ended or cut off.
            drop(relay.await);
        }
        log.service.relay().await.unwrap();
        assert_eq!(n_pending(&log).await, 0);
        let recorded = recorded(&log).await.into_iter().map(Option::unwrap);
        assert!(recorded.eq(acts(0..300)), "{:?}", log.db.kind());
        assert_eq!(verify(&log.file().await).unwrap().checkpoint.size, 300);
    }
}
