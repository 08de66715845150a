//! An export on its way to a file.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use ipc::{Event, FaultKind};
use serde_json::json;

use crate::stub::{Asked, Outcome, Stub, TOKEN, ok, said};

const ID: &str = "01938e3c-5f6e-7cc0-8d1a-222222222222";
const SIZE_BYTES: usize = 300_000;

fn content() -> Vec<u8> {
    (0..SIZE_BYTES).map(|n| (n % 251) as u8).collect()
}

/// A server whose export is `n_missing` bytes shorter than it says.
fn answer(n_missing: usize, state: &'static str) -> impl Fn(&Asked) -> Option<Response> {
    move |asked: &Asked| {
        let export = format!("GET /privacy/exports/{ID}");
        let file = format!("GET /privacy/exports/{ID}/file");
        if asked.what == export {
            return Some(ok(&json!({
                "id": ID,
                "asked_at_us": 1,
                "state": state,
                "n_done": 9,
                "n_total": 9,
                "size_bytes": SIZE_BYTES,
                "expires_at_us": 2,
            })));
        }
        (asked.what == file && asked.token == TOKEN).then(|| {
            let bytes = content().split_off(n_missing);
            ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response()
        })
    }
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_saved_whole_and_over_nothing() -> Outcome {
    let (stub, facade) = Stub::start(answer(0, "ready")).await?;
    let call = ipc::ExportSave { id: ID.parse()? };
    ensure!(facade.saved_export().is_err_and(|fault| fault.kind == FaultKind::NotFound));
    let mut events = facade.subscribe();
    let saved = said(facade.export_save(call.clone()).await)?;
    ensure!(saved.size_bytes == SIZE_BYTES as u64, "{saved:?}");
    ensure!(fs::read(&saved.path)? == content());
    let path = said(facade.saved_export())?;
    assert_eq!(path.display().to_string(), saved.path);
    let name = path.file_name().context("it has a name")?.to_string_lossy().into_owned();
    let date = name.strip_prefix("melodyud-export-").and_then(|rest| rest.strip_suffix(".zip"));
    let date = date.with_context(|| name.clone())?;
    ensure!(date.len() == 10 && date.split('-').count() == 3, "{date}");
    let told = std::iter::from_fn(|| events.try_recv().ok()).filter_map(|event| match event {
        Event::Saving(saving) => Some(saving.done_bytes),
        _ => None,
    });
    assert_eq!(told.last(), Some(SIZE_BYTES as u64));

    // What somebody made of the first one stays.
    fs::write(&saved.path, b"mine")?;
    let again = said(facade.export_save(call).await)?;
    assert_eq!(fs::read(&saved.path)?, b"mine");
    ensure!(again.path.ends_with(" (2).zip") && fs::read(&again.path)? == content());
    assert_eq!(names(&stub.downloads())?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_comes_short_leaves_nothing() -> Outcome {
    let (stub, facade) = Stub::start(answer(1, "ready")).await?;
    let fault = facade.export_save(ipc::ExportSave { id: ID.parse()? }).await.unwrap_err();
    assert_eq!(fault.message, "The file came incomplete.");
    assert_eq!(names(&stub.downloads())?, Vec::<String>::new());
    ensure!(facade.saved_export().is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_gone_is_not_asked_for() -> Outcome {
    let (stub, facade) = Stub::start(answer(0, "expired")).await?;
    let fault = facade.export_save(ipc::ExportSave { id: ID.parse()? }).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid);
    assert_eq!(stub.asked(&format!("GET /privacy/exports/{ID}/file")).len(), 0);
    Ok(())
}
