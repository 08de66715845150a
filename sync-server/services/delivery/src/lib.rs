//! The right bytes to an entitled listener.
