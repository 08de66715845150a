//! `melodyud-server`: see `melodyud-server --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::main()
}
