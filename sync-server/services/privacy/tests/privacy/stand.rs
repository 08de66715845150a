//! A service on a database of its own, with peers whose steps can be made to fail.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use domain::{
    AccountId,
    audit::{Act, TOPIC},
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{Db, Error, Step, outbox, sqlx, subject, testing};
use svc_privacy::{
    Parts, Purpose, Rule, Service, Settings,
    peer::{
        Accounts, Held, HeldFile, Holder, Page, PeerError, Person, Retained, Row, Subject, Vault,
    },
};
use tempfile::TempDir;
use web::ApiError;

pub const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// 2026-01-31 10:00 UTC.
pub const START_US: i64 = 1_769_853_600_000_000;

const LETTER: &[Step] = &[(
    1,
    "letter",
    "CREATE TABLE letter (
        account_id TEXT NOT NULL,
        n BIGINT NOT NULL,
        text TEXT NOT NULL,
        seal_hash TEXT NOT NULL,
        PRIMARY KEY (account_id, n))",
)];

pub const LETTERS: &[Holding] = &[Holding {
    table: "letter",
    keys: &[Key::Id("account_id")],
    what: "Letters <you> wrote",
    why: "To be read",
    kept: "As long as the account",
    secret: &["seal_hash"],
    on_erasure: OnErasure::Delete,
}];

/// Everything around a service; it outlives one that is killed.
pub struct Stand {
    pub world: Arc<World>,
    pub service: Arc<Service>,
    pub settings: Settings,
    _folder: TempDir,
}

/// What peers hold.
pub struct World {
    pub db: Db,
    pub now_us: AtomicI64,
    pub people: Mutex<HashMap<AccountId, Person>>,
    pub vault: Mutex<BTreeMap<(AccountId, String), Vec<u8>>>,
    pub retained_us: Mutex<Vec<(AccountId, i64)>>,
    /// Who was held when what is retained was asked last.
    pub held: Mutex<Held>,
    pub owner: Mutex<Option<AccountId>>,
    /// Steps of peers that succeed from now on.
    pub n_steps_left: AtomicU32,
    /// Mails, by address.
    pub mails: Mutex<Vec<(String, Vec<u8>)>>,
    _db: testing::TestDb,
}

struct Peer(Arc<World>);

/// Letters, in a table.
struct Letters(Arc<World>);

/// Files that are found by the address alone.
struct Mails(Arc<World>);

impl World {
    pub fn now_us(&self) -> i64 {
        self.now_us.load(Ordering::Relaxed)
    }

    pub fn pass(&self, us: i64) {
        self.now_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Fails once the steps are used up, as if the process ended there.
    fn step(&self) -> Result<(), PeerError> {
        let less = |n: u32| n.checked_sub(1);
        match self.n_steps_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(PeerError::new("go on", "the test cuts off here")),
        }
    }

    pub fn vault_fields(&self, account: AccountId) -> Vec<String> {
        let vault = self.vault.lock().unwrap();
        vault.keys().filter(|(of, _)| *of == account).map(|(_, field)| field.clone()).collect()
    }

    /// Verbs of the acts that wait for the audit log, in their order.
    pub async fn acts(&self) -> Vec<Act> {
        let waiting = outbox::pending(&self.db, TOPIC, 1_000).await.unwrap();
        waiting.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }

    pub async fn n_acts(&self, verb: &str) -> usize {
        self.acts().await.iter().filter(|act| act.verb.as_str() == verb).count()
    }

    pub async fn letter(&self, of: AccountId, n: i64, text: &str) {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query(
                    "INSERT INTO letter (account_id, n, text, seal_hash) VALUES ($1, $2, $3, 'h')",
                )
                .bind(of.to_string())
                .bind(n)
                .bind(text.to_owned())
                .execute(&mut *tx)
                .await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
    }

    pub async fn n_letters(&self, of: AccountId) -> u64 {
        subject::n_rows(&self.db, &LETTERS[0], of).await.unwrap()
    }
}

impl Stand {
    pub async fn new() -> Self {
        Self::on(testing::sqlite().await).await
    }

    pub async fn on(db: testing::TestDb) -> Self {
        Self::with(db, |_| {}).await
    }

    pub async fn with(db: testing::TestDb, decide: impl FnOnce(&mut Settings)) -> Self {
        db.migrate("letters", LETTER).await.unwrap();
        outbox::migrate(&db).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path().join("exports"));
        decide(&mut settings);
        let world = Arc::new(World {
            db: Db::clone(&db),
            now_us: AtomicI64::new(START_US),
            people: Mutex::default(),
            vault: Mutex::default(),
            retained_us: Mutex::default(),
            held: Mutex::default(),
            owner: Mutex::default(),
            n_steps_left: AtomicU32::new(u32::MAX),
            mails: Mutex::default(),
            _db: db,
        });
        let service = open(&world, &settings).await.unwrap();
        Self { world, service, settings, _folder: folder }
    }

    /// As after a crash: another service on what is there.
    pub async fn reopen(&mut self) {
        self.service = open(&self.world, &self.settings).await.unwrap();
    }

    pub fn person(&self, name: &str) -> AccountId {
        let mut people = self.world.people.lock().unwrap();
        let n = u8::try_from(people.len() + 1).unwrap();
        let id = AccountId::new(u64::from(n), [n; 10]);
        let person = Person { email: format!("{name}@example.org"), display_name: name.to_owned() };
        people.insert(id, person);
        drop(people);
        self.world.vault.lock().unwrap().insert((id, "email".to_owned()), name.into());
        id
    }
}

pub fn settings(exports: PathBuf) -> Settings {
    Settings {
        purposes: vec![Purpose {
            id: "personalisation".to_owned(),
            title: "Recommendations".to_owned(),
            text: "We look at what you play.".to_owned(),
            version: 2,
        }],
        rules: [("done_cases", 1_000), ("exports", 30), ("visits", 90)]
            .map(|(id, days)| Rule { id: id.to_owned(), days })
            .to_vec(),
        cooling_off_days: 7,
        export_days: 7,
        nightly_hour: 3,
        exports,
    }
}

pub async fn open(
    world: &Arc<World>,
    settings: &Settings,
) -> Result<Arc<Service>, svc_privacy::Error> {
    let clock = Arc::clone(world);
    let peer = Arc::new(Peer(Arc::clone(world)));
    let parts = Parts {
        db: world.db.clone(),
        clock: Arc::new(move || clock.now_us()),
        holders: vec![Arc::new(Letters(Arc::clone(world))), Arc::new(Mails(Arc::clone(world)))],
        retained: vec![peer.clone()],
        accounts: peer.clone(),
        vault: peer,
        settings: settings.clone(),
        on_act: Box::new(|| {}),
    };
    Service::open(parts).await.map(Arc::new)
}

fn failed(error: Error) -> PeerError {
    PeerError::new("ask the table of letters", error)
}

#[async_trait]
impl Holder for Letters {
    fn service(&self) -> &'static str {
        "letters"
    }

    fn holdings(&self) -> &'static [Holding] {
        LETTERS
    }

    async fn rows(
        &self,
        of: &'static Holding,
        subject: &Subject,
        page: Page,
    ) -> Result<Vec<Row>, PeerError> {
        self.0.step()?;
        subject::rows(&self.0.db, of, subject.account, page).await.map_err(failed)
    }

    async fn n_rows(&self, of: &'static Holding, subject: &Subject) -> Result<u64, PeerError> {
        subject::n_rows(&self.0.db, of, subject.account).await.map_err(failed)
    }

    async fn erase(&self, subject: &Subject) -> Result<(), PeerError> {
        self.0.step()?;
        let account = subject.account;
        self.0.people.lock().unwrap().remove(&account);
        let deleted = self
            .0
            .db
            .with_tx(|mut tx| async move { subject::delete(&mut tx, &LETTERS[0], account).await });
        deleted.await.map(drop).map_err(failed)
    }
}

#[async_trait]
impl Holder for Mails {
    fn service(&self) -> &'static str {
        "mail"
    }

    fn holdings(&self) -> &'static [Holding] {
        &[]
    }

    async fn rows(&self, _: &'static Holding, _: &Subject, _: Page) -> Result<Vec<Row>, PeerError> {
        Ok(Vec::new())
    }

    async fn n_rows(&self, _: &'static Holding, _: &Subject) -> Result<u64, PeerError> {
        Ok(0)
    }

    async fn files(&self, subject: &Subject) -> Result<Vec<HeldFile>, PeerError> {
        self.0.step()?;
        let mails = self.0.mails.lock().unwrap();
        let own = mails.iter().filter(|(to, _)| Some(to) == subject.email.as_ref());
        Ok(own.map(|(_, bytes)| HeldFile { name: "a/mail".into(), bytes: bytes.clone() }).collect())
    }

    async fn erase(&self, subject: &Subject) -> Result<(), PeerError> {
        self.0.step()?;
        self.0.mails.lock().unwrap().retain(|(to, _)| Some(to) != subject.email.as_ref());
        Ok(())
    }
}

#[async_trait]
impl Accounts for Peer {
    async fn account_by_email(&self, email: &str) -> Result<Option<AccountId>, PeerError> {
        let people = self.0.people.lock().unwrap();
        Ok(people.iter().find(|(_, person)| person.email == email).map(|(id, _)| *id))
    }

    async fn person(&self, account: AccountId) -> Result<Option<Person>, PeerError> {
        self.0.step()?;
        Ok(self.0.people.lock().unwrap().get(&account).cloned())
    }

    async fn exists(&self, account: AccountId) -> Result<bool, PeerError> {
        Ok(self.0.people.lock().unwrap().contains_key(&account))
    }

    async fn rectify(&self, account: AccountId, display_name: &str) -> Result<(), PeerError> {
        self.0.step()?;
        if let Some(person) = self.0.people.lock().unwrap().get_mut(&account) {
            display_name.clone_into(&mut person.display_name);
        }
        Ok(())
    }

    async fn may_erase(&self, account: AccountId) -> Result<(), PeerError> {
        if *self.0.owner.lock().unwrap() == Some(account) {
            return Err(PeerError::Refused(ApiError::conflict("The last owner.", "")));
        }
        Ok(())
    }
}

#[async_trait]
impl Vault for Peer {
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError> {
        self.0.step()?;
        self.0.vault.lock().unwrap().insert((of, field.to_owned()), bytes.to_vec());
        Ok(())
    }

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError> {
        self.0.step()?;
        Ok(self.0.vault.lock().unwrap().get(&(of, field.to_owned())).cloned())
    }

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError> {
        self.0.step()?;
        self.0.vault.lock().unwrap().remove(&(of, field.to_owned()));
        Ok(())
    }

    async fn shred(&self, of: AccountId) -> Result<(), PeerError> {
        self.0.step()?;
        self.0.vault.lock().unwrap().retain(|(account, _), _| *account != of);
        Ok(())
    }

    async fn accounts_after(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<AccountId>, PeerError> {
        let vault = self.0.vault.lock().unwrap();
        let mut accounts: Vec<AccountId> = vault.keys().map(|(account, _)| *account).collect();
        accounts.dedup();
        accounts.retain(|account| *account > after);
        accounts.truncate(limit as usize);
        Ok(accounts)
    }
}

#[async_trait]
impl Retained for Peer {
    fn id(&self) -> &'static str {
        "visits"
    }

    fn what(&self) -> &'static str {
        "Visits"
    }

    async fn due(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let visits = self.0.retained_us.lock().unwrap();
        let is_due =
            |(of, at_us): &&(AccountId, i64)| *at_us < before_us && !held.accounts.contains(of);
        Ok(visits.iter().filter(is_due).count() as u64)
    }

    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let n = self.due(before_us, held).await?;
        *self.0.held.lock().unwrap() = held.clone();
        let mut visits = self.0.retained_us.lock().unwrap();
        visits.retain(|(of, at_us)| *at_us >= before_us || held.accounts.contains(of));
        Ok(n)
    }
}
