//! `verify`: whether every byte of the store is as it was written.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use super::super::text::{bytes, counted, shown};
use crate::codec::DecodeError;
use crate::store::{VerifyReport, verify};
use clap::Args;
use serde_json::{Value, json};

/// Read every byte, check every checksum and cross-reference, and say what is damaged and where
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  trackcrumb verify --data ./workspace\n\nThe exit code is 4 when damage is found.")]
pub struct Arguments {
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let report = verify(&arguments.data.storage()?)?;
    output.show(&report)?;
    Ok(if report.damage.is_empty() { Exit::Done } else { Exit::Damaged })
}

/// One damaged place.
fn place(damage: &DecodeError) -> [Value; 3] {
    [damage.file.as_deref().into(), damage.offset.into(), damage.problem.as_str().into()]
}

impl Show for VerifyReport {
    fn to_json(&self) -> String {
        let damage: Vec<Value> = self
            .damage
            .iter()
            .map(|damage| json!({"file": damage.file.as_deref(), "offset": damage.offset, "problem": damage.problem}))
            .collect();
        json!({"files": self.files, "bytes": self.bytes, "damage": damage, "notes": self.notes}).to_string()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new([("file", Kind::Text), ("offset", Kind::Number), ("problem", Kind::Text)]);
        for damage in &self.damage {
            rows.push(place(damage));
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let read = format!("{}, {}", counted(self.files, "file"), bytes(self.bytes));
        let mut out = if self.damage.is_empty() {
            format!("Everything is intact: {read}.\n")
        } else {
            let found = counted(self.damage.len() as u64, "damaged place");
            format!("{found} in {read}:\n\n{}", self.to_rows().to_table(canvas))
        };
        for note in &self.notes {
            out += &format!("{}\n", canvas.dim(&shown(note)));
        }
        out
    }
}
