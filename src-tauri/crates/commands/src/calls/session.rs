//! Who is signed in.

use ipc::{Fault, SessionView};

use crate::Facade;

impl Facade {
    /// Waits a moment for the keyring, not for the server.
    pub async fn session_view(&self, _call: ipc::SessionGet) -> Result<SessionView, Fault> {
        Ok(self.inner.server.view().await)
    }

    pub async fn session_sign_up(&self, call: ipc::SignUp) -> Result<SessionView, Fault> {
        self.inner.server.sign_up(call).await
    }

    pub async fn session_sign_in(&self, call: ipc::SignIn) -> Result<SessionView, Fault> {
        self.inner.server.sign_in(call).await
    }

    pub async fn session_sign_in_passkey(
        &self,
        call: ipc::SignInPasskey,
    ) -> Result<Option<SessionView>, Fault> {
        self.inner.server.sign_in_passkey(&self.inner.journeys, call).await
    }

    pub async fn password_reset(&self, call: ipc::PasswordReset) -> Result<(), Fault> {
        self.inner.server.password_reset(call).await
    }

    pub async fn session_step_up(&self, call: ipc::StepUp) -> Result<(), Fault> {
        self.inner.server.step_up(call).await
    }

    pub async fn session_step_up_passkey(&self, call: ipc::StepUpPasskey) -> Result<bool, Fault> {
        self.inner.server.step_up_passkey(&self.inner.journeys, call).await
    }

    /// Works without the server, too.
    pub async fn session_sign_out(&self, _call: ipc::SignOut) -> Result<SessionView, Fault> {
        self.inner.server.sign_out().await
    }

    pub async fn secrets_unlock(&self, call: ipc::SecretsUnlock) -> Result<SessionView, Fault> {
        self.inner.server.unlock(call.passphrase).await
    }
}
