//! Profiles: what is named changes, pictures are drawn anew, birth dates are nobody else's.

use api::accounts::{ProfileUpdate, Visibility};
use engine_sql::testing;
use web::ApiError;

use crate::stand::Stand;

#[tokio::test]
async fn a_profile_changes_by_what_is_named() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let ann = stand.account("ann@example.org").await;
        assert_eq!((ann.visibility, ann.country.as_deref()), (Visibility::Private, None));
        let service = &stand.service;
        let update = |asked| async move { service.profile_update(ann.id, &asked).await };
        let asked = ProfileUpdate {
            country: Some("PT".into()),
            language: Some("pt-BR".into()),
            visibility: Some(Visibility::Members),
            ..Default::default()
        };
        let changed = update(asked).await.unwrap();
        assert_eq!(changed.display_name, "ann");
        assert_eq!(changed.visibility, Visibility::Members);
        let asked = ProfileUpdate {
            display_name: Some(" Ann B. ".into()),
            language: Some(String::new()),
            ..Default::default()
        };
        let changed = update(asked).await.unwrap();
        assert_eq!(changed.display_name, "Ann B.");
        assert_eq!((changed.country.as_deref(), changed.language), (Some("PT"), None));
        assert_eq!(stand.service.account(ann.id).await.unwrap().display_name, "Ann B.");
        for bad in [
            ProfileUpdate { display_name: Some(String::new()), ..Default::default() },
            ProfileUpdate { country: Some("Portugal".into()), ..Default::default() },
            ProfileUpdate { language: Some("x".into()), ..Default::default() },
        ] {
            assert_eq!(ApiError::from(update(bad).await.unwrap_err()).status, 400);
        }
    }
}

#[tokio::test]
async fn a_birth_date_is_in_the_vault_alone() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let ann = stand.account("ann@example.org").await;
        let update = |date: &str| {
            let asked = ProfileUpdate { birth_date: Some(date.to_owned()), ..Default::default() };
            let service = &stand.service;
            async move { service.profile_update(ann.id, &asked).await.map_err(ApiError::from) }
        };
        for bad in ["28.2.1990", "1990-02-30", "1799-01-01", "2999-01-01", "1990-2-3"] {
            assert_eq!(update(bad).await.unwrap_err().status, 400, "{bad}");
        }
        let changed = update("1990-02-28").await.unwrap();
        assert_eq!(changed.birth_date.as_deref(), Some("1990-02-28"));
        assert!(!stand.dump().await.contains("1990-02-28"), "not in the database");
        assert_eq!(update("").await.unwrap().birth_date, None);
        assert_eq!(stand.vault.n_fields(), 1, "the address alone");
    }
}

#[tokio::test]
async fn a_picture_is_drawn_anew_and_shown_to_whom_it_may_be() {
    let stand = Stand::start(testing::sqlite().await).await;
    let ann = stand.account("ann@example.org").await;
    let bob = stand.account("bob@example.org").await;
    let service = &stand.service;
    assert!(service.avatar(ann.id, ann.id).await.is_err(), "there is none");

    let mut file = Vec::new();
    let picture = image::RgbaImage::from_pixel(700, 500, image::Rgba([200, 30, 60, 90]));
    let picture = image::DynamicImage::from(picture);
    picture.write_to(&mut std::io::Cursor::new(&mut file), image::ImageFormat::Png).unwrap();
    // What a camera or an attacker hides behind the picture does not stay in it.
    file.extend_from_slice(b"geo:41.15,-8.61");
    let with = service.avatar_put(ann.id, file.clone()).await.unwrap();
    let first = with.avatar.unwrap();
    let shown = service.avatar(ann.id, ann.id).await.unwrap();
    assert_eq!(image::guess_format(&shown).unwrap(), image::ImageFormat::Jpeg);
    let drawn = image::load_from_memory(&shown).unwrap();
    assert_eq!((drawn.width(), drawn.height()), (256, 183));
    assert!(!shown.windows(4).any(|bytes| bytes == b"geo:"));

    let hidden = service.avatar(ann.id, bob.id).await.unwrap_err();
    assert_eq!(ApiError::from(hidden).status, 404);
    let asked = ProfileUpdate { visibility: Some(Visibility::Members), ..Default::default() };
    service.profile_update(ann.id, &asked).await.unwrap();
    assert!(service.avatar(ann.id, bob.id).await.is_ok());

    let second = service.avatar_put(ann.id, file).await.unwrap().avatar.unwrap();
    assert_ne!(first, second, "caches see that it is another one");
    assert_eq!(service.avatar_delete(ann.id).await.unwrap().avatar, None);
    assert!(service.avatar(ann.id, ann.id).await.is_err());
}

/// A header of a few bytes that would be gigabytes of pixels.
#[tokio::test]
async fn pictures_that_are_bombs_are_refused() {
    let stand = Stand::start(testing::sqlite().await).await;
    let ann = stand.account("ann@example.org").await;
    let mut huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    huge.extend_from_slice(&60_000_u32.to_be_bytes());
    huge.extend_from_slice(&60_000_u32.to_be_bytes());
    huge.extend_from_slice(b"\x08\x06\0\0\0");
    // The checksum of exactly this header.
    huge.extend_from_slice(&crc(&huge[12..]).to_be_bytes());
    for bad in [huge, b"GIF89a".to_vec(), b"<svg/>".to_vec(), Vec::new()] {
        let refused = stand.service.avatar_put(ann.id, bad).await.unwrap_err();
        assert_eq!(ApiError::from(refused).status, 400);
    }
    assert_eq!(stand.service.account(ann.id).await.unwrap().avatar, None);
}

/// CRC-32 of PNG (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8)
            .fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
    };
    !bytes.iter().fold(!0, step)
}
