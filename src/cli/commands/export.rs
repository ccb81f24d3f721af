//! `export`: everything that was accepted, as input lines in order of arrival.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::output::Output;
use super::super::text::counted;
use crate::input::write_line;
use crate::model::Line;
use crate::store::StoreReader;
use clap::Args;

/// Print every accepted thing as an input line, in order of arrival
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb export > everything.ndjson
  trackcrumb export --data ./damaged --skip-damaged | trackcrumb import --data ./rescued -")]
pub struct Arguments {
    /// Go on past damage: print what is intact, list what is not, and exit with 4
    #[arg(long)]
    skip_damaged: bool,
    #[command(flatten)]
    data: DataArg,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    if arguments.skip_damaged {
        return skip_damaged(arguments, output);
    }
    let reader = arguments.data.read(output)?;
    let mut text = String::new();
    reader.snapshot().export(|line| print_line(&line, &mut text, output))?;
    Ok(Exit::Done)
}

fn print_line(line: &Line, text: &mut String, output: &mut Output) -> Result<(), Failure> {
    text.clear();
    write_line(line, text);
    text.push('\n');
    output.print(text)
}

fn skip_damaged(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let storage = arguments.data.storage()?;
    let (reader, mut damage) = StoreReader::open_skipping(&storage)?;
    let mut text = String::new();
    let salvaged = reader.snapshot().export_intact(|line| print_line(&line, &mut text, output))?;
    damage.extend(salvaged.damage);
    damage.dedup();
    output.finish()?;
    for place in &damage {
        output.say(&format!("damaged: {place}"));
    }
    if damage.is_empty() && salvaged.lost == 0 {
        return Ok(Exit::Done);
    }
    output.say(&format!(
        "{} printed; at least {} lost to damage",
        counted(salvaged.lines, "line"),
        counted(salvaged.lost, "line")
    ));
    Ok(Exit::Damaged)
}
