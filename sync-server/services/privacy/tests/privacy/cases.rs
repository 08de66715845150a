//! Cases: a walk through one, and what officers may not.

use api::compliance::{CaseAction, CaseCreate, CaseKind, CaseState, CaseUpdate};
use axum::http::StatusCode;
use domain::AccountId;
use engine_sql::testing;
use svc_privacy::Error;

use super::stand::{DAY_US, START_US, Stand};

fn create(kind: CaseKind, email: &str) -> CaseCreate {
    CaseCreate { kind, email: email.to_owned(), reason: "asked by letter".to_owned() }
}

fn update(action: CaseAction) -> CaseUpdate {
    CaseUpdate { action, reason: "identity checked".to_owned(), display_name: None }
}

fn status<T>(answer: Result<T, Error>) -> Option<StatusCode> {
    match answer {
        Err(Error::Refused(refused)) => Some(refused.status),
        _ => None,
    }
}

async fn people(stand: &Stand) -> (AccountId, AccountId) {
    let ann = stand.person("ann");
    stand.world.letter(ann, 1, "x").await;
    (ann, stand.person("officer"))
}

#[tokio::test]
async fn a_case_opens_the_data_of_one_person_and_leaves_a_trail() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let (ann, officer) = people(&stand).await;
        let service = &stand.service;
        let asked = create(CaseKind::Rectification, "ann@example.org");
        let case = service.case_create(officer, &asked).await.unwrap();
        assert_eq!((case.subject, case.state), (ann, CaseState::Open));
        // From 31 January to the last day of February.
        assert_eq!(case.due_at_us, START_US + 28 * DAY_US);

        let subject = service.case_subject(officer, case.id).await.unwrap();
        assert_eq!(subject.email, "ann@example.org");
        let letters = subject.holdings.iter().find(|one| one.table == "letter").unwrap();
        assert_eq!(letters.n_rows, 1);

        let extended = service.case_update(officer, case.id, &update(CaseAction::Extend)).await;
        let extended = extended.unwrap();
        // To the last day of April.
        assert_eq!((extended.is_extended, extended.due_at_us), (true, START_US + 89 * DAY_US));
        let twice = service.case_update(officer, case.id, &update(CaseAction::Extend)).await;
        assert_eq!(status(twice), Some(StatusCode::CONFLICT));

        let rectify = CaseUpdate {
            display_name: Some("Ann Other".to_owned()),
            ..update(CaseAction::Rectify)
        };
        service.case_update(officer, case.id, &rectify).await.unwrap();
        assert_eq!(stand.world.people.lock().unwrap()[&ann].display_name, "Ann Other");
        let exported = service.case_update(officer, case.id, &update(CaseAction::Export)).await;
        assert!(exported.unwrap().export.is_some());
        let erased = service.case_update(officer, case.id, &update(CaseAction::Erase)).await;
        assert!(erased.unwrap().erasure.is_some());
        service.erasure_cancel(ann).await.unwrap();
        let closed = service.case_update(officer, case.id, &update(CaseAction::Close)).await;
        let closed = closed.unwrap();
        assert_eq!((closed.state, closed.erasure), (CaseState::Done, None));

        assert_eq!(
            status(service.case_subject(officer, case.id).await),
            Some(StatusCode::CONFLICT)
        );
        let again = service.case_update(officer, case.id, &update(CaseAction::Hold)).await;
        assert_eq!(status(again), Some(StatusCode::CONFLICT));
        check_trail(&stand, officer, &format!("case:{}", case.id)).await;
    }
}

async fn check_trail(stand: &Stand, officer: AccountId, case: &str) {
    let acts = stand.world.acts().await;
    let by_officer: Vec<(&str, &str, &str)> = acts
        .iter()
        .filter(|act| {
            act.actor.as_ref().is_some_and(|by| by.as_str().contains(&officer.to_string()))
        })
        .filter(|act| act.object.as_str() == case)
        .map(|act| {
            let reason = act.reason.as_ref().map_or("", |reason| reason.as_str());
            (act.verb.as_str(), act.object.as_str(), reason)
        })
        .collect();
    let mut trail = by_officer.clone();
    trail.sort_unstable();
    let mut expected = [
        ("case_create", case, "rectification: asked by letter"),
        ("case_subject_view", case, ""),
        ("case_update", case, "close: identity checked"),
        ("case_update", case, "erase: identity checked"),
        ("case_update", case, "export: identity checked"),
        ("case_update", case, "extend: identity checked"),
        ("case_update", case, "rectify: identity checked"),
    ];
    expected.sort_unstable();
    assert_eq!(trail, expected);
    for verb in ["subject_rectify", "subject_export", "subject_erase"] {
        assert_eq!(stand.world.n_acts(verb).await, 1, "{verb}");
    }
    // By tokens only.
    for act in acts {
        let text = serde_json::to_string(&act).unwrap();
        assert!(!text.contains("ann@") && !text.contains("Ann Other"), "{text}");
    }
}

#[tokio::test]
async fn nobody_decides_about_themselves() {
    let stand = Stand::new().await;
    let (ann, officer) = people(&stand).await;
    let own = create(CaseKind::Access, "officer@example.org");
    let refused = stand.service.case_create(officer, &own).await;
    assert_eq!(status(refused), Some(StatusCode::CONFLICT));
    // A colleague opened it; the officer it is about stays out.
    let case = stand.service.case_create(ann, &own).await.unwrap();
    let viewed = stand.service.case_subject(officer, case.id).await;
    assert_eq!(status(viewed), Some(StatusCode::CONFLICT));
    for action in [CaseAction::Hold, CaseAction::Export, CaseAction::Close] {
        let done = stand.service.case_update(officer, case.id, &update(action)).await;
        assert_eq!(status(done), Some(StatusCode::CONFLICT), "{action:?}");
    }
    assert!(!stand.service.case(case.id).await.unwrap().is_held);
}

#[tokio::test]
async fn nobody_is_found_but_by_the_whole_address() {
    let stand = Stand::new().await;
    let (_, officer) = people(&stand).await;
    for email in ["ann", "ann@", "@example.org", "%", "eve@example.org", ""] {
        let refused = stand.service.case_create(officer, &create(CaseKind::Access, email)).await;
        assert_eq!(status(refused), Some(StatusCode::NOT_FOUND), "{email}");
    }
    for reason in ["", "  ", "a\nb", &"x".repeat(401)] {
        let asked =
            CaseCreate { reason: reason.to_owned(), ..create(CaseKind::Access, "ann@example.org") };
        let refused = stand.service.case_create(officer, &asked).await;
        assert_eq!(status(refused), Some(StatusCode::BAD_REQUEST), "{reason:?}");
    }
    let case = create(CaseKind::Access, "ann@example.org");
    let case = stand.service.case_create(officer, &case).await.unwrap();
    for (action, name) in [(CaseAction::Rectify, None), (CaseAction::Close, Some("Ann".to_owned()))]
    {
        let asked = CaseUpdate { display_name: name, ..update(action) };
        let refused = stand.service.case_update(officer, case.id, &asked).await;
        assert_eq!(status(refused), Some(StatusCode::BAD_REQUEST), "{action:?}");
    }
}

#[tokio::test]
async fn cases_are_listed_by_what_is_urgent() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let (_, officer) = people(&stand).await;
        let mut ids = Vec::new();
        for _ in 0..4 {
            stand.world.pass(DAY_US);
            let asked = create(CaseKind::Access, "ann@example.org");
            ids.push(stand.service.case_create(officer, &asked).await.unwrap().id);
        }
        for (id, action) in [
            (ids[0], CaseAction::Refuse),
            (ids[1], CaseAction::Close),
            (ids[2], CaseAction::Extend),
        ] {
            stand.world.pass(DAY_US);
            stand.service.case_update(officer, id, &update(action)).await.unwrap();
        }
        let listed = stand.service.cases(None, 50).await.unwrap();
        let order: Vec<_> = listed.items.iter().map(|case| case.id).collect();
        assert_eq!(order, [ids[3], ids[2], ids[1], ids[0]]);
        assert_eq!(listed.next_cursor, None);
        assert_eq!(listed.items[3].state, CaseState::Refused);
    }
}

/// Of some, the deadline and the end are the same.
#[tokio::test]
async fn cases_come_by_pages_of_any_size_each_once() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let (_, officer) = people(&stand).await;
        let mut ids = Vec::new();
        for n in 0..9 {
            stand.world.pass(if n % 3 == 0 { DAY_US } else { 0 });
            let asked = create(CaseKind::Access, "ann@example.org");
            ids.push(stand.service.case_create(officer, &asked).await.unwrap().id);
        }
        for (n, id) in ids[..5].iter().enumerate() {
            stand.world.pass(if n % 2 == 0 { DAY_US } else { 0 });
            stand.service.case_update(officer, *id, &update(CaseAction::Close)).await.unwrap();
        }
        let all = stand.service.cases(None, 50).await.unwrap().items;
        assert_eq!(all.len(), 9);
        assert!(all[..4].iter().all(|case| case.state == CaseState::Open));
        assert!(all[..4].is_sorted_by_key(|case| case.due_at_us));
        assert!(all[4..].is_sorted_by(|one, next| one.closed_at_us >= next.closed_at_us));
        for limit in 1..=9 {
            let (mut found, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let page = stand.service.cases(cursor.as_deref(), limit).await.unwrap();
                assert!(page.items.len() <= limit as usize && !page.items.is_empty());
                found.extend(page.items);
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(found, all, "by {limit}");
        }
        for wrong in ["x", "e30", "bnVsbA"] {
            let refused = stand.service.cases(Some(wrong), 5).await;
            assert_eq!(status(refused), Some(StatusCode::BAD_REQUEST), "{wrong}");
        }
    }
}
