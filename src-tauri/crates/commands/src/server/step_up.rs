//! Showing again who it is, for what an open session is not enough.

use api::accounts as http;
use ipc::{Fault, FaultKind};

use super::{Access, Request, Server};

impl Server {
    /// Takes the token that counts as fresh in the place of the one before; the refresh token stays
    /// as it is.
    pub async fn step_up(&self, call: ipc::StepUp) -> Result<(), Fault> {
        let owner = self.owner_now()?;
        let body = http::StepUp { password: call.password, code: call.code };
        let answer = self.send(&Request::post("/sessions/step-up", &body)?).await;
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
