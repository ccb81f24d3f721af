//! What is read together because it is alike gives the same answer as when it is written so that it is read apart.

use crate::support::{Arrivals, fill};
use serde_json::{Value, json};
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports;
use trackcrumb::store::Snapshot;

/// Events of three users with values of every kind, an hour apart.
fn store() -> Snapshot {
    let values = [json!("a"), json!("ab"), json!("b"), json!(1), json!(2.5), json!(true), json!(["a", 3]), Value::Null];
    let event = |place: usize| {
        let at = format!("2026-01-{:02}T{:02}:00:00Z", 1 + place / 24, place % 24);
        let (user, value) = (format!("u{}", place % 3), &values[place % values.len()]);
        let name = if place % 5 == 4 { "other" } else { "a" };
        json!({"type": "track", "distinct_id": user, "event": name, "timestamp": at, "properties": {"p": value}})
    };
    let history: Vec<(Value, i64)> = (0..60).map(|place| (event(place), 0)).collect();
    fill(&history, Arrivals { batch: 7, seal_every: 3, reopen_every: 0 }).store.snapshot().unwrap()
}

fn ask(snapshot: &Snapshot, fields: Value) -> Value {
    let mut document = json!({"from": "2026-01-01", "to": "2026-01-04"});
    document.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    reports::run(snapshot, &Report::from_value(&document).unwrap(), Timestamp::MAX).unwrap().to_json()
}

#[test]
fn tests_of_one_property_in_a_list() {
    let snapshot = store();
    let total = |filter: Value| {
        let series = json!([{"event": "*", "measure": "total"}]);
        ask(&snapshot, json!({"report": "trends", "series": series, "filter": filter}))["series"][0]["total"].clone()
    };
    let mut seen = Vec::new();
    for op in ["is", "is_not", "contains", "not_contains", "matches", "gt", "gte", "lt", "lte"] {
        let values = match op {
            "contains" | "not_contains" => [json!(["b"]), json!("a")],
            "matches" => [json!(["b$"]), json!("^a")],
            _ => [json!([2.5, "b", 1]), json!(["b", 2, 3])],
        };
        let [first, second] = values.map(|value| json!({"property": "p", "op": op, "value": value}));
        let not = |filter: &Value| json!({"not": filter});
        let any = total(json!({"any": [first, second]}));
        let all = total(json!({"all": [first, second]}));
        assert_eq!(any, total(not(&json!({"all": [not(&first), not(&second)]}))), "any {op}");
        assert_eq!(all, total(not(&json!({"any": [not(&first), not(&second)]}))), "all {op}");
        seen.push((any.as_u64().unwrap(), all.as_u64().unwrap()));
    }
    assert!(seen.iter().all(|(any, all)| 0 < *any && *any < 60 && all <= any), "{seen:?}");
    assert!(seen.iter().any(|(any, all)| all < any), "{seen:?}");
}

#[test]
fn steps_with_the_same_events() {
    let snapshot = store();
    // Everything passes it, but it makes the events others than those of the step beside it.
    let apart = json!({"event": "a", "filter": {"property": "none", "op": "not_set"}});
    let funnel = |repeated: &Value, order: &str, more: Value| {
        let mut document = json!({"report": "funnel", "steps": ["a", "a", repeated, "a", "other", "a"], "window": "10h", "order": order});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = ask(&snapshot, document);
        answer["steps"].as_array().unwrap().iter().map(|step| step["count"].clone()).collect::<Vec<_>>()
    };
    for order in ["ordered", "strict", "any"] {
        let counts = funnel(&json!("a"), order, json!({}));
        assert_eq!(counts, funnel(&apart, order, json!({})), "{order}");
        assert_ne!(counts[2], 0, "{order}");
    }
    let held = json!({"window": "60h", "hold": {"property": "p"}, "exclude": [{"event": "other", "from": 1, "to": 3}]});
    assert_eq!(funnel(&json!("a"), "ordered", held.clone()), funnel(&apart, "ordered", held));
}
