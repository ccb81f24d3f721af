//! How much of anything a client may ask for. Every limit is refused at one more, and tested at both.

use std::time::Duration;

/// Most bytes of a body as it is sent, packed or plain.
pub const BODY_BYTES_MAX: usize = 8 << 20;
/// Most bytes of a body once it is unpacked.
pub const UNPACKED_BYTES_MAX: usize = 32 << 20;
/// A packed body unpacks to at most this many times its bytes.
pub const UNPACKED_RATIO_MAX: usize = 100;
/// The window of a zstd body has at most 2 to this power of bytes, 8 MiB: RFC 9659 grants no more to HTTP either.
pub const WINDOW_LOG_MAX: u32 = 23;
/// Most lines of a batch.
pub const BATCH_LINES_MAX: usize = 10_000;
/// Most bytes of all names and values of a request's headers.
pub const HEADER_BYTES_MAX: usize = 32 << 10;
/// Most headers of a request.
pub const HEADERS_MAX: usize = 100;
/// Most bytes of a request's target: path and query.
pub const TARGET_BYTES_MAX: usize = 8 << 10;
/// Most rows of a page.
pub const PAGE_ROWS_MAX: usize = 10_000;
/// Connections at a time, unless told otherwise.
pub const CONNECTIONS_MAX_DEFAULT: usize = 1_024;

/// A request's head must be there within this time.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// The longest pause in a body.
pub const BODY_IDLE_MAX: Duration = Duration::from_secs(30);
/// The whole of a body must be there within this time.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(120);
/// A client must take some of its answer within this time.
pub const ANSWER_IDLE_MAX: Duration = Duration::from_secs(30);
/// The longest time for a report or a page, unless told otherwise.
pub const REPORT_TIME_MAX_DEFAULT: Duration = Duration::from_secs(30);
/// The most memory for a report, in bytes, unless told otherwise.
pub const REPORT_BYTES_MAX_DEFAULT: u64 = 256 << 20;
/// After a request to stop, requests under way have this long to end.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(8);

/// A client that sends nothing for so long, once it has its last answer, is not listened to any more.
pub(super) const LINGER_IDLE_MAX: Duration = Duration::from_millis(500);
/// How long a client may go on to send after its last answer.
pub(super) const LINGER_TIME_MAX: Duration = Duration::from_secs(5);
/// Connections too many that may hear so to the end, at a time.
pub(super) const TURNED_AWAY_MAX: usize = 64;
/// Bytes of all bodies that are held at a time.
pub(super) const BODIES_BYTES_MAX: usize = 256 << 20;
/// Bytes of all bodies, unpacked, that are read and written at a time.
pub(super) const WRITING_BYTES_MAX: usize = 64 << 20;
/// Batches that are written at a time: they share syncs.
pub(super) const WRITES_MAX: usize = 64;
/// Batches that wait for their turn.
pub(super) const WRITES_WAITING_MAX: usize = 1_024;
/// Reports and pages that wait for their turn.
pub(super) const READS_WAITING_MAX: usize = 128;
/// HTTP/2 requests at a time on one connection.
pub(super) const STREAMS_MAX: u32 = 32;
