//! A catalog of any size with names as they are in real ones: few words very often, most words
//! seldom (Zipf's law), a few thousand artists with most of the plays. The same seed makes the
//! same catalog.

/// Words that many titles have, the most frequent first.
const FREQUENT: &str = "the of a and you in to love my me i on for is it night with one time no \
    your all we be day song life live up out home heart blue world man girl dance down light \
    dream baby from this that black way little never sun moon rain fire good away new old red \
    again like now what when how don't can't i'm it's let go come back stay wait run fall rise \
    stand high low sweet lonely lost last first alone forever always summer winter city street \
    river road ocean sea sky star stars golden silver white green wild young free true crazy \
    beautiful broken burning falling dancing dreaming waiting running remix edit version mix \
    acoustic instrumental intro interlude outro part symphony sonata concerto minor major no. \
    op. allegro andante adagio suite dub radio original extended club session feat. blues soul \
    rock jazz funk party music sound silence shadow ghost angel devil heaven hell god king \
    queen soldier stranger brother sister mother father child children friend friends lover \
    kiss touch feel hold hand eyes face smile tears cry laugh sing tell say know think believe \
    want need give take make break change turn leave find keep call hear see look watch walk \
    drive fly swim climb train car plane boat house room door window wall mirror picture letter \
    book story tale name word number two three seven hundred thousand million nothing something \
    everything everybody somebody nobody anything amor noche vida corazon sol luna mi tu el la \
    de los que ya je t'aime nuit coeur l'amour über mädchen straße für café naïve niño año";

const ONSETS: [&str; 28] = [
    "b", "br", "c", "ch", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "kr", "l", "m", "n", "p",
    "qu", "r", "s", "sh", "st", "t", "tr", "v", "w", "z",
];
const VOWELS: [&str; 14] =
    ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ea", "ou", "ai", "ö", "é"];
const CODAS: [&str; 14] = ["", "", "", "", "n", "r", "s", "l", "t", "m", "nd", "ck", "ng", "x"];

/// Words in the vocabulary.
const N_WORDS: usize = 120_000;

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

pub struct Artist {
    pub name: String,
}

pub struct Release {
    pub title: String,
    pub artist_idx: usize,
}

pub struct Track {
    pub title: String,
    pub release_idx: usize,
    pub n_plays: u64,
}

pub struct Catalog {
    pub artists: Vec<Artist>,
    pub releases: Vec<Release>,
    pub tracks: Vec<Track>,
}

impl Catalog {
    /// About eleven tracks a release and three releases an artist, as in real libraries.
    pub fn new(n_tracks: usize) -> Self {
        let mut names = Names::new();
        let n_releases = n_tracks.div_ceil(11);
        let n_artists = n_releases.div_ceil(3);
        let artists: Vec<Artist> =
            (0..n_artists).map(|_| Artist { name: names.artist() }).collect();
        let releases: Vec<Release> = (0..n_releases)
            .map(|_| Release {
                // A few artists have very many releases.
                artist_idx: (names.random.unit().powi(2) * n_artists as f64) as usize,
                title: names.title(),
            })
            .collect();
        let tracks = (0..n_tracks)
            .map(|idx| Track {
                title: names.title(),
                release_idx: idx / 11,
                n_plays: names.random.unit().powi(-2).min(1e7) as u64 - 1,
            })
            .collect();
        Self { artists, releases, tracks }
    }

    pub fn artist_of(&self, track: &Track) -> &Artist {
        &self.artists[self.releases[track.release_idx].artist_idx]
    }
}

/// What a listener types: a title, an artist, or both, as the letters come. With `has_slip`,
/// one letter of a word is wrong, and only what is typed from there on counts.
pub fn typed(catalog: &Catalog, random: &mut Random, has_slip: bool) -> Vec<String> {
    loop {
        // Two tracks looked at, the more played one searched: people look for what is known.
        let (one, two) = (random.below(catalog.tracks.len()), random.below(catalog.tracks.len()));
        let (one, two) = (&catalog.tracks[one], &catalog.tracks[two]);
        let track = if one.n_plays > two.n_plays { one } else { two };
        let artist = &catalog.artist_of(track).name;
        let text = match random.below(4) {
            0 | 1 => track.title.clone(),
            2 => artist.clone(),
            _ => format!("{artist} {}", track.title),
        };
        let text: Vec<char> = text.to_lowercase().chars().take(24).collect();
        let (text, from) = if has_slip {
            match slip(&text, random) {
                Some(slipped) => slipped,
                None => continue,
            }
        } else {
            (text, 1)
        };
        return (from..=text.len()).map(|n| text[..n].iter().collect()).collect();
    }
}

/// The text with one slip in a word of at least five letters, and the number of characters
/// after which it is typed.
fn slip(text: &[char], random: &mut Random) -> Option<(Vec<char>, usize)> {
    let words: Vec<_> = text
        .split(|c| !c.is_alphanumeric())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize) / size_of::<char>()..)
        .map(|from| from.start)
        .filter(|&from| text[from..].iter().take_while(|c| c.is_alphanumeric()).count() >= 5)
        .collect();
    let from = *words.get(random.below(words.len().max(1)))?;
    // Not in the first letter: that one people seldom miss.
    let at = from + 1 + random.below(3);
    let mut text = text.to_vec();
    let letter = char::from(b'a' + random.below(26) as u8);
    match random.below(4) {
        0 => text.swap(at, at + 1),
        1 => text[at] = letter,
        2 => text.insert(at, letter),
        _ => drop(text.remove(at)),
    }
    Some((text.clone(), (at + 3).min(text.len())))
}

struct Names {
    random: Random,
    words: Vec<String>,
    /// Of the words up to each, summed up to 1.
    shares: Vec<f64>,
}

impl Names {
    fn new() -> Self {
        let mut random = Random::new(1);
        let mut words: Vec<String> = FREQUENT.split_whitespace().map(str::to_owned).collect();
        while words.len() < N_WORDS {
            let n_syllables = 1 + random.below(2) + random.below(2);
            let mut word = String::new();
            for _ in 0..n_syllables {
                word.push_str(ONSETS[random.below(ONSETS.len())]);
                word.push_str(VOWELS[random.below(VOWELS.len())]);
            }
            word.push_str(CODAS[random.below(CODAS.len())]);
            words.push(word);
        }
        let weights: Vec<f64> = (0..words.len()).map(|rank| 1.0 / (rank as f64 + 2.7)).collect();
        let sum: f64 = weights.iter().sum();
        let shares = weights
            .iter()
            .scan(0.0, |so_far, weight| {
                *so_far += weight / sum;
                Some(*so_far)
            })
            .collect();
        Self { random, words, shares }
    }

    fn word(&mut self) -> String {
        let share = self.random.unit();
        let idx = self.shares.partition_point(|&to| to < share);
        self.words[idx.min(self.words.len() - 1)].clone()
    }

    /// A word that is not among the frequent ones.
    fn rare_word(&mut self) -> String {
        let n_frequent = FREQUENT.split_whitespace().count();
        let idx = n_frequent + self.random.below(self.words.len() - n_frequent);
        self.words[idx].clone()
    }

    fn title(&mut self) -> String {
        let n_words = [1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 7][self.random.below(12)];
        let words: Vec<String> = (0..n_words).map(|_| capital(&self.word())).collect();
        let title = words.join(" ");
        match self.random.below(12) {
            0 => format!("{title} (Live)"),
            1 => format!("{title} - Remastered {}", 1965 + self.random.below(58)),
            _ => title,
        }
    }

    fn artist(&mut self) -> String {
        match self.random.below(5) {
            0 => format!("The {}s", capital(&self.rare_word())),
            1 => capital(&self.rare_word()),
            2 => format!("{} & {}", capital(&self.rare_word()), capital(&self.rare_word())),
            _ => format!("{} {}", capital(&self.rare_word()), capital(&self.rare_word())),
        }
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
