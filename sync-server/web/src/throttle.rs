//! Slows down guessing: a token bucket per key, in memory, bounded.
//!
//! It is no lock on an account: an attacker cannot keep its owner out for longer than the
//! bucket of the attacker's own address takes, save for the much larger one of the account.
//!
//! The arithmetic is `governor`'s (the generic cell rate algorithm of ATM, ITU-T I.371). Here is
//! what it lacks: the time is given, attempts can be given back, and there is a bound to buckets.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, nanos::Nanos, state::StateStore,
};

use crate::ApiError;

/// Times that are given may be out of order by so much: a request reads the clock as it begins.
const OUT_OF_ORDER_MAX: Duration = Duration::from_mins(1);

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

    fn cost(self) -> Duration {
        Duration::from_micros(u64::try_from(self.cost_us).unwrap_or(0).max(1))
    }

    fn quota(self) -> Quota {
        let quota = Quota::with_period(self.cost()).expect("the period is not zero");
        quota.allow_burst(NonZeroU32::new(self.n_burst).unwrap_or(NonZeroU32::MIN))
    }
}

/// Buckets of one rate.
pub struct Throttle<K: Clone + Hash + Eq> {
    cost: Duration,
    /// How long an empty bucket takes to be full.
    depth: Duration,
    n_keys_max: usize,
    now: Now,
    buckets: Buckets<K>,
    limiter: RateLimiter<K, Buckets<K>, Now, NoOpMiddleware<Duration>>,
}

impl<K: Clone + Hash + Eq> Throttle<K> {
    pub fn new(rate: Rate, n_keys_max: usize) -> Self {
        let (now, buckets) = (Now::default(), Buckets::default());
        let limiter = RateLimiter::new(rate.quota(), buckets.clone(), now.clone());
        let (cost, depth) = (rate.cost(), rate.cost() * rate.n_burst.max(1));
        Self { cost, depth, n_keys_max, now, buckets, limiter }
    }

    /// Takes one attempt, or says when the next one is due.
    pub fn take(&self, key: K, now_us: i64) -> Result<(), ApiError> {
        let now = self.now.set(now_us);
        self.buckets.forget_later(&key, now + self.depth + OUT_OF_ORDER_MAX);
        if !self.buckets.make_room(&key, self.n_keys_max, now) {
            // So many busy keys are an attack from everywhere: better a pause for all than
            // memory without end.
            return Err(ApiError::rate_limited(1));
        }
        self.limiter.check_key(&key).map_err(|until| {
            ApiError::rate_limited(until.wait_time_from(now).as_micros().div_ceil(1_000_000) as u64)
        })
    }

    /// Gives back an attempt that turned out to be rightful.
    pub fn give_back(&self, key: &K) {
        if let Some(full_at) = self.buckets.lock().get_mut(key) {
            *full_at = full_at.saturating_sub(self.cost);
        }
    }
}

impl<K: Clone + Hash + Eq> fmt::Debug for Throttle<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// When each bucket will be full again, since 1970: one whose time has passed need not be kept.
struct Buckets<K>(Arc<Mutex<HashMap<K, Duration>>>);

impl<K> Clone for Buckets<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq> Buckets<K> {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A bucket that is full later than any can be was used while the clock was ahead.
    fn forget_later(&self, key: &K, latest: Duration) {
        let mut buckets = self.lock();
        if buckets.get(key).is_some_and(|full_at| *full_at > latest) {
            buckets.remove(key);
        }
    }

    fn make_room(&self, key: &K, n_max: usize, now: Duration) -> bool {
        let mut buckets = self.lock();
        if buckets.len() >= n_max {
            buckets.retain(|_, full_at| *full_at > now);
        }
        buckets.len() < n_max || buckets.contains_key(key)
    }
}

impl<K: Clone + Hash + Eq> StateStore for Buckets<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut buckets = self.lock();
        let (answer, full_at) = f(buckets.get(key).map(|full_at| Nanos::from(*full_at)))?;
        buckets.insert(key.clone(), full_at.into());
        Ok(answer)
    }
}

/// The time that was given last, in nanoseconds since 1970.
#[derive(Clone, Default)]
struct Now(Arc<AtomicU64>);

impl Now {
    fn set(&self, now_us: i64) -> Duration {
        let now_ns = u64::try_from(now_us).unwrap_or(0).saturating_mul(1_000);
        self.0.store(now_ns, Ordering::Relaxed);
        Duration::from_nanos(now_ns)
    }
}

impl Clock for Now {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
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
    fn a_clock_that_was_ahead_keeps_nobody_out() {
        let throttle = throttle();
        for _ in 0..4 {
            let _ = throttle.take(1, 1_000_000 * MINUTE_US);
        }
        for _ in 0..3 {
            throttle.take(1, MINUTE_US).unwrap();
        }
        assert!(throttle.take(1, MINUTE_US).is_err());
    }

    /// Of two who came at the same time, the one that read the clock first emptied a bucket that
    /// the other had just filled.
    #[test]
    fn times_out_of_order_give_nothing_back() {
        let throttle = throttle();
        for _ in 0..3 {
            throttle.take(1, MINUTE_US).unwrap();
        }
        assert!(throttle.take(1, MINUTE_US - 1_000).is_err());
        assert!(throttle.take(1, MINUTE_US).is_err());
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
