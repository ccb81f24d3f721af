//! Walking the rows of a table in blocks.

use super::look::Look;
use super::mask::Mask;
use super::query::{NO_UNIT, Query, Units, misses};
use super::row_test::{CompileError, RowTest};
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::language::ResolvedRange;
use crate::segment::{BlockBuffer, GroupColumn, Table, UserRuns};

/// The rows of one block.
pub(super) struct Block<'a> {
    /// Its number in the table.
    pub number: usize,
    /// The row of the table that is its first.
    pub first_row: usize,
    /// The times of its rows, in microseconds.
    pub times: &'a [i64],
    /// The counted unit of each row, [`NO_UNIT`] where it has none.
    pub units: &'a [u32],
}

/// What yields the unit of each row.
enum UnitColumn {
    Users(UserRuns),
    Keys(Option<GroupColumn>),
}

/// The times and units of a table's rows, block by block.
pub(super) struct TableScan<'a> {
    query: Query<'a>,
    rows: usize,
    times: Packed,
    units: UnitColumn,
    time_buffer: Box<[i64; BLOCK_VALUES]>,
    unit_buffer: Vec<u32>,
    /// Room for one more column, for tests and measures.
    pub buffer: BlockBuffer,
}

impl<'a> TableScan<'a> {
    pub fn new(query: Query<'a>, table: Table<'_>) -> Result<Self, CompileError> {
        let units = match query.units {
            Units::Users => UnitColumn::Users(table.users()?),
            Units::Keys(group_type) => UnitColumn::Keys(table.group(group_type)?),
        };
        Ok(Self {
            query,
            rows: table.rows(),
            times: table.times()?,
            units,
            time_buffer: Box::new([0; BLOCK_VALUES]),
            unit_buffer: vec![0; BLOCK_VALUES],
            buffer: BlockBuffer::default(),
        })
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK_VALUES)
    }

    /// Decodes the times of a block and answers how many rows it has.
    fn decode_times(&mut self, block: usize) -> usize {
        self.times.decode_block(block, &mut self.time_buffer)
    }

    fn decode_units(&mut self, block: usize, rows: usize) {
        let first = block * BLOCK_VALUES;
        let out = &mut self.unit_buffer[..rows];
        match &self.units {
            UnitColumn::Users(users) => {
                users.decode(first..first + rows, out);
                if !self.query.snapshot.aliases().is_empty() {
                    // A user's rows come together, so the map is asked once a run.
                    let mut last = (NO_UNIT, NO_UNIT);
                    for unit in out {
                        if *unit != last.0 {
                            last = (*unit, self.query.shown_user(*unit));
                        }
                        *unit = last.1;
                    }
                }
            }
            UnitColumn::Keys(Some(column)) => {
                column.decode(first..first + rows, out);
                // Key plus 1 becomes the key, and 0 becomes NO_UNIT.
                out.iter_mut().for_each(|key| *key = key.wrapping_sub(1));
            }
            UnitColumn::Keys(None) => out.fill(NO_UNIT),
        }
    }

    /// Calls `visit` with every block that has rows which `test` lets pass in `range`, and those rows.
    pub fn visit(
        &mut self,
        test: &RowTest,
        range: ResolvedRange,
        mut visit: impl FnMut(&Block<'_>, &Mask, &mut BlockBuffer),
    ) {
        for number in 0..self.blocks() {
            let rows = self.decode_times(number);
            let times = &self.time_buffer[..rows];
            let in_range = Mask::from_fn(rows, |row| range.contains(times[row]));
            if in_range.is_empty() {
                continue;
            }
            let mask = in_range.and(&test.select(number, rows, &mut self.buffer));
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
            visit(&block, &mask, &mut self.buffer);
        }
    }
}

/// Calls `visit` with the blocks of every table that a look asks for and that has rows in its range.
/// `open` is called with each table first, and what it answers goes along.
pub(super) fn visit_rows<T>(
    query: Query<'_>,
    look: &Look,
    mut open: impl FnMut(Table<'_>) -> Result<T, CompileError>,
    mut visit: impl FnMut(&mut T, &Block<'_>, &Mask, &mut BlockBuffer),
) -> Result<(), CompileError> {
    for segment in query.snapshot.segments() {
        for table in look.tables(segment) {
            let (first, last) = table.time_range();
            if misses(look.range, (first.micros(), last.micros())) {
                continue;
            }
            let test = RowTest::compile(query.snapshot, table, look.filter.as_ref())?;
            let mut opened = open(table)?;
            TableScan::new(query, table)?
                .visit(&test, look.range, |block, mask, buffer| visit(&mut opened, block, mask, buffer));
        }
    }
    Ok(())
}
