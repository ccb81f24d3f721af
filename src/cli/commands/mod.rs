//! The commands.

mod demo;
mod group_type;
mod import;
mod report;

use super::exit::{Exit, Failure};
use super::output::Output;
use clap::Subcommand;

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Arguments),
    Import(import::Arguments),
    Report(report::Arguments),
    GroupType(group_type::Arguments),
}

/// Runs a command.
pub fn run(command: Command, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments, output),
        Command::Import(arguments) => import::run(&arguments, output),
        Command::Report(arguments) => report::run(&arguments, output),
        Command::GroupType(arguments) => group_type::run(&arguments, output),
    }
}
