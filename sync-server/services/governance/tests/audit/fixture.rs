//! A log on a database of its own, and acts to put into it.

use std::{io::Cursor, sync::Arc};

use domain::{
    ActId,
    audit::{Act, Reason, RetentionClass, Token, Verb},
};
use engine_sql::testing::TestDb;
use svc_governance::{Fault, Service, SigningKey, Verified, VerifyingKey, verify_file};

pub struct Log {
    pub service: Arc<Service>,
    pub db: TestDb,
}

pub fn key() -> SigningKey {
    SigningKey::new("melodyud-audit-test", [1; 32]).unwrap()
}

pub async fn open(db: TestDb) -> Log {
    Log { service: open_beside(&db).await, db }
}

/// As another process on the same database does.
pub async fn open_beside(db: &TestDb) -> Arc<Service> {
    let db = engine_sql::Db::open(&db.url).await.unwrap();
    Service::open(db, key()).await.unwrap()
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
