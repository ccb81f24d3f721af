//! Lines on disk until they are delivered: files of frames, as the store's log has them. Layout: `format-spec/spool.md`.
//!
//! Invariants:
//! - A line counts as taken when a sync that covers it has returned. A failed sync is never repeated: the spool then
//!   takes nothing more, and what was durable is still delivered.
//! - A file begins whole under its name. Only the newest is appended to; all of an older one was synced before the next
//!   began. So only the newest may end in a torn tail, and opening writes it anew.
//! - A file goes when all its lines are settled. A mark of how far that is goes along with the lines, so that a crash
//!   repeats little.
//! - One process per spool: a lock says so.

mod contents;
mod payload;
mod recovery;
#[cfg(test)]
mod tests;

use super::queue::Entry;
use crate::codec::{DecodeError, FileHeader, FileId, FileKind};
use crate::files::{FileError, LockError, Storage, StorageFile, StorageLock, publish_file};
use crate::log::frame::PAYLOAD_BYTES_MAX;
use crate::log::{encode_frames, framed_bytes};
use crate::store::Environment;
use contents::Contents;
use payload::Payload;
use std::collections::VecDeque;
use std::sync::Arc;
use thiserror::Error;

/// A new file is begun when the newest has so many bytes, or a fourth of all that the spool may take.
const FILE_BYTES: u64 = 1 << 20;
/// No file is longer than this: the limit above, one more call, and as much again for marks.
const FILE_BYTES_MAX: u64 = 2 * (FILE_BYTES + PAYLOAD_BYTES_MAX as u64);
/// The lock.
const LOCK: &str = "LOCK";

/// Why the spool cannot be opened or does not take a call.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The system refused something.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process uses it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// As much waits as may.
    #[error("the spool has reached its {bytes_max} bytes")]
    Full {
        /// The most that it may take.
        bytes_max: u64,
    },
    /// One call is too large.
    #[error("a call of {bytes} bytes is larger than the {PAYLOAD_BYTES_MAX} that the spool takes at once")]
    TooLarge {
        /// What it takes.
        bytes: usize,
    },
    /// A sync failed before.
    #[error("the spool takes nothing more since a sync failed ({cause}); stop the program and start it again")]
    Poisoned {
        /// The failure.
        cause: String,
    },
}

/// A file that is there.
#[derive(Clone, Debug)]
struct SpoolFile {
    number: u64,
    /// The sequence of its first line.
    first: u64,
    /// The sequence after its last line.
    end: u64,
    bytes: u64,
    /// It was found damaged when the spool was opened, and that was told.
    is_damaged: bool,
}

impl SpoolFile {
    fn name(&self) -> String {
        format!("spool-{:08}", self.number)
    }
}

/// The newest file, open to append.
struct Active {
    file: Arc<dyn StorageFile>,
    id: FileId,
    frames: u64,
    written: u64,
    synced: u64,
}

/// See the module.
pub(super) struct Spool {
    storage: Arc<dyn Storage>,
    environment: Arc<dyn Environment>,
    _lock: Box<dyn StorageLock>,
    /// Oldest first; the active one is the last.
    files: VecDeque<SpoolFile>,
    active: Option<Active>,
    next_number: u64,
    bytes_max: u64,
    /// The sequence after the last line that was appended.
    appended: u64,
    /// The sequence after the last line that is durable.
    durable: u64,
    settled: u64,
    poisoned: Option<String>,
}

/// A sync to be run without holding the spool.
pub(super) struct SyncJob {
    file: Arc<dyn StorageFile>,
    number: u64,
    written: u64,
    appended: u64,
}

impl SyncJob {
    /// Syncs.
    pub fn run(&self) -> Result<(), FileError> {
        self.file.sync("spool")
    }
}

/// Lines that were read back.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub entries: Vec<Entry>,
    /// The sequence from which to go on.
    pub next: u64,
}

impl Spool {
    /// The directory.
    pub fn location(&self) -> String {
        self.storage.location()
    }

    /// The sequence after the last line that is durable.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// The sequence after the last line that was appended.
    pub fn appended(&self) -> u64 {
        self.appended
    }

    /// All lines before this one are dealt with.
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// Refuses after a failed sync.
    pub fn check_usable(&self) -> Result<(), SpoolError> {
        match &self.poisoned {
            Some(cause) => Err(SpoolError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether the next call begins a new file. Then no [`SyncJob`] may be under way.
    pub fn is_file_full(&self) -> bool {
        let limit = FILE_BYTES.min(self.bytes_max / 4);
        self.active.as_ref().is_none_or(|active| active.written >= limit)
    }

    /// Appends the lines of one call. They are durable after the next sync.
    ///
    /// # Errors
    /// When there is no room, or the system refuses. Then nothing of the call is there.
    pub fn append(&mut self, lines: &[String]) -> Result<(), SpoolError> {
        self.check_usable()?;
        let payload = Payload::encode(self.appended, lines);
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(SpoolError::TooLarge { bytes: payload.len() });
        }
        let needed = framed_bytes(payload.len());
        if self.bytes() + needed > self.bytes_max {
            self.clear();
        }
        if self.bytes() + needed > self.bytes_max {
            return Err(SpoolError::Full { bytes_max: self.bytes_max });
        }
        if self.is_file_full() {
            self.begin_file()?;
        }
        self.append_frame(&payload)?;
        self.appended += lines.len() as u64;
        if let Some(file) = self.files.back_mut() {
            file.end = self.appended;
        }
        Ok(())
    }

    fn append_frame(&mut self, payload: &[u8]) -> Result<(), FileError> {
        let (Some(active), Some(file)) = (&mut self.active, self.files.back_mut()) else { return Ok(()) };
        let mut bytes = Vec::new();
        let frames = encode_frames(payload, active.id, active.frames, active.synced, &mut bytes);
        active.file.append(&bytes)?;
        active.frames = frames;
        active.written += bytes.len() as u64;
        file.bytes = active.written;
        Ok(())
    }

    /// Makes the newest file durable and begins the next.
    fn begin_file(&mut self) -> Result<(), SpoolError> {
        self.sync_all();
        self.check_usable()?;
        let number = self.next_number;
        let mark = Payload::encode_mark(self.settled, self.appended);
        let file = SpoolFile { number, first: self.appended, end: self.appended, bytes: 0, is_damaged: false };
        let (id, bytes) = self.publish(&file.name(), &[mark]).inspect_err(|error| self.note(error))?;
        let opened = self.storage.open_append(&file.name())?;
        self.next_number += 1;
        self.active = Some(Active { file: opened.into(), id, frames: 1, written: bytes, synced: bytes });
        self.files.push_back(SpoolFile { bytes, ..file });
        Ok(())
    }

    /// Makes a file of these payloads, durable under its name. Answers its identity and length.
    fn publish(&self, name: &str, payloads: &[Vec<u8>]) -> Result<(FileId, u64), FileError> {
        let id = self.environment.file_id();
        let header = FileHeader { kind: FileKind::Spool, id }.encode();
        let length = payloads.iter().map(|payload| framed_bytes(payload.len())).sum::<u64>();
        let length = header.len() as u64 + length;
        let mut bytes = header;
        let mut sequence = 0;
        for payload in payloads {
            // All of it is synced before it has its name.
            sequence = encode_frames(payload, id, sequence, length, &mut bytes);
        }
        publish_file(&*self.storage, name, [&bytes], "spool file")?;
        self.storage.sync_dir("spool file name")?;
        Ok((id, length))
    }

    /// After a failed sync nobody knows what the disk holds.
    fn note(&mut self, error: &FileError) {
        if error.is_failed_sync() {
            self.poisoned.get_or_insert(error.to_string());
        }
    }

    /// What makes everything appended so far durable, if there is anything to do.
    pub fn begin_sync(&self) -> Option<SyncJob> {
        let (active, file) = (self.active.as_ref()?, self.files.back()?);
        (self.durable < self.appended).then(|| SyncJob {
            file: Arc::clone(&active.file),
            number: file.number,
            written: active.written,
            appended: self.appended,
        })
    }

    /// Takes note of how a sync ended.
    ///
    /// # Errors
    /// When it failed.
    pub fn finish_sync(&mut self, job: &SyncJob, result: Result<(), FileError>) -> Result<(), FileError> {
        if let Err(error) = result {
            self.note(&error);
            return Err(error);
        }
        self.durable = self.durable.max(job.appended);
        let is_newest = self.files.back().is_some_and(|file| file.number == job.number);
        if let Some(active) = self.active.as_mut().filter(|_| is_newest) {
            active.synced = active.synced.max(job.written);
        }
        Ok(())
    }

    /// Makes everything appended durable, while it is held. A failure shows in [`Self::check_usable`].
    pub fn sync_all(&mut self) {
        if let Some(job) = self.begin_sync().filter(|_| self.poisoned.is_none()) {
            let result = job.run();
            // It is noted.
            let _ = self.finish_sync(&job, result);
        }
    }

    /// All lines before this one are dealt with: removes files, and notes it in the newest.
    pub fn settle(&mut self, settled: u64) {
        if settled <= self.settled {
            return;
        }
        self.settled = settled;
        while self.files.len() > usize::from(self.active.is_some())
            && let Some(file) = self.files.pop_front_if(|file| file.end <= settled)
        {
            // What cannot be removed is settled again by a later opening.
            let _ = self.storage.remove(&file.name());
        }
        if self.poisoned.is_none() {
            // The mark saves repetitions after a crash, and nothing else depends on it.
            let _ = self.append_frame(&Payload::encode_mark(settled, self.appended));
        }
    }

    /// Whether nothing waits and there are files all the same.
    pub fn is_drained(&self) -> bool {
        !self.files.is_empty() && self.settled == self.appended
    }

    /// Removes all files, once nothing waits.
    pub fn clear(&mut self) {
        if self.is_drained() {
            self.active = None;
            for file in std::mem::take(&mut self.files) {
                let _ = self.storage.remove(&file.name());
            }
        }
    }

    /// Leaves nothing to do for the next opening but what still waits.
    pub fn close(mut self) {
        if self.is_drained() && self.poisoned.is_none() {
            self.clear();
            // Files that come back after a loss of power would be delivered again, which does no harm.
            let _ = self.storage.sync_dir("spool cleared");
        }
    }

    /// Reads lines from this sequence on: those of one file, as far as they are durable.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(&self, from: u64) -> Result<(Loaded, Vec<DecodeError>), FileError> {
        let Some(file) = self.files.iter().find(|file| file.end > from) else {
            return Ok((Loaded { entries: Vec::new(), next: self.durable }, Vec::new()));
        };
        let next = file.end.min(self.durable);
        let contents = match Contents::read(self.storage.read(&file.name())?, &file.name()) {
            Ok(contents) => contents,
            Err(error) => return Ok((Loaded { entries: Vec::new(), next }, vec![error])),
        };
        let lines = contents.lines(from, next);
        let entries: Vec<Entry> = lines.map(|(sequence, text)| Entry { sequence, text: text.into() }).collect();
        // The newest file may be seen while it is written to, above what is durable: nothing of that is wanted.
        let is_told = file.is_damaged || entries.len() as u64 >= next.saturating_sub(from.max(file.first));
        Ok((Loaded { entries, next }, if is_told { Vec::new() } else { contents.damage }))
    }
}
