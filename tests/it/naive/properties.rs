//! Property versions: one call's update, and the fold of calls by (timestamp, arrival).

use serde_json::Value;

use super::value::{Object, Plain};
use super::{Naive, Order};

/// What one identify() or group() call writes, applied in the order of the fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Update {
    pub(super) properties: Object,
    pub(super) set_once: Object,
    pub(super) add: Object,
    pub(super) append: Object,
    pub(super) union: Object,
}

impl Update {
    fn apply(&self, state: &mut Object) {
        for (key, value) in &self.properties {
            match value {
                Plain::Null => state.remove(key),
                value => state.insert(key.clone(), value.clone()),
            };
        }
        for (key, value) in &self.set_once {
            state.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &self.add {
            add(state, key, value);
        }
        for (key, value) in &self.append {
            extend(state, key, value, false);
        }
        for (key, value) in &self.union {
            extend(state, key, value, true);
        }
    }
}

/// Absent counts as 0; a present value that is no number stays as it is.
fn add(state: &mut Object, key: &str, amount: &Plain) {
    let before = state.get(key).cloned().unwrap_or(Plain::Int(0));
    if let Some(sum) = added(&before, amount) {
        state.insert(key.to_owned(), sum);
    }
}

/// Integers stay exact within 64 bits, everything else is double arithmetic.
fn added(a: &Plain, b: &Plain) -> Option<Plain> {
    if let (Plain::Int(a), Plain::Int(b)) = (a, b) {
        let sum = a + b;
        let exact = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&sum);
        return Some(if exact { Plain::Int(sum) } else { Plain::of_float(sum as f64) });
    }
    let sum = a.as_double()? + b.as_double()?;
    // A sum beyond doubles is no JSON number: the call leaves the value alone.
    sum.is_finite().then(|| Plain::of_float(sum))
}

/// A list's elements one by one, any other value as one; a scalar in place becomes the first.
fn extend(state: &mut Object, key: &str, value: &Plain, skip_equal: bool) {
    let mut list = match state.remove(key) {
        None => Vec::new(),
        Some(Plain::List(items)) => items,
        Some(scalar) => vec![scalar],
    };
    let new = match value {
        Plain::List(items) => items.clone(),
        other => vec![other.clone()],
    };
    for item in new {
        if !(skip_equal && list.contains(&item)) {
            list.push(item);
        }
    }
    state.insert(key.to_owned(), Plain::List(list));
}

/// Which calls count: all, those before an event in order, or those before an instant.
#[derive(Clone, Copy, Debug)]
pub(super) enum AsOf {
    Now,
    Before(Order),
    Until(i64),
}

impl AsOf {
    fn admits(self, call: Order) -> bool {
        match self {
            AsOf::Now => true,
            AsOf::Before(event) => call < event,
            AsOf::Until(instant) => call.0 < instant,
        }
    }
}

fn fold(mut calls: Vec<(Order, &Update)>, as_of: AsOf) -> Object {
    calls.retain(|(order, _)| as_of.admits(*order));
    calls.sort_by_key(|(order, _)| *order);
    let mut state = Object::new();
    for (_, update) in calls {
        update.apply(&mut state);
    }
    state
}

impl Naive {
    /// Properties of a user given by its shown id: the calls of all its joined ids, folded.
    pub(super) fn user_properties(&self, user: &str, as_of: AsOf) -> Object {
        let calls = self.identifies.iter().filter(|call| self.shown_id(&call.distinct_id) == user);
        fold(calls.map(|call| (call.order, &call.update)).collect(), as_of)
    }

    pub(super) fn group_properties(&self, group_type: &str, key: &str, as_of: AsOf) -> Object {
        let named = |call: &&super::GroupCall| call.group_type == group_type && call.group_key == key;
        let calls = self.group_calls.iter().filter(named);
        fold(calls.map(|call| (call.order, &call.update)).collect(), as_of)
    }
}

/// The size of an object as compact JSON, in bytes.
pub(super) fn compact_bytes(json: &Value) -> usize {
    json.to_string().len()
}
