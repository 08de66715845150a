//! The routes, through the router.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use api::{
    catalog::{Page, ReleaseView},
    plays::PlayReceipt,
};
use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use domain::{AccountId, Artist, DeviceId, Release, SessionId, Track, plan::Tier};
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;
use web::auth::{Claims, Keys};

use super::{Catalog, catalog_on, id};
use crate::{
    peer::{PeerError, Restrictions},
    testing::track,
};

/// Whether whoever is signed in has their data kept and not used.
#[derive(Default)]
struct Restricted(AtomicBool);

#[async_trait]
impl Restrictions for Restricted {
    async fn is_restricted(&self, _: AccountId) -> Result<bool, PeerError> {
        Ok(self.0.load(Ordering::Relaxed))
    }
}

/// A catalog behind its routes, and someone signed in.
struct Site {
    router: Router,
    token: String,
    restricted: Arc<Restricted>,
}

impl Site {
    async fn open(fill: impl AsyncFnOnce(&Catalog)) -> (Self, tempfile::TempDir) {
        let catalog = catalog_on(engine_sql::testing::sqlite().await).await;
        fill(&catalog).await;
        let Catalog { service, db, folder } = catalog;
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let now_s = crate::clock::Now::read().ms() / 1_000;
        let claims = Claims {
            account: AccountId::new(1, [1; 10]),
            session: SessionId::new(1, [1; 10]),
            device: DeviceId::new(1, [3; 10]),
            tier: Tier::Free,
            roles: Vec::new(),
            roles_version: 0,
            authenticated_at_s: 0,
            expires_at_s: now_s + 600,
        };
        let token = keys.sign(&claims, now_s).unwrap();
        let restricted = Arc::new(Restricted::default());
        let routes = crate::routes(Arc::new(service), restricted.clone());
        let (router, _) = routes.split_for_parts();
        // The database lives as long as the router.
        let router = router.layer(Extension(keys)).layer(Extension(Arc::new(db)));
        (Self { router, token, restricted }, folder)
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    fn get(&self, path: &str) -> axum::http::request::Builder {
        Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> T {
        let response = self.send(self.get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        body(response).await
    }

    async fn status(&self, path: &str) -> u16 {
        self.send(self.get(path).body(Body::empty()).unwrap()).await.status().as_u16()
    }

    /// Reports `n` plays of the first track, the same ones each time.
    async fn report(&self, n: u32) -> Response<Body> {
        let (track, now_us) = (id(1), crate::clock::Now::read().us());
        let play = |n: u32| {
            format!(
                r#"{{"id":"00000000-0000-7000-8000-{n:012}","track_id":"{track}","started_at_us":{now_us},"listened_ms":40000}}"#
            )
        };
        let plays = (0..n).map(play).collect::<Vec<_>>().join(",");
        let request = Request::post("/api/v1/plays")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(format!(r#"{{"plays":[{plays}]}}"#)))
            .unwrap();
        self.send(request).await
    }

    /// What came of it: accepted and ignored.
    async fn reported(&self, n: u32) -> (u64, u64) {
        let receipt: PlayReceipt = body(self.report(n).await).await;
        (receipt.n_accepted, receipt.n_ignored)
    }
}

async fn body<T: DeserializeOwned>(response: Response<Body>) -> T {
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 24).await.unwrap()).unwrap()
}

async fn music(catalog: &Catalog) {
    let tracks = (1..=9_u32).map(|n| {
        track(&format!("Track {n}")).by(&["Ann"]).on("Blue").number(n).album_by(&["Ann"]).build()
    });
    catalog.put(1, tracks.collect()).await;
}

#[tokio::test]
async fn lists_page_by_cursor_and_answer_304() {
    let (site, _folder) = Site::open(music).await;
    let first: Page<Track> = site.json("/api/v1/tracks?sort=release&limit=4").await;
    assert_eq!((first.items.len(), first.total), (4, 9));
    let cursor = first.next_cursor.unwrap();
    let next = format!("/api/v1/tracks?sort=release&limit=5&cursor={cursor}");
    let second: Page<Track> = site.json(&next).await;
    assert_eq!((second.items.len(), second.next_cursor), (5, None));
    assert_eq!(second.items[0].title, "Track 5");

    let artists: Page<Artist> = site.json("/api/v1/artists").await;
    let ann = artists.items[0].id;
    let releases: Page<Release> = site.json(&format!("/api/v1/releases?artist_id={ann}")).await;
    let path = format!("/api/v1/releases/{}", releases.items[0].id);
    let view: ReleaseView = site.json(&path).await;
    assert_eq!(view.tracks.len(), 9);

    let response = site.send(site.get(&path).body(Body::empty()).unwrap()).await;
    let tag = response.headers()[header::ETAG].clone();
    let again = site.get(&path).header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap();
    assert_eq!(site.send(again).await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn bad_input_is_the_callers_mistake() {
    let (site, _folder) = Site::open(music).await;
    let unknown = "00000000-0000-7000-8000-000000000000";
    for (path, status) in [
        ("/api/v1/tracks?limit=0", 400),
        ("/api/v1/tracks?limit=201", 400),
        ("/api/v1/tracks?limit=-1", 400),
        ("/api/v1/tracks?sort=nonsense", 400),
        ("/api/v1/tracks?order=up", 400),
        ("/api/v1/tracks?cursor=bm9uc2Vuc2U", 400),
        ("/api/v1/tracks?artist_id=%27%3B--", 400),
        ("/api/v1/tracks?nonsense=1", 400),
        ("/api/v1/tracks?filter=%ff", 400),
        ("/api/v1/tracks/..%2f..%2fetc%2fpasswd", 400),
        ("/api/v1/releases/1", 400),
        ("/api/v1/artists/x", 400),
        ("/api/v1/covers/x", 400),
        (&format!("/api/v1/tracks?filter={}", "x".repeat(201)), 400),
        (&format!("/api/v1/tracks/{unknown}"), 404),
        (&format!("/api/v1/releases/{unknown}"), 404),
        (&format!("/api/v1/artists/{unknown}"), 404),
        (&format!("/api/v1/covers/{}", "0".repeat(64)), 404),
        (&format!("/api/v1/covers/{}?size=65", "0".repeat(64)), 400),
        ("/api/v1/tracks?filter=%25%27", 200),
    ] {
        assert_eq!(site.status(path).await, status, "{path}");
    }
    let title: Page<Track> = site.json("/api/v1/tracks?limit=2").await;
    let cursor = title.next_cursor.unwrap();
    let other = format!("/api/v1/tracks?sort=plays&cursor={cursor}");
    assert_eq!(site.status(&other).await, 400);
}

#[tokio::test]
async fn nobody_reads_without_signing_in_but_covers() {
    let (site, _folder) = Site::open(music).await;
    for path in ["/api/v1/tracks", "/api/v1/artists", "/api/v1/releases"] {
        let response = site.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let path = format!("/api/v1/covers/{}", "0".repeat(64));
    let response = site.send(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn plays_are_reported_in_bounded_batches() {
    let (site, _folder) = Site::open(music).await;
    assert_eq!(site.report(501).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(site.reported(500).await, (500, 0));
    assert_eq!(site.reported(0).await, (0, 0));
    let track: Track = site.json(&format!("/api/v1/tracks/{}", id(1))).await;
    assert_eq!(track.n_plays, 500);
}

/// What was played meanwhile is neither kept nor counted, and the player hears nothing bad of it.
#[tokio::test]
async fn plays_of_someone_who_restricted_them_leave_no_trace() {
    let (site, _folder) = Site::open(music).await;
    let n_plays = async || site.json::<Track>(&format!("/api/v1/tracks/{}", id(1))).await.n_plays;
    site.restricted.0.store(true, Ordering::Relaxed);
    assert_eq!(site.report(501).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(site.reported(3).await, (0, 3));
    assert_eq!(n_plays().await, 0);
    site.restricted.0.store(false, Ordering::Relaxed);
    // Had any been kept, it would be known already.
    assert_eq!(site.reported(3).await, (3, 0));
    assert_eq!(n_plays().await, 3);
}
