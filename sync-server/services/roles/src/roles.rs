//! Who has which roles, and how often that changed.

use domain::{
    AccountId, Role,
    audit::{Act, Reason},
};
use engine_sql::{
    Db,
    acts::{self, By},
};
use web::{
    ApiError,
    auth::{ACCESS_TOKEN_LIFE_S, Keys},
    clock::Clock,
};

use crate::{
    Error,
    store::{Held, Store},
};

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What roles stand on.
pub struct Parts {
    pub db: Db,
    pub keys: Keys,
    pub clock: Clock,
    pub on_act: OnAct,
}

/// The roles of one server.
pub struct Roles {
    store: Store,
    keys: Keys,
    clock: Clock,
    on_act: OnAct,
}

impl Roles {
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, keys, clock, on_act } = parts;
        let store = Store::open(db).await?;
        // Tokens from before may be good for a while after a restart.
        let since_us = clock() - i64::try_from(ACCESS_TOKEN_LIFE_S).unwrap_or(0) * 1_000_000;
        for (account, version, changed_at_us) in store.changed(since_us).await? {
            keys.change_roles(account, version, seconds(changed_at_us));
        }
        Ok(Self { store, keys, clock, on_act })
    }

    /// What accounts have, in the order in which they were asked for. Everybody is a listener.
    pub async fn held(&self, of: &[AccountId]) -> Result<Vec<Held>, Error> {
        self.store.held(of).await
    }

    /// Makes the first account of a server its owner. Whoever is named later stays what they are,
    /// so it may be called again.
    pub async fn first_owner(&self, account: AccountId) -> Result<(), Error> {
        if self.store.first_owner(account).await? {
            tracing::info!(account.id = %account, "owns the server");
        }
        Ok(())
    }

    /// Accounts with more roles than everybody has, at most `limit`.
    pub async fn holders(&self, limit: usize) -> Result<Vec<(AccountId, Vec<Role>)>, Error> {
        self.store.holders(i64::try_from(limit).unwrap_or(i64::MAX)).await
    }

    /// Gives or takes a role: an owner, or who runs the machine (`by` is `None`). The last owner
    /// stays one. Answers with the roles after it.
    pub async fn change(
        &self,
        by: Option<AccountId>,
        account: AccountId,
        role: Role,
        is_granted: bool,
        reason: &Reason,
    ) -> Result<Vec<Role>, Error> {
        let now_us = (self.clock)();
        let told = Reason::new(format!("{role}: {reason}")).map_err(ApiError::internal)?;
        let verb = if is_granted { "role_grant" } else { "role_revoke" };
        let act = By { actor: by, now_us }.security(verb, acts::account(account));
        let act = Act { reason: Some(told), ..act };
        let changed = self.store.change(account, role, is_granted, &act).await?;
        if let Some(version) = changed.version {
            self.keys.change_roles(account, version, seconds(now_us));
            (self.on_act)();
            tracing::info!(account.id = %account, %role, is_granted, "role changed");
        }
        Ok(changed.roles)
    }

    /// Whether the account can be erased at all.
    pub async fn subject_may_erase(&self, account: AccountId) -> Result<(), Error> {
        if self.store.is_last_owner(account).await? {
            return Err(ApiError::conflict(
                "You are the last owner of this server.",
                "Make someone else an owner first.",
            )
            .into());
        }
        Ok(())
    }
}

fn seconds(us: i64) -> u64 {
    u64::try_from(us / 1_000_000).unwrap_or(0)
}
