//! What tables hold about persons, on each engine.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use domain::{
    AccountId,
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{
    Db, Error, Step, acts, outbox,
    subject::{self, Page},
    testing,
};
use serde_json::json;

const STEPS: &[Step] = &[
    (
        1,
        "letter",
        "CREATE TABLE letter (
            account_id TEXT NOT NULL,
            position BIGINT NOT NULL,
            share DOUBLE PRECISION,
            body BYTEA,
            secret_hash TEXT,
            written_to TEXT NOT NULL,
            PRIMARY KEY (account_id, position))",
    ),
    (2, "kept", "CREATE TABLE kept (actor TEXT, account_id TEXT)"),
];

const LETTERS: Holding = Holding {
    table: "letter",
    keys: &[Key::Id("account_id"), Key::Token("written_to")],
    what: "Letters",
    why: "To be read",
    kept: "For good",
    secret: &["secret_hash"],
    on_erasure: OnErasure::Delete,
};

const KEPT: Holding = Holding {
    table: "kept",
    keys: &[Key::Token("actor")],
    on_erasure: OnErasure::Keep { why: "A test" },
    ..LETTERS
};

const ALL: Page = Page { offset: 0, limit: 100 };

#[tokio::test]
async fn rows_about_a_person_are_found_by_each_key_and_come_without_secrets() {
    for db in testing::databases().await {
        let [ann, bob] = people();
        letters(&db, ann, bob).await;
        let found = subject::rows(&db, &LETTERS, ann, ALL).await.unwrap();
        let expected = json!([
            { "account_id": ann, "position": 1, "share": 0.5, "body": "AP8=",
              "written_to": "account:x" },
            { "account_id": ann, "position": 2, "share": null, "body": null,
              "written_to": "account:x" },
            { "account_id": bob, "position": 1, "share": null, "body": null,
              "written_to": format!("account:{ann}") },
        ]);
        assert_eq!(serde_json::to_value(found).unwrap(), expected, "{:?}", db.kind());
        assert_eq!(subject::n_rows(&db, &LETTERS, ann).await.unwrap(), 3);
        assert_eq!(subject::n_rows(&db, &LETTERS, bob).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn pages_are_the_whole_once() {
    for db in testing::databases().await {
        let [ann, bob] = people();
        letters(&db, ann, bob).await;
        let mut paged = Vec::new();
        for offset in 0..4 {
            let page = Page { offset, limit: 1 };
            paged.extend(subject::rows(&db, &LETTERS, ann, page).await.unwrap());
        }
        assert_eq!(paged, subject::rows(&db, &LETTERS, ann, ALL).await.unwrap());
    }
}

#[tokio::test]
async fn deleting_takes_what_is_about_the_person_and_nothing_else() {
    for db in testing::databases().await {
        let [ann, bob] = people();
        letters(&db, ann, bob).await;
        for n in [3, 0] {
            let deleted = delete(&db, &LETTERS, ann).await;
            assert_eq!(deleted, n, "{:?}: doing it again is no error", db.kind());
        }
        assert_eq!(subject::n_rows(&db, &LETTERS, ann).await.unwrap(), 0);
        assert_eq!(subject::n_rows(&db, &LETTERS, bob).await.unwrap(), 1);
        assert_eq!(delete(&db, &KEPT, ann).await, 0);
        assert_eq!(subject::n_rows(&db, &KEPT, ann).await.unwrap(), 1, "it is to stay");
    }
}

#[tokio::test]
async fn what_waits_about_a_person_is_found_and_acts_stay() {
    for db in testing::databases().await {
        outbox::migrate(&db).await.unwrap();
        let [ann, bob] = people();
        let to_ann = &json!({ "kind": "verify", "account": ann }).to_string();
        let to_bob = &json!({ "kind": "verify", "account": bob }).to_string();
        let act = &acts::By::account(ann, 1).access("session_create", acts::account(ann));
        db.with_tx(|mut tx| async move {
            outbox::put(&mut tx, "mail", "1", 7, to_ann).await?;
            outbox::put(&mut tx, "mail", "2", 7, to_bob).await?;
            acts::put(&mut tx, act).await
        })
        .await
        .unwrap();
        let waiting = subject::waiting(&db, ann).await.unwrap();
        let expected = json!([{ "topic": "mail", "message_id": "1", "at_us": 7, "body": to_ann }]);
        assert_eq!(serde_json::to_value(waiting).unwrap(), expected);
        db.with_tx(|mut tx| async move { subject::waiting_delete(&mut tx, ann).await })
            .await
            .unwrap();
        assert!(subject::waiting(&db, ann).await.unwrap().is_empty());
        assert_eq!(subject::waiting(&db, bob).await.unwrap().len(), 1);
        let acts = outbox::pending(&db, domain::audit::TOPIC, 9).await.unwrap();
        assert_eq!(acts.len(), 1, "{:?}", db.kind());
    }
}

#[tokio::test]
async fn tables_are_listed_with_their_columns() {
    for db in testing::databases().await {
        db.migrate("letters", STEPS).await.unwrap();
        let tables = subject::tables(&db).await.unwrap();
        for column in ["account_id", "position", "share", "body", "secret_hash", "written_to"] {
            let found = ("letter".to_owned(), column.to_owned());
            assert!(tables.contains(&found), "{:?}: {column} in {tables:?}", db.kind());
        }
        let others: Vec<_> =
            tables.iter().filter(|(table, _)| table.starts_with("sqlite_")).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

/// What was deleted is in no file, once the log is cut off.
#[tokio::test]
async fn nothing_of_a_deleted_row_is_left_in_the_files() {
    let db = testing::sqlite().await;
    let [ann, bob] = people();
    letters(&db, ann, bob).await;
    let planted = "a planted string that nothing else holds";
    db.with_tx(|mut tx| async move {
        sqlx::query("UPDATE letter SET written_to = $2 WHERE account_id = $1")
            .bind(ann.to_string())
            .bind(planted)
            .execute(&mut *tx)
            .await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert!(holds(&db.url, planted), "the test sees what is there");
    delete(&db, &LETTERS, ann).await;
    assert!(holds(&db.url, planted), "the log still has it");
    // A reader that has come to its end does not stand in the way.
    subject::n_rows(&db, &LETTERS, bob).await.unwrap();
    db.forget().await.unwrap();
    assert!(!holds(&db.url, planted));
}

/// Rows that grew split pages, and a split page keeps pieces of what left it.
#[tokio::test]
async fn nothing_is_left_in_pages_that_were_split() {
    const N_PEOPLE: u64 = 2_000;
    let db = testing::sqlite().await;
    db.migrate("letters", STEPS).await.unwrap();
    let index: &[Step] = &[(1, "by text", "CREATE INDEX letter_by_text ON letter (written_to)")];
    db.migrate("index", index).await.unwrap();
    let person = |n: u64| AccountId::new(n, [1; 10]);
    // Spread over the index, and the same in every run.
    let text = |n: u64, len: u64| {
        let mixed = (n + len * 7_919).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{mixed:016x} planted {n:05} {}", "y".repeat(usize::try_from(len).unwrap()))
    };
    for batch in 0..6 {
        db.with_tx(|mut tx| async move {
            for n in 0..N_PEOPLE {
                sqlx::query(
                    "INSERT INTO letter (account_id, position, written_to) VALUES ($1, 1, $2)
                     ON CONFLICT (account_id, position)
                     DO UPDATE SET written_to = excluded.written_to",
                )
                .bind(person(n).to_string())
                .bind(text(n, 5 + (n * 31 + batch * 97) % (80 + batch * 60)))
                .execute(&mut *tx)
                .await?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    }
    let gone = || (50..N_PEOPLE).step_by(20);
    for n in gone() {
        assert_eq!(delete(&db, &LETTERS, person(n)).await, 1);
    }
    db.forget().await.unwrap();
    assert!(holds(&db.url, "planted 00001 "), "others are there");
    let left: Vec<u64> = gone().filter(|n| holds(&db.url, &format!("planted {n:05} "))).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn people() -> [AccountId; 2] {
    [AccountId::new(1, [1; 10]), AccountId::new(2, [2; 10])]
}

async fn letters(db: &Db, ann: AccountId, bob: AccountId) {
    db.migrate("letters", STEPS).await.unwrap();
    let to_ann = acts::account(ann).to_string();
    let rows = &[
        (ann, 2, None, None, "account:x".to_owned()),
        (ann, 1, Some(0.5), Some(vec![0_u8, 255]), "account:x".to_owned()),
        (bob, 1, None, None, to_ann.clone()),
        (bob, 2, None, None, "account:x".to_owned()),
    ];
    let to_ann = &to_ann;
    db.with_tx(|mut tx| async move {
        for (account, position, share, body, written_to) in rows {
            sqlx::query(
                "INSERT INTO letter (account_id, position, share, body, secret_hash, written_to)
                 VALUES ($1, $2, $3, $4, 'h', $5)",
            )
            .bind(account.to_string())
            .bind(i64::from(*position))
            .bind(*share)
            .bind(body.clone())
            .bind(written_to.clone())
            // PostgreSQL would keep the types of the first row, which are unknown where it has null.
            .persistent(false)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query("INSERT INTO kept (actor, account_id) VALUES ($1, 'x')")
            .bind(to_ann.clone())
            .execute(&mut *tx)
            .await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

async fn delete(db: &Db, holding: &'static Holding, account: AccountId) -> u64 {
    db.with_tx(|mut tx| async move { subject::delete(&mut tx, holding, account).await })
        .await
        .unwrap()
}

/// Whether the database's file or its log hold the text.
fn holds(url: &str, text: &str) -> bool {
    let file = url.strip_prefix("sqlite://").unwrap().split('?').next().unwrap();
    [file.to_owned(), format!("{file}-wal")].iter().any(|file| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}
