//! What the program can be told to do.

mod accounts;
mod audit;
mod import;
mod index_rebuild;
mod retention;
mod serve;
mod vault;

pub use accounts::{keys_rotate, plan_set, role_change, role_list};
pub use audit::{audit_export, audit_key, audit_key_rotate, audit_verify};
pub use import::import;
pub use index_rebuild::index_rebuild;
pub use retention::retention;
pub use serve::serve;
pub use vault::vault_rotate;
