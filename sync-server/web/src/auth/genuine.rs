//! Tokens whose signatures were found good, so that they are checked once and not with each request.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use super::Claims;

/// Tokens kept: about 300 bytes each. Of more, all begin anew.
const TOKENS_MAX: usize = 50_000;

/// What genuine tokens say, by the hash of their whole text.
#[derive(Default)]
pub struct Genuine(RwLock<HashMap<[u8; 32], Claims>>);

impl Genuine {
    /// What a token says that was kept, and whose time has not passed.
    pub fn find(&self, token: &str) -> Option<Claims> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let claims = kept.get(blake3::hash(token.as_bytes()).as_bytes())?;
        // As the check of a signature has it: the second of the end is past it.
        (claims.expires_at_s > now_s()).then(|| claims.clone())
    }

    /// Keeps what a token says whose signature is good.
    pub fn keep(&self, token: &str, claims: &Claims) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= TOKENS_MAX {
            let now_s = now_s();
            kept.retain(|_, claims| claims.expires_at_s > now_s);
            if kept.len() >= TOKENS_MAX {
                kept.clear();
            }
        }
        kept.insert(*blake3::hash(token.as_bytes()).as_bytes(), claims.clone());
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use domain::{AccountId, DeviceId, SessionId, plan::Tier};

    use super::*;

    fn claims(expires_at_s: u64) -> Claims {
        Claims {
            account: AccountId::new(1, [1; 10]),
            session: SessionId::new(1, [1; 10]),
            device: DeviceId::new(1, [1; 10]),
            tier: Tier::Free,
            roles: Vec::new(),
            roles_version: 0,
            authenticated_at_s: 0,
            expires_at_s,
        }
    }

    #[test]
    fn what_was_kept_is_found_until_its_time_has_passed() {
        let genuine = Genuine::default();
        let (good, late) = (claims(now_s() + 600), claims(now_s()));
        genuine.keep("good", &good);
        genuine.keep("late", &late);
        assert_eq!(genuine.find("good"), Some(good));
        assert_eq!(genuine.find("late"), None);
        assert_eq!(genuine.find("other"), None);
    }

    #[test]
    fn memory_is_bounded_and_what_is_over_goes_first() {
        let genuine = Genuine::default();
        let (good, late) = (claims(now_s() + 600), claims(0));
        genuine.keep("good", &good);
        for n in 1..TOKENS_MAX {
            genuine.keep(&n.to_string(), &late);
        }
        genuine.keep("one more", &good);
        assert_eq!(genuine.find("good"), Some(good.clone()));
        for n in 0..TOKENS_MAX {
            genuine.keep(&format!("good {n}"), &good);
        }
        assert!(genuine.0.read().unwrap().len() <= TOKENS_MAX);
    }
}
