//! The commands.

mod backup;
mod compact;
mod delete;
mod demo;
mod events;
mod expire;
mod export;
mod group_type;
mod groups;
mod import;
#[cfg(feature = "server")]
mod key;
mod profile;
mod report;
#[cfg(feature = "server")]
mod serve;
mod stats;
mod verify;
mod workspace;

use super::exit::{Exit, Failure};
use super::output::Output;
use crate::model::Properties;
use clap::Subcommand;

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Arguments),
    #[cfg(feature = "server")]
    Serve(serve::Arguments),
    Import(import::Arguments),
    Report(report::Arguments),
    Groups(groups::Arguments),
    Group(profile::GroupArguments),
    User(profile::UserArguments),
    Events(events::Arguments),
    GroupType(group_type::Arguments),
    Stats(stats::Arguments),
    Verify(verify::Arguments),
    Export(export::Arguments),
    Backup(backup::Arguments),
    Compact(compact::Arguments),
    Delete(delete::Arguments),
    Expire(expire::Arguments),
    Workspace(workspace::Arguments),
    #[cfg(feature = "server")]
    Key(key::Arguments),
}

/// Runs a command.
pub fn run(command: Command, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments, output),
        #[cfg(feature = "server")]
        Command::Serve(arguments) => serve::run(arguments, output),
        Command::Import(arguments) => import::run(&arguments, output),
        Command::Report(arguments) => report::run(&arguments, output),
        Command::Groups(arguments) => groups::run(&arguments, output),
        Command::Group(arguments) => profile::group(&arguments, output),
        Command::User(arguments) => profile::user(&arguments, output),
        Command::Events(arguments) => events::run(&arguments, output),
        Command::Stats(arguments) => stats::run(&arguments, output),
        Command::Verify(arguments) => verify::run(&arguments, output),
        Command::Export(arguments) => export::run(&arguments, output),
        Command::Backup(arguments) => backup::run(&arguments, output),
        Command::Delete(arguments) => delete::run(&arguments, output),
        Command::Expire(arguments) => expire::run(&arguments, output),
        Command::Workspace(arguments) => workspace::run(&arguments, output),
        #[cfg(feature = "server")]
        Command::Key(arguments) => key::run(&arguments, output),
        Command::Compact(arguments) => compact::run(&arguments, output),
        Command::GroupType(arguments) => group_type::run(&arguments, output),
    }
}

/// How many properties a row of a table shows.
const PROPERTIES_SHOWN: usize = 3;

/// The first properties as `name: value`, for a cell of a table.
fn summary(properties: &Properties) -> String {
    let mut shown: Vec<String> = properties
        .iter()
        .take(PROPERTIES_SHOWN)
        .map(|(name, value)| match value {
            crate::model::Value::String(text) => format!("{name}: {text}"),
            other => format!("{name}: {}", other.to_json()),
        })
        .collect();
    if properties.len() > PROPERTIES_SHOWN {
        shown.push(format!("+{} more", properties.len() - PROPERTIES_SHOWN));
    }
    shown.join(", ")
}

/// A count of at least 1.
fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(_) => Err("must be a whole number".to_owned()),
    }
}
