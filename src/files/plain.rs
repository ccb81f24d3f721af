//! Opening by name what is surely a plain file, without ever waiting and without following a link.
//!
//! Invariant: no file handle leaves this file unless the system said it is a plain file. The kind is
//! asked before opening, as opening a device may have effects, and again after, as the thing may have
//! been exchanged meanwhile.

use super::error::{FileError, Operation};
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// `O_NONBLOCK | O_NOFOLLOW` where their values are known. Elsewhere the kind asked before opening has to
/// do, which leaves only a deliberate exchange in between unguarded.
pub(super) const OPEN_FLAGS: i32 = open_flags();

const fn open_flags() -> i32 {
    if cfg!(all(
        any(target_os = "linux", target_os = "android"),
        any(target_arch = "x86", target_arch = "x86_64", target_arch = "riscv64", target_arch = "s390x")
    )) {
        0o4000 | 0o400_000
    } else if cfg!(all(
        any(target_os = "linux", target_os = "android"),
        any(target_arch = "arm", target_arch = "aarch64", target_arch = "powerpc64")
    )) {
        0o4000 | 0o100_000
    } else if cfg!(any(target_os = "macos", target_os = "freebsd")) {
        0x0004 | 0x0100
    } else {
        0
    }
}

/// A file with a name for messages and its state at opening.
pub(super) struct PlainFile {
    pub(super) file: File,
    pub(super) metadata: Metadata,
}

/// Opens a plain file with the given options.
pub(super) fn open(path: &Path, options: &mut OpenOptions, operation: Operation) -> Result<PlainFile, FileError> {
    // What is not there may be created by the options; if not, opening says so.
    if let Some(metadata) = metadata(path, operation)? {
        refuse_other_kinds(path, metadata.file_type())?;
    }
    let failed = |error| FileError::io(operation, shown(path), error);
    let file = options.custom_flags(OPEN_FLAGS).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    refuse_other_kinds(path, metadata.file_type())?;
    Ok(PlainFile { file, metadata })
}

/// The state of a plain file that need not be opened.
pub(super) fn inspect(path: &Path, operation: Operation) -> Result<Metadata, FileError> {
    match metadata(path, operation)? {
        Some(metadata) => {
            refuse_other_kinds(path, metadata.file_type())?;
            Ok(metadata)
        }
        None => Err(FileError::io(operation, shown(path), ErrorKind::NotFound.into())),
    }
}

/// What has this name, a link not followed, or nothing.
pub(super) fn metadata(path: &Path, operation: Operation) -> Result<Option<Metadata>, FileError> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::io(operation, shown(path), error)),
    }
}

/// The path as messages show it.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn refuse_other_kinds(path: &Path, kind: FileType) -> Result<(), FileError> {
    let found = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "directory"
    } else if kind.is_symlink() {
        "symbolic link"
    } else if kind.is_fifo() {
        "FIFO"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    };
    Err(FileError::NotAPlainFile { path: shown(path), found })
}
