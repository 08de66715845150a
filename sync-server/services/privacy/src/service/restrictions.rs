//! Restriction of processing (GDPR, article 18): data that its person wants to be kept and not
//! used. It is stored, and otherwise used only as the person asks, for legal claims, and for the
//! rights of others, to which safety and the audit log belong. So whoever would use it asks here
//! first; what it is asked for often, it knows for a while.
//!
//! Deleting is use as well (article 4(2)): no rule of retention drops what is restricted. The
//! erasure that a person asks for does. Only the person ends it, who therefore knows before it ends
//! (article 18(3)).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::AccountId;
use engine_sql::acts::{self, By};

use super::Service;
use crate::Error;

/// How long an answer is known. A change made by another process takes effect here so late; one
/// made here, at once.
const KNOWN_US: i64 = 10 * 1_000_000;

/// Accounts of which an answer is known at a time.
const KNOWN_MAX: usize = 50_000;

impl Service {
    /// Keeps the data of a person and has nobody use it, or ends that.
    pub async fn restrict(&self, account: AccountId, is_restricted: bool) -> Result<(), Error> {
        let now_us = (self.clock)();
        self.answers.take(account, now_us)?;
        let verb = if is_restricted { "restriction_begin" } else { "restriction_end" };
        let act = By::account(account, now_us).privacy(verb, acts::account(account));
        let said = self.store.restrict(account, is_restricted, &act).await;
        // Whatever came of it: nothing that was known before holds any more.
        self.restrictions.forget(account);
        said?;
        self.acted();
        Ok(())
    }

    /// Whether the data of a person is to be kept and not used. Quick: it is asked before each use.
    pub async fn is_restricted(&self, account: AccountId) -> Result<bool, Error> {
        let now_us = (self.clock)();
        if let Some(is_restricted) = self.restrictions.get(account, now_us) {
            return Ok(is_restricted);
        }
        let n_changes = self.restrictions.n_changes();
        let is_restricted = self.store.standing(account).await?.is_restricted;
        self.restrictions.put(account, Known { is_restricted, at_us: now_us }, n_changes);
        Ok(is_restricted)
    }
}

/// What was looked up of late.
#[derive(Debug, Default)]
pub struct Restrictions(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    known: HashMap<AccountId, Known>,
    /// Changes so far. What was read before one of them is not put in after it.
    n_changes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    is_restricted: bool,
    at_us: i64,
}

impl Known {
    /// A clock that was set back makes nothing good for longer.
    fn is_good(self, now_us: i64) -> bool {
        (0..KNOWN_US).contains(&(now_us - self.at_us))
    }
}

impl Restrictions {
    fn get(&self, account: AccountId, now_us: i64) -> Option<bool> {
        let known = self.lock().known.get(&account).copied();
        known.filter(|known| known.is_good(now_us)).map(|known| known.is_restricted)
    }

    fn n_changes(&self) -> u64 {
        self.lock().n_changes
    }

    fn put(&self, account: AccountId, known: Known, n_changes: u64) {
        let mut recent = self.lock();
        if recent.n_changes != n_changes {
            return;
        }
        if recent.known.len() >= KNOWN_MAX && !recent.known.contains_key(&account) {
            recent.known.retain(|_, other| other.is_good(known.at_us));
            // All are asked about at once: they are looked up again.
            if recent.known.len() >= KNOWN_MAX {
                recent.known.clear();
            }
        }
        recent.known.insert(account, known);
    }

    fn forget(&self, account: AccountId) {
        let mut recent = self.lock();
        recent.n_changes += 1;
        recent.known.remove(&account);
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u64) -> AccountId {
        AccountId::new(n, [0; 10])
    }

    fn known(is_restricted: bool, at_us: i64) -> Known {
        Known { is_restricted, at_us }
    }

    #[test]
    fn what_is_known_is_so_for_a_while() {
        let restrictions = Restrictions::default();
        assert_eq!(restrictions.get(account(1), 5), None);
        restrictions.put(account(1), known(true, 5), 0);
        assert_eq!(restrictions.get(account(1), 4 + KNOWN_US), Some(true));
        assert_eq!(restrictions.get(account(1), 5 + KNOWN_US), None);
        assert_eq!(restrictions.get(account(1), 4), None, "the clock was set back");
        assert_eq!(restrictions.get(account(2), 5), None);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_known_after_it() {
        let restrictions = Restrictions::default();
        restrictions.put(account(1), known(true, 5), 0);
        let n_changes = restrictions.n_changes();
        restrictions.forget(account(1));
        restrictions.put(account(1), known(true, 5), n_changes);
        assert_eq!(restrictions.get(account(1), 5), None);
    }

    #[test]
    fn memory_is_bounded() {
        let restrictions = Restrictions::default();
        for n in 0..KNOWN_MAX as u64 + 10 {
            restrictions.put(account(n), known(false, 5), 0);
        }
        assert!(restrictions.lock().known.len() <= KNOWN_MAX);
        let last = account(KNOWN_MAX as u64 + 9);
        assert_eq!(restrictions.get(last, 5), Some(false));
    }
}
