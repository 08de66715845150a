//! The headers of tus 1.0.0: read, and judged.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use web::ApiError;

/// The one version that is spoken.
pub const VERSION: &str = "1.0.0";

/// What is spoken beyond the core.
pub const EXTENSIONS: &str = "creation,creation-with-upload,checksum,termination,expiration";

/// Of checksums.
pub const ALGORITHMS: &str = "sha1,sha256";

pub const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
pub const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// What bodies are declared as.
pub const CONTENT_TYPE: &str = "application/offset+octet-stream";

/// Of the whole header, in bytes.
const METADATA_BYTES_MAX: usize = 4_096;

/// Of a file's name, in characters.
const NAME_CHARS_MAX: usize = 255;

/// 460, which only tus has: the checksum does not match.
pub fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).expect("460 is between 100 and 999")
}

/// Whether the client speaks the version that is spoken here.
pub fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    if text(headers, &TUS_RESUMABLE)?.is_some_and(|version| version.trim() == VERSION) {
        return Ok(());
    }
    Err(ApiError::malformed(
        StatusCode::PRECONDITION_FAILED,
        "This is not the version of tus that is spoken here.",
        format!("Send `tus-resumable: {VERSION}`."),
    ))
}

/// Whether the body is declared as a piece of an upload.
pub fn is_piece(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|it| it.trim().eq_ignore_ascii_case(CONTENT_TYPE))
}

/// 415 where it is not.
pub fn check_piece(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_piece(headers) {
        return Ok(());
    }
    Err(ApiError::malformed(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body is not declared as a piece of an upload.",
        format!("Send `content-type: {CONTENT_TYPE}`."),
    ))
}

/// How long the file will be, in bytes.
pub fn length(headers: &HeaderMap, bytes_max: u64) -> Result<u64, ApiError> {
    let Some(length) = number(headers, &UPLOAD_LENGTH)? else {
        return Err(ApiError::invalid(
            "The length of the file is missing.",
            "Send `upload-length`: it cannot be told later.",
        ));
    };
    if length > bytes_max {
        return Err(too_large(
            format!("The file is larger than {bytes_max} bytes."),
            "Split it, or ask the operator to allow larger ones.",
        ));
    }
    Ok(length)
}

/// From where on the body goes on.
pub fn offset(headers: &HeaderMap) -> Result<u64, ApiError> {
    number(headers, &UPLOAD_OFFSET)?.ok_or_else(|| {
        ApiError::invalid(
            "Where the piece begins is missing.",
            "Send `upload-offset`, as HEAD answers it.",
        )
    })
}

/// 413.
pub fn too_large(message: impl Into<String>, hint: &str) -> ApiError {
    ApiError::malformed(StatusCode::PAYLOAD_TOO_LARGE, message, hint)
}

/// What a client says of its file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Metadata {
    /// The header as it came: it is answered like that.
    pub header: String,
    /// For people; never a path of ours.
    pub name: Option<String>,
}

impl Metadata {
    /// Pairs of a key and a base64 value, apart by commas; keys are there once.
    pub fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let Some(text) = text(headers, &UPLOAD_METADATA)? else { return Ok(Self::default()) };
        if text.len() > METADATA_BYTES_MAX {
            return Err(bad_metadata("it is too long"));
        }
        let mut name = None;
        let mut keys = Vec::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            if keys.contains(&key) {
                return Err(bad_metadata("a key is there twice"));
            }
            keys.push(key);
            let value = BASE64_STANDARD.decode(value.trim());
            let value = value.map_err(|_| bad_metadata("a value is not base64"))?;
            if matches!(key, "filename" | "name") && name.is_none() {
                name = Some(file_name(&value)?);
            }
        }
        Ok(Self { header: text.to_owned(), name })
    }
}

/// A name without what could be taken for a folder, and without marks that turn the direction of
/// what follows, which would garble a list.
fn file_name(bytes: &[u8]) -> Result<String, ApiError> {
    let name = str::from_utf8(bytes).map_err(|_| bad_metadata("the name is not UTF-8"))?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_mark = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let name: String = name.trim().chars().filter(|c| !is_mark(c)).collect();
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(bad_metadata("the name is too long, or has control characters in it"));
    }
    Ok(if matches!(name.as_str(), "." | "..") { String::new() } else { name })
}

/// What a piece adds up to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checksum {
    pub algorithm: Algorithm,
    pub digest: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    Sha1,
    Sha256,
}

impl Checksum {
    /// `None` where the client sends none.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let Some(text) = text(headers, &UPLOAD_CHECKSUM)? else { return Ok(None) };
        let bad = || {
            ApiError::invalid(
                "The checksum is of no kind that is known here.",
                format!("Send one of {ALGORITHMS}, a blank, and the digest in base64."),
            )
        };
        let (name, digest) = text.trim().split_once(' ').ok_or_else(bad)?;
        let (algorithm, n_bytes) = match name {
            "sha1" => (Algorithm::Sha1, 20),
            "sha256" => (Algorithm::Sha256, 32),
            _ => return Err(bad()),
        };
        let digest = BASE64_STANDARD.decode(digest.trim()).map_err(|_| bad())?;
        if digest.len() != n_bytes {
            return Err(bad());
        }
        Ok(Some(Self { algorithm, digest }))
    }
}

fn bad_metadata(why: &str) -> ApiError {
    ApiError::invalid(
        format!("What is said of the file is not readable: {why}."),
        "Send `upload-metadata` as tus has it: `filename BASE64, filetype BASE64`.",
    )
}

/// A number that is not negative and has no sign.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, ApiError> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u64>().ok().filter(|n| is_number && i64::try_from(*n).is_ok());
    number.map(Some).ok_or_else(|| {
        ApiError::invalid(
            format!("`{name}` is not a number of bytes."),
            "Send digits only, at most 9223372036854775807.",
        )
    })
}

/// A header that is there once at most.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        _ => Err(ApiError::invalid(
            format!("`{name}` is there twice, or is no text."),
            "Send it once, in ASCII.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| ((*name).clone(), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn lengths_are_digits_within_bounds() {
        let read = |text| length(&headers(&[(&UPLOAD_LENGTH, text)]), 1_000);
        assert_eq!(read("0").unwrap(), 0);
        assert_eq!(read("1000").unwrap(), 1_000);
        assert_eq!(read("1001").unwrap_err().status, StatusCode::PAYLOAD_TOO_LARGE);
        for bad in ["", "-1", "+1", "1e3", "0x10", "1.0", "99999999999999999999", "1 2"] {
            assert_eq!(read(bad).unwrap_err().status, StatusCode::BAD_REQUEST, "{bad:?}");
        }
        assert!(length(&HeaderMap::new(), 1_000).is_err());
    }

    #[test]
    fn names_are_for_people() {
        let read = |text: &str| Metadata::read(&headers(&[(&UPLOAD_METADATA, text)]));
        let named = |name: &[u8]| read(&format!("filename {}", BASE64_STANDARD.encode(name)));
        assert_eq!(named("Über.flac".as_bytes()).unwrap().name.as_deref(), Some("Über.flac"));
        assert_eq!(named(b"../../etc/passwd").unwrap().name.as_deref(), Some("passwd"));
        assert_eq!(named(b"C:\\Music\\a.wav").unwrap().name.as_deref(), Some("a.wav"));
        let turned = "a\u{202e}vaw.flac".as_bytes();
        assert_eq!(named(turned).unwrap().name.as_deref(), Some("avaw.flac"));
        assert_eq!(named(b"a/..").unwrap().name.as_deref(), Some(""));
        for bad in [&b"\xff\xfe"[..], b"a\nb", b"a\0b", "x".repeat(256).as_bytes()] {
            assert!(named(bad).is_err(), "{bad:?}");
        }
        for bad in ["filename ???", "a YQ==,a YQ==", &"x".repeat(5_000)] {
            assert!(read(bad).is_err(), "{bad:.40}");
        }
        let said = read("is_confidential, filetype YXVkaW8vZmxhYw==").unwrap();
        assert_eq!(said.name, None);
        assert_eq!(said.header, "is_confidential, filetype YXVkaW8vZmxhYw==");
    }

    #[test]
    fn checksums_are_whole() {
        let read = |text| Checksum::read(&headers(&[(&UPLOAD_CHECKSUM, text)]));
        // Of nothing at all.
        let sum = read("sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=").unwrap().unwrap();
        assert_eq!((sum.algorithm, sum.digest[0]), (Algorithm::Sha1, 0xda));
        for bad in ["sha1", "sha1 ", "sha1 AAAA", "md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 ???"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(Checksum::read(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn other_versions_and_doubled_headers_are_refused() {
        assert!(check_version(&headers(&[(&TUS_RESUMABLE, "1.0.0")])).is_ok());
        for headers in [
            HeaderMap::new(),
            headers(&[(&TUS_RESUMABLE, "0.2.2")]),
            headers(&[(&TUS_RESUMABLE, "2")]),
        ] {
            let refused = check_version(&headers).unwrap_err();
            assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
        }
        let mut twice = headers(&[(&UPLOAD_OFFSET, "1")]);
        twice.append(UPLOAD_OFFSET, "2".parse().unwrap());
        assert!(offset(&twice).is_err());
    }
}
