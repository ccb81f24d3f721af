//! A directory of the file system as [`Storage`].
//!
//! Invariants: files are created with mode 0600 and directories with 0700; every write is positioned,
//! so two handles never move each other's end; nothing is opened that is not a plain file.

use super::error::{FileError, LockError, Operation};
use super::storage::{LockProbe, Storage, StorageFile, StorageLock};
use super::transfer::{read_fully, write_fully};
use super::{lock, name, plain};
use bytes::Bytes;
use memmap2::{Mmap, MmapOptions};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// The files of one directory.
#[derive(Clone, Debug)]
pub struct DiskStorage {
    directory: PathBuf,
    /// The directory itself, kept open so that a lack of file handles cannot make `sync_dir` fail.
    handle: Arc<File>,
}

impl DiskStorage {
    /// Opens a directory that exists. Nothing in it is looked at.
    ///
    /// # Errors
    /// When there is no such directory, or it is something else.
    pub fn open(directory: &Path) -> Result<Self, FileError> {
        // Opening comes second, as opening a FIFO would wait for its other end.
        let opened = fs::metadata(directory).and_then(|metadata| {
            if metadata.is_dir() { File::open(directory) } else { Err(ErrorKind::NotADirectory.into()) }
        });
        let handle = opened.map_err(|error| FileError::io(Operation::OpenDirectory, plain::shown(directory), error))?;
        Ok(Self { directory: directory.to_owned(), handle: Arc::new(handle) })
    }

    /// Creates the directory and those above it that are missing, each readable by its owner only,
    /// and makes their names last. A directory that exists is opened as it is.
    ///
    /// # Errors
    /// When a directory cannot be created or synced, or something else has the name.
    pub fn create(directory: &Path) -> Result<Self, FileError> {
        let missing: Vec<&Path> =
            directory.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).collect();
        for path in missing.iter().rev() {
            match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
                // Another process may have been faster; `open` below judges what it made.
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(FileError::io(Operation::CreateDirectory, plain::shown(path), error));
                }
                _ => sync_parent(path)?,
            }
        }
        let storage = Self::open(directory)?;
        if missing.is_empty() {
            // An earlier process may have died between creating and syncing. But the parent of a
            // directory made by an administrator may well be closed to us, and then is theirs to sync.
            match sync_parent(directory) {
                Err(error) if !error.is_read_only() => return Err(error),
                _ => {}
            }
        }
        Ok(storage)
    }

    /// Whether a directory, which need not exist yet, is this one or lies in it.
    ///
    /// # Errors
    /// When the system does not tell where a directory is.
    pub fn contains(&self, directory: &Path) -> Result<bool, FileError> {
        let failed = |path: &Path, error| FileError::io(Operation::OpenDirectory, plain::shown(path), error);
        let absolute = std::path::absolute(directory).map_err(|error| failed(directory, error))?;
        let there = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
        let mut place = there.canonicalize().map_err(|error| failed(there, error))?;
        for part in absolute.strip_prefix(there).unwrap_or(Path::new("")).components() {
            match part {
                Component::ParentDir => {
                    place.pop();
                }
                part => place.push(part),
            }
        }
        let this = self.directory.canonicalize().map_err(|error| failed(&self.directory, error))?;
        Ok(place.starts_with(this))
    }

    fn path(&self, name: &str) -> Result<PathBuf, FileError> {
        name::check(name)?;
        Ok(self.directory.join(name))
    }
}

impl Storage for DiskStorage {
    fn list(&self) -> Result<Vec<String>, FileError> {
        let failed = |error| FileError::io(Operation::List, self.location(), error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn exists(&self, name: &str) -> Result<bool, FileError> {
        Ok(plain::metadata(&self.path(name)?, Operation::Exists)?.is_some())
    }

    fn file_len(&self, name: &str) -> Result<u64, FileError> {
        Ok(plain::inspect(&self.path(name)?, Operation::Measure)?.len())
    }

    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError> {
        let path = self.path(name)?;
        let opened = OpenOptions::new().read(true).write(true).create_new(true).mode(FILE_MODE).open(&path);
        match opened {
            Ok(file) => Ok(Box::new(DiskFile { file, path: plain::shown(&path), end: Mutex::new(0) })),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(FileError::AlreadyExists { path: plain::shown(&path) })
            }
            Err(error) => Err(FileError::io(Operation::Create, plain::shown(&path), error)),
        }
    }

    fn open_append(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError> {
        let path = self.path(name)?;
        let opened = plain::open(&path, OpenOptions::new().read(true).write(true), Operation::OpenAppend)?;
        let end = Mutex::new(opened.metadata.len());
        Ok(Box::new(DiskFile { file: opened.file, path: plain::shown(&path), end }))
    }

    fn read(&self, name: &str) -> Result<Bytes, FileError> {
        let path = self.path(name)?;
        let opened = plain::open(&path, OpenOptions::new().read(true), Operation::Read)?;
        let len = opened.metadata.len();
        read_content(&opened.file, len)
            .map(Bytes::from)
            .map_err(|error| FileError::io(Operation::Read, plain::shown(&path), error))
    }

    fn map(&self, name: &str, expected_len: u64) -> Result<Bytes, FileError> {
        let path = self.path(name)?;
        let opened = plain::open(&path, OpenOptions::new().read(true), Operation::Map)?;
        let found = opened.metadata.len();
        if found != expected_len {
            return Err(FileError::LengthDiffers { path: plain::shown(&path), expected: expected_len, found });
        }
        if found == 0 {
            // The system refuses to map nothing.
            return Ok(Bytes::new());
        }
        map_file(&opened.file, found)
            .map(Bytes::from_owner)
            .map_err(|error| FileError::io(Operation::Map, plain::shown(&path), error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        let (from, to) = (self.path(from)?, self.path(to)?);
        fs::rename(&from, to).map_err(|error| FileError::io(Operation::Rename, plain::shown(&from), error))
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        let path = self.path(name)?;
        fs::remove_file(&path).map_err(|error| FileError::io(Operation::Remove, plain::shown(&path), error))
    }

    fn sync_dir(&self, _label: &'static str) -> Result<(), FileError> {
        self.handle.sync_all().map_err(|error| FileError::io(Operation::SyncDirectory, self.location(), error))
    }

    fn lock(&self, name: &str) -> Result<Box<dyn StorageLock>, LockError> {
        Ok(Box::new(lock::acquire(&self.path(name)?)?))
    }

    fn probe_lock(&self, name: &str) -> Result<LockProbe, FileError> {
        lock::probe(&self.path(name)?)
    }

    fn location(&self) -> String {
        plain::shown(&self.directory)
    }
}

/// A file open for appending.
struct DiskFile {
    file: File,
    path: String,
    /// Where the next append goes. Held while appending, so that concurrent appends do not mix.
    end: Mutex<u64>,
}

impl DiskFile {
    fn failed(&self, operation: Operation) -> impl Fn(io::Error) -> FileError {
        move |error| FileError::io(operation, &self.path, error)
    }
}

impl StorageFile for DiskFile {
    fn append(&self, bytes: &[u8]) -> Result<(), FileError> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        write_fully(*end, bytes, |offset, rest| self.file.write_at(rest, offset))
            .map_err(self.failed(Operation::Append))?;
        *end += bytes.len() as u64;
        Ok(())
    }

    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let available = usize::try_from(self.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut buffer = Vec::new();
        let count = len.min(available);
        let filled = reserve(&mut buffer, count).and_then(|()| {
            buffer.resize(count, 0);
            read_fully(offset, &mut buffer, |offset, rest| self.file.read_at(rest, offset))
        });
        buffer.truncate(filled.map_err(self.failed(Operation::Read))?);
        Ok(buffer)
    }

    fn len(&self) -> Result<u64, FileError> {
        Ok(self.file.metadata().map_err(self.failed(Operation::Measure))?.len())
    }

    fn set_len(&self, len: u64) -> Result<(), FileError> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        self.file.set_len(len).map_err(self.failed(Operation::SetLen))?;
        *end = len;
        Ok(())
    }

    fn sync(&self, _label: &'static str) -> Result<(), FileError> {
        self.file.sync_data().map_err(self.failed(Operation::Sync))
    }
}

/// Makes the name of a new directory last.
pub(super) fn sync_parent(directory: &Path) -> Result<(), FileError> {
    let parent = match directory.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => directory,
    };
    File::open(parent)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| FileError::io(Operation::SyncDirectory, plain::shown(parent), error))
}

/// The first `len` bytes: a file that grows meanwhile must not grow the answer.
fn read_content(file: &File, len: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    reserve(&mut content, usize::try_from(len).map_err(|_| io::Error::from(ErrorKind::OutOfMemory))?)?;
    file.take(len).read_to_end(&mut content)?;
    Ok(content)
}

/// Reserves memory by the length of a file, which may be nonsense: an error, not an abort.
fn reserve(buffer: &mut Vec<u8>, count: usize) -> io::Result<()> {
    buffer.try_reserve_exact(count).map_err(|_| ErrorKind::OutOfMemory.into())
}

#[expect(unsafe_code, reason = "a memory map is the one way to read segments larger than memory")]
fn map_file(file: &File, len: u64) -> io::Result<Mmap> {
    let len = usize::try_from(len).map_err(|_| io::Error::from(ErrorKind::FileTooLarge))?;
    // SAFETY: the bytes must not change while mapped. Only immutable files are mapped: they are published
    // whole by rename, never written again, and removing one leaves its mapping intact. `len` is within
    // the file, as it was compared with the length of this same handle. Another program that edits the
    // directory of a live store breaks this, as it would for every mapped store; the docs forbid it.
    unsafe { MmapOptions::new().len(len).map(file) }
}
