//! Which failures are worth another try: two transactions met, and the database let one win.

use std::{error::Error as StdError, time::Duration};

use sqlx::error::DatabaseError;

/// Tries of one transaction in all. With the pauses below the last one starts after about
/// two seconds, on top of the five for which SQLite itself waits for a lock.
pub const TRIES_MAX: u32 = 8;

/// Says whether the transaction that failed so may simply run again.
pub fn is_retryable(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if code(error).is_some_and(|code| is_conflict(&code)) {
            return true;
        }
        next = error.source();
    }
    false
}

/// Before try number `attempt` (from 1): doubling from 10 ms to 640 ms, half of it random so
/// that those who met once do not meet again.
pub fn pause(attempt: u32) -> Duration {
    let full_ms = 10_u64 << attempt.saturating_sub(1).min(6);
    Duration::from_millis(full_ms / 2 + rand::random_range(0..=full_ms / 2))
}

fn code(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<sqlx::Error>() {
        return error.as_database_error()?.code().map(Into::into);
    }
    // A transparent wrapper hides the `sqlx::Error` and shows only the driver's own.
    if let Some(error) = error.downcast_ref::<sqlx::sqlite::SqliteError>() {
        return error.code().map(Into::into);
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = error.downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return Some(error.code().to_owned());
    }
    None
}

fn is_conflict(code: &str) -> bool {
    // PostgreSQL, appendix A: serialization_failure, deadlock_detected, lock_not_available.
    if matches!(code, "40001" | "40P01" | "55P03") {
        return true;
    }
    // SQLite: extended result codes carry SQLITE_BUSY (5) or SQLITE_LOCKED (6) in their low
    // byte. PostgreSQL codes have five characters and never parse to a number this small.
    code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_told_from_other_failures() {
        let conflicts = ["40001", "40P01", "55P03", "5", "6", "261", "517"];
        assert!(conflicts.iter().all(|code| is_conflict(code)));
        // Unique violations of both, out of disk, syntax.
        let others = ["23505", "1555", "2067", "13", "1", "53100", "42601"];
        assert!(!others.iter().any(|code| is_conflict(code)));
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert!(pause(1) <= Duration::from_millis(10));
        assert!(pause(7) >= Duration::from_millis(320));
        assert!(pause(u32::MAX) <= Duration::from_millis(640));
    }
}
