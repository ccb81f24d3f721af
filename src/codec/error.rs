//! Damage, and where it was met.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use thiserror::Error;

/// Bytes that are not what the format says they are. In a box, so that a result takes no more room than what is read:
/// results of single numbers stay in registers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct DecodeError(Box<Damage>);

/// What a [`DecodeError`] says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem} at byte {offset}{}", file.as_ref().map(|file| format!(" of `{file}`")).unwrap_or_default())]
pub struct Damage {
    /// What is wrong, as a phrase.
    pub problem: String,
    /// The byte, counted from the start of what was decoded; files add their own offset.
    pub offset: u64,
    /// The file, once it is known.
    pub file: Option<Arc<str>>,
}

impl Deref for DecodeError {
    type Target = Damage;

    fn deref(&self) -> &Damage {
        &self.0
    }
}

/// Why a file could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// What goes into it is not what the format says.
    #[error(transparent)]
    Content(#[from] DecodeError),
    /// What it is written to refused.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl DecodeError {
    /// Damage of this kind at this byte.
    #[cold]
    pub fn new(problem: impl Into<String>, offset: u64) -> Self {
        Self(Box::new(Damage { problem: problem.into(), offset, file: None }))
    }

    /// The same damage, in this file unless one is named already.
    #[must_use]
    pub fn in_file(mut self, file: &Arc<str>) -> Self {
        self.0.file.get_or_insert_with(|| Arc::clone(file));
        self
    }

    /// The same damage, seen from a place that starts `base` bytes earlier.
    #[must_use]
    pub fn shifted(mut self, base: u64) -> Self {
        self.0.offset += base;
        self
    }
}
