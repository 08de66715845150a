//! Keeping covers, and drawing their sizes on demand: each once, however many ask at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bytes::Bytes;
use domain::{Cover, CoverId};
use engine_blobs::{BlobId, Blobs};
use engine_sql::Db;
use tokio::sync::Semaphore;

use crate::{
    error::Error,
    store::covers::{self, Original, Rendition},
};
use images::{ImageError, Size};

/// Images in work at a time: each may take hundreds of megabytes for a moment.
const IMAGES_AT_ONCE: usize = 2;

/// Above so many, flights that have landed are cleared away.
const FLIGHTS_KEPT: usize = 256;

/// Bytes to show, and what they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    pub bytes: Bytes,
    pub content_type: String,
}

type Flights = Mutex<HashMap<(CoverId, u32), Weak<tokio::sync::Mutex<()>>>>;

/// All covers. Cloning shares them.
#[derive(Clone)]
pub struct Covers {
    db: Db,
    blobs: Blobs,
    workers: Arc<Semaphore>,
    flights: Arc<Flights>,
}

impl Covers {
    pub fn new(db: Db, blobs: Blobs) -> Self {
        let workers = Arc::new(Semaphore::new(IMAGES_AT_ONCE));
        Self { db, blobs, workers, flights: Arc::default() }
    }

    /// Keeps an image; `None` where it is none that can be shown. An image that is known costs
    /// one look.
    pub async fn put(&self, bytes: Bytes) -> Result<Option<Cover>, Error> {
        if bytes.len() > images::FILE_BYTES_MAX {
            return Ok(None);
        }
        let id = CoverId::from_hash(BlobId::of(&bytes).hash());
        if let Some(known) = covers::original(self.db.read(), &id).await? {
            return Ok(Some(Cover { id, colour: known.colour }));
        }
        let image = bytes.clone();
        let looked_at = self.work(move || images::decode(&image).map(|d| look_at(&d))).await?;
        let mut original = match looked_at {
            Ok(original) => original,
            Err(reason) => {
                tracing::debug!(cover.id = %id, reason = &reason as &dyn std::error::Error, "no cover");
                return Ok(None);
            }
        };
        original.size_bytes = bytes.len() as u64;
        self.blobs
            .put(bytes)
            .await
            .map_err(|source| Error::CoverKeep { id: id.clone(), source })?;
        let (id_ref, original_ref) = (&id, &original);
        self.db
            .with_tx(
                |mut tx| async move { covers::original_put(&mut tx, id_ref, original_ref).await },
            )
            .await?;
        Ok(Some(Cover { id, colour: original.colour }))
    }

    /// A cover in a size; `None` where there is no such cover.
    pub async fn get(&self, id: &CoverId, size: Size) -> Result<Option<Picture>, Error> {
        let Size::Fit(side_px) = size else { return self.original(id).await };
        if let Some(picture) = self.drawn(id, side_px).await? {
            return Ok(Some(picture));
        }
        // Drawing goes on when its first reader leaves: the next one wants it as well.
        let (covers, id) = (self.clone(), id.clone());
        let drawing = tokio::spawn(async move { covers.draw_once(id, side_px).await });
        drawing.await.map_err(Error::ImageWork)?
    }

    async fn draw_once(&self, id: CoverId, side_px: u32) -> Result<Option<Picture>, Error> {
        let flight = self.flight(&id, side_px);
        let _landed = flight.lock().await;
        if let Some(picture) = self.drawn(&id, side_px).await? {
            return Ok(Some(picture));
        }
        let Some(original) = self.original(&id).await? else { return Ok(None) };
        let draw = move || {
            let decoded = images::decode(&original.bytes)?;
            images::draw(&decoded.picture, side_px)
        };
        let drawn = self.work(draw).await?;
        let (bytes, content_type) =
            drawn.map_err(|source| Error::CoverDraw { id: id.clone(), source })?;
        let bytes = Bytes::from(bytes);
        let blob = self
            .blobs
            .put(bytes.clone())
            .await
            .map_err(|source| Error::CoverKeep { id: id.clone(), source })?;
        let rendition = Rendition { blob, content_type: content_type.to_owned() };
        let (id, rendition_ref) = (&id, &rendition);
        self.db
            .with_tx(|mut tx| async move {
                covers::rendition_put(&mut tx, id, side_px, rendition_ref).await
            })
            .await?;
        Ok(Some(Picture { bytes, content_type: rendition.content_type }))
    }

    async fn original(&self, id: &CoverId) -> Result<Option<Picture>, Error> {
        let Some(original) = covers::original(self.db.read(), id).await? else { return Ok(None) };
        // Both are the hash of the bytes, written alike.
        let Ok(blob) = id.as_str().parse() else { return Ok(None) };
        let read = self.blobs.get(blob).await;
        let bytes = read.map_err(|source| Error::CoverRead { id: id.clone(), source })?;
        Ok(Some(Picture { bytes, content_type: original.content_type }))
    }

    /// The cover in a size it was drawn in before. One that was lost or damaged meanwhile is
    /// drawn again.
    async fn drawn(&self, id: &CoverId, side_px: u32) -> Result<Option<Picture>, Error> {
        let Some(rendition) = covers::rendition(self.db.read(), id, side_px).await? else {
            return Ok(None);
        };
        match self.blobs.get(rendition.blob).await {
            Ok(bytes) => Ok(Some(Picture { bytes, content_type: rendition.content_type })),
            Err(engine_blobs::Error::NotFound(_)) => Ok(None),
            Err(engine_blobs::Error::Damaged(blob)) => {
                tracing::warn!(cover.id = %id, %blob, "a drawn cover is damaged; drawing it again");
                let deleted = self.blobs.delete(blob).await;
                deleted.map_err(|source| Error::CoverRead { id: id.clone(), source })?;
                Ok(None)
            }
            Err(source) => Err(Error::CoverRead { id: id.clone(), source }),
        }
    }

    fn flight(&self, id: &CoverId, side_px: u32) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if flights.len() > FLIGHTS_KEPT {
            flights.retain(|_, flight| flight.strong_count() > 0);
        }
        let key = (id.clone(), side_px);
        if let Some(flight) = flights.get(&key).and_then(Weak::upgrade) {
            return flight;
        }
        let flight = Arc::new(tokio::sync::Mutex::new(()));
        flights.insert(key, Arc::downgrade(&flight));
        flight
    }

    /// Image work on a thread where it may block, few at a time. A decoder that panics on what it
    /// was fed has failed, and nothing else has.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
    ) -> Result<Result<T, ImageError>, Error> {
        let permit = Arc::clone(&self.workers).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let working = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        match working.await {
            Err(panicked) if panicked.is_panic() => Ok(Err(ImageError::Panicked)),
            result => result.map_err(Error::ImageWork),
        }
    }
}

fn look_at(decoded: &images::Decoded) -> Original {
    Original {
        colour: images::ambient(&decoded.picture),
        content_type: decoded.content_type.to_owned(),
        width_px: decoded.picture.width(),
        height_px: decoded.picture.height(),
        size_bytes: 0,
    }
}
