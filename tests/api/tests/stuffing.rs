//! Credential stuffing: who has a leaked list of addresses and passwords and tries each pair once,
//! from few networks or from many.
//!
//! The server believes that a proxy stands in front, so that tests come from anywhere. What gets as
//! far as a password takes as long as one takes to be hashed; what is slowed down takes no time.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    net::{IpAddr, Ipv6Addr},
    process::Command,
    time::{Duration, Instant},
};

use api::{
    accounts::{Account, Session},
    audit::AuditPage,
    error::{Code, Envelope},
};
use api_tests::{Client, PASSWORD, ServerProcess, client::success, program};
use domain::DeviceId;
use futures::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::json;

const WAIT: Duration = Duration::from_mins(1);

/// Attempts that one network has at once, one account has from everywhere else than its own
/// devices, and one network has at one account. More come back with time.
const OF_A_NETWORK: usize = 300;
const OF_AN_ACCOUNT: usize = 100;
const OF_A_PAIR: usize = 10;

/// Of the attempts of a network, those at a single address before it goes through its list. Most of
/// them are slowed down for the address, count for the network all the same, and are not hashed.
const AT_ONE_ADDRESS: usize = 260;

/// Requests on their way at once.
const TOGETHER: usize = 8;

/// Someone who tries to sign in.
#[derive(Clone, Debug)]
struct Attempt {
    email: String,
    password: String,
    from: IpAddr,
    device: Option<DeviceId>,
}

/// All that an answer tells, but the tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Told {
    status: u16,
    code: Option<Code>,
    message: String,
    has_retry_after: bool,
}

struct World {
    server: ServerProcess,
    anyone: Client,
}

impl World {
    async fn start() -> Self {
        let server = ServerProcess::start_configured("[http]\nis_behind_proxy = true\n").unwrap();
        let anyone = server.client().unwrap();
        anyone.sign_up("owner@example.org").await.unwrap();
        Self { server, anyone }
    }

    async fn account(&self, email: &str) -> Account {
        self.anyone.sign_up(email).await.unwrap()
    }

    async fn ask(&self, attempt: &Attempt) -> reqwest::Response {
        let mut body = json!({ "email": attempt.email, "password": attempt.password });
        if let Some(device) = attempt.device {
            body["device_id"] = json!(device);
        }
        let request = self.anyone.request(Method::POST, "/api/v1/sessions").json(&body);
        request.header("x-forwarded-for", attempt.from.to_string()).send().await.unwrap()
    }

    /// What each attempt is told, in their order.
    async fn attempts(&self, attempts: &[Attempt]) -> Vec<Told> {
        let asked = stream::iter(attempts).map(|attempt| async move {
            let answer = self.ask(attempt).await;
            let wait_s = answer
                .headers()
                .get("retry-after")
                .map(|value| value.to_str().unwrap().parse::<u64>().unwrap());
            assert!(wait_s.is_none_or(|wait_s| (1..=60).contains(&wait_s)), "{wait_s:?}");
            let status = answer.status().as_u16();
            let error = answer.json::<Envelope>().await.ok().map(|envelope| envelope.error);
            Told {
                status,
                code: error.as_ref().map(|error| error.code),
                message: error.map(|error| error.message).unwrap_or_default(),
                has_retry_after: wait_s.is_some(),
            }
        });
        asked.buffered(TOGETHER).collect().await
    }

    /// How often an account came in, as the audit log has it.
    async fn n_sign_ins(&self, officer: &Client, account: &Account) -> usize {
        let path = "/api/v1/audit/records?verb=session_create&actor=account:";
        let page: AuditPage = officer.get(&format!("{path}{}", account.id)).await.unwrap();
        page.items.len()
    }

    /// Someone who may read the log.
    async fn officer(&self) -> Client {
        let mut command = Command::new(program().unwrap());
        let grant = ["role", "grant", "owner@example.org", "compliance_officer", "--reason", "x"];
        command.args(grant).arg("--data").arg(self.server.data().path());
        assert!(command.output().unwrap().status.success());
        let session = self.anyone.sign_in("owner@example.org").await.unwrap();
        self.anyone.clone().with_token(session.access_token)
    }
}

/// One of many networks, each of a customer of its own.
fn network(n: usize) -> IpAddr {
    address(n, 1)
}

/// An address within a network.
fn address(network: usize, n: usize) -> IpAddr {
    let prefix = 0x2001_0db8_u128 << 96 | (network as u128) << 64;
    Ipv6Addr::from_bits(prefix | n as u128).into()
}

fn attempt(email: &str, password: &str, from: IpAddr) -> Attempt {
    Attempt { email: email.to_owned(), password: password.to_owned(), from, device: None }
}

/// What is told, once each.
fn kinds<'a>(told: impl Iterator<Item = &'a Told>) -> Vec<&'a Told> {
    let mut kinds = Vec::new();
    for told in told {
        if !kinds.contains(&told) {
            kinds.push(told);
        }
    }
    kinds
}

fn n_of(told: &[Told], status: u16) -> usize {
    told.iter().filter(|told| told.status == status).count()
}

/// Thousands of pairs from two networks, whoever asks within them: some are looked at, the rest is
/// told when to come again, whether for its address or for its network. What was found is in the
/// audit log.
#[tokio::test]
async fn a_leaked_list_is_slowed_down_by_the_network() {
    let world = World::start().await;
    let (early, late) =
        (world.account("early@example.org").await, world.account("late@example.org").await);
    let mut attempts: Vec<Attempt> = (0..2_000)
        .map(|n| {
            let person = n.max(AT_ONE_ADDRESS - 1);
            let email = format!("person{person}@example.org");
            attempt(&email, "a leaked password", address(1, n))
        })
        .collect();
    let list = &mut attempts[AT_ONE_ADDRESS..];
    list[7].email = early.email.clone();
    list[7].password = PASSWORD.to_owned();
    // As leaked as the other, and behind what the network may try.
    list[1_400].email = late.email.clone();
    list[1_400].password = PASSWORD.to_owned();
    // Passwords of theirs from elsewhere.
    list[20].email = early.email.clone();
    list[21].email = late.email.clone();
    let started = Instant::now();
    let told = world.attempts(&attempts).await;
    // A hundred a minute come back meanwhile.
    let n_more = started.elapsed().as_secs() as usize * 2 + 10;

    let (at_one_address, of_list) = told.split_at(AT_ONE_ADDRESS);
    let n_looked_at = n_of(at_one_address, 401);
    assert!((OF_A_PAIR..OF_A_PAIR + n_more).contains(&n_looked_at), "{n_looked_at}");
    assert_eq!(n_looked_at + n_of(at_one_address, 429), AT_ONE_ADDRESS);
    assert_eq!(of_list[7].status, 201);
    assert_eq!(n_of(of_list, 201), 1, "what is found is found early");
    let (n_looked_at, n_slowed) = (n_of(of_list, 401), n_of(of_list, 429));
    let n_left = OF_A_NETWORK - AT_ONE_ADDRESS;
    assert!((n_left - 1..n_left + n_more).contains(&n_looked_at), "{n_looked_at}");
    assert_eq!(n_looked_at + n_slowed + 1, of_list.len());
    // One answer to whatever was looked at, and one to the rest: neither says who is there.
    let kinds = kinds(told.iter().filter(|told| told.status != 201));
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(told.iter().all(|told| told.has_retry_after == (told.status == 429)));

    // Others are not held up: the same list from elsewhere, and whoever lives there.
    let elsewhere = world.attempts(&[attempt(&late.email, PASSWORD, network(2))]).await;
    assert_eq!(elsewhere[0].status, 201);
    let officer = world.officer().await;
    until(async || world.n_sign_ins(&officer, &early).await == 1).await;
    until(async || world.n_sign_ins(&officer, &late).await == 1).await;
}

/// Thousands of networks with one try each at one account: it is slowed down as a whole, and its
/// person still gets in on a device that was signed in before. An address that has no account is
/// answered alike.
#[tokio::test]
async fn many_networks_at_one_account_do_not_lock_its_person_out() {
    let world = World::start().await;
    let victim = world.account("victim@example.org").await;
    let at_home = attempt(&victim.email, PASSWORD, network(0));
    let session: Session = success(world.ask(&at_home).await).await.unwrap();

    // In turn at someone and at nobody, each password once.
    let list: Vec<Attempt> = (0..2_000)
        .map(|n| {
            let email = if n % 2 == 0 { "victim@example.org" } else { "nobody@example.org" };
            attempt(email, &format!("leaked password {n}"), network(1 + n))
        })
        .collect();
    let started = Instant::now();
    let told = world.attempts(&list).await;
    // Thirty a minute come back meanwhile.
    let n_more = started.elapsed().as_secs() as usize + 5;
    for of in [0, 1] {
        let told: Vec<Told> = told.iter().skip(of).step_by(2).cloned().collect();
        let n_looked_at = n_of(&told, 401);
        assert!((OF_AN_ACCOUNT..OF_AN_ACCOUNT + n_more).contains(&n_looked_at), "{n_looked_at}");
        assert_eq!(n_looked_at + n_of(&told, 429), told.len());
    }
    let kinds = kinds(told.iter());
    assert_eq!(kinds.len(), 2, "someone and nobody are told the same: {kinds:?}");

    // Who guessed right just now does not learn of it.
    let stranger = Attempt { from: network(5_000), ..at_home.clone() };
    let claimed = Attempt { device: Some(DeviceId::new(1, [7; 10])), ..stranger.clone() };
    let told = world.attempts(&[stranger.clone(), claimed]).await;
    assert_eq!(n_of(&told, 429), 2, "a device that the account does not know is any device");
    // The person does, at home and on the way.
    let own = Some(session.device_id);
    let at_home = Attempt { device: own, ..at_home };
    let on_the_way = Attempt { device: own, ..stranger };
    assert_eq!(n_of(&world.attempts(&[at_home, on_the_way]).await, 201), 2);
    let officer = world.officer().await;
    until(async || world.n_sign_ins(&officer, &victim).await == 3).await;
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < WAIT, "it did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
