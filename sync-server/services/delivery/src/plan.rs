//! What to answer to a conditional request for a range. Pure.
//!
//! RFC 9110: section 13.2.2 gives the order of preconditions, section 14.2 what ranges mean.

mod range;
mod tags;

use std::ops::Range;

pub use range::{Asked, parse};
pub use tags::{if_match, if_none_match, if_range};

/// What a client sent, as far as it decides on the answer. Headers that came several times are
/// joined by commas; what is not text counts as absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Conditions<'a> {
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_range: Option<&'a str>,
    pub range: Option<&'a str>,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Plan {
    /// 200.
    Whole,
    /// 206, with these bytes.
    Part(Range<u64>),
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
    /// 416.
    NotSatisfiable,
}

/// Decides, for something of this size under this strong tag (quotes included).
pub fn plan(conditions: Conditions<'_>, tag: &str, size_bytes: u64) -> Plan {
    if conditions.if_match.is_some_and(|tags| !if_match(tags, tag)) {
        return Plan::PreconditionFailed;
    }
    if conditions.if_none_match.is_some_and(|tags| if_none_match(tags, tag)) {
        return Plan::NotModified;
    }
    let Some(range) = conditions.range else { return Plan::Whole };
    if conditions.if_range.is_some_and(|validator| !if_range(validator, tag)) {
        return Plan::Whole;
    }
    match parse(range, size_bytes) {
        Asked::Nothing => Plan::Whole,
        Asked::Part(part) => Plan::Part(part),
        Asked::Outside => Plan::NotSatisfiable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn check(conditions: Conditions<'_>, wanted: &Plan) {
        assert_eq!(plan(conditions, TAG, 1000), *wanted, "{conditions:?}");
    }

    #[test]
    fn preconditions_come_in_the_order_of_the_standard() {
        let none = Conditions::default();
        let range = Some("bytes=0-9");
        let part = Plan::Part(0..10);
        check(none, &Plan::Whole);
        check(Conditions { range, ..none }, &part);
        check(Conditions { if_match: Some(TAG), range, ..none }, &part);
        check(Conditions { if_match: Some("\"x\""), range, ..none }, &Plan::PreconditionFailed);
        check(Conditions { if_match: Some("W/\"abc\""), ..none }, &Plan::PreconditionFailed);
        check(
            Conditions { if_match: Some("\"x\""), if_none_match: Some(TAG), ..none },
            &Plan::PreconditionFailed,
        );
        check(Conditions { if_none_match: Some(TAG), range, ..none }, &Plan::NotModified);
        check(Conditions { if_none_match: Some("\"x\""), range, ..none }, &part);
        check(Conditions { if_range: Some(TAG), range, ..none }, &part);
        check(Conditions { if_range: Some("\"x\""), range, ..none }, &Plan::Whole);
        check(Conditions { if_range: Some("W/\"abc\""), range, ..none }, &Plan::Whole);
        check(Conditions { if_range: Some("\"x\""), ..none }, &Plan::Whole);
        check(Conditions { range: Some("bytes=1000-"), ..none }, &Plan::NotSatisfiable);
        check(
            Conditions { if_range: Some("\"x\""), range: Some("bytes=1000-"), ..none },
            &Plan::Whole,
        );
    }
}
