//! The SQL port: one SQL text on SQLite and the PostgreSQL family.
