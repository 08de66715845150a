//! How long there is left for a case.

use ::ipc::{Case, CaseState};
use leptos::prelude::*;

use crate::{
    dates::{date, now_us},
    format::count,
    icons::{Glyph, Icon},
};

const DAY_US: i64 = 86_400_000_000;

/// Days from which on a deadline is near.
const NEAR_DAYS: u64 = 7;

/// Where a deadline is, seen from now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Left {
    Days(u64),
    /// Less than a day is left.
    Hours(u64),
    Overdue(u64),
}

/// The deadline of an open case, or the end of a closed one; in words, and in a colour besides.
#[component]
pub fn Deadline(case: Case) -> impl IntoView {
    let due = date(case.due_at_us);
    if case.state != CaseState::Open {
        let ended = case
            .closed_at_us
            .map_or_else(|| "Ended".to_owned(), |at_us| format!("Ended on {}", date(at_us)));
        return view! { <span class="muted">{ended}</span> }.into_any();
    }
    let left = left(case.due_at_us, now_us());
    let class = match left {
        Left::Overdue(_) => "deadline overdue",
        Left::Hours(_) => "deadline near",
        Left::Days(days) if days < NEAR_DAYS => "deadline near",
        Left::Days(_) => "deadline",
    };
    let has_icon = class != "deadline";
    view! {
        <span class=class title=format!("Due on {due}")>
            {has_icon.then(|| view! { <Icon icon=Glyph::TriangleAlert/> })}
            {words(left)}
        </span>
        <span class="unseen">{format!(", due on {due}")}</span>
    }
    .into_any()
}

const fn left(due_at_us: i64, now_us: i64) -> Left {
    let left_us = due_at_us.saturating_sub(now_us);
    let size_us = left_us.unsigned_abs();
    let days = size_us / DAY_US.unsigned_abs();
    if left_us < 0 {
        Left::Overdue(days)
    } else if days == 0 {
        Left::Hours(size_us / (DAY_US.unsigned_abs() / 24))
    } else {
        Left::Days(days)
    }
}

fn words(left: Left) -> String {
    match left {
        Left::Days(days) => format!("{} left", count(days, "day")),
        Left::Hours(0) => "Less than an hour left".into(),
        Left::Hours(hours) => format!("{} left", count(hours, "hour")),
        Left::Overdue(0) => "Overdue since today".into(),
        Left::Overdue(days) => format!("Overdue by {}", count(days, "day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_counted_in_whole_days() {
        let said = |due_days: f64| words(left((due_days * DAY_US as f64) as i64, 0));
        assert_eq!(said(30.0), "30 days left");
        assert_eq!(said(1.5), "1 day left");
        assert_eq!(said(0.5), "12 hours left");
        assert_eq!(said(0.01), "Less than an hour left");
        assert_eq!(said(-0.5), "Overdue since today");
        assert_eq!(said(-3.2), "Overdue by 3 days");
    }
}
