//! Bitmaps that answer without reading rows. Layout: `format-spec/segment.md`, "Bitmaps".
//!
//! Invariants:
//! - A unit bitmap holds every unit with a row of its event on its day, and no other; its count is the rows.
//! - A key's row bitmap holds exactly the rows of the segment that carry the key.
//! - Bitmaps are Roaring's portable serialization.

mod key_rows;
mod keyed;
mod stored_bitmap;
mod unit_days;

pub use key_rows::{KeyRows, KeyRowsBuilder};
pub use stored_bitmap::StoredBitmap;
pub use unit_days::{Day, UnitDays, UnitDaysBuilder, UnitDaysUnion};
