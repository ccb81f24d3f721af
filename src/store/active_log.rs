//! The log that is written to.

use crate::codec::FileId;
use crate::files::{FileError, StorageFile};
use std::sync::Arc;

/// See the module.
pub(super) struct ActiveLog {
    pub number: u64,
    pub id: FileId,
    pub file: Arc<dyn StorageFile>,
    /// Bytes appended.
    pub length: u64,
    /// Bytes known to be synced.
    pub synced: u64,
    pub sequence: u64,
    /// Whether a failed append may have left bytes after [`Self::length`].
    pub torn: bool,
}

impl ActiveLog {
    /// Cuts what a failed append left: it must not stay before or after the next batch.
    pub fn cut_torn(&mut self) -> Result<(), FileError> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        Ok(())
    }
}
