//! `backup`: a consistent copy of a store, while others write to it.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::progress::byte_bar;
use super::super::rows::{Kind, Rows};
use super::super::text::{bytes, counted, list, shown};
use crate::files::DiskStorage;
use crate::store::{Backup, StoreError, SystemEnvironment, backup};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Copy the store, consistently, while others write to it
///
/// The copy holds everything acknowledged before it began. Every byte is checked on the way, and the copy is a store
/// like any other.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  trackcrumb backup --data ./workspace ./backups/monday")]
pub struct Arguments {
    /// Where to: a directory that is empty or does not exist, and lies outside the store
    destination: PathBuf,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// What was copied, and where it is.
#[derive(Serialize)]
struct Copied {
    destination: String,
    #[serde(flatten)]
    backup: Backup,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let from = arguments.data.storage()?;
    // An error of the source should leave no new directory behind.
    crate::StoreReader::open_storage(&from)?;
    if from.contains(&arguments.destination).map_err(StoreError::from)? {
        let [destination, store] =
            [&arguments.destination, &arguments.data.directory()?].map(|path| path.display().to_string());
        return Err(Failure::other(format!(
            "{} lies inside the store that is to be copied; name a directory outside of {}",
            list(&[&destination]),
            list(&[&store])
        )));
    }
    let to = DiskStorage::create(&arguments.destination).map_err(StoreError::from)?;
    let bar = byte_bar(0);
    let copied = backup(&from, &to, &SystemEnvironment, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    output.show(&Copied { destination: arguments.destination.display().to_string(), backup: copied? })?;
    Ok(Exit::Done)
}

impl Show for Copied {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let number = Kind::Number;
        let names = [("destination", Kind::Text), ("files", number), ("bytes", number), ("next_arrival", number)];
        let mut rows = Rows::new(names);
        let Backup { files, bytes, next_arrival } = self.backup;
        rows.push([self.destination.as_str().into(), files.into(), bytes.into(), next_arrival.into()]);
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let Backup { files, bytes: length, next_arrival } = self.backup;
        let copied = format!("{} in {}", bytes(length), counted(files, "file"));
        let held = format!("({} arrived until then)", counted(next_arrival, "thing"));
        format!("{} copied to {} {}\n", canvas.bold(&copied), shown(&self.destination), canvas.dim(&held))
    }
}
