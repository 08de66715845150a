//! The sessions of an account: where it is signed in, and how it stops being so.

use api::accounts::{SessionList, SessionsRevoked};
use domain::SessionId;
use web::{ApiError, auth::Claims};

use super::{SESSION_IDLE_US, Service, seconds};
use crate::{
    Error,
    acts::{self, By},
    store::Which,
};

impl Service {
    pub async fn sessions(&self, claims: &Claims) -> Result<SessionList, Error> {
        let since_us = (self.clock)() - SESSION_IDLE_US;
        let sessions = self.store.sessions(claims.account, claims.session, since_us).await?;
        Ok(SessionList { sessions })
    }

    /// Signs out.
    pub async fn session_delete(&self, claims: &Claims) -> Result<(), Error> {
        self.sessions_end(claims, Which::This(claims.session), "session_delete").await?;
        Ok(())
    }

    /// Ends a session of the same account, on whichever device.
    pub async fn session_revoke(&self, claims: &Claims, id: SessionId) -> Result<(), Error> {
        match self.sessions_end(claims, Which::This(id), "session_revoke").await? {
            0 => Err(ApiError::not_found("session").into()),
            _ => Ok(()),
        }
    }

    /// Ends all sessions of the account but the one that asks.
    pub async fn session_revoke_others(&self, claims: &Claims) -> Result<SessionsRevoked, Error> {
        let which = Which::AllBut(claims.session);
        let n_sessions = self.sessions_end(claims, which, "session_revoke_others").await?;
        Ok(SessionsRevoked { n_sessions })
    }

    async fn sessions_end(
        &self,
        claims: &Claims,
        which: Which,
        verb: &'static str,
    ) -> Result<u32, Error> {
        let now_us = (self.clock)();
        let object = match which {
            Which::This(session) => acts::session(session),
            Which::AllBut(_) | Which::All => acts::account(claims.account),
        };
        let act = By::account(claims.account, now_us).access(verb, object);
        let ended = self.store.sessions_end(claims.account, which, &act).await?;
        for session in &ended {
            self.keys.end_session(*session, seconds(now_us));
            tracing::info!(session.id = %session, "signed out");
        }
        self.acted();
        Ok(u32::try_from(ended.len()).unwrap_or(u32::MAX))
    }
}
