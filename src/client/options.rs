//! How a client behaves, and what it refuses to be told.

use super::error::StartError;
use super::pace::WAIT_MAX;
use super::problem::Problem;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Most lines that a server takes in one batch.
pub const BATCH_LINES_MAX: usize = 10_000;
/// Most bytes that a server takes in one body. Bodies are cut before they are packed, so that each may go unpacked.
pub const BODY_BYTES_MAX: usize = 8 << 20;
/// A packed body may unpack to so many times its bytes.
pub const UNPACKED_RATIO_MAX: usize = 100;

/// A spool has room for the largest event.
const SPOOL_BYTES_MIN: u64 = 64 << 10;

/// Is told of problems, on the client's own thread: it should return soon, and not call the client.
pub type OnProblem = Arc<dyn Fn(&Problem) + Send + Sync>;

/// How a [`Client`](super::Client) behaves.
///
/// ```
/// use std::time::Duration;
/// use trackcrumb::client::ClientOptions;
///
/// let options = ClientOptions { interval: Duration::from_millis(200), ..ClientOptions::default() }
///     .on_problem(|problem| eprintln!("analytics: {problem}"));
/// ```
#[derive(Clone)]
pub struct ClientOptions {
    /// So many lines are sent as soon as they are there; at most so many go into one request. 1 to 10,000.
    pub batch_lines: usize,
    /// The same in bytes before packing, 1 to 8 MiB. A line that is longer goes alone.
    pub batch_bytes: usize,
    /// A call waits at most so long for others to go with it.
    pub interval: Duration,
    /// Keeps calls in this directory until they are delivered; made if it does not exist. A call returns once it is
    /// durable there, and what is not delivered goes on after a crash or the next start. One process at a time.
    pub spool: Option<PathBuf>,
    /// Most bytes that the spool takes; calls beyond are refused. At least 64 KiB.
    pub spool_bytes: u64,
    /// Most lines that wait in memory. Without a spool, calls beyond are refused; with one, they wait there.
    pub queue_lines: usize,
    /// The same in bytes.
    pub queue_bytes: usize,
    /// A request is given up after this time, and made again.
    pub request_timeout: Duration,
    /// The wait after the first failure, half of it at random; it doubles with each further one.
    pub retry_first: Duration,
    /// The longest such wait, at most an hour. Where a key or an address is wrong, it is the wait from the first.
    pub retry_most: Duration,
    /// When the last handle is dropped, what waits is sent for so long.
    pub close_timeout: Duration,
    /// Is told of problems; see [`on_problem`](Self::on_problem).
    pub on_problem: Option<OnProblem>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            batch_lines: 500,
            batch_bytes: 1 << 20,
            interval: Duration::from_secs(1),
            spool: None,
            spool_bytes: 256 << 20,
            queue_lines: 10_000,
            queue_bytes: 16 << 20,
            request_timeout: Duration::from_secs(30),
            retry_first: Duration::from_secs(1),
            retry_most: Duration::from_secs(60),
            close_timeout: Duration::from_secs(5),
            on_problem: None,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("batch_lines", &self.batch_lines)
            .field("batch_bytes", &self.batch_bytes)
            .field("interval", &self.interval)
            .field("spool", &self.spool)
            .field("spool_bytes", &self.spool_bytes)
            .field("queue_lines", &self.queue_lines)
            .field("queue_bytes", &self.queue_bytes)
            .finish_non_exhaustive()
    }
}

impl ClientOptions {
    /// Keeps calls in this directory until they are delivered.
    #[must_use]
    pub fn spool(mut self, directory: impl Into<PathBuf>) -> Self {
        self.spool = Some(directory.into());
        self
    }

    /// Tells problems as they come up: lines that the server refused, delays, damage of the spool. It is called on the
    /// client's own thread, which sends nothing meanwhile; it must not call the client.
    #[must_use]
    pub fn on_problem(mut self, tell: impl Fn(&Problem) + Send + Sync + 'static) -> Self {
        self.on_problem = Some(Arc::new(tell));
        self
    }

    /// Checks the ranges.
    pub(super) fn check(&self) -> Result<(), StartError> {
        let out_of_range = |option, range| Err(StartError::Option { option, range });
        match self {
            _ if !(1..=BATCH_LINES_MAX).contains(&self.batch_lines) => out_of_range("batch_lines", "1 to 10,000"),
            _ if !(1..=BODY_BYTES_MAX).contains(&self.batch_bytes) => out_of_range("batch_bytes", "1 byte to 8 MiB"),
            _ if self.spool_bytes < SPOOL_BYTES_MIN => out_of_range("spool_bytes", "at least 64 KiB"),
            _ if self.queue_lines == 0 => out_of_range("queue_lines", "at least 1"),
            _ if self.queue_bytes == 0 => out_of_range("queue_bytes", "at least 1"),
            _ if self.request_timeout.is_zero() => out_of_range("request_timeout", "more than nothing"),
            _ if self.retry_first.is_zero() => out_of_range("retry_first", "more than nothing"),
            _ if !(self.retry_first..=WAIT_MAX).contains(&self.retry_most) => {
                out_of_range("retry_most", "retry_first to an hour")
            }
            _ => Ok(()),
        }
    }
}
