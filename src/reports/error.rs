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
        "cohort `{name}` is one of other units than this condition asks for; use `member_of` and `has_member_in` to go between users and keys"
    )]
    OtherUnits {
        /// The cohort.
        name: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
