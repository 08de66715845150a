//! Paths as bytes: file names need not be UTF-8, and the store keeps them exactly.

use std::path::{Path, PathBuf};

/// The bytes of a path as the system has it.
pub fn to_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

#[cfg(unix)]
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// Elsewhere names are Unicode, but for lone surrogates: such a file is not found again and
/// reported as missing.
#[cfg(not(unix))]
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// For people: bytes that are not UTF-8, and control characters, as `\xNN`.
pub fn shown(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() {
                let mut utf8 = [0; 4];
                for byte in c.encode_utf8(&mut utf8).bytes() {
                    write!(out, "\\x{byte:02X}").expect("writing to a String cannot fail");
                }
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a String cannot fail");
        out
    })
}

/// The inverse of [`hex`].
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_survives_and_can_be_shown() {
        let name = b"a/\xff\xfeb\n.mp3";
        assert_eq!(to_bytes(&from_bytes(name)), name);
        assert_eq!(shown(name), "a/\\xFF\\xFEb\\x0A.mp3");
        assert_eq!(shown("Sigur Rós".as_bytes()), "Sigur Rós");
        assert_eq!(unhex(&hex(name)).unwrap(), name);
        assert_eq!(unhex("0g"), None);
        assert_eq!(unhex("0"), None);
    }
}
