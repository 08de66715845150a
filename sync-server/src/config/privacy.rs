//! What people may agree to, and how long things are kept: data, read once.

use std::{collections::HashSet, fmt::Display, fs, path::Path};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use svc_privacy::{Purpose, Rule};

const CONSENTS: &str = include_str!("../../config/consents.toml");
const RETENTION: &str = include_str!("../../config/retention.toml");

/// More than anyone would read.
const PURPOSES_MAX: usize = 32;

const TEXT_CHARS_MAX: usize = 4_000;

/// A hundred years.
const DAYS_MAX: u32 = 36_500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentsFile {
    #[serde(default)]
    consent: Vec<Purpose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionFile {
    #[serde(default)]
    rule: Vec<Rule>,
}

/// From a file of the form of `consents.toml`; the ones that come with the server without one. In
/// the order in which they are shown.
pub fn purposes(path: Option<&Path>) -> anyhow::Result<Vec<Purpose>> {
    let Some(path) = path else { return parse_purposes(CONSENTS) };
    parse_purposes(&read(path)?).with_context(|| not_usable(path))
}

/// The rules that come with the server, with what a file of the form of `retention.toml` says
/// otherwise.
pub fn rules(path: Option<&Path>) -> anyhow::Result<Vec<Rule>> {
    let mut rules = parse_rules(RETENTION)?;
    let Some(path) = path else { return Ok(rules) };
    for own in parse_rules(&read(path)?).with_context(|| not_usable(path))? {
        match rules.iter_mut().find(|rule| rule.id == own.id) {
            Some(rule) => *rule = own,
            None => bail!("{}: nothing is kept by the rule `{}`", not_usable(path), own.id),
        }
    }
    Ok(rules)
}

fn parse_purposes(text: &str) -> anyhow::Result<Vec<Purpose>> {
    let ConsentsFile { consent: purposes } = toml::from_str(text)?;
    ensure!(purposes.len() <= PURPOSES_MAX, "there are more than {PURPOSES_MAX}");
    check_ids(purposes.iter().map(|purpose| purpose.id.as_str()))?;
    for purpose in &purposes {
        let is_told = !purpose.title.trim().is_empty() && !purpose.text.trim().is_empty();
        ensure!(is_told && purpose.version > 0, "`{}` needs title, text and version", purpose.id);
        let n_chars = purpose.title.chars().count() + purpose.text.chars().count();
        ensure!(n_chars <= TEXT_CHARS_MAX, "`{}` is too long", purpose.id);
    }
    Ok(purposes)
}

fn parse_rules(text: &str) -> anyhow::Result<Vec<Rule>> {
    let RetentionFile { rule: rules } = toml::from_str(text)?;
    check_ids(rules.iter().map(|rule| rule.id.as_str()))?;
    for rule in &rules {
        let days = rule.days;
        ensure!((1..=DAYS_MAX).contains(&days), "`{}` has {days} days", rule.id);
    }
    Ok(rules)
}

/// They stand in the audit log, and in files of exports.
fn check_ids<'a>(ids: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let mut met = HashSet::new();
    for id in ids {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if id.is_empty() || id.len() > 40 || !id.chars().all(is_id) {
            bail!("the id `{id}` is not made of a-z, 0-9 and underscores");
        }
        ensure!(met.insert(id), "the id `{id}` is there twice");
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn not_usable(path: &Path) -> impl Display + Send + Sync + 'static {
    format!("{} is not usable", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_server_is_good() {
        let purposes = purposes(None).unwrap();
        let ids: Vec<&str> = purposes.iter().map(|purpose| purpose.id.as_str()).collect();
        assert_eq!(ids, ["personalisation", "analytics", "marketing"]);
        assert!(rules(None).unwrap().iter().any(|rule| rule.id == "audit_security"));
    }

    #[test]
    fn a_file_says_otherwise_of_what_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("retention.toml");
        let write = |text: &str| fs::write(&file, text).unwrap();
        write("[[rule]]\nid = \"audit_access\"\ndays = 7\n");
        let ruled = rules(Some(&file)).unwrap();
        assert_eq!(ruled.len(), rules(None).unwrap().len());
        let of = |id: &str| ruled.iter().find(|rule| rule.id == id).unwrap().days;
        assert_eq!((of("audit_access"), of("audit_privacy")), (7, 1_095));
        for (bad, told) in [
            ("[[rule]]\nid = \"audit_acess\"\ndays = 7\n", "audit_acess"),
            ("[[rule]]\nid = \"exports\"\ndays = 0\n", "0 days"),
            ("[[rule]]\nid = \"exports\"\ndays = 99999\n", "99999 days"),
            ("[[rule]]\nid = \"exports\"\n", "days"),
            ("[[rules]]\nid = \"exports\"\ndays = 1\n", "rules"),
        ] {
            write(bad);
            let error = format!("{:#}", rules(Some(&file)).unwrap_err());
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn consents_that_nobody_could_give_are_refused() {
        let consent = |id: &str, text: &str, version: i32| {
            format!(
                "[[consent]]\npurpose = \"{id}\"\ntitle = \"x\"\ntext = \"{text}\"\n\
                 version = {version}\n"
            )
        };
        assert!(parse_purposes("").unwrap().is_empty(), "a server may ask for nothing");
        assert!(parse_purposes(&consent("a_1", "x", 1)).is_ok());
        for (bad, told) in [
            (consent("A b", "x", 1), "A b"),
            (consent("a", "x", 0), "version"),
            (consent("a", " ", 1), "text"),
            (consent("a", &"x".repeat(5_000), 1), "long"),
            (consent("a", "x", 1) + &consent("a", "x", 2), "twice"),
            (consent("a", "x", -1), ""),
        ] {
            let error = format!("{:#}", parse_purposes(&bad).unwrap_err());
            assert!(error.contains(told), "{error}");
        }
    }
}
