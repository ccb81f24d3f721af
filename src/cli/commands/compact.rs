//! `compact`: sealing and merging now, further than background maintenance goes.

use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::progress::spinner;
use super::super::rows::{Kind, Rows};
use super::super::text::{bytes, count, counted};
use crate::store::{CompactStep, Compacted, StoreFiles};
use clap::Args;

/// Seal and merge everything now, into as few segments as may be
///
/// Background maintenance merges up to 16 million events; larger segments answer faster. Answers are the same before and
/// after, unless events are kept for a time only (`expire --keep`): those that are older then go.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  trackcrumb compact --data ./workspace")]
pub struct Arguments {
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let store = arguments.data.open_existing(output)?;
    let bar = spinner();
    let compacted = store.compact(|step| bar.set_message(sentence(step)));
    bar.finish_and_clear();
    let compacted = compacted?;
    close(store)?;
    output.show(&compacted)?;
    Ok(Exit::Done)
}

fn sentence(step: CompactStep) -> String {
    match step {
        CompactStep::Seal => "sealing the log".to_owned(),
        CompactStep::MergeSegments { segments, rows } => {
            format!("merging {} segments with {}", count(segments as u64), counted(rows, "event"))
        }
        CompactStep::MergeNames => "merging names".to_owned(),
        CompactStep::MergeProfiles => "merging profiles".to_owned(),
    }
}

impl Show for Compacted {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let names =
            [("when", Kind::Text), ("segments", Kind::Number), ("files", Kind::Number), ("bytes", Kind::Number)];
        let mut rows = Rows::new(names);
        for (when, StoreFiles { segments, files, bytes }) in [("before", self.before), ("after", self.after)] {
            rows.push([when.into(), segments.into(), files.into(), bytes.into()]);
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let of = |files: &StoreFiles| {
            format!(
                "{} in {}, {}",
                counted(files.segments, "segment"),
                counted(files.files, "file"),
                bytes(files.bytes)
            )
        };
        format!("{} {}\n", canvas.bold(&of(&self.after)), canvas.dim(&format!("(before: {})", of(&self.before))))
    }
}
