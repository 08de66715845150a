//! Text cut into the words the index holds, each character with its place in the original.
//!
//! Folding is [`domain::text::fold`], character by character, so that every folded character
//! knows where it came from. Beside the words of [`domain::text::words`] there are the other
//! ways people write a name: signs inside a word left out (`AC/DC` as `acdc`) or read as the
//! letters they stand for (`P!nk` as `pink`).

use std::ops::Range;

use domain::text::fold;

/// A word, folded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    pub text: String,
    /// For each character of `text`, the bytes of the original it came from.
    pub places: Vec<Range<usize>>,
    /// Of a script that puts no spaces between words.
    pub is_unspaced: bool,
}

/// A text, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    /// In order.
    pub words: Vec<Word>,
    /// Other spellings of neighbouring words written without a space between.
    pub spellings: Vec<Word>,
    /// The whole text as one key, once for each way to spell it, without a leading article.
    pub keys: Vec<String>,
}

/// Longest key, in characters; longer ones are cut.
const KEY_CHARS_MAX: usize = 64;
/// Longest spelling that is made of several words, in characters.
const SPELLING_CHARS_MAX: usize = 20;

/// A folded character and where it came from.
#[derive(Clone)]
struct Glyph {
    c: char,
    place: Range<usize>,
}

/// Reads a text.
pub fn read(text: &str) -> Text {
    let glyphs = glyphs(text);
    let chunks = glyphs.split(|glyph| glyph.c.is_whitespace()).filter(|chunk| !chunk.is_empty());
    let mut read = Text::default();
    let (mut plain, mut joined, mut lettered) = (Vec::new(), Vec::new(), Vec::new());
    for chunk in chunks {
        let words = words_of(chunk);
        let plain_chunk = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        let one = joined_spelling(chunk, &words);
        let two = lettered_spelling(chunk);
        let spelt = |word: &Option<Word>| word.as_ref().map(|w| w.text.clone());
        joined.push(spelt(&one).unwrap_or_else(|| plain_chunk.clone()));
        lettered.push(spelt(&two).unwrap_or_else(|| plain_chunk.clone()));
        plain.push(plain_chunk);
        read.spellings.extend(one);
        read.spellings.extend(two.filter(|w| !words.iter().any(|word| word.text == w.text)));
        read.words.extend(words);
    }
    if read.words.is_empty() {
        read.words = signs_of(&glyphs);
        plain = read.words.iter().map(|w| w.text.clone()).collect();
    }
    for key in [key(&plain), key(&joined), key(&lettered)] {
        if !key.is_empty() && !read.keys.contains(&key) {
            read.keys.push(key);
        }
    }
    read
}

/// Whether a script writes words without spaces between them: Thai and its neighbours, kana,
/// Chinese characters.
pub fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{20000}'..='\u{3ffff}')
}

fn glyphs(text: &str) -> Vec<Glyph> {
    let mut glyphs: Vec<Glyph> = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for (start, c) in text.char_indices() {
        let place = start..start + c.len_utf8();
        if c.is_ascii() {
            glyphs.push(Glyph { c: c.to_ascii_lowercase(), place });
            continue;
        }
        let folded = fold(c.encode_utf8(&mut buffer));
        match glyphs.last_mut() {
            // A combining mark belongs to the letter before it.
            Some(last) if folded.is_empty() => last.place.end = place.end,
            _ => glyphs.extend(folded.chars().map(|c| Glyph { c, place: place.clone() })),
        }
    }
    glyphs
}

fn word(glyphs: impl IntoIterator<Item = Glyph>) -> Word {
    let mut word = Word { text: String::new(), places: Vec::new(), is_unspaced: false };
    for glyph in glyphs {
        word.text.push(glyph.c);
        word.places.push(glyph.place);
        word.is_unspaced |= is_unspaced(glyph.c);
    }
    word
}

/// The words of text without spaces: runs of letters and digits of one kind of script.
fn words_of(chunk: &[Glyph]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut run: Vec<Glyph> = Vec::new();
    for glyph in chunk.iter().filter(|glyph| glyph.c != '\'') {
        let ends = run.last().is_some_and(|last| is_unspaced(last.c) != is_unspaced(glyph.c));
        if (ends || !glyph.c.is_alphanumeric()) && !run.is_empty() {
            words.push(word(std::mem::take(&mut run)));
        }
        if glyph.c.is_alphanumeric() {
            run.push(glyph.clone());
        }
    }
    if !run.is_empty() {
        words.push(word(run));
    }
    words
}

/// `AC/DC` as `acdc`.
fn joined_spelling(chunk: &[Glyph], words: &[Word]) -> Option<Word> {
    if words.len() < 2 || words.iter().any(|w| w.is_unspaced) {
        return None;
    }
    let joined = word(chunk.iter().filter(|g| g.c.is_alphanumeric()).cloned());
    (joined.places.len() <= SPELLING_CHARS_MAX).then_some(joined)
}

/// `P!nk` as `pink`, `Ke$ha` as `kesha`.
fn lettered_spelling(chunk: &[Glyph]) -> Option<Word> {
    let letter = |idx: usize| {
        let is_letter = |idx: usize| chunk.get(idx).is_some_and(|g| g.c.is_alphanumeric());
        match chunk[idx].c {
            '$' => Some('s'),
            '@' => Some('a'),
            '!' if is_letter(idx + 1) => Some('i'),
            _ => None,
        }
    };
    let has_letters = chunk.iter().any(|g| g.c.is_alphabetic());
    if !has_letters || !(0..chunk.len()).any(|idx| letter(idx).is_some()) {
        return None;
    }
    let spelt = chunk
        .iter()
        .enumerate()
        .map(|(idx, g)| Glyph { c: letter(idx).unwrap_or(g.c), place: g.place.clone() })
        .filter(|g| g.c.is_alphanumeric());
    Some(word(spelt)).filter(|w| w.places.len() <= SPELLING_CHARS_MAX)
}

/// What a text of signs only (`!!!`, `+`) is found by: the signs.
fn signs_of(glyphs: &[Glyph]) -> Vec<Word> {
    glyphs
        .split(|glyph| glyph.c.is_whitespace())
        .filter(|chunk| !chunk.is_empty())
        .map(|chunk| word(chunk.iter().cloned()))
        .collect()
}

fn key(chunks: &[String]) -> String {
    let joined =
        chunks.iter().filter(|c| !c.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ");
    without_article(&joined).chars().take(KEY_CHARS_MAX).collect()
}

/// A key without its leading article, unless nothing else is left.
pub fn without_article(key: &str) -> &str {
    ["the ", "a ", "an "].into_iter().find_map(|article| key.strip_prefix(article)).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|w| w.text.as_str()).collect()
    }

    fn check(text: &str, words: &[&str], spellings: &[&str], keys: &[&str]) {
        let read = read(text);
        assert_eq!(texts(&read.words), words, "{text}");
        assert_eq!(texts(&read.spellings), spellings, "{text}");
        assert_eq!(read.keys, keys, "{text}");
    }

    #[test]
    fn names_are_read_in_every_way_people_write_them() {
        check("The Beatles", &["the", "beatles"], &[], &["beatles"]);
        check("AC/DC", &["ac", "dc"], &["acdc"], &["ac dc", "acdc"]);
        check("P!nk", &["p", "nk"], &["pnk", "pink"], &["p nk", "pnk", "pink"]);
        check("Don’t Stop!", &["dont", "stop"], &[], &["dont stop"]);
        check("$uicideboy$", &["uicideboy"], &["suicideboys"], &["uicideboy", "suicideboys"]);
        check("坂本龍一 live", &["坂本龍一", "live"], &[], &["坂本龍一 live"]);
        check("YMOの坂本", &["ymo", "の坂本"], &[], &["ymo の坂本"]);
        check("!!!", &["!!!"], &[], &["!!!"]);
        check("The The", &["the", "the"], &[], &["the"]);
        check(" ", &[], &[], &[]);
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let text = "Mo\u{308}tley Straße Æon";
        let read = read(text);
        let original = |word: usize, from: usize, to: usize| {
            let places = &read.words[word].places;
            &text[places[from].start..places[to].end]
        };
        assert_eq!(original(0, 0, 5), "Mo\u{308}tley");
        assert_eq!(original(0, 1, 1), "o\u{308}");
        assert_eq!(original(1, 4, 5), "ß");
        assert_eq!(original(2, 0, 1), "Æ");
    }

    proptest! {
        #[test]
        fn reading_agrees_with_the_shared_rules(text in "[ \\PC]{0,40}") {
            let by_rule = domain::text::words(&text);
            let read = read(&text);
            if by_rule.is_empty() {
                return Ok(());
            }
            // Runs of unspaced scripts are words of their own here.
            prop_assert_eq!(texts(&read.words).concat(), by_rule.concat());
            if !text.chars().any(|c| fold(&c.to_string()).chars().any(is_unspaced)) {
                prop_assert_eq!(texts(&read.words), by_rule);
            }
        }

        #[test]
        fn places_lie_on_characters_in_order(text in "\\PC{0,40}") {
            for word in read(&text).words {
                let mut end = 0;
                for place in &word.places {
                    prop_assert!(text.get(place.clone()).is_some());
                    prop_assert!(place.end >= end);
                    end = place.end;
                }
                prop_assert_eq!(word.text.chars().count(), word.places.len());
            }
        }
    }
}
