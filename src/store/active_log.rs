//! The log that is written to, and the memory that batches take on their way into it.

use crate::codec::FileId;
use crate::files::{FileError, StorageFile};
use crate::log::BatchBuilder;
use std::sync::Arc;

/// The log that is written to.
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

/// Memory that each batch uses again: giving it back and asking for it anew takes the system longer than filling it.
#[derive(Default)]
pub(super) struct Room {
    pub builder: BatchBuilder,
    pub frames: Vec<u8>,
}

/// A batch of more bytes leaves no room behind.
const ROOM_BYTES_MAX: usize = 8 << 20;

impl Room {
    /// Keeps what a batch used, unless that is much.
    pub fn keep(&mut self, mut builder: BatchBuilder, frames: Vec<u8>) {
        if frames.capacity() <= ROOM_BYTES_MAX {
            builder.clear();
            *self = Self { builder, frames };
        }
    }
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
