//! `melodyud-server`: see `melodyud-server --help`.

use std::process::ExitCode;

/// Filling a search index takes memory in many sizes on many threads; the system's allocator
/// keeps most of it for ever.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::main()
}
