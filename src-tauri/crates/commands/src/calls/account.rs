//! Profile, devices and plan of who is signed in, as the server has them.

use api::accounts as http;
use ipc::{Fault, PlanAction, PlanView, Profile, SignedInDevice, TierOffer, Visibility};

use crate::{Facade, avatar::picture, server::Request};

impl Facade {
    pub async fn profile_view(&self, _call: ipc::ProfileGet) -> Result<Profile, Fault> {
        self.account(Request::get("/accounts/me")).await
    }

    pub async fn profile_update(&self, call: ipc::ProfileUpdate) -> Result<Profile, Fault> {
        let update = http::ProfileUpdate {
            display_name: call.display_name,
            country: call.country,
            language: call.language,
            visibility: call.visibility.map(|visibility| match visibility {
                Visibility::Private => http::Visibility::Private,
                Visibility::Members => http::Visibility::Members,
            }),
            birth_date: call.birth_date,
        };
        self.account(Request::patch("/accounts/me", &update)?).await
    }

    pub async fn avatar_set(&self, call: ipc::AvatarSet) -> Result<Profile, Fault> {
        self.account(Request::put_jpeg("/accounts/me/avatar", picture(&call.image)?)).await
    }

    pub async fn avatar_delete(&self, _call: ipc::AvatarDelete) -> Result<Profile, Fault> {
        self.account(Request::delete("/accounts/me/avatar")).await
    }

    pub async fn email_change(&self, call: ipc::EmailChange) -> Result<(), Fault> {
        let body = http::EmailChangeStart { email: call.email.trim().to_owned() };
        self.inner.server.send(&Request::post("/accounts/me/email", &body)?).await.map(drop)
    }

    pub async fn email_verify(&self, _call: ipc::EmailVerify) -> Result<(), Fault> {
        self.inner.server.send(&Request::post_empty("/accounts/me/verify-email")).await.map(drop)
    }

    /// Whatever the server says of the account, the session takes note of it.
    async fn account(&self, request: Request<'_>) -> Result<Profile, Fault> {
        let account: http::Account = self.inner.server.json(request).await?;
        self.inner.server.learn_account(&account).await;
        Ok(Profile {
            email: account.email,
            is_email_verified: account.is_email_verified,
            display_name: account.display_name,
            visibility: match account.visibility {
                http::Visibility::Private => Visibility::Private,
                http::Visibility::Members => Visibility::Members,
            },
            country: account.country,
            language: account.language,
            birth_date: account.birth_date,
            avatar: account.avatar,
        })
    }

    pub async fn device_list(&self, _call: ipc::DeviceList) -> Result<Vec<SignedInDevice>, Fault> {
        let list: http::SessionList = self.inner.server.json(Request::get("/sessions")).await?;
        Ok(list.sessions.into_iter().map(device).collect())
    }

    pub async fn device_revoke(&self, call: ipc::DeviceRevoke) -> Result<(), Fault> {
        let path = format!("/sessions/{}", call.session);
        self.inner.server.send(&Request::delete(&path)).await.map(drop)
    }

    pub async fn device_revoke_others(&self, _call: ipc::DeviceRevokeOthers) -> Result<u32, Fault> {
        let revoked: http::SessionsRevoked =
            self.inner.server.json(Request::delete("/sessions")).await?;
        Ok(revoked.n_sessions)
    }

    pub async fn plan_view(&self, _call: ipc::PlanGet) -> Result<PlanView, Fault> {
        self.plan(Request::get("/plan")).await
    }

    pub async fn plan_change(&self, call: ipc::PlanChange) -> Result<PlanView, Fault> {
        let (action, plan) = match call.action {
            PlanAction::StartTrial { plan } => (http::PlanAction::StartTrial, Some(plan)),
            PlanAction::Cancel => (http::PlanAction::Cancel, None),
            PlanAction::Resume => (http::PlanAction::Resume, None),
        };
        let view = self.plan(Request::post("/plan", &http::PlanChange { action, plan })?).await?;
        // The tier of the session follows; the change stands without it, too.
        if let Err(fault) = self.profile_view(ipc::ProfileGet {}).await {
            tracing::info!(message = fault.message, "the account was not asked for its tier");
        }
        Ok(view)
    }

    async fn plan(&self, request: Request<'_>) -> Result<PlanView, Fault> {
        let view: http::PlanView = self.inner.server.json(request).await?;
        let offer = |offer: http::TierOffer| TierOffer {
            tier: offer.tier,
            entitlements: offer.entitlements,
        };
        Ok(PlanView {
            tier: view.tier,
            standing: view.standing,
            plan: view.plan,
            is_trial_left: view.is_trial_left,
            tiers: view.tiers.into_iter().map(offer).collect(),
            plans: view.plans,
        })
    }
}

fn device(session: http::SessionEntry) -> SignedInDevice {
    SignedInDevice {
        session: session.id,
        device: session.device_id,
        name: session.device_name,
        signed_in_at_us: session.created_at_us,
        used_at_us: session.used_at_us,
        network: session.last_network,
        is_current: session.is_current,
    }
}
