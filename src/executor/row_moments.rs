//! When the rows of a table happened, in the one order of everything.

use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::model::{Arrival, Moment, Timestamp};
use crate::segment::Table;

/// The times and arrivals of a table's rows.
pub(super) struct RowMoments {
    times: Packed,
    arrivals: Packed,
    base: Arrival,
}

/// Those of one block.
pub(super) struct BlockMoments {
    times: Box<[i64; BLOCK_VALUES]>,
    arrivals: Box<[i64; BLOCK_VALUES]>,
    base: Arrival,
}

impl RowMoments {
    pub fn open(table: Table<'_>) -> Result<Self, DecodeError> {
        Ok(Self { times: table.times()?, arrivals: table.arrivals()?, base: table.arrival_base() })
    }

    /// The moments of a block's rows.
    pub fn decode(&self, block: usize) -> BlockMoments {
        let mut moments =
            BlockMoments { times: Box::new([0; BLOCK_VALUES]), arrivals: Box::new([0; BLOCK_VALUES]), base: self.base };
        self.times.decode_block(block, &mut moments.times);
        self.arrivals.decode_block(block, &mut moments.arrivals);
        moments
    }
}

impl BlockMoments {
    /// The moment of a row of the block.
    #[inline]
    pub fn get(&self, row: usize) -> Moment {
        Moment { time: Timestamp::clamped(self.times[row]), arrival: self.base.plus(self.arrivals[row] as u64) }
    }
}
