//! Filling an index from the whole catalog, page by page.

use std::sync::Arc;

use engine_search::{Document, Index};
use tokio::sync::{Mutex, mpsc};

use crate::{
    documents,
    peer::{Catalog, PeerError},
    service::{Error, Rebuilt},
};

/// Entities asked for at once.
const PAGE: u32 = 500;
/// Pages that may wait for the index.
const PAGES_WAITING: usize = 2;
/// Documents after which a filling index lets searches see what it has.
const DOCUMENTS_PER_COMMIT: usize = 50_000;

/// Which index is filled.
pub(crate) enum Target {
    /// The living one: it is empty or partly filled.
    Living,
    /// A new one that replaces the living one when it is complete, under the lock.
    Beside { taking_over: Arc<Mutex<()>> },
}

enum Part {
    Documents(Vec<Document>),
    /// All are there; they stand for this place in the order of changes.
    End(i64),
}

/// Fills an index. Changes that happen meanwhile come after the position it then has.
pub(crate) async fn fill(
    index: Arc<Index>,
    catalog: &dyn Catalog,
    target: Target,
) -> Result<Rebuilt, Error> {
    // Asked first: what changes later is seen again by whoever follows from here.
    let position = catalog.change_latest().await?;
    let (parts, taken) = mpsc::channel(PAGES_WAITING);
    let writing = tokio::task::spawn_blocking(move || match target {
        Target::Living => fill_living(&index, taken),
        Target::Beside { taking_over } => fill_beside(&index, taken, &taking_over),
    });
    let rebuilt = send_all(catalog, position, &parts).await;
    drop(parts);
    // An index that cannot be written explains a channel that was closed.
    let written = writing.await.unwrap_or_else(|panic| Err(Error::Panicked(panic)));
    match (written, rebuilt) {
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(rebuilt)) => Ok(rebuilt),
    }
}

fn fill_living(index: &Index, mut parts: mpsc::Receiver<Part>) -> Result<(), Error> {
    let mut n_uncommitted = 0;
    while let Some(part) = parts.blocking_recv() {
        match part {
            Part::Documents(documents) => {
                index.change(&documents, &[])?;
                n_uncommitted += documents.len();
                if n_uncommitted >= DOCUMENTS_PER_COMMIT {
                    index.commit(None)?;
                    n_uncommitted = 0;
                }
            }
            Part::End(position) => {
                index.commit(Some(position))?;
                index.compact()?;
                return Ok(());
            }
        }
    }
    Ok(())
}

fn fill_beside(
    index: &Index,
    mut parts: mpsc::Receiver<Part>,
    taking_over: &Mutex<()>,
) -> Result<(), Error> {
    let mut rebuild = index.rebuild()?;
    while let Some(part) = parts.blocking_recv() {
        match part {
            Part::Documents(documents) => rebuild.put(&documents)?,
            Part::End(position) => {
                rebuild.complete(position)?;
                let _alone = taking_over.blocking_lock();
                return Ok(rebuild.take_over()?);
            }
        }
    }
    Ok(())
}

async fn send_all(
    catalog: &dyn Catalog,
    position: i64,
    parts: &mpsc::Sender<Part>,
) -> Result<Rebuilt, Error> {
    let rebuilt = Rebuilt {
        n_artists: send_artists(catalog, parts).await?,
        n_releases: send_releases(catalog, parts).await?,
        n_tracks: send_tracks(catalog, parts).await?,
    };
    send(parts, Part::End(position)).await?;
    Ok(rebuilt)
}

async fn send_artists(catalog: &dyn Catalog, parts: &mpsc::Sender<Part>) -> Result<u64, Error> {
    let (mut after, mut n_artists) = (None, 0);
    loop {
        let ids = catalog.artist_ids_page(after, PAGE).await?;
        let Some(last) = ids.last() else {
            return Ok(n_artists);
        };
        after = Some(*last);
        let artists = catalog.played_artists(&ids).await?;
        n_artists += artists.len() as u64;
        send(parts, Part::Documents(artists.iter().map(documents::artist).collect())).await?;
    }
}

async fn send_releases(catalog: &dyn Catalog, parts: &mpsc::Sender<Part>) -> Result<u64, Error> {
    let (mut after, mut n_releases) = (None, 0);
    loop {
        let ids = catalog.release_ids_page(after, PAGE).await?;
        let Some(last) = ids.last() else {
            return Ok(n_releases);
        };
        after = Some(*last);
        let releases = catalog.played_releases(&ids).await?;
        n_releases += releases.len() as u64;
        send(parts, Part::Documents(releases.iter().map(documents::release).collect())).await?;
    }
}

async fn send_tracks(catalog: &dyn Catalog, parts: &mpsc::Sender<Part>) -> Result<u64, Error> {
    let (mut after, mut n_tracks) = (None, 0);
    loop {
        let ids = catalog.track_ids_page(after, PAGE).await?;
        let Some(last) = ids.last() else {
            return Ok(n_tracks);
        };
        after = Some(*last);
        let tracks = catalog.tracks_by_id(&ids).await?;
        n_tracks += tracks.len() as u64;
        send(parts, Part::Documents(tracks.iter().map(documents::track).collect())).await?;
    }
}

async fn send(parts: &mpsc::Sender<Part>, part: Part) -> Result<(), Error> {
    let closed = |_| PeerError::new("fill the search index", "its writer has stopped");
    Ok(parts.send(part).await.map_err(closed)?)
}
