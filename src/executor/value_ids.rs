//! Values as dense numbers.

use super::footprint::{Footprint, list_bytes, map_bytes};
use crate::model::Value;
use hashbrown::HashMap;

/// The number of null.
pub(super) const NULL: u32 = 0;

/// Values as numbers, in order of first use. Number 0 is null.
#[derive(Debug)]
pub(super) struct ValueIds {
    values: Vec<Value>,
    ids: HashMap<Value, u32>,
    /// What all values hold beyond themselves.
    held_bytes: usize,
}

impl ValueIds {
    pub fn new() -> Self {
        Self { values: vec![Value::Null], ids: HashMap::from([(Value::Null, NULL)]), held_bytes: 0 }
    }

    /// The number of a value, which is kept if it is new.
    pub fn id(&mut self, value: &Value) -> u32 {
        if let Some(id) = self.ids.get(value) {
            return *id;
        }
        let id = self.values.len() as u32;
        self.held_bytes += value.footprint();
        self.values.push(value.clone());
        self.ids.insert(value.clone(), id);
        id
    }

    /// All values, by number.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

impl Footprint for ValueIds {
    fn footprint(&self) -> usize {
        // Each value is there twice.
        list_bytes(&self.values) + map_bytes(&self.ids) + 2 * self.held_bytes
    }
}
