//! Slows down guessing: a token bucket per key, in memory, bounded.
//!
//! It is no lock on an account: an attacker cannot keep its owner out for longer than the
//! bucket of the attacker's own address takes, save for the much larger one of the account.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use crate::ApiError;

/// How many at once, and how fast they come back.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub n_burst: u32,
    /// Time after which one more comes back.
    pub cost_us: i64,
}

impl Rate {
    pub fn per_minute(n_burst: u32, n_per_minute: u32) -> Self {
        Self { n_burst, cost_us: 60_000_000 / i64::from(n_per_minute.max(1)) }
    }

    fn depth_us(self) -> i64 {
        self.cost_us * i64::from(self.n_burst.max(1))
    }
}

/// Buckets of one rate. Each is the time at which it will be full again (the generic cell rate
/// algorithm of ATM, ITU-T I.371): a bucket whose time has passed need not be kept.
#[derive(Debug)]
pub struct Throttle<K> {
    rate: Rate,
    n_keys_max: usize,
    full_at_us: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq> Throttle<K> {
    pub fn new(rate: Rate, n_keys_max: usize) -> Self {
        Self { rate, n_keys_max, full_at_us: Mutex::default() }
    }

    /// Takes one attempt, or says when the next one is due.
    pub fn take(&self, key: K, now_us: i64) -> Result<(), ApiError> {
        let mut buckets = self.full_at_us.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.n_keys_max {
            buckets.retain(|_, full_at_us| *full_at_us > now_us);
            if buckets.len() >= self.n_keys_max && !buckets.contains_key(&key) {
                // So many busy keys are an attack from everywhere: better a pause for all than
                // memory without end.
                return Err(ApiError::rate_limited(1));
            }
        }
        let full_at_us = buckets.get(&key).copied().unwrap_or(now_us).max(now_us);
        let next_us = full_at_us + self.rate.cost_us;
        let wait_us = next_us - now_us - self.rate.depth_us();
        if wait_us > 0 {
            return Err(ApiError::rate_limited(
                u64::try_from(wait_us).unwrap_or(0) / 1_000_000 + 1,
            ));
        }
        buckets.insert(key, next_us);
        Ok(())
    }

    /// Gives back an attempt that turned out to be rightful.
    pub fn give_back(&self, key: &K) {
        let mut buckets = self.full_at_us.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at_us) = buckets.get_mut(key) {
            *full_at_us -= self.rate.cost_us;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_US: i64 = 60_000_000;

    fn throttle() -> Throttle<u8> {
        Throttle::new(Rate::per_minute(3, 6), 2)
    }

    #[test]
    fn a_burst_then_a_pace() {
        let throttle = throttle();
        for _ in 0..3 {
            throttle.take(1, 0).unwrap();
        }
        assert_eq!(throttle.take(1, 0).unwrap_err().status, 429);
        assert!(throttle.take(2, 0).is_ok(), "others are not held up");
        throttle.take(1, MINUTE_US / 6).unwrap();
        assert!(throttle.take(1, MINUTE_US / 6).is_err());
    }

    #[test]
    fn rightful_attempts_cost_nothing() {
        let throttle = throttle();
        for _ in 0..20 {
            throttle.take(1, 0).unwrap();
            throttle.give_back(&1);
        }
    }

    #[test]
    fn memory_is_bounded_and_idle_keys_go() {
        let throttle = throttle();
        throttle.take(1, 0).unwrap();
        throttle.take(2, 0).unwrap();
        assert!(throttle.take(3, 0).is_err());
        assert!(throttle.take(1, 0).is_ok());
        assert!(throttle.take(3, MINUTE_US).is_ok());
    }
}
