//! The child process that looks into one file after another.

/// Takes jobs from standard input until it closes. The server calls this for its hidden
/// subcommand, before anything else is set up.
pub fn main() -> std::process::ExitCode {
    todo!()
}
