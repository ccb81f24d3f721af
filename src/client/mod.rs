//! A client of a trackcrumb server, for applications in Rust: the verbs of `tracker.js`, sent in the background.
//!
//! [`Client`] is the connection to one server, shared by a whole application; a [`Tracker`](crate::Tracker) over it is
//! one user. Nothing here needs an async runtime.
//!
//! Invariants:
//! - A call that returned `Ok` is sent until the server has judged it; one that returned an error is never sent.
//! - No call waits for the network.
//! - Lines are sent in the order of the calls, one batch at a time; a batch that failed is sent again as it was.
//! - An event has its insert id and its time from the moment of the call, so a repetition is a duplicate.
//! - With a spool, a call that returned `Ok` is on disk, and goes on after a crash; see `spool`.
//! - All decisions are in `state`, which knows neither clock nor thread nor network.

mod body;
mod error;
mod handle;
mod options;
mod pace;
mod post;
mod problem;
mod queue;
mod shared;
mod spool;
mod state;
mod verdict;

pub use error::{FlushError, SendError, StartError};
pub use handle::Client;
pub use options::{BATCH_LINES_MAX, BODY_BYTES_MAX, ClientOptions, OnProblem, UNPACKED_RATIO_MAX};
pub use problem::Problem;
pub use spool::SpoolError;
pub use state::ClientStats;
