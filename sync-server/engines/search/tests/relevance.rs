//! What listeners type, and what they mean by it.

#![allow(clippy::unwrap_used, reason = "a test")]

use engine_search::{Document, Found, Index, Kind, Query, highlight};
use uuid::Uuid;

/// Artist, release, track, plays of the track.
const CATALOG: &[(&str, &str, &str, u64)] = &[
    ("The Beatles", "Help!", "Help!", 9_000),
    ("The Beatles", "Help!", "Yesterday", 20_000),
    ("The Beatles", "Help!", "Ticket to Ride", 6_000),
    ("The Beatles", "Abbey Road", "Come Together", 15_000),
    ("The Beatles", "Abbey Road", "Here Comes the Sun", 30_000),
    ("Bananarama", "Help!", "Help! - Single Version", 40),
    ("John Farnham", "Chain Reaction", "Help", 300),
    ("Henry Gross", "Release", "Helpless Heart", 50_000),
    ("Björk", "Homogenic", "Jóga", 4_000),
    ("Björk", "Homogenic", "Bachelorette", 3_000),
    ("Björk", "Debut", "Human Behaviour", 2_500),
    ("Sigur Rós", "Ágætis byrjun", "Svefn-g-englar", 2_000),
    ("Sigur Rós", "Takk...", "Hoppípolla", 5_000),
    ("Motörhead", "Ace of Spades", "Ace of Spades", 8_000),
    ("Motörhead", "Bomber", "Stone Dead Forever", 100),
    ("Queens of the Stone Age", "Songs for the Deaf", "No One Knows", 7_000),
    ("Queen", "A Night at the Opera", "Bohemian Rhapsody", 40_000),
    ("Queen", "A Night at the Opera", "Love of My Life", 3_000),
    ("AC/DC", "Back in Black", "Back in Black", 12_000),
    ("AC/DC", "Back in Black", "You Shook Me All Night Long", 9_000),
    ("P!nk", "M!ssundaztood", "Don’t Let Me Get Me", 1_500),
    ("P!nk", "M!ssundaztood", "Just Like a Pill", 1_800),
    ("Fleetwood Mac", "Rumours", "Don't Stop", 4_500),
    ("Fleetwood Mac", "Rumours", "Dreams", 26_000),
    ("Journey", "Escape", "Don't Stop Believin'", 22_000),
    ("The Smashing Pumpkins", "Mellon Collie and the Infinite Sadness", "1979", 6_500),
    ("Nena", "99 Luftballons", "99 Luftballons", 5_500),
    ("坂本龍一", "音楽図鑑", "Tibetan Dance", 900),
    ("坂本龍一", "1996", "戦場のメリークリスマス", 7_700),
    ("宇多田ヒカル", "First Love", "First Love", 9_100),
    ("방탄소년단", "화양연화", "봄날", 14_000),
    ("Кино", "Группа крови", "Группа крови", 3_300),
    ("Metallica", "Metallica", "Enter Sandman", 18_000),
    ("Metallica", "Master of Puppets", "Master of Puppets", 17_000),
    ("Metalica Tribute Band", "Covers", "Sad but True", 10),
    ("R.E.M.", "Out of Time", "Losing My Religion", 13_000),
    ("Ed Sheeran", "÷", "Shape of You", 60_000),
    ("!!!", "Louden Up Now", "Pardon My Freedom", 70),
    ("Röyksopp", "Melody A.M.", "Eple", 1_200),
    ("Beyoncé", "Lemonade", "Formation", 8_800),
    ("Antonín Dvořák", "Symphonies", "Symphony No. 9 in E Minor", 1_100),
    ("Die Ärzte", "Geräusch", "Unrockbar", 600),
    ("Mötley Crüe", "Dr. Feelgood", "Kickstart My Heart", 5_050),
    ("U2", "The Joshua Tree", "With or Without You", 19_000),
    ("M", "New York London Paris Munich", "Pop Muzik", 400),
    ("A-ha", "Hunting High and Low", "Take On Me", 33_000),
];

fn documents() -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    let mut add = |kind: Kind, title: &str, context: &[&str], popularity: u64| {
        let context: Vec<String> = context.iter().map(|&text| text.into()).collect();
        let same = documents
            .iter_mut()
            .find(|d| d.kind == kind && d.title == title && d.context == context);
        if let Some(same) = same {
            same.popularity += popularity;
        } else {
            let id = Uuid::from_u128(documents.len() as u128 + 1);
            documents.push(Document { kind, id, title: title.into(), context, popularity });
        }
    };
    for (artist, release, track, plays) in CATALOG {
        add(Kind::Track, track, &[artist, release], *plays);
        add(Kind::Artist, artist, &[], *plays);
        add(Kind::Release, release, &[artist], *plays);
    }
    documents
}

struct Library {
    index: Index,
    documents: Vec<Document>,
    _dir: tempfile::TempDir,
}

fn library() -> Library {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let documents = documents();
    // Several commits make several segments, as in life.
    for part in documents.chunks(30) {
        index.change(part, &[]).unwrap();
        index.commit(Some(1)).unwrap();
    }
    Library { index, documents, _dir: dir }
}

impl Library {
    fn search(&self, query: &str) -> Found {
        self.index.search(&Query::parse(query), 20).unwrap()
    }

    fn titles(&self, found: &Found, kind: Kind) -> Vec<&str> {
        let hits = match kind {
            Kind::Track => &found.tracks,
            Kind::Artist => &found.artists,
            Kind::Release => &found.releases,
        };
        let title = |id| self.documents.iter().find(|d| d.id == id).unwrap().title.as_str();
        hits.iter().map(|hit| title(hit.id)).collect()
    }

    fn top(&self, query: &str) -> String {
        let found = self.search(query);
        found.top.map_or("nothing".into(), |kind| {
            format!("{} {}", kind.as_str(), self.titles(&found, kind)[0])
        })
    }
}

#[test]
fn the_top_result_is_what_was_meant() {
    let library = library();
    let mut wrong = Vec::new();
    for (query, top) in [
        // Exact, in any case, with or without an article.
        ("beatles", "artist The Beatles"),
        ("THE BEATLES", "artist The Beatles"),
        ("help", "track Help!"),
        ("yesterday", "track Yesterday"),
        ("queen", "artist Queen"),
        ("dreams", "track Dreams"),
        // Typed letter by letter.
        ("b", "artist The Beatles"),
        ("q", "artist Queen"),
        ("m", "artist M"),
        ("bea", "artist The Beatles"),
        ("bohem", "track Bohemian Rhapsody"),
        ("bohemian rh", "track Bohemian Rhapsody"),
        ("here comes", "track Here Comes the Sun"),
        ("quee", "artist Queen"),
        // Diacritics, ligatures and other letters.
        ("bjork", "artist Björk"),
        ("Björk", "artist Björk"),
        ("sigur ros", "artist Sigur Rós"),
        ("motorhead", "artist Motörhead"),
        ("motley crue", "artist Mötley Crüe"),
        ("agaetis", "release Ágætis byrjun"),
        ("royksopp", "artist Röyksopp"),
        ("dvorak", "artist Antonín Dvořák"),
        ("hoppipolla", "track Hoppípolla"),
        ("beyonce", "artist Beyoncé"),
        // Signs.
        ("ac/dc", "artist AC/DC"),
        ("acdc", "artist AC/DC"),
        ("ac dc", "artist AC/DC"),
        ("p!nk", "artist P!nk"),
        ("pink", "artist P!nk"),
        ("dont stop", "track Don't Stop"),
        ("don't stop", "track Don't Stop"),
        ("don’t stop bel", "track Don't Stop Believin'"),
        ("rem", "artist R.E.M."),
        ("r.e.m", "artist R.E.M."),
        ("aha", "artist A-ha"),
        ("÷", "release ÷"),
        ("!!!", "artist !!!"),
        // Numbers.
        ("1979", "track 1979"),
        ("99 luft", "track 99 Luftballons"),
        ("u2", "artist U2"),
        ("symphony 9", "track Symphony No. 9 in E Minor"),
        // Any order, and across title, artist and release.
        ("rhapsody bohemian", "track Bohemian Rhapsody"),
        ("beatles help", "track Help!"),
        ("help beatles", "track Help!"),
        ("help beatl", "track Help!"),
        ("queen love", "track Love of My Life"),
        ("abbey road sun", "track Here Comes the Sun"),
        ("metallica sandman", "track Enter Sandman"),
        // Slips.
        ("beatels", "artist The Beatles"),
        ("beetles", "artist The Beatles"),
        ("bjrok", "artist Björk"),
        ("bohemain rapsody", "track Bohemian Rhapsody"),
        ("yesteday", "track Yesterday"),
        ("metalllica", "artist Metallica"),
        ("fleetwod mac", "artist Fleetwood Mac"),
        ("smahsing pumpkins", "artist The Smashing Pumpkins"),
        ("teh beatles", "artist The Beatles"),
        ("bohemiann rapsodi", "track Bohemian Rhapsody"),
        ("sigurros", "artist Sigur Rós"),
        ("luft ballons 99", "track 99 Luftballons"),
        // Other scripts.
        ("坂本龍一", "artist 坂本龍一"),
        ("龍一", "artist 坂本龍一"),
        ("坂", "artist 坂本龍一"),
        ("メリー", "track 戦場のメリークリスマス"),
        ("ヒカル", "artist 宇多田ヒカル"),
        ("봄날", "track 봄날"),
        ("방탄", "artist 방탄소년단"),
        ("группа", "track Группа крови"),
        // More words than there are.
        ("the beatles greatest hits", "artist The Beatles"),
        ("qqqqxyz", "nothing"),
        ("", "nothing"),
    ] {
        let got = library.top(query);
        if got != top {
            wrong.push(format!("{query:?}: {got}, not {top}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn groups_stand_best_first() {
    let library = library();
    let check = |query: &str, kind: Kind, titles: &[&str]| {
        let found = library.search(query);
        let got = library.titles(&found, kind);
        assert_eq!(got[..titles.len().min(got.len())], *titles, "{query:?}: {got:?}");
    };
    // Exact before popular, popular before the rest.
    check("help", Kind::Track, &["Help!", "Help", "Help! - Single Version", "Helpless Heart"]);
    check("help", Kind::Release, &["Help!", "Help!"]);
    check("queen", Kind::Artist, &["Queen", "Queens of the Stone Age"]);
    // By the artist alone: the popular ones first.
    check("beatles", Kind::Track, &["Here Comes the Sun", "Yesterday", "Come Together"]);
    check("beatles", Kind::Release, &["Abbey Road", "Help!"]);
    // A name with a slip is offered beside the name that was typed.
    check("metalica", Kind::Artist, &["Metalica Tribute Band", "Metallica"]);
    // The artist named in a longer query is offered.
    check("beatles help", Kind::Artist, &["The Beatles"]);
}

#[test]
fn no_hit_is_given_twice_and_scores_fall() {
    let library = library();
    for query in ["a", "the", "help", "love", "beatles help", "metalica", "don", "s"] {
        let found = library.search(query);
        for hits in [&found.tracks, &found.artists, &found.releases] {
            let mut ids: Vec<_> = hits.iter().map(|hit| hit.id).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), hits.len(), "{query}");
            assert!(hits.is_sorted_by(|one, two| one.score >= two.score), "{query}: {hits:?}");
        }
    }
}

#[test]
fn the_limit_takes_the_best() {
    let library = library();
    let all = library.search("s");
    for limit in 1..5 {
        let some = library.index.search(&Query::parse("s"), limit).unwrap();
        assert_eq!(some.tracks[..], all.tracks[..limit.min(all.tracks.len())]);
        assert_eq!(some.artists[..], all.artists[..limit.min(all.artists.len())]);
    }
}

#[test]
fn every_title_is_found_by_its_own_text_and_highlighted() {
    let library = library();
    for document in &library.documents {
        let query = Query::parse(&document.title);
        let found = library.index.search(&query, 50).unwrap();
        let hits = match document.kind {
            Kind::Track => &found.tracks,
            Kind::Artist => &found.artists,
            Kind::Release => &found.releases,
        };
        assert!(hits.iter().any(|hit| hit.id == document.id), "{}", document.title);
        let spans = highlight(&document.title, &query, false);
        assert!(spans.iter().any(|span| span.is_match), "{}", document.title);
    }
}
