//! Covers, from this device or from the server.

use std::sync::Arc;

use domain::CoverId;
use ipc::Fault;
use local_store::{Store, StoredCover};
use reqwest::{Response, header};
use tokio::sync::Semaphore;

use crate::{
    CoverImage, CoverSize,
    clock::{blocking, now_us},
    fault,
    server::{Request, Server},
};

/// Covers fetched at a time: a wall of them must not hold up the music.
const FETCHES_MAX: usize = 6;

pub(crate) struct Covers {
    server: Arc<Server>,
    store: Store,
    fetches: Semaphore,
}

impl Covers {
    pub fn new(server: Arc<Server>, store: Store) -> Self {
        Self { server, store, fetches: Semaphore::new(FETCHES_MAX) }
    }

    /// A cover never changes: its id is the hash of the image.
    pub async fn get(&self, id: CoverId, size: CoverSize) -> Result<CoverImage, Fault> {
        let (store, wanted) = (self.store.clone(), id.clone());
        let kept = blocking(move || store.cover(&wanted, size.as_str(), now_us())).await;
        match kept {
            Ok(Some(cover)) => return Ok(shown(cover)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a cover was not read"),
        }
        let _fetch = self.fetches.acquire().await.map_err(|_| fault::signed_out())?;
        if !self.server.is_online() {
            return Err(fault::not_found("This cover is not on this device."));
        }
        let path = format!("/covers/{id}");
        let mut request = Request::get(&path);
        request.query.push(("size", size.as_str().to_owned()));
        let answer = self.server.send_open(&request).await?;
        let CoverImage { bytes, content_type } = image(&self.server, answer).await?;
        let cover = StoredCover { bytes, content_type };
        let (store, kept) = (self.store.clone(), cover.clone());
        let saved = blocking(move || store.set_cover(&id, size.as_str(), &kept, now_us())).await;
        if let Err(error) = saved {
            tracing::warn!(%error, "a cover was not saved");
        }
        Ok(shown(cover))
    }
}

/// What is shown in the window is an image or nothing, and no drawing with scripts.
pub(crate) async fn image(server: &Server, answer: Response) -> Result<CoverImage, Fault> {
    let content_type = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .filter(|value| value.starts_with("image/") && !value.contains("svg"))
        .map(str::to_owned)
        .ok_or_else(|| {
            fault::not_found("The server answered with something else than an image.")
        })?;
    Ok(CoverImage { bytes: server.body(answer).await?, content_type })
}

fn shown(cover: StoredCover) -> CoverImage {
    CoverImage { bytes: cover.bytes, content_type: cover.content_type }
}
