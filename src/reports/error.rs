//! Why a report has no answer.

use crate::language::DocumentError;
use crate::store::{StoreError, UnknownName};
use std::time::Duration;
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
    /// It took as long as it may.
    #[error(
        "the report takes longer than the {} seconds that it may; ask for a shorter range, or filter its events",
        limit.as_secs_f64()
    )]
    TimeExceeded {
        /// How long it may take.
        limit: Duration,
    },
    /// It would hold more memory than it may.
    #[error(
        "the report needs more than the {} of memory that it may use; ask for a shorter range, filter its events, or give breakdowns a smaller `limit`",
        shown_bytes(*limit_bytes)
    )]
    MemoryExceeded {
        /// How many bytes it may hold.
        limit_bytes: u64,
    },
    /// It was called off.
    #[error("the report was called off; ask again if its answer is still wanted")]
    Cancelled,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A number of bytes, in MiB if it is so many.
fn shown_bytes(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes >= MIB && bytes.is_multiple_of(MIB) { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
}

impl ReportError {
    /// The same error, met while a saved cohort was evaluated. Damage is where it is, whoever met it, and limits are
    /// those of the whole report.
    pub(super) fn in_cohort(self, name: &str) -> Self {
        match self {
            Self::Store(_)
            | Self::TimeExceeded { .. }
            | Self::MemoryExceeded { .. }
            | Self::Cancelled
            | Self::InCohort { .. } => self,
            cause => Self::InCohort { name: name.to_owned(), cause: Box::new(cause) },
        }
    }
}
