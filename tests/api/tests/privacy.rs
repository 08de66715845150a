//! The rights of persons with everything real: consents, an export that keeps to its schema, an
//! erasure that leaves nothing in any file, and the cases of a compliance officer.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use api::{
    accounts::Session,
    audit::AuditPage,
    catalog::Page,
    compliance::{CasePage, CaseState, CaseView, RetentionView, SubjectView},
    error::Code,
    imports::{Import, ImportState},
    plays::PlayReceipt,
    privacy::{ConsentView, ErasureView, ExportState, ExportView, PrivacyView},
    roles::RoleChange,
};
use api_tests::{
    Client, PASSWORD, ServerProcess,
    client::{failure, success},
    music, program,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{AccountId, Role, Track};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use web::auth::{Claims, Keys};

const WAIT: Duration = Duration::from_mins(2);

/// Where an erasure is done at once.
const AT_ONCE: &str = "[privacy]\ncooling_off_days = 0\n";

/// Unique strings of one person, in every place that takes some.
const EMAIL: &str = "ann.planted.4711@example.org";
const NAME: &str = "Ann Planted Name 4711";
const DEVICE: &str = "Planted Device 4711";

#[tokio::test]
async fn consents_are_to_a_version_and_keep_their_history() {
    let server = ServerProcess::start().unwrap();
    let ann = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let view: PrivacyView = ann.get("/api/v1/privacy").await.unwrap();
    assert!(view.consents.iter().all(|consent| !consent.is_given && consent.history.is_empty()));
    assert!(view.holdings.iter().any(|holding| holding.table == "session"));
    let body = |version: u32, is_given: bool| json!({ "purpose": "personalisation", "version": version, "is_given": is_given });
    let path = "/api/v1/privacy/consents";
    for is_given in [true, false, true] {
        let said: ConsentView = success(post(&ann, path, &body(1, is_given)).await).await.unwrap();
        assert_eq!(said.is_given, is_given);
    }
    assert_eq!(post(&ann, path, &body(2, true)).await.status(), 409);
    let view: PrivacyView = ann.get("/api/v1/privacy").await.unwrap();
    let said: Vec<bool> = view.consents[0].history.iter().map(|entry| entry.is_given).collect();
    assert_eq!(said, [true, false, true]);

    let restriction = "/api/v1/privacy/restriction";
    let answer = post(&ann, restriction, &json!({ "is_restricted": true })).await;
    assert_eq!(answer.status(), 204);
    assert!(ann.get::<PrivacyView>("/api/v1/privacy").await.unwrap().is_restricted);
}

/// Kept and not used: nothing is added by what is played, and the mails that are asked for come.
#[tokio::test]
async fn restricted_data_is_kept_and_not_used_until_that_ends() {
    let world = World::start("").await;
    let World { server, anyone, ann, track, .. } = &world;
    let restrict = async |is_restricted: bool| {
        let body = json!({ "is_restricted": is_restricted });
        assert_eq!(post(ann, "/api/v1/privacy/restriction", &body).await.status(), 204);
    };
    let play = async |n: u8| {
        let play = json!({ "plays": [{
            "id": uuid(n), "track_id": track, "started_at_us": now_us(), "listened_ms": 60_000,
        }] });
        let answer = post(ann, "/api/v1/plays", &play).await;
        let receipt: PlayReceipt = success(answer).await.unwrap();
        (receipt.n_accepted, receipt.n_ignored)
    };
    let n_counted = async || {
        let track: Track = ann.get(&format!("/api/v1/tracks/{track}")).await.unwrap();
        track.n_plays
    };
    assert_eq!((play(21).await, n_counted().await), ((1, 0), 1));
    restrict(true).await;
    assert_eq!((play(22).await, n_counted().await), ((0, 1), 1));
    let mails = server.data().path().join("mails");
    let n_mails = || files_below(&mails).iter().filter(|mail| is_to(mail, EMAIL)).count();
    let n_before = n_mails();
    let asked = post(anyone, "/api/v1/password-reset", &json!({ "email": EMAIL })).await;
    assert!(asked.status().is_success(), "{asked:?}");
    until(async || n_mails() > n_before).await;
    let files = unpacked(ann, &exported(ann).await).await;
    let plays: Value = serde_json::from_slice(&files["data/catalog/play.json"]).unwrap();
    assert_eq!(plays["rows"].as_array().unwrap().len(), 2, "that of before, and of the beginning");
    restrict(false).await;
    assert_eq!((play(23).await, n_counted().await), ((1, 0), 2));
}

/// A session that was left open is not enough for these.
#[tokio::test]
async fn an_old_sign_in_neither_exports_nor_erases() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let ready = exported(&owner).await;
    let keys = fs::read_to_string(server.data().path().join("signing-keys")).unwrap();
    let seed = URL_SAFE_NO_PAD.decode(keys.trim()).unwrap();
    let keys = Keys::from_seeds(&[seed.try_into().unwrap()]).unwrap();
    let claims = keys.verify(owner.token.as_deref().unwrap()).unwrap();
    let old = Claims { authenticated_at_s: claims.authenticated_at_s - 601, ..claims };
    let old = anyone.with_token(keys.sign(&old, old.expires_at_s - 600).unwrap());
    assert!(old.get::<PrivacyView>("/api/v1/privacy").await.is_ok());
    let file = format!("/api/v1/privacy/exports/{}/file", ready.id);
    for (method, path) in [
        (Method::POST, "/api/v1/privacy/exports"),
        (Method::GET, file.as_str()),
        (Method::POST, "/api/v1/privacy/erasure"),
    ] {
        let refused = old.request(method, path).send().await.unwrap();
        assert_eq!(refused.status(), 403, "{path}");
        assert_eq!(failure(refused).await.unwrap().error.code, Code::StepUpRequired, "{path}");
    }
}

#[tokio::test]
async fn an_export_has_everything_of_one_person_and_keeps_to_its_schema() {
    let world = World::start("").await;
    let World { server, owner, ann, .. } = &world;
    let ready = exported(ann).await;
    let files = unpacked(ann, &ready).await;
    check_schema(&files);
    let text = files.values().map(|file| String::from_utf8_lossy(file)).collect::<String>();
    for planted in [EMAIL, NAME, DEVICE, "1990-02-03", &world.track.to_string()] {
        assert!(text.contains(planted), "{planted} is not in it");
    }
    assert!(!text.contains("owner@example.org") && !text.contains("argon2"), "{text}");
    let rows = |name: &str| {
        let file: Value = serde_json::from_slice(&files[name]).unwrap();
        file["rows"].as_array().unwrap().len()
    };
    assert_eq!((rows("data/accounts/session.json"), rows("data/catalog/play.json")), (1, 1));
    let mails = files.keys().filter(|name| name.starts_with("files/mail/")).count();
    assert_eq!(mails, 1, "the one to confirm the address");

    // To anyone else it is not there, and on the disk it tells nothing.
    let view = format!("/api/v1/privacy/exports/{}", ready.id);
    let file = format!("{view}/file");
    for path in [&view, &file] {
        assert_eq!(owner.request(Method::GET, path).send().await.unwrap().status(), 404, "{path}");
    }
    let folder = server.data().path().join("exports");
    let sealed: Vec<PathBuf> = files_below(&folder);
    assert_eq!(sealed.len(), 1);
    let sealed = fs::read(&sealed[0]).unwrap();
    assert!(!holds(&sealed, b"PK\x03\x04") && !holds(&sealed, EMAIL.as_bytes()));
}

/// The person is gone from every file, the address is free, and the audit log is as good as ever.
#[tokio::test]
async fn an_erasure_leaves_nothing_of_the_person_in_any_file() {
    let world = World::start(AT_ONCE).await;
    let World { server, anyone, officer, ann, account, .. } = &world;
    exported(ann).await;
    let data = server.data().path();
    for planted in [NAME, DEVICE] {
        assert!(found(data, planted).is_some(), "{planted} is planted where it can be found");
    }
    let erasure = ann.request(Method::POST, "/api/v1/privacy/erasure").send().await.unwrap();
    assert_eq!(erasure.status(), 202);
    let erasure: ErasureView = success(erasure).await.unwrap();
    erased(officer, 1).await;

    let me = ann.request(Method::GET, "/api/v1/accounts/me").send().await.unwrap();
    assert_eq!(me.status(), 401, "the token of someone who is gone");
    assert!(anyone.sign_in(EMAIL).await.is_err());
    check_nothing_left(data);
    assert!(files_below(&data.join("exports")).is_empty());

    let verbs = |page: AuditPage| -> Vec<String> {
        page.items.iter().map(|record| record.act.as_ref().unwrap().verb.to_string()).collect()
    };
    let path = format!("/api/v1/audit/records?object=account:{account}");
    let told = verbs(officer.get(&path).await.unwrap());
    for verb in ["subject_erase_begin", "subject_erase", "subject_export", "account_create"] {
        assert!(told.iter().any(|one| one == verb), "{verb} in {told:?}");
    }
    let path = format!("/api/v1/audit/records?object=erasure:{}", erasure.id);
    assert_eq!(verbs(officer.get(&path).await.unwrap()), ["subject_erase_done"]);
    check_log(server, &[EMAIL, NAME, DEVICE]);

    // Someone else, by the same address.
    let again = anyone.sign_up(EMAIL).await.unwrap();
    assert_ne!(again.id, *account);
    let session = anyone.sign_in(EMAIL).await.unwrap();
    let again = anyone.clone().with_token(session.access_token);
    let view: PrivacyView = again.get("/api/v1/privacy").await.unwrap();
    assert!(view.export.is_none() && view.consents.iter().all(|one| one.history.is_empty()));
}

/// Killed at any moment, it goes on at the next start, to the end.
#[tokio::test]
async fn an_erasure_outlives_kills() {
    let world = World::start(AT_ONCE).await;
    let World { server, officer, ann, .. } = world;
    let officer_session = officer.token.clone().unwrap();
    exported(&ann).await;
    let asked = ann.request(Method::POST, "/api/v1/privacy/erasure").send().await.unwrap();
    assert_eq!(asked.status(), 202);
    let mut data = server.kill().unwrap();
    for round in 0..6 {
        let server = restarted(data);
        // Somewhere between its steps.
        tokio::time::sleep(Duration::from_millis(round * 7)).await;
        data = server.kill().unwrap();
    }
    let server = restarted(data);
    let officer = server.client().unwrap().with_token(officer_session);
    erased(&officer, 1).await;
    check_nothing_left(server.data().path());
    check_log(&server, &[EMAIL, NAME, DEVICE]);
}

#[tokio::test]
async fn the_last_owner_stays_and_others_can_think_again() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let path = "/api/v1/privacy/erasure";
    let refused = owner.request(Method::POST, path).send().await.unwrap();
    assert_eq!(refused.status(), 409);
    let ann = anyone.listener("ann@example.org").await.unwrap();
    let asked = ann.request(Method::POST, path).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    let asked: ErasureView = success(asked).await.unwrap();
    let days = (asked.due_at_us - asked.asked_at_us) / (24 * 60 * 60 * 1_000_000);
    assert_eq!(days, 7);
    let view: PrivacyView = ann.get("/api/v1/privacy").await.unwrap();
    assert_eq!((view.erasure, view.cooling_off_days), (Some(asked), 7));
    for status in [204, 404] {
        let taken_back = ann.request(Method::DELETE, path).send().await.unwrap();
        assert_eq!(taken_back.status(), status);
    }
    assert_eq!(ann.get::<PrivacyView>("/api/v1/privacy").await.unwrap().erasure, None);
}

#[tokio::test]
async fn an_officer_serves_a_case_and_leaves_a_trail() {
    let world = World::start("").await;
    let World { server, officer, ann, account, .. } = &world;
    let path = "/api/v1/compliance/cases";
    let open = json!({ "kind": "rectification", "email": EMAIL, "reason": "asked by letter" });
    let nobody = json!({ "kind": "access", "email": "no@example.org", "reason": "x" });
    assert_eq!(post(officer, path, &nobody).await.status(), 404);
    let own = json!({ "kind": "access", "email": "officer@example.org", "reason": "x" });
    assert_eq!(post(officer, path, &own).await.status(), 409);
    let case = post(officer, path, &open).await;
    assert_eq!(case.status(), 201);
    let case: CaseView = success(case).await.unwrap();
    assert_eq!((case.subject, case.state), (*account, CaseState::Open));
    let list: CasePage = officer.get(path).await.unwrap();
    assert_eq!(list.items, std::slice::from_ref(&case));

    let one = format!("{path}/{}", case.id);
    let subject: SubjectView = officer.get(&format!("{one}/subject")).await.unwrap();
    assert_eq!((subject.email.as_str(), subject.display_name.as_str()), (EMAIL, NAME));
    assert!(subject.holdings.iter().any(|held| held.table == "play" && held.n_rows == 1));
    let update = |action: &str| json!({ "action": action, "reason": "identity checked" });
    for action in ["extend", "hold", "export"] {
        let answer = post(officer, &one, &update(action)).await;
        assert_eq!(answer.status(), 200, "{action}");
    }
    let mut rectify = update("rectify");
    rectify["display_name"] = json!("Ann Right");
    assert_eq!(post(officer, &one, &rectify).await.status(), 200);
    let me: Value = ann.get("/api/v1/accounts/me").await.unwrap();
    assert_eq!(me["display_name"], "Ann Right");
    let mine: PrivacyView = ann.get("/api/v1/privacy").await.unwrap();
    assert!(mine.export.is_some(), "the person finds it on their page");
    let closed = post(officer, &one, &update("close")).await;
    let closed: CaseView = success(closed).await.unwrap();
    assert!(closed.is_held && closed.is_extended && closed.state == CaseState::Done);
    let shut = officer.request(Method::GET, &format!("{one}/subject")).send().await.unwrap();
    assert_eq!(shut.status(), 409);

    let trail = format!("/api/v1/audit/records?object=case:{}", case.id);
    until(async || officer.get::<AuditPage>(&trail).await.unwrap().items.len() == 7).await;
    let page: AuditPage = officer.get(&trail).await.unwrap();
    let acts: Vec<_> = page.items.into_iter().filter_map(|record| record.act).collect();
    let looked = acts.iter().filter(|act| act.verb.as_str() == "case_subject_view").count();
    assert_eq!(looked, 1);
    assert!(acts.iter().all(|act| act.actor.is_some()));
    check_log(server, &[EMAIL, NAME, "Ann Right"]);

    let rules: RetentionView = officer.get("/api/v1/compliance/retention").await.unwrap();
    assert!(rules.rules.iter().any(|rule| rule.id == "audit_access" && rule.days == 90));
}

#[tokio::test]
async fn retention_is_shown_first_and_run_by_command() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    anyone.listener("owner@example.org").await.unwrap();
    let shown = printed(&run(server.data(), &["retention", "--dry-run"]));
    assert!(shown.contains("audit_access: 90 days, 0 to be dropped, 0 on hold"), "{shown}");
    let done = printed(&run(server.data(), &["retention"]));
    assert!(done.contains("audit_access: 0 dropped"), "{done}");
    check_log(&server, &[]);
}

/// Of two who have had mails, one is on hold.
#[tokio::test]
async fn retention_leaves_what_is_held_and_says_so() {
    let world = World::start("").await;
    let World { server, officer, .. } = &world;
    let path = "/api/v1/compliance/cases";
    let open = json!({ "kind": "access", "email": EMAIL, "reason": "a claim" });
    let case: CaseView = success(post(officer, path, &open).await).await.unwrap();
    let hold = json!({ "action": "hold", "reason": "a claim" });
    assert_eq!(post(officer, &format!("{path}/{}", case.id), &hold).await.status(), 200);

    let mails = files_below(&server.data().path().join("mails"));
    let (ann, others): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| is_to(mail, EMAIL));
    assert!(!ann.is_empty() && !others.is_empty(), "{mails:?}");
    let long_ago = SystemTime::now() - Duration::from_hours(31 * 24);
    for mail in &mails {
        fs::File::options().write(true).open(mail).unwrap().set_modified(long_ago).unwrap();
    }
    let told =
        format!("written_mails: 30 days, {} to be dropped, {} on hold", others.len(), ann.len());
    let shown = printed(&run(server.data(), &["retention", "--dry-run"]));
    assert!(shown.contains(&told), "{shown}");
    let rules: RetentionView = officer.get("/api/v1/compliance/retention").await.unwrap();
    let rule = rules.rules.iter().find(|rule| rule.id == "written_mails").unwrap();
    assert_eq!((rule.n_due, rule.n_held), (others.len() as u64, ann.len() as u64));
    let done = printed(&run(server.data(), &["retention"]));
    assert!(done.contains(&format!("written_mails: {} dropped", others.len())), "{done}");
    assert!(ann.iter().all(|mail| mail.exists()) && others.iter().all(|mail| !mail.exists()));
}

/// A server with an owner, an officer, and Ann, who left something in every place.
struct World {
    server: ServerProcess,
    anyone: Client,
    owner: Client,
    officer: Client,
    ann: Client,
    account: AccountId,
    track: domain::TrackId,
}

impl World {
    async fn start(config: &str) -> Self {
        let server = ServerProcess::start_configured(config).unwrap();
        let anyone = server.client().unwrap();
        let owner = anyone.listener("owner@example.org").await.unwrap();
        let officer = officer(&anyone, &owner).await;
        let track = imported(&owner).await;

        let body = json!({ "email": EMAIL, "password": PASSWORD, "display_name": NAME });
        assert_eq!(post(&anyone, "/api/v1/accounts", &body).await.status(), 201);
        let body = json!({ "email": EMAIL, "password": PASSWORD, "device_name": DEVICE });
        let session = post(&anyone, "/api/v1/sessions", &body).await;
        let session: Session = success(session).await.unwrap();
        let account = session.account.id;
        let ann = anyone.clone().with_token(session.access_token);
        let profile = json!({ "birth_date": "1990-02-03", "country": "PT" });
        let patch = ann.request(Method::PATCH, "/api/v1/accounts/me").json(&profile);
        assert_eq!(patch.send().await.unwrap().status(), 200);
        let play = json!({ "plays": [{
            "id": uuid(7), "track_id": track, "started_at_us": now_us(), "listened_ms": 3_000,
        }] });
        assert!(post(&ann, "/api/v1/plays", &play).await.status().is_success());
        let consent = json!({ "purpose": "analytics", "version": 1, "is_given": true });
        assert_eq!(post(&ann, "/api/v1/privacy/consents", &consent).await.status(), 200);
        let mails = server.data().path().join("mails");
        until(async || files_below(&mails).iter().any(|mail| is_to(mail, EMAIL))).await;
        Self { server, anyone, owner, officer, ann, account, track }
    }
}

async fn officer(anyone: &Client, owner: &Client) -> Client {
    let email = "officer@example.org".to_owned();
    anyone.sign_up(&email).await.unwrap();
    let role = Role::ComplianceOfficer;
    let grant = RoleChange { email: email.clone(), role, reason: "a test".to_owned() };
    let answer = owner.request(Method::POST, "/api/v1/roles").json(&grant).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let session = anyone.sign_in(&email).await.unwrap();
    anyone.clone().with_token(session.access_token)
}

async fn imported(owner: &Client) -> domain::TrackId {
    let folder = tempfile::tempdir().unwrap();
    music::tone_write(&folder.path().join("Kestrel.wav"), 440, 3).unwrap();
    let body = json!({ "directory": folder.path() });
    let mut import: Import = success(post(owner, "/api/v1/imports", &body).await).await.unwrap();
    while !matches!(import.state, ImportState::Done) {
        import = owner.get(&format!("/api/v1/imports/{}", import.id)).await.unwrap();
    }
    let tracks: Page<Track> = owner.get("/api/v1/tracks").await.unwrap();
    tracks.items[0].id
}

/// An export from beginning to end.
async fn exported(of: &Client) -> ExportView {
    let asked = of.request(Method::POST, "/api/v1/privacy/exports").send().await.unwrap();
    assert_eq!(asked.status(), 202);
    let asked: ExportView = success(asked).await.unwrap();
    let path = format!("/api/v1/privacy/exports/{}", asked.id);
    let view = async || of.get::<ExportView>(&path).await.unwrap();
    until(async || view().await.state != ExportState::Running).await;
    let ready = view().await;
    assert_eq!(ready.state, ExportState::Ready);
    assert_eq!(ready.n_done, ready.n_total);
    ready
}

async fn unpacked(of: &Client, export: &ExportView) -> BTreeMap<String, Vec<u8>> {
    let path = format!("/api/v1/privacy/exports/{}/file", export.id);
    let answer = of.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    assert_eq!(answer.content_length(), export.size_bytes);
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.insert(file.name().unwrap().into_owned(), content);
    }
    files
}

fn check_schema(files: &BTreeMap<String, Vec<u8>>) {
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut n_files = 0;
    for (name, content) in files {
        if name.starts_with("data/") || name == "export.json" {
            let value: Value = serde_json::from_slice(content).unwrap();
            let errors: Vec<_> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
            n_files += 1;
        }
    }
    assert!(n_files > 15, "{:?}", files.keys());
}

/// Waits until so many erasures are told to be done.
async fn erased(officer: &Client, n: usize) {
    let path = "/api/v1/audit/records?verb=subject_erase_done";
    until(async || officer.get::<AuditPage>(path).await.is_ok_and(|page| page.items.len() == n))
        .await;
}

/// Every file of the data folder: database, its log, mails, exports, blobs, what was logged.
fn check_nothing_left(data: &Path) {
    assert!(data.join("melodyud.db").exists());
    for planted in [EMAIL, NAME, DEVICE, "1990-02-03"] {
        assert_eq!(found(data, planted), None, "{planted} is still there");
    }
}

/// The log as a file is good, and has nothing of a person in it.
fn check_log(server: &ServerProcess, planted: &[&str]) {
    let key = printed(&run(server.data(), &["audit", "key"]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let file = file.to_str().unwrap();
    assert!(run(server.data(), &["audit", "export", file]).status.success());
    let verify = ["audit", "verify", file, "--key", key.trim()];
    let verified = Command::new(program().unwrap()).args(verify).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let text = fs::read_to_string(file).unwrap();
    for planted in planted {
        assert!(!text.contains(planted), "{planted} is in the log");
    }
}

fn restarted(data: Arc<TempDir>) -> ServerProcess {
    ServerProcess::start_on(data, "127.0.0.1:0").unwrap()
}

async fn post(client: &Client, path: &str, body: &Value) -> Response {
    client.request(Method::POST, path).json(body).send().await.unwrap()
}

/// Runs a command beside the server.
fn run(data: &Arc<TempDir>, args: &[&str]) -> Output {
    let mut command = Command::new(program().unwrap());
    command.args(&args[..1]);
    let (rest, place) = (&args[1..], ["--data", data.path().to_str().unwrap()]);
    command.args(rest).args(place).output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The first file below that holds the text.
fn found(folder: &Path, text: &str) -> Option<PathBuf> {
    files_below(folder)
        .into_iter()
        .find(|path| holds(&fs::read(path).unwrap_or_default(), text.as_bytes()))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |entry: fs::DirEntry| {
        let path = entry.path();
        if path.is_dir() { files_below(&path) } else { vec![path] }
    };
    entries.flat_map(below).collect()
}

fn is_to(mail: &Path, address: &str) -> bool {
    fs::read_to_string(mail).is_ok_and(|text| text.contains(&format!("To: {address}")))
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

async fn until(done: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < WAIT, "it does not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn uuid(n: u8) -> String {
    format!("0190a5f0-0000-7000-8000-0000000000{n:02x}")
}

fn now_us() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since_1970.as_micros()).unwrap()
}
