//! Fresh databases of every kind, for tests: SQLite in a folder of its own, and a database of
//! its own on a real PostgreSQL that is started once per test process.

mod postgres;

use std::ops::Deref;

use crate::Db;

/// A database that only this test uses; its files go when it is dropped.
pub struct TestDb {
    db: Db,
    /// How to open it a second time, as another process would.
    pub url: String,
    /// SQLite's folder.
    _folder: Option<tempfile::TempDir>,
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

/// One empty database of each kind. Store tests run over all of them:
///
/// ```no_run
/// # async fn example() {
/// for db in engine_sql::testing::databases().await {
///     db.migrate("catalog", &[]).await.unwrap();
/// }
/// # }
/// ```
pub async fn databases() -> Vec<TestDb> {
    vec![sqlite().await, postgres().await]
}

/// An empty SQLite database.
pub async fn sqlite() -> TestDb {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
    let db = Db::open(&url).await.expect("a new SQLite database opens");
    TestDb { db, url, _folder: Some(folder) }
}

/// An empty database on PostgreSQL.
pub async fn postgres() -> TestDb {
    let url = postgres::create_database().await;
    let db = Db::open(&url).await.expect("a new PostgreSQL database opens");
    TestDb { db, url, _folder: None }
}
