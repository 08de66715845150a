//! What a listener typed, and the plan by which it is looked for.
//!
//! A plan is a list of [`Tier`]s, best first: each is a set of ways to match, each way a list of
//! clauses that must all hold, each clause a list of terms of which one must be there. Within a
//! tier results stand by [`Document::rank`](crate::Document::rank), so that an engine whose
//! documents lie in that order may stop at the first ones it meets. Plans are plain boolean
//! queries over exact terms: any full text engine can serve them.

use crate::{
    document::{FIRST, KEY, Kind, Scope, query_terms},
    words::{Word, read, without_article},
};

/// Most words that are looked at; what follows is ignored.
const WORDS_MAX: usize = 10;
/// Most words of which every neighbouring group is tried as a name.
const NAME_WORDS_MAX: usize = 6;

/// A query, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query {
    pub words: Vec<QueryWord>,
    keys: Vec<String>,
}

/// A word of a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryWord {
    /// Folded.
    pub text: String,
    /// Of a script that puts no spaces between words.
    pub is_unspaced: bool,
    /// It may go on: the listener is still typing it.
    pub is_open: bool,
}

/// How well something matches, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grade {
    /// The title is the query.
    Exact,
    /// The title has all words, and begins with the first.
    Starts,
    /// The title has all words.
    Title,
    /// Some of the words are the title, the others are in its context.
    ExactAcross,
    /// The title begins with one of the words, the others are there or in its context.
    StartsAcross,
    /// All words are in the title or its context.
    Across,
    /// All words are there as beginnings of words.
    Loose,
    /// The title is a part of the query: an artist named beside something else.
    Named,
    /// The title is the query but for a slip.
    NearExact,
    NearStarts,
    NearTitle,
    NearAcross,
    /// Some words are there.
    Part,
}

/// Below every grade.
pub const N_GRADES: u8 = Grade::Part as u8 + 1;

/// A term that may be there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    pub scope: Scope,
    pub text: String,
}

/// Terms of which one must be there.
pub type Clause = Vec<Term>;
/// Clauses that must all hold.
pub type Way = Vec<Clause>;

/// Ways to match that are equally good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tier {
    pub grade: Grade,
    pub ways: Vec<Way>,
}

/// What may stand for a word: lists of terms, of each of which one must be there.
pub type Forms = Vec<Vec<String>>;

impl Query {
    /// Reads what was typed. The last word is open unless a space follows it.
    pub fn parse(text: &str) -> Self {
        let read = read(text);
        let n_words = read.words.len();
        let is_closed = text.ends_with(char::is_whitespace) || n_words > WORDS_MAX;
        let query_word = |(idx, word): (usize, Word)| QueryWord {
            text: word.text,
            is_unspaced: word.is_unspaced,
            is_open: idx + 1 == n_words && !is_closed,
        };
        let words = read.words.into_iter().enumerate().take(WORDS_MAX).map(query_word).collect();
        Self { words, keys: read.keys }
    }

    /// The whole query as titles are kept.
    pub fn key(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    /// Another query, with the words of this one in another form.
    pub fn with_words(words: Vec<QueryWord>) -> Self {
        let key = key(&words);
        Self { words, keys: vec![key] }
    }

    /// The same query with words joined or parted as the index knows them: `sigurros` as
    /// `sigur ros`, `day dream` as `daydream`. `is_known` tells whether a term is there.
    pub fn respaced(&self, is_known: impl Fn(&str) -> bool) -> Vec<Self> {
        let mut queries = Vec::new();
        for idx in 1..self.words.len() {
            let (one, two) = (&self.words[idx - 1], &self.words[idx]);
            let text = format!("{}{}", one.text, two.text);
            let joined = QueryWord { text, is_unspaced: one.is_unspaced, is_open: two.is_open };
            if one.is_unspaced == two.is_unspaced && forms(&joined).iter().all(|f| is_known(f)) {
                let mut words = self.words.clone();
                words.splice(idx - 1..=idx, [joined]);
                queries.push(Self::with_words(words));
            }
        }
        for (idx, word) in self.words.iter().enumerate().filter(|(_, word)| !word.is_unspaced) {
            let cuts = word.text.char_indices().map(|(at, _)| at).skip(2);
            for cut in cuts.filter(|cut| word.text.len() - cut >= 2) {
                let (head, tail) = word.text.split_at(cut);
                let head = QueryWord { text: head.into(), is_open: false, ..word.clone() };
                let tail = QueryWord { text: tail.into(), ..word.clone() };
                if forms(&head).iter().chain(&forms(&tail)).all(|form| is_known(form)) {
                    let mut words = self.words.clone();
                    words.splice(idx..=idx, [head, tail]);
                    queries.push(Self::with_words(words));
                }
            }
        }
        queries
    }

    /// The plan without slips.
    pub fn tiers(&self, kind: Kind) -> Vec<Tier> {
        let forms = self.forms();
        let n = self.words.len();
        let mut tiers = vec![
            Tier {
                grade: Grade::Exact,
                ways: self.keys.iter().map(|key| vec![is_key(key)]).collect(),
            },
            Tier { grade: Grade::Starts, ways: vec![self.starts(&forms)] },
            Tier { grade: Grade::Title, ways: vec![all_in(Scope::Title, &forms)] },
        ];
        if kind != Kind::Artist && n > 1 {
            tiers.push(Tier { grade: Grade::ExactAcross, ways: self.splits(&forms) });
            let starts = |idx: usize| begins(&forms[idx], &forms, Scope::Any);
            tiers.push(Tier { grade: Grade::StartsAcross, ways: (0..n).map(starts).collect() });
        }
        if kind != Kind::Artist {
            tiers.push(Tier { grade: Grade::Across, ways: vec![all_in(Scope::Any, &forms)] });
        }
        tiers.push(Tier { grade: Grade::Loose, ways: self.loose() });
        if kind == Kind::Artist {
            tiers.push(Tier { grade: Grade::Named, ways: self.names() });
        }
        tiers
    }

    /// The plan with slips: `forms` holds for each word what it may have meant, `keys` what the
    /// whole query may have meant.
    pub fn near_tiers(&self, kind: Kind, forms: &[Forms], keys: &[String]) -> Vec<Tier> {
        let exact = keys.iter().map(|key| term(Scope::Head, format!("{KEY}{key}"))).collect();
        let mut tiers = vec![
            Tier { grade: Grade::NearExact, ways: vec![vec![exact]] },
            Tier { grade: Grade::NearStarts, ways: vec![self.starts(forms)] },
            Tier { grade: Grade::NearTitle, ways: vec![all_in(Scope::Title, forms)] },
        ];
        if kind != Kind::Artist {
            tiers.push(Tier { grade: Grade::NearAcross, ways: vec![all_in(Scope::Any, forms)] });
        }
        tiers
    }

    /// The plan that finds where the others found nothing: all words but one, then any one.
    pub fn part_tiers(&self, forms: &[Forms]) -> Vec<Tier> {
        let n = self.words.len();
        let without = |left_out: usize| -> Way {
            let rest = forms.iter().enumerate().filter(|(idx, _)| *idx != left_out);
            rest.flat_map(|(_, forms)| clauses(Scope::Any, "", forms)).collect()
        };
        let alone = |idx: usize| clauses(Scope::Any, "", &forms[idx]).collect();
        let is_telling = |idx: &usize| {
            let word = &self.words[*idx];
            word.is_unspaced || word.text.chars().count() > 2
        };
        let mut tiers = Vec::new();
        if n > 1 {
            tiers.push(Tier { grade: Grade::Part, ways: (0..n).map(without).collect() });
        }
        if n > 2 {
            let ways = (0..n).filter(is_telling).map(alone).collect();
            tiers.push(Tier { grade: Grade::Part, ways });
        }
        tiers
    }

    /// What stands for each word as it was typed.
    pub fn forms(&self) -> Vec<Forms> {
        self.words
            .iter()
            .map(|word| forms(word).into_iter().map(|form| vec![form]).collect())
            .collect()
    }

    /// All words in the title, which begins with the first; an article does not count.
    fn starts(&self, forms: &[Forms]) -> Way {
        let first = usize::from(self.n_articles());
        forms.get(first).map(|first| begins(first, forms, Scope::Title)).unwrap_or_default()
    }

    fn n_articles(&self) -> u8 {
        let is_article = |word: &QueryWord| matches!(word.text.as_str(), "the" | "a" | "an");
        u8::from(self.words.len() > 1 && is_article(&self.words[0]))
    }

    /// Each way to cut the query in two, of which one part is the title.
    fn splits(&self, forms: &[Forms]) -> Vec<Way> {
        let way = |title: &[QueryWord], rest: &[Forms]| {
            let mut way = all_in(Scope::Any, rest);
            way.push(is_key(&key(title)));
            way
        };
        (1..self.words.len())
            .flat_map(|cut| {
                let (head, tail) = self.words.split_at(cut);
                [way(head, &forms[cut..]), way(tail, &forms[..cut])]
            })
            .collect()
    }

    /// Each group of neighbouring words as a whole name.
    fn names(&self) -> Vec<Way> {
        let words = &self.words[..self.words.len().min(NAME_WORDS_MAX)];
        let mut keys: Vec<String> = Vec::new();
        for len in (1..words.len()).rev() {
            keys.extend(words.windows(len).map(key));
        }
        keys.iter().map(|key| vec![is_key(key)]).collect()
    }

    /// Every word as a beginning, in any order; then without the article.
    fn loose(&self) -> Vec<Way> {
        let open: Vec<Forms> = self
            .words
            .iter()
            .map(|word| QueryWord { is_open: true, ..word.clone() })
            .map(|word| forms(&word).into_iter().map(|form| vec![form]).collect())
            .collect();
        let mut ways = Vec::new();
        if open.len() > 1 || self.words.iter().any(|word| !word.is_open) {
            ways.push(all_in(Scope::Any, &open));
        }
        if self.n_articles() > 0 {
            ways.push(all_in(Scope::Any, &open[1..]));
        }
        ways
    }
}

fn forms(word: &QueryWord) -> Vec<String> {
    query_terms(&word.text, word.is_unspaced, word.is_open)
}

fn key(words: &[QueryWord]) -> String {
    let joined = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
    without_article(&joined).to_owned()
}

fn term(scope: Scope, text: String) -> Term {
    Term { scope, text }
}

fn is_key(key: &str) -> Clause {
    vec![term(Scope::Head, format!("{KEY}{key}"))]
}

fn clauses(scope: Scope, before: &str, forms: &Forms) -> impl Iterator<Item = Clause> {
    forms.iter().map(move |any_of| {
        any_of.iter().map(|form| term(scope, format!("{before}{form}"))).collect()
    })
}

fn all_in(scope: Scope, forms: &[Forms]) -> Way {
    forms.iter().flat_map(|forms| clauses(scope, "", forms)).collect()
}

/// `first` begins the title, all of `forms` are in `scope`.
fn begins(first: &Forms, forms: &[Forms], scope: Scope) -> Way {
    let rest = forms.iter().filter(|forms| !std::ptr::eq(*forms, first));
    let rest = rest.flat_map(|forms| clauses(scope, "", forms));
    clauses(Scope::Head, &FIRST.to_string(), first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(query: &Query) -> String {
        let word = |w: &QueryWord| format!("{}{}", w.text, if w.is_open { "*" } else { "" });
        query.words.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_last_word_stays_open_until_a_space() {
        for (text, read) in [
            ("Sigur Ró", "sigur ro*"),
            ("sigur ", "sigur"),
            ("", ""),
            ("a b c d e f g h i j k l", "a b c d e f g h i j"),
            ("ac/dc", "ac dc*"),
        ] {
            assert_eq!(words(&Query::parse(text)), read, "{text}");
        }
        assert_eq!(Query::parse("The Beatles").key(), "beatles");
    }

    #[test]
    fn words_are_joined_and_parted_as_the_index_knows_them() {
        let known = ["sigur ", "ros", "daydream", "on ", "ly"];
        let respaced = |text: &str| {
            let queries = Query::parse(text).respaced(|term| known.contains(&term));
            queries.iter().map(words).collect::<Vec<_>>()
        };
        assert_eq!(respaced("sigurros"), ["sigur ros*"]);
        assert_eq!(respaced("day dream"), ["daydream*"]);
        assert!(respaced("nothing known").is_empty());
    }

    #[test]
    fn a_plan_goes_from_the_whole_title_to_any_word() {
        let grades = |tiers: Vec<Tier>| tiers.iter().map(|t| t.grade).collect::<Vec<_>>();
        let query = Query::parse("beatles help");
        let mut all = grades(query.tiers(Kind::Track));
        all.extend(grades(query.near_tiers(Kind::Track, &query.forms(), &[])));
        all.extend(grades(query.part_tiers(&query.forms())));
        assert!(all.is_sorted(), "{all:?}");
        let key = |text: &str| vec![Term { scope: Scope::Head, text: format!("={text}") }];
        let splits = &query.tiers(Kind::Track)[3];
        assert!(splits.ways.iter().any(|way| way.contains(&key("beatles"))));
        assert!(splits.ways.iter().any(|way| way.contains(&key("help"))));
    }
}
