//! The search port: full text over titles and names, with prefixes and slips.
//!
//! What is indexed and how a query is looked for is decided here, in terms ([`document`]) and
//! plans ([`query`]) that know no engine; the embedded engine (tantivy, in `store`) carries them
//! out. [`highlight()`] shows what matched.
//!
//! This crate does not know the catalog: it is told documents and gives back ids.
//!
//! Start reading at [`Index`], then [`query::Query::tiers`].

pub mod document;
mod error;
pub mod highlight;
mod index;
mod memory;
pub mod query;
mod store;
pub mod words;

pub use document::{Document, Kind};
pub use error::Error;
pub use highlight::{Span, highlight};
pub use index::{Index, Rebuild};
pub use query::{Grade, Query};
pub use store::{Found, Hit};
