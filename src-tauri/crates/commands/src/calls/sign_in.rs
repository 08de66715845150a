//! Signing in by the system's browser, and the ways to sign in of who is signed in.

use api::sign_in as http;
use futures::try_join;
use ipc::{Fault, Identity, Passkey, Provider, SessionView, SignInOptions};
use url::Url;

use crate::{
    Facade, fault,
    server::{Request, provider_segment},
};

impl Facade {
    pub async fn sign_in_options(
        &self,
        call: ipc::SignInOptionsGet,
    ) -> Result<SignInOptions, Fault> {
        let options = self.inner.server.sign_in_options(&call.server_url).await?;
        Ok(SignInOptions { providers: options.providers.into_iter().map(provider).collect() })
    }

    pub async fn sign_in_browser(
        &self,
        call: ipc::SignInBrowser,
    ) -> Result<Option<SessionView>, Fault> {
        self.inner.server.sign_in_browser(&self.inner.journeys, &call).await
    }

    pub fn sign_in_browser_cancel(
        &self,
        _call: ipc::SignInBrowserCancel,
    ) -> impl Future<Output = Result<(), Fault>> + use<> {
        self.inner.journeys.call_off();
        std::future::ready(Ok(()))
    }

    pub async fn session_step_up_browser(&self, call: ipc::StepUpBrowser) -> Result<bool, Fault> {
        self.inner.server.step_up_browser(&self.inner.journeys, call.provider.as_deref()).await
    }

    /// The server's providers in their order, then those that are linked and not offered any more.
    pub async fn identity_list(&self, _call: ipc::IdentityList) -> Result<Vec<Identity>, Fault> {
        let server = &self.inner.server;
        let (options, linked) = try_join!(
            server.json::<http::SignInOptions>(Request::get("/sign-in")),
            server.json::<http::IdentityList>(Request::get("/accounts/me/identities")),
        )?;
        Ok(identities(options.providers, linked.identities))
    }

    pub async fn identity_link(&self, call: ipc::IdentityLink) -> Result<bool, Fault> {
        self.inner.server.identity_link(&self.inner.journeys, &call.provider).await
    }

    pub async fn identity_unlink(&self, call: ipc::IdentityUnlink) -> Result<(), Fault> {
        let path = format!("/accounts/me/identities/{}", provider_segment(&call.provider)?);
        self.inner.server.send(&Request::delete(&path)).await.map(drop)
    }

    pub async fn passkey_list(&self, _call: ipc::PasskeyList) -> Result<Vec<Passkey>, Fault> {
        let list: http::PasskeyList = self.inner.server.json(Request::get("/passkeys")).await?;
        Ok(list.passkeys.into_iter().map(passkey).collect())
    }

    /// The page says how it went; who waits here asks for the list again.
    pub async fn passkey_add(&self, _call: ipc::PasskeyAdd) -> Result<(), Fault> {
        let request = Request::post_empty("/passkeys/ticket");
        let ticket: http::PasskeyTicket = self.inner.server.json(request).await?;
        let url = Url::parse(&ticket.url).map_err(|_| {
            fault::other(
                "The server names no page to make a passkey on.",
                "Tell whoever runs the server.",
            )
        })?;
        self.inner.journeys.browser.open(url).await
    }

    pub async fn passkey_delete(&self, call: ipc::PasskeyDelete) -> Result<(), Fault> {
        let path = format!("/passkeys/{}", call.id);
        self.inner.server.send(&Request::delete(&path)).await.map(drop)
    }
}

fn provider(provider: http::Provider) -> Provider {
    Provider { id: provider.id, name: provider.name }
}

fn identities(offered: Vec<http::Provider>, linked: Vec<http::Identity>) -> Vec<Identity> {
    let since = |id: &str| linked.iter().find(|one| one.provider == id).map(|one| one.linked_at_us);
    let mut all: Vec<Identity> = offered
        .into_iter()
        .map(|one| Identity { linked_at_us: since(&one.id), provider: one.id, name: one.name })
        .collect();
    for one in linked {
        if !all.iter().any(|known| known.provider == one.provider) {
            let linked_at_us = Some(one.linked_at_us);
            all.push(Identity { provider: one.provider, name: one.name, linked_at_us });
        }
    }
    all
}

fn passkey(passkey: http::Passkey) -> Passkey {
    let http::Passkey { id, name, created_at_us, used_at_us } = passkey;
    Passkey { id, name, created_at_us, used_at_us }
}
