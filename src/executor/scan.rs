//! Walking the rows of a table in blocks.

use super::candidates::Candidates;
use super::coverage::Coverage;
use super::error::ExecutionError;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::query::{Query, Units, covers, misses};
use super::row_test::RowTest;
use super::unit_column::UnitColumn;
use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::language::ResolvedRange;
use crate::segment::{BlockBuffer, Segment, Table};
use std::ops::Range;

/// Stands for the unit of a row when nobody looks at which it is.
const SOME_UNIT: u32 = 0;

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
    /// The times of its earliest row and of its latest, which say more than those of blocks, whose ends are rounded.
    bounds: (i64, i64),
    times: Packed,
    /// `None` where nobody looks at the units.
    units: Option<UnitColumn>,
    /// Whether somebody looks at the times of a block that lies in the range.
    shows_times: bool,
    time_buffer: Box<[i64; BLOCK_VALUES]>,
    unit_buffer: Vec<u32>,
    /// Room for one more column, for tests and measures.
    pub buffer: BlockBuffer,
}

impl<'a> TableScan<'a> {
    pub fn new(query: Query<'a>, table: Table<'_>) -> Result<Self, DecodeError> {
        let (first, last) = table.time_range();
        Ok(Self {
            query,
            rows: table.rows(),
            first_row: table.first_row(),
            bounds: (first.micros(), last.micros()),
            times: table.times()?,
            units: Some(UnitColumn::open(table, query.units)?),
            shows_times: true,
            time_buffer: Box::new([0; BLOCK_VALUES]),
            unit_buffer: vec![0; BLOCK_VALUES],
            buffer: BlockBuffer::default(),
        })
    }

    /// The same without the units, where it matters only whether a row has one: of users each has.
    pub fn without_units(query: Query<'a>, table: Table<'_>) -> Result<Self, DecodeError> {
        let mut scan = Self::new(query, table)?;
        if query.units == Units::Users {
            scan.units = None;
            scan.unit_buffer.fill(SOME_UNIT);
        }
        Ok(scan)
    }

    /// A scan for those who only count: times are not there, and units as in [`Self::without_units`].
    pub fn counting(query: Query<'a>, table: Table<'_>) -> Result<Self, DecodeError> {
        Ok(Self { shows_times: false, ..Self::without_units(query, table)? })
    }

    /// All rows of the table.
    pub fn all_rows(&self) -> Range<usize> {
        0..self.rows
    }

    /// The rows of a block, counted through the segment.
    fn segment_rows(&self, block: usize) -> Range<u32> {
        let at = |row: usize| self.first_row.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
        at(block * BLOCK_VALUES)..at(self.rows.min((block + 1) * BLOCK_VALUES))
    }

    fn decode_times(&mut self, block: usize) {
        self.times.decode_block(block, &mut self.time_buffer);
    }

    fn decode_units(&mut self, block: usize, rows: usize) {
        if let Some(units) = &self.units {
            let first = block * BLOCK_VALUES;
            units.decode(self.query.snapshot.aliases(), first..first + rows, &mut self.unit_buffer[..rows]);
        }
    }

    /// Calls `visit` with every block that has some of `wanted` which `test` lets pass in `range`, and those rows, until
    /// it stops. Blocks without a candidate are left out.
    pub fn visit(
        &mut self,
        test: &RowTest<'_>,
        candidates: &Candidates,
        range: ResolvedRange,
        wanted: Range<usize>,
        mut visit: impl FnMut(&Block<'_>, &Mask, &mut BlockBuffer) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let trace = self.query.trace;
        let is_table_whole = covers(range, self.bounds);
        for number in wanted.start / BLOCK_VALUES..wanted.end.div_ceil(BLOCK_VALUES) {
            self.query.guard.check()?;
            if !candidates.has_any(self.segment_rows(number)) {
                trace.count(|counts| counts.blocks_by_index += 1);
                continue;
            }
            let first_row = number * BLOCK_VALUES;
            let rows = self.rows.min(first_row + BLOCK_VALUES) - first_row;
            let wanted = wanted.start.saturating_sub(first_row)..rows.min(wanted.end - first_row);
            let bounds = self.times.block_bounds(number);
            // Times are decoded late, as a filter may leave nothing of the block.
            let is_whole = is_table_whole || covers(range, bounds);
            let in_range = if is_whole {
                Mask::first(rows)
            } else if misses(range, bounds) {
                Mask::NONE
            } else {
                self.decode_times(number);
                Mask::from_fn(rows, |row| range.contains(self.time_buffer[row]))
            };
            let in_range = if wanted.len() < rows { in_range.and(&Mask::of_rows(wanted)) } else { in_range };
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
            if is_whole && self.shows_times {
                self.decode_times(number);
            }
            self.decode_units(number, rows);
            let block = Block { number, first_row, times: &self.time_buffer[..rows], units: &self.unit_buffer[..rows] };
            visit(&block, &mask, &mut self.buffer)?;
        }
        Ok(())
    }
}

/// The tables of a segment that a look asks for and that have rows in its range, and how many it asks for in all.
pub(super) fn find_tables<'s>(look: &Look, segment: &'s Segment) -> (Vec<Table<'s>>, usize) {
    let mut tables = look.tables(segment);
    let named = tables.len();
    tables.retain(|table| {
        let (first, last) = table.time_range();
        !misses(look.range, (first.micros(), last.micros()))
    });
    (tables, named)
}

/// The same tables, and what is told of the others.
pub(super) fn tables_of<'s>(query: Query<'_>, look: &Look, segment: &'s Segment) -> Vec<Table<'s>> {
    let (tables, named) = find_tables(look, segment);
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
    let mut coverage = Coverage::default();
    for segment in query.snapshot.segments() {
        query.guard.check()?;
        for table in tables_of(query, look, segment) {
            let test = RowTest::compile(query, table, look.filter.as_deref())?;
            let mut opened = open(table)?;
            query.trace.count(|counts| counts.tables_read += 1);
            let mut scan = TableScan::new(query, table)?;
            let all = scan.all_rows();
            scan.visit(&test, &test.candidates, look.range, all, |block, mask, buffer| {
                coverage.count(query, block, mask);
                visit(&mut opened, block, mask, buffer)
            })?;
        }
    }
    query.trace.remember(query.units, look, coverage);
    Ok(())
}
