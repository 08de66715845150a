//! Genres: lists, and the numbers of ID3v1 that ID3v2 still carries.

use lofty::id3::v1::GENRES;

use super::text::clean;

/// Names of genres, at most `n_max`, each once whatever its case.
pub(super) fn normalise(values: Vec<String>, n_max: usize) -> Vec<String> {
    let mut genres: Vec<String> = Vec::new();
    for name in values.iter().flat_map(|value| parts(value)) {
        if let Some(name) = clean(&name, 100)
            && !genres.iter().any(|known| known.to_lowercase() == name.to_lowercase())
        {
            genres.push(name);
        }
    }
    genres.truncate(n_max);
    genres
}

/// `Rock; Pop`, `17`, `(17)`, `(4)Eurodisco` (ID3v2.3, section 4.2.1).
fn parts(value: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in value.split([';', '\0']).flat_map(|part| part.split(" / ")) {
        let mut rest = part.trim();
        while let Some((code, tail)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
            let Some(name) = by_code(code) else { break };
            names.push(name);
            rest = tail.trim();
        }
        match by_code(rest) {
            Some(name) => names.push(name),
            // A refinement of the number before it, or a name; `((` escapes a bracket.
            None => {
                names.push(rest.strip_prefix("((").map_or(rest.to_owned(), |r| format!("({r}")));
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn by_code(code: &str) -> Option<String> {
    match code {
        "RX" => Some("Remix".to_owned()),
        "CR" => Some("Cover".to_owned()),
        _ if code.len() <= 3 && code.bytes().all(|b| b.is_ascii_digit()) => {
            let name = GENRES.get(code.parse::<usize>().ok()?)?;
            Some((*name).to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], genres: &[&str]) {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        assert_eq!(normalise(values, 20), genres);
    }

    #[test]
    fn genre_lists_and_numbers() {
        check(&["Rock", "rock", "Pop"], &["Rock", "Pop"]);
        check(&["Rock; Drum & Bass"], &["Rock", "Drum & Bass"]);
        check(&["17"], &["Rock"]);
        check(&["(17)"], &["Rock"]);
        check(&["(4)Eurodisco"], &["Disco", "Eurodisco"]);
        check(&["(17)(RX)"], &["Rock", "Remix"]);
        check(&["Hip-Hop/Rap"], &["Hip-Hop/Rap"]);
        check(&["(bracketed) name"], &["(bracketed) name"]);
        check(&["255"], &["255"]);
    }
}
