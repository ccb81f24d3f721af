//! What can go wrong with a store.

use super::unknown::UnknownName;
use crate::codec::DecodeError;
use crate::files::{FileError, LockError};
use crate::input::Refusal;
use crate::saved::SavedError;
use thiserror::Error;

/// Why a store cannot be opened, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system refused something.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process writes to the store.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Bytes on disk are not what was written.
    #[error(
        "`{location}` is damaged: {damage}; restore the file from a backup, or export what is intact with `trackcrumb export --skip-damaged`"
    )]
    Damaged {
        /// The directory.
        location: String,
        /// What and where.
        damage: DecodeError,
    },
    /// The directory holds other files.
    #[error(
        "`{location}` is not a trackcrumb store: it has no MANIFEST but other files, such as `{example}`; name a store or an empty directory"
    )]
    NotAStore {
        /// The directory.
        location: String,
        /// One of the other files.
        example: String,
    },
    /// A copy was to go into a directory that holds something.
    #[error("`{location}` is not empty: it holds `{example}`; name a directory that is empty or does not exist")]
    NotEmpty {
        /// The directory.
        location: String,
        /// One of the names in it.
        example: String,
    },
    /// The directory holds nothing, and only reading was asked for.
    #[error("`{location}` holds no trackcrumb store yet; `trackcrumb import --data {location} FILE` makes one")]
    Absent {
        /// The directory.
        location: String,
    },
    /// A file needs a newer program.
    #[error("`{location}` was written by a newer trackcrumb: {damage}")]
    Newer {
        /// The directory.
        location: String,
        /// Which version or feature.
        damage: DecodeError,
    },
    /// Something cannot be saved, or what is saved cannot be read.
    #[error(transparent)]
    Saved(#[from] SavedError),
    /// Something was named that the store does not have.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// A sync failed before; what the disk holds is not known until the store is opened again.
    #[error("the store takes nothing more since a sync failed ({cause}); stop the program and start it again")]
    Poisoned {
        /// The failure.
        cause: String,
    },
    /// One line of a batch that was to be stored as a whole was refused, so nothing was.
    #[error("nothing was stored, as line {index} of the batch was refused: {refusal}")]
    Refused {
        /// Its place in the batch, from 0.
        index: usize,
        /// Why.
        refusal: LineRefusal,
    },
}

/// Why a line was refused: for what it says, or for what the store holds.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum LineRefusal {
    /// The line itself.
    #[error(transparent)]
    Input(#[from] Refusal),
    /// Undeclared group types are refused in this workspace.
    #[error(
        "group type `{group_type}` is not declared, and this workspace takes declared ones only; correct it, or declare it with `trackcrumb group-type declare {group_type}`"
    )]
    UndeclaredGroupType {
        /// The type.
        group_type: String,
    },
    /// A cohort's document is not a cohort document.
    #[error("cohort `{name}` is refused: {problem}")]
    Cohort {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

impl StoreError {
    /// Damage met in the store of this directory.
    pub(crate) fn damaged(location: &str, damage: DecodeError) -> Self {
        Self::Damaged { location: location.to_owned(), damage }
    }

    /// Whether damage was found on disk.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Saved(SavedError::Damaged { .. }) => true,
            Self::File(error) => matches!(error, FileError::LengthDiffers { .. } | FileError::NotAPlainFile { .. }),
            _ => false,
        }
    }
}
