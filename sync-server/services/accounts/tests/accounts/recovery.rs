//! By mail: confirming an address, and a new password.

use std::sync::atomic::Ordering;

use api::accounts::{PasswordResetFinish, PasswordResetStart};
use engine_sql::testing;
use svc_accounts::peer::Mail;
use web::ApiError;

use crate::stand::{DAY_US, PASSWORD, SECOND_US, Stand};

const EMAIL: &str = "ann@example.org";
const NEXT: &str = "another four words here";

/// What the link in a mail ends with.
fn token(mail: &Mail, path: &str) -> String {
    let link = format!("https://music.example/account/{path}#");
    let (_, rest) = mail.text.split_once(&link).unwrap_or_else(|| panic!("{}", mail.text));
    rest.split_whitespace().next().unwrap().to_owned()
}

impl Stand {
    async fn mails_sent(&self) -> Vec<Mail> {
        self.service.mails_send().await.unwrap();
        self.mails.take()
    }

    async fn ask_reset(&self, email: &str) -> Result<(), ApiError> {
        let asked = PasswordResetStart { email: email.to_owned() };
        self.service.password_reset_start(&asked, None).await.map_err(ApiError::from)
    }

    async fn reset(&self, token: &str, password: &str) -> Result<(), ApiError> {
        let asked = PasswordResetFinish { token: token.to_owned(), password: password.to_owned() };
        self.service.password_reset_finish(&asked, None).await.map_err(ApiError::from)
    }
}

#[tokio::test]
async fn an_address_is_confirmed_by_its_link_once() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let ann = stand.account(EMAIL).await;
        assert!(!ann.is_email_verified);
        let mails = stand.mails_sent().await;
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [EMAIL]);
        assert!(stand.mails_sent().await.is_empty(), "once");
        let token = token(&mails[0], "verify");
        let verify = |token: String| async {
            let token = token;
            stand.service.email_verify(&token, None).await.map_err(ApiError::from)
        };
        assert!(stand.reset(&token, NEXT).await.is_err(), "it is for something else");
        verify(token.clone()).await.unwrap();
        assert!(stand.service.account(ann.id).await.unwrap().is_email_verified);
        for bad in [token, "x".to_owned(), String::new()] {
            assert_eq!(verify(bad).await.unwrap_err().status, 400);
        }
        let again = stand.service.email_verify_start(ann.id).await;
        assert_eq!(ApiError::from(again.unwrap_err()).status, 409);
    }
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_the_old_password() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account(EMAIL).await;
        let session = stand.session(EMAIL, None).await;
        stand.mails_sent().await;
        stand.ask_reset(" ANN@example.org").await.unwrap();
        stand.ask_reset(EMAIL).await.unwrap();
        let mails = stand.mails_sent().await;
        let [first, second] = [token(&mails[0], "reset"), token(&mails[1], "reset")];

        assert_eq!(stand.reset(&first, "short").await.unwrap_err().status, 400);
        stand.reset(&first, NEXT).await.unwrap();
        assert!(stand.keys.verify(&session.access_token).is_err());
        assert!(stand.renew(&session).await.is_err());
        assert!(stand.sign_in(EMAIL, PASSWORD).await.is_err());
        let account = stand.sign_in(EMAIL, NEXT).await.unwrap().account;
        assert!(account.is_email_verified, "who reads the mail has the address");
        assert!(stand.reset(&first, PASSWORD).await.is_err(), "good once");
        assert!(stand.reset(&second, PASSWORD).await.is_err(), "asked for before the change");
        let told = stand.acts().await;
        assert!(told.iter().any(|act| act.verb.as_str() == "password_reset"));
    }
}

/// Two who use one link at once: one of them chooses the password.
#[tokio::test]
async fn a_link_is_used_by_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account(EMAIL).await;
        stand.mails_sent().await;
        stand.ask_reset(EMAIL).await.unwrap();
        let link = token(&stand.mails_sent().await[0], "reset");
        let other = "yet another four words";
        let (a, b) = tokio::join!(stand.reset(&link, NEXT), stand.reset(&link, other));
        assert!(a.is_ok() != b.is_ok());
        let right = if a.is_ok() { NEXT } else { other };
        assert!(stand.sign_in(EMAIL, right).await.is_ok());
    }
}

#[tokio::test]
async fn links_expire() {
    let stand = Stand::start(testing::sqlite().await).await;
    let ann = stand.account(EMAIL).await;
    let verify = token(&stand.mails_sent().await[0], "verify");
    stand.ask_reset(EMAIL).await.unwrap();
    let reset = token(&stand.mails_sent().await[0], "reset");
    stand.pass(3_600 * SECOND_US);
    assert!(stand.reset(&reset, NEXT).await.is_err());
    stand.pass(2 * DAY_US);
    assert!(stand.service.email_verify(&verify, None).await.is_err());
    stand.service.email_verify_start(ann.id).await.unwrap();
    let verify = token(&stand.mails_sent().await[0], "verify");
    stand.service.email_verify(&verify, None).await.unwrap();
}

#[tokio::test]
async fn nobody_learns_who_has_an_account_and_no_box_is_filled() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.account(EMAIL).await;
    stand.mails_sent().await;
    for _ in 0..3 {
        stand.ask_reset(EMAIL).await.unwrap();
        stand.ask_reset("bob@example.org").await.unwrap();
    }
    let (known, unknown) = (stand.ask_reset(EMAIL).await, stand.ask_reset("bob@example.org").await);
    assert_eq!(known.unwrap_err().status, 429);
    assert_eq!(unknown.unwrap_err().status, 429);
    assert_eq!(stand.mails_sent().await.len(), 3, "to the one who has an account");
}

#[tokio::test]
async fn mails_wait_while_none_go_out() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.account(EMAIL).await;
    stand.mails.is_broken.store(true, Ordering::Relaxed);
    assert!(stand.mails_sent().await.is_empty());
    assert_eq!(stand.n_links().await, 0, "what was not sent leaves nothing behind");
    let stand = stand.restart().await;
    let mails = stand.mails_sent().await;
    assert_eq!(mails.len(), 1);
    stand.service.email_verify(&token(&mails[0], "verify"), None).await.unwrap();

    stand.mails.is_broken.store(true, Ordering::Relaxed);
    stand.ask_reset(EMAIL).await.unwrap();
    assert!(stand.mails_sent().await.is_empty());
    stand.pass(2 * DAY_US);
    stand.service.mails_send().await.unwrap();
    stand.mails.is_broken.store(false, Ordering::Relaxed);
    assert!(stand.mails_sent().await.is_empty(), "given up after a day");
}
