//! Forgetting: who has a key, and its end.

use domain::audit::Token;
use engine_sql::sqlx;

use super::Vault;
use crate::Error;

impl Vault {
    /// Destroys the key of a subject with all that was sealed under it: what copies there are open
    /// no more. What is not there is no error.
    pub async fn shred(&self, subject: &Token) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                for sql in [
                    "DELETE FROM vault_field WHERE subject = $1",
                    "DELETE FROM vault_key WHERE subject = $1",
                ] {
                    sqlx::query(sql).bind(subject.to_string()).execute(&mut *tx).await?;
                }
                Ok(())
            })
            .await
    }

    /// Subjects behind this one, of the same kind (`account:..`), that have a key, in the order of
    /// their tokens.
    pub async fn subjects_after(&self, after: &Token, limit: u32) -> Result<Vec<Token>, Error> {
        let kind = after.as_str().split(':').next().unwrap_or_default();
        let subjects: Vec<String> = sqlx::query_scalar(
            "SELECT subject FROM vault_key WHERE subject > $1 AND subject LIKE $2
             ORDER BY subject LIMIT $3",
        )
        .bind(after.to_string())
        .bind(format!("{kind}:%"))
        .bind(i64::from(limit))
        .fetch_all(self.db.read())
        .await?;
        let token = |text: String| Token::new(text).map_err(|_| Error::Stored { what: "subject" });
        subjects.into_iter().map(token).collect()
    }

    /// Names of the fields of a subject.
    pub async fn fields(&self, subject: &Token) -> Result<Vec<String>, Error> {
        let sql = "SELECT field FROM vault_field WHERE subject = $1 ORDER BY field";
        Ok(sqlx::query_scalar(sql).bind(subject.to_string()).fetch_all(self.db.read()).await?)
    }
}
