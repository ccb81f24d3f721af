//! Single rules of the report language, on histories small enough to check by hand.

use crate::support::{Arrivals, fill};
use serde_json::{Value, json};
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports;
use trackcrumb::store::Snapshot;

/// Events as (event, user, minutes into 2026-01-01, company or "").
fn snapshot(events: &[(&str, &str, u32, &str)]) -> Snapshot {
    let lines = events.iter().map(|(event, user, minute, company)| {
        let time = 1_767_225_600_000_i64 + i64::from(*minute) * 60_000;
        let groups = if company.is_empty() { json!({}) } else { json!({ "company": company }) };
        let line = json!({"type": "track", "event": event, "distinct_id": user, "timestamp": time, "groups": groups});
        (line, 0)
    });
    let history: Vec<(Value, i64)> = lines.collect();
    fill(&history, Arrivals { batch: 3, seal_every: 2, reopen_every: 0 }).store.snapshot().unwrap()
}

pub fn run(snapshot: &Snapshot, document: Value) -> Value {
    let report = Report::from_value(&document).unwrap();
    reports::run(snapshot, &report, Timestamp::MAX).unwrap().to_json()
}

pub fn error(snapshot: &Snapshot, document: Value) -> String {
    let report = Report::from_value(&document).unwrap();
    reports::run(snapshot, &report, Timestamp::MAX).unwrap_err().to_string()
}

fn funnel(window: &str) -> Value {
    json!({"report": "funnel", "from": "2026-01-01", "to": "2026-01-02", "steps": ["a", "b"], "window": window})
}

pub fn counts(answer: &Value) -> Vec<u64> {
    answer["steps"].as_array().unwrap().iter().map(|step| step["count"].as_u64().unwrap()).collect()
}

#[test]
fn events_of_one_instant_follow_one_another_in_order_of_arrival() {
    let after = snapshot(&[("a", "u", 1, ""), ("b", "u", 1, "")]);
    assert_eq!(counts(&run(&after, funnel("1h"))), [1, 1]);
    let before = snapshot(&[("b", "u", 1, ""), ("a", "u", 1, "")]);
    assert_eq!(counts(&run(&before, funnel("1h"))), [1, 0]);
}

#[test]
fn a_window_includes_its_last_instant_and_may_reach_past_the_range() {
    let events = snapshot(&[("a", "u", 1430, ""), ("b", "u", 1490, "")]);
    assert_eq!(counts(&run(&events, funnel("60m"))), [1, 1]);
    assert_eq!(counts(&run(&events, funnel("59m"))), [1, 0]);
}

#[test]
fn members_of_a_company_may_do_different_steps() {
    let events = snapshot(&[("a", "ann", 1, "acme"), ("b", "bob", 2, "acme"), ("a", "cid", 3, "")]);
    assert_eq!(counts(&run(&events, funnel("1h"))), [2, 0]);
    let mut by_company = funnel("1h");
    by_company["count_by"] = json!({"group": "company"});
    let answer = run(&events, by_company);
    assert_eq!(counts(&answer), [1, 1]);
    assert_eq!(answer["coverage"], json!({"matched": 3, "without_group": 1}));
    assert_eq!(answer["steps"][1]["median_seconds"], 60);
}

#[test]
fn a_company_is_counted_once_however_many_members_act() {
    let events = snapshot(&[("a", "ann", 1, "acme"), ("a", "bob", 2, "acme"), ("a", "ann", 3, "globex")]);
    let document = |count_by: Value| {
        json!({"report": "trends", "from": "2026-01-01", "to": "2026-01-02", "count_by": count_by,
               "series": [{"event": "a"}, {"event": "a", "measure": "total"}]})
    };
    let by_company = run(&events, document(json!({"group": "company"})));
    assert_eq!((&by_company["series"][0]["total"], &by_company["series"][1]["total"]), (&json!(2), &json!(3)));
    let by_users = run(&events, document(json!("users")));
    assert_eq!(by_users["series"][0]["total"], 2);
}

#[test]
fn an_event_name_that_never_occurred_gives_zeros() {
    let events = snapshot(&[("a", "ann", 1, "")]);
    let document = json!({"report": "trends", "from": "2026-01-01", "to": "2026-01-03", "series": [{"event": "zzz"}]});
    assert_eq!(run(&events, document)["series"][0]["values"], json!([0, 0]));
}

#[test]
fn an_unknown_group_type_is_an_error_that_names_near_ones() {
    let events = snapshot(&[("a", "ann", 1, "acme")]);
    let mut document = funnel("1h");
    document["count_by"] = json!({"group": "compnay"});
    assert_eq!(error(&events, document), "there is no group type `compnay`; did you mean `company`?");
}

#[test]
fn only_tables_of_named_events_are_read() {
    let events =
        snapshot(&[("a", "ann", 1, "acme"), ("b", "ann", 2, "acme"), ("a", "bob", 3, ""), ("b", "bob", 4, "")]);
    let mut document = funnel("1h");
    document["steps"] = json!(["a", "a"]);
    run(&events, document);
    let (named, unnamed) = (events.event("a").unwrap().unwrap(), events.event("b").unwrap().unwrap());
    let was_read =
        |event| events.segments().iter().filter_map(|segment| segment.table(event)).any(|table| table.was_read());
    assert!(was_read(named));
    assert!(!was_read(unnamed));
}
