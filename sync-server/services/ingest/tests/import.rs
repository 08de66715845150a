//! The import over real files, with real decode workers, on every database.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests, though clippy cannot see it.

#[path = "import/broken.rs"]
mod broken;
#[path = "import/covers.rs"]
mod covers;
#[path = "import/faults.rs"]
mod faults;
#[path = "import/fixture.rs"]
mod fixture;
#[path = "import/formats.rs"]
mod formats;
#[path = "import/http.rs"]
mod http;
#[path = "import/identity.rs"]
mod identity;
#[path = "import/incremental.rs"]
mod incremental;
#[path = "import/tags.rs"]
mod tags;
