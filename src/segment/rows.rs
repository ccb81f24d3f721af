//! Rows of one table on their way into a segment.

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

/// One property of the rows: values are kept once each.
#[derive(Clone, Debug, Default)]
pub(super) struct PropertyRows {
    /// Place among the values plus 1, 0 for absent; may be shorter than the table.
    pub codes: Vec<u32>,
    pub values: Vec<Value>,
    /// Places among the values, by their hash.
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl PropertyRows {
    fn set(&mut self, row: usize, value: &Value) {
        let Self { values, places, hasher, .. } = self;
        let hash = hasher.hash_one(value);
        let place = places.entry(
            hash,
            |place| values[*place as usize] == *value,
            |place| hasher.hash_one(&values[*place as usize]),
        );
        let code = *place.or_insert(values.len() as u32).get() + 1;
        if code as usize > values.len() {
            values.push(value.clone());
        }
        self.codes.resize(row, 0);
        self.codes.push(code);
    }
}

impl TableRows {
    /// Adds a row.
    pub fn push(
        &mut self,
        user: UserId,
        moment: Moment,
        groups: impl IntoIterator<Item = (GroupTypeId, GroupKeyId)>,
        properties: impl IntoIterator<Item = (PropertyId, Value)>,
        insert_id: Option<&str>,
    ) {
        let row = self.users.len();
        self.users.push(user.raw());
        self.moments.push(moment);
        for (group_type, key) in groups {
            let keys = self.groups.entry(group_type.raw()).or_default();
            keys.resize(row, 0);
            keys.push(key.raw() + 1);
        }
        for (name, value) in properties {
            self.properties.entry(name.raw()).or_default().set(row, &value);
        }
        if let Some(insert_id) = insert_id {
            self.insert_ids.set(row, insert_id);
        }
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
