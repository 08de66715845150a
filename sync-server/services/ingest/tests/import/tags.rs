//! Tags of every container arrive as they were meant.

use std::path::Path;

use lofty::{
    config::WriteOptions,
    file::{AudioFile as _, TaggedFileExt as _},
    picture::{MimeType, Picture, PictureType},
    tag::{ItemKey, ItemValue, Tag, TagItem},
};

use crate::fixture::{Fixture, tone};

const ANN: &str = "0383dadf-2a4e-4d10-a46a-e9e041da8eb3";
const BOB: &str = "8a754a16-0027-4a29-b6d7-2b40ea0481ed";
const RELEASE: &str = "f32fab67-77dd-3937-addc-9062e28e4c37";

fn write(path: &Path, change: impl FnOnce(&mut Tag)) {
    let mut file = lofty::read_from_path(path).unwrap();
    let kind = file.primary_tag_type();
    let mut tag = Tag::new(kind);
    change(&mut tag);
    file.clear();
    file.insert_tag(tag);
    file.save_to_path(path, WriteOptions::default()).unwrap();
}

fn push(tag: &mut Tag, key: ItemKey, text: &str) {
    assert!(tag.push(TagItem::new(key, ItemValue::Text(text.to_owned()))), "{key:?}");
}

fn jpeg(extra: usize) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0][..], &vec![7; extra]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_container_keeps_its_tags() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let names = ["a.mp3", "b.flac", "c.ogg", "d.opus", "e.m4a", "f.wav", "g.aiff"];
    for (n, name) in names.iter().enumerate() {
        let path = library.ffmpeg(&tone(300 + 20 * n as u32, 1.0), "", name);
        write(&path, |tag| {
            push(tag, ItemKey::TrackTitle, &format!("Title {name}\u{202e}"));
            push(tag, ItemKey::TrackArtist, "Ann feat. Bob");
            push(tag, ItemKey::AlbumTitle, "The  Album\t");
            push(tag, ItemKey::AlbumArtist, "Ann");
            push(tag, ItemKey::TrackNumber, "3");
            push(tag, ItemKey::TrackTotal, "12");
            push(tag, ItemKey::DiscNumber, "2");
            push(tag, ItemKey::RecordingDate, "2011-05-17");
            push(tag, ItemKey::Genre, "Rock; Jazz");
            push(tag, ItemKey::Isrc, "us-rc1-76-07839");
            push(tag, ItemKey::MusicBrainzReleaseId, &RELEASE.to_uppercase());
            push(tag, ItemKey::FlagCompilation, "1");
            // In MP4 a picture has no type: the first is the front.
            if !name.ends_with("m4a") {
                let picture = Picture::unchecked(jpeg(10)).mime_type(MimeType::Jpeg);
                tag.push_picture(picture.pic_type(PictureType::CoverBack).build());
            }
            let picture = Picture::unchecked(jpeg(99)).mime_type(MimeType::Jpeg);
            tag.push_picture(picture.pic_type(PictureType::CoverFront).build());
        });
    }
    let import = library.import().await;
    assert_eq!(import.n_added, names.len() as u64, "{import:#?}");
    for name in names {
        let (_, track, _) = library.track(&format!("Title {name}"));
        let artists: Vec<&str> = track.artists.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(artists, ["Ann", "Bob"], "{name}");
        assert_eq!(track.album_artists[0].name, "Ann", "{name}");
        assert_eq!(track.release_title.as_deref(), Some("The Album"), "{name}");
        assert_eq!((track.disc_number, track.track_number), (2, 3), "{name}");
        assert_eq!(track.date.as_deref(), Some("2011-05-17"), "{name}");
        assert_eq!(track.genres, ["Rock", "Jazz"], "{name}");
        assert_eq!(track.isrc.unwrap().as_str(), "USRC17607839", "{name}");
        assert_eq!(track.musicbrainz_release_id.as_deref(), Some(RELEASE), "{name}");
        assert!(track.is_compilation, "{name}");
        let cover = track.cover.unwrap();
        assert_eq!(library.told.covers.lock().unwrap()[&cover.id], jpeg(99), "{name}");
    }
    assert_eq!(library.told.covers.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_artists_keep_their_identities() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let path = library.ffmpeg(&tone(440, 1.0), "", "many.flac");
    write(&path, |tag| {
        push(tag, ItemKey::TrackTitle, "many");
        push(tag, ItemKey::TrackArtist, "Ann & Bob");
        for (name, id) in [("Ann", ANN), ("Bob", BOB)] {
            push(tag, ItemKey::TrackArtists, name);
            push(tag, ItemKey::MusicBrainzArtistId, id);
        }
        push(tag, ItemKey::AlbumArtist, "Various Artists");
        push(tag, ItemKey::OriginalReleaseDate, "1975");
        push(tag, ItemKey::RecordingDate, "2011-05-17");
    });
    let path = library.ffmpeg(&tone(460, 1.0), "", "one.flac");
    write(&path, |tag| {
        push(tag, ItemKey::TrackTitle, "one");
        push(tag, ItemKey::TrackArtist, "Ann / Bob");
        push(tag, ItemKey::MusicBrainzArtistId, ANN);
    });
    let id3v2_3 = "-id3v2_version 3 -metadata artist=Ann/Bob -metadata title=v23";
    library.ffmpeg(&tone(480, 1.0), id3v2_3, "v23.mp3");
    library.import().await;

    let (_, many, _) = library.track("many");
    let credits: Vec<_> =
        many.artists.iter().map(|a| (a.name.as_str(), a.musicbrainz_id.as_deref())).collect();
    assert_eq!(credits, [("Ann", Some(ANN)), ("Bob", Some(BOB))]);
    assert!(many.is_compilation && many.album_artists.is_empty());
    assert_eq!(many.date.as_deref(), Some("1975"));
    let (_, one, _) = library.track("one");
    assert_eq!((one.artists.len(), one.artists[0].name.as_str()), (1, "Ann / Bob"));
    let (_, v23, _) = library.track("v23");
    assert_eq!(v23.artists.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["Ann", "Bob"]);
}

/// Without tags, the place and name of a file tell; images in folders are covers.
#[tokio::test(flavor = "multi_thread")]
async fn place_and_name_stand_in_for_tags() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 1.0), "", "Album/CD2/07 - Last_Song.wav");
    library.ffmpeg(&tone(460, 1.0), "-metadata album=Album", "Album/CD1/01 First.flac");
    std::fs::write(library.path("Album/Folder.JPG"), jpeg(50)).unwrap();
    std::fs::write(library.path("Album/CD1/cover.png"), b"\x89PNG\r\n\x1a\nxyz").unwrap();
    library.import().await;
    let (_, last, _) = library.track("Last_Song");
    let (_, first, _) = library.track("First");
    assert_eq!((last.disc_number, last.track_number), (2, 7));
    assert_eq!((first.disc_number, first.track_number), (1, 1));
    assert_eq!(last.release_folder, first.release_folder);
    let covers = library.told.covers.lock().unwrap();
    assert_eq!(covers[&last.cover.unwrap().id], jpeg(50));
    assert!(covers[&first.cover.unwrap().id].starts_with(b"\x89PNG"));
}

/// An untagged folder is a release named like the folder; a track that names its artist and no
/// release is one of its own; discs told by a bracket are discs.
#[tokio::test(flavor = "multi_thread")]
async fn untagged_folders_are_releases() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 1.0), "-bitexact", "Rehearsal tapes/01 - One.wav");
    library.ffmpeg(&tone(450, 1.0), "-bitexact", "Rehearsal tapes/02 - Two.wav");
    library.ffmpeg(&tone(460, 1.0), "-metadata artist=Ann", "Rehearsal tapes/Three.flac");
    library.ffmpeg(&tone(470, 1.0), "-metadata album=Blue", "Blue (Disc 1)/Four.flac");
    library.ffmpeg(&tone(480, 1.0), "-metadata album=Blue[Disc2]", "Blue (Disc 2)/Five.flac");
    library.ffmpeg(&tone(490, 1.0), "-bitexact", "Blue (Disc 3)/Six.wav");
    library.import().await;
    let facts = |title: &str| {
        let (_, track, _) = library.track(title);
        (track.release_title, track.disc_number, track.release_folder)
    };
    let (one, two, three) = (facts("One"), facts("Two"), facts("Three"));
    assert_eq!(one.0.as_deref(), Some("Rehearsal tapes"));
    assert_eq!((&one.0, &one.2), (&two.0, &two.2));
    assert_eq!(three.0, None);
    let blue = |disc: u32| (Some("Blue".to_owned()), disc, facts("Four").2);
    assert_eq!([facts("Four"), facts("Five"), facts("Six")], [blue(1), blue(2), blue(3)]);
}

/// Where nothing can be measured, tags stand in.
#[tokio::test(flavor = "multi_thread")]
async fn tagged_loudness_stands_in_for_what_is_too_short_to_measure() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    for (name, seconds) in [("short", 0.2), ("long", 2.0)] {
        let path = library.ffmpeg(&tone(440, seconds), "", &format!("{name}.flac"));
        write(&path, |tag| {
            push(tag, ItemKey::TrackTitle, name);
            push(tag, ItemKey::ReplayGainTrackGain, "-7.50 dB");
            push(tag, ItemKey::ReplayGainTrackPeak, "0.5");
        });
    }
    library.import().await;
    let short = library.track("short").1.loudness.unwrap();
    assert!((short.integrated_lufs - -10.5).abs() < 1e-9, "{short:?}");
    assert!((short.true_peak_dbtp - -6.02).abs() < 0.01, "{short:?}");
    let long = library.track("long").1.loudness.unwrap();
    assert!((long.integrated_lufs - -10.5).abs() > 0.1, "measured: {long:?}");
}
