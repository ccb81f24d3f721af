//! The command line: one file per command, each with its arguments and a `run` that calls the library.
//!
//! Invariants:
//! - What was asked for goes to standard output, everything else to standard error; only `output` writes to either.
//! - An error is one sentence that says what to do. The exit code tells its kind (`exit::Exit`).
//! - Text that came from outside reaches a terminal with its control characters escaped, and a spreadsheet never as a
//!   formula.
//! - Commands that only read open a [`StoreReader`](crate::StoreReader) and write nothing.

mod charts;
mod commands;
mod data;
mod exit;
mod format;
mod output;
mod progress;
mod removal;
mod rows;
mod stop;
mod text;

use clap::Parser;
use commands::Command;
use exit::Exit;
use output::Output;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

/// Exact product analytics in one binary and one directory.
#[derive(Debug, Parser)]
#[command(name = "trackcrumb", version, propagate_version = true, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  trackcrumb demo
  trackcrumb import events.ndjson.gz
  trackcrumb report funnel.json
  trackcrumb groups company --search acme

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some input refused, 4 damage found";

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    take_limits_as_errors();
    run(std::env::args_os()).into()
}

/// A file that may grow no further is an error to tell and not the end of the process.
fn take_limits_as_errors() {
    // Where the system refuses, its limit ends the process as before.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell when this cannot be written.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let mut output = Output::to_standard();
    let result = commands::run(cli.command, &mut output).and_then(|exit| output.finish().map(|()| exit));
    match result {
        Ok(exit) => exit,
        Err(failure) if failure.is_closed_pipe() => Exit::Done,
        Err(failure) => {
            // What was printed before comes before the error.
            let _ = output.finish();
            output.error(&failure);
            failure.exit()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
