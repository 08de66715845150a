//! Cases and retention, for compliance officers.

use api::compliance as http;
use ipc::{
    Case, CaseAction, CaseKind, CasePage, CaseState, Fault, Retention, RetentionRule, Subject,
    SubjectHolding,
};

use super::privacy::{erasure, export};
use crate::{Facade, server::Request};

impl Facade {
    pub async fn case_list(&self, call: ipc::CaseList) -> Result<CasePage, Fault> {
        let mut request = Request::get("/compliance/cases");
        request.query.extend(call.cursor.map(|cursor| ("cursor", cursor)));
        let page: http::CasePage = self.inner.server.json(request).await?;
        let items = page.items.into_iter().map(case).collect();
        Ok(CasePage { items, next_cursor: page.next_cursor })
    }

    pub async fn case_create(&self, call: ipc::CaseCreate) -> Result<Case, Fault> {
        let ipc::CaseCreate { kind, email, reason } = call;
        let kind = match kind {
            CaseKind::Access => http::CaseKind::Access,
            CaseKind::Erasure => http::CaseKind::Erasure,
            CaseKind::Rectification => http::CaseKind::Rectification,
        };
        let body = http::CaseCreate { kind, email, reason };
        self.inner.server.json(Request::post("/compliance/cases", &body)?).await.map(case)
    }

    pub async fn case_view(&self, call: ipc::CaseGet) -> Result<Case, Fault> {
        let path = format!("/compliance/cases/{}", call.id);
        self.inner.server.json(Request::get(&path)).await.map(case)
    }

    pub async fn case_update(&self, call: ipc::CaseUpdate) -> Result<Case, Fault> {
        let ipc::CaseUpdate { id, action, reason, display_name } = call;
        let action = match action {
            CaseAction::Extend => http::CaseAction::Extend,
            CaseAction::Export => http::CaseAction::Export,
            CaseAction::Erase => http::CaseAction::Erase,
            CaseAction::Rectify => http::CaseAction::Rectify,
            CaseAction::Hold => http::CaseAction::Hold,
            CaseAction::LiftHold => http::CaseAction::LiftHold,
            CaseAction::Close => http::CaseAction::Close,
            CaseAction::Refuse => http::CaseAction::Refuse,
        };
        let body = http::CaseUpdate { action, reason, display_name };
        let path = format!("/compliance/cases/{id}");
        self.inner.server.json(Request::post(&path, &body)?).await.map(case)
    }

    pub async fn case_subject_view(&self, call: ipc::CaseSubjectGet) -> Result<Subject, Fault> {
        let path = format!("/compliance/cases/{}/subject", call.id);
        let subject: http::SubjectView = self.inner.server.json(Request::get(&path)).await?;
        let holding = |holding: http::SubjectHolding| {
            let http::SubjectHolding { service, table, what, n_rows } = holding;
            SubjectHolding { service, table, what, n_rows }
        };
        Ok(Subject {
            account: subject.account,
            email: subject.email,
            display_name: subject.display_name,
            holdings: subject.holdings.into_iter().map(holding).collect(),
        })
    }

    pub async fn retention_view(&self, _call: ipc::RetentionGet) -> Result<Retention, Fault> {
        let view: http::RetentionView =
            self.inner.server.json(Request::get("/compliance/retention")).await?;
        let rule = |rule: http::RetentionRule| {
            let http::RetentionRule { id, what, class, days, n_dropped, n_due, n_held } = rule;
            RetentionRule { id, what, class, days, n_dropped, n_due, n_held }
        };
        Ok(Retention {
            rules: view.rules.into_iter().map(rule).collect(),
            last_run_at_us: view.last_run_at_us,
            next_run_at_us: view.next_run_at_us,
        })
    }
}

fn case(case: http::CaseView) -> Case {
    Case {
        id: case.id,
        kind: match case.kind {
            http::CaseKind::Access => CaseKind::Access,
            http::CaseKind::Erasure => CaseKind::Erasure,
            http::CaseKind::Rectification => CaseKind::Rectification,
        },
        state: match case.state {
            http::CaseState::Open => CaseState::Open,
            http::CaseState::Done => CaseState::Done,
            http::CaseState::Refused => CaseState::Refused,
        },
        subject: case.subject,
        opened_at_us: case.opened_at_us,
        due_at_us: case.due_at_us,
        is_extended: case.is_extended,
        closed_at_us: case.closed_at_us,
        is_held: case.is_held,
        is_restricted: case.is_restricted,
        export: case.export.map(export),
        erasure: case.erasure.map(erasure),
    }
}
