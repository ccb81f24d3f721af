//! Importing input lines from a file or a stream: in chunks, resumable, and never twice by accident.
//!
//! Bytes are read and parsed on a thread of their own, appended to the log on the caller's, and made durable on a third.
//! Each chunk is one batch that holds its lines and an [`ImportRecord`](crate::log::ImportRecord): how many bytes of the
//! input are done, and their digest.
//!
//! Invariants:
//! - What a chunk stored and how far the import got are durable together, so an import that was interrupted anywhere
//!   continues after its last durable chunk and doubles nothing.
//! - An input is known by its bytes from the first on, unpacked: however it is packed, and whatever its name.
//! - A line that no line break ends is done when it was accepted. When it was refused it may be half written, so it is
//!   judged again next time.
//! - Memory holds a few chunks, whatever the input; only a strict import, which is one batch, is held as a whole and
//!   therefore has a limit ([`STRICT_BYTES_MAX`]).

mod chunks;
mod error;
mod held;
mod known;
mod run;
mod source;
mod syncing;
#[cfg(test)]
mod tests;

pub use error::{ImportCause, ImportError};
pub use run::import;
pub use source::{ImportSource, Seekable, Streamed};

use super::error::LineRefusal;
use std::sync::atomic::AtomicBool;

/// Most unpacked bytes of a strict import, which is held in memory until it is stored.
/// What it stores takes about three times as much for a moment.
pub const STRICT_BYTES_MAX: u64 = 256 << 20;

/// How an import is done.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions {
    /// Import what was imported before once more, on purpose.
    pub again: bool,
    /// Store everything as one batch, or nothing when any line is refused.
    pub strict: bool,
    /// A chunk has at most this many lines.
    pub chunk_lines: usize,
    /// A chunk ends with the line that makes it this long, in unpacked bytes.
    pub chunk_bytes: u64,
    /// Once this is set, the import ends before its next chunk ([`ImportCause::Interrupted`]).
    pub stop: Option<&'static AtomicBool>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { again: false, strict: false, chunk_lines: 5_000, chunk_bytes: 4 << 20, stop: None }
    }
}

/// What an import did, up to its end or to where it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines that are stored now.
    pub accepted: u64,
    /// Events that were stored before.
    pub duplicate: u64,
    /// Lines that were refused, each told by a [`ImportNotice::Refused`].
    pub refused: u64,
    /// Lines, blank and refused ones among them, that an earlier import of the same bytes has done.
    pub done_before: u64,
}

/// What happens while an import runs.
#[derive(Clone, Copy, Debug)]
pub enum ImportNotice<'a> {
    /// The input is compared with what earlier imports have done.
    Compared {
        /// Bytes of the input as it lies there, packed or plain, that were read.
        input_bytes: u64,
    },
    /// A line was refused. Lines are told in order.
    Refused {
        /// Its number in the input, from 1.
        line: u64,
        /// Why.
        refusal: &'a LineRefusal,
    },
    /// More lines are durable.
    Progress {
        /// Bytes of the input as it lies there, packed or plain, that were read.
        input_bytes: u64,
        /// Lines done, counted from the beginning of the input.
        lines: u64,
    },
}
