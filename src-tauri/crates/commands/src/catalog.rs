//! The catalog, from the server where it answers and from this device where it does not.

use std::sync::Arc;

use api::catalog::{ArtistView, Page as ApiPage, ReleaseView};
use domain::{Artist, Release, ReleaseId, Track, TrackId};
use futures::{StreamExt, stream};
use ipc::{
    ArtistPage, Fault, FaultKind, Hit, ListQuery, Page, ReleasePage, SearchPage, Sort, Span,
    TopKind,
};
use local_store::{Store, StoredPage};
use reqwest::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::{
    clock::{blocking, now_us},
    fault,
    server::{Request, Server},
    tracks::Tracks,
};

mod walk;

pub(crate) use walk::Walk;

/// Releases of an artist that are asked for at a time, when all of them are to be played.
const FETCHES_MAX: usize = 4;

/// Looks into the catalog.
pub(crate) struct Catalog {
    server: Arc<Server>,
    store: Store,
    tracks: Arc<Tracks>,
}

/// Which track a selection begins with.
pub(crate) struct Selected {
    pub ids: Vec<TrackId>,
    pub start: Option<usize>,
}

impl Catalog {
    pub fn new(server: Arc<Server>, store: Store, tracks: Arc<Tracks>) -> Self {
        Self { server, store, tracks }
    }

    pub async fn artist_list(&self, query: ListQuery) -> Result<Page<Artist>, Fault> {
        let sort = if query.sort == Sort::Added { "added" } else { "name" };
        self.list("/artists", sort, query).await
    }

    pub async fn release_list(&self, query: ListQuery) -> Result<Page<Release>, Fault> {
        let sort = match query.sort {
            Sort::Artist => "artist",
            Sort::Date => "date",
            Sort::Added => "added",
            _ => "title",
        };
        self.list("/releases", sort, query).await
    }

    pub async fn track_list(&self, query: ListQuery) -> Result<Page<Track>, Fault> {
        let page = self.list("/tracks", track_sort(query.sort), query).await?;
        self.tracks.seen(&page.items).await;
        Ok(page)
    }

    /// A page of tracks on the way to a long queue: not kept on this device, where it would push
    /// out what was looked at.
    pub async fn tracks_passing(&self, query: ListQuery) -> Result<Page<Track>, Fault> {
        let request = list_request("/tracks", track_sort(query.sort), query.clone());
        match self.server.json::<ApiPage<Track>>(request).await {
            Ok(page) => {
                self.tracks.seen(&page.items).await;
                Ok(Page {
                    items: page.items,
                    next_cursor: page.next_cursor,
                    total: page.total,
                    is_stale: false,
                })
            }
            Err(fault) if fault.kind == FaultKind::Offline => self.track_list(query).await,
            Err(fault) => Err(fault),
        }
    }

    async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        sort: &str,
        query: ListQuery,
    ) -> Result<Page<T>, Fault> {
        let (page, is_stale): (ApiPage<T>, bool) =
            self.cached(list_request(path, sort, query)).await?;
        Ok(Page { items: page.items, next_cursor: page.next_cursor, total: page.total, is_stale })
    }

    pub async fn artist_view(&self, id: domain::ArtistId) -> Result<ArtistPage, Fault> {
        let (view, _): (ArtistView, bool) =
            self.cached(Request::get(&format!("/artists/{id}"))).await?;
        self.tracks.seen(&view.top_tracks).await;
        Ok(ArtistPage {
            artist: view.artist,
            top_tracks: view.top_tracks,
            releases: view.releases,
            appears_on: view.appears_on,
        })
    }

    pub async fn release_view(&self, id: ReleaseId) -> Result<ReleasePage, Fault> {
        let (view, _): (ReleaseView, bool) =
            self.cached(Request::get(&format!("/releases/{id}"))).await?;
        self.tracks.seen(&view.tracks).await;
        Ok(ReleasePage { release: view.release, tracks: view.tracks })
    }

    pub async fn search(&self, query: String, limit: u32) -> Result<SearchPage, Fault> {
        if query.trim().is_empty() {
            let (tracks, artists, releases) = Default::default();
            return Ok(SearchPage { query, top: None, tracks, artists, releases });
        }
        let mut request = Request::get("/search");
        let words: String = query.chars().take(api::search::QUERY_CHARS_MAX).collect();
        request.query.push(("q", words));
        request.query.push(("limit", limit.clamp(1, 50).to_string()));
        let answer: api::search::SearchAnswer = self.server.json(request).await?;
        self.tracks.seen(answer.tracks.iter().map(|hit| &hit.item)).await;
        Ok(SearchPage {
            query: answer.query,
            top: answer.top.map(|kind| match kind {
                api::search::SearchKind::Track => TopKind::Track,
                api::search::SearchKind::Artist => TopKind::Artist,
                api::search::SearchKind::Release => TopKind::Release,
            }),
            tracks: answer.tracks.into_iter().map(hit).collect(),
            artists: answer.artists.into_iter().map(hit).collect(),
            releases: answer.releases.into_iter().map(hit).collect(),
        })
    }

    /// Which tracks a selection means, without those whose files are known to be missing.
    pub async fn select(
        &self,
        selection: ipc::Selection,
        start: Option<TrackId>,
    ) -> Result<Selected, Fault> {
        let ids = match selection {
            ipc::Selection::Tracks { ids } => {
                if ids.len() > player_core::QUEUE_MAX {
                    return Err(fault::invalid(
                        format!("At most {} tracks can be played at once.", player_core::QUEUE_MAX),
                        "Choose fewer.",
                    ));
                }
                self.tracks.without_missing(ids)?
            }
            ipc::Selection::Release { id } => available(&self.release_view(id).await?.tracks),
            ipc::Selection::Artist { id } => self.artist_tracks(id).await?,
            ipc::Selection::Library { query } => {
                let mut walk = Walk::new(query);
                let mut ids = Vec::new();
                while let Some(more) = walk.next(self).await? {
                    ids.extend(more);
                }
                ids
            }
        };
        let found = start.map(|start| ids.iter().position(|id| *id == start));
        match found {
            Some(None) => Err(fault::not_found("The file of this track is missing on the server.")),
            _ if ids.is_empty() => {
                Err(fault::not_found("There is nothing here that can be played."))
            }
            start => Ok(Selected { ids, start: start.flatten() }),
        }
    }

    async fn artist_tracks(&self, id: domain::ArtistId) -> Result<Vec<TrackId>, Fault> {
        let page = self.artist_view(id).await?;
        let mut ids = available(&page.top_tracks);
        let releases: Vec<Result<ReleasePage, Fault>> = stream::iter(page.releases)
            .map(|release| async move { self.release_view(release.id).await })
            .buffered(FETCHES_MAX)
            .collect()
            .await;
        let mut seen: std::collections::HashSet<TrackId> = ids.iter().copied().collect();
        for release in releases {
            let more = available(&release?.tracks);
            ids.extend(more.into_iter().filter(|id| seen.insert(*id)));
        }
        ids.truncate(player_core::QUEUE_MAX);
        Ok(ids)
    }

    /// Asks the server, by ETag where the answer is here already; while it is silent, the answer
    /// that is here. Says whether it may be out of date.
    async fn cached<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<(T, bool), Fault> {
        let owner = self.server.owner_now()?;
        let key = key(&request);
        let kept = {
            let (store, owner, key) = (self.store.clone(), owner.clone(), key.clone());
            blocking(move || store.page(&owner, &key, now_us())).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a page was not read");
                None
            })
        };
        // One from another version that is not understood counts as none.
        let kept = kept.and_then(|page| Some((serde_json::from_str(&page.json).ok()?, page.etag)));
        if !self.server.is_online()
            && let Some((page, _)) = kept
        {
            return Ok((page, true));
        }
        let etag = kept.as_ref().and_then(|(_, etag)| etag.clone());
        let answer = match self.server.send(&Request { etag: etag.as_deref(), ..request }).await {
            Ok(answer) => answer,
            Err(fault) => {
                let is_away = matches!(fault.kind, FaultKind::Offline | FaultKind::SecretsLocked);
                return kept.filter(|_| is_away).map(|(page, _)| (page, true)).ok_or(fault);
            }
        };
        if answer.status() == StatusCode::NOT_MODIFIED
            && let Some((page, _)) = kept
        {
            return Ok((page, false));
        }
        let etag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let etag = etag.map(str::to_owned);
        let host = answer.url().host_str().unwrap_or_default().to_owned();
        let body = self.server.body(answer).await?;
        let json = String::from_utf8(body).map_err(|_| fault::not_understood(&host))?;
        let page = serde_json::from_str(&json).map_err(|error| {
            tracing::error!(%error, path = key, "an answer was not understood");
            fault::not_understood(&host)
        })?;
        let store = self.store.clone();
        let saved =
            blocking(move || store.set_page(&owner, &key, &StoredPage { etag, json }, now_us()))
                .await;
        if let Err(error) = saved {
            tracing::warn!(%error, "a page was not saved");
        }
        Ok((page, false))
    }
}

fn track_sort(sort: Sort) -> &'static str {
    match sort {
        Sort::Artist => "artist",
        Sort::Release => "release",
        Sort::Added => "added",
        Sort::Duration => "duration",
        Sort::Plays => "plays",
        Sort::Name | Sort::Date => "title",
    }
}

fn list_request<'a>(path: &'a str, sort: &str, query: ListQuery) -> Request<'a> {
    let mut request = Request::get(path);
    request.query.push(("sort", sort.to_owned()));
    if query.is_descending {
        request.query.push(("order", "desc".to_owned()));
    }
    let filter = query.filter.trim();
    if !filter.is_empty() {
        request.query.push(("filter", filter.to_owned()));
    }
    if let Some(cursor) = query.cursor {
        request.query.push(("cursor", cursor));
    }
    let limit = query.limit.clamp(1, api::PAGE_LIMIT_MAX);
    request.query.push(("limit", limit.to_string()));
    request
}

/// Names an answer by what was asked.
fn key(request: &Request<'_>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request.query.iter().map(|(name, value)| (name, value)));
    format!("{}?{}", request.path, query.finish())
}

pub(crate) fn available(tracks: &[Track]) -> Vec<TrackId> {
    tracks.iter().filter(|track| track.is_available).map(|track| track.id).collect()
}

fn hit<T>(hit: api::search::Hit<T>) -> Hit<T> {
    let spans = hit.highlight.into_iter();
    let highlight = spans.map(|span| Span { text: span.text, is_match: span.is_match }).collect();
    Hit { item: hit.item, highlight }
}
