//! Exports: whole, valid, sealed at rest, and gone in time.

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read as _},
    sync::atomic::Ordering,
};

use api::privacy::{ExportState, ExportView};
use axum::http::StatusCode;
use domain::AccountId;
use engine_sql::testing;
use serde_json::{Value, json};
use svc_privacy::Error;

use super::stand::{DAY_US, Stand};

const PLANTED: &str = "a planted <string> of one person";

async fn read(stand: &Stand, of: AccountId, export: &ExportView) -> BTreeMap<String, Vec<u8>> {
    let (mut opener, size_bytes) = stand.service.export_open(of, export.id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = opener.piece().await.unwrap() {
        bytes.extend(piece);
    }
    assert_eq!(bytes.len() as u64, size_bytes);
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

async fn export(stand: &Stand, of: AccountId) -> ExportView {
    let asked = stand.service.export_create(of, of).await.unwrap();
    stand.service.exports_make().await.unwrap();
    stand.service.export(of, asked.id).await.unwrap()
}

#[tokio::test]
async fn an_export_has_all_of_one_person_and_keeps_to_its_schema() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let (ann, bob) = (stand.person("ann"), stand.person("bob"));
        for n in 0..3_000 {
            stand.world.letter(ann, n, PLANTED).await;
        }
        stand.world.letter(bob, 1, "of bob").await;
        for (to, text) in [("ann@example.org", "to ann"), ("bob@example.org", "to bob")] {
            stand.world.mails.lock().unwrap().push((to.to_owned(), text.into()));
        }
        let ready = export(&stand, ann).await;
        assert_eq!(ready.state, ExportState::Ready);
        assert_eq!((ready.n_done, ready.n_total), (6, 6), "letters, and what privacy holds");
        assert_eq!(ready.expires_at_us, Some(stand.world.now_us() + 7 * DAY_US));

        let files = read(&stand, ann, &ready).await;
        let all: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(
            all,
            [
                "README.txt",
                "data/letters/letter.json",
                "data/privacy/privacy_case.json",
                "data/privacy/privacy_consent.json",
                "data/privacy/privacy_erasure.json",
                "data/privacy/privacy_export.json",
                "data/privacy/privacy_standing.json",
                "export.json",
                "files/mail/0-a_mail",
                "index.html",
                "schema.json",
            ]
        );
        assert_eq!(files["files/mail/0-a_mail"], b"to ann");
        let letters: Value = serde_json::from_slice(&files["data/letters/letter.json"]).unwrap();
        let rows = letters["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 3_000, "pages are put together");
        let expected = json!({ "account_id": ann, "n": 2_999, "text": PLANTED });
        assert_eq!(rows[2_999], expected, "without what is secret");
        check_schema(&files);
        let page = String::from_utf8(files["index.html"].clone()).unwrap();
        assert!(page.contains("Letters &lt;you&gt; wrote") && page.contains("100 of 3000"));
        assert!(page.contains("planted &lt;string&gt;") && !page.contains("<string>"));
        for (name, content) in &files {
            let text = String::from_utf8_lossy(content);
            assert!(!text.contains("bob"), "{name} tells of someone else: {text}");
        }
    }
}

/// Every JSON file keeps to the schema, which is no formality.
fn check_schema(files: &BTreeMap<String, Vec<u8>>) {
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = files.iter().filter(|(name, _)| name.starts_with("data/") || *name == "export.json");
    for (name, content) in json {
        let value: Value = serde_json::from_slice(content).unwrap();
        assert!(validator.is_valid(&value), "{name}");
    }
    let letters: Value = serde_json::from_slice(&files["data/letters/letter.json"]).unwrap();
    for (field, wrong) in [("table", json!("another")), ("rows", json!([{ "n": "text" }]))] {
        let mut changed = letters.clone();
        changed[field] = wrong;
        assert!(!validator.is_valid(&changed), "{field}");
    }
}

#[tokio::test]
async fn at_rest_an_export_tells_nothing_and_opens_for_its_person_alone() {
    let stand = Stand::new().await;
    let (ann, bob) = (stand.person("ann"), stand.person("bob"));
    stand.world.letter(ann, 1, PLANTED).await;
    let ready = export(&stand, ann).await;
    let file = fs::read_dir(&stand.settings.exports).unwrap().next().unwrap().unwrap().path();
    let sealed = fs::read(&file).unwrap();
    for plain in [b"PK\x03\x04".as_slice(), PLANTED.as_bytes(), b"README"] {
        assert!(!sealed.windows(plain.len()).any(|window| window == plain));
    }
    assert!(stand.service.export(bob, ready.id).await.is_err());
    assert!(stand.service.export_open(bob, ready.id).await.is_err());
    // Without the person's key, a copy of the file is worth nothing.
    stand.world.vault.lock().unwrap().retain(|(account, _), _| *account != ann);
    assert!(stand.service.export_open(ann, ready.id).await.is_err());
}

#[tokio::test]
async fn a_file_is_gone_after_some_days() {
    let stand = Stand::new().await;
    let ann = stand.person("ann");
    let ready = export(&stand, ann).await;
    stand.world.pass(7 * DAY_US - 1);
    stand.service.exports_expire().await.unwrap();
    assert_eq!(stand.service.export(ann, ready.id).await.unwrap().state, ExportState::Ready);
    stand.world.pass(1);
    stand.service.exports_expire().await.unwrap();
    let expired = stand.service.export(ann, ready.id).await.unwrap();
    assert_eq!((expired.state, expired.size_bytes), (ExportState::Expired, None));
    assert_eq!(fs::read_dir(&stand.settings.exports).unwrap().count(), 0);
    assert_eq!(stand.world.vault_fields(ann), ["email"]);
    assert!(stand.service.export_open(ann, ready.id).await.is_err());
}

#[tokio::test]
async fn one_at_a_time_and_three_a_day() {
    let stand = Stand::new().await;
    let ann = stand.person("ann");
    let first = stand.service.export_create(ann, ann).await.unwrap();
    assert_eq!(stand.service.export_create(ann, ann).await.unwrap(), first, "it is under way");
    stand.service.exports_make().await.unwrap();
    for _ in 0..2 {
        stand.world.pass(1_000_000);
        export(&stand, ann).await;
    }
    let Err(Error::Refused(refused)) = stand.service.export_create(ann, ann).await else {
        panic!("a fourth one was begun");
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(stand.world.n_acts("subject_export").await, 3);
    // The first of the three is a day ago.
    stand.world.pass(DAY_US - 2_000_000);
    stand.service.export_create(ann, ann).await.unwrap();
}

/// Cut off before every single step, and made after a start.
#[tokio::test]
async fn an_export_that_was_cut_off_anywhere_is_made_in_the_end() {
    let mut n_cut = 0;
    for n_steps in 0.. {
        let mut stand = Stand::new().await;
        let ann = stand.person("ann");
        stand.world.letter(ann, 1, PLANTED).await;
        let asked = stand.service.export_create(ann, ann).await.unwrap();
        stand.world.n_steps_left.store(n_steps, Ordering::Relaxed);
        stand.service.exports_make().await.unwrap();
        stand.world.n_steps_left.store(u32::MAX, Ordering::Relaxed);
        let is_done =
            stand.service.export(ann, asked.id).await.unwrap().state == ExportState::Ready;
        n_cut += usize::from(!is_done);
        stand.reopen().await;
        stand.service.exports_sweep().await.unwrap();
        stand.service.exports_make().await.unwrap();
        let ready = stand.service.export(ann, asked.id).await.unwrap();
        assert!(read(&stand, ann, &ready).await.contains_key("index.html"));
        assert_eq!(fs::read_dir(&stand.settings.exports).unwrap().count(), 1);
        if is_done {
            break;
        }
    }
    assert!(n_cut >= 4, "{n_cut}");
}

#[tokio::test]
async fn one_that_can_never_be_made_is_given_up() {
    let stand = Stand::new().await;
    let ann = stand.person("ann");
    let asked = stand.service.export_create(ann, ann).await.unwrap();
    stand.world.n_steps_left.store(0, Ordering::Relaxed);
    for _ in 0..6 {
        stand.service.exports_make().await.unwrap();
    }
    stand.world.n_steps_left.store(u32::MAX, Ordering::Relaxed);
    let failed = stand.service.export(ann, asked.id).await.unwrap();
    assert_eq!(failed.state, ExportState::Failed);
    assert_eq!(export(&stand, ann).await.state, ExportState::Ready, "asking again helps");
}
