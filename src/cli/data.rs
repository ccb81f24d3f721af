//! `--data` and `--workspace`: which store a command works on, and what opening it has to say.

use super::exit::Failure;
use super::output::Output;
use super::text::bytes;
use crate::files::DiskStorage;
use crate::store::{Options, Recovery, Store, StoreError, StoreReader, UnknownName};
use crate::workspace::{self, DEFAULT, WorkspaceName};
use clap::Args;
use std::path::PathBuf;

/// `--data` and `--workspace`.
#[derive(Clone, Debug, Args)]
pub struct DataArg {
    /// The data directory
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./trackcrumb-data",
        env = "TRACKCRUMB_DATA",
        hide_env = true,
        global = true
    )]
    pub data: PathBuf,
    /// The workspace in it
    #[arg(long, value_name = "NAME", default_value = DEFAULT, env = "TRACKCRUMB_WORKSPACE", hide_env = true, global = true)]
    pub workspace: WorkspaceName,
}

impl DataArg {
    /// The directory of the store.
    ///
    /// # Errors
    /// When the workspace does not exist; `default` may yet have to be made.
    pub fn directory(&self) -> Result<PathBuf, Failure> {
        if !self.workspace.is_default() {
            let known = workspace::list(&self.data)?;
            if !known.contains(&self.workspace) {
                let names = known.iter().map(WorkspaceName::as_str);
                return Err(Failure::other(format!(
                    "{} (`trackcrumb workspace create {}` makes it)",
                    UnknownName::new("workspace", self.workspace.as_str(), names),
                    self.workspace
                )));
            }
        }
        Ok(self.workspace.directory(&self.data))
    }

    /// The store as it is now, for a command that only reads.
    pub fn read(&self, output: &mut Output) -> Result<StoreReader, Failure> {
        let reader = StoreReader::open(self.directory()?)?;
        say_recovery(reader.recovery(), output);
        Ok(reader)
    }

    /// The files of the store, for what works on files.
    pub fn storage(&self) -> Result<DiskStorage, Failure> {
        let directory = self.directory()?;
        match DiskStorage::open(&directory) {
            Err(error) if error.is_not_found() => {
                Err(StoreError::Absent { location: directory.display().to_string() }.into())
            }
            opened => Ok(opened.map_err(StoreError::from)?),
        }
    }

    /// The store, to write to it; a new one where there is none yet.
    pub fn open(&self, output: &mut Output) -> Result<Store, Failure> {
        self.open_with(Options::default(), output)
    }

    /// The same, with other sizes than the usual ones.
    pub fn open_with(&self, options: Options, output: &mut Output) -> Result<Store, Failure> {
        let store = Store::open_with(self.directory()?, options)?;
        say_recovery(store.recovery(), output);
        Ok(store)
    }

    /// The store, to write to it; an error where there is none yet.
    pub fn open_existing(&self, output: &mut Output) -> Result<Store, Failure> {
        StoreReader::open(self.directory()?)?;
        self.open(output)
    }
}

/// Says that what was left of an unfinished batch is not there.
pub fn say_recovery(recovery: Recovery, output: &mut Output) {
    if recovery.torn_bytes > 0 {
        output.note(&format!(
            "the store was not closed; {} of an unfinished batch at the end of its log, never acknowledged, are left out",
            bytes(recovery.torn_bytes)
        ));
    }
}

/// Closes a store that was written to, so that an error of it is told.
pub fn close(store: Store) -> Result<(), Failure> {
    Ok(store.close()?)
}
