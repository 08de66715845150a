//! Reading and drawing images.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    imageops::FilterType,
};

/// Sides beyond this are no cover.
const SIDE_PX_MAX: u32 = 10_000;

/// 36 megapixels: more than any camera that shoots covers, and 144 MB at most once decoded.
const PIXELS_MAX: u64 = 36_000_000;

/// What a decoder may take in all, the picture itself included.
const DECODE_BYTES_MAX: u64 = 320 << 20;

/// Of the file.
pub const FILE_BYTES_MAX: usize = 32 << 20;

const JPEG_QUALITY: u8 = 86;

/// Sizes a cover comes in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Size {
    /// Fits a square with sides of so many pixels.
    Fit(u32),
    Original,
}

impl Size {
    pub const ALL: [Self; 4] = [Self::Fit(64), Self::Fit(300), Self::Fit(640), Self::Original];

    /// Reads `64`, `300`, `640` and `original`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.to_string() == text)
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fit(side_px) => side_px.fmt(f),
            Self::Original => f.write_str("original"),
        }
    }
}

/// The bytes are no image that we show.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("the image file is larger than {FILE_BYTES_MAX} bytes")]
    TooHeavy,
    #[error("the image has {width_px} x {height_px} pixels, more than are shown")]
    TooLarge { width_px: u32, height_px: u32 },
    #[error("the image is empty")]
    Empty,
    #[error("the image is of a format that is not shown")]
    Format,
    #[error("the image cannot be decoded")]
    Decode(#[source] image::ImageError),
    #[error("the image made its decoder panic")]
    Panicked,
    #[error("the image cannot be encoded")]
    Encode(#[source] image::ImageError),
}

/// An image, upright.
pub struct Decoded {
    pub picture: DynamicImage,
    pub content_type: &'static str,
}

/// Decodes an image of any supported format, within limits that are checked on its header.
pub fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(ImageError::TooHeavy);
    }
    let format = image::guess_format(bytes).map_err(|_| ImageError::Format)?;
    let content_type = content_type(format).ok_or(ImageError::Format)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(ImageError::Decode)?;
    let (width_px, height_px) = decoder.dimensions();
    if width_px == 0 || height_px == 0 {
        return Err(ImageError::Empty);
    }
    let n_pixels = u64::from(width_px) * u64::from(height_px);
    if n_pixels > PIXELS_MAX || decoder.total_bytes() > DECODE_BYTES_MAX {
        return Err(ImageError::TooLarge { width_px, height_px });
    }
    // Orientation is a courtesy: broken EXIF data is no reason to refuse a picture.
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(ImageError::Decode)?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(Decoded { picture, content_type })
}

fn content_type(format: ImageFormat) -> Option<&'static str> {
    Some(match format {
        ImageFormat::Jpeg => "image/jpeg",
        ImageFormat::Png => "image/png",
        ImageFormat::WebP => "image/webp",
        ImageFormat::Gif => "image/gif",
        ImageFormat::Bmp => "image/bmp",
        _ => return None,
    })
}

/// Draws a picture so that it fits a square; smaller ones stay as they are. JPEG, or PNG where
/// something shows through.
pub fn draw(picture: &DynamicImage, side_px: u32) -> Result<(Vec<u8>, &'static str), ImageError> {
    let picture = shrink(picture, side_px);
    let mut bytes = Vec::new();
    if is_see_through(&picture) {
        let picture = DynamicImage::from(picture.to_rgba8());
        picture
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .map_err(ImageError::Encode)?;
        return Ok((bytes, "image/png"));
    }
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .encode_image(&picture.to_rgb8())
        .map_err(ImageError::Encode)?;
    Ok((bytes, "image/jpeg"))
}

fn shrink(picture: &DynamicImage, side_px: u32) -> DynamicImage {
    if picture.width() <= side_px && picture.height() <= side_px {
        return picture.clone();
    }
    // Averaging most of the way is fast and the last halving keeps edges sharp.
    let rough_px = side_px * 2;
    if picture.width() > rough_px && picture.height() > rough_px {
        let rough = picture.thumbnail(rough_px, rough_px);
        return rough.resize(side_px, side_px, FilterType::Lanczos3);
    }
    picture.resize(side_px, side_px, FilterType::Lanczos3)
}

fn is_see_through(picture: &DynamicImage) -> bool {
    picture.color().has_alpha() && picture.to_rgba8().pixels().any(|pixel| pixel.0[3] < 250)
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder as _, Luma, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    fn red(width_px: u32, height_px: u32) -> DynamicImage {
        RgbImage::from_pixel(width_px, height_px, Rgb([200, 30, 30])).into()
    }

    #[test]
    fn every_format_is_read_and_named() {
        for (format, name) in [
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Png, "image/png"),
            (ImageFormat::WebP, "image/webp"),
            (ImageFormat::Gif, "image/gif"),
            (ImageFormat::Bmp, "image/bmp"),
        ] {
            let decoded = decode(&encoded(&red(40, 30), format)).unwrap();
            assert_eq!(decoded.content_type, name);
            assert_eq!((decoded.picture.width(), decoded.picture.height()), (40, 30), "{name}");
        }
    }

    #[test]
    fn drawing_keeps_the_shape_and_never_enlarges() {
        for ((width, height), side, wanted) in [
            ((1000, 1000), 300, (300, 300)),
            ((1200, 600), 300, (300, 150)),
            ((100, 700), 64, (9, 64)),
            ((50, 40), 300, (50, 40)),
            ((3000, 1), 64, (64, 1)),
        ] {
            let (bytes, content_type) = draw(&red(width, height), side).unwrap();
            assert_eq!(content_type, "image/jpeg");
            let got = decode(&bytes).unwrap().picture;
            assert_eq!((got.width(), got.height()), wanted, "{width}x{height} in {side}");
        }
    }

    #[test]
    fn what_shows_through_stays_so_and_deep_colour_is_read() {
        let glass = RgbaImage::from_pixel(80, 80, Rgba([10, 200, 10, 90]));
        assert_eq!(draw(&glass.into(), 64).unwrap().1, "image/png");
        let solid = RgbaImage::from_pixel(80, 80, Rgba([10, 200, 10, 255]));
        assert_eq!(draw(&solid.into(), 64).unwrap().1, "image/jpeg");
        let deep = image::ImageBuffer::from_pixel(80, 80, Rgb([65_535_u16, 0, 30_000]));
        let grey = image::ImageBuffer::from_pixel(80, 80, Luma([40_000_u16]));
        for picture in [DynamicImage::ImageRgb16(deep), DynamicImage::ImageLuma16(grey)] {
            let read = decode(&encoded(&picture, ImageFormat::Png)).unwrap().picture;
            assert_eq!(decode(&draw(&read, 64).unwrap().0).unwrap().picture.width(), 64);
        }
    }

    #[test]
    fn bombs_are_refused_by_their_header() {
        // Well-formed headers that promise far more than there is.
        let mut png = encoded(&red(1, 1), ImageFormat::Png);
        png[16..20].copy_from_slice(&9_000_u32.to_be_bytes());
        png[20..24].copy_from_slice(&9_000_u32.to_be_bytes());
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(decode(&png), Err(ImageError::TooLarge { width_px: 9_000, .. })));

        png[16..20].copy_from_slice(&2_000_000_000_u32.to_be_bytes());
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(decode(&png).is_err());

        // Bytes compress well where they are all the same: 30 megapixels of nothing are fine.
        let mut flat = Vec::new();
        image::codecs::png::PngEncoder::new(&mut flat)
            .write_image(&vec![0; 6_000 * 5_000], 6_000, 5_000, ExtendedColorType::L8)
            .unwrap();
        assert_eq!(decode(&flat).unwrap().picture.width(), 6_000);
    }

    #[test]
    fn damage_is_an_error_and_never_more() {
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::WebP,
            ImageFormat::Gif,
            ImageFormat::Bmp,
        ] {
            let whole = encoded(&red(33, 21), format);
            for cut in 0..whole.len() {
                let _ = decode(&whole[..cut]);
            }
            for at in 0..whole.len() {
                let mut bent = whole.clone();
                bent[at] ^= 0x55;
                let _ = decode(&bent);
            }
        }
        assert!(matches!(decode(b"not an image"), Err(ImageError::Format)));
        assert!(matches!(decode(b""), Err(ImageError::Format)));
        assert!(matches!(decode(&vec![0; FILE_BYTES_MAX + 1]), Err(ImageError::TooHeavy)));
    }

    /// CRC of the PNG specification, annex D.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 }
            })
        })
    }
}
