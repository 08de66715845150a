//! Which artists and releases come out of tags.

use domain::{BlockHistogram, Loudness, ReleaseKind};

use super::{catalogs, id};
use crate::{
    Entity,
    testing::{cover, track},
};

#[tokio::test]
async fn an_album_with_guests_is_one_release() {
    for catalog in catalogs().await {
        catalog
            .put(
                1,
                vec![
                    track("One").by(&["Ann"]).on("Blue").album_by(&["Ann"]).number(1).build(),
                    track("Two").by(&["Ann", "Bo"]).on("Blue").album_by(&["Ann"]).number(2).build(),
                    track("Three").by(&["ANN"]).on("blue").album_by(&["Ann"]).number(3).build(),
                ],
            )
            .await;
        assert_eq!(catalog.shelf().await, ["Blue by Ann (3)"]);
        assert_eq!(catalog.names().await, ["Ann", "Bo"]);
        let bo = catalog.artist("Bo").await;
        assert_eq!((bo.n_tracks, bo.n_releases), (1, 0));
        let view = catalog.artist_view(bo.id).await.unwrap().unwrap();
        assert!(view.releases.is_empty());
        assert_eq!(view.appears_on[0].title, "Blue");
        assert_eq!(view.top_tracks[0].title, "Two");
    }
}

#[tokio::test]
async fn compilations_are_by_various_artists() {
    for catalog in catalogs().await {
        let flagged = |title: &str, by: &str| {
            track(title).by(&[by]).on("Hits").with(|t| t.is_compilation = true).build()
        };
        let tagged = |title: &str, by: &str| {
            track(title).by(&[by]).on("More Hits").album_by(&["various artists"]).build()
        };
        let bare = |title: &str, by: &str| track(title).by(&[by]).on("Mixed").build();
        catalog
            .put(
                1,
                vec![
                    flagged("One", "Ann"),
                    flagged("Two", "Bo"),
                    tagged("Three", "Ann"),
                    tagged("Four", "Bo"),
                    bare("Five", "Ann"),
                    bare("Six", "Bo"),
                ],
            )
            .await;
        let wanted = ["Hits", "Mixed", "More Hits"].map(|t| format!("{t} by Various Artists (2)"));
        assert_eq!(catalog.shelf().await, wanted);
        let kinds = catalog.releases().await.into_iter().map(|release| release.kind);
        assert!(kinds.into_iter().all(|kind| kind == ReleaseKind::Compilation));
        assert_eq!(catalog.names().await, ["Ann", "Bo", "Various Artists"]);
    }
}

#[tokio::test]
async fn untagged_music_has_a_place_too() {
    for catalog in catalogs().await {
        catalog.put(1, vec![track("Track 01").build(), track("Track 02").build()]).await;
        let wanted = ["Track 01 by Unknown Artist (1)", "Track 02 by Unknown Artist (1)"];
        assert_eq!(catalog.shelf().await, wanted);
        assert_eq!(catalog.releases().await[0].kind, ReleaseKind::Single);
    }
}

#[tokio::test]
async fn tracks_without_album_artist_join_the_album_of_their_folder() {
    for catalog in catalogs().await {
        let bonus = |title: &str, by: &str| track(title).by(&[by]).on("Blue").build();
        let album = |title: &str| track(title).by(&["Ann"]).on("Blue").album_by(&["Ann"]).build();
        // Together, after it, and before it.
        catalog.put(1, vec![bonus("Bonus", "Ann"), album("One")]).await;
        catalog.put(3, vec![bonus("Guest", "Bo")]).await;
        assert_eq!(catalog.shelf().await, ["Blue by Ann (3)"]);
        let early = track("Early").by(&["Bo"]).on("Red").build();
        catalog.put(4, vec![early]).await;
        assert_eq!(catalog.shelf().await[1], "Red by Bo (1)");
        let red = track("Late").by(&["Cy"]).on("Red").album_by(&["Cy"]).build();
        catalog.put(5, vec![red]).await;
        assert_eq!(catalog.shelf().await, ["Blue by Ann (3)", "Red by Cy (2)"]);
    }
}

#[tokio::test]
async fn albums_of_one_title_stay_apart() {
    for catalog in catalogs().await {
        let hits = |by: &str, folder: &str| {
            track("One").by(&[by]).on("Greatest Hits").album_by(&[by]).in_folder(folder).build()
        };
        catalog.put(1, vec![hits("Ann", "x"), hits("Bo", "x"), hits("Ann", "y")]).await;
        assert_eq!(catalog.releases().await.len(), 3);
    }
}

/// A MusicBrainz release id once made one release of two copies in two folders, and split an
/// album of which only some tracks had it.
#[tokio::test]
async fn musicbrainz_release_ids_part_and_join_within_a_folder() {
    for catalog in catalogs().await {
        let on = |title: &str, folder: &str, id: Option<&str>| {
            let draft = track(title).by(&["Ann"]).on("Blue").album_by(&["Ann"]).in_folder(folder);
            draft.with(|t| t.musicbrainz_release_id = id.map(str::to_owned)).build()
        };
        let bare = |title: &str, folder: &str| {
            track(title).by(&["Bo"]).on("Blue").in_folder(folder).build()
        };
        // Two copies, one in each folder.
        catalog.put(1, vec![on("One", "x", Some("f00")), on("One", "y", Some("F00"))]).await;
        assert_eq!(catalog.shelf().await, ["Blue by Ann (1)", "Blue by Ann (1)"]);
        // Tracks without the id join, whether they come after it or before, tagged well or badly.
        catalog.put(3, vec![on("Two", "x", None), bare("Three", "x")]).await;
        catalog.put(5, vec![bare("Four", "z"), on("Five", "z", None)]).await;
        catalog.put(7, vec![on("Six", "z", Some("f00"))]).await;
        let mut shelf = catalog.shelf().await;
        shelf.sort();
        assert_eq!(shelf, ["Blue by Ann (1)", "Blue by Ann (3)", "Blue by Ann (3)"]);
        // Another edition under the same title in the same folder.
        catalog.put(8, vec![on("One", "z", Some("ba5")), on("Two", "z", Some("BA5"))]).await;
        assert_eq!(catalog.releases().await.len(), 4);
    }
}

#[tokio::test]
async fn musicbrainz_ids_tell_artists_of_one_name_apart() {
    for catalog in catalogs().await {
        let by = |title: &str, mbid: &str| track(title).by_mbid("Nirvana", mbid).build();
        // Known by name first, then identified, then joined by another of that name.
        catalog.put(1, vec![track("One").by(&["Nirvana"]).build()]).await;
        catalog.put(2, vec![by("Two", "us")]).await;
        assert_eq!(catalog.names().await, ["Nirvana"]);
        catalog.put(3, vec![by("Three", "uk")]).await;
        catalog.put(4, vec![by("Four", "US"), track("Five").by(&["nirvana"]).build()]).await;
        let counts = catalog.artists().await.into_iter().map(|artist| artist.n_tracks);
        let mut counts = counts.collect::<Vec<_>>();
        counts.sort_unstable();
        assert_eq!(counts, [1, 4]);
        // Another name of the same one.
        catalog.put(6, vec![track("Six").by_mbid("Nirvana (US)", "us").build()]).await;
        assert_eq!(catalog.artists().await.len(), 2);
    }
}

#[tokio::test]
async fn artists_are_called_what_most_credits_say() {
    for catalog in catalogs().await {
        catalog.put(1, vec![track("One").by(&["bjork"]).build()]).await;
        assert_eq!(catalog.names().await, ["bjork"]);
        let before = catalog.change_latest().await.unwrap();
        let right = |title: &str| track(title).by(&["Björk"]).build();
        catalog.put(2, vec![right("Two"), right("Three")]).await;
        assert_eq!(catalog.names().await, ["Björk"]);
        // The name shows on the first track as well: it has changed with it.
        let changed = catalog.changes(before).await;
        assert!(changed.iter().any(|change| change.entity == Entity::Track(id(1))));
        assert_eq!(catalog.tracks().await[0].artists[0].name, "Björk");
    }
}

#[tokio::test]
async fn putting_again_changes_nothing() {
    for catalog in catalogs().await {
        let tracks = || {
            vec![
                track("One").by(&["Ann"]).on("Blue").build(),
                track("Two").by(&["Bo"]).on("Blue").build(),
            ]
        };
        catalog.put(1, tracks()).await;
        let (before, seq) = (catalog.tracks().await, catalog.change_latest().await.unwrap());
        catalog.put(1, tracks()).await;
        assert_eq!(catalog.tracks().await, before);
        assert_eq!(catalog.change_latest().await.unwrap(), seq);
    }
}

#[tokio::test]
async fn retagged_tracks_move_and_leave_nothing_empty_behind() {
    for catalog in catalogs().await {
        let wrong = |title: &str| track(title).by(&["Anne"]).on("Bleu").album_by(&["Anne"]).build();
        let right = |title: &str| track(title).by(&["Ann"]).on("Blue").album_by(&["Ann"]).build();
        catalog.put(1, vec![wrong("One"), wrong("Two")]).await;
        let added = catalog.tracks().await[0].added_at_us;
        let gone = catalog.releases().await[0].id;
        catalog.put(1, vec![right("One")]).await;
        assert_eq!(catalog.shelf().await, ["Bleu by Anne (1)", "Blue by Ann (1)"]);
        catalog.put(2, vec![right("Two")]).await;
        assert_eq!(catalog.shelf().await, ["Blue by Ann (2)"]);
        assert_eq!(catalog.names().await, ["Ann"]);
        assert_eq!(catalog.tracks().await[0].added_at_us, added);
        let changed = catalog.changes(0).await;
        assert!(changed.iter().any(|change| change.entity == Entity::Release(gone)));
        // The old name is free again, and comes back as someone new.
        catalog.put(3, vec![wrong("Three")]).await;
        assert_eq!(catalog.names().await, ["Ann", "Anne"]);
    }
}

#[tokio::test]
async fn a_release_is_what_its_tracks_say() {
    for catalog in catalogs().await {
        let part = |title: &str, number: u32, lufs: f64, peak: f64| {
            track(title).by(&["Ann"]).on("Blue").number(number).with(|t| {
                t.date = Some("1999-05".into());
                t.genres = vec!["Pop".into()];
                t.cover = Some(cover(7));
                t.loudness = Some(Loudness { integrated_lufs: lufs, true_peak_dbtp: peak });
                t.loudness_blocks = BlockHistogram::from_blocks(vec![lufs; 100]);
            })
        };
        catalog
            .put(1, vec![part("B", 2, -40.0, -0.2).build(), part("A", 1, -10.0, -3.0).build()])
            .await;
        let release = catalog.releases().await.remove(0);
        assert_eq!(release.date.as_deref(), Some("1999-05"));
        assert_eq!(release.genres, ["Pop"]);
        assert_eq!(release.cover, Some(cover(7)));
        assert_eq!((release.n_tracks, release.duration_ms), (2, 360_000));
        assert_eq!(catalog.artist("Ann").await.cover, Some(cover(7)));

        let view = catalog.release_view(release.id).await.unwrap().unwrap();
        let titles = view.tracks.iter().map(|track| track.title.as_str()).collect::<Vec<_>>();
        assert_eq!(titles, ["A", "B"]);
        let of_release = view.tracks[0].loudness.release.unwrap();
        assert!((of_release.integrated_lufs + 10.0).abs() < 0.06, "{of_release:?}");
        assert!((of_release.true_peak_dbtp + 0.2).abs() < 1e-9, "{of_release:?}");

        // The loud one moves away: what is left decides.
        catalog.put(2, vec![part("A", 1, -10.0, -3.0).on("Red").build()]).await;
        let track = catalog.tracks().await.remove(0);
        let of_release = track.loudness.release.unwrap();
        assert!((of_release.integrated_lufs + 40.0).abs() < 0.06, "{of_release:?}");
    }
}

#[tokio::test]
async fn an_artist_shows_the_newest_cover() {
    for catalog in catalogs().await {
        let single = |title: &str, date: &str, n: Option<u8>| {
            track(title).by(&["Ann"]).with(|t| {
                t.date = Some(date.into());
                t.cover = n.map(cover);
            })
        };
        catalog.put(1, vec![single("New", "2020", Some(2)).build()]).await;
        catalog.put(2, vec![single("Old", "2001", Some(1)).build()]).await;
        catalog.put(3, vec![single("Newest", "2024", None).build()]).await;
        assert_eq!(catalog.artist("Ann").await.cover, Some(cover(2)));
        let view = catalog.artist_view(catalog.artist("Ann").await.id).await.unwrap().unwrap();
        let titles = view.releases.iter().map(|release| release.title.as_str());
        assert_eq!(titles.collect::<Vec<_>>(), ["Newest", "New", "Old"]);
    }
}

#[tokio::test]
async fn missing_files_are_said_and_not_forgotten() {
    for catalog in catalogs().await {
        catalog.put(1, vec![track("One").build(), track("Two").build()]).await;
        let seq = catalog.change_latest().await.unwrap();
        catalog.tracks_set_available(&[id(1), id(99)], false).await.unwrap();
        catalog.tracks_set_available(&[id(1)], false).await.unwrap();
        let available = catalog.tracks().await.iter().map(|t| t.is_available).collect::<Vec<_>>();
        assert_eq!(available, [false, true]);
        assert_eq!(catalog.changes(seq).await.len(), 1);
        catalog.put(1, vec![track("One").build()]).await;
        assert!(catalog.tracks().await.iter().all(|track| track.is_available));
        catalog.tracks_set_available(&[], true).await.unwrap();
    }
}

#[tokio::test]
async fn odd_texts_are_kept_as_they_are() {
    for catalog in catalogs().await {
        let names = ["'; DROP TABLE track; --", "%_\\", "坂本 龍一", "!!!", "\u{202e}evil", "🎵"];
        let tracks = names.map(|name| track(name).by(&[name]).on(name).build());
        catalog.put(1, tracks.to_vec()).await;
        let titles = catalog.tracks().await.into_iter().map(|t| t.title).collect::<Vec<_>>();
        assert_eq!(titles, names);
        let long = "x".repeat(20_000);
        catalog.put(7, vec![track(&long).by(&["Ann"]).build()]).await;
        assert_eq!(catalog.tracks().await[6].title, long);
    }
}
