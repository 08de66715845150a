//! The time of one operation, read once at its start.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    us: i64,
}

impl Now {
    pub fn read() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { us: i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX) }
    }

    pub const fn us(self) -> i64 {
        self.us
    }

    /// For ids.
    pub const fn ms(self) -> u64 {
        (self.us / 1_000).unsigned_abs()
    }
}
