//! Values and how often each occurs, for suggestions.

use super::events::TypeCount;
use super::holders::contains;
use crate::model::Value;
use hashbrown::HashMap;
use serde::Serialize;
use std::cmp::Reverse;

/// A value and how often it occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value: of a list, one of its elements.
    pub value: Value,
    /// How many events, users or keys have it.
    pub count: u64,
}

/// The values of one property.
#[derive(Default)]
pub(super) struct Tally {
    values: HashMap<Value, u64>,
}

impl Tally {
    /// The value of so many events or holders. What filters compare is counted: elements of a list, each once; no
    /// objects, and no null.
    pub fn add(&mut self, value: Value, times: u64) {
        match value {
            Value::Null | Value::Object(_) => {}
            Value::List(items) => {
                let mut scalars = Vec::new();
                flatten(items, &mut scalars);
                scalars.sort_unstable();
                scalars.dedup();
                scalars.into_iter().for_each(|scalar| self.add(scalar, times));
            }
            scalar => *self.values.entry(scalar).or_default() += times,
        }
    }

    /// How many values there are.
    pub fn distinct(&self) -> u64 {
        self.values.len() as u64
    }

    /// Leaves only values that contain a text, in any case.
    pub fn search(&mut self, text: &str) {
        let text = text.to_lowercase();
        self.values.retain(|value, _| contains(value, &text));
    }

    /// The most frequent, then the first in the order of values.
    pub fn most_used(self, limit: usize) -> Vec<ValueCount> {
        let mut values: Vec<(Reverse<u64>, Value)> =
            self.values.into_iter().map(|(value, count)| (Reverse(count), value)).collect();
        if (1..values.len()).contains(&limit) {
            values.select_nth_unstable(limit);
        }
        values.truncate(limit);
        values.sort_unstable();
        values.into_iter().map(|(Reverse(count), value)| ValueCount { value, count }).collect()
    }
}

/// The scalars in a list and the lists inside it.
fn flatten(items: Vec<Value>, scalars: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::List(inner) => flatten(inner, scalars),
            Value::Null | Value::Object(_) => {}
            scalar => scalars.push(scalar),
        }
    }
}

/// One property: how often it is there, in which types, and its values.
#[derive(Default)]
pub(super) struct PropertyTally {
    pub count: u64,
    types: HashMap<&'static str, u64>,
    pub values: Tally,
}

impl PropertyTally {
    /// The value of so many events or holders.
    pub fn add(&mut self, value: Value, times: u64) {
        self.count += times;
        *self.types.entry(value.kind().name()).or_default() += times;
        self.values.add(value, times);
    }

    /// The types, the most frequent first, then by name.
    pub fn types(&self) -> Vec<TypeCount> {
        let types = self.types.iter();
        let mut types: Vec<TypeCount> =
            types.map(|(value_type, count)| TypeCount { value_type, count: *count }).collect();
        types.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value_type.cmp(b.value_type)));
        types
    }
}
