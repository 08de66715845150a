//! Cases: what compliance officers do about the request of one person. They alone open the data
//! of a person, by the exact address, each step with a reason in the audit log.

use api::compliance::{
    CaseAction, CaseCreate, CasePage, CaseState, CaseUpdate, CaseView, SubjectHolding, SubjectView,
};
use domain::{
    AccountId,
    audit::{Act, Reason},
    ids::CaseId,
};
use engine_sql::acts::{self, By};
use web::{ApiError, cursor, reason};

use super::{Service, no_account, token};
use crate::{
    Error, calendar,
    peer::{Person, Subject},
    store::{Case, CaseChange, CasePlace, NewCase, kind_name},
};

/// Months to answer a request in, and after an extension (GDPR, article 12(3)).
const MONTHS: i32 = 1;
const MONTHS_EXTENDED: i32 = 3;

impl Service {
    /// A page of cases: open ones by deadline first, then the closed, the latest first.
    pub async fn cases(&self, cursor: Option<&str>, limit: u32) -> Result<CasePage, Error> {
        let after = cursor.map(cursor::decode::<CasePlace>).transpose()?;
        // One more than asked for tells whether there is a next page.
        let mut found = self.store.cases(after.as_ref(), limit + 1).await?;
        let is_last = found.len() <= limit as usize;
        found.truncate(limit as usize);
        let last = found.last().filter(|_| !is_last);
        let next_cursor = last.map(|case| cursor::encode(&CasePlace::of(case))).transpose()?;
        let mut items = Vec::with_capacity(found.len());
        for case in found {
            items.push(self.case_view(case).await?);
        }
        Ok(CasePage { items, next_cursor })
    }

    /// Opens a case about whoever has the address.
    pub async fn case_create(
        &self,
        officer: AccountId,
        asked: &CaseCreate,
    ) -> Result<CaseView, Error> {
        let reason = reason::parse(&asked.reason)?;
        let account = self.accounts.account_by_email(&asked.email).await?;
        let account = account.ok_or_else(no_account)?;
        check_other(officer, account)?;
        let now_us = (self.clock)();
        let id = CaseId::new(self.now_ms(), rand::random());
        let reason = about(kind_name(asked.kind), &reason)?;
        let new = NewCase {
            account,
            id,
            kind: asked.kind,
            now_us,
            due_at_us: calendar::months_after(now_us, MONTHS),
            act: Act {
                reason: Some(reason),
                ..By::account(officer, now_us).privacy("case_create", token("case", id))
            },
        };
        self.store.case_create(&new).await?;
        self.acted();
        self.case(id).await
    }

    pub async fn case(&self, id: CaseId) -> Result<CaseView, Error> {
        self.case_view(self.case_of(id).await?).await
    }

    /// Does something about an open case.
    pub async fn case_update(
        &self,
        officer: AccountId,
        id: CaseId,
        asked: &CaseUpdate,
    ) -> Result<CaseView, Error> {
        let typed = reason::parse(&asked.reason)?;
        let display_name = display_name(asked)?;
        let case = self.case_of(id).await?;
        check_other(officer, case.account)?;
        check_open(&case)?;
        let now_us = (self.clock)();
        let by = By::account(officer, now_us);
        let reason = Some(about(action_name(asked.action), &typed)?);
        let act = Act { reason, ..by.privacy("case_update", token("case", id)) };
        let about_subject = |verb| by.privacy(verb, acts::account(case.account));
        let change = match asked.action {
            CaseAction::Extend => {
                let due_at_us = calendar::months_after(case.opened_at_us, MONTHS_EXTENDED);
                (CaseChange::Extend { due_at_us }, vec![act])
            }
            CaseAction::Hold => (CaseChange::Hold, vec![act, about_subject("subject_hold")]),
            CaseAction::LiftHold => {
                (CaseChange::LiftHold, vec![act, about_subject("subject_hold_lift")])
            }
            CaseAction::Close => (CaseChange::Close(CaseState::Done), vec![act]),
            CaseAction::Refuse => (CaseChange::Close(CaseState::Refused), vec![act]),
            // Told first: what was done and is not in the log would be worse than the reverse.
            CaseAction::Export => {
                self.store.record(&act).await?;
                self.export_create(case.account, officer).await?;
                return self.case(id).await;
            }
            CaseAction::Erase => {
                self.store.record(&act).await?;
                self.erasure_create(case.account, officer).await?;
                return self.case(id).await;
            }
            CaseAction::Rectify => {
                self.store.record(&act).await?;
                self.store.record(&about_subject("subject_rectify")).await?;
                self.accounts.rectify(case.account, display_name.unwrap_or_default()).await?;
                self.acted();
                return self.case(id).await;
            }
        };
        let (change, acts) = change;
        self.store.case_change(&case, change, &acts).await?;
        self.acted();
        // A hold that ended may have held up an erasure.
        self.erasure_asked.notify_one();
        self.case(id).await
    }

    /// The person an open case is about. Looking is in the log before there is an answer.
    pub async fn case_subject(&self, officer: AccountId, id: CaseId) -> Result<SubjectView, Error> {
        let case = self.case_of(id).await?;
        check_other(officer, case.account)?;
        check_open(&case)?;
        let by = By::account(officer, (self.clock)());
        self.store.record(&by.access("case_subject_view", token("case", id))).await?;
        self.acted();
        let person = self.accounts.person(case.account).await?.ok_or_else(no_account)?;
        let subject = Subject { account: case.account, email: Some(person.email.clone()) };
        let mut holdings = Vec::new();
        for holder in &self.holders {
            for holding in holder.holdings() {
                holdings.push(SubjectHolding {
                    service: holder.service().to_owned(),
                    table: holding.table.to_owned(),
                    what: holding.what.to_owned(),
                    n_rows: holder.n_rows(holding, &subject).await?,
                });
            }
        }
        let Person { email, display_name } = person;
        Ok(SubjectView { account: case.account, email, display_name, holdings })
    }

    async fn case_of(&self, id: CaseId) -> Result<Case, Error> {
        let case = self.store.case(id).await?;
        Ok(case.ok_or_else(|| ApiError::not_found("case"))?)
    }

    async fn case_view(&self, case: Case) -> Result<CaseView, Error> {
        let standing = self.store.standing(case.account).await?;
        let export = self.store.export_latest(case.account).await?;
        let erasure = self.store.erasure_open(case.account).await?;
        let Case { account, id, kind, state, opened_at_us, due_at_us, is_extended, closed_at_us } =
            case;
        Ok(CaseView {
            id,
            kind,
            state,
            subject: account,
            opened_at_us,
            due_at_us,
            is_extended,
            closed_at_us,
            is_held: standing.is_held,
            is_restricted: standing.is_restricted,
            export: export.map(|export| export.view),
            erasure: erasure.map(|erasure| erasure.view),
        })
    }
}

/// Nobody decides about themselves.
fn check_other(officer: AccountId, subject: AccountId) -> Result<(), ApiError> {
    if officer == subject {
        return Err(ApiError::conflict(
            "This case is about yourself.",
            "Use your privacy page, or ask another compliance officer.",
        ));
    }
    Ok(())
}

fn check_open(case: &Case) -> Result<(), ApiError> {
    if case.state == CaseState::Open {
        return Ok(());
    }
    Err(ApiError::conflict("The case is closed.", "Open another one."))
}

/// What it is about stands before what was typed.
fn about(what: &str, typed: &Reason) -> Result<Reason, ApiError> {
    Reason::new(format!("{what}: {typed}")).map_err(ApiError::internal)
}

/// The name goes with the one action that it is for.
fn display_name(asked: &CaseUpdate) -> Result<Option<&str>, ApiError> {
    let is_rectified = asked.action == CaseAction::Rectify;
    if is_rectified != asked.display_name.is_some() {
        return Err(ApiError::invalid(
            "The action and the name do not go together.",
            "Name a display name to `rectify`, and none otherwise.",
        ));
    }
    Ok(asked.display_name.as_deref())
}

fn action_name(action: CaseAction) -> &'static str {
    match action {
        CaseAction::Extend => "extend",
        CaseAction::Export => "export",
        CaseAction::Erase => "erase",
        CaseAction::Rectify => "rectify",
        CaseAction::Hold => "hold",
        CaseAction::LiftHold => "lift_hold",
        CaseAction::Close => "close",
        CaseAction::Refuse => "refuse",
    }
}
