//! Rows of one table on their way into a segment.

use crate::codec::value::{read_value, write_value};
use crate::codec::{DecodeError, Reader};
use crate::model::{GroupKeyId, GroupTypeId, Moment, PropertyId, UserId, Value};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::collections::BTreeMap;
use std::hash::BuildHasher;

/// Rows of one event name, column by column, in any order.
#[derive(Clone, Debug, Default)]
pub struct TableRows {
    pub(super) users: Vec<u32>,
    pub(super) moments: Vec<Moment>,
    /// Key plus 1, 0 for none; may be shorter than the table.
    pub(super) groups: BTreeMap<u32, Vec<u32>>,
    pub(super) properties: BTreeMap<u32, PropertyRows>,
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

/// One property of the rows: values are kept once each.
#[derive(Clone, Debug, Default)]
pub(super) struct PropertyRows {
    /// Place among the values plus 1, 0 for absent; may be shorter than the table.
    pub codes: Vec<u32>,
    pub values: Vec<Value>,
    /// The values as bytes, which are equal for equal values and cheaper to hash and compare: one after another, and
    /// where each ends.
    stored: Vec<u8>,
    ends: Vec<usize>,
    /// Places among the values, by the hash of their bytes.
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl PropertyRows {
    fn set(&mut self, row: usize, value: &[u8]) -> Result<(), DecodeError> {
        let Self { stored, ends, places, hasher, .. } = self;
        let at = |place: u32| {
            let place = place as usize;
            let start = place.checked_sub(1).map_or(0, |before| ends[before]);
            &stored[start..ends[place]]
        };
        let hash = hasher.hash_one(value);
        let place = match places.find(hash, |place| at(*place) == value) {
            Some(place) => *place,
            None => {
                let place = self.values.len() as u32;
                places.insert_unique(hash, place, |place| hasher.hash_one(at(*place)));
                self.values.push(read_value(&mut Reader::new(value))?);
                stored.extend_from_slice(value);
                ends.push(stored.len());
                place
            }
        };
        pad(&mut self.codes, row);
        self.codes.push(place + 1);
        Ok(())
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
        let stored: Vec<(PropertyId, Vec<u8>)> = properties
            .into_iter()
            .map(|(name, value)| {
                let mut bytes = Vec::new();
                write_value(&value, &mut bytes);
                (name, bytes)
            })
            .collect();
        let properties = stored.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
        self.push_stored(user, moment, groups, properties, insert_id)
    }

    /// Adds a row whose values are the bytes that [`write_value`] makes of them.
    ///
    /// # Errors
    /// When the bytes of a value are damaged.
    pub fn push_stored<'a>(
        &mut self,
        user: UserId,
        moment: Moment,
        groups: impl IntoIterator<Item = (GroupTypeId, GroupKeyId)>,
        properties: impl IntoIterator<Item = (PropertyId, &'a [u8])>,
        insert_id: Option<&str>,
    ) -> Result<(), DecodeError> {
        let row = self.users.len();
        self.users.push(user.raw());
        self.moments.push(moment);
        for (group_type, key) in groups {
            let keys = self.groups.entry(group_type.raw()).or_default();
            pad(keys, row);
            keys.push(key.raw() + 1);
        }
        for (name, value) in properties {
            self.properties.entry(name.raw()).or_default().set(row, value)?;
        }
        if let Some(insert_id) = insert_id {
            self.insert_ids.set(row, insert_id);
        }
        Ok(())
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
