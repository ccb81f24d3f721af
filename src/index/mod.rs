//! Bitmaps and counts that answer without reading rows. Layout: `format-spec/segment.md`, "Bitmaps" and "Properties".
//!
//! Invariants:
//! - A unit bitmap holds every unit with a row of its event on its day, and no other; its count is the rows.
//! - The counts of a property's values are those of the rows of each day.
//! - A key's row bitmap holds exactly the rows of the segment that carry the key.
//! - Bitmaps are Roaring's portable serialization, or one bit for each number up to the last where that is smaller.

mod key_rows;
mod keyed;
mod placing;
mod stored_bitmap;
mod unit_days;
mod value_days;

pub use key_rows::{KeyRows, KeyRowsBuilder};
pub use placing::by_number;
pub use stored_bitmap::StoredBitmap;
pub use unit_days::{Day, UnitDays, UnitDaysBuilder, UnitDaysUnion};
pub use value_days::{RowDays, ValueDays, ValueDaysBuilder};
