//! Addresses: where they are kept, and how one takes the place of another.

use api::accounts::{EmailChangeStart, EmailChanged};
use engine_sql::testing;
use web::ApiError;

use crate::stand::{DAY_US, PASSWORD, Stand};

const OLD: &str = "ann@example.org";
const NEW: &str = "ann@example.net";

impl Stand {
    async fn change_email(&self, of: domain::AccountId, to: &str) -> Result<(), ApiError> {
        let asked = EmailChangeStart { email: to.to_owned() };
        Ok(self.service.email_change_start(of, &asked).await?)
    }

    /// What the links in the mails to the old and the new address end with.
    async fn change_links(&self) -> (String, String) {
        self.service.mails_send().await.unwrap();
        let mails = self.mails.take();
        let link = |to: &str| {
            let links = mails.iter().filter(|mail| mail.to == to);
            let token = links.filter_map(|mail| mail.text.split_once("/account/change-email#"));
            let (_, token) = token.fold(None, |_, found| Some(found)).unwrap();
            token.lines().next().unwrap().to_owned()
        };
        (link(OLD), link(NEW))
    }

    async fn confirm(&self, token: &str) -> Result<bool, ApiError> {
        let EmailChanged { is_done } = self.service.email_change_confirm(token, None).await?;
        Ok(is_done)
    }
}

#[tokio::test]
async fn an_address_is_in_the_vault_alone() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let ann = stand.account(OLD).await;
        assert_eq!(stand.service.account(ann.id).await.unwrap().email, OLD);
        assert!(!stand.dump().await.contains("ann@example"));
        assert_eq!(stand.service.account_find("ANN@example.org").await.unwrap(), Some(ann.id));
        assert_eq!(stand.service.account_find("no address").await.unwrap(), None);
        assert_eq!(stand.sign_up("Ann@Example.org").await.unwrap_err().status, 409);
        assert_eq!(stand.vault.n_fields(), 1, "what was refused leaves nothing");
    }
}

/// A database from before there was a vault opens, and what was in it moves.
#[tokio::test]
async fn addresses_in_the_open_move() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let ann = stand.account(OLD).await;
        let unkeyed = credentials::Email::parse(OLD).unwrap().unkeyed_hash();
        stand
            .change(
                "UPDATE account SET email = 'ann@example.org', email_field = '', email_hash = ''",
            )
            .await;
        stand.rename_reservation(&unkeyed).await;
        assert!(stand.sign_in(OLD, PASSWORD).await.is_err(), "not found by the old hash");
        let stand = stand.restart().await;
        assert!(!stand.dump().await.contains("ann@example"));
        assert_eq!(stand.sign_in(OLD, PASSWORD).await.unwrap().account.email, OLD);
        assert_eq!(stand.service.account_find(OLD).await.unwrap(), Some(ann.id));
        assert_eq!(stand.sign_up(OLD).await.unwrap_err().status, 409);
    }
}

#[tokio::test]
async fn an_address_changes_once_both_have_confirmed() {
    for is_old_first in [true, false] {
        for db in testing::databases().await {
            let stand = Stand::start(db).await;
            let ann = stand.account(OLD).await;
            stand.service.mails_send().await.unwrap();
            stand.mails.take();
            stand.change_email(ann.id, NEW).await.unwrap();
            let (old, new) = stand.change_links().await;
            let (first, second) = if is_old_first { (old, new) } else { (new, old) };
            assert!(!stand.confirm(&first).await.unwrap());
            assert_eq!(stand.service.account(ann.id).await.unwrap().email, OLD, "not yet");
            assert_eq!(stand.confirm(&first).await.unwrap_err().status, 400, "good once");
            assert!(stand.confirm(&second).await.unwrap());
            let account = stand.service.account(ann.id).await.unwrap();
            assert_eq!((account.email.as_str(), account.is_email_verified), (NEW, true));
            assert!(stand.sign_in(NEW, PASSWORD).await.is_ok());
            assert_eq!(stand.sign_in(OLD, PASSWORD).await.unwrap_err().status, 401);
            assert_eq!(stand.vault.n_fields(), 1, "the old one is forgotten");
            assert!(stand.sign_up(OLD).await.is_ok(), "it is free");
        }
    }
}

#[tokio::test]
async fn a_change_that_does_not_come_about_changes_nothing() {
    let stand = Stand::start(testing::sqlite().await).await;
    let ann = stand.account(OLD).await;
    assert_eq!(stand.change_email(ann.id, "Ann@Example.org").await.unwrap_err().status, 409);
    assert_eq!(stand.change_email(ann.id, "nobody").await.unwrap_err().status, 400);

    // Begun anew: what was mailed before is not good any more.
    stand.change_email(ann.id, NEW).await.unwrap();
    let (stale, _) = stand.change_links().await;
    stand.change_email(ann.id, NEW).await.unwrap();
    let (old, new) = stand.change_links().await;
    assert_eq!(stand.confirm(&stale).await.unwrap_err().status, 400);
    assert_eq!(stand.vault.n_fields(), 2);

    // Somebody else was faster.
    stand.confirm(&old).await.unwrap();
    stand.account(NEW).await;
    assert_eq!(stand.confirm(&new).await.unwrap_err().status, 409);
    assert_eq!(stand.service.account(ann.id).await.unwrap().email, OLD);

    // Too late.
    stand.pass(3 * DAY_US);
    assert_eq!(stand.confirm(&new).await.unwrap_err().status, 400);
    assert!(stand.sign_in(OLD, PASSWORD).await.is_ok());
}
