//! `report`: runs one report document.

use super::super::charts::{Chart, Explanation};
use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::Output;
use crate::language::Report;
use crate::model::{CohortCall, StoredName};
use crate::reports::{self, Limits, ReportError};
use crate::store::{Environment, Snapshot, StoreError, SystemEnvironment, UnknownName};
use clap::Args;
use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

/// Most bytes of a document.
const DOCUMENT_BYTES_MAX: u64 = 8 << 20;

/// Run a report document and print its answer
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb report funnel.json
  trackcrumb report --format csv - <<'END'
  {\"report\":\"trends\",\"from\":\"-30d\",\"to\":\"now\",\"series\":[{\"event\":\"signed_up\"}]}
  END
  trackcrumb report --explain funnel.json")]
pub struct Arguments {
    /// The file that holds the document, or `-` for standard input
    file: String,
    /// Print what was read for the answer, what was skipped and why, instead of the answer
    ///
    /// Stage by stage: the time, the stored bytes that were decoded (whole blocks of columns and of texts, bitmaps,
    /// directories; again each time), the bytes that were held against their checksums because they were used for the
    /// first time since the store was opened, the tables, blocks, rows and bitmaps that were read, and those that were
    /// not, and why.
    #[arg(long)]
    explain: bool,
    /// The longest time that the report may take, in seconds
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<u64>,
    /// The most memory that the report may use, in MiB
    #[arg(long, value_name = "MIB")]
    memory_limit: Option<u64>,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let text = read_document(&arguments.file)?;
    let report = Report::parse(&text).map_err(ReportError::Document)?;
    let now = SystemEnvironment.now();
    let limits = Limits {
        time: arguments.time_limit.map(Duration::from_secs),
        bytes: arguments.memory_limit.map(|mib| mib.saturating_mul(1 << 20)),
        ..Limits::default()
    };
    if arguments.explain {
        let reader = arguments.data.read(output)?;
        let (_, stages) = reports::explain(reader.snapshot(), &report, now, &limits)?;
        output.show(&Explanation::new(reader.snapshot(), stages))?;
        return Ok(Exit::Done);
    }
    let answer = match reports::saved_cohort(&report) {
        Some(call) => {
            let store = match arguments.data.open_existing(output) {
                Err(Failure::Store(StoreError::Lock(_))) => return Err(save_beside_a_writer(&call.name)),
                opened => opened?,
            };
            let answer = reports::run_within(&store.snapshot()?, &report, now, &limits)?;
            save(&store, call)?;
            close(store)?;
            answer
        }
        None => {
            let reader = arguments.data.read(output)?;
            note_unknown_events(reader.snapshot(), &report, output)?;
            reports::run_within(reader.snapshot(), &report, now, &limits)?
        }
    };
    output.show(&Chart { report: &report, answer: &answer })?;
    Ok(Exit::Done)
}

/// An event that never occurred gives zeros, which may come from a slip of the pen.
fn note_unknown_events(snapshot: &Snapshot, report: &Report, output: &mut Output) -> Result<(), Failure> {
    let damaged = |damage| StoreError::Damaged { location: snapshot.location().to_owned(), damage };
    for event in report.references().events {
        if snapshot.event(&event).map_err(damaged)?.is_none() {
            let names = snapshot.names().read();
            let list = names.list(StoredName::Event);
            let known = (0..snapshot.name_count(StoredName::Event)).filter_map(|id| list.name(id).ok());
            output.note(&UnknownName::new("event", &event, known).to_string());
        }
    }
    Ok(())
}

fn read_document(file: &str) -> Result<String, Failure> {
    let name = if file == "-" { "standard input".to_owned() } else { format!("`{file}`") };
    let failed = |error| Failure::Input { input: name.clone(), error };
    let mut text = Vec::new();
    let read = if file == "-" {
        io::stdin().take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut text))
    };
    if read.map_err(failed)? as u64 > DOCUMENT_BYTES_MAX {
        return Err(Failure::other(format!(
            "{name} is longer than the 8 MiB that a report document may have; shorten it"
        )));
    }
    String::from_utf8(text).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Failure::other(format!("the byte at offset {offset} of {name} is not UTF-8; write the document as UTF-8"))
    })
}

fn save_beside_a_writer(name: &str) -> Failure {
    Failure::other(format!(
        "cohort `{name}` cannot be saved while another process writes to the store; post the document to its \
         /api/report, or stop it first"
    ))
}

/// Keeps a definition under its name.
fn save(store: &crate::Store, call: CohortCall) -> Result<(), Failure> {
    match store.write_strict([call.into()]) {
        Ok(_) => Ok(()),
        Err(StoreError::Refused { refusal, .. }) => Err(Failure::other(refusal.to_string())),
        Err(other) => Err(other.into()),
    }
}
