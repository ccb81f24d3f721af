//! When the rows of a table happened, in the one order of everything.

use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::model::{Arrival, Moment, Timestamp};
use crate::segment::{Arrivals, Table};
use std::cell::OnceCell;

/// The times and arrivals of a table's rows.
pub(super) struct RowMoments {
    times: Packed,
    arrivals: Arrivals,
    base: Arrival,
}

/// Those of one block.
pub(super) struct BlockMoments<'a> {
    of: &'a RowMoments,
    block: usize,
    times: Box<[i64; BLOCK_VALUES]>,
    /// Decoded when one is asked for: mostly times tell events apart.
    arrivals: OnceCell<Box<[i64; BLOCK_VALUES]>>,
}

impl RowMoments {
    pub fn open(table: Table<'_>) -> Result<Self, DecodeError> {
        Ok(Self { times: table.times()?, arrivals: table.arrivals()?, base: table.arrival_base() })
    }

    /// The moments of a block's rows.
    pub fn decode(&self, block: usize) -> BlockMoments<'_> {
        let mut times = Box::new([0; BLOCK_VALUES]);
        self.times.decode_block(block, &mut times);
        BlockMoments { of: self, block, times, arrivals: OnceCell::new() }
    }
}

impl BlockMoments<'_> {
    /// The time of a row of the block, in microseconds.
    #[inline]
    pub fn time(&self, row: usize) -> i64 {
        self.times[row]
    }

    /// The moment of a row of the block.
    #[inline]
    pub fn get(&self, row: usize) -> Moment {
        let arrivals = self.arrivals.get_or_init(|| {
            let mut arrivals = Box::new([0; BLOCK_VALUES]);
            self.of.arrivals.decode_with(self.block, &self.times, &mut arrivals);
            arrivals
        });
        Moment { time: Timestamp::clamped(self.times[row]), arrival: self.of.base.plus(arrivals[row] as u64) }
    }
}
