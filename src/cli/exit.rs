//! Exit codes, and why a command fails.

use super::text::shown;
use crate::pages::PageError;
use crate::reports::ReportError;
use crate::store::StoreError;
use crate::store::import::{ImportCause, ImportError};
use crate::workspace::WorkspaceError;
use std::io;
use std::process::ExitCode;
use thiserror::Error;

/// How a command ended. The numbers are part of the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done as asked.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// Done, but some input lines were refused.
    SomeRefused = 3,
    /// Damage was found.
    Damaged = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed, as one sentence.
#[derive(Debug, Error)]
pub enum Failure {
    /// The store cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An import came to no end.
    #[error("importing {} stopped: {error}", shown(input))]
    Import {
        /// What was imported.
        input: String,
        /// Why, and what was done before.
        error: Box<ImportError>,
    },
    /// A report has no answer.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A page cannot be shown.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A workspace cannot be made or found.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The server did not start, or failed.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Serve(#[from] crate::server::ServeError),
    /// The keys cannot be read or changed.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Keys(#[from] crate::server::KeyError),
    /// A file that was named cannot be read.
    #[error("cannot read {}: {error}; check the path", shown(input))]
    Input {
        /// The file, or standard input.
        input: String,
        /// What the system says.
        error: io::Error,
    },
    /// The answer could not be written.
    #[error("cannot write to standard output: {0}; check where it goes")]
    Output(io::Error),
    /// Anything that a command has its own sentence for.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// A sentence of its own.
    pub fn other(sentence: impl Into<String>) -> Self {
        Self::Other(sentence.into())
    }

    /// Whether the reader of standard output has gone, which is no fault.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code for it.
    pub fn exit(&self) -> Exit {
        #[cfg(feature = "server")]
        if self.is_key_damage() {
            return Exit::Damaged;
        }
        let store = match self {
            Self::Store(error)
            | Self::Report(ReportError::Store(error))
            | Self::Page(PageError::Store(error))
            | Self::Workspace(WorkspaceError::Store(error)) => Some(error),
            Self::Import { error, .. } => match &error.cause {
                ImportCause::Store(error) => Some(error),
                _ => None,
            },
            _ => None,
        };
        if store.is_some_and(StoreError::is_damage) { Exit::Damaged } else { Exit::Failed }
    }

    #[cfg(feature = "server")]
    fn is_key_damage(&self) -> bool {
        matches!(self, Self::Keys(crate::server::KeyError::Damaged { .. }))
    }
}
