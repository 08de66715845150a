//! What every engine behind the SQL port must do, run on each of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use engine_sql::{Db, Error, Step, bulk, testing};
use sqlx::Row as _;

const STEPS: &[Step] = &[
    (
        1,
        "note",
        "CREATE TABLE note (
            id TEXT NOT NULL PRIMARY KEY,
            n BIGINT NOT NULL,
            share DOUBLE PRECISION,
            body BYTEA,
            title TEXT)",
    ),
    (2, "note by n", "CREATE INDEX note_by_n ON note (n, id)"),
];

/// As SQLite does where the disk is full.
#[tokio::test]
async fn a_transaction_that_the_database_ended_harms_no_later_one() {
    for db in testing::databases().await {
        let ended = db
            .with_tx(|mut tx| async move {
                sqlx::query("ROLLBACK").execute(&mut *tx).await?;
                sqlx::query("SELECT n FROM missing").execute(&mut *tx).await?;
                Ok::<_, Error>(())
            })
            .await;
        assert!(ended.is_err());
        db.migrate("notes", STEPS).await.unwrap();
        db.with_tx(|mut tx| async move {
            sqlx::query("INSERT INTO note (id, n) VALUES ('a', 1)").execute(&mut *tx).await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap_or_else(|error| panic!("{:?}: {error:?}", db.kind()));
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.db");
    std::fs::write(&file, vec![b'x'; 5_000]).unwrap();
    let started = std::time::Instant::now();
    let error = Db::open(&format!("sqlite://{}?mode=rwc", file.display())).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
}

#[tokio::test]
async fn every_column_type_survives_a_round_trip() {
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        let bytes = &vec![0_u8, 255, 39, 0];
        db.with_tx(|mut tx| async move {
            sqlx::query("INSERT INTO note (id, n, share, body, title) VALUES ($1, $2, $3, $4, $5)")
                .bind("a")
                .bind(i64::MIN)
                .bind(0.1_f64)
                .bind(bytes.clone())
                .bind("Ünïcode ' \" ; --")
                .execute(&mut *tx)
                .await?;
            sqlx::query("INSERT INTO note (id, n, share, body, title) VALUES ($1, $2, $3, $4, $5)")
                .bind("b")
                .bind(2_i64)
                .bind(None::<f64>)
                .bind(None::<Vec<u8>>)
                .bind(None::<String>)
                .execute(&mut *tx)
                .await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();

        let rows = sqlx::query("SELECT id, n, share, body, title FROM note ORDER BY id")
            .fetch_all(db.read())
            .await
            .unwrap();
        assert_eq!(rows[0].get::<i64, _>("n"), i64::MIN, "{:?}", db.kind());
        assert!((rows[0].get::<f64, _>("share") - 0.1).abs() < f64::EPSILON);
        assert_eq!(&rows[0].get::<Vec<u8>, _>("body"), bytes);
        assert_eq!(rows[0].get::<String, _>("title"), "Ünïcode ' \" ; --");
        assert_eq!(rows[1].get::<Option<f64>, _>("share"), None);
        assert_eq!(rows[1].get::<Option<Vec<u8>>, _>("body"), None);
        assert_eq!(rows[1].get::<Option<String>, _>("title"), None);
    }
}

#[tokio::test]
async fn the_common_sql_text_holds() {
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        for (id, n) in [("a", 1_i64), ("b", 2), ("a", 5)] {
            let now: i64 = db
                .with_tx(|mut tx| async move {
                    sqlx::query_scalar(
                        "INSERT INTO note (id, n) VALUES ($1, $2)
                         ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING n",
                    )
                    .bind(id)
                    .bind(n)
                    .fetch_one(&mut *tx)
                    .await
                    .map_err(Error::from)
                })
                .await
                .unwrap();
            assert_eq!(now, n);
        }
        let (sum, known): (i64, i64) = sqlx::query_as(
            "WITH chosen AS (SELECT n FROM note WHERE n > $1)
             SELECT CAST(SUM(n) AS BIGINT),
                    CAST(CASE WHEN EXISTS(SELECT 1 FROM note WHERE id = $2)
                         THEN 1 ELSE 0 END AS BIGINT)
             FROM chosen",
        )
        .bind(0_i64)
        .bind("b")
        .fetch_one(db.read())
        .await
        .unwrap();
        assert_eq!((sum, known), (7, 1), "{:?}", db.kind());
    }
}

/// More rows than one statement takes, with a rest; in few statements.
#[tokio::test]
async fn many_rows_are_read_and_changed_by_few_statements() {
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        let changes: Vec<(String, i64, Option<String>)> =
            (0..300).map(|n| (format!("{n:03}"), n, (n % 2 == 0).then(|| n.to_string()))).collect();
        let changes = &changes;
        let read = db.with_tx(|mut tx| async move {
            for (id, ..) in changes {
                insert(&mut tx, id, 0).await?;
            }
            let sql = "UPDATE note SET n = v.column2, title = v.column3
                       FROM (VALUES {rows}) AS v WHERE note.id = v.column1";
            bulk::execute_rows(&mut tx, sql, &changes[..200], 3, |values, (id, n, title)| {
                values.add(id.clone()).add(*n).add(title.clone());
            })
            .await?;
            let sql = "SELECT note.id, note.n, note.title FROM (VALUES {rows}) AS v
                       JOIN note ON note.id = v.column1 AND note.n = v.column2";
            let bind = |values: &mut bulk::Values, (id, n, _): &(String, i64, Option<String>)| {
                values.add(id.clone()).add(*n);
            };
            let mut read = bulk::fetch_rows(&mut tx, sql, changes, 2, bind).await?;
            assert!(bulk::fetch_rows(&mut tx, sql, &[], 2, bind).await?.is_empty());
            let keys = changes.iter().map(|(id, ..)| id).chain([&changes[0].0]);
            let sql = "SELECT id FROM note WHERE id IN ({list})";
            assert_eq!(
                bulk::fetch_by(&mut tx, sql, keys).await?.len(),
                301,
                "by few keys at a time"
            );
            read.sort_by_key(|row| row.get::<String, _>(0));
            Ok::<_, Error>(read)
        });
        let read = read.await.unwrap();
        let row = |row: &sqlx::any::AnyRow| (row.get(0), row.get(1), row.get(2));
        // The rest kept its number, which is that of the first alone.
        assert_eq!(read.iter().map(row).collect::<Vec<_>>(), changes[..200]);
    }
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing() {
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        let failed = db
            .with_tx(|mut tx| async move {
                insert(&mut tx, "a", 1).await?;
                // The same key again.
                insert(&mut tx, "a", 2).await
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(count(&db).await, 0, "{:?}", db.kind());
    }
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_and_blocks_nobody() {
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        let started = Arc::new(tokio::sync::Notify::new());
        let abandoned = tokio::spawn({
            let (db, started) = (Db::clone(&db), started.clone());
            async move {
                let started = &started;
                db.with_tx(|mut tx| async move {
                    insert(&mut tx, "a", 1).await?;
                    started.notify_one();
                    std::future::pending::<Result<(), Error>>().await
                })
                .await
            }
        });
        started.notified().await;
        abandoned.abort();
        db.with_tx(|mut tx| async move { insert(&mut tx, "b", 2).await }).await.unwrap();
        assert_eq!(count(&db).await, 1, "{:?}", db.kind());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_meet_run_again_and_lose_nothing() {
    const N_WRITERS: i64 = 8;
    const N_ROUNDS: i64 = 5;
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        // A second handle, as another process on the same database has.
        let other = Db::open(&db.url).await.unwrap();
        db.with_tx(|mut tx| async move { insert(&mut tx, "counter", 0).await }).await.unwrap();
        let n_runs = Arc::new(AtomicU32::new(0));
        let writers: Vec<_> = (0..N_WRITERS)
            .map(|writer| {
                let db = if writer % 2 == 0 { Db::clone(&db) } else { other.clone() };
                let n_runs = n_runs.clone();
                tokio::spawn(async move {
                    for _ in 0..N_ROUNDS {
                        add_one(&db, &n_runs).await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let n: i64 = sqlx::query_scalar("SELECT n FROM note WHERE id = 'counter'")
            .fetch_one(db.read())
            .await
            .unwrap();
        assert_eq!(n, N_WRITERS * N_ROUNDS, "{:?}", db.kind());
        assert!(i64::from(n_runs.load(Ordering::Relaxed)) >= n);
    }
}

#[tokio::test]
async fn readers_go_on_while_a_writer_works() {
    for db in &testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        let seen = db
            .with_tx(|mut tx| async move {
                insert(&mut tx, "a", 1).await?;
                Ok::<_, Error>(count(db).await)
            })
            .await
            .unwrap();
        assert_eq!(seen, 0, "{:?}: an uncommitted row was seen", db.kind());
        assert_eq!(count(db).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_migrate_once() {
    for db in testing::databases().await {
        let mut starting = Vec::new();
        for _ in 0..4 {
            let db = Db::open(&db.url).await.unwrap();
            starting.push(tokio::spawn(async move { db.migrate("notes", STEPS).await }));
        }
        for process in starting {
            process.await.unwrap().unwrap();
        }
        let n: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM schema_step")
            .fetch_one(db.read())
            .await
            .unwrap();
        assert_eq!(n, 2, "{:?}", db.kind());
        db.migrate("notes", STEPS).await.unwrap();
    }
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        let Err(error) = db.migrate("notes", &STEPS[..1]).await else {
            panic!("{:?}: newer tables were opened", db.kind());
        };
        assert!(matches!(error, Error::Newer { found: 2, known: 1, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_changed_step_is_refused_but_its_layout_is_free() {
    for db in testing::databases().await {
        let first: &[Step] = &[(1, "a", "CREATE TABLE a (id TEXT NOT NULL)")];
        let laid_out: &[Step] = &[(1, "a", "CREATE TABLE a\n    (id TEXT NOT NULL)")];
        let changed: &[Step] = &[(1, "a", "CREATE TABLE a (id BIGINT NOT NULL)")];
        db.migrate("a", first).await.unwrap();
        db.migrate("a", laid_out).await.unwrap();
        assert!(matches!(db.migrate("a", changed).await, Err(Error::Changed { version: 1, .. })));
    }
}

#[tokio::test]
async fn a_broken_step_is_named_and_leaves_nothing() {
    for db in testing::databases().await {
        let broken: &[Step] = &[STEPS[0], (2, "broken", "CREATE TABLE (")];
        let error = db.migrate("notes", broken).await.unwrap_err();
        assert!(matches!(error, Error::Step { version: 2, name: "broken", .. }), "{error}");
        // Mended, it goes on where it stopped.
        db.migrate("notes", STEPS).await.unwrap();
        assert_eq!(count(&db).await, 0);
    }
}

#[tokio::test]
async fn namespaces_are_apart_and_numbered_without_gaps() {
    for db in testing::databases().await {
        db.migrate("notes", STEPS).await.unwrap();
        db.migrate("other", &[(1, "b", "CREATE TABLE b (id TEXT NOT NULL)")]).await.unwrap();
        let gap = db.migrate("gap", &[(2, "c", "CREATE TABLE c (id TEXT NOT NULL)")]).await;
        assert!(matches!(gap, Err(Error::Numbering { .. })));
    }
}

#[tokio::test]
async fn a_file_outlives_its_handle() {
    let db = testing::sqlite().await;
    db.migrate("notes", STEPS).await.unwrap();
    db.with_tx(|mut tx| async move { insert(&mut tx, "a", 1).await }).await.unwrap();
    db.close().await;
    assert_eq!(count(&Db::open(&db.url).await.unwrap()).await, 1);
}

async fn insert(tx: &mut sqlx::AnyConnection, id: &str, n: i64) -> Result<(), Error> {
    sqlx::query("INSERT INTO note (id, n) VALUES ($1, $2)")
        .bind(id.to_owned())
        .bind(n)
        .execute(tx)
        .await?;
    Ok(())
}

async fn count(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM note").fetch_one(db.read()).await.unwrap()
}

/// Reads, yields, writes: what loses updates where transactions are not serialised.
async fn add_one(db: &Db, n_runs: &AtomicU32) {
    db.with_tx(|mut tx| async move {
        n_runs.fetch_add(1, Ordering::Relaxed);
        let n: i64 = sqlx::query_scalar("SELECT n FROM note WHERE id = 'counter'")
            .fetch_one(&mut *tx)
            .await?;
        tokio::task::yield_now().await;
        sqlx::query("UPDATE note SET n = $1 WHERE id = 'counter'")
            .bind(n + 1)
            .execute(&mut *tx)
            .await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}
