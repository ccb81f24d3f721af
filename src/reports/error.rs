//! Why a report has no answer.

use crate::language::DocumentError;
use crate::store::{StoreError, UnknownName};
use thiserror::Error;

/// Why a report has no answer.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The document breaks a rule of the language.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The document names something that the store does not have.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The workspace takes declared group types only.
    #[error(
        "group type `{name}` is not declared, and this workspace takes declared ones only; declare it with `trackcrumb group-type declare {name}`"
    )]
    Undeclared {
        /// The group type.
        name: String,
    },
    /// A condition names a cohort of other units than it can use.
    #[error(
        "cohort `{name}` is one of {counted}, which this condition cannot use; use `member_of` and `has_member_in` to go between users and keys"
    )]
    OtherUnits {
        /// The cohort.
        name: String,
        /// What it counts.
        counted: String,
    },
    /// A saved cohort that the document refers to has no answer.
    #[error("in the cohort `{name}`: {cause}")]
    InCohort {
        /// The cohort.
        name: String,
        /// Why.
        cause: Box<ReportError>,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReportError {
    /// The same error, met while a saved cohort was evaluated. Damage is where it is, whoever met it.
    pub(super) fn in_cohort(self, name: &str) -> Self {
        match self {
            Self::Store(_) | Self::InCohort { .. } => self,
            cause => Self::InCohort { name: name.to_owned(), cause: Box::new(cause) },
        }
    }
}
