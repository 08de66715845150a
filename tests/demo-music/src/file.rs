//! A rendered piece as a FLAC file with tags and its cover.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use flacenc::{
    bitsink::ByteSink, component::BitRepr, config::Encoder, error::Verify, source::MemSource,
};
use lofty::{
    config::WriteOptions,
    ogg::{OggPictureStorage, tag::VorbisComments},
    picture::{MimeType, Picture, PictureType},
    tag::TagExt,
};

use crate::{SAMPLE_RATE_HZ, Sound, catalog::Piece, cover};

const N_CHANNELS: usize = 2;
const BITS_PER_SAMPLE: usize = 16;

/// Writes the file, aside first, so that an interrupted run leaves none that looks finished.
pub fn write(piece: &Piece, sound: &Sound, path: &Path) -> Result<()> {
    let aside = path.with_extension("part");
    std::fs::write(&aside, encode(sound)?)?;
    tags(piece)?.save_to_path(&aside, WriteOptions::default()).context("write tags")?;
    std::fs::rename(&aside, path)?;
    Ok(())
}

fn encode(sound: &Sound) -> Result<Vec<u8>> {
    let config = Encoder::default();
    let config = config.into_verified().map_err(|(_, error)| anyhow!("encoder: {error}"))?;
    let samples: Vec<i32> = sound.samples.iter().copied().map(i32::from).collect();
    let rate = SAMPLE_RATE_HZ as usize;
    let source = MemSource::from_samples(&samples, N_CHANNELS, BITS_PER_SAMPLE, rate);
    let mut stream = flacenc::encode_with_fixed_block_size(&config, source, config.block_size)
        .map_err(|error| anyhow!("encode: {error}"))?;
    // The encoder counts the short last block; the format does not (RFC 9639, section 8.2), and
    // decoders take such a file for one of varying blocks.
    stream
        .stream_info_mut()
        .set_block_sizes(config.block_size, config.block_size)
        .map_err(|error| anyhow!("describe the stream: {error}"))?;
    let mut sink = ByteSink::new();
    stream.write(&mut sink).map_err(|error| anyhow!("lay out the stream: {error}"))?;
    Ok(sink.into_inner())
}

fn tags(piece: &Piece) -> Result<VorbisComments> {
    let release = piece.release;
    let mut tags = VorbisComments::new();
    let mut push = |key: &str, value: &str| tags.push(key.to_owned(), value.to_owned());
    push("TITLE", piece.title);
    push("ARTIST", release.artist);
    if let Some(guest) = piece.guest {
        push("ARTIST", guest);
    }
    push("ALBUMARTIST", release.artist);
    push("ALBUM", release.title);
    push("DATE", &release.year.to_string());
    push("GENRE", release.genre);
    push("TRACKNUMBER", &piece.number.to_string());
    push("TRACKTOTAL", &release.tracks.len().to_string());
    let picture = Picture::unchecked(cover::png(release)?)
        .pic_type(PictureType::CoverFront)
        .mime_type(MimeType::Png)
        .build();
    tags.insert_picture(picture, None).context("the cover's header")?;
    Ok(tags)
}
