//! Sealed events: an immutable file with one table per event name. Layout: `format-spec/segment.md`.
//!
//! Invariants:
//! - Rows of a table are sorted by (user, time, arrival); users are ids as sent, before aliases.
//! - A segment covers a run of arrivals that no other segment of the store overlaps.
//! - The same rows give the same bytes, whatever order they were added in.
//! - What is not sealed yet is answered through the same form in memory, so there is one reader for all rows.

mod arrivals;
mod cells;
mod codes;
mod column;
mod encode;
mod erase;
mod file;
mod layout;
mod merge;
mod newest;
mod pace;
mod reader;
mod row_values;
mod rows;
mod runs;
mod sizes;
mod table;
mod verify;
mod writer;

pub use arrivals::Arrivals;
pub use cells::{CellValues, PropertyCells};
pub use codes::{CodeRuns, Codes};
pub use column::{BlockBuffer, ColumnBlock, GroupColumn, PropertyColumn, PropertyValues, stored_value};
pub use erase::RowsTouched;
pub use merge::{erase_segment_into, merge_segments, merge_segments_into};
pub use reader::{RowPlace, Segment};
pub use rows::SegmentRows;
pub use runs::{RunReader, UserCursor};
pub use sizes::SegmentBytes;
pub use table::{Table, UserRuns};
pub use verify::SegmentExtent;
pub use writer::SegmentWriter;
