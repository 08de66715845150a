//! The catalog as other services and its readers see it, on every database there is.

mod covers;
mod grouping;
mod http;
mod paging;
mod plays;
mod volume;

use std::collections::BTreeMap;

use domain::{Artist, Release, Track, TrackId, imported::ImportedTrack};
use engine_blobs::Blobs;
use engine_sql::testing::TestDb;

use crate::{Change, Entity, Service};

/// A catalog of its own. The database and the folder of blobs go when it is dropped.
struct Catalog {
    service: Service,
    db: TestDb,
    folder: tempfile::TempDir,
}

impl std::ops::Deref for Catalog {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

/// An empty catalog on each kind of database.
async fn catalogs() -> Vec<Catalog> {
    let mut catalogs = Vec::new();
    for db in engine_sql::testing::databases().await {
        catalogs.push(catalog_on(db).await);
    }
    catalogs
}

async fn catalog_on(db: TestDb) -> Catalog {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::in_folder(folder.path()).unwrap();
    let service = Service::open((*db).clone(), blobs).await.unwrap();
    Catalog { service, db, folder }
}

/// Track number `n` of a test.
fn id(n: u64) -> TrackId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    TrackId::new(1_000_000 + n, random)
}

impl Catalog {
    /// Puts tracks numbered from `first` on.
    async fn put(&self, first: u64, tracks: Vec<ImportedTrack>) {
        let tracks = (first..).map(id).zip(tracks).collect();
        self.service.tracks_put(tracks).await.unwrap();
        self.check().await;
    }

    async fn tracks(&self) -> Vec<Track> {
        let ids = self.track_ids_page(None, 10_000).await.unwrap();
        self.tracks_by_id(&ids).await.unwrap()
    }

    /// By title.
    async fn releases(&self) -> Vec<Release> {
        let ids = self.release_ids_page(None, 10_000).await.unwrap();
        let mut releases = self.releases_by_id(&ids).await.unwrap();
        releases.sort_by(|a, b| (&a.title, a.id).cmp(&(&b.title, b.id)));
        releases
    }

    /// By name.
    async fn artists(&self) -> Vec<Artist> {
        let ids = self.artist_ids_page(None, 10_000).await.unwrap();
        let mut artists = self.artists_by_id(&ids).await.unwrap();
        artists.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        artists
    }

    async fn artist(&self, name: &str) -> Artist {
        let artists = self.artists().await;
        artists.into_iter().find(|artist| artist.name == name).unwrap_or_else(|| panic!("{name}"))
    }

    /// `title by artists (n tracks)` of each release.
    async fn shelf(&self) -> Vec<String> {
        let line = |release: &Release| {
            let by = domain::music::credit(&release.artists);
            format!("{} by {by} ({})", release.title, release.n_tracks)
        };
        self.releases().await.iter().map(line).collect()
    }

    async fn names(&self) -> Vec<String> {
        self.artists().await.into_iter().map(|artist| artist.name).collect()
    }

    async fn changes(&self, after: i64) -> Vec<Change> {
        self.changes_after(after, 10_000).await.unwrap()
    }

    /// What is kept beside the rows says the same as the rows.
    async fn check(&self) {
        let tracks = self.tracks().await;
        let releases = self.releases().await;
        let (mut on, mut by) = (BTreeMap::new(), BTreeMap::new());
        for track in &tracks {
            assert!(!track.artists.is_empty(), "{track:?}");
            *on.entry(track.release.id).or_insert(0) += 1;
            for artist in &track.artists {
                by.entry(artist.id).or_insert((0, 0)).0 += 1;
            }
        }
        for release in &releases {
            assert_eq!(on.remove(&release.id), Some(release.n_tracks), "{release:?}");
            assert!(!release.artists.is_empty(), "{release:?}");
            for artist in &release.artists {
                by.entry(artist.id).or_insert((0, 0)).1 += 1;
            }
        }
        assert!(on.is_empty(), "tracks on releases that are not there: {on:?}");
        let artists = self.artists().await;
        for artist in &artists {
            let counts = (artist.n_tracks, artist.n_releases);
            assert_eq!(by.remove(&artist.id), Some(counts), "{artist:?}");
        }
        assert!(by.is_empty(), "credits of artists that are not there: {by:?}");
        let n_alive = tracks.len() + releases.len() + artists.len();
        let mut alive = 0;
        let mut last_seq = 0;
        for change in self.changes(0).await {
            assert!(change.seq > last_seq, "{change:?}");
            last_seq = change.seq;
            alive += usize::from(match change.entity {
                Entity::Track(id) => tracks.iter().any(|track| track.id == id),
                Entity::Release(id) => releases.iter().any(|release| release.id == id),
                Entity::Artist(id) => artists.iter().any(|artist| artist.id == id),
            });
        }
        assert_eq!(alive, n_alive, "everything there is stands in the outbox, once");
        assert_eq!(self.change_latest().await.unwrap(), last_seq);
    }
}
