//! Memory that is used again: giving it back and asking for it anew takes the system longer than filling it.

use crate::log::BatchBuilder;
use crate::segment::SegmentRows;

/// A batch of more bytes leaves no room behind.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Nor do the rows of a segment: names that come once each would have ever more.
const ROWS_BYTES_MAX: usize = 256 << 20;

/// What batches on their way into the log, and segments on theirs out of it, leave for the next.
#[derive(Default)]
pub(super) struct Room {
    builder: BatchBuilder,
    frames: Vec<u8>,
    rows: SegmentRows,
}

impl Room {
    /// An empty builder of a batch.
    pub fn take_builder(&mut self) -> BatchBuilder {
        std::mem::take(&mut self.builder)
    }

    /// Room for the frames of a batch.
    pub fn take_frames(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.frames)
    }

    /// Keeps what a batch used, unless that is much.
    pub fn keep_batch(&mut self, mut builder: BatchBuilder, frames: Vec<u8>) {
        if frames.capacity() <= BATCH_BYTES_MAX {
            builder.clear();
            (self.builder, self.frames) = (builder, frames);
        }
    }

    /// Room for the rows of a segment.
    pub fn take_rows(&mut self) -> SegmentRows {
        std::mem::take(&mut self.rows)
    }

    /// Keeps the room of a segment's rows, unless that is much.
    pub fn keep_rows(&mut self, rows: SegmentRows) {
        if rows.room_bytes() <= ROWS_BYTES_MAX {
            self.rows = rows;
        }
    }
}
