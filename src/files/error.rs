//! What can go wrong with a file, said in one plain sentence: the thing, the place, the remedy.
//!
//! Callers decide by the predicates ([`FileError::is_not_found`] and its kin), never by the text.
//! Paths are shown with control characters escaped, as a name may come from a hostile directory.

use std::fmt;
use std::io::{self, ErrorKind};

/// Too many open files in this process; `std` has no `ErrorKind` for it.
const EMFILE: i32 = 24;
/// Too many open files in the whole system.
const ENFILE: i32 = 23;

/// What was being done to a file or to the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Opening the directory of a store.
    OpenDirectory,
    /// Creating the directory of a store.
    CreateDirectory,
    /// Listing the names in the directory.
    List,
    /// Asking whether a name is present.
    Exists,
    /// Asking for the length of a file.
    Measure,
    /// Creating a file.
    Create,
    /// Opening a file to append to it.
    OpenAppend,
    /// Reading from a file.
    Read,
    /// Mapping a file into memory.
    Map,
    /// Appending to a file.
    Append,
    /// Cutting or extending a file.
    SetLen,
    /// Forcing the content of a file to the disk.
    Sync,
    /// Forcing the names in the directory to the disk.
    SyncDirectory,
    /// Giving a file another name.
    Rename,
    /// Removing a file.
    Remove,
    /// Taking the lock of the one writer.
    Lock,
    /// Asking whether there is a writer.
    ProbeLock,
    /// Writing the note that readers find in the lock file.
    SetNote,
}

impl Operation {
    /// Whether it changes anything on the disk, or opens a file in order to.
    pub fn changes(self) -> bool {
        match self {
            Self::CreateDirectory
            | Self::Create
            | Self::OpenAppend
            | Self::Append
            | Self::SetLen
            | Self::Sync
            | Self::SyncDirectory
            | Self::Rename
            | Self::Remove
            | Self::Lock
            | Self::SetNote => true,
            Self::OpenDirectory
            | Self::List
            | Self::Exists
            | Self::Measure
            | Self::Read
            | Self::Map
            | Self::ProbeLock => false,
        }
    }

    /// The word that follows "cannot" in a message.
    fn verb(self) -> &'static str {
        match self {
            Self::OpenDirectory => "open the directory",
            Self::CreateDirectory => "create the directory",
            Self::List => "list the directory",
            Self::Exists => "look for",
            Self::Measure => "get the length of",
            Self::Create => "create",
            Self::OpenAppend => "open",
            Self::Read => "read",
            Self::Map => "map",
            Self::Append | Self::SetNote => "write",
            Self::SetLen => "set the length of",
            Self::Sync => "sync",
            Self::SyncDirectory => "sync the directory",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Lock => "lock",
            Self::ProbeLock => "check the lock",
        }
    }
}

/// Why something could not be done with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("cannot {} `{}`: {source}; {}", operation.verb(), Shown(path), remedy(*operation, source))]
    Io {
        /// What was being done.
        operation: Operation,
        /// The file or directory; for a rename, the old name.
        path: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A file has another length than the one recorded for it.
    #[error(
        "`{}` has {found} bytes where {expected} are recorded; it is damaged: restore it from a backup",
        Shown(path)
    )]
    LengthDiffers {
        /// The file.
        path: String,
        /// The recorded length in bytes.
        expected: u64,
        /// The length it has, in bytes.
        found: u64,
    },
    /// A directory, FIFO, symbolic link, socket or device stands where a file should.
    #[error(
        "`{}` is a {found} where a plain file belongs; move it away and restore the file from a backup",
        Shown(path)
    )]
    NotAPlainFile {
        /// The thing.
        path: String,
        /// What it is: "directory", "FIFO", ...
        found: &'static str,
    },
    /// A file that was to be created is there already.
    #[error("`{}` exists already; move it away and try again", Shown(path))]
    AlreadyExists {
        /// The file.
        path: String,
    },
    /// A name that would lead out of the directory, or that no file can have.
    #[error("`{}` cannot name a file of a store; a name is 1 to 255 bytes without `/`", Shown(name))]
    NotAFileName {
        /// The name as given.
        name: String,
    },
}

impl FileError {
    /// Wraps an error of the system.
    pub(super) fn io(operation: Operation, path: impl Into<String>, source: io::Error) -> Self {
        Self::Io { operation, path: path.into(), source }
    }

    /// The system refused what was to be written to a file.
    pub fn unwritten(path: impl Into<String>, source: io::Error) -> Self {
        Self::io(Operation::Append, path, source)
    }

    /// The file or directory does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind() == Some(ErrorKind::NotFound)
    }

    /// There is no room: the disk is full, a quota is used up, or the file may not grow further.
    /// The same call can succeed later.
    pub fn is_out_of_space(&self) -> bool {
        matches!(self.kind(), Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge))
    }

    /// The directory cannot be written by this process; reading may still work.
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Io { operation, source, .. } => is_read_only(*operation, source),
            _ => false,
        }
    }

    /// A sync failed, so that what the disk holds is not known.
    pub fn is_failed_sync(&self) -> bool {
        matches!(self, Self::Io { operation: Operation::Sync | Operation::SyncDirectory, .. })
    }

    /// The simulated machine of [`super::sim::SimDisk`] has lost power: not a fault of the code under test.
    pub fn is_simulated_crash(&self) -> bool {
        match self {
            Self::Io { source, .. } => is_simulated_crash(source),
            _ => false,
        }
    }

    fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

/// Why the lock of the one writer could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another writer is alive.
    #[error(
        "another process (pid {}) is writing here and holds `{}`; stop it, or use a command that only reads",
        Shown(holder),
        Shown(path)
    )]
    Held {
        /// The lock file.
        path: String,
        /// The first line of the holder's note, by custom its process id; "unknown" when there is none.
        holder: String,
    },
    /// The lock file could not be opened or locked.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The source of errors after a simulated loss of power.
#[derive(Debug, thiserror::Error)]
#[error("the simulated machine has lost power")]
pub(super) struct SimulatedCrash;

impl SimulatedCrash {
    /// The error that every call of a crashed disk answers with.
    pub(super) fn error() -> io::Error {
        io::Error::other(Self)
    }
}

fn is_simulated_crash(source: &io::Error) -> bool {
    source.get_ref().is_some_and(|inner| inner.is::<SimulatedCrash>())
}

fn is_read_only(operation: Operation, source: &io::Error) -> bool {
    match source.kind() {
        ErrorKind::ReadOnlyFilesystem => true,
        ErrorKind::PermissionDenied => operation.changes(),
        _ => false,
    }
}

/// What the reader of the message can do about it.
fn remedy(operation: Operation, source: &io::Error) -> &'static str {
    if is_simulated_crash(source) {
        return "go on with a crash image";
    }
    if is_read_only(operation, source) {
        return "open the directory with write permission or use a command that only reads";
    }
    if matches!(source.raw_os_error(), Some(EMFILE | ENFILE)) {
        return "raise the limit on open files (`ulimit -n`) and try again";
    }
    match (source.kind(), operation) {
        (ErrorKind::StorageFull, _) => "free some space and try again",
        (ErrorKind::QuotaExceeded, _) => "free some space or raise the quota, and try again",
        (ErrorKind::FileTooLarge, _) => "raise the limit on the size of a file and try again",
        (ErrorKind::PermissionDenied, _) => "give this user permission to read it",
        (ErrorKind::NotFound | ErrorKind::NotADirectory, Operation::OpenDirectory | Operation::CreateDirectory) => {
            "check the path"
        }
        (ErrorKind::NotFound, _) => "check the path, or restore the file from a backup",
        (ErrorKind::OutOfMemory, _) => "check that the file has a sensible size, or give the process more memory",
        (_, Operation::Sync | Operation::SyncDirectory) => "check the disk, then start again",
        _ => "check the disk and the file system, then try again",
    }
}

/// Shows text from outside with its control characters escaped.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(operation: Operation, errno: i32) -> String {
        FileError::io(operation, "DIR/log-000001.tcl", io::Error::from_raw_os_error(errno)).to_string()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn messages_name_the_thing_the_place_and_the_remedy() {
        assert_eq!(
            message(Operation::Append, 28),
            "cannot write `DIR/log-000001.tcl`: No space left on device (os error 28); free some space and try again"
        );
        assert_eq!(
            message(Operation::Create, 30),
            "cannot create `DIR/log-000001.tcl`: Read-only file system (os error 30); \
             open the directory with write permission or use a command that only reads"
        );
        assert_eq!(
            message(Operation::Read, 13),
            "cannot read `DIR/log-000001.tcl`: Permission denied (os error 13); give this user permission to read it"
        );
        assert_eq!(
            message(Operation::Read, 24),
            "cannot read `DIR/log-000001.tcl`: Too many open files (os error 24); \
             raise the limit on open files (`ulimit -n`) and try again"
        );
        assert_eq!(
            message(Operation::Sync, 5),
            "cannot sync `DIR/log-000001.tcl`: Input/output error (os error 5); check the disk, then start again"
        );
    }

    #[test]
    fn predicates_follow_the_kind_and_the_operation() {
        let error = |operation, errno| FileError::io(operation, "x", io::Error::from_raw_os_error(errno));
        assert!(error(Operation::Read, 2).is_not_found());
        assert!(error(Operation::Append, 28).is_out_of_space());
        assert!(error(Operation::Append, 27).is_out_of_space(), "a file size limit is a lack of room too");
        assert!(!error(Operation::Append, 5).is_out_of_space());
        assert!(error(Operation::Lock, 13).is_read_only());
        assert!(!error(Operation::Read, 13).is_read_only(), "an unreadable file is not a read-only directory");
        assert!(FileError::io(Operation::Sync, "x", SimulatedCrash::error()).is_simulated_crash());
        assert!(!error(Operation::Sync, 5).is_simulated_crash());
        assert!(error(Operation::SyncDirectory, 28).is_failed_sync() && !error(Operation::Append, 5).is_failed_sync());
        assert!(!FileError::AlreadyExists { path: "x".into() }.is_not_found());
    }

    #[test]
    fn control_characters_of_a_name_do_not_reach_the_terminal() {
        let error = FileError::AlreadyExists { path: "a\u{1b}[2Jb\nc".into() };
        assert_eq!(error.to_string(), "`a\\u{1b}[2Jb\\nc` exists already; move it away and try again");
    }
}
