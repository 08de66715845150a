//! What is held about persons: each service says so of every table it has, in data, so that
//! export and erasure reach all of them and people can read what is held and why.

/// A table with rows about persons, or files of theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holding {
    /// Of files: the name of their folder.
    pub table: &'static str,
    /// Columns that say whose a row is; any of them is enough. None where the service finds out
    /// otherwise, as with files.
    pub keys: &'static [Key],
    /// What it is, for people: `Where you are signed in`.
    pub what: &'static str,
    /// What it is needed for.
    pub why: &'static str,
    /// How long it is kept.
    pub kept: &'static str,
    /// Columns that an export leaves out, since they are of use to an attacker alone: hashes of
    /// secrets, sealed texts.
    pub secret: &'static [&'static str],
    pub on_erasure: OnErasure,
}

/// A column that names a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// Holds the account's id.
    Id(&'static str),
    /// Holds the account's token, as the audit log writes it: `account:` and the id.
    Token(&'static str),
}

/// What erasing a person does to the rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnErasure {
    Delete,
    /// They stay, and name nobody any more.
    Keep {
        why: &'static str,
    },
}

impl Holding {
    /// Leaves these columns out of exports.
    pub const fn without(self, secret: &'static [&'static str]) -> Self {
        Self { secret, ..self }
    }
}

impl Key {
    pub const fn column(self) -> &'static str {
        match self {
            Self::Id(column) | Self::Token(column) => column,
        }
    }
}
