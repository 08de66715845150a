//! Plays count once, and reach everything they are shown on.

use api::plays::{Play, PlayReceipt};
use domain::{AccountId, PlayId};

use super::{catalogs, id};
use crate::{Entity, clock::Now, testing::track};

const DAY_US: i64 = 86_400_000_000;

fn play(n: u8, track_n: u64, age_us: i64, listened_ms: u64) -> Play {
    Play {
        id: PlayId::new(1, [n; 10]),
        track_id: id(track_n),
        started_at_us: Now::read().us() - age_us,
        listened_ms,
    }
}

fn account(n: u8) -> AccountId {
    AccountId::new(1, [n; 10])
}

#[tokio::test]
async fn a_play_counts_once_from_thirty_seconds_up_to_thirty_days_late() {
    for catalog in catalogs().await {
        catalog.put(1, vec![track("One").by(&["Ann", "Bo"]).build(), track("Two").build()]).await;
        let seq = catalog.change_latest().await.unwrap();
        let plays = [
            play(1, 1, 0, 30_000),
            play(2, 1, 29 * DAY_US, 600_000),
            play(2, 1, 0, 600_000),
            play(3, 1, 0, 29_999),
            play(4, 1, 31 * DAY_US, 60_000),
            play(5, 1, -2 * DAY_US, 60_000),
            play(6, 77, 0, 60_000),
        ];
        let receipt = catalog.plays_put(account(1), &plays).await.unwrap();
        assert_eq!(receipt, PlayReceipt { n_accepted: 3, n_ignored: 4 });
        let again = catalog.plays_put(account(1), &plays).await.unwrap();
        assert_eq!(again, PlayReceipt { n_accepted: 0, n_ignored: 7 });
        // Ids are the account's own.
        let other = catalog.plays_put(account(2), &plays[..1]).await.unwrap();
        assert_eq!(other, PlayReceipt { n_accepted: 1, n_ignored: 0 });

        let tracks = catalog.tracks().await;
        assert_eq!(tracks.iter().map(|track| track.n_plays).collect::<Vec<_>>(), [3, 0]);
        let artists = tracks[0].artists.iter().map(|artist| artist.id).collect::<Vec<_>>();
        for played in catalog.played_artists(&artists).await.unwrap() {
            assert_eq!(played.n_plays, 3);
        }
        let release = tracks[0].release.id;
        assert_eq!(catalog.played_releases(&[release]).await.unwrap()[0].n_plays, 3);
        let changed = catalog.changes(seq).await;
        let changed = changed.iter().map(|change| change.entity).collect::<Vec<_>>();
        assert_eq!(changed.len(), 4);
        assert!(changed.contains(&Entity::Track(id(1))));
        assert!(changed.contains(&Entity::Release(release)));
        let view = catalog.artist_view(artists[0]).await.unwrap().unwrap();
        assert_eq!(view.top_tracks[0].n_plays, 3);
    }
}

#[tokio::test]
async fn plays_go_with_their_track() {
    for catalog in catalogs().await {
        catalog.put(1, vec![track("One").by(&["Anne"]).on("Bleu").build()]).await;
        catalog.put(2, vec![track("Two").by(&["Anne"]).on("Bleu").build()]).await;
        catalog.plays_put(account(1), &[play(1, 1, 0, 60_000)]).await.unwrap();
        catalog.put(1, vec![track("One").by(&["Ann"]).on("Blue").build()]).await;
        let of = async |name: &str| {
            let id = catalog.artist(name).await.id;
            catalog.played_artists(&[id]).await.unwrap()[0].n_plays
        };
        assert_eq!((of("Ann").await, of("Anne").await), (1, 0));
        assert_eq!(catalog.tracks().await[0].n_plays, 1);
        for release in catalog.releases().await {
            let played = &catalog.played_releases(&[release.id]).await.unwrap()[0];
            assert_eq!(played.n_plays, u64::from(release.title == "Blue"));
        }
    }
}

#[tokio::test]
async fn reports_at_once_count_each_play_once() {
    for catalog in catalogs().await {
        catalog.put(1, vec![track("One").by(&["Ann"]).build()]).await;
        let plays = (0..20).map(|n| play(n, 1, 0, 60_000)).collect::<Vec<_>>();
        let reports = (0..8).map(|_| catalog.plays_put(account(1), &plays));
        let receipts = futures::future::try_join_all(reports).await.unwrap();
        assert_eq!(receipts.iter().map(|receipt| receipt.n_accepted).sum::<u64>(), 20);
        assert_eq!(catalog.tracks().await[0].n_plays, 20);
    }
}
