//! Codes of an authenticator app and recovery codes.

use api::{error::Code, mfa::TotpStart};
use engine_sql::testing;
use web::ApiError;

use crate::stand::{ANN, BOB, PHONE, SECOND_US, Stand, claims};

#[tokio::test]
async fn each_code_is_good_once_and_only_forward() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (app, _) = stand.with_app().await;
        assert_eq!(stand.methods().await, (true, false));
        let code = stand.code(&app);
        stand.use_up(&code, None).await.unwrap();
        let replayed = stand.use_up(&code, None).await.unwrap_err();
        assert_eq!((replayed.status.as_u16(), replayed.code), (401, Code::SecondFactorRequired));
        assert_eq!(stand.n_told("mfa_code_refuse").await, 1, "a replay is told");
        stand.pass(30 * SECOND_US);
        // Still within its window, and used.
        assert!(stand.use_up(&code, None).await.is_err());
        stand.use_up(&stand.code(&app), None).await.unwrap();
        // An older one that was never used is not good after a newer one.
        let older = app.generate(stand.now_s() - 30).to_string();
        assert!(stand.use_up(&older, None).await.is_err());
    }
}

/// Two who use one code at once: one of them gets in.
#[tokio::test]
async fn a_code_lets_in_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (app, recovery) = stand.with_app().await;
        for code in [stand.code(&app), recovery[0].clone()] {
            let (a, b) = tokio::join!(stand.use_up(&code, None), stand.use_up(&code, None));
            assert!(a.is_ok() != b.is_ok(), "{code}");
        }
    }
}

#[tokio::test]
async fn recovery_codes_open_once_each() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (_, codes) = stand.with_app().await;
        assert_eq!(codes.len(), 10);
        let typed = codes[3].to_uppercase().replace('-', " ");
        stand.use_up(&typed, None).await.unwrap();
        assert!(stand.use_up(&codes[3], None).await.is_err());
        assert_eq!(stand.n_told("mfa_code_refuse").await, 1);
        stand.use_up(&codes[4], None).await.unwrap();
        let view = stand.service.mfa(ANN).await.unwrap();
        assert_eq!((view.is_totp_on, view.n_recovery_codes), (true, 8));
    }
}

/// Whoever has none left, or lost them, makes new ones; the old ones open nothing any more.
#[tokio::test]
async fn recovery_codes_are_renewed_while_a_method_is_on() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        assert_eq!(stand.renew_recovery().await.unwrap_err().status, 409);
        let app = stand.start_app().await.unwrap();
        assert_eq!(stand.renew_recovery().await.unwrap_err().status, 409, "it is not on yet");
        assert_eq!(stand.n_recovery_codes().await, 0);

        let old = stand.confirm(&stand.code(&app)).await.unwrap();
        stand.use_up(&old[0], None).await.unwrap();
        let new = stand.renew_recovery().await.unwrap();
        assert_eq!((new.len(), stand.n_recovery_codes().await), (10, 10));
        assert_eq!(stand.n_told("mfa_recovery_renew").await, 1, "what was refused is no act");
        assert!(stand.use_up(&old[1], None).await.is_err());
        stand.use_up(&new[0], None).await.unwrap();
        assert_eq!(stand.methods().await, (true, false));

        stand.disable(&new[1]).await.unwrap();
        assert_eq!(stand.renew_recovery().await.unwrap_err().status, 409);
    }
}

/// In two windows at once: the codes of one of them are good, and no others.
#[tokio::test]
async fn recovery_codes_that_are_renewed_at_once_are_those_of_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.with_app().await;
        let (a, b) = tokio::join!(stand.renew_recovery(), stand.renew_recovery());
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(stand.n_recovery_codes().await, 10);
        let (of_a, of_b) = (stand.use_up(&a[0], None).await, stand.use_up(&b[0], None).await);
        assert!(of_a.is_ok() != of_b.is_ok());
    }
}

#[tokio::test]
async fn set_up_takes_a_right_code() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        assert_eq!(stand.confirm("123456").await.unwrap_err().status, 409, "not begun");
        let nameless = TotpStart { label: " \n".into() };
        let refused = stand.service.totp_start(&claims(), &nameless).await;
        assert_eq!(ApiError::from(refused.unwrap_err()).status, 400);

        let first = stand.start_app().await.unwrap();
        let second = stand.start_app().await.unwrap();
        assert_eq!(stand.n_secrets(), 1, "the first one is forgotten");
        assert_eq!(stand.confirm(&stand.code(&first)).await.unwrap_err().status, 400);
        assert_eq!(stand.methods().await, (false, false));
        stand.confirm(&stand.code(&second)).await.unwrap();
        assert_eq!(stand.methods().await, (true, false));
        assert_eq!(stand.start_app().await.unwrap_err().status, 409);
        assert_eq!(stand.n_secrets(), 1);
        assert_eq!(stand.confirm(&stand.code(&second)).await.unwrap_err().status, 409);
    }
}

#[tokio::test]
async fn turning_it_off_takes_a_code() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (app, codes) = stand.with_app().await;
        assert_eq!(stand.disable("000 000").await.unwrap_err().status, 401);
        stand.disable(&stand.code(&app)).await.unwrap();
        assert_eq!(stand.n_secrets(), 0);
        assert!(!stand.service.mfa(ANN).await.unwrap().is_totp_on);
        assert_eq!(stand.disable(&codes[0]).await.unwrap_err().status, 409);
    }
}

/// Who got hold of the password guesses codes: slowed down, told to the log, and the person's own
/// device still gets in.
#[tokio::test]
async fn guessing_codes_locks_out_the_guesser_alone() {
    let stand = Stand::start(testing::sqlite().await).await;
    let (app, _) = stand.with_app().await;
    let right = stand.code(&app);
    let wrong = if right == "111111" { "222222" } else { "111111" };
    let mut n_wrong = 0;
    let stopped = loop {
        let refused = stand.use_up(wrong, None).await.unwrap_err();
        if refused.code != Code::SecondFactorRequired {
            break refused;
        }
        n_wrong += 1;
        assert!(n_wrong < 20, "nothing stops the guesser");
    };
    assert_eq!(stopped.code, Code::RateLimited);
    assert_eq!(stand.use_up(&right, None).await.unwrap_err().code, Code::RateLimited);
    stand.use_up(&right, Some(PHONE)).await.unwrap();
    assert_eq!(stand.n_told("mfa_code_refuse").await, n_wrong);
}

#[tokio::test]
async fn an_erased_account_has_none() {
    let stand = Stand::start(testing::sqlite().await).await;
    let (_, codes) = stand.with_app().await;
    stand.service.subject_erase(ANN).await.unwrap();
    stand.service.subject_erase(ANN).await.unwrap();
    assert_eq!(stand.methods().await, (false, false));
    assert!(stand.use_up(&codes[0], None).await.is_err());
}

/// Whoever asks at the same time is looked up together, and answered for themselves.
#[tokio::test]
async fn those_who_ask_together_get_their_own_answers() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.with_app().await;
        // In an order that is another one from behind.
        let is_ann = |n: usize| n % 3 == 1;
        let asked = (0..40).map(|n| stand.service.mfa(if is_ann(n) { ANN } else { BOB }));
        let answers = futures::future::try_join_all(asked).await.unwrap();
        for (n, view) in answers.iter().enumerate() {
            assert_eq!((view.is_totp_on, view.n_recovery_codes > 0), (is_ann(n), is_ann(n)));
        }
    }
}
