//! Columns that are read in blocks of [`BLOCK_VALUES`] rows.

use super::codes::Codes;
use super::runs::{RunReader, fill_runs, visit_runs};
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::value::read_value;
use crate::codec::{DecodeError, Packed, Reader, Texts, reading};
use crate::model::{Number, Value};
use bytes::Bytes;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Keys of one group type for the rows of a table, as runs.
#[derive(Clone, Debug)]
pub struct GroupColumn {
    pub(super) run_keys: Packed,
    pub(super) run_starts: Packed,
    pub(super) rows: usize,
}

impl GroupColumn {
    /// Whether the runs follow one another within the rows, each of another key than the one before.
    pub(super) fn is_sound(&self) -> bool {
        let (starts, keys) = (self.run_starts.to_vec(), self.run_keys.to_vec());
        starts.windows(2).all(|pair| pair[0] < pair[1])
            && keys.windows(2).all(|pair| pair[0] != pair[1])
            && keys.iter().all(|key| (0..=i64::from(u32::MAX)).contains(key))
            && starts.last().is_some_and(|last| (*last as usize) < self.rows)
    }

    /// Key plus 1 (0 for none) of each row of `rows`, into the front of `out`.
    pub fn decode(&self, rows: Range<usize>, out: &mut [u32]) {
        fill_runs(&self.run_starts, &self.run_keys, rows, out);
    }

    /// Calls `visit` with key plus 1 (0 for none) of each run, and how many rows it has.
    pub fn visit(&self, visit: impl FnMut(u32, usize)) {
        visit_runs(&self.run_starts, &self.run_keys, self.rows, visit);
    }

    /// The same for many rows, one block after the other.
    pub fn reader(&self) -> RunReader {
        RunReader::new(self.run_starts.clone(), self.run_keys.clone())
    }

    /// Key plus 1 (0 for none) of one row.
    pub fn get(&self, row: usize) -> u32 {
        let mut key = [0];
        self.decode(row..row + 1, &mut key);
        key[0]
    }

    /// Every run: its rows, and key plus 1 (0 for none).
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, u32)> + '_ {
        (0..self.run_starts.len()).map(|run| {
            let end = if run + 1 < self.run_starts.len() { self.run_starts.get(run + 1) as usize } else { self.rows };
            (self.run_starts.get(run) as usize..end, self.run_keys.get(run) as u32)
        })
    }
}

/// One property for the rows of a table.
#[derive(Clone, Debug)]
pub struct PropertyColumn {
    pub(super) values: PropertyValues,
}

/// How a property's values are stored.
#[derive(Clone, Debug)]
pub enum PropertyValues {
    /// Codes into a sorted list of values.
    Dictionary {
        /// 0 for absent, else 1 + the place in `values`.
        codes: Codes,
        /// The different values, ascending.
        values: Arc<[Value]>,
    },
    /// Integers, one a row.
    Integers {
        /// 1 where the row has a value; `None` when all have.
        present: Option<Packed>,
        /// The values; those of absent rows mean nothing.
        values: Packed,
    },
    /// Doubles of eight bytes, one a row.
    Doubles {
        /// 1 where the row has a value; `None` when all have.
        present: Option<Packed>,
        /// The values; those of absent rows mean nothing.
        values: Bytes,
    },
}

/// A decoded block of a property.
pub enum ColumnBlock<'a> {
    /// Codes: 0 for absent, else 1 + the place in the column's values.
    Codes(&'a [i64]),
    /// A number for each row that has one.
    Numbers(&'a [Option<Number>]),
}

/// Room for one decoded block.
pub struct BlockBuffer {
    integers: Box<[i64; BLOCK_VALUES]>,
    present: Box<[i64; BLOCK_VALUES]>,
    numbers: Vec<Option<Number>>,
}

impl Default for BlockBuffer {
    fn default() -> Self {
        Self { integers: Box::new([0; BLOCK_VALUES]), present: Box::new([1; BLOCK_VALUES]), numbers: Vec::new() }
    }
}

impl BlockBuffer {
    /// One block of codes.
    pub(super) fn decode_codes(&mut self, codes: &Codes, block: usize) -> ColumnBlock<'_> {
        let rows = codes.decode_block(block, &mut self.integers);
        ColumnBlock::Codes(&self.integers[..rows])
    }
}

/// A value as a column lists it.
///
/// # Errors
/// When the bytes are none.
pub fn stored_value(bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = read_value(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// The values of a dictionary column; `keep` is called with each before the next is read, and may end the reading.
pub(super) fn read_values<E>(
    texts: &Texts,
    mut keep: impl FnMut(&Value) -> Result<(), E>,
) -> Result<Result<Arc<[Value]>, E>, DecodeError> {
    let mut values = Vec::new();
    let end = texts.visit_until(0..texts.len(), |_, bytes| {
        let value = match stored_value(bytes) {
            Ok(value) => value,
            Err(damage) => return ControlFlow::Break(Err(damage)),
        };
        if let Err(end) = keep(&value) {
            return ControlFlow::Break(Ok(end));
        }
        values.push(value);
        ControlFlow::Continue(())
    })?;
    match end {
        ControlFlow::Continue(()) => Ok(Ok(values.into())),
        ControlFlow::Break(end) => end.map(Err),
    }
}

impl PropertyColumn {
    /// How the values are stored.
    pub fn values(&self) -> &PropertyValues {
        &self.values
    }

    /// How many rows have a value; stored nulls among them.
    pub(super) fn present_rows(&self) -> u64 {
        let not_zero = |values: Vec<i64>| values.into_iter().filter(|value| *value != 0).count() as u64;
        let count = |column: &Packed| not_zero(column.to_vec());
        match &self.values {
            PropertyValues::Dictionary { codes, .. } => not_zero(codes.to_vec()),
            PropertyValues::Integers { present, values } => present.as_ref().map_or(values.len() as u64, count),
            PropertyValues::Doubles { present, values } => present.as_ref().map_or(values.len() as u64 / 8, count),
        }
    }

    /// Where codes are stored as runs: calls `visit` with the code of each run of a block and its rows, counted from
    /// the block's first. Answers whether they are.
    pub fn visit_runs(&self, block: usize, buffer: &mut BlockBuffer, visit: impl FnMut(i64, Range<usize>)) -> bool {
        let PropertyValues::Dictionary { codes: Codes::Runs(runs), .. } = &self.values else { return false };
        runs.visit(block, &mut buffer.integers, visit);
        true
    }

    /// Where codes are stored as runs: puts what `of` says of each row's code into `out`. Answers whether they are.
    pub fn fill_runs(&self, block: usize, buffer: &mut BlockBuffer, of: impl Fn(i64) -> u32, out: &mut [u32]) -> bool {
        let PropertyValues::Dictionary { codes: Codes::Runs(runs), .. } = &self.values else { return false };
        runs.fill(block, &mut buffer.integers, of, out);
        true
    }

    /// The doubles of a block of rows, as they lie in the file, where each row of the table has one.
    pub fn doubles(&self, block: usize) -> Option<&[[u8; 8]]> {
        let PropertyValues::Doubles { present: None, values } = &self.values else { return None };
        let (doubles, _) = values[block_bytes(values, block)].as_chunks();
        reading::decoded(size_of_val(doubles));
        Some(doubles)
    }

    /// Decodes one block of rows.
    pub fn decode_block<'a>(&self, block: usize, buffer: &'a mut BlockBuffer) -> ColumnBlock<'a> {
        match &self.values {
            PropertyValues::Dictionary { codes, .. } => buffer.decode_codes(codes, block),
            PropertyValues::Integers { present, values } => {
                let rows = values.decode_block(block, &mut buffer.integers);
                decode_presence(present.as_ref(), block, &mut buffer.present);
                let pairs = buffer.integers[..rows].iter().zip(buffer.present.iter());
                buffer.numbers.clear();
                buffer.numbers.extend(pairs.map(|(value, present)| (*present != 0).then_some(Number::Integer(*value))));
                ColumnBlock::Numbers(&buffer.numbers)
            }
            PropertyValues::Doubles { present, values } => {
                decode_presence(present.as_ref(), block, &mut buffer.present);
                let (doubles, _) = values[block_bytes(values, block)].as_chunks();
                reading::decoded(size_of_val(doubles));
                buffer.numbers.clear();
                buffer.numbers.extend(doubles.iter().zip(buffer.present.iter()).map(|(bytes, present)| {
                    if *present != 0 { Number::from_f64(f64::from_le_bytes(*bytes)) } else { None }
                }));
                ColumnBlock::Numbers(&buffer.numbers)
            }
        }
    }

    /// Whether a row has a value; a stored null is one.
    pub(super) fn is_present(&self, row: usize) -> bool {
        match &self.values {
            PropertyValues::Dictionary { codes, .. } => codes.get(row) != 0,
            PropertyValues::Integers { present, .. } | PropertyValues::Doubles { present, .. } => {
                present.as_ref().is_none_or(|present| present.get(row) != 0)
            }
        }
    }

    /// The value of one row; `None` when absent. A stored null is `Some(Value::Null)`.
    pub fn get(&self, row: usize) -> Option<Value> {
        match &self.values {
            PropertyValues::Dictionary { codes, values } => {
                let code = codes.get(row);
                usize::try_from(code.wrapping_sub(1)).ok().and_then(|place| values.get(place)).cloned()
            }
            PropertyValues::Integers { values, .. } => self.is_present(row).then(|| Value::integer(values.get(row))),
            PropertyValues::Doubles { values, .. } => {
                let bytes = values.get(row * 8..row * 8 + 8)?;
                let bits = [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]];
                self.is_present(row).then(|| Number::from_f64(f64::from_le_bytes(bits)).map(Value::Number)).flatten()
            }
        }
    }
}

/// Where the doubles of a block lie.
fn block_bytes(doubles: &[u8], block: usize) -> Range<usize> {
    let end = doubles.len().min((block + 1) * BLOCK_VALUES * 8);
    end.min(block * BLOCK_VALUES * 8)..end
}

fn decode_presence(present: Option<&Packed>, block: usize, out: &mut [i64; BLOCK_VALUES]) {
    match present {
        Some(present) => {
            present.decode_block(block, out);
        }
        None => out.fill(1),
    }
}
