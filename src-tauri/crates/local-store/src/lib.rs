//! SQLite on the device, secrets in the keyring.
