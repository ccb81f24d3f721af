//! Input lines of each type.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::pools::{EVENTS, KEYS, TYPES, USERS, name};
use super::settings::written;
use super::values::{properties, updates};

/// A timestamp in one of its forms, or none: then the time of arrival counts.
fn timestamp(instants: &[i64]) -> BoxedStrategy<Option<Value>> {
    let form = |(micros, form): (i64, u8)| match form {
        0 => None,
        1 if micros % 1000 == 0 => Some(Value::from(micros / 1000)),
        2 => Some(Value::from(written(micros, 330))),
        3 => Some(Value::from(written(micros, -210))),
        // Digits beyond microseconds are cut.
        4 if micros % 1_000_000 != 0 => Some(Value::from(written(micros, 0).replace('Z', "999Z"))),
        5 => Some(Value::from(written(micros, 0).replace('T', "t").replace('Z', "z"))),
        _ => Some(Value::from(written(micros, 0))),
    };
    (prop::sample::select(instants.to_vec()), 0..20_u8).prop_map(form).boxed()
}

fn with(mut line: Value, fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    for (field, value) in fields {
        if let Some(value) = value {
            line[field] = value;
        }
    }
    line
}

/// At most one key per type, of none to three types.
fn groups() -> BoxedStrategy<Option<Value>> {
    let pairs = prop::collection::vec((name(&TYPES), name(&KEYS)), 0..4);
    let object = |pairs: Vec<(&str, &str)>| {
        let pairs = pairs.into_iter().map(|(name, key)| (name.to_owned(), json!(key)));
        Some(Value::Object(pairs.collect::<Map<String, Value>>()))
    };
    prop_oneof![1 => Just(None), 5 => pairs.prop_map(object)].boxed()
}

pub(super) fn track(instants: &[i64]) -> BoxedStrategy<Value> {
    let insert_id = prop_oneof![3 => Just(None), 1 => prop::sample::select(vec!["i1", "i2", " "]).prop_map(Some)];
    let properties = prop_oneof![1 => Just(None), 5 => properties().prop_map(Some)];
    (name(&USERS), name(&EVENTS), timestamp(instants), insert_id, groups(), properties)
        .prop_map(|(user, event, timestamp, insert_id, groups, properties)| {
            let line = json!({"type": "track", "distinct_id": user, "event": event});
            let insert_id = insert_id.map(Value::from);
            with(
                line,
                [("timestamp", timestamp), ("insert_id", insert_id), ("groups", groups), ("properties", properties)],
            )
        })
        .boxed()
}

pub(super) fn identify(instants: &[i64]) -> BoxedStrategy<Value> {
    (name(&USERS), timestamp(instants), updates())
        .prop_map(|(user, timestamp, updates)| {
            let line = json!({"type": "identify", "distinct_id": user});
            merged(with(line, [("timestamp", timestamp)]), updates)
        })
        .boxed()
}

/// With or without user, with or without properties.
pub(super) fn group(instants: &[i64]) -> BoxedStrategy<Value> {
    let user = prop_oneof![1 => Just(None), 2 => name(&USERS).prop_map(Some)];
    let updates = prop_oneof![1 => Just(Map::new()), 3 => updates()];
    (user, name(&TYPES), name(&KEYS), timestamp(instants), updates)
        .prop_map(|(user, group_type, key, timestamp, updates)| {
            let line = json!({"type": "group", "group_type": group_type, "group_key": key});
            merged(with(line, [("distinct_id", user.map(Value::from)), ("timestamp", timestamp)]), updates)
        })
        .boxed()
}

/// Chains, no-op joins and refused ids come by themselves from so few names.
pub(super) fn alias() -> BoxedStrategy<Value> {
    let id = || prop_oneof![8 => name(&USERS), 1 => prop::sample::select(vec![" Anonymous ", "0", "never-seen"])];
    (id(), id()).prop_map(|(id, alias)| json!({"type": "alias", "distinct_id": id, "alias": alias})).boxed()
}

fn merged(mut line: Value, fields: Map<String, Value>) -> Value {
    line.as_object_mut().expect("a line").extend(fields);
    line
}
