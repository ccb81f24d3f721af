//! The one way an immutable file comes into being: under a temporary name, synced, then renamed.
//!
//! Invariant: at every instant, and after a loss of power at any instant, the name stands for nothing,
//! for the former content, or for all of the new content. Which of them lasts is settled when the
//! caller's `sync_dir` returns; one `sync_dir` may serve several files.

use super::error::FileError;
use super::name::TEMPORARY_SUFFIX;
use super::storage::Storage;

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
    let temporary = format!("{name}{TEMPORARY_SUFFIX}");
    remove_stale(storage, &temporary)?;
    let result = write_and_rename(storage, name, &temporary, chunks, sync_label);
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

fn write_and_rename(
    storage: &dyn Storage,
    name: &str,
    temporary: &str,
    chunks: impl IntoIterator<Item = impl AsRef<[u8]>>,
    sync_label: &'static str,
) -> Result<u64, FileError> {
    let file = storage.create(temporary)?;
    let mut len = 0;
    for chunk in chunks {
        let chunk = chunk.as_ref();
        file.append(chunk)?;
        len += chunk.len() as u64;
    }
    file.sync(sync_label)?;
    drop(file);
    storage.rename(temporary, name)?;
    Ok(len)
}
