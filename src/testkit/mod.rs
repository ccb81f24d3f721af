//! What tests and fuzz targets share: reading everything that a store holds, and one check for each kind of hostile
//! bytes. Not part of the interface of the crate.
//!
//! A check answers bytes that are damaged with nothing; it panics where the crate breaks a promise.

mod stored;

pub use stored::{check_derived, check_indexes, stored_lines};
