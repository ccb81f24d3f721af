//! What must be refused: input lines, and documents spoilt in one place.

use proptest::prelude::*;
use serde_json::{Value, json};

/// Lines that are wrong in one way each.
pub(super) fn line() -> BoxedStrategy<Value> {
    let track = |field: &str, value: Value| {
        let mut line = json!({"type": "track", "distinct_id": "u1", "event": "open"});
        line[field] = value;
        line
    };
    let identify = |field: &str, value: Value| {
        let mut line = json!({"type": "identify", "distinct_id": "u1"});
        line[field] = value;
        line
    };
    let deep = (0..64).fold(json!({}), |inner, _| json!({"d": inner}));
    prop::sample::select(vec![
        track("event", json!("*")),
        track("event", json!(" \u{2003}")),
        track("event", json!("e".repeat(201))),
        track("distinct_id", json!("")),
        track("distinct_id", json!("ü".repeat(201))),
        track("distinct_id", json!(7)),
        track("evnt", json!("open")),
        track("set_once", json!({"plan": 1})),
        track("groups", json!({"company": ""})),
        track("groups", json!({"company": "k".repeat(401)})),
        track("groups", json!({"t".repeat(101): "acme"})),
        track("groups", json!({"company": 1})),
        track("insert_id", json!("")),
        track("timestamp", json!("2026-01-05T10:00:00")),
        track("timestamp", json!("2026-01-05T24:00:00Z")),
        track("timestamp", json!("2026-01-05T10:00:60Z")),
        track("timestamp", json!(1_767_571_200_000.5)),
        track("timestamp", json!(253_402_300_800_000_i64)),
        track("timestamp", json!("0001-01-01T00:00:00+00:01")),
        track("properties", json!([])),
        track("properties", deep),
        track("properties", json!({"p": "x".repeat(32_761)})),
        identify("set_once", json!({"plan": null})),
        identify("add", json!({"plan": "1"})),
        identify("union", json!({"plan": null})),
        identify("insert_id", json!("i1")),
        json!({"type": "group", "group_type": "company", "distinct_id": "u1"}),
        json!({"type": "group", "group_type": " ", "group_key": "acme"}),
        json!({"type": "alias", "distinct_id": "u1", "alias": "UNDEFINED"}),
        json!({"type": "alias", "distinct_id": "u1"}),
        json!({"type": "page", "distinct_id": "u1"}),
        json!(["track"]),
    ])
    .boxed()
}

/// A document that is right but for one thing.
pub(super) fn spoilt(mut document: Value) -> Value {
    // Which way depends on the document, so that it shrinks with it.
    match document.to_string().len() % 4 {
        0 => document["fromm"] = json!("2026-01-01"),
        1 => document["count_by"] = json!({"group": "no-such-type"}),
        2 => document["timezone"] = json!("Mars/Olympus"),
        _ => document["filter"] = json!({"property": "plan", "op": "equals", "value": 1}),
    }
    document
}
