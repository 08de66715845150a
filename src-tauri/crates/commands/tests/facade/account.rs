//! The account: profile, devices, plan, roles, and the audit log.

use anyhow::{Context as _, ensure};
use api_tests::PASSWORD;
use commands::Facade;
use domain::{DeviceId, Role, plan::Standing, plan::Tier};
use ipc::{AccountView, Fault, FaultKind, PlanAction};

use crate::stand::{EMAIL, Outcome, Stand, eventually, said};

async fn sign_in(facade: &Facade, server_url: &str) -> Outcome {
    let sign_in = ipc::SignIn {
        server_url: server_url.to_owned(),
        email: format!(" {}", EMAIL.to_uppercase()),
        password: PASSWORD.into(),
        code: None,
    };
    said(facade.session_sign_in(sign_in).await).map(drop)
}

async fn account(facade: &Facade) -> anyhow::Result<AccountView> {
    said(facade.session_view(ipc::SessionGet {}).await)?.account.context("somebody is signed in")
}

/// The ids of the devices that the account is signed in on, as the server has them.
async fn devices(stand: &Stand) -> anyhow::Result<Vec<DeviceId>> {
    let client = stand.server()?.client()?;
    let session = client.sign_in(EMAIL).await?;
    let (own, client) = (session.device_id, client.clone().with_token(session.access_token));
    let list: api::accounts::SessionList = client.get("/api/v1/sessions").await?;
    let ids = list.sessions.into_iter().map(|session| session.device_id);
    let ids = ids.filter(|id| *id != own).collect();
    client.request(reqwest::Method::DELETE, "/api/v1/sessions/current").send().await?;
    Ok(ids)
}

/// Signing out and in again made another device of the same one.
#[tokio::test(flavor = "multi_thread")]
async fn device_stays_the_same_through_a_sign_out() -> Outcome {
    let (stand, facade) = Stand::without_music().await?;
    said(facade.device_revoke_others(ipc::DeviceRevokeOthers {}).await)?;
    let before = devices(&stand).await?;
    said(facade.session_sign_out(ipc::SignOut {}).await)?;
    assert_eq!(devices(&stand).await?, []);
    sign_in(&facade, stand.server()?.url()).await?;
    assert_eq!(devices(&stand).await?, before);
    assert_eq!(before.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_is_changed_and_the_session_follows() -> Outcome {
    let (_stand, facade) = Stand::without_music().await?;
    let nothing = ipc::ProfileUpdate {
        display_name: None,
        visibility: None,
        country: None,
        language: None,
        birth_date: None,
    };
    let update = ipc::ProfileUpdate {
        display_name: Some("Ann Other".into()),
        visibility: Some(ipc::Visibility::Members),
        country: Some("PT".into()),
        birth_date: Some("1990-02-28".into()),
        ..nothing.clone()
    };
    let profile = said(facade.profile_update(update).await)?;
    assert_eq!(
        (profile.display_name.as_str(), profile.country.as_deref()),
        ("Ann Other", Some("PT"))
    );
    assert_eq!(profile.birth_date.as_deref(), Some("1990-02-28"));
    assert_eq!(account(&facade).await?.display_name, "Ann Other");
    let update = ipc::ProfileUpdate { country: Some(String::new()), ..nothing.clone() };
    said(facade.profile_update(update).await)?;
    let profile = said(facade.profile_view(ipc::ProfileGet {}).await)?;
    assert_eq!((profile.country, profile.visibility), (None, ipc::Visibility::Members));
    let update = ipc::ProfileUpdate { display_name: Some(" ".into()), ..nothing };
    let fault = facade.profile_update(update).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid, "{fault:?}");
    Ok(())
}

/// A square of 16 pixels, coral.
const JPEG: &str = "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAg+Pkk+SVVVVVVVVWRdZG\
    hoaGRkZGRoaGhwcHCDg4NwcHBoaHBwfHyDg4+Tj4eHg4eTk5ubm7q6srLZ2eD/////xABMAAEBAAAAAAAAAAAAAAAAAAAABQ\
    EBAQAAAAAAAAAAAAAAAAAABgcQAQAAAAAAAAAAAAAAAAAAAAARAQAAAAAAAAAAAAAAAAAAAAD/wAARCAAQABADASIAAhEAAx\
    EA/9oADAMBAAIRAxEAPwCoALKY/9k=";

#[tokio::test(flavor = "multi_thread")]
async fn picture_is_sent_shown_and_taken_back() -> Outcome {
    let (_stand, facade) = Stand::without_music().await?;
    let call = ipc::AvatarSet { image: JPEG.into() };
    said(facade.avatar_set(call).await)?;
    let id = account(&facade).await?.avatar.context("the session follows")?;
    let image = said(facade.avatar(&id).await)?;
    assert_eq!(image.content_type, "image/jpeg");
    ensure!(image.bytes.starts_with(&[0xff, 0xd8]));
    let other = facade.avatar("of-somebody-else").await;
    ensure!(other.is_err_and(|fault| fault.kind == FaultKind::NotFound));

    let text = ipc::AvatarSet { image: "aGVsbG8=".into() };
    let fault = facade.avatar_set(text).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid, "{fault:?}");
    said(facade.avatar_delete(ipc::AvatarDelete {}).await)?;
    assert_eq!(account(&facade).await?.avatar, None);
    ensure!(facade.avatar(&id).await.is_err(), "what was kept of it is not shown any more");
    Ok(())
}

/// Nobody gets a key to an account by an address that is not theirs.
#[tokio::test(flavor = "multi_thread")]
async fn ways_to_sign_in_wait_for_the_address_to_be_confirmed() -> Outcome {
    let (stand, facade) = Stand::without_music().await?;
    let server_url = stand.server()?.url().to_owned();
    let options = said(facade.sign_in_options(ipc::SignInOptionsGet { server_url }).await)?;
    ensure!(options.providers.is_empty(), "{options:?}");
    ensure!(said(facade.identity_list(ipc::IdentityList {}).await)?.is_empty());
    ensure!(said(facade.passkey_list(ipc::PasskeyList {}).await)?.is_empty());
    ensure!(!said(facade.profile_view(ipc::ProfileGet {}).await)?.is_email_verified);
    let fault = facade.passkey_add(ipc::PasskeyAdd {}).await.unwrap_err();
    ensure!(fault.kind == FaultKind::Invalid && fault.message.contains("not confirmed"));
    let fault =
        facade.identity_unlink(ipc::IdentityUnlink { provider: "hub".into() }).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);

    let change = |email: &str| ipc::EmailChange { email: email.into() };
    said(facade.email_change(change(" ann@other.example ")).await)?;
    let fault = facade.email_change(change(EMAIL)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid);
    // Nothing changes before both have confirmed.
    assert_eq!(said(facade.profile_view(ipc::ProfileGet {}).await)?.email, EMAIL);
    said(facade.email_verify(ipc::EmailVerify {}).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_listed_and_signed_out() -> Outcome {
    let (stand, facade) = Stand::without_music().await?;
    said(facade.device_revoke_others(ipc::DeviceRevokeOthers {}).await)?;
    let client = stand.server()?.client()?;
    for _ in 0..3 {
        client.sign_in(EMAIL).await?;
    }
    let list = said(facade.device_list(ipc::DeviceList {}).await)?;
    let (own, others): (Vec<_>, Vec<_>) = list.iter().partition(|device| device.is_current);
    ensure!(own.len() == 1 && others.len() == 3, "{list:?}");
    assert_eq!(own[0].name, "MelodyUD");
    let call = ipc::DeviceRevoke { session: others[0].session };
    said(facade.device_revoke(call.clone()).await)?;
    assert_eq!(said(facade.device_revoke_others(ipc::DeviceRevokeOthers {}).await)?, 2);
    assert_eq!(said(facade.device_list(ipc::DeviceList {}).await)?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_keep_music_as_far_as_the_plan_goes() -> Outcome {
    let (stand, facade) = Stand::without_music().await?;
    let view = said(facade.offline_device_list(ipc::OfflineDeviceList {}).await)?;
    assert_eq!(view, ipc::OfflineDevices { n_allowed: 0, devices: vec![], here: None });
    let fault = facade.offline_device_use(ipc::OfflineDeviceUse {}).await.unwrap_err();
    ensure!(fault.kind == FaultKind::Forbidden && fault.hint.contains("Premium"), "{fault:?}");

    let plan = said(facade.plan_view(ipc::PlanGet {}).await)?.plans[0].id.clone();
    let action = PlanAction::StartTrial { plan };
    said(facade.plan_change(ipc::PlanChange { action }).await)?;
    let view = said(facade.offline_device_use(ipc::OfflineDeviceUse {}).await)?;
    let list = said(facade.device_list(ipc::DeviceList {}).await)?;
    let own = list.iter().find(|device| device.is_current).context("this device")?.device;
    assert_eq!(view, ipc::OfflineDevices { n_allowed: 5, devices: vec![own], here: Some(own) });

    // Another device of the account: seen here, released here.
    let client = stand.server()?.client()?;
    let other = client.sign_in(EMAIL).await?;
    let client = client.with_token(other.access_token);
    let path = "/api/v1/offline-devices/current";
    client.request(reqwest::Method::PUT, path).send().await?.error_for_status()?;
    let view = said(facade.offline_device_list(ipc::OfflineDeviceList {}).await)?;
    assert_eq!((view.devices.len(), view.here), (2, Some(own)));
    let release = |device| facade.offline_device_release(ipc::OfflineDeviceRelease { device });
    assert_eq!(said(release(other.device_id).await)?.devices, [own]);
    assert_eq!(release(other.device_id).await.unwrap_err().kind, FaultKind::NotFound);
    assert_eq!(said(release(own).await)?.here, None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn trial_is_taken_once_and_the_tier_follows() -> Outcome {
    let (_stand, facade) = Stand::without_music().await?;
    let view = said(facade.plan_view(ipc::PlanGet {}).await)?;
    ensure!(view.tier == Tier::Free && view.is_trial_left && view.tiers.len() == 2, "{view:?}");
    let plan = view.plans.first().context("a plan is on offer")?.id.clone();
    let change = async |action| facade.plan_change(ipc::PlanChange { action }).await;
    let start = PlanAction::StartTrial { plan };
    let view = said(change(start.clone()).await)?;
    assert!(matches!(view.standing, Standing::Trial { .. }));
    assert_eq!(account(&facade).await?.tier, Tier::Premium);
    let view = said(change(PlanAction::Cancel).await)?;
    assert!(matches!(view.standing, Standing::Cancelled { was_trial: true, .. }));
    let view = said(change(PlanAction::Resume).await)?;
    assert!(matches!(view.standing, Standing::Trial { .. }));
    let fault = change(start).await.unwrap_err();
    ensure!(fault.kind == FaultKind::Invalid && !fault.message.is_empty(), "{fault:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_given_by_owners_and_open_what_they_open() -> Outcome {
    let (_stand, facade) = Stand::without_music().await?;
    ensure!(account(&facade).await?.roles.contains(&Role::Owner));
    let read = async || {
        let filter = ipc::AuditFilter::default();
        facade.audit_list(ipc::AuditList { filter, cursor: None }).await
    };
    let hidden = |fault: Fault| fault.kind == FaultKind::NotFound;
    ensure!(read().await.is_err_and(hidden));
    let (email, role) = (EMAIL.to_owned(), Role::ComplianceOfficer);
    let grant = ipc::RoleGrant { email, role, reason: "Answers data requests".into() };
    let holder = said(facade.role_grant(grant.clone()).await)?;
    ensure!(holder.roles.contains(&role), "{holder:?}");
    ensure!(account(&facade).await?.roles.contains(&role));
    let list = said(facade.role_list(ipc::RoleList {}).await)?;
    assert_eq!(list.holders.len(), 1);

    // The log follows the outbox.
    let page = eventually("the record of it", async || {
        let page = said(read().await)?;
        let has_it = page
            .items
            .iter()
            .any(|record| record.act.as_ref().is_some_and(|act| act.verb.as_str() == "role_grant"));
        Ok(has_it.then_some(page))
    })
    .await?;
    let checkpoint = said(facade.audit_checkpoint(ipc::AuditCheckpointGet {}).await)?;
    ensure!(checkpoint.root.len() == 44 && !checkpoint.key.is_empty(), "{checkpoint:?}");
    ensure!(checkpoint.note.contains(&checkpoint.root) && !page.items.is_empty());

    let ipc::RoleGrant { email, role, reason } = grant;
    said(facade.role_revoke(ipc::RoleRevoke { email, role, reason }).await)?;
    ensure!(!account(&facade).await?.roles.contains(&role));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn account_is_of_the_server_and_silent_without_it() -> Outcome {
    let (mut stand, facade) = Stand::without_music().await?;
    let roles = account(&facade).await?.roles;
    stand.kill_server()?;
    let is_offline = |fault: Fault| fault.kind == FaultKind::Offline;
    ensure!(facade.profile_view(ipc::ProfileGet {}).await.is_err_and(is_offline));
    ensure!(facade.device_list(ipc::DeviceList {}).await.is_err_and(is_offline));
    ensure!(facade.plan_view(ipc::PlanGet {}).await.is_err_and(is_offline));
    ensure!(facade.role_list(ipc::RoleList {}).await.is_err_and(is_offline));
    // What the interface shows stays as it was.
    assert_eq!(account(&facade).await?.roles, roles);
    Ok(())
}
