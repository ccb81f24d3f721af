//! The `trackcrumb` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    trackcrumb::cli::main()
}
