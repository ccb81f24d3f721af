//! Directories beside the files of a store: which there are, and how one comes into being as a whole.

use super::error::{FileError, Operation};
use super::plain;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The names of the directories in a directory, sorted; links are not followed. None where it does not exist.
///
/// # Errors
/// When the directory cannot be listed.
pub fn subdirectories(directory: &Path) -> Result<Vec<String>, FileError> {
    let failed = |error| FileError::io(Operation::List, plain::shown(directory), error);
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Gives a directory its name, once what is in it is durable; the name is durable when this returns. Fails where
/// another directory that is not empty has the name.
///
/// # Errors
/// When the system refuses.
pub fn publish_directory(temporary: &Path, directory: &Path) -> Result<(), FileError> {
    fs::rename(temporary, directory)
        .map_err(|error| FileError::io(Operation::Rename, plain::shown(temporary), error))?;
    super::disk::sync_parent(directory)
}

/// Removes a directory with everything in it; done where there is none.
///
/// # Errors
/// When the system refuses.
pub fn remove_directory(directory: &Path) -> Result<(), FileError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(FileError::io(Operation::Remove, plain::shown(directory), error))
        }
        _ => Ok(()),
    }
}
