//! Erasures: held up, taken back, cut off anywhere, and never half done for good.

use std::sync::atomic::Ordering;

use api::compliance::{CaseAction, CaseCreate, CaseKind, CaseUpdate};
use domain::AccountId;
use engine_sql::testing;

use super::stand::{DAY_US, Stand};

/// What is planted about a person in every place.
const PLANTED: &str = "a planted string of one person";

async fn plant(stand: &Stand, account: AccountId, email: &str) {
    stand.world.letter(account, 1, PLANTED).await;
    stand.world.letter(account, 2, "another").await;
    let mail = (email.to_owned(), PLANTED.into());
    stand.world.mails.lock().unwrap().push(mail);
    stand.service.restrict(account, true).await.unwrap();
}

/// Nothing is left of one person, and everything of another.
async fn check_erased(stand: &Stand, ann: AccountId, bob: AccountId) {
    let world = &stand.world;
    assert_eq!((world.n_letters(ann).await, world.n_letters(bob).await), (0, 2));
    let mails = world.mails.lock().unwrap().clone();
    assert!(mails.iter().all(|(to, _)| to == "bob@example.org") && mails.len() == 1, "{mails:?}");
    assert!(world.vault_fields(ann).is_empty() && !world.vault_fields(bob).is_empty());
    assert!(!stand.service.privacy(ann).await.unwrap().is_restricted);
    assert!(stand.service.privacy(bob).await.unwrap().is_restricted);
    for verb in ["subject_erase", "subject_erase_begin", "subject_erase_done"] {
        assert_eq!(world.n_acts(verb).await, 1, "{verb}");
    }
}

#[tokio::test]
async fn an_erasure_takes_everything_of_one_person_after_its_time() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let (ann, bob) = (stand.person("ann"), stand.person("bob"));
        plant(&stand, ann, "ann@example.org").await;
        plant(&stand, bob, "bob@example.org").await;
        let asked = stand.service.erasure_create(ann, ann).await.unwrap();
        assert_eq!(asked.due_at_us, stand.world.now_us() + 7 * DAY_US);
        assert_eq!(stand.service.privacy(ann).await.unwrap().erasure, Some(asked.clone()));
        // Asking again is no second erasure, and does not put it off.
        stand.world.pass(DAY_US);
        assert_eq!(stand.service.erasure_create(ann, ann).await.unwrap(), asked);

        stand.world.pass(6 * DAY_US - 1);
        stand.service.erasures_do().await.unwrap();
        assert_eq!(stand.world.n_letters(ann).await, 2, "it is not time");
        stand.world.pass(1);
        stand.service.erasures_do().await.unwrap();
        check_erased(&stand, ann, bob).await;
        assert_eq!(stand.service.privacy(ann).await.unwrap().erasure, None);
        // Who still has a token writes nothing any more.
        assert!(stand.service.restrict(ann, true).await.is_err());
        assert!(stand.service.export_create(ann, ann).await.is_err());
        assert!(stand.service.erasure_create(ann, ann).await.is_err());
    }
}

/// Cut off before every single step, and gone on with after a start.
#[tokio::test]
async fn an_erasure_that_was_cut_off_anywhere_goes_on() {
    let mut n_cut = 0;
    for n_steps in 0.. {
        let mut stand = Stand::new().await;
        let (ann, bob) = (stand.person("ann"), stand.person("bob"));
        plant(&stand, ann, "ann@example.org").await;
        plant(&stand, bob, "bob@example.org").await;
        stand.service.erasure_create(ann, ann).await.unwrap();
        stand.world.pass(8 * DAY_US);
        stand.world.n_steps_left.store(n_steps, Ordering::Relaxed);
        stand.service.erasures_do().await.unwrap();
        let is_done = stand.world.n_acts("subject_erase_done").await == 1;
        stand.world.n_steps_left.store(u32::MAX, Ordering::Relaxed);
        if !is_done {
            n_cut += 1;
            stand.reopen().await;
            stand.service.erasures_do().await.unwrap();
        }
        check_erased(&stand, ann, bob).await;
        if is_done {
            break;
        }
    }
    // The address is read and kept, read again; two holders; the vault.
    assert!(n_cut >= 6, "{n_cut}");
}

#[tokio::test]
async fn what_was_written_meanwhile_goes_as_well() {
    let stand = Stand::new().await;
    let (ann, bob) = (stand.person("ann"), stand.person("bob"));
    plant(&stand, ann, "ann@example.org").await;
    plant(&stand, bob, "bob@example.org").await;
    stand.service.erasure_create(ann, ann).await.unwrap();
    stand.world.pass(8 * DAY_US);
    // Begun: the address is kept and one holder is done, then it is cut off.
    stand.world.n_steps_left.store(4, Ordering::Relaxed);
    stand.service.erasures_do().await.unwrap();
    assert_eq!(stand.world.n_letters(ann).await, 0);
    stand.world.letter(ann, 3, "late").await;
    stand.world.n_steps_left.store(u32::MAX, Ordering::Relaxed);
    stand.service.erasures_do().await.unwrap();
    check_erased(&stand, ann, bob).await;
}

#[tokio::test]
async fn an_erasure_can_be_taken_back_until_it_begins() {
    let stand = Stand::new().await;
    let ann = stand.person("ann");
    assert!(stand.service.erasure_cancel(ann).await.is_err(), "there is none");
    plant(&stand, ann, "ann@example.org").await;
    stand.service.erasure_create(ann, ann).await.unwrap();
    stand.service.erasure_cancel(ann).await.unwrap();
    assert_eq!(stand.service.privacy(ann).await.unwrap().erasure, None);
    stand.world.pass(8 * DAY_US);
    stand.service.erasures_do().await.unwrap();
    assert_eq!(stand.world.n_letters(ann).await, 2);
    assert_eq!(stand.world.n_acts("subject_erase_cancel").await, 1);

    // Begun, and stuck half-way: nothing to take back any more.
    stand.service.erasure_create(ann, ann).await.unwrap();
    stand.world.pass(8 * DAY_US);
    stand.world.n_steps_left.store(4, Ordering::Relaxed);
    stand.service.erasures_do().await.unwrap();
    assert_eq!(stand.world.n_acts("subject_erase_begin").await, 1);
    assert!(stand.service.erasure_cancel(ann).await.is_err());
}

#[tokio::test]
async fn the_last_owner_stays() {
    let stand = Stand::new().await;
    let ann = stand.person("ann");
    plant(&stand, ann, "ann@example.org").await;
    *stand.world.owner.lock().unwrap() = Some(ann);
    assert!(stand.service.erasure_create(ann, ann).await.is_err());
    *stand.world.owner.lock().unwrap() = None;
    stand.service.erasure_create(ann, ann).await.unwrap();
    // The other owner has gone since.
    *stand.world.owner.lock().unwrap() = Some(ann);
    stand.world.pass(8 * DAY_US);
    stand.service.erasures_do().await.unwrap();
    assert_eq!(stand.world.n_letters(ann).await, 2);
    assert!(stand.service.privacy(ann).await.unwrap().erasure.is_some(), "it waits");
}

#[tokio::test]
async fn held_data_waits_for_the_end_of_the_hold() {
    let stand = Stand::new().await;
    let (ann, bob, officer) = (stand.person("ann"), stand.person("bob"), stand.person("officer"));
    plant(&stand, ann, "ann@example.org").await;
    plant(&stand, bob, "bob@example.org").await;
    let create = CaseCreate {
        kind: CaseKind::Erasure,
        email: "ann@example.org".to_owned(),
        reason: "A court asked".to_owned(),
    };
    let case = stand.service.case_create(officer, &create).await.unwrap();
    let update = |action| CaseUpdate { action, reason: "x".to_owned(), display_name: None };
    let held = stand.service.case_update(officer, case.id, &update(CaseAction::Hold)).await;
    assert!(held.unwrap().is_held);
    let asked = stand.service.erasure_create(ann, ann).await.unwrap();
    assert!(asked.is_held);
    stand.world.pass(8 * DAY_US);
    stand.service.erasures_do().await.unwrap();
    assert_eq!(stand.world.n_letters(ann).await, 2);
    let lifted = stand.service.case_update(officer, case.id, &update(CaseAction::LiftHold)).await;
    assert!(!lifted.unwrap().is_held);
    stand.service.erasures_do().await.unwrap();
    check_erased(&stand, ann, bob).await;
    let case = stand.service.case(case.id).await.unwrap();
    assert!(case.closed_at_us.is_some(), "with the person, the request is served");
}

#[tokio::test]
async fn an_export_under_way_comes_first() {
    let stand = Stand::new().await;
    let (ann, bob) = (stand.person("ann"), stand.person("bob"));
    plant(&stand, ann, "ann@example.org").await;
    plant(&stand, bob, "bob@example.org").await;
    stand.service.erasure_create(ann, ann).await.unwrap();
    stand.world.pass(8 * DAY_US);
    stand.service.export_create(ann, ann).await.unwrap();
    stand.service.erasures_do().await.unwrap();
    assert_eq!(stand.world.n_letters(ann).await, 2);
    stand.service.exports_make().await.unwrap();
    let files = || std::fs::read_dir(&stand.settings.exports).unwrap().count();
    assert_eq!(files(), 1);
    stand.service.erasures_do().await.unwrap();
    check_erased(&stand, ann, bob).await;
    assert_eq!(files(), 0, "the copy goes with the data");
}
