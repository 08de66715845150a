//! Which providers vouch for an account.

use api::sign_in::{Identity, IdentityList};
use domain::AccountId;
use engine_sql::acts::By;
use web::ApiError;

use super::{Service, identity_token, removed};
use crate::{Error, flow::Link, store::Linked};

impl Service {
    pub async fn identities(&self, of: AccountId) -> Result<IdentityList, Error> {
        let stored = self.store.identities(of).await?;
        let name = |id: &str| {
            let configured = self.providers.iter().find(|one| one.settings.id == id);
            configured.map_or(id, |one| &one.settings.name).to_owned()
        };
        let identity = |one: crate::store::StoredIdentity| Identity {
            name: name(&one.provider),
            provider: one.provider,
            linked_at_us: one.linked_at_us,
        };
        Ok(IdentityList { identities: stored.into_iter().map(identity).collect() })
    }

    /// Takes a provider from an account, as long as there is another way to sign in.
    pub async fn identity_unlink(&self, of: AccountId, provider: &str) -> Result<(), Error> {
        let has_password = self.accounts.has_password(of).await?;
        // An id of none of ours could not be part of a token.
        if !self.store.identities(of).await?.iter().any(|one| one.provider == provider) {
            return Err(ApiError::not_found("identity").into());
        }
        let act = By::account(of, (self.clock)())
            .security("identity_unlink", identity_token(of, provider));
        let outcome = self.store.identity_unlink(of, provider, has_password, &act).await?;
        removed(outcome, "identity")?;
        self.acted();
        tracing::info!(account.id = %of, provider.id = provider, "identity unlinked");
        Ok(())
    }

    /// Gives a provider to an account.
    pub(super) async fn identity_link(
        &self,
        link: &Link,
        to: AccountId,
        now_us: i64,
    ) -> Result<(), Error> {
        let act =
            By::account(to, now_us).security("identity_link", identity_token(to, &link.provider));
        match self.store.identity_link(link, to, &act).await? {
            Linked::Done => {
                self.acted();
                tracing::info!(account.id = %to, provider.id = link.provider, "identity linked");
                Ok(())
            }
            Linked::Elsewhere => Err(ApiError::conflict(
                "This sign-in is linked already: it has another account, or this account another \
                 sign-in of the provider.",
                "Unlink it there first.",
            )
            .into()),
        }
    }
}
