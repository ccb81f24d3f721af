//! Documents whose answers would be too large are refused before anything of that size is made.

use crate::support::{Arrivals, fill};
use serde_json::{Value, json};
use trackcrumb::language::{CELLS_MAX, Report};
use trackcrumb::model::Timestamp;
use trackcrumb::reports;
use trackcrumb::store::Snapshot;

/// One event in each of `count` users, with a value of its own.
fn store(count: usize) -> Snapshot {
    let event = |user: usize| {
        let at = format!("2020-01-{:02}T10:00:00Z", user % 28 + 1);
        json!({"type": "track", "distinct_id": format!("u{user}"), "event": "a", "timestamp": at, "properties": {"p": user}})
    };
    let history: Vec<(Value, i64)> = (0..count).map(|user| (event(user), 0)).collect();
    fill(&history, Arrivals { batch: 100, seal_every: 0, reopen_every: 0 }).store.snapshot().unwrap()
}

/// The answer, over ten years by the hour, to a document with these fields; else the reason why there is none.
fn ask(snapshot: &Snapshot, fields: Value) -> Result<Value, String> {
    let mut document = json!({"from": "2015-01-01", "to": "2025-01-01", "interval": "hour"});
    document.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = reports::run(snapshot, &Report::from_value(&document).unwrap(), Timestamp::MAX);
    answer.map(|answer| answer.to_json()).map_err(|error| error.to_string())
}

const HOURS: usize = 87_672;

#[test]
fn the_lines_of_trends_are_counted_after_ranking() {
    let fitting = CELLS_MAX / HOURS;
    let trends = |count: usize, more: Value| {
        let mut document = json!({"report": "trends", "series": [{"event": "a"}], "breakdown": [{"property": "p"}]});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(&store(count), document)
    };
    let most = trends(fitting, json!({"limit": 1_000_000})).unwrap();
    assert_eq!(most["series"].as_array().unwrap().len(), fitting);
    let refused = trends(fitting + 1, json!({"limit": 1_000_000})).unwrap_err();
    assert!(refused.starts_with("`limit`: the answer would have 58 series with each 87672 buckets"), "{refused}");
    assert!(refused.contains("a smaller `limit` or a longer `interval`"), "{refused}");
    assert!(trends(fitting + 1, json!({"limit": 10})).is_ok(), "few lines are shown");
    let compared = trends(fitting / 2 + 1, json!({"limit": 100, "compare": "previous"}));
    assert!(compared.unwrap_err().contains("29 series with each 175344 buckets"));
}

#[test]
fn property_series_funnels_and_retention_are_bounded_too() {
    let identified: Vec<(Value, i64)> = (0..60)
        .map(|user| {
            let id = format!("u{user}");
            (json!({"type": "identify", "distinct_id": id, "timestamp": "2020-01-01T00:00:00Z", "properties": {"p": user}}), 0)
        })
        .collect();
    let identified =
        fill(&identified, Arrivals { batch: 100, seal_every: 0, reopen_every: 0 }).store.snapshot().unwrap();
    let by_value = json!({"property_of": "users", "measure": {"count_by_value": "p"}});
    let refused = ask(&identified, json!({"report": "trends", "series": [by_value], "limit": 1000})).unwrap_err();
    assert!(refused.starts_with("`limit`: the answer would have 61 series"), "{refused}");

    let events = store(30);
    let funnel = |limit: usize| {
        let steps = json!(["a", "b"]);
        ask(&events, json!({"report": "funnel", "steps": steps, "breakdown": [{"property": "p"}], "limit": limit}))
    };
    assert!(funnel(10).is_ok());
    let refused = funnel(100).unwrap_err();
    assert!(
        refused.starts_with("`limit`: the answer would have 30 series with each 2 steps with each 87672"),
        "{refused}"
    );

    let retention = |periods: usize| ask(&events, json!({"report": "retention", "start": "a", "periods": periods}));
    assert!(retention(20).is_ok());
    let refused = retention(58).unwrap_err();
    assert!(refused.starts_with("`periods`: the answer would have 87672 rows with each 58 periods"), "{refused}");
}
