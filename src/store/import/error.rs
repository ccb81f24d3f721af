//! Why an import ended before its input did.

use super::{Imported, STRICT_BYTES_MAX};
use crate::input::UnpackError;
use crate::store::StoreError;
use std::fmt;
use std::io;
use thiserror::Error;

/// An import that did not come to its end, and what it did until then.
#[derive(Debug)]
pub struct ImportError {
    /// What stopped it.
    pub cause: ImportCause,
    /// What it did before. All of it is durable.
    pub done: Imported,
}

/// What stopped an import.
#[derive(Debug, Error)]
pub enum ImportCause {
    /// The input cannot be read any further.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// The packed data ends early or is damaged.
    #[error(transparent)]
    Unpack(UnpackError),
    /// The store does not take more.
    #[error(transparent)]
    Store(StoreError),
    /// It was told to stop.
    #[error("it was interrupted")]
    Interrupted,
    /// Lines were refused in a strict import.
    #[error(
        "nothing was stored, as {} refused and the import is strict; correct {}, or leave --strict out",
        lines(*refused), if *refused == 1 { "it" } else { "them" }
    )]
    Refused {
        /// How many.
        refused: u64,
    },
    /// A strict import is larger than one batch may be.
    #[error(
        "nothing was stored, as a strict import is one batch, held in memory, and this one has more than \
         {} MiB unpacked; split it, or leave --strict out", STRICT_BYTES_MAX >> 20
    )]
    TooLarge,
}

/// The number of lines that were refused, as the beginning of a clause.
fn lines(count: u64) -> String {
    if count == 1 { "1 line was".to_owned() } else { format!("{count} lines were") }
}

impl ImportCause {
    /// An error of reading: of the data, if that is what it says.
    pub(super) fn of_reading(error: io::Error) -> Self {
        match UnpackError::of(&error) {
            Some(unpack) => Self::Unpack(unpack.clone()),
            None => Self::Read(error),
        }
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        if matches!(self.cause, ImportCause::Refused { .. } | ImportCause::TooLarge) {
            return Ok(());
        }
        let Imported { accepted, duplicate, refused, done_before } = self.done;
        let lines = accepted + duplicate + refused + done_before;
        match lines {
            0 => f.write_str("; nothing was stored"),
            1 => f.write_str(
                "; the one line before that is done, and the next import of the same input continues after it",
            ),
            _ => write!(
                f,
                "; the {lines} lines before that are done, and the next import of the same input continues after them"
            ),
        }
    }
}
