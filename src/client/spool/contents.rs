//! What one file of a spool holds, and what of it cannot be read.

use super::payload::Payload;
use crate::codec::{DecodeError, FileKind};
use crate::log::Frames;
use crate::log::frame::FRAME_TRAILER_BYTES;
use bytes::Bytes;
use std::sync::Arc;

/// A file, read.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The payloads of the calls that can be read, and the sequence of the line after each.
    pub calls: Vec<(Bytes, u64)>,
    /// The sequence of its first line.
    pub first: u64,
    /// The sequence after its last line.
    pub end: u64,
    /// All lines before this one are dealt with.
    pub settled: u64,
    /// What was found damaged.
    pub damage: Vec<DecodeError>,
    /// What follows the last whole frame may be what was being written when the machine stopped.
    pub may_be_torn: bool,
}

impl Contents {
    /// Reads a file of this name: what is whole, before damage and after it.
    ///
    /// # Errors
    /// When its header is damaged: then nothing of it can be checked.
    pub fn read(bytes: Bytes, name: &str) -> Result<Self, DecodeError> {
        let name: Arc<str> = name.into();
        let mut contents = Self::default();
        let mut frames = Frames::open_kind(bytes, FileKind::Spool).map_err(|error| error.in_file(&name))?;
        let mut is_first = true;
        loop {
            match frames.next_batch() {
                Ok(None) => break,
                Ok(Some((payload, end))) => {
                    let start = end - (payload.len() + FRAME_TRAILER_BYTES) as u64;
                    if let Err(error) = contents.add(payload, is_first) {
                        contents.damage.push(error.shifted(start).in_file(&name));
                    }
                    is_first = false;
                }
                Err(error) if frames.may_be_torn() => {
                    contents.may_be_torn = true;
                    contents.damage.push(error.in_file(&name));
                    break;
                }
                Err(error) => {
                    contents.damage.push(error.in_file(&name));
                    if !frames.skip_damage() {
                        break;
                    }
                }
            }
        }
        Ok(contents)
    }

    fn add(&mut self, payload: Bytes, is_first: bool) -> Result<(), DecodeError> {
        match Payload::decode(&payload)? {
            Payload::Mark { settled, next } => {
                self.settled = self.settled.max(settled);
                self.end = self.end.max(next);
                if is_first {
                    self.first = next;
                }
            }
            Payload::Lines { first, lines } => {
                self.end = self.end.max(first + lines.len() as u64);
                self.calls.push((payload, self.end));
            }
        }
        Ok(())
    }

    /// The lines of sequences from here up to there.
    pub fn lines(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, &str)> {
        self.calls.iter().filter(move |(_, end)| *end > from).flat_map(move |(payload, _)| {
            let (first, lines) = match Payload::decode(payload) {
                Ok(Payload::Lines { first, lines }) => (first, lines),
                _ => (0, Vec::new()),
            };
            (first..).zip(lines).filter(move |(sequence, _)| (from..to).contains(sequence))
        })
    }
}
