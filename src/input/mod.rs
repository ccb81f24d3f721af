//! Input lines: from bytes to the model and back, and every reason why a line is refused.
//!
//! Bytes flow through three stages. [`Unpacked`] undoes gzip or zstd, [`LineReader`] cuts the plain bytes into numbered
//! lines and keeps a digest of what it has passed, and [`parse_line`] turns one line into a [`Line`](crate::model::Line)
//! or a [`Refusal`]; [`ParsedLines`] does the same for many, without taking plain events apart. [`write_line`] is the inverse of [`parse_line`]: reading what it wrote gives the same line.
//!
//! - A line is either understood as a whole or refused; nothing in it is dropped or altered in silence.
//! - A refusal is one sentence that names the field and says what to do. The sentences are part of the promise.
//! - No input makes this module panic, recurse deeper than the limit of nesting, or hold more than a small multiple
//!   of the longest line.
//! - No files are opened here: callers hand in anything that implements [`std::io::Read`].

mod canonical;
mod check;
mod fault;
mod field;
mod fields;
mod last_minute;
mod line;
mod object;
mod parsed;
mod plain;
mod reader;
mod refusal;
mod shape;
mod unpack;
mod write;

#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod round_trip_tests;

pub use check::check_line;
pub use fault::{JsonFault, Place, Position};
pub use field::Kind;
pub use line::{parse_line, parse_object};
pub use object::Found;
pub use parsed::{EventRef, NameRef, ParsedLine, ParsedLines};
pub use reader::{Content, LINE_BYTES_MAX_DEFAULT, LineReader, RawLine};
pub use refusal::Refusal;
pub use unpack::{Packing, UnpackError, Unpacked, WINDOW_BYTES_MAX};
pub use write::write_line;
