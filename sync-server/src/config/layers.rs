//! File and environment, laid over one another.

use std::ffi::OsString;

use anyhow::{Context as _, anyhow, bail};
use toml::{Table, Value};

use super::{Config, FILE_VARIABLE};

/// Before every variable of this program.
pub const VARIABLE_PREFIX: &str = "MELODYUD_SERVER_";

/// The configuration in `text` with `variables` on top.
pub fn merge(
    text: &str,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<Config> {
    let mut table: Table = text.parse()?;
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| *name != FILE_VARIABLE) else { continue };
        let Some(field) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
        let value = value.to_str().with_context(|| format!("{name} is not UTF-8"))?;
        set(&mut table, field, value).with_context(|| format!("the variable {name}"))?;
    }
    Config::deserialize_table(table)
}

impl Config {
    fn deserialize_table(table: Table) -> anyhow::Result<Self> {
        table.try_into().map_err(|error: toml::de::Error| anyhow!("{}", error.message()))
    }
}

fn set(table: &mut Table, field: &str, value: &str) -> anyhow::Result<()> {
    let lower = field.to_lowercase();
    let Some((section, key)) = lower.split_once("__") else {
        bail!("it names no field: between section and field stand two underscores");
    };
    let section = table
        .entry(section.to_owned())
        .or_insert_with(|| Value::Table(Table::new()))
        .as_table_mut()
        .context("its section is no section")?;
    section.insert(key.to_owned(), parse(value));
    Ok(())
}

/// A number, truth value or list where it looks like one, text otherwise.
fn parse(value: &str) -> Value {
    let as_toml = format!("value = {value}").parse::<Table>().ok();
    match as_toml.and_then(|mut table| table.remove("value")) {
        Some(parsed @ (Value::Integer(_) | Value::Boolean(_) | Value::Array(_))) => parsed,
        _ => Value::String(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogFormat;

    fn check(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        merge(text, variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn nothing_at_all_is_a_configuration() {
        let config = check("", &[("PATH", "/bin")]).unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.http.listen, "127.0.0.1:4600");
    }

    #[test]
    fn environment_beats_file() {
        let text = "[http]\nlisten = \"[::1]:1\"\nn_requests_max = 9\n[log]\nformat = \"json\"";
        let config = check(
            text,
            &[
                ("MELODYUD_SERVER_HTTP__LISTEN", "127.0.0.1:2"),
                ("MELODYUD_SERVER_HTTP__IS_BEHIND_PROXY", "true"),
                ("MELODYUD_SERVER_HTTP__CORS_ORIGINS", "[\"https://a.example\"]"),
                ("MELODYUD_SERVER_IMPORT__N_WORKERS", "3"),
                ("MELODYUD_SERVER_CONFIG", "/some/file"),
            ],
        )
        .unwrap();
        assert_eq!(config.http.listen, "127.0.0.1:2");
        assert!(config.http.is_behind_proxy);
        assert_eq!(config.http.cors_origins, ["https://a.example"]);
        assert_eq!((config.http.n_requests_max, config.import.n_workers), (9, 3));
        assert_eq!(config.log.format, LogFormat::Json);
    }

    #[test]
    fn providers_are_a_list_in_the_file() {
        let text = "[[oidc]]\nid = \"house\"\nname = \"The House\"\n\
                    issuer = \"https://id.example\"\nclient_id = \"melodyud\"";
        let config = check(text, &[]).unwrap();
        assert_eq!(config.oidc[0].scopes, ["openid", "email", "profile"]);
        assert!(check(text, &[("MELODYUD_SERVER_OIDC__ID", "other")]).is_err());
        let error = format!("{:#}", check("[[oidc]]\nid = \"house\"", &[]).unwrap_err());
        assert!(error.contains("name"), "{error}");
    }

    #[test]
    fn what_is_unknown_is_an_error_that_names_it() {
        for (text, name) in [("[http]\nport = 1", "port"), ("colour = 1", "colour")] {
            let error = format!("{:#}", check(text, &[]).unwrap_err());
            assert!(error.contains(name), "{error}");
        }
        for variable in ["MELODYUD_SERVER_HTTP__PORT", "MELODYUD_SERVER_LISTEN"] {
            assert!(check("", &[(variable, "1")]).is_err(), "{variable}");
        }
    }
}
