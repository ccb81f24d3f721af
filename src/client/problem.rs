//! What a client tells its application while it works.

use crate::codec::DecodeError;
use thiserror::Error;

/// Something that an application may want to log or act on. Calls go on being taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The server refused a line, which is not sent again.
    #[error("the server refused a line: {reason}: {line}")]
    Refused {
        /// The line, as JSON.
        line: String,
        /// Why.
        reason: String,
    },
    /// The server cannot be reached, or takes nothing now. What waits is kept and sent again and again. Told at the
    /// first failure, and whenever the reason changes.
    #[error("{waiting} lines wait to be sent: {reason}")]
    Delayed {
        /// What went wrong.
        reason: String,
        /// How many lines wait.
        waiting: u64,
    },
    /// The spool is damaged. What is intact in it is delivered all the same; a file of which nothing can be read stays
    /// where it is.
    #[error("the spool `{location}` is damaged, and lines in it are lost: {damage}")]
    Damaged {
        /// The directory.
        location: String,
        /// What and where.
        damage: DecodeError,
    },
    /// The last handle was dropped, and these lines were not delivered in time. They are gone: there is no spool.
    #[error("{lines} lines were not delivered before the client ended: {reason}")]
    Lost {
        /// How many.
        lines: u64,
        /// Why they were not delivered.
        reason: String,
    },
}
