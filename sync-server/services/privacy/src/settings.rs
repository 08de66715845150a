//! What an operator decides.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// In the order in which they are shown.
    pub purposes: Vec<Purpose>,
    /// One for each [`crate::peer::Retained`].
    pub rules: Vec<Rule>,
    /// Days between asking for an erasure and its being done.
    pub cooling_off_days: u32,
    /// Days that the file of an export is there.
    pub export_days: u32,
    /// When the nightly job runs: an hour of the day, 0 to 23, in UTC.
    pub nightly_hour: u8,
    /// Folder of the files of exports.
    pub exports: PathBuf,
}

/// Something that data is used for only where the person agreed to it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Such as `personalisation`.
    #[serde(rename = "purpose")]
    pub id: String,
    pub title: String,
    /// What is agreed to. Who changes its meaning raises the version: what was agreed to before
    /// holds no more.
    pub text: String,
    pub version: u32,
}

/// How long something is kept.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub days: u32,
}
