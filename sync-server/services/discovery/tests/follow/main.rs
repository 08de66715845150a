//! The index follows the catalog, whatever happens to either.

#![allow(clippy::unwrap_used, reason = "a test")]

mod shelf;

use std::{path::Path, sync::Arc, time::Duration};

use api::search::{SearchAnswer, SearchKind};
use shelf::Shelf;
use svc_discovery::Service;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A service that follows a shelf.
struct Running {
    service: Arc<Service>,
    shelf: Arc<Shelf>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(dir: &Path, shelf: &Arc<Shelf>) -> Self {
        let catalog: Arc<dyn svc_discovery::peer::Catalog> = Arc::clone(shelf) as _;
        let service = Service::open(dir, catalog).await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(&service).run(stop.clone()));
        Self { service, shelf: Arc::clone(shelf), stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    async fn search(&self, query: &str) -> SearchAnswer {
        self.service.search(query, 50).await.unwrap()
    }

    /// Waits until a query finds just these tracks, in any order.
    async fn finds(&self, query: &str, titles: &[&str]) {
        let mut wanted = titles.to_vec();
        wanted.sort_unstable();
        let mut got = Vec::new();
        for _ in 0..400 {
            got = self.search(query).await.tracks.into_iter().map(|hit| hit.item.title).collect();
            got.sort_unstable();
            if got == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{query:?} finds {got:?}, not {wanted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_changes_and_removals_are_followed() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &Arc::default()).await;
    let shelf = &running.shelf;
    let one = shelf.add("Björk", "Homogenic", "Jóga");
    let two = shelf.add("Björk", "Homogenic", "Hunter");
    running.finds("bjork", &["Jóga", "Hunter"]).await;
    shelf.retitle(one, "Bachelorette");
    shelf.remove(two);
    running.service.wake();
    running.finds("bjork", &["Bachelorette"]).await;
    running.finds("joga", &[]).await;

    let answer = running.search("  BJÖRK  bach ").await;
    assert_eq!(answer.query, "BJÖRK bach");
    assert_eq!(answer.top, Some(SearchKind::Track));
    let spans = &answer.tracks[0].highlight;
    assert_eq!((spans[0].text.as_str(), spans[0].is_match), ("Bach", true));
    assert_eq!((spans[1].text.as_str(), spans[1].is_match), ("elorette", false));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_index_is_filled_from_a_catalog_that_forgot_its_changes() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Arc::new(Shelf::default());
    for idx in 0..1_203 {
        shelf.add(
            &format!("Artist{}", idx % 7),
            &format!("Release{}", idx % 70),
            &format!("n{idx}"),
        );
    }
    shelf.forget_changes();
    let running = Running::start(dir.path(), &shelf).await;
    running.finds("n1202", &["n1202"]).await;
    running.finds("n0", &["n0"]).await;
    assert_eq!(running.search("artist").await.artists.len(), 7);
    running.stop().await;

    // Opened again, it goes on from where it was.
    shelf.add("Late", "Later", "Latest");
    let running = Running::start(dir.path(), &shelf).await;
    assert_eq!(running.search("n1202").await.tracks.len(), 1);
    running.finds("latest", &["Latest"]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_fails_is_followed_again() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &Arc::default()).await;
    running.shelf.add("One", "One", "Before");
    running.finds("before", &["Before"]).await;
    running.shelf.set_broken(true);
    running.shelf.add("Two", "Two", "Meanwhile");
    running.service.wake();
    assert!(running.service.search("before", 5).await.is_err());
    assert!(running.service.rebuild().await.is_err());
    tokio::time::sleep(Duration::from_millis(50)).await;
    running.shelf.set_broken(false);
    running.finds("before", &["Before"]).await;
    running.finds("meanwhile", &["Meanwhile"]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_misses_nothing_that_happens_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &Arc::default()).await;
    let shelf = &running.shelf;
    let kept: Vec<String> = (0..40).map(|idx| format!("kept{idx:02}")).collect();
    let ids: Vec<_> = kept.iter().map(|title| shelf.add("Some", "Thing", title)).collect();
    running.finds("kept07", &["kept07"]).await;
    let (rebuilt, ()) = tokio::join!(running.service.rebuild(), async {
        for (idx, id) in ids.iter().enumerate() {
            match idx % 4 {
                0 => shelf.remove(*id),
                1 => shelf.retitle(*id, &format!("moved{idx:02}")),
                _ => drop(shelf.add("Some", "Thing", &format!("fresh{idx:02}"))),
            }
            running.service.wake();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(rebuilt.unwrap().n_tracks >= 30);
    for idx in 0..40 {
        let titles = [format!("kept{idx:02}"), format!("moved{idx:02}"), format!("fresh{idx:02}")];
        let expected = match idx % 4 {
            0 => [false, false, false],
            1 => [false, true, false],
            _ => [true, false, true],
        };
        for (title, is_there) in titles.iter().zip(expected) {
            let found: &[&str] = if is_there { &[title] } else { &[] };
            running.finds(&format!("{title} "), found).await;
        }
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_from_the_catalog_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &Arc::default()).await;
    let gone = running.shelf.add("Some", "Thing", "Gone");
    running.finds("gone", &["Gone"]).await;
    running.shelf.remove_silently(gone);
    let answer = running.search("gone").await;
    assert!(answer.tracks.is_empty());
    assert_eq!(answer.top, None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &Arc::default()).await;
    running.shelf.add("Some", "Thing", "Long");
    running.finds("long", &["Long"]).await;
    let endless = "long ".repeat(5_000);
    assert_eq!(running.search(&endless).await.query.len(), 199);
    for text in ["", " ", "\0", "\u{301}", "%", "'; DROP TABLE track; --", "\u{10ffff}", "(", "*"] {
        running.search(text).await;
    }
    assert_eq!(running.search("   ").await.query, "");
    running.stop().await;
}
