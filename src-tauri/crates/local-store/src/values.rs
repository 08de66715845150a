//! Single values: what there is one of per device.

use rusqlite::{OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result, Store};

/// Names of the values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    Settings,
    /// Server and account last signed in; no token.
    Session,
    /// Which device this is to the accounts that were signed in on it.
    Devices,
    Volume,
    /// Of each server's audit log, the last checkpoint that was seen.
    Checkpoints,
}

impl Key {
    const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Session => "session",
            Self::Devices => "devices",
            Self::Volume => "volume",
            Self::Checkpoints => "checkpoints",
        }
    }
}

impl Store {
    pub fn value<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>> {
        let json: Option<String> = self
            .connection()
            .query_row("SELECT json FROM value WHERE key = ?1", [key.name()], |row| row.get(0))
            .optional()
            .map_err(Error::sql("reading a value"))?;
        json.map(|json| serde_json::from_str(&json))
            .transpose()
            .map_err(|source| Error::Json { what: key.name(), source })
    }

    pub fn set_value<T: Serialize>(&self, key: Key, value: &T) -> Result<()> {
        let json = serde_json::to_string(value)
            .map_err(|source| Error::Json { what: key.name(), source })?;
        self.connection()
            .execute(
                "INSERT INTO value (key, json) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET json = excluded.json",
                params![key.name(), json],
            )
            .map_err(Error::sql("saving a value"))?;
        Ok(())
    }

    pub fn forget_value(&self, key: Key) -> Result<()> {
        self.connection()
            .execute("DELETE FROM value WHERE key = ?1", [key.name()])
            .map_err(Error::sql("forgetting a value"))?;
        Ok(())
    }
}
