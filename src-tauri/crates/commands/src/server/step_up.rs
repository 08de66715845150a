//! Showing again who it is, for what an open session is not enough.

use api::accounts as http;
use ipc::{Fault, FaultKind};

use super::{Access, Request, Server};
use crate::{browser::Journeys, fault};

impl Server {
    pub async fn step_up(&self, call: ipc::StepUp) -> Result<(), Fault> {
        let owner = self.owner_now()?;
        let body = http::StepUp { password: call.password, code: call.code, passkey: None };
        self.step_up_as(&owner, &body).await
    }

    /// With a passkey after the password. `false` where it was called off.
    pub async fn step_up_passkey(
        &self,
        journeys: &Journeys,
        call: ipc::StepUpPasskey,
    ) -> Result<bool, Fault> {
        let owner = self.owner_now()?;
        let server = self.signed().server.clone().ok_or_else(fault::signed_out)?;
        let Some(passkey) = self.passkey_code(journeys, &server).await? else { return Ok(false) };
        // Whoever signed in while the browser was open has nothing to do with this password.
        if self.owner_now()? != owner {
            return Err(fault::signed_out());
        }
        let body = http::StepUp { password: call.password, code: None, passkey: Some(passkey) };
        self.step_up_as(&owner, &body).await?;
        Ok(true)
    }

    /// Takes the token that counts as fresh in the place of the one before; the refresh token stays
    /// as it is.
    async fn step_up_as(&self, owner: &str, body: &http::StepUp) -> Result<(), Fault> {
        let answer = self.send(&Request::post("/sessions/step-up", body)?).await;
        // What is forbidden here is the password; anybody signed in may ask.
        let answer = answer.map_err(|fault| match fault.kind {
            FaultKind::Forbidden => Fault { kind: FaultKind::WrongCredentials, ..fault },
            _ => fault,
        })?;
        let stepped: http::SteppedUp = self.read(answer).await?;
        let _renewing = self.renewing.lock().await;
        // Somebody else may have signed in meanwhile.
        if self.owner_now()? == owner {
            self.signed().access = Some(Access::new(stepped.access_token, stepped.expires_in));
        }
        Ok(())
    }
}
