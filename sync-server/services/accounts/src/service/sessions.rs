//! The sessions of an account: where it is signed in, and how it stops being so.

use std::net::IpAddr;

use api::accounts::{SessionEntry, SessionList, SessionsRevoked, StepUp, SteppedUp};
use domain::{AccountId, SessionId};
use engine_sql::acts::{self, By};
use web::{
    ApiError,
    auth::{ACCESS_TOKEN_LIFE_S, Claims},
};

use super::{SESSION_IDLE_US, Service, gone, network, seconds};
use crate::{Error, store::Which};

impl Service {
    pub async fn sessions(&self, claims: &Claims) -> Result<SessionList, Error> {
        let mut sessions = self.sessions_living(claims.account).await?;
        for entry in &mut sessions {
            entry.is_current = entry.id == claims.session;
        }
        Ok(SessionList { sessions })
    }

    /// Where an account is signed in, whoever asks.
    pub async fn sessions_living(&self, account: AccountId) -> Result<Vec<SessionEntry>, Error> {
        self.store.sessions(account, (self.clock)() - SESSION_IDLE_US).await
    }

    /// Asks again who it is, before what an open session must not be enough for.
    pub async fn session_step_up(
        &self,
        claims: &Claims,
        asked: &StepUp,
        from: Option<IpAddr>,
    ) -> Result<SteppedUp, Error> {
        let now_us = (self.clock)();
        let account = self.store.account(claims.account).await?.ok_or_else(gone)?;
        let stored = account.password().ok_or_else(|| {
            ApiError::conflict("This account has no password.", "Sign in by browser again.")
        })?;
        let device = Some(claims.device);
        self.throttles.sign_in(&account.email_hash, network(from), device, now_us)?;
        if !self.hasher.verify(&asked.password, Some(stored)).await? {
            return Err(ApiError::wrong_password().into());
        }
        self.check_second_factor(claims.account, asked.second_factor(), device).await?;
        self.throttles.signed_in(&account.email_hash, network(from), device);
        let by = By::account(claims.account, now_us);
        let act = by.access("session_step_up", acts::session(claims.session));
        if !self.store.session_authenticated(claims.account, claims.session, &act).await? {
            return Err(ApiError::unauthenticated("The session has ended.").into());
        }
        self.acted();
        let claims = Claims {
            authenticated_at_s: seconds(now_us),
            expires_at_s: seconds(now_us) + ACCESS_TOKEN_LIFE_S,
            ..claims.clone()
        };
        Ok(SteppedUp {
            access_token: self.keys.sign(&claims, seconds(now_us))?,
            token_type: "Bearer".to_owned(),
            expires_in: ACCESS_TOKEN_LIFE_S,
        })
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
