//! Covers beside files, and what becomes of them later.

use crate::fixture::{BROKEN_IMAGE, Fixture, tone};

fn jpeg(tail: &[u8]) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0][..], tail].concat()
}

fn cover_of(library: &Fixture, title: &str) -> Option<Vec<u8>> {
    let cover = library.track(title).1.cover?;
    Some(library.told.covers.lock().unwrap()[&cover.id].to_vec())
}

/// A cover that was put beside known files was never seen.
#[tokio::test(flavor = "multi_thread")]
async fn covers_may_come_change_and_go() {
    for db in engine_sql::testing::databases().await {
        let library = Fixture::new(&db).await;
        library.song(300, "Album/CD1/a.wav");
        library.song(301, "Album/CD2/b.wav");
        library.song(302, "Other/c.wav");
        library.import().await;
        let covers = || ["a", "b", "c"].map(|title| cover_of(&library, title));
        assert_eq!(covers(), [None, None, None]);

        // Above both discs.
        std::fs::write(library.path("Album/folder.jpg"), jpeg(b"1")).unwrap();
        let import = library.import().await;
        assert_eq!((import.n_changed, import.n_unchanged), (2, 1));
        assert_eq!(covers(), [Some(jpeg(b"1")), Some(jpeg(b"1")), None]);
        assert_eq!(library.import().await.n_unchanged, 3);

        // Beside one of them, and another one in its place.
        for tail in [&b"disc"[..], b"better"] {
            std::fs::write(library.path("Album/CD2/cover.jpg"), jpeg(tail)).unwrap();
            assert_eq!(library.import().await.n_changed, 1);
            assert_eq!(covers(), [Some(jpeg(b"1")), Some(jpeg(tail)), None]);
        }
        std::fs::remove_file(library.path("Album/CD2/cover.jpg")).unwrap();
        std::fs::remove_file(library.path("Album/folder.jpg")).unwrap();
        assert_eq!(library.import().await.n_changed, 2);
        assert_eq!(covers(), [None, None, None]);
        assert_eq!(library.import().await.n_unchanged, 3);
    }
}

/// A file that brings its own cover is not read again for those beside it.
#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_cover_stays() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let picture = library.path("picture.jpg");
    crate::fixture::ffmpeg("-f lavfi -i color=c=red:s=64x64", "-frames:v 1", &picture);
    let input = format!("{} -i {}", tone(440, 0.5), picture.display());
    let output = "-map 0 -map 1 -c:v copy -disposition:v attached_pic -metadata title=own";
    library.ffmpeg(&input, output, "Album/own.flac");
    library.import().await;
    let own = std::fs::read(&picture).unwrap();
    assert_eq!(cover_of(&library, "own"), Some(own));
    std::fs::write(library.path("Album/cover.jpg"), jpeg(b"1")).unwrap();
    assert_eq!(library.import().await.n_unchanged, 1);
}

/// An image that cannot be shown hides none that is named less well.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_image_hides_no_other() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.song(300, "a.wav");
    std::fs::write(library.path("cover.jpg"), jpeg(BROKEN_IMAGE)).unwrap();
    std::fs::write(library.path("cover.png"), b"no image at all").unwrap();
    std::fs::write(library.path("front.jpg"), jpeg(b"good")).unwrap();
    library.import().await;
    assert_eq!(cover_of(&library, "a"), Some(jpeg(b"good")));
}
