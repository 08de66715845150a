//! The outbox, on every kind of database.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use engine_sql::{Db, Error, outbox, testing};

async fn put(db: &Db, topic: &str, ids: &[String]) {
    db.with_tx(|mut tx| async move {
        for (id, at_us) in ids.iter().zip(0..) {
            outbox::put(&mut tx, topic, id, at_us, &format!("body of {id}")).await?;
        }
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

async fn pending(db: &Db, topic: &str, limit: u32) -> Vec<String> {
    let messages = outbox::pending(db, topic, limit).await.unwrap();
    messages.into_iter().map(|message| message.id).collect()
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("{n:05}")).collect()
}

#[tokio::test]
async fn messages_wait_in_order_until_they_are_settled() {
    for db in testing::databases().await {
        outbox::migrate(&db).await.unwrap();
        outbox::migrate(&db).await.unwrap();
        put(&db, "audit", &ids([3, 1, 2])).await;
        put(&db, "plays", &ids([1])).await;
        assert_eq!(pending(&db, "audit", 2).await, ids([1, 2]), "{:?}", db.kind());
        let first = outbox::pending(&db, "audit", 1).await.unwrap().remove(0);
        assert_eq!((first.at_us, first.body.as_str()), (1, "body of 00001"));

        outbox::settle(&db, "audit", &ids([1, 3, 9])).await.unwrap();
        outbox::settle::<String>(&db, "audit", &[]).await.unwrap();
        assert_eq!(pending(&db, "audit", 10).await, ids([2]));
        assert_eq!(pending(&db, "plays", 10).await, ids([1]), "topics are apart");
    }
}

#[tokio::test]
async fn a_change_that_failed_has_nothing_to_tell() {
    for db in testing::databases().await {
        outbox::migrate(&db).await.unwrap();
        let failed = db
            .with_tx(|mut tx| async move {
                outbox::put(&mut tx, "audit", "1", 1, "{}").await?;
                Err::<(), _>(Error::Kept)
            })
            .await;
        assert!(failed.is_err());
        assert!(pending(&db, "audit", 10).await.is_empty(), "{:?}", db.kind());
    }
}

#[tokio::test]
async fn a_message_is_put_once_and_keeps_its_first_body() {
    for db in testing::databases().await {
        outbox::migrate(&db).await.unwrap();
        for body in ["first", "second"] {
            db.with_tx(|mut tx| async move { outbox::put(&mut tx, "audit", "1", 1, body).await })
                .await
                .unwrap();
        }
        let messages = outbox::pending(&db, "audit", 10).await.unwrap();
        assert_eq!(messages.len(), 1, "{:?}", db.kind());
        assert_eq!(messages[0].body, "first");
    }
}

#[tokio::test]
async fn many_are_settled_within_the_bound_of_parameters() {
    for db in testing::databases().await {
        outbox::migrate(&db).await.unwrap();
        put(&db, "audit", &ids(0..1_200)).await;
        let most = pending(&db, "audit", u32::MAX).await;
        assert_eq!(most.len(), outbox::PENDING_MAX as usize, "{:?}", db.kind());
        outbox::settle(&db, "audit", &most).await.unwrap();
        assert_eq!(pending(&db, "audit", u32::MAX).await, ids(1_000..1_200));
    }
}

#[tokio::test]
async fn what_nobody_can_read_is_set_aside() {
    for db in testing::databases().await {
        outbox::migrate(&db).await.unwrap();
        put(&db, "audit", &ids([1, 2])).await;
        let first = outbox::pending(&db, "audit", 1).await.unwrap().remove(0);
        outbox::set_aside(&db, "audit", &first).await.unwrap();
        assert_eq!(pending(&db, "audit", 10).await, ids([2]), "{:?}", db.kind());
        assert_eq!(outbox::pending(&db, "audit.unreadable", 10).await.unwrap(), [first]);
    }
}
