//! The lock of the one writer, and the note it leaves for readers.
//!
//! The lock is the system's (`flock`), so it ends with its process and a dead writer is no obstacle; the
//! file itself stays. The content of the file is the note and means something only while the lock is
//! held. Layout, written with one call: the note padded with zeros to 256 bytes, its length as `u16`,
//! the CRC-32 of these 258 bytes as `u32`, both little-endian.
//!
//! Invariants: readers take the shared lock only for an instant; a note that is half written or not
//! framed as above is never handed out; a writer starts by clearing the note of its predecessor.

use super::error::{FileError, LockError, Operation};
use super::plain;
use super::storage::{LockProbe, StorageLock};
use super::transfer::{read_fully, write_fully};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// The most bytes a note may have.
pub const NOTE_BYTES_MAX: usize = 256;

const NOTE_LENGTH_BYTES: usize = 2;
const NOTE_CHECKSUM_BYTES: usize = 4;
const FRAME_BYTES: usize = NOTE_BYTES_MAX + NOTE_LENGTH_BYTES + NOTE_CHECKSUM_BYTES;

/// A reader that probes holds the shared lock for an instant, so a writer tries again for about 200 ms.
const LOCK_ATTEMPTS: u32 = 11;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A note is read again when it was caught half written.
const NOTE_ATTEMPTS: u32 = 8;

/// The note as it stands in the file.
pub(super) fn encode_note(note: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(note.len()).ok().filter(|_| note.len() <= NOTE_BYTES_MAX);
    let length =
        length.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the note of a lock has more than 256 bytes"))?;
    let mut frame = note.to_vec();
    frame.resize(NOTE_BYTES_MAX, 0);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&crc32fast::hash(&frame).to_le_bytes());
    Ok(frame)
}

/// The note out of the content of the file; nothing when it is not whole.
pub(super) fn decode_note(content: &[u8]) -> Option<Vec<u8>> {
    let (covered, checksum) = content.split_last_chunk::<NOTE_CHECKSUM_BYTES>()?;
    let (padded, length) = covered.split_last_chunk::<NOTE_LENGTH_BYTES>()?;
    if padded.len() != NOTE_BYTES_MAX || crc32fast::hash(covered) != u32::from_le_bytes(*checksum) {
        return None;
    }
    padded.get(..usize::from(u16::from_le_bytes(*length))).map(<[u8]>::to_vec)
}

/// Who holds the lock, for a message: the first line of the note.
pub(super) fn holder_of(note: &[u8]) -> String {
    let text = String::from_utf8_lossy(note);
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// A held lock on a file.
pub(super) struct DiskLock {
    file: File,
    path: String,
}

impl StorageLock for DiskLock {
    fn set_note(&self, note: &[u8]) -> Result<(), FileError> {
        encode_note(note)
            .and_then(|frame| write_fully(0, &frame, |offset, bytes| self.file.write_at(bytes, offset)))
            .map_err(|error| FileError::io(Operation::SetNote, &self.path, error))
    }
}

impl Drop for DiskLock {
    /// Closing the file would leave it locked as long as a process that another thread has just begun has it open too.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Takes the exclusive lock.
pub(super) fn acquire(path: &Path) -> Result<DiskLock, LockError> {
    let failed = |error| FileError::io(Operation::Lock, plain::shown(path), error);
    let mut note = Vec::new();
    for attempt in 0..LOCK_ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(LOCK_PAUSE);
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = plain::open(path, &mut options, Operation::Lock)?.file;
        match file.try_lock() {
            // Somebody may have removed the file between opening and locking; then this lock guards nothing.
            Ok(()) if is_still_at(&file, path).map_err(failed)? => {
                file.set_len(0).map_err(failed)?;
                return Ok(DiskLock { file, path: plain::shown(path) });
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => note = read_note(&file).map_err(failed)?,
            Err(TryLockError::Error(error)) => return Err(failed(error).into()),
        }
    }
    Err(LockError::Held { path: plain::shown(path), holder: holder_of(&note) })
}

/// Asks whether anybody holds the exclusive lock.
pub(super) fn probe(path: &Path) -> Result<LockProbe, FileError> {
    let file = match plain::open(path, OpenOptions::new().read(true), Operation::ProbeLock) {
        Ok(opened) => opened.file,
        Err(error) if error.is_not_found() => return Ok(LockProbe::Free),
        Err(error) => return Err(error),
    };
    let failed = |error| FileError::io(Operation::ProbeLock, plain::shown(path), error);
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = file.unlock();
            Ok(LockProbe::Free)
        }
        Err(TryLockError::WouldBlock) => Ok(LockProbe::Held(read_note(&file).map_err(failed)?)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match path.symlink_metadata() {
        Ok(named) => Ok((held.dev(), held.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The note of the holder, empty when there is none.
fn read_note(file: &File) -> io::Result<Vec<u8>> {
    for _ in 0..NOTE_ATTEMPTS {
        let mut frame = [0; FRAME_BYTES];
        let filled = read_fully(0, &mut frame, |offset, buffer| file.read_at(buffer, offset))?;
        if let Some(note) = decode_note(frame.get(..filled).unwrap_or_default()) {
            return Ok(note);
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_byte_for_byte() {
        for note in [&b""[..], b"1234\n", b"\0\0\0", &[0xff; NOTE_BYTES_MAX]] {
            assert_eq!(decode_note(&encode_note(note).unwrap()).unwrap(), note);
        }
        assert_eq!(encode_note(&[0; NOTE_BYTES_MAX + 1]).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn a_note_that_is_not_whole_is_not_handed_out() {
        let frame = encode_note(b"1234\n77").unwrap();
        for len in 0..frame.len() {
            assert_eq!(decode_note(&frame[..len]), None, "cut at {len}");
        }
        for position in 0..frame.len() {
            let mut damaged = frame.clone();
            damaged[position] ^= 1;
            assert_eq!(decode_note(&damaged), None, "damaged at {position}");
        }
        assert_eq!(decode_note(&[0; FRAME_BYTES]), None);
        assert_eq!(decode_note(&[]), None);
    }

    #[test]
    fn a_file_that_was_removed_or_replaced_is_no_longer_at_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        let file = File::create(&path).unwrap();
        assert!(is_still_at(&file, &path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(!is_still_at(&file, &path).unwrap());
        let _other = File::create(&path).unwrap();
        assert!(!is_still_at(&file, &path).unwrap());
    }

    #[test]
    fn a_lock_that_is_given_up_is_free_though_its_file_is_still_open_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        let lock = acquire(&path).unwrap();
        let _inherited = lock.file.try_clone().unwrap();
        assert_ne!(probe(&path).unwrap(), LockProbe::Free);
        drop(lock);
        assert_eq!(probe(&path).unwrap(), LockProbe::Free);
    }

    #[test]
    fn the_holder_is_the_first_line() {
        assert_eq!(holder_of(b"1234\nlog-000001.tcl 4096"), "1234");
        assert_eq!(holder_of(b""), "unknown");
        assert_eq!(holder_of(b"  \n1"), "unknown");
    }
}
