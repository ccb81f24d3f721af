//! `--data`: which store a command works on, and what opening it has to say.

use super::exit::Failure;
use super::output::Output;
use super::text::bytes;
use crate::files::DiskStorage;
use crate::store::{Recovery, Store, StoreError, StoreReader};
use clap::Args;
use std::path::PathBuf;

/// `--data`.
#[derive(Clone, Debug, Args)]
pub struct DataArg {
    /// The directory of the store
    #[arg(long, value_name = "DIR", default_value = "./trackcrumb-data", global = true)]
    pub data: PathBuf,
}

impl DataArg {
    /// The store as it is now, for a command that only reads.
    pub fn read(&self, output: &mut Output) -> Result<StoreReader, StoreError> {
        let reader = StoreReader::open(&self.data)?;
        say_recovery(reader.recovery(), output);
        Ok(reader)
    }

    /// The files of the store, for what works on files.
    pub fn storage(&self) -> Result<DiskStorage, StoreError> {
        match DiskStorage::open(&self.data) {
            Err(error) if error.is_not_found() => Err(StoreError::Absent { location: self.data.display().to_string() }),
            opened => Ok(opened?),
        }
    }

    /// The store, to write to it; a new one where there is none yet.
    pub fn open(&self, output: &mut Output) -> Result<Store, StoreError> {
        let store = Store::open(&self.data)?;
        say_recovery(store.recovery(), output);
        Ok(store)
    }

    /// The store, to write to it; an error where there is none yet.
    pub fn open_existing(&self, output: &mut Output) -> Result<Store, StoreError> {
        StoreReader::open(&self.data)?;
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
