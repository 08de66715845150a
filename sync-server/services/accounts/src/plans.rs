//! The plans on offer: data, read once.

use std::{collections::HashSet, path::Path};

use domain::plan::Plan;
use serde::Deserialize;

use crate::Error;

/// What is offered where the operator says nothing.
const DEFAULT: &str = include_str!("plans.toml");

/// More than anyone could choose from.
const PLANS_MAX: usize = 32;

const DAYS_MAX: u32 = 3_650;

/// Plans on offer, in the order in which they are shown.
#[derive(Clone, Debug)]
pub struct Plans(Vec<Plan>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlansFile {
    #[serde(default)]
    plan: Vec<Plan>,
}

impl Plans {
    /// From a file of the form of `plans.toml`; the ones that come with the server without one.
    pub fn read(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Self::parse(DEFAULT).map_err(Error::Plans) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::PlansFile { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|problem| Error::Plans(format!("{}: {problem}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let PlansFile { plan: plans } =
            toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if plans.len() > PLANS_MAX {
            return Err(format!("more than {PLANS_MAX} plans"));
        }
        let mut ids = HashSet::new();
        for plan in &plans {
            let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if plan.id.is_empty() || plan.id.len() > 40 || !plan.id.chars().all(is_id) {
                return Err(format!("the id `{}` is not made of a-z, 0-9 and hyphens", plan.id));
            }
            if !ids.insert(&plan.id) {
                return Err(format!("the id `{}` is there twice", plan.id));
            }
            if plan.name.trim().is_empty() || plan.n_members == 0 {
                return Err(format!("`{}` needs a name and at least one member", plan.id));
            }
            if plan.trial_days > DAYS_MAX || plan.grace_days > DAYS_MAX {
                return Err(format!("`{}` has more than {DAYS_MAX} days", plan.id));
            }
        }
        Ok(Self(plans))
    }

    pub fn get(&self, id: &str) -> Option<&Plan> {
        self.0.iter().find(|plan| plan.id == id)
    }

    pub fn all(&self) -> &[Plan] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_server_is_good() {
        let plans = Plans::read(None).unwrap();
        assert_eq!(plans.get("family").unwrap().n_members, 6);
        assert!(plans.get("student").unwrap().is_for_students);
        assert!(plans.get("Family").is_none());
    }

    #[test]
    fn nonsense_is_told_by_its_place() {
        let plan = |id: &str, rest: &str| {
            format!(
                "[[plan]]\nid = \"{id}\"\nname = \"x\"\nn_members = 1\ntrial_days = 1\n\
                 grace_days = 1\n{rest}\n"
            )
        };
        assert!(Plans::parse("").unwrap().all().is_empty(), "a server may offer nothing");
        assert!(Plans::parse(&plan("ok", "")).is_ok());
        for (bad, told) in [
            (plan("Bad Id", ""), "Bad Id"),
            (plan("", ""), "a-z"),
            (plan("a", "") + &plan("a", ""), "twice"),
            (plan("a", "colour = 1"), "colour"),
            (plan("a", "").replace("n_members = 1", "n_members = 0"), "member"),
            (plan("a", "").replace("grace_days = 1", "grace_days = 9999"), "days"),
            (plan("a", "").replace("trial_days = 1", "trial_days = -1"), ""),
        ] {
            let error = Plans::parse(&bad).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
