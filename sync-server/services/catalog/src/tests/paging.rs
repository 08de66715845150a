//! Lists: every sort, both orders, filters, and what happens to pages while music is added.

use std::{cell::Cell, collections::HashSet};

use api::catalog::{ArtistSort, Order, ReleaseSort, TrackSort};
use domain::{Track, TrackId};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};

use super::{Catalog, catalogs, id};
use crate::{store::page::List, testing::track};

const ORDERS: [Order; 2] = [Order::Asc, Order::Desc];

/// Music with many equal names, dates and lengths, so that only ids tell some items apart.
async fn fill(catalog: &Catalog, first: u64, n: u64) {
    let tracks = (first..first + n).map(|n| {
        track(["Alpha", "béta", "The Gamma", "!!!", "δέλτα"][n as usize % 5])
            .by(&[["Ann", "Bo", "Çelik"][n as usize % 3]])
            .on(["Red", "Blue"][n as usize % 2])
            .in_folder(&format!("{}", n % 7))
            .number(n as u32 % 4)
            .with(|t| {
                t.duration_ms = 1_000 * (n % 6);
                t.date = (n % 3 != 0).then(|| format!("20{:02}", n % 10));
            })
            .build()
    });
    catalog.put(first, tracks.collect()).await;
}

/// All pages, and what the first one said about the total.
async fn walk(catalog: &Catalog, list: &List, limit: u32) -> (Vec<String>, u64) {
    let (mut all, mut after, mut total) = (Vec::new(), None, None);
    loop {
        let page = list.page(catalog.db.read(), limit, after.as_ref()).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        assert_eq!(*total.get_or_insert(page.total), page.total, "a total holds while paging");
        all.extend(page.items);
        let Some(next) = page.next else { break };
        list.check(&next).unwrap();
        after = Some(next);
    }
    (all, total.unwrap())
}

async fn check(catalog: &Catalog, list: List, wanted: usize) -> Vec<String> {
    let whole = walk(catalog, &list, 200).await.0;
    assert_eq!(whole.len(), wanted, "{list:?}");
    for limit in [1, 7, 13] {
        let (paged, total) = walk(catalog, &list, limit).await;
        assert_eq!(paged, whole, "{list:?} by {limit}");
        assert_eq!(total, wanted as u64, "{list:?}");
    }
    whole
}

#[tokio::test]
async fn every_sort_pages_through_everything_once() {
    for catalog in catalogs().await {
        fill(&catalog, 1, 60).await;
        let n_artists = catalog.artists().await.len();
        let n_releases = catalog.releases().await.len();
        for order in ORDERS {
            for sort in [ArtistSort::Name, ArtistSort::Added] {
                check(&catalog, List::artists(sort, order), n_artists).await;
            }
            for sort in
                [ReleaseSort::Title, ReleaseSort::Artist, ReleaseSort::Date, ReleaseSort::Added]
            {
                check(&catalog, List::releases(sort, order), n_releases).await;
            }
            for sort in [
                TrackSort::Title,
                TrackSort::Artist,
                TrackSort::Release,
                TrackSort::Duration,
                TrackSort::Added,
                TrackSort::Plays,
            ] {
                check(&catalog, List::tracks(sort, order), 60).await;
            }
        }
    }
}

#[tokio::test]
async fn sorts_mean_what_they_say_and_desc_is_asc_backwards() {
    for catalog in catalogs().await {
        fill(&catalog, 1, 40).await;
        let tracks = async |sort, order| -> Vec<Track> {
            let ids = check(&catalog, List::tracks(sort, order), 40).await;
            let ids = ids.iter().map(|id| id.parse().unwrap()).collect::<Vec<TrackId>>();
            catalog.tracks_by_id(&ids).await.unwrap()
        };
        let by_length = tracks(TrackSort::Duration, Order::Asc).await;
        assert!(by_length.is_sorted_by_key(|track| track.duration_ms));
        let mut back = tracks(TrackSort::Duration, Order::Desc).await;
        back.reverse();
        assert_eq!(by_length, back);
        let by_title = tracks(TrackSort::Title, Order::Asc).await;
        let titles = by_title.iter().map(|track| track.title.as_str()).collect::<Vec<_>>();
        let latin =
            titles.iter().filter(|t| t.is_ascii() || **t == "béta").filter(|t| **t != "!!!");
        let mut latin = latin.copied().collect::<Vec<_>>();
        latin.dedup();
        assert_eq!(latin, ["Alpha", "béta", "The Gamma"], "by key, without the article");
        let by_release = tracks(TrackSort::Release, Order::Asc).await;
        assert!(by_release.is_sorted_by(|a, b| {
            a.release.id != b.release.id || a.track_number <= b.track_number
        }));
    }
}

#[tokio::test]
async fn filters_narrow_lists_and_their_totals() {
    for catalog in catalogs().await {
        fill(&catalog, 1, 60).await;
        let named =
            |text: &'static str| List::tracks(TrackSort::Title, Order::Asc).named(Some(text));
        check(&catalog, named("beta"), 12).await;
        check(&catalog, named("BÉT"), 12).await;
        check(&catalog, named("gam the"), 12).await;
        check(&catalog, named("δελ"), 12).await;
        check(&catalog, named("eta"), 0).await;
        check(&catalog, named("beta gamma"), 0).await;
        check(&catalog, named("%"), 60).await;
        check(&catalog, named("' OR 1=1 --"), 0).await;
        let ann = catalog.artist("Ann").await;
        let of_ann = List::tracks(TrackSort::Plays, Order::Desc).by_artist(Some(ann.id));
        check(&catalog, of_ann, 20).await;
        let both = named("alpha").by_artist(Some(ann.id));
        check(&catalog, both, 4).await;
        let release = catalog.releases().await.remove(0);
        let on = List::tracks(TrackSort::Release, Order::Asc).on_release(Some(release.id));
        check(&catalog, on, release.n_tracks as usize).await;
        let releases = List::releases(ReleaseSort::Date, Order::Desc);
        check(&catalog, releases.clone().named(Some("bl")), 7).await;
        let n_of_ann = ann.n_releases as usize;
        check(&catalog, releases.by_artist(Some(ann.id)), n_of_ann).await;
        check(&catalog, List::artists(ArtistSort::Name, Order::Asc).named(Some("cel")), 1).await;
    }
}

#[tokio::test]
async fn a_cursor_fits_its_own_list_only() {
    for catalog in catalogs().await {
        fill(&catalog, 1, 20).await;
        let list = List::tracks(TrackSort::Title, Order::Asc);
        let next = list.page(catalog.db.read(), 5, None).await.unwrap().next.unwrap();
        assert!(list.check(&next).is_ok());
        for other in [
            List::tracks(TrackSort::Title, Order::Desc),
            List::tracks(TrackSort::Plays, Order::Asc),
            List::artists(ArtistSort::Name, Order::Asc),
            list.clone().named(Some("alpha")),
            list.clone().by_artist(Some(catalog.artist("Ann").await.id)),
        ] {
            assert!(other.check(&next).is_err(), "{other:?}");
        }
    }
}

/// Whatever is added while someone pages: what was there at the start is seen exactly once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_hold_while_music_is_added() {
    for catalog in catalogs().await {
        let runtime = tokio::runtime::Handle::current();
        let mut runner = TestRunner::new(Config {
            cases: 12,
            rng_seed: RngSeed::Fixed(7),
            failure_persistence: None,
            ..Config::default()
        });
        let n_put = Cell::new(0);
        let sort = prop::sample::select(vec![
            TrackSort::Title,
            TrackSort::Artist,
            TrackSort::Release,
            TrackSort::Duration,
            TrackSort::Added,
        ]);
        let cases = (sort, any::<bool>(), 1_u32..9, 1_u64..25, 0_u64..5);
        tokio::task::block_in_place(|| {
            runner.run(&cases, |(sort, is_desc, limit, n_before, n_between)| {
                let order = if is_desc { Order::Desc } else { Order::Asc };
                let list = List::tracks(sort, order);
                runtime.block_on(async {
                    fill(&catalog, 1 + n_put.get(), n_before).await;
                    n_put.set(n_put.get() + n_before);
                    let before =
                        (1..=n_put.get()).map(|n| id(n).to_string()).collect::<HashSet<_>>();
                    let (mut seen, mut after) = (Vec::new(), None);
                    loop {
                        let page =
                            list.page(catalog.db.read(), limit, after.as_ref()).await.unwrap();
                        seen.extend(page.items);
                        after = page.next;
                        if after.is_none() {
                            break;
                        }
                        // Bounded: with sorts by age, additions never end the list.
                        if seen.len() < 40 {
                            fill(&catalog, 1 + n_put.get(), n_between).await;
                            n_put.set(n_put.get() + n_between);
                        }
                    }
                    let once = seen.iter().collect::<HashSet<_>>();
                    prop_assert_eq!(once.len(), seen.len(), "something came twice");
                    prop_assert!(before.iter().all(|id| once.contains(id)), "something is missing");
                    Ok(())
                })
            })
        })
        .unwrap();
    }
}
