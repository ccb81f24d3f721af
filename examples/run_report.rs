//! Runs a report document over a directory, beside whatever process writes to it.
//!
//! `cargo run --example run_report -- DIRECTORY DOCUMENT.json`
#![expect(clippy::print_stdout, reason = "an example shows its answer")]

use trackcrumb::language::Report;
use trackcrumb::store::{Environment, SystemEnvironment};
use trackcrumb::{StoreReader, reports};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(document)) = (arguments.next(), arguments.next()) else {
        return Err("usage: run_report DIRECTORY DOCUMENT.json".into());
    };
    let report = Report::parse(&std::fs::read_to_string(document)?)?;
    let reader = StoreReader::open(directory)?;
    let answer = reports::run(reader.snapshot(), &report, SystemEnvironment.now())?;
    println!("{}", serde_json::to_string_pretty(&answer)?);
    Ok(())
}
