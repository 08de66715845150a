//! One-time codes by time (RFC 6238) and recovery codes: the rules, without storage.

use domain::AccountId;
use totp_rs::{Builder, Totp};
use web::ApiError;

/// Of the secret: 160 bits, as RFC 4226 (section 4) recommends.
pub const SECRET_BYTES: usize = 20;

/// Recovery codes of one account.
pub const N_RECOVERY_CODES: usize = 10;

/// Shown by authenticator apps.
const ISSUER: &str = "MelodyUD";

/// Letters and digits that are not mistaken for each other (Crockford's Base32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Of a recovery code: 80 bits, far too many to be guessed, online or from their hashes.
const RECOVERY_CHARS: usize = 16;

/// What was typed in the place of a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Six digits.
    Totp(String),
    /// Sixteen letters and digits.
    Recovery(String),
}

impl Typed {
    /// `None` where it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: &char| !c.is_whitespace() && *c != '-';
        let typed: String = text.chars().take(64).filter(plain).collect();
        if typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Totp(typed));
        }
        let code: Option<String> = typed.chars().map(alike).collect();
        code.filter(|code| code.len() == RECOVERY_CHARS).map(Self::Recovery)
    }
}

/// The character of the alphabet that was meant.
fn alike(c: char) -> Option<char> {
    let c = match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        c => c,
    };
    c.is_ascii().then_some(c).filter(|c| ALPHABET.contains(&(*c as u8)))
}

/// The secret in Base32, and the address that authenticator apps read.
pub fn describe(secret: &[u8], email: &str) -> Result<(String, String), ApiError> {
    let totp = totp(secret, email)?;
    Ok((totp.secret().to_base32(), totp.to_url().map_err(ApiError::internal)?))
}

/// The step of time (30 s each) that a code belongs to, within one step of now.
pub fn step(secret: &[u8], code: &str, now_s: u64) -> Result<Option<i64>, ApiError> {
    let step = totp(secret, "account")?.check(code, now_s);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn totp(secret: &[u8], email: &str) -> Result<Totp, ApiError> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_issuer(Some(ISSUER))
        .with_account_name(email.replace(':', "_"))
        .build()
        .map_err(ApiError::internal)
}

/// A fresh recovery code, in groups of four.
pub fn recovery_code() -> String {
    let random: [u8; RECOVERY_CHARS] = rand::random();
    let letters = random.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// What is stored of a recovery code, as [`Typed::Recovery`] holds it. A fast hash will do, since
/// there is nothing to guess in 80 random bits.
pub fn recovery_hash(account: AccountId, code: &str) -> String {
    blake3::Hasher::new_derive_key("MelodyUD 2026 recovery code")
        .update(account.uuid().as_bytes())
        .update(code.as_bytes())
        .finalize()
        .to_hex()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; 20] = b"12345678901234567890";

    /// Appendix B of RFC 6238, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (now_s, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")]
        {
            assert_eq!(step(SECRET, code, now_s).unwrap(), Some(now_s.cast_signed() / 30));
            assert_eq!(step(SECRET, code, now_s + 30).unwrap(), Some(now_s.cast_signed() / 30));
            assert_eq!(step(SECRET, code, now_s + 90).unwrap(), None);
            assert_eq!(step(SECRET, "000000", now_s).unwrap(), None);
        }
    }

    #[test]
    fn apps_read_the_address() {
        let (secret, uri) = describe(SECRET, "ann@example.org").unwrap();
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(uri.starts_with("otpauth://totp/MelodyUD:ann%40example.org?secret=GEZDG"), "{uri}");
        assert!(uri.contains("issuer=MelodyUD"), "{uri}");
    }

    #[test]
    fn what_is_typed_is_told_apart() {
        assert_eq!(Typed::parse(" 123 456 "), Some(Typed::Totp("123456".into())));
        let code = recovery_code();
        assert_eq!(code.len(), 19, "{code}");
        let plain = code.replace('-', "");
        assert_eq!(Typed::parse(&code.to_uppercase()), Some(Typed::Recovery(plain.clone())));
        assert_eq!(
            Typed::parse("OOOO-IIII-LLLL-0000"),
            Some(Typed::Recovery("0000111111110000".into()))
        );
        for bad in
            ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", &plain[1..], "u".repeat(16).as_str()]
        {
            assert_eq!(Typed::parse(bad), None, "{bad}");
        }
        let account = AccountId::new(1, [1; 10]);
        let other = AccountId::new(2, [2; 10]);
        assert_ne!(recovery_hash(account, &plain), recovery_hash(other, &plain));
    }
}
