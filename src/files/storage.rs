//! The traits between a store and its files.
//!
//! What every implementation keeps to:
//! - Calls are synchronous, and an `Ok` means the call is done; but only a sync makes it last. The
//!   content of a file lasts once [`StorageFile::sync`] returns; its name, and a rename or removal,
//!   once [`Storage::sync_dir`] returns.
//! - A failed sync leaves unknown what is on the disk. It must not be repeated: a second sync may
//!   answer `Ok` although the bytes were dropped.
//! - Labels only say to tests which sync is which; they never change what is done.

use super::error::{FileError, LockError};
use bytes::Bytes;
use std::fmt;

/// A flat directory of named files.
pub trait Storage: Send + Sync {
    /// All names in the directory, sorted by bytes. Includes what is not a plain file, which is
    /// refused only when it is opened.
    ///
    /// # Errors
    /// When the directory cannot be read.
    fn list(&self) -> Result<Vec<String>, FileError>;

    /// Whether anything has this name.
    ///
    /// # Errors
    /// When the directory cannot be searched.
    fn exists(&self, name: &str) -> Result<bool, FileError>;

    /// The length in bytes of a plain file: what to compare with a limit before [`Storage::read`].
    ///
    /// # Errors
    /// When there is no such file or it is not a plain one.
    fn file_len(&self, name: &str) -> Result<u64, FileError> {
        self.read(name).map(|content| content.len() as u64)
    }

    /// Creates an empty file, readable and writable by its owner only, and opens it to append.
    ///
    /// # Errors
    /// [`FileError::AlreadyExists`] when anything has this name; otherwise what the system answers.
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError>;

    /// Opens a present file to append at its end.
    ///
    /// # Errors
    /// When there is no such file, it is not a plain one, or it cannot be written.
    fn open_append(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError>;

    /// The whole content, copied: bytes that a writer adds meanwhile may be missing. Takes as much
    /// memory as the file is long, so compare [`Storage::file_len`] with a limit first.
    ///
    /// # Errors
    /// When there is no such file, it is not a plain one, or memory is short.
    fn read(&self, name: &str) -> Result<Bytes, FileError>;

    /// Maps a file that nobody changes any more. The length is compared before anything is mapped.
    ///
    /// # Errors
    /// [`FileError::LengthDiffers`] when the file has not `expected_len` bytes; otherwise as `read`.
    fn map(&self, name: &str, expected_len: u64) -> Result<Bytes, FileError>;

    /// Gives a file another name, at one instant replacing a file that has it.
    ///
    /// # Errors
    /// When there is no such file or the directory cannot be written.
    fn rename(&self, from: &str, to: &str) -> Result<(), FileError>;

    /// Removes a file.
    ///
    /// # Errors
    /// When there is no such file or the directory cannot be written.
    fn remove(&self, name: &str) -> Result<(), FileError>;

    /// Makes all creations, renames and removals so far last.
    ///
    /// # Errors
    /// When the sync fails; see the module on why not to repeat it.
    fn sync_dir(&self, label: &'static str) -> Result<(), FileError>;

    /// Takes the exclusive lock of the one writer, creating its file if need be. It is held until the
    /// returned value is dropped or the process ends, however it ends. The note starts empty.
    ///
    /// # Errors
    /// [`LockError::Held`] when another writer is alive, also one in this process.
    fn lock(&self, name: &str) -> Result<Box<dyn StorageLock>, LockError>;

    /// Whether a writer is alive. For readers: creates nothing, and works on read-only media.
    ///
    /// # Errors
    /// When the lock file is there but cannot be opened or asked.
    fn probe_lock(&self, name: &str) -> Result<LockProbe, FileError>;

    /// Where the files are, for messages: the directory as the user gave it.
    fn location(&self) -> String;
}

/// A file open for appending.
#[expect(clippy::len_without_is_empty, reason = "a fallible length asked of the system, not a collection")]
pub trait StorageFile: Send + Sync {
    /// Writes all the bytes at the end that this handle keeps: the length at opening plus what it
    /// appended since. Concurrent appends through one handle do not mix.
    ///
    /// # Errors
    /// When not all bytes could be written. Then the kept end has not moved, though part of the bytes
    /// may be in the file beyond it; the next append writes over them, or `set_len` cuts them.
    fn append(&self, bytes: &[u8]) -> Result<(), FileError>;

    /// Up to `len` bytes from `offset`; fewer only where the file ends. Memory is reserved for what
    /// the file has, not for what is asked.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError>;

    /// The length of the file in bytes, including what a failed append left.
    ///
    /// # Errors
    /// When the system cannot tell.
    fn len(&self) -> Result<u64, FileError>;

    /// Cuts the file, or extends it with zeros, and moves the kept end there. Only for the active log.
    ///
    /// # Errors
    /// When the length cannot be set.
    fn set_len(&self, len: u64) -> Result<(), FileError>;

    /// Makes the content and the length last (fdatasync).
    ///
    /// # Errors
    /// When the sync fails; see the module on why not to repeat it.
    fn sync(&self, label: &'static str) -> Result<(), FileError>;
}

/// The lock of the one writer; dropping it releases the lock.
pub trait StorageLock: Send + Sync {
    /// Replaces the note that [`Storage::probe_lock`] hands to readers, with one write and no sync.
    /// The first line should be the process id: a second writer is told it.
    ///
    /// # Errors
    /// When it has more than [`super::NOTE_BYTES_MAX`] bytes or cannot be written.
    fn set_note(&self, note: &[u8]) -> Result<(), FileError>;
}

/// What a reader learns of the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockProbe {
    /// There is no writer.
    Free,
    /// A writer is alive; its latest note, empty while it has set none.
    Held(Vec<u8>),
}

impl fmt::Debug for dyn Storage + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({})", self.location())
    }
}

impl fmt::Debug for dyn StorageFile + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageFile")
    }
}

impl fmt::Debug for dyn StorageLock + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageLock")
    }
}
