//! How much of an input earlier imports have done.

use crate::log::ImportRecord;
use std::io::{self, Read};

/// Bytes read and hashed at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What earlier imports have to do with an input.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Records of beginnings of this input, shortest first.
    pub records: Vec<ImportRecord>,
    /// Whether nothing follows the longest.
    pub is_all: bool,
}

impl Known {
    /// The record of the longest beginning.
    pub fn longest(&self) -> Option<ImportRecord> {
        self.records.last().copied()
    }
}

/// A record that may yet prove to be about this input.
struct Candidate {
    record: ImportRecord,
    head_fits: bool,
}

impl Candidate {
    /// The offset at which more can be said.
    fn next_offset(&self) -> u64 {
        if self.head_fits { self.record.bytes } else { self.record.head_bytes }
    }
}

/// Compares the unpacked bytes of an input with the records of earlier imports; reads no further than needed.
///
/// An input that cannot be read on is taken as if it ended there: whoever reads it next meets the error again.
pub(super) fn compare<R: Read>(input: &mut R, records: &[ImportRecord], mut progress: impl FnMut(&R)) -> Known {
    let mut known = Known::default();
    let fit = records.iter().filter(|record| record.bytes > 0 && record.head_bytes <= record.bytes);
    let mut candidates: Vec<Candidate> = fit.map(|record| Candidate { record: *record, head_fits: false }).collect();
    let mut hasher = blake3::Hasher::new();
    let mut position = 0;
    while let Some(offset) = candidates.iter().map(Candidate::next_offset).min() {
        if !hash_up_to(input, offset - position, &mut hasher, &mut progress) {
            return known;
        }
        position = offset;
        let digest = *hasher.finalize().as_bytes();
        candidates.retain_mut(|candidate| {
            if candidate.next_offset() != offset {
                return true;
            }
            if !candidate.head_fits {
                candidate.head_fits = candidate.record.head == digest;
                return candidate.head_fits;
            }
            if candidate.record.digest == digest {
                known.records.push(candidate.record);
            }
            false
        });
    }
    known.is_all = known.longest().is_some_and(|longest| longest.bytes == position) && is_at_end(input);
    known
}

/// Hashes so many bytes more; `false` when the input ends before.
fn hash_up_to<R: Read>(input: &mut R, count: u64, hasher: &mut blake3::Hasher, progress: &mut impl FnMut(&R)) -> bool {
    let mut buffer = vec![0; CHUNK_BYTES.min(usize::try_from(count).unwrap_or(CHUNK_BYTES))];
    let mut left = count;
    while left > 0 {
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match input.read(&mut buffer[..wanted]) {
            Ok(0) => return false,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                left -= read as u64;
                progress(input);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    true
}

fn is_at_end(input: &mut impl Read) -> bool {
    loop {
        match input.read(&mut [0]) {
            Ok(count) => return count == 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: &[u8], head: usize) -> ImportRecord {
        let digest = |bytes| *blake3::hash(bytes).as_bytes();
        ImportRecord {
            head_bytes: head as u64,
            head: digest(&bytes[..head]),
            bytes: bytes.len() as u64,
            lines: 1,
            digest: digest(bytes),
            continues: [0; 32],
        }
    }

    #[track_caller]
    fn check(input: &[u8], records: &[ImportRecord], expected: &[u64], is_all: bool, read_at_most: usize) {
        let mut rest = input;
        let known = compare(&mut rest, records, |_| ());
        assert_eq!(known.records.iter().map(|record| record.bytes).collect::<Vec<_>>(), expected);
        assert_eq!(known.is_all, is_all);
        assert!(input.len() - rest.len() <= read_at_most, "{} bytes read", input.len() - rest.len());
    }

    #[test]
    fn the_longest_beginning_is_found_and_no_more_is_read_than_needed() {
        let other = record(b"abcxxx", 3);
        let records = [record(b"abcdef", 3), record(b"abcd", 4), record(b"b", 1), other];
        check(b"abcdefgh", &records, &[4, 6], false, 7);
        check(b"abcdef", &records, &[4, 6], true, 6);
        check(b"abcd", &records, &[4], false, 4);
        check(b"abc", &records, &[], false, 3);
        check(b"xbcdefgh", &records, &[], false, 4);
        check(b"", &records, &[], false, 0);
    }

    #[test]
    fn nonsense_records_fit_nothing() {
        let mut head_too_long = record(b"abcd", 2);
        head_too_long.head_bytes = u64::MAX;
        let nothing = record(b"", 0);
        check(b"abcd", &[head_too_long, nothing], &[], false, 0);
    }
}
