//! Walking the rows of a table in blocks.

use super::candidates::Candidates;
use super::error::ExecutionError;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::query::{Query, misses};
use super::row_test::RowTest;
use super::unit_column::UnitColumn;
use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::language::ResolvedRange;
use crate::segment::{BlockBuffer, Segment, Table};
use std::ops::Range;

/// The rows of one block.
pub(super) struct Block<'a> {
    /// Its number in the table.
    pub number: usize,
    /// The row of the table that is its first.
    pub first_row: usize,
    /// The times of its rows, in microseconds.
    pub times: &'a [i64],
    /// The counted unit of each row, `NO_UNIT` where it has none.
    pub units: &'a [u32],
}

/// The times and units of a table's rows, block by block.
pub(super) struct TableScan<'a> {
    query: Query<'a>,
    rows: usize,
    /// Of the table, counted through the segment.
    first_row: u32,
    times: Packed,
    units: UnitColumn,
    time_buffer: Box<[i64; BLOCK_VALUES]>,
    unit_buffer: Vec<u32>,
    /// Room for one more column, for tests and measures.
    pub buffer: BlockBuffer,
}

impl<'a> TableScan<'a> {
    pub fn new(query: Query<'a>, table: Table<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            query,
            rows: table.rows(),
            first_row: table.first_row(),
            times: table.times()?,
            units: UnitColumn::open(table, query.units)?,
            time_buffer: Box::new([0; BLOCK_VALUES]),
            unit_buffer: vec![0; BLOCK_VALUES],
            buffer: BlockBuffer::default(),
        })
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK_VALUES)
    }

    /// The rows of a block, counted through the segment.
    fn segment_rows(&self, block: usize) -> Range<u32> {
        let at = |row: usize| self.first_row.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
        at(block * BLOCK_VALUES)..at(self.rows.min((block + 1) * BLOCK_VALUES))
    }

    /// Decodes the times of a block and answers how many rows it has.
    fn decode_times(&mut self, block: usize) -> usize {
        self.times.decode_block(block, &mut self.time_buffer)
    }

    fn decode_units(&mut self, block: usize, rows: usize) {
        let first = block * BLOCK_VALUES;
        self.units.decode(self.query.snapshot.aliases(), first..first + rows, &mut self.unit_buffer[..rows]);
    }

    /// Calls `visit` with every block that has rows which `test` lets pass in `range`, and those rows, until it stops.
    /// Blocks without a candidate are left out.
    pub fn visit(
        &mut self,
        test: &RowTest<'_>,
        candidates: &Candidates,
        range: ResolvedRange,
        mut visit: impl FnMut(&Block<'_>, &Mask, &mut BlockBuffer) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let trace = self.query.trace;
        trace.count(|counts| counts.tables_read += 1);
        for number in 0..self.blocks() {
            self.query.guard.check()?;
            if !candidates.has_any(self.segment_rows(number)) {
                trace.count(|counts| counts.blocks_by_index += 1);
                continue;
            }
            let rows = self.decode_times(number);
            let times = &self.time_buffer[..rows];
            let in_range = Mask::from_fn(rows, |row| range.contains(times[row]));
            if in_range.is_empty() {
                trace.count(|counts| counts.blocks_out_of_range += 1);
                continue;
            }
            let mask = in_range.and(&test.select(number, rows, &mut self.buffer));
            trace.count(|counts| {
                counts.rows_tested += in_range.count();
                counts.rows_passed += mask.count();
                let read = if mask.is_empty() { &mut counts.blocks_filtered } else { &mut counts.blocks_read };
                *read += 1;
            });
            if mask.is_empty() {
                continue;
            }
            self.decode_units(number, rows);
            let block = Block {
                number,
                first_row: number * BLOCK_VALUES,
                times: &self.time_buffer[..rows],
                units: &self.unit_buffer[..rows],
            };
            visit(&block, &mask, &mut self.buffer)?;
        }
        Ok(())
    }
}

/// The tables of a segment that a look asks for and that have rows in its range.
pub(super) fn tables_of<'s>(query: Query<'_>, look: &Look, segment: &'s Segment) -> Vec<Table<'s>> {
    let mut tables = look.tables(segment);
    let named = tables.len();
    tables.retain(|table| {
        let (first, last) = table.time_range();
        !misses(look.range, (first.micros(), last.micros()))
    });
    query.trace.count(|counts| {
        counts.tables_of_other_events += (segment.table_count() - named) as u64;
        counts.tables_out_of_range += (named - tables.len()) as u64;
    });
    tables
}

/// Calls `visit` with the blocks of every table that a look asks for and that has rows in its range, until it stops.
/// `open` is called with each table first, and what it answers goes along.
pub(super) fn visit_rows<T>(
    query: Query<'_>,
    look: &Look,
    mut open: impl FnMut(Table<'_>) -> Result<T, ExecutionError>,
    mut visit: impl FnMut(&mut T, &Block<'_>, &Mask, &mut BlockBuffer) -> Result<(), Stop>,
) -> Result<(), ExecutionError> {
    for segment in query.snapshot.segments() {
        query.guard.check()?;
        for table in tables_of(query, look, segment) {
            let test = RowTest::compile(query, table, look.filter.as_deref())?;
            let mut opened = open(table)?;
            TableScan::new(query, table)?.visit(&test, &test.candidates, look.range, |block, mask, buffer| {
                visit(&mut opened, block, mask, buffer)
            })?;
        }
    }
    Ok(())
}
