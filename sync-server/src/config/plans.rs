//! The plans on offer: data, read once.

use std::{collections::HashSet, path::Path};

use anyhow::{Context as _, bail, ensure};
use domain::plan::Plan;
use serde::Deserialize;

/// What is offered where the operator says nothing.
const DEFAULT: &str = include_str!("plans.toml");

/// More than anyone could choose from.
const PLANS_MAX: usize = 32;

const DAYS_MAX: u32 = 3_650;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlansFile {
    #[serde(default)]
    plan: Vec<Plan>,
}

/// From a file of the form of `plans.toml`; the ones that come with the server without one. In the
/// order in which they are shown.
pub fn read(path: Option<&Path>) -> anyhow::Result<Vec<Plan>> {
    let Some(path) = path else { return parse(DEFAULT) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the plans at {}", path.display()))?;
    parse(&text).with_context(|| format!("the plans at {} are not usable", path.display()))
}

fn parse(text: &str) -> anyhow::Result<Vec<Plan>> {
    let PlansFile { plan: plans } = toml::from_str(text)?;
    ensure!(plans.len() <= PLANS_MAX, "there are more than {PLANS_MAX}");
    let mut ids = HashSet::new();
    for plan in &plans {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if plan.id.is_empty() || plan.id.len() > 40 || !plan.id.chars().all(is_id) {
            bail!("the id `{}` is not made of a-z, 0-9 and hyphens", plan.id);
        }
        ensure!(ids.insert(&plan.id), "the id `{}` is there twice", plan.id);
        let is_named = !plan.name.trim().is_empty() && plan.n_members > 0;
        ensure!(is_named, "`{}` needs a name and at least one member", plan.id);
        let is_short = plan.trial_days <= DAYS_MAX && plan.grace_days <= DAYS_MAX;
        ensure!(is_short, "`{}` has more than {DAYS_MAX} days", plan.id);
    }
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_server_is_good() {
        let plans = read(None).unwrap();
        let ids: Vec<&str> = plans.iter().map(|plan| plan.id.as_str()).collect();
        assert_eq!(ids, ["individual", "family", "student"]);
        assert!(plans[2].is_for_students && plans[1].n_members == 6);
    }

    #[test]
    fn nonsense_is_told_by_its_place() {
        let plan = |id: &str, rest: &str| {
            format!(
                "[[plan]]\nid = \"{id}\"\nname = \"x\"\nn_members = 1\ntrial_days = 1\n\
                 grace_days = 1\n{rest}\n"
            )
        };
        assert!(parse("").unwrap().is_empty(), "a server may offer nothing");
        assert!(parse(&plan("ok", "")).is_ok());
        for (bad, told) in [
            (plan("Bad Id", ""), "Bad Id"),
            (plan("", ""), "a-z"),
            (plan("a", "") + &plan("a", ""), "twice"),
            (plan("a", "colour = 1"), "colour"),
            (plan("a", "").replace("n_members = 1", "n_members = 0"), "member"),
            (plan("a", "").replace("grace_days = 1", "grace_days = 9999"), "days"),
            (plan("a", "").replace("trial_days = 1", "trial_days = -1"), ""),
        ] {
            let error = parse(&bad).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(told), "{error}");
        }
    }
}
