//! A passkey that is asked for after the password, alone and beside an app.

use api::{
    error::Code,
    mfa::{Methods, Shown},
};
use engine_sql::{
    sqlx::{self, AssertSqlSafe},
    testing,
};
use svc_mfa::peer::Vault as _;
use totp_rs::{Builder, Totp};
use web::ApiError;

use crate::stand::{ANN, BOB, PHONE, SECOND_US, Stand};

#[tokio::test]
async fn a_passkey_of_the_account_is_good_once_and_no_other_is() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        assert_eq!(stand.enable_passkey().await.unwrap_err().status, 409, "there is none");
        stand.passkeys.add(ANN);
        assert_eq!(stand.enable_passkey().await.unwrap().len(), 10);
        assert_eq!(stand.methods().await, (false, true));

        let asked = ApiError::from(stand.service.use_up(ANN, None, None).await.unwrap_err());
        assert_eq!((asked.status.as_u16(), asked.code), (401, Code::SecondFactorRequired));
        assert_eq!(asked.second_factor, Some(Methods { totp: false, passkey: true }));
        assert_eq!(stand.n_told("mfa_code_refuse").await, 0, "nothing was shown yet");

        let code = stand.passkeys.code(ANN);
        stand.use_passkey(&code).await.unwrap();
        assert_eq!(stand.use_passkey(&code).await.unwrap_err().code, Code::SecondFactorRequired);
        let of_bob = stand.passkeys.code(BOB);
        assert_eq!(stand.use_passkey(&of_bob).await.unwrap_err().code, Code::SecondFactorRequired);
        assert_eq!(stand.passkeys.n_unused(), 0, "it is used up all the same");
        assert_eq!(stand.n_told("mfa_code_refuse").await, 2);
        // There is no app whose codes could be good.
        assert_eq!(stand.use_up("123456", None).await.unwrap_err().status, 401);
    }
}

/// Whoever asked for codes of an app alone is not let in by whichever passkey was added since.
#[tokio::test]
async fn a_passkey_that_is_not_asked_for_is_not_taken() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.with_app().await;
    stand.passkeys.add(ANN);
    let refused = stand.use_passkey(&stand.passkeys.code(ANN)).await.unwrap_err();
    assert_eq!(refused.second_factor, Some(Methods { totp: true, passkey: false }));
    assert_eq!(stand.n_told("mfa_code_refuse").await, 1);
}

/// They are of the account, and go with the last method.
#[tokio::test]
async fn recovery_codes_stay_while_a_method_is_on() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.passkeys.add(ANN);
        let (app, codes) = stand.with_app().await;
        assert_eq!(codes.len(), 10);
        assert_eq!(stand.enable_passkey().await.unwrap(), Vec::<String>::new(), "there are some");
        assert_eq!(stand.enable_passkey().await.unwrap_err().status, 409);
        assert_eq!(stand.methods().await, (true, true));
        stand.use_up(&codes[0], None).await.unwrap();

        stand.disable(&stand.code(&app)).await.unwrap();
        assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((false, true), 9));
        stand.use_up(&codes[1], None).await.unwrap();
        assert_eq!(stand.with_app().await.1, Vec::<String>::new());

        stand.disable_passkey().await.unwrap();
        assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((true, false), 8));
        assert_eq!(stand.disable_passkey().await.unwrap_err().status, 409);
        stand.use_up(&codes[2], None).await.unwrap();
        // Turning off what is on uses one more.
        stand.disable(&codes[3]).await.unwrap();
        assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((false, false), 0));

        assert_eq!(stand.enable_passkey().await.unwrap().len(), 10, "new ones");
        assert!(stand.use_up(&codes[4], None).await.is_err(), "the old ones are gone");
        assert_eq!(stand.n_told("mfa_passkey_on").await, 2);
        assert_eq!(stand.n_told("mfa_passkey_off").await, 1);
    }
}

/// An app that was begun and never confirmed keeps no codes alive, and those of the passkey go on.
#[tokio::test]
async fn an_app_that_is_not_on_counts_for_nothing() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.passkeys.add(ANN);
        stand.enable_passkey().await.unwrap();
        stand.start_app().await.unwrap();
        assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((false, true), 10));
        stand.disable_passkey().await.unwrap();
        assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((false, false), 0));
    }
}

/// Both at once in two windows: the codes that are shown are the codes that are good.
#[tokio::test]
async fn methods_that_are_turned_on_at_once_share_their_codes() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.passkeys.add(ANN);
        let app = stand.start_app().await.unwrap();
        let code = stand.code(&app);
        let (a, b) = tokio::join!(stand.confirm(&code), stand.enable_passkey());
        let shown = [a.unwrap(), b.unwrap()].concat();
        assert_eq!((shown.len(), stand.n_recovery_codes().await), (10, 10));
        stand.use_up(&shown[0], None).await.unwrap();
    }
}

#[tokio::test]
async fn passkeys_are_tried_no_more_often_than_codes() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.passkeys.add(ANN);
    stand.enable_passkey().await.unwrap();
    let mut n_wrong = 0;
    let stopped = loop {
        let refused = stand.use_passkey(&stand.passkeys.code(BOB)).await.unwrap_err();
        if refused.code != Code::SecondFactorRequired {
            break refused;
        }
        n_wrong += 1;
        assert!(n_wrong < 20, "nothing stops them");
    };
    assert_eq!(stopped.code, Code::RateLimited);
    assert_eq!(stand.n_told("mfa_code_refuse").await, n_wrong);
    // What came too early is not used up, and the person's own device still gets in.
    let code = stand.passkeys.code(ANN);
    assert_eq!(stand.use_passkey(&code).await.unwrap_err().code, Code::RateLimited);
    let known = stand.service.use_up(ANN, Some(Shown::Passkey(&code)), Some(PHONE)).await;
    known.unwrap();
}

/// Tables as accounts made and filled them before a passkey could be asked for.
fn yesterday() -> [String; 4] {
    [
        "CREATE TABLE totp (
            account_id TEXT NOT NULL PRIMARY KEY,
            field TEXT NOT NULL,
            is_on BIGINT NOT NULL,
            last_step BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)"
            .to_owned(),
        "CREATE TABLE recovery_code (
            account_id TEXT NOT NULL,
            code_hash TEXT NOT NULL,
            PRIMARY KEY (account_id, code_hash))"
            .to_owned(),
        format!("INSERT INTO totp VALUES ('{ANN}', 'totp.yesterday', 1, 0, 0)"),
        format!("INSERT INTO recovery_code VALUES ('{ANN}', 'a hash')"),
    ]
}

#[tokio::test]
async fn an_app_of_yesterday_goes_on() {
    const SECRET: &[u8; 20] = b"12345678901234567890";
    for db in testing::databases().await {
        db.with_tx(|mut tx| async move {
            for sql in yesterday() {
                sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
            }
            Ok::<_, engine_sql::Error>(())
        })
        .await
        .unwrap();

        let stand = Stand::start(db).await;
        stand.vault.put(ANN, "totp.yesterday", SECRET).await.unwrap();
        assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((true, false), 1));
        let app: Totp =
            Builder::new().with_secret(SECRET.to_vec()).with_account_name("ann").build().unwrap();
        stand.use_up(&stand.code(&app), None).await.unwrap();
        stand.passkeys.add(ANN);
        assert_eq!(stand.enable_passkey().await.unwrap(), Vec::<String>::new());
        stand.pass(30 * SECOND_US);
        stand.disable(&stand.code(&app)).await.unwrap();
        assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((false, true), 1));
    }
}

#[tokio::test]
async fn an_erased_account_is_asked_for_nothing() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.passkeys.add(ANN);
    let codes = stand.enable_passkey().await.unwrap();
    stand.service.subject_erase(ANN).await.unwrap();
    stand.service.subject_erase(ANN).await.unwrap();
    assert_eq!((stand.methods().await, stand.n_recovery_codes().await), ((false, false), 0));
    assert!(stand.use_up(&codes[0], None).await.is_err());
}
