//! What can be chosen in a profile.

/// Code (ISO 3166-1) and English name of each country, by name.
const COUNTRIES: &str = include_str!("countries.tsv");

/// Languages by their tag (BCP 47), each in its own name.
const LANGUAGES: [(&str, &str); 36] = [
    ("bg", "Български"),
    ("ca", "Català"),
    ("cs", "Čeština"),
    ("da", "Dansk"),
    ("de", "Deutsch"),
    ("et", "Eesti"),
    ("el", "Ελληνικά"),
    ("en", "English"),
    ("en-GB", "English (UK)"),
    ("en-US", "English (US)"),
    ("es", "Español"),
    ("eu", "Euskara"),
    ("fr", "Français"),
    ("ga", "Gaeilge"),
    ("gl", "Galego"),
    ("hr", "Hrvatski"),
    ("is", "Íslenska"),
    ("it", "Italiano"),
    ("lv", "Latviešu"),
    ("lt", "Lietuvių"),
    ("hu", "Magyar"),
    ("mt", "Malti"),
    ("nl", "Nederlands"),
    ("nb", "Norsk bokmål"),
    ("pl", "Polski"),
    ("pt", "Português"),
    ("pt-BR", "Português (Brasil)"),
    ("ro", "Română"),
    ("sk", "Slovenčina"),
    ("sl", "Slovenščina"),
    ("fi", "Suomi"),
    ("sv", "Svenska"),
    ("tr", "Türkçe"),
    ("uk", "Українська"),
    ("ja", "日本語"),
    ("zh", "中文"),
];

/// What stands for no choice.
const NONE: (&str, &str) = ("", "Not given");

pub fn countries() -> Vec<(String, String)> {
    let countries = COUNTRIES.lines().filter_map(|line| line.split_once('\t'));
    std::iter::once(NONE).chain(countries).map(owned).collect()
}

/// With the one that is chosen, whichever it is: another client may know more.
pub fn languages(chosen: Option<&str>) -> Vec<(String, String)> {
    let is_known = |tag: &str| LANGUAGES.iter().any(|(known, _)| *known == tag);
    let other = chosen.filter(|tag| !is_known(tag)).map(|tag| (tag, tag));
    std::iter::once(NONE).chain(LANGUAGES).chain(other).map(owned).collect()
}

fn owned((value, text): (&str, &str)) -> (String, String) {
    (value.to_owned(), text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_codes_and_names() {
        let countries = countries();
        assert_eq!(countries.len(), COUNTRIES.lines().count() + 1);
        for (code, name) in &countries[1..] {
            let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            assert!(is_code && !name.is_empty(), "{code} {name}");
        }
    }

    #[test]
    fn language_of_another_client_stays_chosen() {
        assert!(languages(Some("gsw")).iter().any(|(tag, _)| tag == "gsw"));
        assert_eq!(languages(Some("de")).len(), languages(None).len());
    }
}
