//! Rows of one table on their way into a segment.

use crate::codec::value::{read_value, write_value};
use crate::codec::{ByteMap, DecodeError, Reader};
use crate::model::{GroupKeyId, GroupTypeId, Moment, PropertyId, UserId, Value};
use std::collections::BTreeMap;

/// Rows of one event name, column by column, in any order.
#[derive(Clone, Debug, Default)]
pub struct TableRows {
    pub(super) users: Vec<u32>,
    pub(super) moments: Vec<Moment>,
    /// Key plus 1, 0 for none; may be shorter than the table.
    pub(super) groups: Columns<Vec<u32>>,
    pub(super) properties: Columns<PropertyRows>,
    pub(super) insert_ids: InsertIds,
}

/// Insert ids of rows, one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct InsertIds {
    text: String,
    /// Where the id of each row ends; may be shorter than the table. A row without one ends where the row before does,
    /// as no id is empty.
    ends: Vec<u32>,
}

impl InsertIds {
    fn set(&mut self, row: usize, insert_id: &str) {
        let end = self.text.len() as u32;
        self.ends.resize(row, end);
        self.text.push_str(insert_id);
        self.ends.push(self.text.len() as u32);
    }

    /// Whether no row has one.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The id of a row, if it has one.
    pub fn get(&self, row: u32) -> Option<&str> {
        let row = row as usize;
        let end = *self.ends.get(row)? as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        (start < end).then(|| &self.text[start..end])
    }
}

/// Where users are numbered so much higher than there are rows, a place for each would cost more than sorting.
const SPREAD_MAX: usize = 8;

/// So many columns are looked at one after the other before one is searched.
const NEAR_COLUMNS: usize = 4;

/// One property of the rows: values are kept once each.
#[derive(Clone, Debug, Default)]
pub(super) struct PropertyRows {
    /// Place among the values plus 1, 0 for absent; may be shorter than the table.
    pub codes: Vec<u32>,
    pub values: Vec<Value>,
    /// Places among the values by their bytes, which are equal for equal values and cheaper to hash and compare.
    places: ByteMap,
}

impl PropertyRows {
    fn set(&mut self, row: usize, value: &[u8]) -> Result<(), DecodeError> {
        let new = self.values.len() as u32;
        let place = self.places.get_or_insert(0, value, new);
        if place == new {
            self.values.push(read_value(&mut Reader::new(value))?);
        }
        pad(&mut self.codes, row);
        self.codes.push(place + 1);
        Ok(())
    }
}

/// Columns by id. Rows have theirs mostly in one order, so that each is found behind the one before it.
#[derive(Clone, Debug)]
pub(super) struct Columns<T> {
    /// In the order in which they came first.
    columns: Vec<(u32, T)>,
    places: BTreeMap<u32, usize>,
    /// The column that is expected next.
    next: usize,
}

impl<T> Default for Columns<T> {
    fn default() -> Self {
        Self { columns: Vec::new(), places: BTreeMap::new(), next: 0 }
    }
}

impl<T: Default> Columns<T> {
    fn begin_row(&mut self) {
        self.next = 0;
    }

    fn get_or_add(&mut self, id: u32) -> &mut T {
        let near = self.columns.iter().skip(self.next).take(NEAR_COLUMNS).position(|(known, _)| *known == id);
        let place = match near {
            Some(steps) => self.next + steps,
            None => *self.places.entry(id).or_insert_with(|| {
                self.columns.push((id, T::default()));
                self.columns.len() - 1
            }),
        };
        self.next = place + 1;
        &mut self.columns[place].1
    }

    /// The columns by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.places.iter().map(|(id, place)| (*id, &self.columns[*place].1))
    }
}

/// Rows before this one that have nothing get a 0. Of several for one row the last counts.
fn pad(column: &mut Vec<u32>, row: usize) {
    if column.len() != row {
        column.resize(row, 0);
    }
}

impl TableRows {
    /// Adds a row.
    ///
    /// # Errors
    /// Never for values of this program: each is written and read back.
    pub fn push(
        &mut self,
        user: UserId,
        moment: Moment,
        groups: impl IntoIterator<Item = (GroupTypeId, GroupKeyId)>,
        properties: impl IntoIterator<Item = (PropertyId, Value)>,
        insert_id: Option<&str>,
    ) -> Result<(), DecodeError> {
        self.begin_row(user, moment, insert_id);
        groups.into_iter().for_each(|(group_type, key)| self.set_key(group_type, key));
        let mut bytes = Vec::new();
        properties.into_iter().try_for_each(|(name, value)| {
            bytes.clear();
            write_value(&value, &mut bytes);
            self.set_property(name, &bytes)
        })
    }

    /// Adds a row, whose keys and properties follow.
    pub fn begin_row(&mut self, user: UserId, moment: Moment, insert_id: Option<&str>) {
        if let Some(insert_id) = insert_id {
            self.insert_ids.set(self.users.len(), insert_id);
        }
        self.users.push(user.raw());
        self.moments.push(moment);
        self.groups.begin_row();
        self.properties.begin_row();
    }

    /// The last row has this key.
    pub fn set_key(&mut self, group_type: GroupTypeId, key: GroupKeyId) {
        let row = self.users.len().saturating_sub(1);
        let keys = self.groups.get_or_add(group_type.raw());
        pad(keys, row);
        keys.push(key.raw() + 1);
    }

    /// The last row has a property, whose value is the bytes that [`write_value`] makes of it.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn set_property(&mut self, name: PropertyId, value: &[u8]) -> Result<(), DecodeError> {
        let row = self.users.len().saturating_sub(1);
        self.properties.get_or_add(name.raw()).set(row, value)
    }

    /// The rows by user, time and arrival.
    pub(super) fn order(&self) -> Vec<u32> {
        let users = self.users.iter().max().map_or(0, |greatest| *greatest as usize + 1);
        if users / SPREAD_MAX > self.len() {
            let mut order: Vec<u32> = (0..self.len() as u32).collect();
            order.sort_unstable_by_key(|row| (self.users[*row as usize], self.moments[*row as usize]));
            return order;
        }
        // Users are numbered from 0 on, so each row is put to those of its user at once: a few nanoseconds a row, where
        // sorting takes a hundred. Rows come by arrival, and mostly by time, so that little is left to be sorted.
        let mut ends = vec![0u32; users + 1];
        self.users.iter().for_each(|user| ends[*user as usize + 1] += 1);
        (1..ends.len()).for_each(|user| ends[user] += ends[user - 1]);
        let mut order = vec![0; self.len()];
        for (row, user) in self.users.iter().enumerate() {
            let next = &mut ends[*user as usize];
            order[*next as usize] = row as u32;
            *next += 1;
        }
        let moment = |row: &u32| self.moments[*row as usize];
        let mut start = 0;
        // Where the rows of a user began, those of the next begin now.
        for end in &ends[..users] {
            let rows = &mut order[start..*end as usize];
            if !rows.is_sorted_by_key(moment) {
                rows.sort_unstable_by_key(moment);
            }
            start = *end as usize;
        }
        order
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Arrival, Timestamp};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_ordered_by_user_time_and_arrival(
            rows in prop::collection::vec((0u32..6, 0i64..4), 0..40),
            spread in prop_oneof![Just(1u32), Just(1000)],
        ) {
            let mut table = TableRows::default();
            for (row, (user, time)) in rows.iter().enumerate() {
                let moment = Moment { time: Timestamp::clamped(*time), arrival: Arrival::new(row as u64) };
                table.push(UserId::new(user * spread), moment, None, None, None).unwrap();
            }
            let mut expected: Vec<usize> = (0..rows.len()).collect();
            expected.sort_by_key(|row| rows[*row]);
            prop_assert!(table.order().into_iter().map(|row| row as usize).eq(expected));
        }
    }
}
