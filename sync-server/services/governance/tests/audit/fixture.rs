//! A log on a database of its own, and acts to put into it.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::Path,
    sync::Arc,
};

use domain::{
    ActId,
    audit::{Act, Reason, RetentionClass, Token, Verb},
};
use engine_sql::testing::TestDb;
use svc_governance::{Fault, KeyFile, Service, SigningKey, Verified, VerifyingKey, verify_file};
use tempfile::TempDir;

pub struct Log {
    pub service: Arc<Service>,
    pub db: TestDb,
    /// With the file of its keys.
    pub folder: TempDir,
}

pub fn key() -> SigningKey {
    key_of(1)
}

/// A key of the log by its seed.
pub fn key_of(seed: u8) -> SigningKey {
    SigningKey::new("melodyud-audit-test", [seed; 32]).unwrap()
}

pub async fn open(db: TestDb) -> Log {
    let folder = tempfile::tempdir().unwrap();
    keys_write(folder.path(), &[key()]);
    Log { service: open_beside(&db, folder.path()).await, db, folder }
}

/// As another process on the same database does.
pub async fn open_beside(db: &TestDb, folder: &Path) -> Arc<Service> {
    let db = engine_sql::Db::open(&db.url).await.unwrap();
    Service::open(db, keys(folder)).await.unwrap()
}

pub fn keys(folder: &Path) -> KeyFile {
    KeyFile::open_or_make(&folder.join("keys")).unwrap()
}

/// What the file of keys is made of.
pub fn keys_write(folder: &Path, keys: &[SigningKey]) {
    let text: String = keys.iter().map(|key| key.secret_text() + "\n").collect();
    let mut options = fs::File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.write(true).create(true).truncate(true).open(folder.join("keys"));
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

/// Act number `n`.
pub fn act(n: u32) -> Act {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    let class = [RetentionClass::Security, RetentionClass::Privacy, RetentionClass::Access];
    Act {
        id: ActId::new(1_700_000_000_000 + u64::from(n), random),
        at_us: 1_700_000_000_000_000 + i64::from(n) * 1_000,
        actor: (n % 4 != 3).then(|| Token::new(format!("account:{}", n % 4)).unwrap()),
        verb: Verb::new(["session_create", "role_grant"][n as usize % 2]).unwrap(),
        object: Token::new(format!("account:{n}")).unwrap(),
        reason: n.is_multiple_of(5).then(|| Reason::new("on \"request\", für Ännie \\").unwrap()),
        class: class[n as usize % 3],
    }
}

pub fn acts(numbers: impl IntoIterator<Item = u32>) -> Vec<Act> {
    numbers.into_iter().map(act).collect()
}

impl Log {
    /// Appends batches of these sizes, acts numbered from 0.
    pub async fn filled(db: TestDb, batches: &[u32]) -> Self {
        let log = open(db).await;
        let mut next = 0;
        for n in batches {
            log.service.append(acts(next..next + n)).await.unwrap();
            next += n;
        }
        log
    }

    pub async fn file(&self) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        self.service.write_file(&mut file).await.unwrap();
        file.into_inner()
    }

    /// Does to the database what no code of ours does.
    pub async fn tamper(&self, sql: &'static str) {
        self.db
            .with_tx(|mut tx| async move {
                engine_sql::sqlx::query(sql).execute(&mut *tx).await?;
                Ok::<_, engine_sql::Error>(())
            })
            .await
            .unwrap();
    }
}

pub fn verify(file: &[u8]) -> Result<Verified, Fault> {
    verify_with(file, &key().verifying())
}

pub fn verify_with(file: &[u8], key: &VerifyingKey) -> Result<Verified, Fault> {
    verify_file(file, key)
}
