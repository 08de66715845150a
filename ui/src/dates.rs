//! Dates and times of day, where this device is.

use js_sys::Date;
use wasm_bindgen::JsValue;

use crate::format::ago;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `26 December 2026`, from microseconds since 1970.
pub fn date(at_us: i64) -> String {
    let date = local(at_us);
    let month = MONTHS.get(date.get_month() as usize).copied().unwrap_or_default();
    format!("{} {month} {}", date.get_date(), date.get_full_year())
}

/// `2026-12-26 09:05:11`: for logs, which are compared line by line.
pub fn stamp(at_us: i64) -> String {
    let date = local(at_us);
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
    )
}

/// Microseconds since 1970, by the clock of this device.
pub fn now_us() -> i64 {
    (Date::now() * 1e3) as i64
}

/// `5 minutes ago`, or the date where that is long past.
pub fn since(at_us: i64) -> String {
    let elapsed_s = (Date::now() / 1e3) as i64 - at_us / 1_000_000;
    // The clocks of two machines are never quite the same.
    ago(elapsed_s.max(0).unsigned_abs()).unwrap_or_else(|| format!("on {}", date(at_us)))
}

fn local(at_us: i64) -> Date {
    Date::new(&JsValue::from_f64(at_us as f64 / 1e3))
}
