//! The commands `group`, `user` and `groups`: profiles and lists.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::lookup::{Look, Row};
use super::properties::AsOf;
use super::value::object_json;
use super::{Naive, timestamp};

const RECENT: usize = 50;

pub(super) fn group(store: &Naive, group_type: &str, key: &str) -> Result<Value, String> {
    known_type(store, group_type)?;
    if !store.keys(group_type).contains(key) {
        return Err(format!("{group_type:?} has no key {key:?}; known are {:?}", store.keys(group_type)));
    }
    let members = store.members(group_type, key);
    let mut result = row(store, group_type, key);
    result.insert("members".into(), json!(members));
    // A profile's recent events are its members' own, whatever their groups.
    result.insert("recent".into(), recent(store, |row| members.contains(row.user)));
    Ok(Value::Object(result))
}

pub(super) fn user(store: &Naive, id: &str) -> Result<Value, String> {
    let user = store.shown_id(id);
    if !store.users().contains(user) {
        return Err(format!("there is no user {id:?}; known are {:?}", store.users()));
    }
    let joined = store.shown.iter().filter(|(_, shown)| *shown == user).map(|(id, _)| id.as_str());
    let mut ids: Vec<&str> = joined.chain([user]).collect();
    ids.sort_unstable();
    Ok(json!({
        "id": user,
        "ids": ids,
        "properties": object_json(&store.user_properties(user, AsOf::Now)),
        "groups": store.associations(user),
        "recent": recent(store, |row| row.user == user),
    }))
}

/// Last updated first (those only events named at the end), then by key.
pub(super) fn group_rows(store: &Naive, group_type: &str) -> Result<Value, String> {
    known_type(store, group_type)?;
    let mut keys: Vec<&str> = store.keys(group_type).into_iter().collect();
    keys.sort_by_key(|key| (Reverse(last_updated(store, group_type, key)), *key));
    let rows: Value = keys.iter().map(|key| Value::Object(row(store, group_type, key))).collect();
    Ok(json!({"rows": rows, "next_cursor": null}))
}

pub(super) fn group_types(store: &Naive) -> Value {
    let types = store.group_types().into_iter();
    let types: Value = types.map(|name| json!({"type": name, "keys": store.keys(name).len()})).collect();
    json!({"types": types})
}

fn known_type(store: &Naive, group_type: &str) -> Result<(), String> {
    if store.group_types().contains(group_type) {
        return Ok(());
    }
    Err(format!("there is no group type {group_type:?}; known are {:?}", store.group_types()))
}

/// The latest timestamp of a group() call that named the key; none where only events did.
fn last_updated(store: &Naive, group_type: &str, key: &str) -> Option<i64> {
    let calls = store.group_calls.iter().filter(|call| call.group_type == group_type && call.group_key == key);
    calls.map(|call| call.order.0).max()
}

fn row(store: &Naive, group_type: &str, key: &str) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("type".into(), json!(group_type));
    row.insert("key".into(), json!(key));
    row.insert("properties".into(), object_json(&store.group_properties(group_type, key, AsOf::Now)));
    row.insert("last_updated".into(), json!(last_updated(store, group_type, key).map(timestamp::text)));
    row
}

/// At most 50, newest first.
fn recent(store: &Naive, wanted: impl Fn(&Row) -> bool) -> Value {
    let rows = Look { store, now: 0 }.rows();
    rows.iter().rev().filter(|row| wanted(row)).take(RECENT).map(event).collect()
}

fn event(row: &Row) -> Value {
    let event = row.event;
    let mut out = json!({
        "event": event.name,
        "distinct_id": row.user,
        "timestamp": timestamp::text(event.order.0),
        "groups": event.groups,
        "properties": object_json(&event.properties),
    });
    if let Some(insert_id) = &event.insert_id {
        out["insert_id"] = json!(insert_id);
    }
    out
}
