//! The keys that sign access tokens.

use domain::audit::Token;
use engine_sql::acts::By;
use web::auth::{Former, SigningKeys};

use super::Service;
use crate::Error;

impl Service {
    /// Signs with a new key from now on, here and in every server on the same file.
    pub async fn signing_keys_rotate(
        &self,
        keys: &SigningKeys,
        former: Former,
    ) -> Result<(), Error> {
        let verb = match former {
            Former::Keep => "signing_key_rotate",
            Former::Drop => "signing_key_revoke",
        };
        let by = By { actor: None, now_us: (self.clock)() };
        let act = by.security(verb, Token::new("signing-keys").expect("it is plain ASCII"));
        // Told first: a rotation that nobody knows of would be worse than one that did not happen.
        self.store.record(&act).await?;
        self.acted();
        let keys = keys.clone();
        Ok(tokio::task::spawn_blocking(move || keys.rotate(former)).await??)
    }
}
