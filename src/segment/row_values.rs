//! Values of rows on their way into a segment: numbers as they are, other values once for all tables.

use super::rows::pad;
use crate::codec::value::{read_number, read_value, short_text, write_value};
use crate::codec::{ByteMap, DecodeError, Reader};
use crate::model::{Number, Value};

/// One property of the rows of a table; may be shorter than the table.
#[derive(Clone, Debug, Default)]
pub(super) struct PropertyRows {
    /// The place of the property's [`ValueList`].
    pub list: usize,
    /// As long as there are none but numbers: these, and their rows. Few may have one.
    numbers: Vec<Number>,
    number_rows: Vec<u32>,
    /// From then on the place in the list plus 1, 0 for absent.
    codes: Vec<u32>,
}

/// What a property is in each row.
pub(super) enum RowValues<'a> {
    /// Numbers alone, and their rows.
    Numbers(&'a [Number], &'a [u32]),
    /// Places in the list plus 1, 0 for absent.
    Coded(&'a [u32]),
}

impl PropertyRows {
    /// No rows yet, of the property whose list is there.
    pub fn of_list(list: usize) -> Self {
        Self { list, ..Self::default() }
    }

    /// The value of a row, as [`write_value`] writes it.
    ///
    /// # Errors
    /// When the bytes are damaged.
    #[inline]
    pub fn set(&mut self, row: usize, value: &[u8], lists: &mut [ValueList]) -> Result<(), DecodeError> {
        let list = &mut lists[self.list];
        if self.codes.is_empty() {
            if let Some(number) = read_number(value)? {
                // Of several for one row the last counts.
                if self.number_rows.last() == Some(&(row as u32)) {
                    self.numbers.pop();
                    self.number_rows.pop();
                }
                self.numbers.push(number);
                self.number_rows.push(row as u32);
                return Ok(());
            }
            let mut bytes = Vec::new();
            for (number, row) in self.numbers.drain(..).zip(self.number_rows.drain(..)) {
                bytes.clear();
                write_value(&Value::Number(number), &mut bytes);
                pad(&mut self.codes, row as usize);
                self.codes.push(list.code(&bytes)?);
            }
        }
        pad(&mut self.codes, row);
        self.codes.push(list.code(value)?);
        Ok(())
    }

    /// All of them.
    pub fn values(&self) -> RowValues<'_> {
        match self.codes.is_empty() {
            true => RowValues::Numbers(&self.numbers, &self.number_rows),
            false => RowValues::Coded(&self.codes),
        }
    }

    /// Whether no row has one.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.numbers.is_empty()
    }

    /// Takes all rows out, and keeps their room.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.number_rows.clear();
        self.codes.clear();
    }

    /// How many bytes there is room for.
    pub fn room_bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<Number>() + (self.number_rows.capacity() + self.codes.capacity()) * 4
    }
}

/// Values of one property, once each for all tables: most are in several of them.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueList {
    values: Vec<Value>,
    /// Places among the values by their bytes, which are equal for equal values and cheaper to hash and compare.
    places: ByteMap,
}

impl ValueList {
    /// 1 + the place of the value with these bytes.
    #[inline]
    fn code(&mut self, bytes: &[u8]) -> Result<u32, DecodeError> {
        let new = self.values.len() as u32;
        let place = match short_text(bytes) {
            // Without its length, so that more of them are short.
            Some(text) => self.places.get_or_insert(1, text, new),
            None => self.places.get_or_insert(0, bytes, new),
        };
        if place == new {
            self.values.push(read_value(&mut Reader::new(bytes))?);
        }
        Ok(place + 1)
    }

    /// Takes all values out, and keeps their room.
    pub fn clear(&mut self) {
        self.values.clear();
        self.places.clear();
    }

    /// About how many bytes there is room for.
    pub fn room_bytes(&self) -> usize {
        self.values.capacity() * size_of::<Value>() + self.places.room_bytes()
    }

    /// The same in order of value.
    pub fn sorted(&self) -> SortedValues<'_> {
        let mut order: Vec<u32> = (0..self.values.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.values[*a as usize].cmp(&self.values[*b as usize]));
        let mut ranks = vec![0; order.len()];
        (0..).zip(&order).for_each(|(rank, place)| ranks[*place as usize] = rank);
        SortedValues { values: &self.values, order, ranks }
    }
}

/// The values of a property in order.
pub(super) struct SortedValues<'a> {
    values: &'a [Value],
    /// Places among the values, in order of value.
    order: Vec<u32>,
    /// Of each value its place in the order.
    ranks: Vec<u32>,
}

/// A table with fewer rows than one in so many of a property's values looks for its own without looking at all.
const VALUES_A_ROW: usize = 8;

impl<'a> SortedValues<'a> {
    /// The values that have these codes, in order, and by each code 1 + the place of its value among them, 0 for none.
    pub fn of_table(&self, codes: &[u32]) -> (Vec<&'a Value>, TableCodes<'_>) {
        let ranks = codes.iter().filter_map(|code| code.checked_sub(1)).map(|place| self.ranks[place as usize]);
        if self.values.len() / VALUES_A_ROW > codes.len() {
            let mut used: Vec<u32> = ranks.collect();
            used.sort_unstable();
            used.dedup();
            let values = used.iter().map(|rank| self.value(*rank)).collect();
            return (values, TableCodes::Few { ranks: &self.ranks, used });
        }
        let mut is_used = vec![false; self.order.len()];
        ranks.for_each(|rank| is_used[rank as usize] = true);
        let mut values = Vec::new();
        let mut by_code = vec![0; self.order.len() + 1];
        for (rank, _) in (0..).zip(&is_used).filter(|(_, is_used)| **is_used) {
            values.push(self.value(rank));
            by_code[self.order[rank as usize] as usize + 1] = values.len() as u32;
        }
        (values, TableCodes::ByCode(by_code))
    }

    fn value(&self, rank: u32) -> &'a Value {
        &self.values[self.order[rank as usize] as usize]
    }
}

/// What the codes of a property are in one table.
pub(super) enum TableCodes<'a> {
    ByCode(Vec<u32>),
    /// The order of the values by place, and where in it those are that the table has.
    Few {
        ranks: &'a [u32],
        used: Vec<u32>,
    },
}

impl TableCodes<'_> {
    /// 1 + the place of the value in the table's list, 0 for none.
    #[inline]
    pub fn get(&self, code: u32) -> usize {
        match self {
            Self::ByCode(by_code) => by_code[code as usize] as usize,
            Self::Few { ranks, used } => {
                let rank = code.checked_sub(1).map(|place| ranks[place as usize]);
                rank.map_or(0, |rank| used.partition_point(|other| *other <= rank))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_table_has_its_own_values_in_order(
            numbers in prop::collection::vec(prop::option::of(0i64..400), 1..40),
            others in prop::collection::vec(0u32..400, 0..400),
        ) {
            let mut lists = [ValueList::default()];
            let bytes_of = |value: &Value| {
                let mut bytes = Vec::new();
                write_value(value, &mut bytes);
                bytes
            };
            for other in &others {
                lists[0].code(&bytes_of(&Value::string(format!("{other}")))).unwrap();
            }
            // A table of numbers that becomes one of texts with its last row.
            let mut expected: Vec<Option<Value>> =
                numbers.iter().map(|number| number.map(Value::integer)).collect();
            expected.push(Some(Value::string("text")));
            let mut rows = PropertyRows::of_list(0);
            for (row, value) in expected.iter().enumerate() {
                if let Some(value) = value {
                    rows.set(row, &bytes_of(value), &mut lists).unwrap();
                }
            }
            let RowValues::Coded(codes) = rows.values() else { panic!("texts are coded") };
            let sorted = lists[0].sorted();
            let (values, table) = sorted.of_table(codes);
            prop_assert!(values.is_sorted_by(|a, b| a < b));
            let found: Vec<Option<Value>> = codes
                .iter()
                .map(|code| table.get(*code).checked_sub(1).map(|place| values[place].clone()))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
