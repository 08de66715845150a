//! Search over the catalog.
