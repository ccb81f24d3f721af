//! What keeps a store in shape: when sealing and merging are due, and the steps they have in common.
//!
//! Every step follows one protocol: write new files, sync them and their names, publish the manifest, and only then
//! remove what it no longer lists.

use super::engine::Engine;
use super::error::StoreError;
use super::load::damaged;
use super::manifest::FileEntry;
use crate::codec::{DecodeError, FileId, WriteError};
use crate::files::{FileError, Storage, publish_written};
use bytes::Bytes;
use std::io;
use std::sync::Arc;

/// A file that was written and is in no manifest yet.
pub(super) struct Written<T> {
    pub entry: FileEntry,
    pub opened: Arc<T>,
}

/// Writes an immutable file and opens it; its name lasts after the next sync of the directory.
pub(super) fn write_file<T>(
    storage: &dyn Storage,
    name: fn(u64) -> String,
    number: u64,
    id: FileId,
    bytes: &Bytes,
    open: fn(&dyn Storage, &FileEntry) -> Result<Arc<T>, StoreError>,
) -> Result<Written<T>, StoreError> {
    write_file_with(storage, name, number, id, open, |output| Ok(output.write_all(bytes)?))
}

/// The same for a file that is written while it is made; no more of it is in memory than what is written at once.
pub(super) fn write_file_with<T>(
    storage: &dyn Storage,
    name: fn(u64) -> String,
    number: u64,
    id: FileId,
    open: fn(&dyn Storage, &FileEntry) -> Result<Arc<T>, StoreError>,
    write: impl FnOnce(&mut dyn io::Write) -> Result<(), WriteError>,
) -> Result<Written<T>, StoreError> {
    let length = publish_written(storage, &name(number), "sealed file", |output| {
        write(output).map_err(|error| match error {
            WriteError::Content(damage) => damaged(storage, damage),
            WriteError::Output(error) => StoreError::from(FileError::unwritten(name(number), error)),
        })
    })?;
    let entry = FileEntry { number, id, length };
    // Opened before the manifest names it: from then on there is no way back from an error.
    let opened = open(storage, &entry)?;
    Ok(Written { entry, opened })
}

impl Engine {
    pub(super) fn damage(&self, damage: DecodeError) -> StoreError {
        damaged(&*self.storage, damage)
    }

    /// Seals a log that has grown to its size, and merges what is due, now.
    ///
    /// What was acknowledged is durable without it, so that an error is no reason to refuse anything: it is kept, and
    /// sealing is tried again when the log has grown some more.
    pub fn maintain(&mut self) {
        if self.is_seal_due() {
            let result = self.seal().map(drop).and_then(|()| self.merge_due());
            self.note_maintenance(result.err().map(|error| error.to_string()));
        }
    }

    /// Takes out what is older than it is to be kept, and merges sealed files until no run of them is due.
    pub fn merge_due(&mut self) -> Result<(), StoreError> {
        self.expire_due()?;
        while let Some(merging) = self.begin_due_merge() {
            self.merge(merging)?;
        }
        Ok(())
    }
}
