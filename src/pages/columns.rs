//! How often each value of some columns occurs in the latest rows of a table. Codes are counted, and only values that
//! occur are read.

use super::latest::LatestEvents;
use crate::codec::DecodeError;
use crate::codec::packed::BLOCK_VALUES;
use crate::model::{Number, Value};
use crate::segment::{BlockBuffer, ColumnBlock, PropertyCells, Table};
use hashbrown::HashMap;

/// A column and how often its values occur; null counts as absent.
pub(super) struct CountedColumn {
    cells: PropertyCells,
    null_code: Option<i64>,
    /// By code.
    coded: Vec<u64>,
    numbers: HashMap<Number, u64>,
}

impl CountedColumn {
    /// A column of which nothing was counted yet.
    pub fn new(cells: PropertyCells) -> Result<Self, DecodeError> {
        let (null_code, coded) = (cells.null_code()?, vec![0; cells.code_count() + 1]);
        Ok(Self { cells, null_code, coded, numbers: HashMap::new() })
    }

    /// Counts those rows of a block that are open; one that has a value is not open any more.
    fn count(&mut self, block: usize, open: &mut [bool], buffer: &mut BlockBuffer) {
        match self.cells.decode_block(block, buffer) {
            ColumnBlock::Codes(codes) => {
                for (is_open, code) in open.iter_mut().zip(codes).filter(|(is_open, _)| **is_open) {
                    if *code > 0
                        && Some(*code) != self.null_code
                        && let Some(count) = self.coded.get_mut(*code as usize)
                    {
                        *count += 1;
                        *is_open = false;
                    }
                }
            }
            ColumnBlock::Numbers(numbers) => {
                for (is_open, number) in open.iter_mut().zip(numbers).filter(|(is_open, _)| **is_open) {
                    if let Some(number) = number {
                        *self.numbers.entry(*number).or_default() += 1;
                        *is_open = false;
                    }
                }
            }
        }
    }

    /// Calls `visit` with every value that occurs, and how often.
    pub fn visit(self, mut visit: impl FnMut(Value, u64)) -> Result<(), DecodeError> {
        let counts = self.coded.get(1..).unwrap_or_default();
        let places: Vec<usize> = (0..counts.len()).filter(|place| counts[*place] > 0).collect();
        self.cells.visit_values(&places, |place, value| visit(value, counts[place]))?;
        self.numbers.into_iter().for_each(|(number, count)| visit(Value::Number(number), count));
        Ok(())
    }
}

/// Counts each of the latest rows of a table once: in the first of the columns in which it has a value.
pub(super) fn count_rows(
    table: Table<'_>,
    latest: &LatestEvents<'_>,
    columns: &mut [CountedColumn],
) -> Result<(), DecodeError> {
    let latest = latest.rows(table)?;
    let (mut open, mut buffer) = ([false; BLOCK_VALUES], BlockBuffer::default());
    for block in 0..table.rows().div_ceil(BLOCK_VALUES) {
        let rows = (table.rows() - block * BLOCK_VALUES).min(BLOCK_VALUES);
        latest.select(block, &mut open[..rows]);
        for column in &mut *columns {
            column.count(block, &mut open[..rows], &mut buffer);
        }
    }
    Ok(())
}
