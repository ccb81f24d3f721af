//! What tests and fuzz targets share: reading everything that a store holds, and one check for each kind of hostile
//! bytes. Not part of the interface of the crate.
//!
//! A check may meet damage wherever it likes; it panics where the crate breaks a promise.

mod container;
mod input_line;
mod log;
mod sample;
mod stored;

pub use container::check_segment;
pub use input_line::check_input_line;
pub use log::check_log;
pub use sample::sample;
pub use stored::{check_derived, check_indexes, stored_lines};
