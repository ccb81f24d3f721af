//! A property of some rows alone: of its different values only those are read that these rows have.

use super::codes::Codes;
use super::column::{BlockBuffer, ColumnBlock, PropertyColumn, stored_value};
use crate::codec::search::try_partition_point;
use crate::codec::{DecodeError, Texts};
use crate::model::{Value, ValueKind};
use hashbrown::HashMap;

/// A property of a table, open for looking rows up. A [`PropertyColumn`] holds all its different values in memory;
/// this holds none of them.
#[derive(Clone, Debug)]
pub struct PropertyCells {
    pub(super) cells: Cells,
}

/// How the values are stored.
#[derive(Clone, Debug)]
pub(super) enum Cells {
    /// Codes and the texts of the values.
    Coded { codes: Codes, texts: Texts },
    /// Numbers, one a row.
    Numbers(PropertyColumn),
}

/// The values of some rows, each different one once.
#[derive(Clone, Debug, Default)]
pub struct CellValues {
    values: Vec<Value>,
    /// For each row asked for: 0 for absent, else 1 + the place among the values.
    places: Vec<u32>,
    bytes: usize,
}

impl CellValues {
    /// The value of the row that was asked for at this place; `None` when absent. A stored null is a value.
    pub fn get(&self, place: usize) -> Option<&Value> {
        let place = self.places.get(place)?.checked_sub(1)?;
        self.values.get(place as usize)
    }

    /// About how many bytes of memory they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl PropertyCells {
    /// The values of these rows of the table, in their order.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn read(&self, rows: &[u32]) -> Result<CellValues, DecodeError> {
        self.read_within(rows, usize::MAX).map(Option::unwrap_or_default)
    }

    /// The values of these rows of the table, in their order; `None` when they would take more than about
    /// `bytes_max` of memory.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn read_within(&self, rows: &[u32], bytes_max: usize) -> Result<Option<CellValues>, DecodeError> {
        let mut values = Vec::new();
        let mut wanted: Vec<(usize, u32)> = Vec::new();
        let mut places = Vec::with_capacity(rows.len());
        let value_bytes = match &self.cells {
            Cells::Numbers(column) => {
                for row in rows {
                    let value = column.get(*row as usize);
                    places.push(if value.is_some() { values.len() as u32 + 1 } else { 0 });
                    values.extend(value);
                }
                0
            }
            Cells::Coded { codes, texts } => {
                let mut known: HashMap<usize, u32> = HashMap::new();
                for row in rows {
                    let code = codes.get(*row as usize);
                    let place = usize::try_from(code).ok().and_then(|code| code.checked_sub(1)).map_or(0, |entry| {
                        *known.entry(entry).or_insert_with(|| {
                            wanted.push((entry, wanted.len() as u32));
                            wanted.len() as u32
                        })
                    });
                    places.push(place);
                }
                texts.mean_bytes()
            }
        };
        let bytes = places.len() * 4 + (values.len() + wanted.len()) * (size_of::<Value>() + value_bytes);
        if bytes > bytes_max {
            return Ok(None);
        }
        if let Cells::Coded { texts, .. } = &self.cells {
            values = read_values(texts, wanted)?;
        }
        Ok(Some(CellValues { values, places, bytes }))
    }

    /// How many different values are coded; 0 where values are stored as numbers.
    pub fn code_count(&self) -> usize {
        match &self.cells {
            Cells::Coded { texts, .. } => texts.len(),
            Cells::Numbers(_) => 0,
        }
    }

    /// The code of rows with a stored null, where there are some.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn null_code(&self) -> Result<Option<i64>, DecodeError> {
        match &self.cells {
            // Values ascend, and nothing is less than null.
            Cells::Coded { texts, .. } if !texts.is_empty() => Ok(stored_value(&texts.get(0)?)?.is_null().then_some(1)),
            _ => Ok(None),
        }
    }

    /// The kinds of the least and of the greatest value but null; `None` where there are only nulls.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn outer_kinds(&self) -> Result<Option<(ValueKind, ValueKind)>, DecodeError> {
        let Cells::Coded { texts, .. } = &self.cells else { return Ok(Some((ValueKind::Number, ValueKind::Number))) };
        let least = usize::from(self.null_code()?.is_some());
        if least >= texts.len() {
            return Ok(None);
        }
        let kind = |place| Ok(stored_value(&texts.get(place)?)?.kind());
        Ok(Some((kind(least)?, kind(texts.len() - 1)?)))
    }

    /// Decodes one block of rows. Codes are 0 for absent, else 1 + the place among the values.
    pub fn decode_block<'a>(&self, block: usize, buffer: &'a mut BlockBuffer) -> ColumnBlock<'a> {
        match &self.cells {
            Cells::Coded { codes, .. } => buffer.decode_codes(codes, block),
            Cells::Numbers(column) => column.decode_block(block, buffer),
        }
    }

    /// Calls `visit` with the coded values at these places, which ascend.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn visit_values(&self, places: &[usize], mut visit: impl FnMut(usize, Value)) -> Result<(), DecodeError> {
        let Cells::Coded { texts, .. } = &self.cells else { return Ok(()) };
        let mut problem = None;
        texts.visit_some(places, |place, bytes| match stored_value(bytes) {
            Ok(value) => visit(place, value),
            Err(error) => problem = Some(error),
        })?;
        problem.map_or(Ok(()), Err)
    }

    /// How many rows have a value of each kind, in the order of kinds; kinds without rows are left out.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn kinds(&self) -> Result<Vec<(ValueKind, u64)>, DecodeError> {
        let (codes, texts) = match &self.cells {
            Cells::Numbers(column) => {
                let rows = column.present_rows();
                return Ok(if rows > 0 { vec![(ValueKind::Number, rows)] } else { Vec::new() });
            }
            Cells::Coded { codes, texts } => (codes, texts),
        };
        // Values ascend, and so do their kinds: each kind is one run of codes.
        let mut ends = Vec::with_capacity(ValueKind::ALL.len());
        for kind in ValueKind::ALL {
            ends.push(first_after(texts, kind)? as i64);
        }
        let mut rows = [0u64; ValueKind::ALL.len()];
        for code in codes.to_vec().into_iter().filter(|code| *code > 0) {
            if let Some(count) = rows.get_mut(ends.partition_point(|end| *end < code)) {
                *count += 1;
            }
        }
        Ok(ValueKind::ALL.into_iter().zip(rows).filter(|(_, rows)| *rows > 0).collect())
    }
}

/// The entries of a list of values, each put at the place it is paired with.
fn read_values(texts: &Texts, mut wanted: Vec<(usize, u32)>) -> Result<Vec<Value>, DecodeError> {
    wanted.sort_unstable();
    let entries: Vec<usize> = wanted.iter().map(|(entry, _)| *entry).collect();
    let mut values = vec![Value::Null; wanted.len()];
    let mut places = wanted.iter();
    let mut problem = None;
    texts.visit_some(&entries, |_, bytes| {
        if let Some((_, place)) = places.next() {
            match stored_value(bytes) {
                Ok(value) => values[*place as usize] = value,
                Err(error) => problem = Some(error),
            }
        }
    })?;
    problem.map_or(Ok(values), Err)
}

/// The first place in an ascending list of values that holds a later kind than this.
fn first_after(texts: &Texts, kind: ValueKind) -> Result<usize, DecodeError> {
    try_partition_point(0..texts.len(), |place| Ok(stored_value(&texts.get(place)?)?.kind() <= kind))
}

#[cfg(test)]
mod tests {
    use super::super::{Segment, SegmentRows, SegmentWriter};
    use super::*;
    use crate::codec::FileId;
    use crate::codec::text::Compression;
    use crate::model::{Arrival, EventId, Moment, PropertyId, Timestamp, UserId};
    use proptest::prelude::*;

    fn value(number: i64) -> Value {
        match number % 7 {
            0 => Value::Null,
            1 => Value::Bool(number % 2 == 0),
            2 => Value::string(format!("text {number}")),
            3 => Value::List(vec![Value::integer(number)]),
            4 => Value::Object([("a".to_owned(), Value::integer(number))].into()),
            _ => Value::integer(number),
        }
    }

    proptest! {
        #[test]
        fn cells_are_those_of_the_column(
            values in prop::collection::vec(prop::option::of(0i64..900), 1..600),
            numbers: bool,
            mut rows in prop::collection::vec(0u32..600, 0..40),
        ) {
            let mut all = SegmentRows::default();
            for (row, number) in values.iter().enumerate() {
                let moment = Moment {
                    time: Timestamp::from_micros(row as i64).unwrap(),
                    arrival: Arrival::new(row as u64),
                };
                let value = number.map(|number| if numbers { Value::integer(number) } else { value(number) });
                let properties = value.map(|value| (PropertyId::new(0), value));
                all.push(EventId::new(0), UserId::new(0), moment, None, properties, None).unwrap();
            }
            let writer = SegmentWriter::new(FileId([1; 16]), Arrival::new(0), Compression::Zstd, all);
            let segment = Segment::open(writer.finish().unwrap(), "s").unwrap();
            let table = segment.table(EventId::new(0)).unwrap();
            let Some(column) = table.property(PropertyId::new(0)).unwrap() else { return Ok(()) };
            let cells = table.property_cells(PropertyId::new(0)).unwrap().unwrap();
            rows.retain(|row| (*row as usize) < values.len());
            let found = cells.read(&rows).unwrap();
            for (place, row) in rows.iter().enumerate() {
                prop_assert_eq!(found.get(place).cloned(), column.get(*row as usize));
            }
            let mut kinds = std::collections::BTreeMap::new();
            for value in (0..values.len()).filter_map(|row| column.get(row)) {
                *kinds.entry(value.kind()).or_insert(0) += 1;
            }
            prop_assert_eq!(cells.kinds().unwrap(), kinds.into_iter().collect::<Vec<_>>());
        }
    }
}
