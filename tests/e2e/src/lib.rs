//! A real window, a real server and real sound.
