//! Pieces that come in at once: so many of everybody, and of one creator a share of them, so that
//! nobody can keep all others away.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::AccountId;

/// One creator has one in so many places, or the only one.
const SHARE: usize = 4;

#[derive(Debug)]
pub struct Places {
    n_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    n_all: usize,
    by: HashMap<AccountId, usize>,
}

/// Held while a piece comes in.
#[derive(Debug)]
pub struct Place<'a> {
    places: &'a Places,
    account: AccountId,
}

impl Places {
    pub fn new(n_max: usize) -> Self {
        Self { n_max, taken: Mutex::default() }
    }

    /// `None` where there is none left, or none for this account.
    pub fn take(&self, account: AccountId) -> Option<Place<'_>> {
        let mut taken = self.taken();
        let n_of_account = taken.by.get(&account).copied().unwrap_or(0);
        if taken.n_all >= self.n_max || n_of_account >= (self.n_max / SHARE).max(1) {
            return None;
        }
        taken.n_all += 1;
        taken.by.insert(account, n_of_account + 1);
        Some(Place { places: self, account })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.n_all -= 1;
        let n_left = taken.by.get(&self.account).map_or(0, |n| n - 1);
        if n_left == 0 {
            taken.by.remove(&self.account);
        } else {
            taken.by.insert(self.account, n_left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_all_places() {
        let places = Places::new(8);
        let account = |n| AccountId::new(1, [n; 10]);
        let first = places.take(account(1)).unwrap();
        let _second = places.take(account(1)).unwrap();
        assert!(places.take(account(1)).is_none(), "a fourth of them are taken");
        let _others: Vec<_> = (0..6).map(|n| places.take(account(10 + n / 2)).unwrap()).collect();
        assert!(places.take(account(2)).is_none(), "all of them are taken");
        drop(first);
        assert!(places.take(account(2)).is_some());
        assert_eq!(places.taken().by.len(), 4, "who left is forgotten");
    }
}
