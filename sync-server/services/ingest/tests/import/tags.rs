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

/// An ID3v2 tag: its version, frames of text in an encoding, and whatever follows the frames.
fn id3v2(version: u8, frames: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (id, content) in frames {
        body.extend(id.as_bytes());
        // Below 128 bytes both ways to write a size are the same.
        body.extend((content.len() as u32).to_be_bytes());
        body.extend([0, 0]);
        body.extend(*content);
    }
    let size = [21, 14, 7, 0].map(|bits| (body.len() >> bits & 0x7f) as u8);
    [b"ID3".as_slice(), &[version, 0, 0], &size, &body].concat()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().fold(vec![0], |mut bytes, c| {
        bytes.push(c as u8);
        bytes
    })
}

/// Bytes of an MP3 without any tag.
fn bare_mp3(library: &Fixture, hz: u32) -> Vec<u8> {
    let options = "-c:a libmp3lame -id3v2_version 0 -write_id3v1 0 -write_xing 0";
    let path = library.ffmpeg(&tone(hz, 1.0), options, &format!("{hz}.tmp.mp3"));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
}

/// Of an MP3 with these bytes around its sound, the track; its title tag is `odd`.
async fn odd_mp3(before: &[u8], after: &[u8]) -> domain::imported::ImportedTrack {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let bytes = [before, &bare_mp3(&library, 440), after].concat();
    std::fs::write(library.path("named.mp3"), bytes).unwrap();
    let import = library.import().await;
    assert_eq!(import.n_added, 1, "{import:#?}");
    library.track("odd").1
}

/// One date that is written in an odd way cost a file all of its tags.
#[tokio::test(flavor = "multi_thread")]
async fn dates_are_read_as_people_write_them() {
    for (version, id, written, date) in [
        (3, "TYER", "17.05.1998", "1998-05-17"),
        (3, "TYER", "May 2003", "2003"),
        (3, "TYER", "2003/05/17", "2003-05-17"),
        (3, "TYER", "\u{a9}1998", "1998"),
        (3, "TYER", "2003-05", "2003-05"),
        (3, "TYER", "1975", "1975"),
        (4, "TDRC", "2003-05", "2003-05"),
        (4, "TDRC", "17.05.1998", "1998-05-17"),
        (4, "TDRC", "May 2003", "2003"),
        (4, "TDRC", "2003/05/17", "2003-05-17"),
        (4, "TDRC", "\u{a9}1998", "1998"),
        (4, "TDOR", "May 1971", "1971"),
    ] {
        let tag = id3v2(
            version,
            &[("TIT2", &latin1("odd")), (id, &latin1(written)), ("TALB", &latin1("Album"))],
        );
        let track = odd_mp3(&tag, b"").await;
        assert_eq!(track.release_title.as_deref(), Some("Album"), "{id} {written}");
        assert_eq!(track.date.as_deref(), Some(date), "{id} {written}");
    }
}

/// What is odd costs itself, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn odd_tags_cost_no_others() {
    let title = latin1("odd");
    let artist = latin1("Ann");
    let check = async |before: Vec<u8>, after: &[u8], what: &str| {
        let track = odd_mp3(&before, after).await;
        let artists: Vec<_> = track.artists.iter().map(|artist| artist.name.as_str()).collect();
        assert_eq!(artists, ["Ann"], "{what}");
    };
    // UTF-16 without a mark of its order, with half a character, with half a pair.
    for content in [&b"\x01B\0l\0"[..], b"\x01\xff\xfeB\0l", b"\x01\xff\xfe\0\xd8", b"\x09x"] {
        for version in [3, 4] {
            let frames = [("TIT2", &title[..]), ("TALB", content), ("TPE1", &artist)];
            check(id3v2(version, &frames), b"", &format!("{version} {content:?}")).await;
        }
    }
    let whole = id3v2(3, &[("TIT2", &title), ("TPE1", &artist)]);
    check([&whole[..], &vec![0x20; 100_000]].concat(), b"", "junk before the first frame").await;
    let bad_item = [&7_u32.to_le_bytes()[..], &[0; 4], b"Al\xff\x01um\0bad"].concat();
    check(whole, &apev2(&[bad_item]), "a bad item of APE").await;
}

/// An APEv2 tag with a footer, of items that are already written.
fn apev2(items: &[Vec<u8>]) -> Vec<u8> {
    let body = items.concat();
    let mut tag = body.clone();
    tag.extend(b"APETAGEX");
    for number in [2_000, body.len() as u32 + 32, items.len() as u32, 0, 0, 0] {
        tag.extend(number.to_le_bytes());
    }
    tag
}

fn ape_item(key: &str, value: &str) -> Vec<u8> {
    let head = [(value.len() as u32).to_le_bytes(), [0; 4]].concat();
    [&head[..], key.as_bytes(), b"\0", value.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_at_the_end_of_an_mp3_are_enough() {
    let field = |text: &str, n: usize| [text.as_bytes(), &vec![0; n - text.len()]].concat();
    let id3v1 = [
        b"TAG".to_vec(),
        field("odd", 30),
        field("Ann", 30),
        field("Album", 30),
        field("1998", 4),
        field("", 28),
        vec![0, 7, 17],
    ]
    .concat();
    let items = [("Title", "odd"), ("Artist", "Ann"), ("Album", "Album"), ("Track", "7/12")];
    let mut items: Vec<_> = items.iter().map(|(key, value)| ape_item(key, value)).collect();
    items.extend([ape_item("Year", "1998"), ape_item("Genre", "Rock")]);
    for after in [id3v1, apev2(&items)] {
        let track = odd_mp3(b"", &after).await;
        assert_eq!(track.artists[0].name, "Ann");
        assert_eq!(track.release_title.as_deref(), Some("Album"));
        assert_eq!((track.date.as_deref(), track.track_number), (Some("1998"), 7));
        assert_eq!(track.genres, ["Rock"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_read_as_people_write_them() {
    for written in ["3", "03", "3/12", "3 of 12", "3/"] {
        let tag = id3v2(3, &[("TIT2", &latin1("odd")), ("TRCK", &latin1(written))]);
        assert_eq!(odd_mp3(&tag, b"").await.track_number, 3, "{written}");
    }
}

/// Picard's list of artists in ID3v2.3, and a disc whose title says more than its number.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_together_is_read_together() {
    let text = |key: &str, value: &str| latin1(&format!("{key}\0{value}"));
    let tag = id3v2(
        3,
        &[
            ("TIT2", &latin1("odd")),
            ("TPE1", &latin1("Ann & Bob")),
            ("TXXX", &text("ARTISTS", "Ann/Bob")),
            ("TXXX", &text("MusicBrainz Artist Id", &format!("{ANN}/{BOB}"))),
            ("TALB", &latin1("Blue (Disc 2)")),
            ("TPOS", &latin1("1/1")),
        ],
    );
    let track = odd_mp3(&tag, b"").await;
    let credits: Vec<_> =
        track.artists.iter().map(|a| (a.name.as_str(), a.musicbrainz_id.as_deref())).collect();
    assert_eq!(credits, [("Ann", Some(ANN)), ("Bob", Some(BOB))]);
    assert_eq!((track.release_title.as_deref(), track.disc_number), (Some("Blue"), 2));
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
    let path = library.ffmpeg(&tone(440, 0.2), "", "r128.opus");
    write(&path, |tag| {
        push(tag, ItemKey::TrackTitle, "r128");
        push(tag, ItemKey::R128TrackGain, "-3200");
    });
    let import = library.import().await;
    assert_eq!(import.n_failed, 0, "{import:#?}");
    let r128 = library.track("r128").1.loudness.unwrap();
    assert!((r128.integrated_lufs - -10.5).abs() < 1e-9, "{r128:?}");
    let short = library.track("short").1.loudness.unwrap();
    assert!((short.integrated_lufs - -10.5).abs() < 1e-9, "{short:?}");
    assert!((short.true_peak_dbtp - -6.02).abs() < 0.01, "{short:?}");
    let long = library.track("long").1.loudness.unwrap();
    assert!((long.integrated_lufs - -10.5).abs() > 0.1, "measured: {long:?}");
}
