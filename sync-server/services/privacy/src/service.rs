//! The verbs. What a person asks about their own data is in `consents`, `restrictions`, `exports` and
//! `erasures`; what compliance officers do is in `cases`; what runs by itself is in `retention`.

mod cases;
mod consents;
mod erasures;
mod exports;
mod restrictions;
mod retention;

use std::sync::Arc;

use api::privacy::{HoldingView, PrivacyView};
use domain::{
    AccountId,
    audit::Token,
    subject::{Holding, OnErasure},
};
use engine_sql::Db;
use tokio::sync::Notify;
use web::{
    ApiError,
    clock::Clock,
    throttle::{Rate, Throttle},
};

pub use self::retention::Dropped;
use self::{restrictions::Restrictions, retention::Kept};
use crate::{
    Error, Settings,
    own::{self, Own},
    peer::{Accounts, Holder, Retained, Subject, Vault},
    store::Store,
};

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    /// In the order in which an erasure asks them: the one first that ends sign-ins.
    pub holders: Vec<Arc<dyn Holder>>,
    pub retained: Vec<Arc<dyn Retained>>,
    pub accounts: Arc<dyn Accounts>,
    pub vault: Arc<dyn Vault>,
    pub settings: Settings,
    pub on_act: OnAct,
}

/// The rights of persons on one server.
pub struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) vault: Arc<dyn Vault>,
    holders: Vec<Arc<dyn Holder>>,
    kept: Vec<Kept>,
    accounts: Arc<dyn Accounts>,
    /// Told when there is an export to make.
    pub(crate) export_asked: Notify,
    /// Told when there may be an erasure to do.
    pub(crate) erasure_asked: Notify,
    on_act: OnAct,
    /// Answers that are kept for good.
    answers: Throttle<AccountId>,
    restrictions: Restrictions,
}

impl Service {
    /// Refuses rules that do not go with what is retained.
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, clock, holders, retained, accounts, vault, settings, on_act } = parts;
        tokio::fs::create_dir_all(&settings.exports).await.map_err(Error::file("make"))?;
        let store = Store::open(db).await?;
        let own =
            Own { store: store.clone(), vault: vault.clone(), folder: settings.exports.clone() };
        let retained = retained.into_iter().chain(own::retained(&store));
        Ok(Self {
            kept: retention::kept(retained, &settings.rules)?,
            holders: holders.into_iter().chain([Arc::new(own) as Arc<dyn Holder>]).collect(),
            export_asked: Notify::new(),
            erasure_asked: Notify::new(),
            answers: Throttle::new(Rate::per_minute(60, 20), 100_000),
            restrictions: Restrictions::default(),
            store,
            clock,
            settings,
            vault,
            accounts,
            on_act,
        })
    }

    /// What is held about persons, by service.
    pub fn holdings(&self) -> impl Iterator<Item = (&'static str, &'static Holding)> {
        let of = |holder: &Arc<dyn Holder>| {
            let service = holder.service();
            holder.holdings().iter().map(move |holding| (service, holding))
        };
        self.holders.iter().flat_map(of)
    }

    /// All that a person is told of their data.
    pub async fn privacy(&self, account: AccountId) -> Result<PrivacyView, Error> {
        let standing = self.store.standing(account).await?;
        let export = self.store.export_latest(account).await?;
        let erasure = self.store.erasure_open(account).await?;
        Ok(PrivacyView {
            holdings: self.holdings().map(holding_view).collect(),
            consents: self.consents(account).await?,
            is_restricted: standing.is_restricted,
            export: export.map(|export| export.view),
            erasure: erasure.map(|erasure| erasure.view),
            cooling_off_days: self.settings.cooling_off_days,
        })
    }

    /// The person, with the address as long as it is known.
    async fn subject(&self, account: AccountId) -> Result<Subject, Error> {
        let person = self.accounts.person(account).await?;
        Ok(Subject { account, email: person.map(|person| person.email) })
    }

    fn acted(&self) {
        (self.on_act)();
    }

    fn now_ms(&self) -> u64 {
        u64::try_from((self.clock)() / 1_000).unwrap_or(0)
    }
}

fn holding_view((service, holding): (&'static str, &'static Holding)) -> HoldingView {
    HoldingView {
        service: service.to_owned(),
        table: holding.table.to_owned(),
        what: holding.what.to_owned(),
        why: holding.why.to_owned(),
        kept: holding.kept.to_owned(),
        stays: match holding.on_erasure {
            OnErasure::Delete => None,
            OnErasure::Keep { why } => Some(why.to_owned()),
        },
    }
}

/// The token of something of ours in the audit log.
fn token(kind: &str, id: impl std::fmt::Display) -> Token {
    Token::new(format!("{kind}:{id}")).expect("kinds and ids are plain ASCII")
}

fn no_account() -> ApiError {
    ApiError::not_found("account").with_hint("Check the address.")
}
