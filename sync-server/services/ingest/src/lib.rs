//! Files in, facts out: the library import.
