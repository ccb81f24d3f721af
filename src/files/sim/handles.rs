//! Open files and held locks of a simulated disk.
//!
//! Transfers go through the same loops as those of the real disk, so short and interrupted transfers
//! try the code that runs in production. Each turn of such a loop is one call of the disk.
//!
//! Invariants: a file handle keeps its content alive though the name be removed; dropping a lock frees it.

use super::super::error::{FileError, Operation, SimulatedCrash};
use super::super::lock;
use super::super::storage::{StorageFile, StorageLock};
use super::super::transfer::{read_fully, write_fully};
use super::faults::Verdict;
use super::state::InodeId;
use super::{SimDisk, admit};
use std::io;
use std::sync::{Mutex, PoisonError};

/// A file open for appending.
pub(super) struct SimFile {
    disk: SimDisk,
    /// The name at opening: the label of its calls and the place in messages.
    name: String,
    inode: InodeId,
    /// Where the next append goes. Always locked before the state of the disk.
    end: Mutex<u64>,
}

impl SimFile {
    /// Takes over a handle that was counted by `State::open_handle`.
    pub(super) fn new(disk: SimDisk, name: &str, inode: InodeId, end: u64) -> Self {
        Self { disk, name: name.to_owned(), inode, end: Mutex::new(end) }
    }

    fn failed(&self, operation: Operation) -> impl Fn(io::Error) -> FileError {
        move |error| FileError::io(operation, self.disk.path(&self.name), error)
    }

    /// One call that writes.
    fn write_once(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let (count, result) = match state.gate.admit(Operation::Append, &self.name) {
            Verdict::Proceed => (bytes.len(), Ok(())),
            Verdict::Half => (bytes.len().div_ceil(2), Ok(())),
            Verdict::HalfThenFail(error) => (bytes.len() / 2, Err(error)),
            Verdict::PowerLost => (bytes.len(), Err(SimulatedCrash::error())),
            Verdict::Fail(error) => return Err(error),
        };
        if count > 0 {
            state.write(self.inode, offset, &bytes[..count])?;
        }
        result.map(|()| count)
    }

    /// One call that reads.
    fn read_once(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let most = match state.gate.admit(Operation::Read, &self.name) {
            Verdict::Proceed => buffer.len(),
            Verdict::Half => buffer.len().div_ceil(2),
            Verdict::PowerLost => return Err(SimulatedCrash::error()),
            Verdict::HalfThenFail(error) | Verdict::Fail(error) => return Err(error),
        };
        let content = &state.inode(self.inode)?.visible;
        let rest = usize::try_from(offset).ok().and_then(|offset| content.get(offset..)).unwrap_or_default();
        let count = most.min(rest.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl StorageFile for SimFile {
    fn append(&self, bytes: &[u8]) -> Result<(), FileError> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        write_fully(*end, bytes, |offset, rest| self.write_once(offset, rest))
            .map_err(self.failed(Operation::Append))?;
        *end += bytes.len() as u64;
        Ok(())
    }

    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let available = self.len()?.saturating_sub(offset);
        let mut buffer = vec![0; len.min(usize::try_from(available).unwrap_or(usize::MAX))];
        let filled = read_fully(offset, &mut buffer, |offset, rest| self.read_once(offset, rest))
            .map_err(self.failed(Operation::Read))?;
        buffer.truncate(filled);
        Ok(buffer)
    }

    fn len(&self) -> Result<u64, FileError> {
        self.disk.call(Operation::Measure, &self.name, |state| Ok(state.inode(self.inode)?.visible.len() as u64))
    }

    fn set_len(&self, len: u64) -> Result<(), FileError> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        self.disk.call(Operation::SetLen, &self.name, |state| state.set_len(self.inode, len))?;
        *end = len;
        Ok(())
    }

    fn sync(&self, label: &'static str) -> Result<(), FileError> {
        let mut state = self.disk.state();
        let result = match admit(&mut state.gate, Operation::Sync, label) {
            Ok(()) if state.gate.omits(label) => Ok(()),
            Ok(()) => state.sync(self.inode),
            Err(error) => {
                if !state.gate.is_crashed() {
                    state.doubt(self.inode);
                }
                Err(error)
            }
        };
        result.map_err(self.failed(Operation::Sync))
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.disk.state().close_handle(self.inode);
    }
}

/// A held lock.
pub(super) struct SimLock {
    disk: SimDisk,
    name: String,
}

impl SimLock {
    /// Takes over a lock that is in `State::held_locks`.
    pub(super) fn new(disk: SimDisk, name: &str) -> Self {
        Self { disk, name: name.to_owned() }
    }
}

impl StorageLock for SimLock {
    fn set_note(&self, note: &[u8]) -> Result<(), FileError> {
        let frame = lock::encode_note(note);
        self.disk.call(Operation::SetNote, &self.name, |state| state.set_note(&self.name, frame?))
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.state().held_locks.remove(&self.name);
    }
}
