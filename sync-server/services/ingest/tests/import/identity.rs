//! A track stays the song it is, whatever becomes of the names of files.

use domain::TrackId;
use engine_sql::Db;

use crate::fixture::Fixture;

/// Whatever happened, every track that was plays the song that it played.
async fn check_kept(
    db: &Db,
    before: &[(u32, &str)],
    change: impl AsyncFn(&Fixture),
    n_after: usize,
) {
    let library = Fixture::new(db).await;
    for (n, name) in before {
        library.song(*n, name);
    }
    library.import().await;
    let known = library.songs().await;
    assert_eq!(known.len(), before.len());
    change(&library).await;
    let import = library.import().await;
    let now = library.songs().await;
    for (track, song) in &known {
        assert_eq!(now.get(track), Some(song), "{import:#?}");
    }
    assert_eq!(now.len(), n_after);
    let again = library.import().await;
    assert_eq!(again.n_unchanged, again.n_found, "{again:#?}");
    assert_eq!(library.songs().await, now);
}

fn rename(library: &Fixture, from: &str, to: &str) {
    std::fs::rename(library.path(from), library.path(to)).unwrap();
}

/// The song that moved away was lost for ever: its track became the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_given_to_another_song() {
    for db in engine_sql::testing::databases().await {
        let change = async |library: &Fixture| {
            rename(library, "a.wav", "b.wav");
            library.song(301, "a.wav");
        };
        check_kept(&db, &[(300, "a.wav")], change, 2).await;
    }
}

/// The track of the original took on the tags of the copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_changed_is_another_song() {
    for db in engine_sql::testing::databases().await {
        let change = async |library: &Fixture| {
            std::fs::copy(library.path("a.wav"), library.path("b.wav")).unwrap();
            library.import().await;
            assert_eq!(library.songs().await.len(), 1);
            library.song(301, "b.wav");
        };
        check_kept(&db, &[(300, "a.wav")], change, 2).await;
        // At once, and with the copy before the original.
        let change = async |library: &Fixture| {
            std::fs::copy(library.path("b.wav"), library.path("a.wav")).unwrap();
            library.import().await;
            library.song(311, "a.wav");
            std::fs::copy(library.path("b.wav"), library.path("c.wav")).unwrap();
        };
        check_kept(&db, &[(310, "b.wav")], change, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_swapped() {
    for db in engine_sql::testing::databases().await {
        let change = async |library: &Fixture| {
            rename(library, "a.wav", "c.wav");
            rename(library, "b.wav", "a.wav");
            rename(library, "c.wav", "b.wav");
        };
        check_kept(&db, &[(300, "a.wav"), (301, "b.wav")], change, 2).await;
    }
}

/// A song is put in front of an album, and all others move by one.
#[tokio::test(flavor = "multi_thread")]
async fn an_album_that_is_renumbered() {
    for db in engine_sql::testing::databases().await {
        let name = |n: u32| format!("album/{n:02}.wav");
        let names: Vec<String> = (1..=10).map(name).collect();
        let before: Vec<(u32, &str)> = (300..).zip(names.iter().map(String::as_str)).collect();
        let change = async |library: &Fixture| {
            for n in (1..=10).rev() {
                rename(library, &name(n), &name(n + 1));
            }
            library.song(400, &name(1));
        };
        check_kept(&db, &before, change, 11).await;
        // And back, when the first is moved elsewhere.
        let before: Vec<(u32, &str)> = (500..).zip(names.iter().map(String::as_str)).collect();
        let change = async |library: &Fixture| {
            rename(library, &name(1), "elsewhere.wav");
            for n in 2..=10 {
                rename(library, &name(n), &name(n - 1));
            }
        };
        check_kept(&db, &before, change, 10).await;
    }
}

/// More files than are settled together, each under the name of the next.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_passed_on_all_over_a_library() {
    for db in engine_sql::testing::databases().await {
        let name = |n: u32| format!("{n:03}.wav");
        let names: Vec<String> = (0..300).map(name).collect();
        let before: Vec<(u32, &str)> = (200..).zip(names.iter().map(String::as_str)).collect();
        let change = async |library: &Fixture| {
            rename(library, &name(299), "last.wav");
            for n in (0..299).rev() {
                rename(library, &name(n), &name(n + 1));
            }
            rename(library, "last.wav", &name(0));
        };
        check_kept(&db, &before, change, 300).await;
    }
}

/// What a file was before another took its place is known again when it turns up, even later.
#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_song_that_comes_back() {
    for db in engine_sql::testing::databases().await {
        let library = Fixture::new(&db).await;
        library.song(300, "a.wav");
        library.song(301, "b.wav");
        library.import().await;
        let songs = library.songs().await;
        // Nothing says whether it has new tags or is another song: but `b` has moved here.
        rename(&library, "b.wav", "a.wav");
        library.import().await;
        let track_of = |song: u64| *songs.iter().find(|(_, s)| **s == song).unwrap().0;
        let only: Vec<(TrackId, u64)> = library.songs().await.into_iter().collect();
        assert_eq!(only, [(track_of(301), 301)]);
        library.song(300, "back.wav");
        library.import().await;
        assert_eq!(library.songs().await, songs);
    }
}

/// New tags, and a copy made of it before the import saw them: the track stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_song_is_not_the_copy_of_its_copy() {
    for db in engine_sql::testing::databases().await {
        let library = Fixture::new(&db).await;
        library.song(300, "b.wav");
        library.import().await;
        let [track] = library.songs().await.into_keys().collect::<Vec<_>>()[..] else { panic!() };
        library.song(301, "b.wav");
        std::fs::copy(library.path("b.wav"), library.path("a.wav")).unwrap();
        library.import().await;
        assert_eq!(library.songs().await.get(&track), Some(&301));
    }
}

/// One of two roots that overlap was not imported since the file in both vanished.
#[tokio::test(flavor = "multi_thread")]
async fn what_vanished_is_vanished_under_every_root() {
    for db in engine_sql::testing::databases().await {
        let library = Fixture::new(&db).await;
        library.song(300, "inner/a.wav");
        let inner = library.path("inner");
        let import_inner = async || library.service.import_run(&inner, |_| {}, |_| {}).await;
        library.import().await;
        import_inner().await.unwrap();
        let songs = library.songs().await;
        assert_eq!(songs.len(), 1);
        rename(&library, "inner/a.wav", "inner/a.txt");
        library.import().await;
        assert!(library.songs().await.is_empty());
        // Back again, and seen through the root that knew nothing of it.
        rename(&library, "inner/a.txt", "inner/a.wav");
        import_inner().await.unwrap();
        assert_eq!(library.songs().await, songs);
    }
}
