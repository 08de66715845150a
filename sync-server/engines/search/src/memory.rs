//! Giving memory back after much of it was needed for a while.

/// Filling an index takes hundreds of megabytes in small pieces on several threads. The C library
/// of GNU keeps what was freed between pieces that live on, for ever; this gives it back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no safe way to ask the C library for it")]
pub fn give_back() {
    // SAFETY: it takes no pointer, and is safe to call from any thread at any time (malloc_trim(3)).
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
