//! Why a client does not start, does not take a call, or has not delivered.

use super::spool::SpoolError;
use crate::store::{LineRefusal, RandomError};
use thiserror::Error;

/// Why a client does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address of the server is of no use.
    #[error("`{url}` is no address of a server: {problem}; give one such as https://stats.example.com")]
    Url {
        /// As given.
        url: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The key has characters that no key has.
    #[error("the write key holds characters that no key has; take it as `trackcrumb key create` showed it")]
    Key,
    /// An option is out of its range.
    #[error("the option `{option}` is out of range: {range} is allowed")]
    Option {
        /// Which.
        option: &'static str,
        /// What is allowed.
        range: &'static str,
    },
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The system gives no thread.
    #[error("the client's thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Why a call was not taken. Nothing of it is sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// The server would refuse a line.
    #[error("line {index} of the call is refused: {refusal}")]
    Refused {
        /// Its place among the lines of the call, from 0.
        index: usize,
        /// Why.
        refusal: LineRefusal,
    },
    /// As much waits as may.
    #[error("the queue is full, as {waiting} lines wait to be sent{}; the call was not taken", because(.reason))]
    Full {
        /// How many lines wait.
        waiting: u64,
        /// Why the server did not take them yet, if it failed.
        reason: Option<String>,
    },
    /// The spool cannot be written. After a crash, a call whose sync failed may be found in it, and sent.
    #[error(transparent)]
    Spool(SpoolError),
    /// The client was closed.
    #[error("the client is closed and takes nothing more")]
    Closed,
    /// There is no insert id to be had.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Why not everything is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FlushError {
    /// Some of it still waits.
    #[error("{lines} lines still wait to be sent{}", because(.reason))]
    Waiting {
        /// How many.
        lines: u64,
        /// Why the server did not take them yet, if it failed.
        reason: Option<String>,
    },
    /// The server has judged everything, but refused some lines meanwhile; the client's problems say which.
    #[error("the server refused {lines} lines")]
    Refused {
        /// How many.
        lines: u64,
    },
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
}
