//! Filters and event matchers.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Scope;
use super::pools::{EVENTS, KEY_COHORTS, KEYS, PATHS, TYPES, USER_COHORTS, name};
use super::values::{number, scalar, text};

/// A whole filter, nested a little.
pub(super) fn filter(scope: Scope) -> BoxedStrategy<Value> {
    leaf(scope)
        .prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"all": parts})),
                prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"any": parts})),
                inner.prop_map(|part| json!({"not": part})),
            ]
        })
        .boxed()
}

/// A filter now and then.
pub(super) fn sometimes(scope: Scope) -> BoxedStrategy<Option<Value>> {
    prop_oneof![7 => Just(None), 1 => filter(scope).prop_map(Some)].boxed()
}

fn leaf(scope: Scope) -> BoxedStrategy<Value> {
    let on_event = (name(&PATHS), test()).prop_map(|(path, test)| property(path, test));
    let by_key = (group_type(), prop::collection::vec(name(&KEYS), 1..3))
        .prop_map(|(group_type, keys)| json!({"group": group_type, "key": keys}));
    match scope {
        Scope::First => prop_oneof![3 => on_event, 1 => by_key].boxed(),
        Scope::Whole => {
            let elsewhere = (on_event.clone(), of()).prop_map(|(mut filter, of)| {
                merge(&mut filter, of);
                filter
            });
            let cohort = cohort_name().prop_map(|name| json!({"cohort": name}));
            prop_oneof![3 => on_event, 1 => by_key, 3 => elsewhere, 1 => cohort].boxed()
        }
    }
}

fn property(path: &str, test: Value) -> Value {
    let mut filter = json!({"property": path});
    merge(&mut filter, test);
    filter
}

pub(super) fn merge(target: &mut Value, fields: Value) {
    if let (Value::Object(target), Value::Object(fields)) = (target, fields) {
        target.extend(fields);
    }
}

/// A property condition of the unit itself, for cohorts.
pub(super) fn own_property() -> BoxedStrategy<Value> {
    (name(&PATHS), test()).prop_map(|(path, test)| property(path, test)).boxed()
}

/// The fields `of` and `as_of` for something else than the event.
pub(super) fn of() -> BoxedStrategy<Value> {
    let whose = prop_oneof![Just(json!("user")), group_type().prop_map(|name| json!({"group": name}))];
    (whose, 0..3)
        .prop_map(|(of, when)| match when {
            0 => json!({"of": of}),
            1 => json!({"of": of, "as_of": "now"}),
            _ => json!({"of": of, "as_of": "event"}),
        })
        .boxed()
}

/// A group type, seldom one that nobody used.
pub(super) fn group_type() -> BoxedStrategy<&'static str> {
    prop_oneof![24 => Just(TYPES[0]), 8 => name(&TYPES), 1 => Just("never-used")].boxed()
}

pub(super) fn cohort_name() -> BoxedStrategy<&'static str> {
    prop_oneof![2 => prop::sample::select(USER_COHORTS.to_vec()), 1 => prop::sample::select(KEY_COHORTS.to_vec())]
        .boxed()
}

/// The fields `op` and `value`.
fn test() -> BoxedStrategy<Value> {
    let is = (prop::sample::select(vec!["is", "is_not"]), values())
        .prop_map(|(op, value)| json!({"op": op, "value": value}));
    let contains = (prop::sample::select(vec!["contains", "not_contains"]), texts())
        .prop_map(|(op, value)| json!({"op": op, "value": value}));
    let patterns = vec!["^1", "u", "(?i)us$", "^$", "pro|free", "\\d+", "ü", "."];
    let matches = prop_oneof![40 => prop::sample::select(patterns), 1 => Just("(")]
        .prop_map(|pattern| json!({"op": "matches", "value": pattern}));
    let bound = prop_oneof![3 => number(), 1 => text().prop_map(Value::from)];
    let compare = (prop::sample::select(vec!["gt", "gte", "lt", "lte"]), bound)
        .prop_map(|(op, value)| json!({"op": op, "value": value}));
    let set = prop::sample::select(vec![json!({"op": "set"}), json!({"op": "not_set"})]);
    prop_oneof![4 => is, 2 => contains, 1 => matches, 3 => compare, 2 => set].boxed()
}

/// One value, or a list of them, the empty one included.
fn values() -> BoxedStrategy<Value> {
    prop_oneof![
        2 => scalar(),
        2 => prop::collection::vec(scalar(), 0..4).prop_map(Value::from),
        // A double that equals one integer and not its neighbour.
        1 => Just(json!(9_007_199_254_740_992.0)),
    ]
    .boxed()
}

fn texts() -> BoxedStrategy<Value> {
    prop_oneof![text().prop_map(Value::from), prop::collection::vec(text(), 0..3).prop_map(Value::from)].boxed()
}

/// Whatever asks for an event.
pub(super) fn matcher(scope: Scope) -> BoxedStrategy<Value> {
    let plain = plain_matcher();
    let filtered = (plain.clone(), filter(scope)).prop_map(|(event, filter)| json!({"event": event, "filter": filter}));
    prop_oneof![6 => plain, 1 => filtered].boxed()
}

fn plain_matcher() -> BoxedStrategy<Value> {
    prop_oneof![
        14 => name(&EVENTS).prop_map(Value::from),
        4 => prop::collection::vec(name(&EVENTS), 1..3).prop_map(Value::from),
        4 => Just(json!("*")),
        1 => Just(json!("never-tracked")),
    ]
    .boxed()
}
