//! Tokens for the audio engine.

use std::sync::{Arc, Mutex, PoisonError};

use audio_engine::{Authorize, AuthorizeError};
use futures::future::{BoxFuture, FutureExt};
use ipc::{Fault, FaultKind};
use tokio::runtime::Handle;

use super::Server;

/// Hands tokens to the audio engine, whose threads are not ours.
pub(crate) struct Bearer {
    server: Arc<Server>,
    runtime: Handle,
    last: Arc<Mutex<Option<String>>>,
}

impl Bearer {
    /// To be made on the runtime that the server lives on.
    pub fn new(server: Arc<Server>) -> Self {
        Self { server, runtime: Handle::current(), last: Arc::default() }
    }
}

impl Authorize for Bearer {
    fn bearer(&self, is_stale: bool) -> BoxFuture<'_, Result<Option<String>, AuthorizeError>> {
        let server = Arc::clone(&self.server);
        let last = Arc::clone(&self.last);
        let asked = self.runtime.spawn(async move {
            let refused = is_stale
                .then(|| last.lock().unwrap_or_else(PoisonError::into_inner).clone())
                .flatten();
            let token = server.token(refused.as_deref()).await?;
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
            Ok::<_, Fault>(token)
        });
        async move {
            match asked.await {
                Ok(Ok(token)) => Ok(Some(token)),
                Ok(Err(fault)) => Err(match fault.kind {
                    FaultKind::SignedOut | FaultKind::SecretsLocked => AuthorizeError::SignedOut,
                    _ => AuthorizeError::Unavailable(fault.message),
                }),
                Err(_) => Err(AuthorizeError::Unavailable("MelodyUD is closing.".into())),
            }
        }
        .boxed()
    }
}
