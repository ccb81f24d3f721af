//! Damage, and where it was met.

use thiserror::Error;

/// Bytes that are not what the format says they are.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem} at byte {offset}")]
pub struct DecodeError {
    /// What is wrong, as a phrase.
    pub problem: String,
    /// The byte, counted from the start of what was decoded; files add their own offset.
    pub offset: u64,
}

impl DecodeError {
    /// Damage of this kind at this byte.
    pub fn new(problem: impl Into<String>, offset: u64) -> Self {
        Self { problem: problem.into(), offset }
    }

    /// The same damage, seen from a place that starts `base` bytes earlier.
    #[must_use]
    pub fn shifted(mut self, base: u64) -> Self {
        self.offset += base;
        self
    }
}
