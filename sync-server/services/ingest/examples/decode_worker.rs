//! The decode worker alone: what tests start in place of the server's hidden subcommand.

fn main() -> std::process::ExitCode {
    svc_ingest::decode_worker::main()
}
