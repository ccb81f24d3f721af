//! Positioned transfers carried to their end: short counts and interruptions are dealt with here, once,
//! for the real and for the simulated disk alike.
//!
//! Invariant: a transfer ends after finitely many calls, as interruptions in a row are bounded.

use std::io::{self, ErrorKind};

/// Interruptions in a row after which a transfer gives up. A signal storm this long does not happen by
/// itself, and the bound keeps a test that interrupts for ever from hanging.
pub(super) const INTERRUPTIONS_MAX: u32 = 100;

/// Writes all bytes at `offset` with as many calls of `write` as it takes.
pub(super) fn write_fully(
    mut offset: u64,
    mut bytes: &[u8],
    mut write: impl FnMut(u64, &[u8]) -> io::Result<usize>,
) -> io::Result<()> {
    let mut interruptions = 0;
    while !bytes.is_empty() {
        match write(offset, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                interruptions = 0;
                offset += count as u64;
                bytes = bytes.get(count..).unwrap_or_default();
            }
            Err(error) => give_up_if_lasting(error, &mut interruptions)?,
        }
    }
    Ok(())
}

/// Fills the buffer from `offset`, or as much of it as there is before the end; answers how much.
pub(super) fn read_fully(
    mut offset: u64,
    buffer: &mut [u8],
    mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut interruptions = 0;
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read(offset, rest) {
            Ok(0) => break,
            Ok(count) => {
                interruptions = 0;
                offset += count as u64;
                filled += count;
            }
            Err(error) => give_up_if_lasting(error, &mut interruptions)?,
        }
    }
    Ok(filled)
}

fn give_up_if_lasting(error: io::Error, interruptions: &mut u32) -> io::Result<()> {
    *interruptions += 1;
    if error.kind() == ErrorKind::Interrupted && *interruptions < INTERRUPTIONS_MAX { Ok(()) } else { Err(error) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn short_and_interrupted_writes_are_carried_on() {
        let mut disk = Vec::new();
        let mut turn = 0;
        write_fully(0, b"abcdefgh", |offset, bytes| {
            turn += 1;
            if turn % 2 == 0 {
                return Err(ErrorKind::Interrupted.into());
            }
            assert_eq!(offset, disk.len() as u64);
            let count = bytes.len().min(3);
            disk.extend_from_slice(&bytes[..count]);
            Ok(count)
        })
        .unwrap();
        assert_eq!(disk, b"abcdefgh");
    }

    #[test]
    fn a_write_of_nothing_is_an_error() {
        let error = write_fully(0, b"a", |_, _| Ok(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteZero);
    }

    #[test]
    fn endless_interruption_ends() {
        let mut calls = 0;
        let mut interrupted = || {
            calls += 1;
            Err(ErrorKind::Interrupted.into())
        };
        assert_eq!(write_fully(0, b"a", |_, _| interrupted()).unwrap_err().kind(), ErrorKind::Interrupted);
        assert_eq!(read_fully(0, &mut [0], |_, _| interrupted()).unwrap_err().kind(), ErrorKind::Interrupted);
        assert_eq!(calls, 2 * INTERRUPTIONS_MAX);
    }

    #[test]
    fn interruptions_between_progress_are_not_added_up() {
        let bytes = [7; 2 * INTERRUPTIONS_MAX as usize];
        let mut turn = 0;
        let mut one_of_two = |offset: u64| {
            turn += 1;
            if turn % 2 == 0 {
                Err(ErrorKind::Interrupted.into())
            } else {
                Ok(usize::from(offset < bytes.len() as u64))
            }
        };
        write_fully(0, &bytes, |offset, _| one_of_two(offset)).unwrap();
        assert_eq!(read_fully(0, &mut bytes.clone(), |offset, _| one_of_two(offset)).unwrap(), bytes.len());
    }

    #[test]
    fn reads_go_on_to_the_end_of_the_file() {
        let content = b"abcdefgh";
        let mut buffer = [0; 10];
        let mut turn = 0;
        let filled = read_fully(2, &mut buffer, |offset, buffer| {
            turn += 1;
            if turn % 2 == 0 {
                return Err(ErrorKind::Interrupted.into());
            }
            let rest = &content[offset as usize..];
            let count = rest.len().min(buffer.len()).min(4);
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        })
        .unwrap();
        assert_eq!(&buffer[..filled], b"cdefgh");
    }
}
