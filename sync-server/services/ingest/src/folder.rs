//! What a file's place says about it: its release's folder, its disc, its name.

use examine::paths;

/// The folder of the release a file is on: its own, or the one above where its own is a disc
/// (`CD1`, `Disc 2`). Relative to the root; empty for the root itself. Of `Album (Disc 2)` the
/// part before the bracket: folders of one release need not share one, but this they share.
pub(crate) fn release_folder(path: &[u8]) -> &[u8] {
    let folder = parent(path);
    if is_disc(folder) {
        return parent(folder);
    }
    let suffix = std::str::from_utf8(name(folder)).ok().and_then(disc_suffix);
    suffix.map_or(folder, |(title, _)| &folder[..folder.len() - name(folder).len() + title.len()])
}

/// The disc a folder's name tells, such as `CD 2`, `disc_02`, `Disk-3 (Live)`, `Album [CD 2]`.
pub(crate) fn disc_of(path: &[u8]) -> Option<u32> {
    let folder = name(parent(path));
    let suffix = || disc_suffix(std::str::from_utf8(folder).ok()?).map(|(_, disc)| disc);
    disc_number(folder).or_else(suffix)
}

/// Whether a folder is a disc of the release in the folder above.
pub(crate) fn is_disc(folder: &[u8]) -> bool {
    disc_number(name(folder)).is_some()
}

/// What an untagged file's release is called: its folder, without what only says which disc it
/// is. `root` is the name of the library's own folder.
pub(crate) fn release_title(path: &[u8], root: &[u8]) -> Option<String> {
    let folder = name(release_folder(path));
    let folder = if folder.is_empty() { root } else { folder };
    let shown = shown(folder);
    let spaced = if shown.contains(' ') { shown } else { shown.replace('_', " ") };
    examine::clean(&spaced, examine::TITLE_CHARS_MAX)
}

/// Title and disc of `Album (Disc 2)`, `Album [CD2]`, `Album (CD 1 - Live)`.
pub(crate) fn disc_suffix(text: &str) -> Option<(&str, u32)> {
    let inner = text.trim_end().strip_suffix([')', ']'])?;
    let at = inner.rfind(['(', '['])?;
    let title = inner[..at].trim_end();
    let disc = disc_number(inner[at + 1..].trim().as_bytes())?;
    (!title.is_empty()).then_some((title, disc))
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

/// A name for people: line breaks and the like are no part of a title.
fn shown(name: &[u8]) -> String {
    let shown = |text: &str| text.replace(char::is_control, " ");
    std::str::from_utf8(name).map_or_else(|_| paths::shown(name), shown)
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
    let shown = shown(name(path));
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
            ("Ann/Album (Disc 1)/01.mp3", "Ann/Album", Some(1)),
            ("Ann/Album [CD2] /01.mp3", "Ann/Album", Some(2)),
            ("Ann/Album (CD 2 - Live)/01.mp3", "Ann/Album", Some(2)),
            ("Ann/Album (Live)/01.mp3", "Ann/Album (Live)", None),
            ("Ann/(Disc 1)/01.mp3", "Ann/(Disc 1)", None),
            ("01.mp3", "", None),
        ] {
            assert_eq!(release_folder(path.as_bytes()), folder.as_bytes(), "{path}");
            assert_eq!(disc_of(path.as_bytes()), disc, "{path}");
        }
    }

    #[test]
    fn folders_name_releases() {
        for (path, title) in [
            ("Ann/Blue Album/01.mp3", Some("Blue Album")),
            ("Ann/blue_album/CD1/01.mp3", Some("blue album")),
            ("Ann/Blue (Disc 2)/01.mp3", Some("Blue")),
            ("Ann/Blue\nAlbum/01.mp3", Some("Blue Album")),
            ("CD1/01.mp3", Some("Music")),
            ("01.mp3", Some("Music")),
        ] {
            assert_eq!(release_title(path.as_bytes(), b"Music").as_deref(), title, "{path:?}");
        }
        assert_eq!(release_title(b"01.mp3", b""), None);
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
        check("two\nlines\tof it.mp3", None, None, "two lines of it");
    }
}
