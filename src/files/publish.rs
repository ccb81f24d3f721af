//! The one way an immutable file comes into being: under a temporary name, synced, then renamed.
//!
//! Invariant: at every instant, and after a loss of power at any instant, the name stands for nothing,
//! for the former content, or for all of the new content. Which of them lasts is settled when the
//! caller's `sync_dir` returns; one `sync_dir` may serve several files.

use super::error::FileError;
use super::name::TEMPORARY_SUFFIX;
use super::storage::{Storage, StorageFile};
use std::io;

/// What [`publish_written`] appends at once.
const PIECE_BYTES: usize = 1 << 20;

/// Writes the chunks one after the other into a file called `name`, replacing a file of that name.
/// `sync_label` tells tests this sync from others. The caller must then call [`Storage::sync_dir`]
/// before it relies on the file. Answers the length in bytes.
///
/// # Errors
/// When any step fails. The name then stands for what it stood for before, and the temporary file is
/// removed if that is still possible, so that a full disk gets its space back.
pub fn publish_file(
    storage: &dyn Storage,
    name: &str,
    chunks: impl IntoIterator<Item = impl AsRef<[u8]>>,
    sync_label: &'static str,
) -> Result<u64, FileError> {
    publish(storage, name, sync_label, |file| {
        let mut length = 0;
        for chunk in chunks {
            let chunk = chunk.as_ref();
            file.append(chunk)?;
            length += chunk.len() as u64;
        }
        Ok(length)
    })
}

/// The same for a file that is written while it is made, and never whole in memory: `write` is given what it is to
/// write to, in calls of any length, and the file is appended to in pieces of a megabyte.
///
/// # Errors
/// As [`publish_file`], or what `write` says. Where both fail, it is the file that is told of.
pub fn publish_written<E: From<FileError>>(
    storage: &dyn Storage,
    name: &str,
    sync_label: &'static str,
    write: impl FnOnce(&mut dyn io::Write) -> Result<(), E>,
) -> Result<u64, E> {
    publish(storage, name, sync_label, |file| {
        let mut pieces = Pieces { file, piece: Vec::new(), length: 0, failure: None };
        let mut result = write(&mut pieces);
        if result.is_ok() && pieces.failure.is_none() {
            result = pieces.append().map_err(E::from);
        }
        match pieces.failure {
            Some(error) => Err(error.into()),
            None => result.map(|()| pieces.length),
        }
    })
}

/// Collects what is written until there is a piece to append.
struct Pieces<'a> {
    file: &'a dyn StorageFile,
    piece: Vec<u8>,
    length: u64,
    /// Why the file takes nothing more; callers of [`io::Write`] only see its text.
    failure: Option<FileError>,
}

impl Pieces<'_> {
    fn append(&mut self) -> Result<(), FileError> {
        if !self.piece.is_empty() {
            self.file.append(&self.piece)?;
            self.length += self.piece.len() as u64;
            self.piece.clear();
        }
        Ok(())
    }
}

impl io::Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE_BYTES {
            self.flush()?;
        }
        let count = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = match &self.failure {
            Some(error) => return Err(io::Error::other(error.to_string())),
            None => self.append(),
        };
        result.map_err(|error| io::Error::other(self.failure.insert(error).to_string()))
    }
}

fn publish<E: From<FileError>>(
    storage: &dyn Storage,
    name: &str,
    sync_label: &'static str,
    fill: impl FnOnce(&dyn StorageFile) -> Result<u64, E>,
) -> Result<u64, E> {
    let temporary = format!("{name}{TEMPORARY_SUFFIX}");
    remove_stale(storage, &temporary)?;
    let result = write_and_rename(storage, name, &temporary, sync_label, fill);
    if result.is_err() {
        // The first error is the one worth telling; a temporary file left behind is harmless.
        let _ = storage.remove(&temporary);
    }
    result
}

/// Removes what a crash of an earlier writer left under the temporary name.
fn remove_stale(storage: &dyn Storage, temporary: &str) -> Result<(), FileError> {
    match storage.remove(temporary) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

fn write_and_rename<E: From<FileError>>(
    storage: &dyn Storage,
    name: &str,
    temporary: &str,
    sync_label: &'static str,
    fill: impl FnOnce(&dyn StorageFile) -> Result<u64, E>,
) -> Result<u64, E> {
    let file = storage.create(temporary)?;
    let length = fill(&*file)?;
    file.sync(sync_label)?;
    drop(file);
    storage.rename(temporary, name)?;
    Ok(length)
}
