//! Batches beyond what one statement takes.

use std::collections::HashSet;

use super::catalogs;
use crate::testing::track;

#[tokio::test]
async fn a_batch_of_any_size_is_one_transaction() {
    for catalog in catalogs().await {
        let tracks = (0..3_000_u32).map(|n| {
            track(&format!("Track {n} of many words in a title"))
                .by(&[&format!("Artist {}", n / 20), "Everyone"])
                .on(&format!("Release {}", n / 10))
                .number(n % 10 + 1)
                .build()
        });
        let tracks = tracks.collect::<Vec<_>>();
        catalog.put(1, tracks.clone()).await;
        assert_eq!(catalog.releases().await.len(), 300);
        assert_eq!(catalog.artists().await.len(), 151);
        let ids = catalog.tracks().await.into_iter().map(|track| track.id);
        assert_eq!(ids.collect::<HashSet<_>>().len(), 3_000);
        // All of them change at once.
        let changed = tracks.into_iter().map(|mut track| {
            track.date = Some("2020".into());
            track
        });
        catalog.put(1, changed.collect()).await;
        assert!(catalog.releases().await.iter().all(|r| r.date.as_deref() == Some("2020")));
        assert_eq!(catalog.releases().await.len(), 300);
    }
}
