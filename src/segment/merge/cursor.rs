//! Columns of an input, read from the first row on, a block at a time.

use super::super::arrivals::Arrivals;
use super::super::codes::Codes;
use super::super::column::{BlockBuffer, ColumnBlock, GroupColumn, PropertyColumn};
use super::super::table::UserRuns;
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{DecodeError, Packed, TextCursor, Texts};
use crate::model::Number;

/// Integers.
pub(super) struct PackedCursor {
    column: Codes,
    block: Box<[i64; BLOCK_VALUES]>,
    /// The block that is decoded.
    decoded: Option<usize>,
    next: usize,
}

impl PackedCursor {
    pub fn new(column: Packed) -> Self {
        Self::of_codes(Codes::Each(column))
    }

    pub fn of_codes(column: Codes) -> Self {
        Self { column, block: Box::new([0; BLOCK_VALUES]), decoded: None, next: 0 }
    }

    /// The next values: as many of `count` as are in one block, at least one unless the column has ended.
    pub fn some(&mut self, count: usize) -> &[i64] {
        let (block, start) = (self.next / BLOCK_VALUES, self.next % BLOCK_VALUES);
        let count = count.min(BLOCK_VALUES - start).min(self.column.len() - self.next);
        if count > 0 && self.decoded != Some(block) {
            self.column.decode_block(block, &mut self.block);
            self.decoded = Some(block);
        }
        self.next += count;
        &self.block[start..start + count]
    }

    /// Calls `visit` with the next `count` values, a part of a block at a time.
    pub fn take(&mut self, mut count: usize, mut visit: impl FnMut(&[i64])) {
        while count > 0 {
            let values = self.some(count);
            if values.is_empty() {
                return;
            }
            visit(values);
            count -= values.len();
        }
    }

    pub fn skip(&mut self, count: usize) {
        self.next = (self.next + count).min(self.column.len());
    }
}

/// Times and arrivals.
pub(super) struct MomentCursor {
    arrivals: Arrivals,
    times: Box<[i64; BLOCK_VALUES]>,
    block: Box<[i64; BLOCK_VALUES]>,
    /// The block that is decoded.
    decoded: Option<usize>,
    next: usize,
}

impl MomentCursor {
    pub fn new(arrivals: Arrivals) -> Self {
        let (times, block) = (Box::new([0; BLOCK_VALUES]), Box::new([0; BLOCK_VALUES]));
        Self { arrivals, times, block, decoded: None, next: 0 }
    }

    /// Calls `visit` with time and arrival of each of the next `count` rows.
    pub fn take(&mut self, count: usize, mut visit: impl FnMut(i64, i64)) {
        let end = (self.next + count).min(self.arrivals.len());
        while self.next < end {
            let (block, start) = (self.next / BLOCK_VALUES, self.next % BLOCK_VALUES);
            if self.decoded != Some(block) {
                self.arrivals.decode_moments(block, &mut self.times, &mut self.block);
                self.decoded = Some(block);
            }
            let rows = start..BLOCK_VALUES.min(start + end - self.next);
            self.next += rows.len();
            self.times[rows.clone()].iter().zip(&self.block[rows]).for_each(|(time, arrival)| visit(*time, *arrival));
        }
    }

    /// Calls `visit` with the time of each of the next `count` rows.
    pub fn take_times(&mut self, count: usize, visit: impl FnMut(i64)) {
        let end = (self.next + count).min(self.arrivals.len());
        self.arrivals.times_from(self.next).take(end - self.next).for_each(visit);
        self.next = end;
    }

    pub fn skip(&mut self, count: usize) {
        self.next = (self.next + count).min(self.arrivals.len());
    }
}

/// Ids in runs.
pub(super) struct RunCursor {
    ids: PackedCursor,
    starts: PackedCursor,
    /// The current run, and the row after its last.
    id: u32,
    end: usize,
    row: usize,
    rows: usize,
}

impl RunCursor {
    pub fn of_users(users: UserRuns, rows: usize) -> Self {
        Self::new(users.users, users.starts, rows)
    }

    pub fn of_keys(keys: GroupColumn) -> Self {
        Self::new(keys.run_keys, keys.run_starts, keys.rows)
    }

    fn new(ids: Packed, starts: Packed, rows: usize) -> Self {
        let mut starts = PackedCursor::new(starts);
        // The first run begins at row 0, which was checked when the column was opened.
        starts.some(1);
        Self { ids: PackedCursor::new(ids), starts, id: 0, end: 0, row: 0, rows }
    }

    /// The id of the next row, and how many of the next `count` rows have it.
    ///
    /// # Errors
    /// When the runs do not follow one another within the rows.
    pub fn some(&mut self, count: usize) -> Result<(u32, usize), DecodeError> {
        if self.row == self.end {
            let id = self.ids.some(1).first().and_then(|id| u32::try_from(*id).ok());
            let end = match self.starts.some(1) {
                [start] => usize::try_from(*start).ok(),
                _ => Some(self.rows),
            };
            let (Some(id), Some(end)) = (id, end.filter(|end| *end > self.row && *end <= self.rows)) else {
                return Err(DecodeError::new("runs do not follow one another", 0));
            };
            (self.id, self.end) = (id, end);
        }
        let rows = count.min(self.end - self.row);
        self.row += rows;
        Ok((self.id, rows))
    }
}

/// Numbers.
pub(super) struct NumberCursor {
    column: PropertyColumn,
    block: Vec<Option<Number>>,
    buffer: BlockBuffer,
    decoded: Option<usize>,
    next: usize,
}

impl NumberCursor {
    pub fn new(column: PropertyColumn) -> Self {
        Self { column, block: Vec::new(), buffer: BlockBuffer::default(), decoded: None, next: 0 }
    }

    /// The next number, if the next row has one.
    pub fn next_number(&mut self) -> Option<Number> {
        let (block, row) = (self.next / BLOCK_VALUES, self.next % BLOCK_VALUES);
        if self.decoded != Some(block) {
            self.block.clear();
            if let ColumnBlock::Numbers(numbers) = self.column.decode_block(block, &mut self.buffer) {
                self.block.extend_from_slice(numbers);
            }
            self.decoded = Some(block);
        }
        self.next += 1;
        self.block.get(row).copied().flatten()
    }

    pub fn skip(&mut self, count: usize) {
        self.next += count;
    }
}

/// Insert ids.
pub(super) struct InsertIdCursor {
    places: PackedCursor,
    ids: TextCursor,
}

impl InsertIdCursor {
    pub fn new(places: Packed, ids: Texts) -> Self {
        Self { places: PackedCursor::new(places), ids: TextCursor::new(ids) }
    }

    /// The insert id of the next row, if it has one.
    ///
    /// # Errors
    /// When the list of ids is damaged or has ended.
    pub fn next_id(&mut self) -> Result<Option<&str>, DecodeError> {
        if self.places.some(1).first().is_none_or(|place| *place == 0) {
            return Ok(None);
        }
        let id =
            self.ids.next_entry()?.ok_or_else(|| DecodeError::new("a row has an insert id that is not there", 0))?;
        std::str::from_utf8(id).map(Some).map_err(|_| DecodeError::new("an insert id is not UTF-8", 0))
    }
}
