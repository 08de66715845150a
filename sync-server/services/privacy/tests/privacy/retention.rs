//! Retention: by its rules, once a night, never of the held.

use std::collections::HashSet;

use api::compliance::{CaseAction, CaseCreate, CaseKind, CaseUpdate};
use domain::AccountId;
use engine_sql::testing;
use svc_privacy::{Error, Rule, peer::Person};

use super::stand::{DAY_US, START_US, Stand, open, settings};

const HOUR_US: i64 = DAY_US / 24;

async fn hold(stand: &Stand, officer: AccountId, email: &str) {
    let create =
        CaseCreate { kind: CaseKind::Access, email: email.to_owned(), reason: "x".to_owned() };
    let case = stand.service.case_create(officer, &create).await.unwrap();
    for action in [CaseAction::Hold, CaseAction::Close] {
        let update = CaseUpdate { action, reason: "x".to_owned(), display_name: None };
        stand.service.case_update(officer, case.id, &update).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_older_than_its_rule_goes_but_not_of_the_held() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let (ann, bob, officer) =
            (stand.person("ann"), stand.person("bob"), stand.person("officer"));
        hold(&stand, officer, "ann@example.org").await;
        let old_us = START_US - 91 * DAY_US;
        let visits = [(ann, old_us), (bob, old_us), (bob, START_US - 89 * DAY_US)];
        stand.world.retained_us.lock().unwrap().extend(visits);

        let view = stand.service.retention().await.unwrap();
        let due: Vec<(&str, u64, u64)> =
            view.rules.iter().map(|rule| (rule.id.as_str(), rule.n_due, rule.n_held)).collect();
        assert_eq!(due, [("visits", 1, 1), ("done_cases", 0, 0), ("exports", 0, 0)]);
        assert_eq!(stand.world.retained_us.lock().unwrap().len(), 3, "looking drops nothing");
        let dropped = stand.service.retention_run().await.unwrap();
        assert_eq!((dropped[0].id, dropped[0].n), ("visits", 1));
        assert_eq!(stand.world.retained_us.lock().unwrap().len(), 2);
        let view = stand.service.retention().await.unwrap();
        let visits = &view.rules[0];
        assert_eq!((visits.n_dropped, visits.n_due, visits.n_held), (1, 0, 1));
        assert_eq!(view.last_run_at_us, Some(stand.world.now_us()));
        assert_eq!(stand.world.n_acts("retention_run").await, 1);
    }
}

/// Deleting is use: whoever wants their data kept and not used may need it for a claim.
#[tokio::test]
async fn what_is_restricted_stays_until_that_ends() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let [ann, bob] = ["ann", "bob"].map(|name| stand.person(name));
        let old_us = START_US - 91 * DAY_US;
        stand.world.retained_us.lock().unwrap().extend([(ann, old_us), (bob, old_us)]);
        for of in [ann, bob] {
            stand.service.export_create(of, of).await.unwrap();
        }
        stand.service.exports_make().await.unwrap();
        stand.service.restrict(ann, true).await.unwrap();
        stand.world.pass(40 * DAY_US);
        stand.service.exports_expire().await.unwrap();

        let view = stand.service.retention().await.unwrap();
        let due: Vec<(u64, u64)> =
            view.rules.iter().map(|rule| (rule.n_due, rule.n_held)).collect();
        assert_eq!(due, [(1, 1), (0, 0), (1, 1)]);
        let n_dropped = async || {
            let dropped = stand.service.retention_run().await.unwrap();
            dropped.iter().map(|one| one.n).collect::<Vec<_>>()
        };
        assert_eq!(n_dropped().await, [1, 0, 1], "Bob's");
        stand.service.restrict(ann, false).await.unwrap();
        assert_eq!(n_dropped().await, [1, 0, 1], "and then Ann's");
    }
}

/// A record that names a case or an erasure is about its person as well.
#[tokio::test]
async fn the_held_are_known_by_all_that_the_log_calls_them() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let [ann, bob, eve, officer] =
            ["ann", "bob", "eve", "officer"].map(|name| stand.person(name));
        hold(&stand, officer, "ann@example.org").await;
        stand.service.restrict(bob, true).await.unwrap();
        for of in [ann, eve] {
            stand.service.erasure_create(of, of).await.unwrap();
        }
        stand.service.retention_run().await.unwrap();
        let held = stand.world.held.lock().unwrap().clone();
        assert_eq!(held.accounts, HashSet::from([ann, bob]));
        let mut kinds: Vec<&str> =
            held.tokens.iter().filter_map(|token| Some(token.split_once(':')?.0)).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["account", "account", "case", "erasure"]);
        assert!(held.tokens.contains(&format!("account:{ann}")), "{:?}", held.tokens);
    }
}

#[tokio::test]
async fn closed_cases_and_past_exports_go_in_their_time() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let (ann, bob, officer) =
            (stand.person("ann"), stand.person("bob"), stand.person("officer"));
        hold(&stand, officer, "ann@example.org").await;
        let create = CaseCreate {
            kind: CaseKind::Access,
            email: "bob@example.org".to_owned(),
            reason: "x".to_owned(),
        };
        let open = stand.service.case_create(officer, &create).await.unwrap();
        let closed = stand.service.case_create(officer, &create).await.unwrap();
        let close =
            CaseUpdate { action: CaseAction::Close, reason: "x".to_owned(), display_name: None };
        stand.service.case_update(officer, closed.id, &close).await.unwrap();
        for of in [ann, bob] {
            stand.service.export_create(of, of).await.unwrap();
        }
        stand.service.exports_make().await.unwrap();
        stand.world.pass(1_001 * DAY_US);
        stand.service.exports_expire().await.unwrap();
        let dropped = stand.service.retention_run().await.unwrap();
        let dropped: Vec<(&str, u64)> = dropped.iter().map(|one| (one.id, one.n)).collect();
        assert_eq!(dropped, [("visits", 0), ("done_cases", 1), ("exports", 1)]);
        assert!(stand.service.case(open.id).await.is_ok());
        assert!(stand.service.case(closed.id).await.is_err());
        assert!(stand.service.privacy(ann).await.unwrap().export.is_some(), "of the held");
        assert!(stand.service.privacy(bob).await.unwrap().export.is_none());
    }
}

/// It is 10 o'clock; the job runs at 3.
#[tokio::test]
async fn the_job_runs_once_a_night_and_after_one_that_was_slept_through() {
    let mut stand = Stand::new().await;
    let n_runs = async |stand: &Stand| {
        stand.service.retention_nightly().await.unwrap();
        stand.world.n_acts("retention_run").await
    };
    assert_eq!(n_runs(&stand).await, 0);
    let view = stand.service.retention().await.unwrap();
    assert_eq!((view.last_run_at_us, view.next_run_at_us), (None, START_US + 17 * HOUR_US));
    stand.world.pass(17 * HOUR_US - 1);
    stand.reopen().await;
    assert_eq!(n_runs(&stand).await, 0);
    stand.world.pass(1);
    assert_eq!(n_runs(&stand).await, 1);
    assert_eq!(n_runs(&stand).await, 1);
    stand.world.pass(5 * DAY_US + HOUR_US);
    stand.reopen().await;
    assert_eq!(n_runs(&stand).await, 2, "once, however many nights there were");
    assert_eq!(n_runs(&stand).await, 2);
}

#[tokio::test]
async fn keys_of_no_account_are_destroyed_after_an_hour() {
    let stand = Stand::new().await;
    let now_ms = u64::try_from(START_US / 1_000).unwrap();
    let made = |minutes_ago: u64, n: u8| AccountId::new(now_ms - minutes_ago * 60_000, [n; 10]);
    let [left, young, ann, eve] = [made(120, 1), made(1, 2), made(120, 3), made(120, 4)];
    for account in [ann, eve] {
        let person = Person { email: format!("{account}@x.org"), display_name: String::new() };
        stand.world.people.lock().unwrap().insert(account, person);
    }
    // Hers is on its way: the erasure itself will end the key.
    stand.service.erasure_create(eve, eve).await.unwrap();
    stand.world.people.lock().unwrap().remove(&eve);
    let put =
        |account| stand.world.vault.lock().unwrap().insert((account, "email".into()), vec![1]);
    for account in [left, young, ann, eve] {
        put(account);
    }
    stand.service.retention_run().await.unwrap();
    assert!(stand.world.vault_fields(left).is_empty());
    for kept in [young, ann, eve] {
        assert!(!stand.world.vault_fields(kept).is_empty(), "{kept}");
    }
    stand.world.pass(8 * DAY_US);
    stand.service.erasures_do().await.unwrap();
    assert!(stand.world.vault_fields(eve).is_empty());
    // A request that was under way came late.
    put(eve);
    stand.service.retention_run().await.unwrap();
    assert!(stand.world.vault_fields(eve).is_empty());
    assert!(!stand.world.vault_fields(ann).is_empty());
}

#[tokio::test]
async fn rules_and_what_is_kept_must_go_together() {
    let stand = Stand::new().await;
    let folder = tempfile::tempdir().unwrap();
    let mut missing = settings(folder.path().to_owned());
    missing.rules.remove(0);
    let refused = open(&stand.world, &missing).await;
    assert!(matches!(refused, Err(Error::RuleMissing { id: "done_cases" })));
    let mut unknown = settings(folder.path().to_owned());
    unknown.rules.push(Rule { id: "nothing".to_owned(), days: 1 });
    let refused = open(&stand.world, &unknown).await;
    assert!(matches!(refused, Err(Error::RuleUnknown { .. })));
}
