//! Signing in by the system's browser: at a provider, or with a passkey on the server's own page.
//! Linking a provider, and showing again who it is, go the same way.

use api::{
    accounts::Session,
    mfa::PasskeyCode,
    sign_in::{Loopback, OidcIntent, OidcStart, OidcStarted, SessionFromCode, SignInOptions},
};
use ipc::{Fault, SessionView};
use url::Url;

use super::{
    Request, Server, endpoint,
    session::{Credentials, Opened},
};
use crate::{
    address,
    browser::{Journeys, Outcome, Proof},
    fault,
};

/// On the server's page, what leaves the passkey alone on it.
const SECOND_STEP: &str = "second-step";

/// Where somebody signs in.
#[derive(Clone, Copy)]
enum Way<'a> {
    Provider(&'a str),
    /// In whichever way the server's page offers.
    Page,
    /// On the same page, with a passkey after the password.
    SecondStep,
}

impl Server {
    pub async fn sign_in_options(&self, typed: &str) -> Result<SignInOptions, Fault> {
        self.options(&address::parse(typed)?).await
    }

    /// `None` where it was called off.
    pub async fn sign_in_browser(
        &self,
        journeys: &Journeys,
        call: &ipc::SignInBrowser,
    ) -> Result<Option<SessionView>, Fault> {
        let server = address::parse(&call.server_url)?;
        let way = call.provider.as_deref().map_or(Way::Page, Way::Provider);
        let Some(proof) = self.proof_of_sign_in(journeys, &server, way).await? else {
            return Ok(None);
        };
        let device = self.latest_device(&server).await;
        let session = self.trade(&server, proof, device).await?;
        let email = session.account.email.clone();
        let opened = Opened { server: &server, email: &email, session, instead_of: None };
        self.enter(opened).await.map(Some)
    }

    /// Signs in with a passkey after the password. `None` where it was called off.
    pub async fn sign_in_passkey(
        &self,
        journeys: &Journeys,
        call: ipc::SignInPasskey,
    ) -> Result<Option<SessionView>, Fault> {
        let server = address::parse(&call.server_url)?;
        let Some(passkey) = self.passkey_code(journeys, &server).await? else { return Ok(None) };
        let ipc::SignInPasskey { email, password, .. } = call;
        let credentials = Credentials { email, password, code: None, passkey: Some(passkey) };
        self.sign_in_as(&server, credentials).await.map(Some)
    }

    /// What a passkey brings that is used after the password. `None` where it was called off.
    pub(super) async fn passkey_code(
        &self,
        journeys: &Journeys,
        server: &Url,
    ) -> Result<Option<PasskeyCode>, Fault> {
        let proof = self.proof_of_sign_in(journeys, server, Way::SecondStep).await?;
        let code = |proof: Proof| PasskeyCode { code: proof.code, code_verifier: proof.verifier };
        Ok(proof.map(code))
    }

    /// Signs in again as who is signed in: a session that was opened just now may do what an older
    /// one may not. `false` where it was called off.
    pub async fn step_up_browser(
        &self,
        journeys: &Journeys,
        provider: Option<&str>,
    ) -> Result<bool, Fault> {
        let owner = self.owner_now()?;
        let server = self.signed().server.clone().ok_or_else(fault::signed_out)?;
        let way = provider.map_or(Way::Page, Way::Provider);
        let Some(proof) = self.proof_of_sign_in(journeys, &server, way).await? else {
            return Ok(false);
        };
        self.enter_again(&server, &owner, proof).await
    }

    /// `false` where it was called off.
    pub async fn identity_link(&self, journeys: &Journeys, provider: &str) -> Result<bool, Fault> {
        let owner = self.owner_now()?;
        let server = self.signed().server.clone().ok_or_else(fault::signed_out)?;
        let path = start_path(provider)?;
        let journey = journeys.prepare().await?;
        let loopback = journey.loopback.clone();
        let destination = async {
            let body = OidcStart { intent: OidcIntent::Link, loopback };
            let started: OidcStarted = self.json(Request::post(&path, &body)?).await?;
            parsed(&server, &started.url)
        };
        match proof(journeys.go(journey, destination).await?)? {
            Some(proof) => self.enter_again(&server, &owner, proof).await,
            None => Ok(false),
        }
    }

    /// What the browser brought back from signing in at a provider or on the server's page.
    async fn proof_of_sign_in(
        &self,
        journeys: &Journeys,
        server: &Url,
        way: Way<'_>,
    ) -> Result<Option<Proof>, Fault> {
        let journey = journeys.prepare().await?;
        let loopback = journey.loopback.clone();
        let destination = async {
            match way {
                Way::Provider(provider) => self.at_provider(server, provider, loopback).await,
                Way::Page => self.at_page(server, &loopback).await,
                Way::SecondStep => {
                    let mut page = self.at_page(server, &loopback).await?;
                    page.set_fragment(Some(SECOND_STEP));
                    Ok(page)
                }
            }
        };
        proof(journeys.go(journey, destination).await?)
    }

    async fn at_provider(
        &self,
        server: &Url,
        provider: &str,
        loopback: Loopback,
    ) -> Result<Url, Fault> {
        let path = start_path(provider)?;
        let body = OidcStart { intent: OidcIntent::SignIn, loopback };
        let request = Request::post(&path, &body)?;
        let answer = self.attempt(&endpoint(server, &path)?, &request, None).await?;
        let started: OidcStarted = self.read(answer).await?;
        parsed(server, &started.url)
    }

    async fn at_page(&self, server: &Url, loopback: &Loopback) -> Result<Url, Fault> {
        let mut page = parsed(server, &self.options(server).await?.page)?;
        page.query_pairs_mut()
            .append_pair("redirect_uri", &loopback.redirect_uri)
            .append_pair("state", &loopback.state)
            .append_pair("code_challenge", &loopback.code_challenge);
        Ok(page)
    }

    async fn options(&self, server: &Url) -> Result<SignInOptions, Fault> {
        let request = Request::get("/sign-in");
        let answer = self.attempt(&endpoint(server, request.path)?, &request, None).await?;
        self.read(answer).await
    }

    async fn enter_again(&self, server: &Url, owner: &str, proof: Proof) -> Result<bool, Fault> {
        let known = self.signed().account.clone().ok_or_else(fault::signed_out)?;
        let device = self.known_device(server, &known.email).await;
        let session = self.trade(server, proof, device).await?;
        let email = session.account.email.clone();
        let opened = Opened { server, email: &email, session, instead_of: Some(owner) };
        self.enter(opened).await?;
        Ok(true)
    }

    async fn trade(
        &self,
        server: &Url,
        proof: Proof,
        device_id: Option<domain::DeviceId>,
    ) -> Result<Session, Fault> {
        let body = SessionFromCode {
            code: proof.code,
            code_verifier: proof.verifier,
            device_name: Some(self.device_name()),
            device_id,
        };
        let request = Request::post("/sessions/code", &body)?;
        let answer = self.attempt(&endpoint(server, request.path)?, &request, None).await?;
        self.read(answer).await
    }
}

/// A provider's id as part of a path, which may be no other path.
pub(crate) fn provider_segment(provider: &str) -> Result<&str, Fault> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if provider.is_empty() || !provider.bytes().all(is_plain) {
        return Err(fault::not_found("There is no such provider."));
    }
    Ok(provider)
}

fn start_path(provider: &str) -> Result<String, Fault> {
    Ok(format!("/oidc/{}/start", provider_segment(provider)?))
}

fn parsed(server: &Url, url: &str) -> Result<Url, Fault> {
    Url::parse(url).map_err(|_| fault::not_understood(&address::host(server)))
}

/// `None` where it was called off; a word of the server's becomes words for a person.
fn proof(outcome: Outcome) -> Result<Option<Proof>, Fault> {
    match outcome {
        Outcome::Code(proof) => Ok(Some(proof)),
        Outcome::CalledOff => Ok(None),
        Outcome::Refused(word) => {
            tracing::info!(word, "the browser came back without a code");
            Err(refusal(&word))
        }
    }
}

/// As listed at `api::sign_in::Loopback`.
fn refusal(word: &str) -> Fault {
    let (message, hint) = match word {
        "access_denied" => (
            "You came back from the browser without signing in.",
            "Try again, or sign in another way.",
        ),
        "unverified_email" => (
            "The provider does not confirm that your email address is yours.",
            "Confirm the address there and try again, or create an account with a password.",
        ),
        "account_exists" => (
            "Your email address has an account here already.",
            "Sign in to it as you usually do; then link the provider in the settings, under \
             Account.",
        ),
        "already_linked" => (
            "What you signed in with at the provider is linked to another account here.",
            "Unlink it there first, or sign in at the provider as someone else.",
        ),
        "provider_failed" => (
            "Signing in at the provider did not work.",
            "Try again in a moment. If it stays so, tell whoever runs the server.",
        ),
        _ => (
            "The server could not finish the sign-in.",
            "Try again in a moment, or sign in another way.",
        ),
    };
    fault::other(message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_no_path() {
        assert_eq!(start_path("my-id").unwrap(), "/oidc/my-id/start");
        for bad in ["", "..", "a/b", "a%2Fb", "a?b", "a#b"] {
            assert!(start_path(bad).is_err(), "{bad}");
        }
    }
}
