//! Values as dense numbers.

use crate::model::Value;
use hashbrown::HashMap;

/// The number of null.
pub(super) const NULL: u32 = 0;

/// Values as numbers, in order of first use. Number 0 is null.
#[derive(Clone, Debug)]
pub(super) struct ValueIds {
    values: Vec<Value>,
    ids: HashMap<Value, u32>,
}

impl ValueIds {
    pub fn new() -> Self {
        Self { values: vec![Value::Null], ids: HashMap::from([(Value::Null, NULL)]) }
    }

    /// The number of a value, which is kept if it is new.
    pub fn id(&mut self, value: &Value) -> u32 {
        if let Some(id) = self.ids.get(value) {
            return *id;
        }
        let id = self.values.len() as u32;
        self.values.push(value.clone());
        self.ids.insert(value.clone(), id);
        id
    }

    /// All values, by number.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
