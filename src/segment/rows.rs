//! Rows of one table on their way into a segment.

use crate::model::{GroupKeyId, GroupTypeId, Moment, PropertyId, UserId, Value};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Rows of one event name, column by column, in any order.
#[derive(Clone, Debug, Default)]
pub struct TableRows {
    pub(super) users: Vec<u32>,
    pub(super) moments: Vec<Moment>,
    /// Key plus 1, 0 for none; may be shorter than the table.
    pub(super) groups: BTreeMap<u32, Vec<u32>>,
    pub(super) properties: BTreeMap<u32, PropertyRows>,
    pub(super) insert_ids: Vec<(u32, String)>,
}

/// One property of the rows: values are kept once each.
#[derive(Clone, Debug, Default)]
pub(super) struct PropertyRows {
    /// Place among the values plus 1, 0 for absent; may be shorter than the table.
    pub codes: Vec<u32>,
    pub values: Vec<Value>,
    places: HashMap<Value, u32>,
}

impl PropertyRows {
    fn set(&mut self, row: usize, value: &Value) {
        let code = match self.places.get(value) {
            Some(place) => place + 1,
            None => {
                let place = self.values.len() as u32;
                self.values.push(value.clone());
                self.places.insert(value.clone(), place);
                place + 1
            }
        };
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
            self.insert_ids.push((row as u32, insert_id.to_owned()));
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
