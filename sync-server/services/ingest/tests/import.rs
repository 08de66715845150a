//! The import over real files, with real decode workers, on every database.

#[path = "import/fixture.rs"]
mod fixture;
#[path = "import/formats.rs"]
mod formats;
