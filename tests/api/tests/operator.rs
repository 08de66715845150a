//! What who runs the machine does beside a running server: roles, plans, keys, the audit log.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use api::{
    accounts::{PlanView, Session},
    audit::{AuditCheckpoint, AuditPage},
    roles::RoleHolders,
};
use api_tests::{Client, ServerProcess, client::success, program};
use domain::{Role, plan::Tier};
use reqwest::Method;

const WAIT: Duration = Duration::from_mins(1);

#[tokio::test]
async fn roles_and_plans_are_given_by_command() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    anyone.sign_up("ann@example.org").await.unwrap();

    let grant = ["role", "grant", "ann@example.org", "engineer", "--reason", "on call"];
    let said = printed(&run(&server, &grant));
    assert!(said.contains("listener engineer"), "{said}");
    let ann = anyone.sign_in("ann@example.org").await.unwrap();
    assert_eq!(ann.account.roles, [Role::Listener, Role::Engineer]);
    let holders: RoleHolders = owner.get("/api/v1/roles").await.unwrap();
    assert_eq!(holders.holders.len(), 2);
    let listed = printed(&run(&server, &["role", "list"]));
    assert_eq!(listed.lines().count(), 2, "{listed}");

    let give = ["plan", "give", "ann@example.org", "family", "--days", "3", "--reason", "a gift"];
    assert!(run(&server, &give).status.success());
    let next: Session = success(anyone.refresh(&ann.refresh_token).await.unwrap()).await.unwrap();
    assert_eq!(next.account.tier, Tier::Premium);
    let plan: PlanView =
        anyone.clone().with_token(&next.access_token).get("/api/v1/plan").await.unwrap();
    assert_eq!(plan.plan.as_deref(), Some("family"));

    for (wrong, told) in [
        (vec!["role", "grant", "eve@example.org", "owner", "--reason", "x"], "no such account"),
        (vec!["role", "revoke", "owner@example.org", "owner", "--reason", "x"], "last owner"),
        (vec!["role", "grant", "ann@example.org", "emperor", "--reason", "x"], "not a role"),
        (vec!["plan", "give", "ann@example.org", "gold", "--reason", "x"], "no such plan"),
        (vec!["plan", "give", "ann@example.org", "family", "--reason", " "], "reason"),
    ] {
        let output = run(&server, &wrong);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && complaint.contains(told), "{wrong:?}: {complaint}");
    }
}

#[tokio::test]
async fn keys_rotate_under_a_running_server() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let before = anyone.listener("ann@example.org").await.unwrap();
    assert!(run(&server, &["keys", "rotate"]).status.success());
    until(async || n_keys(&anyone).await == 2).await;
    assert_eq!(status(&before, "/api/v1/accounts/me").await, 200, "what was signed stays good");
    let session = anyone.sign_in("ann@example.org").await.unwrap();
    let after = anyone.clone().with_token(&session.access_token);
    assert_eq!(status(&after, "/api/v1/accounts/me").await, 200);

    assert!(run(&server, &["keys", "rotate", "--drop-old"]).status.success());
    until(async || n_keys(&anyone).await == 1).await;
    assert_eq!(status(&after, "/api/v1/accounts/me").await, 401);
    // The session itself goes on.
    assert_eq!(anyone.refresh(&session.refresh_token).await.unwrap().status(), 200);
}

/// From the act to a file that is verified without a server.
#[tokio::test]
async fn what_was_done_is_in_the_log_and_the_file_of_it_is_verified() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    anyone.listener("owner@example.org").await.unwrap();
    let grant =
        ["role", "grant", "owner@example.org", "compliance_officer", "--reason", "small team"];
    assert!(run(&server, &grant).status.success());
    let session = anyone.sign_in("owner@example.org").await.unwrap();
    let officer = anyone.clone().with_token(&session.access_token);
    let path = "/api/v1/audit/records?verb=role_grant";
    until(async || officer.get::<AuditPage>(path).await.unwrap().items.len() == 1).await;
    let checkpoint: AuditCheckpoint = officer.get("/api/v1/audit/checkpoint").await.unwrap();
    assert!(checkpoint.size >= 4, "{checkpoint:?}");

    let key = printed(&run(&server, &["audit", "key"]));
    assert_eq!(key.trim(), checkpoint.key);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let export = ["audit", "export", file.to_str().unwrap()];
    assert!(run(&server, &export).status.success());
    assert!(!run(&server, &export).status.success(), "never over another file");
    let served = officer.request(Method::GET, "/api/v1/audit/file").send().await.unwrap();
    let served = served.bytes().await.unwrap();
    let good = verify(&file, &key);
    assert!(good.status.success(), "{good:?}");
    let served_file = folder.path().join("served.jsonl");
    fs::write(&served_file, served).unwrap();
    assert!(verify(&served_file, &key).status.success());

    // No data of a person, and no change that goes unnoticed.
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("owner@") && !text.contains("example.org"), "{text}");
    let changed = text.replace("small team", "large team");
    assert_ne!(changed, text);
    fs::write(&file, &changed).unwrap();
    let bad = verify(&file, &key);
    let complaint = String::from_utf8_lossy(&bad.stderr).into_owned();
    let seq = text
        .lines()
        .filter(|line| line.contains("\"seq\""))
        .position(|line| line.contains("small team"));
    let named = format!("record {}", seq.unwrap());
    assert!(!bad.status.success() && complaint.contains(&named), "{complaint}; {named}");
}

/// Killed at any moment, a server loses no act and records none twice.
#[tokio::test]
async fn a_killed_server_records_each_act_once() {
    let mut data = ServerProcess::start().unwrap().kill().unwrap();
    let n_rounds = 8;
    for round in 0..n_rounds {
        let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
        let anyone = server.client().unwrap();
        let email = format!("person{round}@example.org");
        anyone.sign_up(&email).await.unwrap();
        // Somewhere between the answer and the end of the relay.
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        data = server.kill().unwrap();
    }
    let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
    let key = printed(&run(&server, &["audit", "key"]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    assert!(run(&server, &["audit", "export", file.to_str().unwrap()]).status.success());
    assert!(verify(&file, &key).status.success());
    let text = fs::read_to_string(&file).unwrap();
    let n_told = text.matches("\"account_create\"").count();
    assert_eq!(n_told, usize::try_from(n_rounds).unwrap(), "{text}");
}

/// A server beside signs with the new key at once; whoever has an old one verifies all of the log.
#[tokio::test]
async fn the_key_of_the_log_rotates_under_a_running_server() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    anyone.sign_up("ann@example.org").await.unwrap();
    let first = printed(&run(&server, &["audit", "key"]));
    let second = printed(&run(&server, &["keys", "rotate-audit"]));
    assert_ne!(first, second);
    let file = exported_with(&server, &anyone, "bob@example.org").await;
    let third = printed(&run(&server, &["keys", "rotate-audit"]));
    let later = exported_with(&server, &anyone, "eve@example.org").await;
    let keys = printed(&run(&server, &["audit", "key"]));
    let lines: Vec<&str> = keys.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, third.trim()), "{keys}");
    assert!(lines[1].ends_with(second.trim()) && lines[2].ends_with(first.trim()), "{keys}");
    for key in [&first, &second, &third] {
        let good = verify(&later.path().join("log.jsonl"), key);
        assert!(good.status.success(), "{key}: {good:?}");
    }
    let unsigned = verify(&file.path().join("log.jsonl"), &third);
    assert!(!unsigned.status.success(), "there was no such key yet");
    let secrets = fs::read_to_string(server.data().path().join("audit-key")).unwrap();
    assert_eq!(secrets.lines().count(), 1, "former keys are destroyed");
}

/// Killed at any moment, with a server beside that goes on recording.
#[tokio::test]
async fn a_rotation_of_the_logs_key_that_is_killed_is_gone_on_with() {
    let mut server = ServerProcess::start().unwrap();
    let first = printed(&run(&server, &["audit", "key"]));
    for round in 0..10_u64 {
        let anyone = server.client().unwrap();
        let mut command = Command::new(program().unwrap());
        command.args(["keys", "rotate-audit", "--data"]).arg(server.data().path());
        let mut rotation = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let signed_up = tokio::spawn({
            let email = format!("person{round}@example.org");
            async move { anyone.sign_up(&email).await.map(drop) }
        });
        tokio::time::sleep(Duration::from_millis(5 + round * 6)).await;
        // It may have come to its end before.
        let _ = rotation.kill();
        rotation.wait().unwrap();
        signed_up.await.unwrap().unwrap();
        if round % 4 == 3 {
            server = ServerProcess::start_on(server.kill().unwrap(), "127.0.0.1:0").unwrap();
        }
    }
    let last = printed(&run(&server, &["keys", "rotate-audit"]));
    let anyone = server.client().unwrap();
    let folder = exported_with(&server, &anyone, "last@example.org").await;
    for key in [&first, &last] {
        let good = verify(&folder.path().join("log.jsonl"), key);
        assert!(good.status.success(), "{good:?}");
    }
    let text = fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    assert_eq!(text.matches("\"account_create\"").count(), 11, "{text}");
}

/// The log as a file in a folder, once somebody has signed up.
async fn exported_with(server: &ServerProcess, anyone: &Client, email: &str) -> tempfile::TempDir {
    anyone.sign_up(email).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    assert!(run(server, &["audit", "export", file.to_str().unwrap()]).status.success());
    folder
}

fn run(server: &ServerProcess, args: &[&str]) -> Output {
    let mut command = Command::new(program().unwrap());
    command.args(args).arg("--data").arg(server.data().path()).output().unwrap()
}

fn verify(file: &std::path::Path, key: &str) -> Output {
    let mut command = Command::new(program().unwrap());
    command.args(["audit", "verify"]).arg(file).args(["--key", key.trim()]).output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

async fn n_keys(client: &Client) -> usize {
    let jwks: serde_json::Value = client.get("/api/v1/jwks.json").await.unwrap();
    jwks["keys"].as_array().unwrap().len()
}

async fn status(client: &Client, path: &str) -> u16 {
    client.request(Method::GET, path).send().await.unwrap().status().as_u16()
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < WAIT, "it did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
