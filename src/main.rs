//! The `trackcrumb` binary.

use std::process::ExitCode;

/// It gives freed memory back, also what one thread took and another freed, as with every batch that is sealed in the
/// background. The system's allocator kept a share of it for each of the server's many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    trackcrumb::cli::main()
}
