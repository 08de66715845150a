//! What the catalog does, for its own routes and for other services.

use api::{
    catalog::{ArtistView, Page, ReleaseView},
    plays::{Play, PlayReceipt},
};
use bytes::Bytes;
use domain::{
    AccountId, Artist, ArtistId, Cover, CoverId, Release, ReleaseId, Track, TrackId,
    imported::ImportedTrack,
};
use engine_blobs::Blobs;
use engine_sql::{Db, Reader};
use images::Size;

use crate::{
    clock::Now,
    covers::{Covers, Picture},
    error::Error,
    schema,
    store::{
        changes::{self, Change},
        page::{self, Ids, List, Position},
        plays, put,
        read::{self, Played},
        views, words,
    },
};

/// The catalog.
pub struct Service {
    db: Db,
    covers: Covers,
    /// One transaction of this process writes at a time: the database would let them wait for
    /// each other, or fail one of them to try again.
    writer: tokio::sync::Mutex<()>,
}

/// A page of entities and where the next one starts.
pub(crate) struct Listed<T> {
    pub items: Vec<T>,
    pub next: Option<Position>,
    pub total: u64,
}

impl Service {
    /// Opens the catalog, and brings its tables up to date.
    pub async fn open(db: Db, blobs: Blobs) -> Result<Self, Error> {
        db.migrate(schema::NAMESPACE, &schema::steps()).await?;
        let covers = Covers::new(db.clone(), blobs);
        Ok(Self { db, covers, writer: tokio::sync::Mutex::default() })
    }

    /// Adds or replaces tracks and makes them available, in one transaction. Asked again with the
    /// same tracks it changes nothing.
    pub async fn tracks_put(&self, tracks: Vec<(TrackId, ImportedTrack)>) -> Result<(), Error> {
        let now = Now::read();
        let tracks = &tracks;
        let _turn = self.writer.lock().await;
        self.db.with_tx(|mut tx| async move { put::tracks_put(&mut tx, tracks, now).await }).await
    }

    /// Says whether the files behind tracks are there. Unknown tracks are ignored.
    pub async fn tracks_set_available(
        &self,
        tracks: &[TrackId],
        is_available: bool,
    ) -> Result<(), Error> {
        let _turn = self.writer.lock().await;
        self.db
            .with_tx(|mut tx| async move {
                put::tracks_set_available(&mut tx, tracks, is_available).await
            })
            .await
    }

    /// Takes an account's plays in; the caller has bounded their number.
    pub async fn plays_put(
        &self,
        account: AccountId,
        reported: &[Play],
    ) -> Result<PlayReceipt, Error> {
        if reported.is_empty() {
            return Ok(PlayReceipt { n_accepted: 0, n_ignored: 0 });
        }
        let now = Now::read();
        let _turn = self.writer.lock().await;
        self.db
            .with_tx(
                |mut tx| async move { plays::plays_put(&mut tx, account, reported, now).await },
            )
            .await
    }

    /// Keeps a cover; `None` where the bytes are no image that can be shown.
    pub async fn cover_put(&self, original: Bytes) -> Result<Option<Cover>, Error> {
        self.covers.put(original).await
    }

    /// A cover in a size; `None` where there is no such cover.
    pub async fn cover(&self, id: &CoverId, size: Size) -> Result<Option<Picture>, Error> {
        self.covers.get(id, size).await
    }

    /// Changes with a sequence above `seq`, ascending. Each entity stands there once, with its
    /// last change; from 0 they are everything there is or was.
    pub async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, Error> {
        changes::changes_after(self.db.read(), seq, limit).await
    }

    /// Sequence of the latest change; 0 where there never was one.
    pub async fn change_latest(&self) -> Result<i64, Error> {
        changes::latest(self.db.read()).await
    }

    /// Tracks in the order of the ids; unknown ones are left out. So are the next four.
    pub async fn tracks_by_id(&self, ids: &[TrackId]) -> Result<Vec<Track>, Error> {
        read::tracks_by_id(&mut *self.reader().await?, ids).await
    }

    pub async fn artists_by_id(&self, ids: &[ArtistId]) -> Result<Vec<Artist>, Error> {
        Ok(items(self.played_artists(ids).await?))
    }

    pub async fn releases_by_id(&self, ids: &[ReleaseId]) -> Result<Vec<Release>, Error> {
        Ok(items(self.played_releases(ids).await?))
    }

    pub async fn played_artists(&self, ids: &[ArtistId]) -> Result<Vec<Played<Artist>>, Error> {
        read::artists_by_id(&mut *self.reader().await?, ids).await
    }

    pub async fn played_releases(&self, ids: &[ReleaseId]) -> Result<Vec<Played<Release>>, Error> {
        read::releases_by_id(&mut *self.reader().await?, ids).await
    }

    /// Ids in ascending order, from behind `after` on; so are the next two.
    pub async fn track_ids_page(
        &self,
        after: Option<TrackId>,
        limit: u32,
    ) -> Result<Vec<TrackId>, Error> {
        self.ids_page(words::Of::Tracks, after.map(|id| id.to_string()), limit).await
    }

    pub async fn artist_ids_page(
        &self,
        after: Option<ArtistId>,
        limit: u32,
    ) -> Result<Vec<ArtistId>, Error> {
        self.ids_page(words::Of::Artists, after.map(|id| id.to_string()), limit).await
    }

    pub async fn release_ids_page(
        &self,
        after: Option<ReleaseId>,
        limit: u32,
    ) -> Result<Vec<ReleaseId>, Error> {
        self.ids_page(words::Of::Releases, after.map(|id| id.to_string()), limit).await
    }

    async fn ids_page<T: std::str::FromStr<Err = domain::ids::IdError>>(
        &self,
        of: words::Of,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<T>, Error> {
        parse(&page::ids_after(self.db.read(), of, after, limit).await?)
    }

    pub(crate) async fn artist_list(
        &self,
        list: &List,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<Listed<Artist>, Error> {
        let Ids { items: ids, next, total } = list.page(self.db.read(), limit, after).await?;
        Ok(Listed { items: self.artists_by_id(&parse(&ids)?).await?, next, total })
    }

    pub(crate) async fn release_list(
        &self,
        list: &List,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<Listed<Release>, Error> {
        let Ids { items: ids, next, total } = list.page(self.db.read(), limit, after).await?;
        Ok(Listed { items: self.releases_by_id(&parse(&ids)?).await?, next, total })
    }

    pub(crate) async fn track_list(
        &self,
        list: &List,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<Listed<Track>, Error> {
        let Ids { items: ids, next, total } = list.page(self.db.read(), limit, after).await?;
        Ok(Listed { items: self.tracks_by_id(&parse(&ids)?).await?, next, total })
    }

    /// What the artist's page shows.
    pub async fn artist_view(&self, id: ArtistId) -> Result<Option<ArtistView>, Error> {
        let Some(artist) = self.artists_by_id(&[id]).await?.pop() else { return Ok(None) };
        let pool = self.db.read();
        Ok(Some(ArtistView {
            artist,
            top_tracks: self.tracks_by_id(&views::top_tracks(pool, id).await?).await?,
            releases: self.releases_by_id(&views::releases(pool, id).await?).await?,
            appears_on: self.releases_by_id(&views::appears_on(pool, id).await?).await?,
        }))
    }

    /// What the release's page shows.
    pub async fn release_view(&self, id: ReleaseId) -> Result<Option<ReleaseView>, Error> {
        let Some(release) = self.releases_by_id(&[id]).await?.pop() else { return Ok(None) };
        let tracks = views::release_tracks(self.db.read(), id).await?;
        Ok(Some(ReleaseView { release, tracks: self.tracks_by_id(&tracks).await? }))
    }

    async fn reader(&self) -> Result<Reader, Error> {
        Ok(self.db.read().acquire().await?)
    }
}

impl<T> Listed<T> {
    /// As the contract has it.
    pub fn into_page(self) -> Result<Page<T>, web::ApiError> {
        let next_cursor = self.next.as_ref().map(web::cursor::encode).transpose()?;
        Ok(Page { items: self.items, next_cursor, total: self.total })
    }
}

fn items<T>(played: Vec<Played<T>>) -> Vec<T> {
    played.into_iter().map(|played| played.item).collect()
}

fn parse<T: std::str::FromStr<Err = domain::ids::IdError>>(
    ids: &[String],
) -> Result<Vec<T>, Error> {
    Ok(ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?)
}
