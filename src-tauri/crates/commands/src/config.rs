//! How the facade is opened, and why that may fail.

use std::path::PathBuf;

/// What the facade needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of this device's data; made where it does not exist.
    pub data_dir: PathBuf,
    /// How the server lists this device, such as `Ann's laptop`.
    pub device_name: String,
    /// Version of the app, shown in the settings.
    pub version: String,
}

impl Config {
    /// The usual set-up: the default sound device, the keyring of the operating system.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            device_name: "MelodyUD".into(),
            version: env!("CARGO_PKG_VERSION").into(),
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
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
