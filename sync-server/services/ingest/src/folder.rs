//! What a file's place says about it: its release's folder, its disc, its name.

use examine::paths;

/// The folder of the release a file is on: its own, or the one above where its own is a disc
/// (`CD1`, `Disc 2`). Relative to the root; empty for the root itself.
pub(crate) fn release_folder(path: &[u8]) -> &[u8] {
    let folder = parent(path);
    if disc_number(name(folder)).is_some() { parent(folder) } else { folder }
}

/// The disc a folder's name tells, such as `CD 2`, `disc_02`, `Disk-3 (Live)`.
pub(crate) fn disc_of(path: &[u8]) -> Option<u32> {
    disc_number(name(parent(path)))
}

fn disc_number(folder: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(folder).ok()?.to_lowercase();
    let rest = ["disque", "disc", "disk", "cd", "dvd", "lp"]
        .iter()
        .find_map(|word| text.strip_prefix(word))?
        .trim_start_matches([' ', '_', '-', '.', '#']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let tail = rest.get(digits..)?;
    // `CD2 - Live` is a disc, `CD2000` and `Discovery` are names.
    if !(1..=2).contains(&digits) || tail.starts_with(char::is_alphanumeric) {
        return None;
    }
    rest.get(..digits)?.parse().ok().filter(|number| *number > 0)
}

/// What a file's name tells where tags do not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    pub title: String,
    pub disc_number: Option<u32>,
    pub track_number: Option<u32>,
}

/// `03 - Title.mp3`, `2-07 Title.flac`, `03_title.ogg`.
pub(crate) fn named(path: &[u8]) -> Named {
    let shown = paths::shown(name(path));
    let stem = shown.rsplit_once('.').map_or(shown.as_str(), |(stem, _)| stem);
    let spaced = if stem.contains(' ') { stem.to_owned() } else { stem.replace('_', " ") };
    let (first, rest) = leading_number(&spaced);
    let (second, rest_of_two) = match rest.strip_prefix(['-', '.']) {
        Some(rest) => leading_number(rest),
        None => (None, rest),
    };
    let (disc_number, track_number, title) = match (first, second) {
        (Some(disc), Some(track)) if is_gap(rest_of_two) => (Some(disc), Some(track), rest_of_two),
        (Some(track), _) if is_gap(rest) => (None, Some(track), rest),
        _ => (None, None, spaced.as_str()),
    };
    let title = title.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '.' | '_'));
    // A name that is only a number is the title as well.
    let title = if title.is_empty() { spaced.trim() } else { title };
    let title =
        examine::clean(title, examine::TITLE_CHARS_MAX).unwrap_or_else(|| "Untitled".to_owned());
    Named { title, disc_number, track_number }
}

/// A number of one to three digits, and what follows.
fn leading_number(text: &str) -> (Option<u32>, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.split_at_checked(digits) {
        Some((number, rest)) if (1..=3).contains(&digits) => {
            (number.parse().ok().filter(|n| *n > 0), rest)
        }
        _ => (None, text),
    }
}

/// Between a number and a title: `99 Luftballons` is a risk taken, `7th Heaven` and `1999` none.
fn is_gap(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '-', '.', '_'])
}

pub(crate) fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |at| &path[..at])
}

pub(crate) fn name(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(path, |at| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discs_fold_into_their_release() {
        for (path, folder, disc) in [
            ("Ann/Album/01.mp3", "Ann/Album", None),
            ("Ann/Album/CD1/01.mp3", "Ann/Album", Some(1)),
            ("Ann/Album/Disc 02/01.mp3", "Ann/Album", Some(2)),
            ("Ann/Album/disk_3 (Live)/01.mp3", "Ann/Album", Some(3)),
            ("Ann/Discovery/01.mp3", "Ann/Discovery", None),
            ("Ann/CD2000/01.mp3", "Ann/CD2000", None),
            ("CD1/01.mp3", "", Some(1)),
            ("01.mp3", "", None),
        ] {
            assert_eq!(release_folder(path.as_bytes()), folder.as_bytes(), "{path}");
            assert_eq!(disc_of(path.as_bytes()), disc, "{path}");
        }
    }

    fn check(file: &str, disc: Option<u32>, track: Option<u32>, title: &str) {
        let expected = Named { title: title.to_owned(), disc_number: disc, track_number: track };
        assert_eq!(named(file.as_bytes()), expected, "{file}");
    }

    #[test]
    fn names_tell_number_and_title() {
        check("a/03 - Blue Monday.mp3", None, Some(3), "Blue Monday");
        check("03. Blue.Monday.flac", None, Some(3), "Blue.Monday");
        check("2-07 Encore.flac", Some(2), Some(7), "Encore");
        check("03_blue_monday.ogg", None, Some(3), "blue monday");
        check("1999.mp3", None, None, "1999");
        check("07.mp3", None, Some(7), "07");
        check("7th Heaven.mp3", None, None, "7th Heaven");
        check("Blue Monday", None, None, "Blue Monday");
        check("???.mp3", None, None, "???");
    }
}
