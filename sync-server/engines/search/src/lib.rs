//! The search port: full text with prefixes and typos.
