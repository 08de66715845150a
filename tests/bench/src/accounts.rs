//! Identity and governance under load: tokens, refreshes, signed-in requests, the audit log.
//!
//! The server runs beside the generator on the same cores, so that what is measured per second
//! includes asking.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use api::{
    accounts::{AccountCreate, SessionCreate, SessionRefresh},
    mfa::Shown,
};
use api_tests::ServerProcess;
use async_trait::async_trait;
use domain::{
    AccountId, DeviceId, Role, SessionId,
    audit::{Act, RetentionClass, Token, Verb},
    ids::ActId,
    plan::Tier,
};
use engine_sql::bulk;
use futures::future::try_join_all;
use svc_accounts::{
    Service as Accounts,
    peer::{Held, Mail, MailError, Mailer, PeerError, Roles, SecondFactor, Tiers, Vault},
};
use svc_governance::{KeyFile, Service as Log};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Runtime,
};
use web::{
    ApiError,
    auth::{Claims, Keys},
};

use crate::report::{Limit, Report, quantile};

/// How long each kind of request is asked for.
const ASKED: Duration = Duration::from_secs(5);
/// Tokens verified.
const TOKENS: u32 = 100_000;
/// Accounts looked up.
const LOOKUPS: usize = 5_000;
/// Refreshes of one session: within what it may ask for at once.
const REFRESHES: u64 = 50;
/// Acts handed over at once.
const BATCH: usize = 1_000;
/// Far in the future.
const NEVER_S: u64 = 4_000_000_000;

#[derive(clap::Args)]
pub struct Options {
    /// Records in the log before proofs are asked for.
    #[arg(long, default_value_t = 10_000_000)]
    records: u64,
    /// Connections that ask at the same time.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Sessions that refresh at the same time.
    #[arg(long, default_value_t = 256)]
    sessions: usize,
    /// Accounts among which one is looked up.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: usize,
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    ensure!(options.records > 0 && options.connections > 0, "nothing to measure");
    let mut report = Report::new("accounts");
    report.limited("verify_per_s", verify_per_s()?, Limit::AtLeast(15_000.0));
    let runtime = Runtime::new()?;
    runtime.block_on(http(options, &mut report))?;
    runtime.block_on(refreshes(options, &mut report))?;
    runtime.block_on(lookups(options, &mut report))?;
    runtime.block_on(log(options, &mut report))?;
    report.condition(
        "requests",
        format!(
            "{} connections that stay open, of an account each, the generator on the same cores; \
             what the account has as second factor is read from the database for each, together \
             with whatever is asked while a read is under way",
            options.connections
        ),
    );
    report.condition(
        "refreshes",
        format!(
            "{} sessions at once without HTTP between, each answer on disk before it is given",
            options.sessions
        ),
    );
    report.condition(
        "log",
        format!("{} records, appended {BATCH} at a time, on disk", options.records),
    );
    Ok(report)
}

/// Of one core, each token for the first time.
fn verify_per_s() -> anyhow::Result<f64> {
    let keys = Keys::from_seeds(&[[7; 32]])?;
    let sign = |n: u32| {
        let mut random = [0; 10];
        random[..4].copy_from_slice(&n.to_be_bytes());
        let claims = Claims {
            account: AccountId::new(1, random),
            session: SessionId::new(2, random),
            device: DeviceId::new(3, random),
            tier: Tier::Premium,
            roles: vec![Role::Listener],
            roles_version: 0,
            authenticated_at_s: 0,
            expires_at_s: NEVER_S,
        };
        keys.sign(&claims, 0).map_err(|error| anyhow::anyhow!("{error:?}"))
    };
    let tokens: Vec<String> = (0..TOKENS).map(sign).collect::<anyhow::Result<_>>()?;
    let started = Instant::now();
    for token in &tokens {
        ensure!(keys.verify(token).is_ok(), "a good token was refused");
    }
    Ok(f64::from(TOKENS) / started.elapsed().as_secs_f64())
}

async fn http(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let server = ServerProcess::start()?;
    let anyone = &server.client()?;
    let people = (0..options.connections).map(|n| async move {
        anyone.listener(&format!("person{n}@example.org")).await?.token.context("a token")
    });
    let tokens: Vec<String> = try_join_all(people).await?;
    let address = server.url().strip_prefix("http://").context("an address")?.to_owned();
    let askers = tokens.into_iter().map(|token| ask(address.clone(), token));
    let started = Instant::now();
    let n_answers: u64 = try_join_spawned(askers).await?.into_iter().sum();
    let per_s = n_answers as f64 / started.elapsed().as_secs_f64();
    report.limited("api_per_s", per_s, Limit::AtLeast(35_000.0));

    Ok(())
}

/// Sessions of an account each, refreshed at the same time without HTTP between.
async fn refreshes(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}/accounts.db?mode=rwc", folder.path().display());
    let db = engine_sql::Db::open(&url).await?;
    let service = open(&db).await?;
    let mut sessions = Vec::new();
    for n in 0..options.sessions {
        // Each from an address of its own: nobody is slowed down.
        let from = IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(n)?));
        sessions.push((sign_up(&service, n, from).await?, from));
    }
    let refreshers =
        sessions.into_iter().map(|(token, from)| refresh(Arc::clone(&service), token, from));
    let started = Instant::now();
    let n_refreshes: u64 = try_join_spawned(refreshers).await?.into_iter().sum();
    let per_s = n_refreshes as f64 / started.elapsed().as_secs_f64();
    report.limited("refresh_per_s", per_s, Limit::AtLeast(3_000.0));
    drop(service);
    db.close().await;
    Ok(())
}

async fn open(db: &engine_sql::Db) -> anyhow::Result<Arc<Accounts>> {
    let nothing = Arc::new(Nothing);
    let service = Accounts::open(svc_accounts::Parts {
        db: db.clone(),
        keys: Keys::from_seeds(&[[7; 32]])?,
        clock: web::clock::system(),
        vault: nothing.clone(),
        tiers: nothing.clone(),
        roles: nothing.clone(),
        second_factor: nothing.clone(),
        mailer: nothing,
        public_url: String::new(),
        on_act: Box::new(|| {}),
    });
    Ok(Arc::new(service.await?))
}

/// What signing in looks up, without the password: the account of an address among many.
async fn lookups(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}/accounts.db?mode=rwc", folder.path().display());
    let db = engine_sql::Db::open(&url).await?;
    let service = open(&db).await?;
    for first in (0..options.accounts).step_by(10_000) {
        let people: Vec<usize> = (first..options.accounts.min(first + 10_000)).collect();
        put_accounts(&db, &people).await?;
    }
    let mut took_ms = Vec::new();
    for n in 0..LOOKUPS {
        // All over the table: a prime steps through it.
        let person = n * 7_919 % options.accounts;
        let started = Instant::now();
        let found = service.account_find(&address(person)).await?;
        took_ms.push(started.elapsed().as_secs_f64() * 1e3);
        ensure!(found == Some(person_id(person)), "another account was found");
    }
    report.limited("lookup_p99_ms", quantile(&mut took_ms, 0.99), Limit::AtMost(5.0));
    drop(service);
    db.close().await;
    Ok(())
}

async fn put_accounts(db: &engine_sql::Db, people: &[usize]) -> anyhow::Result<()> {
    let hash = |person: usize| Nothing.lookup_hash(&address(person));
    db.with_tx(|mut tx| async move {
        let head = "INSERT INTO account_email (email_hash, account_id, reserved_at_us)";
        bulk::insert(&mut tx, head, "", people, 3, |values, person| {
            values.add(hash(*person)).add(person_id(*person).to_string()).add(0_i64);
        })
        .await?;
        let head = "INSERT INTO account (account_id, email, email_field, email_hash, display_name,
                                         password_hash, created_at_us)";
        bulk::insert(&mut tx, head, "", people, 7, |values, person| {
            values.add(person_id(*person).to_string()).add(String::new()).add("email".to_owned());
            values.add(hash(*person)).add(format!("Person {person}")).add("x".repeat(97));
            values.add(0_i64);
        })
        .await?;
        Ok::<_, engine_sql::Error>(())
    })
    .await?;
    Ok(())
}

fn address(person: usize) -> String {
    format!("person{person}@example.org")
}

fn person_id(person: usize) -> AccountId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&person.to_be_bytes());
    AccountId::new(1, random)
}

async fn sign_up(service: &Accounts, n: usize, from: IpAddr) -> anyhow::Result<String> {
    let (email, password) = (format!("person{n}@example.org"), "four words no digit".to_owned());
    let account =
        AccountCreate { email: email.clone(), password: password.clone(), display_name: None };
    service.account_create(account, Some(from)).await?;
    let session = SessionCreate {
        email,
        password,
        device_name: None,
        device_id: None,
        code: None,
        passkey: None,
    };
    Ok(service.session_create(session, Some(from)).await?.refresh_token)
}

/// Trades one session's tokens, as often as it may at once.
async fn refresh(service: Arc<Accounts>, mut token: String, from: IpAddr) -> anyhow::Result<u64> {
    for _ in 0..REFRESHES {
        let asked = SessionRefresh { refresh_token: token, retry_key: None };
        token = service.session_refresh(&asked, Some(from)).await?.refresh_token;
    }
    Ok(REFRESHES)
}

/// Secrets, plans and mails are not of interest here.
struct Nothing;

#[async_trait]
impl Vault for Nothing {
    async fn put(&self, _: AccountId, _: &str, _: &[u8]) -> Result<(), PeerError> {
        Ok(())
    }

    async fn get(&self, _: AccountId, _: &str) -> Result<Option<Vec<u8>>, PeerError> {
        Ok(Some(b"person@example.org".to_vec()))
    }

    async fn get_all(
        &self,
        fields: &[(AccountId, String)],
    ) -> Result<Vec<Option<Vec<u8>>>, PeerError> {
        Ok(fields.iter().map(|_| Some(b"person@example.org".to_vec())).collect())
    }

    fn lookup_hash(&self, text: &str) -> String {
        blake3::keyed_hash(&[7; 32], text.as_bytes()).to_hex().to_string()
    }

    async fn delete(&self, _: AccountId, _: &str) -> Result<(), PeerError> {
        Ok(())
    }
}

#[async_trait]
impl Tiers for Nothing {
    async fn tiers(&self, of: &[AccountId]) -> Result<Vec<Tier>, PeerError> {
        Ok(of.iter().map(|_| Tier::Free).collect())
    }
}

#[async_trait]
impl Roles for Nothing {
    async fn held(&self, of: &[AccountId]) -> Result<Vec<Held>, PeerError> {
        Ok(of.iter().map(|_| Held { roles: vec![Role::Listener], version: 0 }).collect())
    }

    async fn first_owner(&self, _: AccountId) -> Result<(), PeerError> {
        Ok(())
    }
}

#[async_trait]
impl SecondFactor for Nothing {
    async fn is_on(&self, _: AccountId) -> Result<bool, PeerError> {
        Ok(false)
    }

    async fn use_up(
        &self,
        _: AccountId,
        _: Option<Shown<'_>>,
        _: Option<DeviceId>,
    ) -> Result<(), ApiError> {
        Ok(())
    }
}

#[async_trait]
impl Mailer for Nothing {
    async fn send(&self, _: Mail) -> Result<(), MailError> {
        Ok(())
    }
}

async fn try_join_spawned<F>(work: impl Iterator<Item = F>) -> anyhow::Result<Vec<u64>>
where
    F: Future<Output = anyhow::Result<u64>> + Send + 'static,
{
    try_join_all(work.map(|work| async { tokio::spawn(work).await? })).await
}

/// Asks for the second factor over and over on one connection; answers how often.
async fn ask(address: String, token: String) -> anyhow::Result<u64> {
    let mut stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /api/v1/mfa HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    let started = Instant::now();
    let (mut n, mut buffer) = (0, vec![0; 16 * 1024]);
    while started.elapsed() < ASKED {
        stream.write_all(request.as_bytes()).await?;
        read_answer(&mut stream, &mut buffer).await?;
        n += 1;
    }
    Ok(n)
}

/// One answer with a length, and nothing behind it.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<()> {
    let mut n_read = 0;
    loop {
        let n = stream.read(&mut buffer[n_read..]).await?;
        ensure!(n > 0, "the server hung up");
        n_read += n;
        let text = std::str::from_utf8(&buffer[..n_read])?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        ensure!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.context("no length")?.parse()?;
        if body.len() >= length {
            return Ok(());
        }
    }
}

async fn log(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}/log.db?mode=rwc", folder.path().display());
    let db = engine_sql::Db::open(&url).await?;
    let keys = KeyFile::open_or_make(&folder.path().join("audit-key"))?;
    let log = Log::open(db.clone(), keys).await?;
    let started = Instant::now();
    let mut next = 0;
    while next < options.records {
        // Two batches on their way, as when several services have something to tell.
        let batches = (0..2).map(|_| {
            let from = next;
            next = options.records.min(next + BATCH as u64);
            log.append((from..next).map(act).collect())
        });
        try_join_all(batches.collect::<Vec<_>>()).await?;
    }
    let per_s = options.records as f64 / started.elapsed().as_secs_f64();
    report.limited("audit_per_s", per_s, Limit::AtLeast(5_000.0));

    let mut proofs_ms = Vec::new();
    for n in 0..200 {
        let seq = options.records - 1 - n * (options.records / 200);
        let started = Instant::now();
        log.inclusion(seq, None).await?;
        proofs_ms.push(started.elapsed().as_secs_f64() * 1e3);
    }
    report.limited("proof_ms", quantile(&mut proofs_ms, 0.99), Limit::AtMost(5.0));
    drop::<Arc<Log>>(log);
    db.close().await;
    Ok(())
}

fn act(n: u64) -> Act {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&n.to_be_bytes());
    let known = "these texts are of the right form";
    Act {
        id: ActId::new(1_700_000_000_000 + n / 1_000, random),
        at_us: 1_700_000_000_000_000 + i64::try_from(n).unwrap_or(0),
        actor: Some(Token::new(format!("account:{n}")).expect(known)),
        verb: Verb::new("session_create").expect(known),
        object: Token::new(format!("session:{n}")).expect(known),
        reason: None,
        class: RetentionClass::Access,
    }
}
