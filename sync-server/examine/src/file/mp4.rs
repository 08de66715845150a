//! What plays of an MP4's audio: encoders put priming samples in front and padding behind, and
//! say so in an edit list (ISO/IEC 14496-12, section 8.6.6) or, Apple's, in `iTunSMPB`.

use std::io::{self, Read, Seek, SeekFrom};

/// Most boxes that are looked at; hostile files nest and repeat them.
const N_BOXES_MAX: u32 = 10_000;
/// Largest box whose content is read.
const CONTENT_BYTES_MAX: u64 = 4_096;

/// The part that plays, in units of `per_second`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Playable {
    pub skip: u64,
    /// `None`: to the end.
    pub take: Option<u64>,
    /// Units in a second: the audio track's time scale.
    pub per_second: u32,
}

#[derive(Default)]
struct Found {
    movie_scale: Option<u32>,
    tracks: Vec<Track>,
    itunes: Option<(u64, u64)>,
}

#[derive(Default)]
struct Track {
    is_sound: bool,
    scale: Option<u32>,
    /// Duration in the movie's scale and start in the track's.
    edit: Option<(u64, u64)>,
}

/// `None`: all of it plays, as far as the file says.
pub fn playable(mut source: impl Read + Seek) -> io::Result<Option<Playable>> {
    let end = source.seek(SeekFrom::End(0))?;
    let mut walk = Walk { source, found: Found::default(), n_left: N_BOXES_MAX };
    walk.boxes(0, end)?;
    let Found { movie_scale, tracks, itunes } = walk.found;
    let Some(track) = tracks.into_iter().find(|track| track.is_sound) else {
        return Ok(None);
    };
    let Some(per_second) = track.scale.filter(|scale| *scale > 0) else {
        return Ok(None);
    };
    if let Some((skip, take)) = itunes {
        return Ok(Some(Playable { skip, take: Some(take), per_second }));
    }
    Ok(track.edit.map(|(duration, skip)| {
        let take = movie_scale.filter(|scale| *scale > 0 && duration > 0).and_then(|scale| {
            duration.checked_mul(u64::from(per_second)).map(|n| n / u64::from(scale))
        });
        Playable { skip, take, per_second }
    }))
}

struct Walk<S> {
    source: S,
    found: Found,
    n_left: u32,
}

impl<S: Read + Seek> Walk<S> {
    fn boxes(&mut self, from: u64, to: u64) -> io::Result<()> {
        let mut at = from;
        while at.saturating_add(8) <= to && self.n_left > 0 {
            self.n_left -= 1;
            self.source.seek(SeekFrom::Start(at))?;
            let head: [u8; 8] = self.array()?;
            let (mut size, mut body) = (u64::from(be32(&head, 0)), at + 8);
            if size == 1 {
                size = u64::from_be_bytes(self.array()?);
                body += 8;
            } else if size == 0 {
                size = to - at;
            }
            let end = at.saturating_add(size);
            if end < body || end > to {
                return Ok(());
            }
            self.one([head[4], head[5], head[6], head[7]], body, end)?;
            at = end;
        }
        Ok(())
    }

    fn one(&mut self, kind: [u8; 4], body: u64, end: u64) -> io::Result<()> {
        match &kind {
            b"moov" | b"mdia" | b"edts" | b"udta" | b"ilst" => self.boxes(body, end),
            b"trak" => {
                self.found.tracks.push(Track::default());
                self.boxes(body, end)
            }
            // Apple's has a version in front, QuickTime's has not; only Apple's holds ilst.
            b"meta" => self.boxes(body + 4, end),
            b"mvhd" => {
                self.found.movie_scale = scale(&self.content(body, end)?);
                Ok(())
            }
            b"mdhd" => {
                let scale = scale(&self.content(body, end)?);
                self.set(|track| track.scale = scale);
                Ok(())
            }
            b"hdlr" => {
                let is_sound = self.content(body, end)?.get(8..12) == Some(b"soun");
                self.set(|track| track.is_sound |= is_sound);
                Ok(())
            }
            b"elst" => {
                let edit = first_edit(&self.content(body, end)?);
                self.set(|track| track.edit = edit);
                Ok(())
            }
            b"----" => {
                let content = self.content(body, end)?;
                self.found.itunes = self.found.itunes.or_else(|| itunes(&content));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn set(&mut self, change: impl FnOnce(&mut Track)) {
        if let Some(track) = self.found.tracks.last_mut() {
            change(track);
        }
    }

    fn content(&mut self, body: u64, end: u64) -> io::Result<Vec<u8>> {
        let mut content = vec![0; (end - body).min(CONTENT_BYTES_MAX) as usize];
        self.source.seek(SeekFrom::Start(body))?;
        self.source.read_exact(&mut content)?;
        Ok(content)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    (u64::from(be32(bytes, at)) << 32) | u64::from(be32(bytes, at + 4))
}

/// Time scale of `mvhd` and `mdhd`, which begin alike.
fn scale(content: &[u8]) -> Option<u32> {
    let at = if *content.first()? == 1 { 20 } else { 12 };
    (content.len() >= at + 4).then(|| be32(content, at))
}

/// The first edit that plays something; those before it are pauses.
fn first_edit(content: &[u8]) -> Option<(u64, u64)> {
    let is_long = *content.first()? == 1;
    let entry_bytes = if is_long { 20 } else { 12 };
    content.get(8..)?.chunks_exact(entry_bytes).find_map(|entry| {
        let (duration, start) = if is_long {
            (be64(entry, 0), be64(entry, 8).cast_signed())
        } else {
            (u64::from(be32(entry, 0)), i64::from(be32(entry, 4).cast_signed()))
        };
        u64::try_from(start).ok().map(|start| (duration, start))
    })
}

/// Delay and length of ` 00000000 00000840 000001CA 00000000003F31F6 ...`, in samples.
fn itunes(content: &[u8]) -> Option<(u64, u64)> {
    let at = content.windows(8).position(|window| window == b"iTunSMPB")?;
    let data = content.get(at..)?;
    let data = data.get(data.windows(4).position(|window| window == b"data")? + 12..)?;
    let text = String::from_utf8_lossy(data);
    let mut words = text.split_whitespace().map(|word| u64::from_str_radix(word, 16));
    let (_, delay, _, length) =
        (words.next()?.ok()?, words.next()?.ok()?, words.next()?.ok()?, words.next()?.ok()?);
    (length > 0 && delay < 1 << 20).then_some((delay, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let mut out = u32::try_from(body.len() + 8).unwrap().to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(body);
        out
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn movie(more: &[u8]) -> Vec<u8> {
        let mut hdlr = words(&[0, 0]);
        hdlr.extend(b"soun");
        let mdia = [atom(b"mdhd", &words(&[0, 0, 0, 44_100, 0])), atom(b"hdlr", &hdlr)].concat();
        let edits = words(&[0, 2, 500, u32::MAX, 0x1_0000, 10_000, 1_024, 0x1_0000]);
        let trak = [atom(b"edts", &atom(b"elst", &edits)), atom(b"mdia", &mdia)].concat();
        let moov = [&atom(b"mvhd", &words(&[0, 0, 0, 1_000, 0]))[..], &atom(b"trak", &trak), more];
        [atom(b"ftyp", b"M4A "), atom(b"moov", &moov.concat())].concat()
    }

    #[test]
    fn edit_list_tells_what_plays() {
        let file = movie(&[]);
        let expected = Playable { skip: 1_024, take: Some(441_000), per_second: 44_100 };
        assert_eq!(playable(io::Cursor::new(&file)).unwrap(), Some(expected));
    }

    #[test]
    fn itunes_gapless_tag_is_exact() {
        let mut value = words(&[1, 0]);
        value.extend(b" 00000000 00000840 000001CA 00000000003F31F6 00000000");
        let tag = [atom(b"name", b"\0\0\0\0iTunSMPB"), atom(b"data", &value)].concat();
        let mut meta = words(&[0]);
        meta.extend(atom(b"ilst", &atom(b"----", &tag)));
        let file = movie(&atom(b"udta", &atom(b"meta", &meta)));
        let expected = Playable { skip: 0x840, take: Some(0x3F_31F6), per_second: 44_100 };
        assert_eq!(playable(io::Cursor::new(&file)).unwrap(), Some(expected));
    }

    #[test]
    fn any_cut_is_survived() {
        let file = movie(&[]);
        for n in 0..file.len() {
            let _ = playable(io::Cursor::new(&file[..n]));
        }
        let loops = [0_u8; 4_096];
        assert_eq!(playable(io::Cursor::new(&loops[..])).unwrap(), None);
    }
}
