//! Why something cannot be saved, changed or read.

use crate::files::FileError;
use crate::language::DocumentError;
use thiserror::Error;

/// Why something cannot be saved, changed or read.
#[derive(Debug, Error)]
pub enum SavedError {
    /// There is no such thing.
    #[error("there is no {kind} `{id}`; it may have been deleted")]
    Unknown {
        /// What kind of thing.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// The document is none of the report language.
    #[error("the report cannot be saved: {0}")]
    Document(Box<DocumentError>),
    /// A text is too long, or blank where it may not be.
    #[error("{what} {problem}; give it 1 to {max} bytes")]
    Text {
        /// What text.
        what: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// Most bytes.
        max: usize,
    },
    /// A tile is not where it was said to be.
    #[error("the dashboard was changed meanwhile, and this tile is elsewhere or gone; load the page again")]
    Moved,
    /// There are as many as there may be.
    #[error("there are {max} {kind} already, and no more are kept; delete one that nobody needs")]
    Full {
        /// What kind of things.
        kind: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// The file is not what was written.
    #[error("`{location}/saved.json` is damaged: {problem}; restore it from a backup, or remove it to begin anew")]
    Damaged {
        /// The directory.
        location: String,
        /// What is wrong.
        problem: String,
    },
    /// The system refused something.
    #[error(transparent)]
    File(#[from] FileError),
}
