//! The vault over every kind of database.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::audit::Token;
use engine_sql::{
    Db,
    sqlx::{self, Executor as _},
    testing,
};
use svc_governance::{Error, FileMasterKeys, Vault};
use tempfile::TempDir;

struct Stand {
    vault: Vault,
    db: testing::TestDb,
    folder: TempDir,
}

impl Stand {
    async fn start(db: testing::TestDb) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = open(&db, &folder.path().join("vault-key")).await.unwrap();
        Self { vault, db, folder }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("vault-key")
    }

    /// Another process on the same database and keys.
    async fn other(&self) -> Vault {
        open(&self.db, &self.keys()).await.unwrap()
    }

    async fn run(&self, sql: &'static str) {
        self.db
            .with_tx(|mut tx| async move {
                tx.execute(sql).await?;
                Ok::<_, engine_sql::Error>(())
            })
            .await
            .unwrap();
    }
}

async fn open(db: &Db, keys: &Path) -> Result<Vault, Error> {
    Vault::open(db.clone(), Arc::new(FileMasterKeys::open_or_make(keys)?)).await
}

fn subject(name: impl std::fmt::Display) -> Token {
    Token::new(format!("account:{name}")).unwrap()
}

#[tokio::test]
async fn what_is_put_is_got_until_it_is_deleted() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (vault, ann, bob) = (&stand.vault, subject("ann"), subject("bob"));
        assert_eq!(vault.get(&ann, "totp").await.unwrap(), None);
        vault.put(&ann, "totp", b"one").await.unwrap();
        vault.put(&ann, "totp", b"two").await.unwrap();
        vault.put(&bob, "totp", b"").await.unwrap();
        assert_eq!(stand.other().await.get(&ann, "totp").await.unwrap().unwrap(), b"two");
        assert_eq!(vault.get(&bob, "totp").await.unwrap().unwrap(), b"");
        vault.delete(&ann, "totp").await.unwrap();
        vault.delete(&ann, "totp").await.unwrap();
        assert_eq!(vault.get(&ann, "totp").await.unwrap(), None);
        for (field, bytes) in
            [("", vec![]), ("Totp", vec![]), ("a b", vec![]), ("big", vec![0; 64 * 1024 + 1])]
        {
            let refused = vault.put(&ann, field, &bytes).await;
            assert!(matches!(refused, Err(Error::Field { .. })), "{field}");
        }
    }
}

/// Rows that somebody moves in the database do not open in their new place.
#[tokio::test]
async fn moved_rows_do_not_open() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (vault, ann, bob) = (&stand.vault, subject("ann"), subject("bob"));
        vault.put(&ann, "totp", b"of ann").await.unwrap();
        vault.put(&bob, "totp", b"of bob").await.unwrap();
        vault.put(&bob, "other", b"something else").await.unwrap();
        stand
            .run(
                "UPDATE vault_field SET sealed =
                     (SELECT f.sealed FROM vault_field f
                      WHERE f.subject = 'account:ann' AND f.field = 'totp')
                 WHERE subject = 'account:bob' AND field = 'totp'",
            )
            .await;
        assert!(vault.get(&bob, "totp").await.is_err(), "sealed for ann");
        stand
            .run(
                "UPDATE vault_field SET sealed =
                     (SELECT f.sealed FROM vault_field f
                      WHERE f.subject = 'account:bob' AND f.field = 'other')
                 WHERE subject = 'account:bob' AND field = 'totp'",
            )
            .await;
        assert!(vault.get(&bob, "totp").await.is_err(), "sealed as another field");
        stand
            .run(
                "UPDATE vault_key SET wrapped =
                     (SELECT k.wrapped FROM vault_key k WHERE k.subject = 'account:ann')
                 WHERE subject = 'account:bob'",
            )
            .await;
        assert!(vault.get(&bob, "other").await.is_err(), "the key of ann");
        assert_eq!(vault.get(&ann, "totp").await.unwrap().unwrap(), b"of ann");
    }
}

#[tokio::test]
async fn keys_rotate_while_others_read_and_write() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        // More than one batch.
        let n_subjects = 600_usize;
        for n in 0..n_subjects {
            stand.vault.put(&subject(n), "f", &n.to_be_bytes()).await.unwrap();
        }
        let other = stand.other().await;
        let (rotated, ()) = tokio::join!(other.rotate(), async {
            for n in (0..n_subjects).step_by(30) {
                stand.vault.put(&subject(n), "g", b"meanwhile").await.unwrap();
                let got = stand.vault.get(&subject(n), "f").await.unwrap().unwrap();
                assert_eq!(got, n.to_be_bytes());
            }
        });
        // And the key of lookups.
        assert_eq!(rotated.unwrap(), n_subjects as u64 + 1);
        // Who knew only the old key wraps with the new one by now.
        stand.vault.put(&subject("late"), "f", b"late").await.unwrap();
        for vault in [&stand.vault, &other, &stand.other().await] {
            for n in (0..n_subjects).step_by(60) {
                assert_eq!(vault.get(&subject(n), "f").await.unwrap().unwrap(), n.to_be_bytes());
                assert_eq!(vault.get(&subject(n), "g").await.unwrap().unwrap(), b"meanwhile");
            }
        }
        let (n_keys,): (i64,) = sqlx::query_as("SELECT COUNT(DISTINCT master_id) FROM vault_key")
            .fetch_one(stand.db.read())
            .await
            .unwrap();
        assert_eq!(n_keys, 1, "of the old master key nothing hangs any more");
    }
}

#[tokio::test]
async fn another_master_key_opens_nothing_and_says_so() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.vault.put(&subject("ann"), "f", b"x").await.unwrap();
    fs::remove_file(stand.keys()).unwrap();
    let failed = open(&stand.db, &stand.keys()).await;
    assert!(matches!(failed, Err(Error::MasterKeyMissing { .. })), "{failed:?}");
}

#[tokio::test]
async fn two_who_make_the_first_key_of_a_subject_agree() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (other, ann) = (stand.other().await, subject("ann"));
        let (a, b) = tokio::join!(stand.vault.put(&ann, "a", b"1"), other.put(&ann, "b", b"2"));
        a.unwrap();
        b.unwrap();
        assert_eq!(other.get(&ann, "a").await.unwrap().unwrap(), b"1");
        assert_eq!(stand.vault.get(&ann, "b").await.unwrap().unwrap(), b"2");
    }
}

#[tokio::test]
async fn shredding_ends_what_was_sealed_even_in_copies_of_rows() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (vault, ann, bob) = (&stand.vault, subject("ann"), subject("bob"));
        for (of, field) in [(&ann, "email"), (&ann, "totp"), (&bob, "email")] {
            vault.put(of, field, b"secret").await.unwrap();
        }
        assert_eq!(vault.fields(&ann).await.unwrap(), ["email", "totp"]);
        // A backup of the fields, without the keys.
        stand.run("CREATE TABLE backup AS SELECT * FROM vault_field").await;
        for _ in 0..2 {
            vault.shred(&ann).await.unwrap();
        }
        assert!(vault.fields(&ann).await.unwrap().is_empty());
        assert_eq!(vault.get(&bob, "email").await.unwrap().unwrap(), b"secret");
        // Coming back, the subject has another key: what was sealed before does not open.
        vault.put(&ann, "email", b"new").await.unwrap();
        stand.run("DELETE FROM vault_field WHERE subject = 'account:ann'").await;
        let restore = "INSERT INTO vault_field SELECT * FROM backup WHERE subject = 'account:ann'";
        stand.run(restore).await;
        assert!(matches!(vault.get(&ann, "email").await, Err(Error::Stored { .. })));
    }
}

#[tokio::test]
async fn subjects_of_a_kind_are_listed_in_order() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        for name in ["c", "a", "b"] {
            stand.vault.put(&subject(name), "x", b"").await.unwrap();
        }
        let other = Token::new("accounts:z").unwrap();
        stand.vault.put(&other, "x", b"").await.unwrap();
        let first = stand.vault.subjects_after(&subject("0"), 2).await.unwrap();
        assert_eq!(first, [subject("a"), subject("b")]);
        let rest = stand.vault.subjects_after(&first[1], 2).await.unwrap();
        assert_eq!(rest, [subject("c")]);
        assert!(stand.vault.subjects_after(&rest[0], 2).await.unwrap().is_empty());
    }
}
