//! The second factor: an authenticator app and recovery codes.

use api::{
    accounts::Session,
    error::Code,
    mfa::{TotpConfirm, TotpDisable},
};
use engine_sql::testing;
use totp_rs::{Builder, Secret, Totp};
use web::ApiError;

use crate::stand::{PASSWORD, SECOND_US, Stand};

const EMAIL: &str = "ann@example.org";

/// The app on the phone.
fn app(secret: &str) -> Totp {
    Builder::new()
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .with_account_name("ann")
        .build()
        .unwrap()
}

impl Stand {
    fn code(&self, app: &Totp) -> String {
        app.generate(self.now_s()).to_string()
    }

    /// An account with the second factor on: its session, the app, and the recovery codes.
    async fn with_app(&self) -> (Session, Totp, Vec<String>) {
        self.account(EMAIL).await;
        let session = self.session(EMAIL, None).await;
        let claims = self.claims(&session);
        let secret = self.service.totp_start(&claims, PASSWORD, None).await.unwrap();
        let app = app(&secret.secret);
        let asked = TotpConfirm { code: self.code(&app) };
        let recovery = self.service.totp_confirm(&claims, &asked).await.unwrap();
        // The code that turned it on is used.
        self.pass(30 * SECOND_US);
        (session, app, recovery.codes)
    }
}

#[tokio::test]
async fn signing_in_takes_a_code_and_each_is_good_once() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (before, app, _) = stand.with_app().await;
        assert!(stand.renew(&before).await.is_ok(), "sessions go on");

        let without = stand.sign_in_with(EMAIL, None, None).await.unwrap_err();
        assert_eq!((without.status.as_u16(), without.code), (401, Code::SecondFactorRequired));
        let wrong = stand.sign_in(EMAIL, "not the password").await.unwrap_err();
        assert_eq!(wrong.code, Code::WrongCredentials, "the code is asked for after the password");

        let code = stand.code(&app);
        stand.sign_in_with(EMAIL, Some(&code), None).await.unwrap();
        let replayed = stand.sign_in_with(EMAIL, Some(&code), None).await.unwrap_err();
        assert_eq!(replayed.code, Code::SecondFactorRequired);
        stand.pass(30 * SECOND_US);
        // Still within its window, and used.
        assert!(stand.sign_in_with(EMAIL, Some(&code), None).await.is_err());
        let next = stand.code(&app);
        stand.sign_in_with(EMAIL, Some(&next), None).await.unwrap();
        // An older one that was never used is not good after a newer one.
        let older = app.generate(stand.now_s() - 30).to_string();
        assert!(stand.sign_in_with(EMAIL, Some(&older), None).await.is_err());
    }
}

/// Two who use one code at once: one of them gets in.
#[tokio::test]
async fn a_code_lets_in_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (_, app, recovery) = stand.with_app().await;
        for code in [stand.code(&app), recovery[0].clone()] {
            let (a, b) = tokio::join!(
                stand.sign_in_with(EMAIL, Some(&code), None),
                stand.sign_in_with(EMAIL, Some(&code), None),
            );
            assert!(a.is_ok() != b.is_ok(), "{code}");
        }
    }
}

#[tokio::test]
async fn recovery_codes_open_once_each() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (session, _, codes) = stand.with_app().await;
        assert_eq!(codes.len(), 10);
        let typed = codes[3].to_uppercase().replace('-', " ");
        stand.sign_in_with(EMAIL, Some(&typed), None).await.unwrap();
        assert!(stand.sign_in_with(EMAIL, Some(&codes[3]), None).await.is_err());
        stand.sign_in_with(EMAIL, Some(&codes[4]), None).await.unwrap();
        let view = stand.service.mfa(stand.claims(&session).account).await.unwrap();
        assert_eq!((view.is_totp_on, view.n_recovery_codes), (true, 8));
    }
}

#[tokio::test]
async fn set_up_takes_the_password_and_a_right_code() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account(EMAIL).await;
        let claims = stand.claims(&stand.session(EMAIL, None).await);
        let confirm = |code: &str| {
            let (service, claims) = (&stand.service, &claims);
            let asked = TotpConfirm { code: code.to_owned() };
            async move { service.totp_confirm(claims, &asked).await.map_err(ApiError::from) }
        };
        assert_eq!(confirm("123456").await.unwrap_err().status, 409, "not begun");
        let wrong = stand.service.totp_start(&claims, "not the password", None).await;
        assert_eq!(ApiError::from(wrong.unwrap_err()).status, 403);

        let first = stand.service.totp_start(&claims, PASSWORD, None).await.unwrap();
        let second = stand.service.totp_start(&claims, PASSWORD, None).await.unwrap();
        assert_eq!(stand.vault.n_fields(), 1, "the first one is forgotten");
        let (first, second) = (app(&first.secret), app(&second.secret));
        assert_eq!(confirm(&stand.code(&first)).await.unwrap_err().status, 400);
        // Nothing is on yet: the password is enough.
        assert!(stand.sign_in_with(EMAIL, None, None).await.is_ok());
        confirm(&stand.code(&second)).await.unwrap();
        assert!(stand.sign_in_with(EMAIL, None, None).await.is_err());
        let again = stand.service.totp_start(&claims, PASSWORD, None).await;
        assert_eq!(ApiError::from(again.unwrap_err()).status, 409);
        assert_eq!(stand.vault.n_fields(), 1);
        assert_eq!(confirm(&stand.code(&second)).await.unwrap_err().status, 409);
    }
}

#[tokio::test]
async fn turning_it_off_takes_password_and_code() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (session, app, codes) = stand.with_app().await;
        let claims = stand.claims(&session);
        let disable = |password: &str, code: &str| {
            let (service, claims) = (&stand.service, &claims);
            let asked = TotpDisable { password: password.to_owned(), code: code.to_owned() };
            async move { service.totp_disable(claims, &asked, None).await.map_err(ApiError::from) }
        };
        assert_eq!(disable("not it", &stand.code(&app)).await.unwrap_err().status, 403);
        assert_eq!(disable(PASSWORD, "000 000").await.unwrap_err().status, 401);
        disable(PASSWORD, &stand.code(&app)).await.unwrap();
        assert!(stand.sign_in_with(EMAIL, None, None).await.is_ok());
        assert_eq!(stand.vault.n_fields(), 0);
        assert!(!stand.service.mfa(claims.account).await.unwrap().is_totp_on);
        assert_eq!(disable(PASSWORD, &codes[0]).await.unwrap_err().status, 409);
    }
}

/// Who got hold of the password guesses codes: slowed down, told to the log, and the person's own
/// device still gets in.
#[tokio::test]
async fn guessing_codes_locks_out_the_guesser_alone() {
    let stand = Stand::start(testing::sqlite().await).await;
    let (session, app, _) = stand.with_app().await;
    let right = stand.code(&app);
    let wrong = if right == "111111" { "222222" } else { "111111" };
    let mut n_wrong = 0;
    let stopped = loop {
        let refused = stand.sign_in_with(EMAIL, Some(wrong), None).await.unwrap_err();
        if refused.code != Code::SecondFactorRequired {
            break refused;
        }
        n_wrong += 1;
        assert!(n_wrong < 20, "nothing stops the guesser");
    };
    assert_eq!(stopped.code, Code::RateLimited);
    // From another address the attempts of the account are used up as well; waiting for those of
    // the address is not the point here.
    stand.pass(60 * SECOND_US);
    let right = stand.code(&app);
    let own = stand.sign_in_with(EMAIL, Some(&right), Some(session.device_id)).await;
    assert!(own.is_ok(), "{own:?}");
    let n_told =
        stand.acts().await.iter().filter(|act| act.verb.as_str() == "mfa_code_refuse").count();
    assert_eq!(n_told, n_wrong);
}
