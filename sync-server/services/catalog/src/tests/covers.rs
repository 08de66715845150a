//! Covers, from strangers' bytes to sizes.

use std::io::Cursor;

use bytes::Bytes;
use domain::CoverId;
use image::{ImageFormat, Rgb, RgbImage};

use super::catalogs;
use crate::Size;

fn png(rgb: [u8; 3], side_px: u32) -> Bytes {
    let mut bytes = Vec::new();
    RgbImage::from_pixel(side_px, side_px, Rgb(rgb))
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .unwrap();
    bytes.into()
}

#[tokio::test]
async fn a_cover_is_kept_and_drawn_in_sizes() {
    for catalog in catalogs().await {
        let bytes = png([200, 40, 60], 800);
        let cover = catalog.cover_put(bytes.clone()).await.unwrap().unwrap();
        assert_eq!(cover.colour, "#c8283c");
        assert_eq!(catalog.cover_put(bytes.clone()).await.unwrap(), Some(cover.clone()));
        let original = catalog.cover(&cover.id, Size::Original).await.unwrap().unwrap();
        assert_eq!((original.bytes, original.content_type.as_str()), (bytes, "image/png"));
        for side_px in [64, 300, 640] {
            let asked = (0..4).map(|_| catalog.cover(&cover.id, Size::Fit(side_px)));
            let drawn = futures::future::try_join_all(asked).await.unwrap();
            let first = drawn[0].clone().unwrap();
            assert!(drawn.iter().all(|picture| picture.as_ref() == Some(&first)));
            let picture = image::load_from_memory(&first.bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (side_px, side_px));
            assert_eq!(first.content_type, "image/jpeg");
        }
    }
}

#[tokio::test]
async fn what_is_no_image_is_no_cover() {
    for catalog in catalogs().await {
        for bytes in [&b""[..], b"ID3", b"<svg xmlns='http://www.w3.org/2000/svg'/>"] {
            assert_eq!(catalog.cover_put(Bytes::from_static(bytes)).await.unwrap(), None);
        }
        let cut = png([1, 2, 3], 500).slice(..60);
        assert_eq!(catalog.cover_put(cut).await.unwrap(), None);
        let unknown = CoverId::from_hash([3; 32]);
        for size in Size::ALL {
            assert_eq!(catalog.cover(&unknown, size).await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn a_lost_or_damaged_size_is_drawn_again() {
    for catalog in catalogs().await {
        let cover = catalog.cover_put(png([20, 140, 60], 400)).await.unwrap().unwrap();
        let before = catalog.cover(&cover.id, Size::Fit(64)).await.unwrap().unwrap();
        let name = blake3::hash(&before.bytes).to_hex().to_string();
        let path = catalog.folder.path().join(&name[..2]).join(&name[2..]);
        std::fs::write(&path, b"damage").unwrap();
        assert_eq!(catalog.cover(&cover.id, Size::Fit(64)).await.unwrap().unwrap(), before);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(catalog.cover(&cover.id, Size::Fit(64)).await.unwrap().unwrap(), before);
    }
}
