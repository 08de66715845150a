//! How the facade is opened, and why that may fail.

use std::{path::PathBuf, time::Duration};

pub use audio_engine::{Capture, MemoryOutput, Output, Pace};

pub use crate::browser::Browser;

/// What the facade needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of this device's data; made where it does not exist.
    pub data_dir: PathBuf,
    /// Where files go that are the listener's own; made where it does not exist.
    pub download_dir: PathBuf,
    /// How the server lists this device, such as `Ann's laptop`.
    pub device_name: String,
    /// Version of the app, shown in the settings.
    pub version: String,
    /// Where sound goes; `None` for the device of the settings.
    pub output: Option<Output>,
    /// Whether the keyring of the operating system is used where there is one.
    pub with_keyring: bool,
    /// How long the keyring may take to answer.
    pub keyring_patience: Duration,
    /// Where people sign in that do so without a password.
    pub browser: Browser,
    /// How long the browser may take to come back.
    pub browser_patience: Duration,
}

impl Config {
    /// The usual set-up: the sound device of the settings, the keyring of the operating system,
    /// downloads beside the data, and no browser.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            download_dir: data_dir.join("downloads"),
            data_dir,
            device_name: "MelodyUD".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            output: None,
            with_keyring: true,
            keyring_patience: Duration::from_mins(1),
            browser: Browser::none(),
            browser_patience: Duration::from_mins(5),
        }
    }
}

/// Why the facade cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another instance has the data folder.
    #[error("MelodyUD is running already with the data in {}", data_dir.display())]
    InUse { data_dir: PathBuf },
    /// The data folder or what is in it cannot be used.
    #[error("the data folder {} cannot be used", data_dir.display())]
    Data {
        data_dir: PathBuf,
        #[source]
        source: local_store::Error,
    },
    #[error("the connection to servers cannot be set up")]
    Http(#[source] reqwest::Error),
    #[error("the audio engine cannot be started")]
    Audio(#[source] audio_engine::StartError),
}
