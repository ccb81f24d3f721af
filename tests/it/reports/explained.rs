//! What an explanation says was read is what was read.

use crate::support::{Arrivals, fill};
use serde_json::{Value, json};
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports::{self, Limits};

#[test]
fn an_explanation_tells_tables_rows_and_bitmaps_and_what_was_skipped() {
    let event = |event: &str, day: u32| {
        let time = format!("2026-01-0{day}T10:00:00Z");
        (json!({"type": "track", "distinct_id": "u", "event": event, "timestamp": time, "properties": {"n": day}}), 0)
    };
    let history: Vec<(Value, i64)> = vec![event("a", 1), event("a", 2), event("b", 3), event("a", 9)];
    let snapshot = fill(&history, Arrivals { batch: 3, seal_every: 1, reopen_every: 0 }).store.snapshot().unwrap();
    let explain = |filter: Value| {
        let mut document =
            json!({"report": "trends", "from": "2026-01-01", "to": "2026-01-05", "series": [{"event": "a"}]});
        if !filter.is_null() {
            document["filter"] = filter;
        }
        let report = Report::from_value(&document).unwrap();
        let (answer, stages) = reports::explain(&snapshot, &report, Timestamp::MAX, &Limits::default()).unwrap();
        assert_eq!(answer, reports::run(&snapshot, &report, Timestamp::MAX).unwrap());
        stages.into_iter().find(|stage| stage.stage == "series `a`").unwrap().counts
    };
    let by_index = explain(Value::Null);
    // Days are as large as their bitmaps say they are, and the one of all days is the total.
    assert_eq!((by_index.tables_by_index, by_index.bitmaps_read, by_index.tables_read), (1, 1, 0));
    assert_eq!((by_index.tables_of_other_events, by_index.tables_out_of_range), (1, 1));
    // An end beyond the last event is as good as the midnight after it; one among the events is not.
    let until = |to: &str| {
        let document = json!({"report": "trends", "from": "2026-01-01", "to": to, "series": [{"event": "a"}]});
        let report = Report::from_value(&document).unwrap();
        let (answer, stages) = reports::explain(&snapshot, &report, Timestamp::MAX, &Limits::default()).unwrap();
        let counts = stages.into_iter().find(|stage| stage.stage == "series `a`").unwrap().counts;
        (serde_json::to_value(&answer).unwrap()["series"][0]["total"].as_u64().unwrap(), counts.tables_read)
    };
    assert_eq!(until("2026-01-09T12:00:00Z"), (1, 0));
    assert_eq!(until("2026-01-02T12:00:00Z").0, 1);
    assert!(until("2026-01-02T09:00:00Z").1 > 0);
    let by_rows = explain(json!({"property": "n", "op": "gt", "value": 1}));
    assert_eq!((by_rows.tables_read, by_rows.rows_tested, by_rows.rows_passed), (1, 2, 1));
    assert_eq!(by_rows.bitmaps_read, 0);
}

#[test]
fn rows_are_read_once_where_values_are_ranked_by_their_sums_and_each_table_is_told_once() {
    let event = |row: u32| {
        let (event, time) = (["a", "b"][row as usize % 2], format!("2026-01-0{}T10:00:00Z", 1 + row % 9));
        let properties = json!({"n": row, "p": row % 10});
        (json!({"type": "track", "distinct_id": "u", "event": event, "timestamp": time, "properties": properties}), 0)
    };
    let history: Vec<(Value, i64)> = (0..400).map(event).collect();
    let snapshot = fill(&history, Arrivals { batch: 400, seal_every: 1, reopen_every: 0 }).store.snapshot().unwrap();
    let stages = |interval: &str, measure: Value| {
        let report = Report::from_value(&json!({
            "report": "trends", "from": "2026-01-01", "to": "2026-01-10", "interval": interval, "limit": 2,
            "series": [{"event": "a", "measure": measure}], "breakdown": [{"property": "p"}], "rank_by": "total",
        }));
        let (_, stages) = reports::explain(&snapshot, &report.unwrap(), Timestamp::MAX, &Limits::default()).unwrap();
        let of = |name: &str| {
            let counts = &stages.iter().find(|stage| stage.stage == name).unwrap().counts;
            (counts.tables_read, counts.tables_of_other_events)
        };
        (of("ranking of the breakdown"), of("series `a`"))
    };
    let (sums, of_series) = stages("day", json!({"sum": "n"}));
    assert_eq!((sums.0, of_series), (1, (0, 0)));
    // With more sums than rows, and of what is no sum, rows are read for the ranking and again for the figures.
    for (interval, measure) in [("hour", json!({"sum": "n"})), ("day", json!({"max": "n"}))] {
        let (ranking, of_series) = stages(interval, measure);
        assert_eq!((ranking, of_series), ((1, sums.1), (1, 1)), "{interval}");
    }
}

#[test]
fn blocks_without_a_key_that_is_asked_for_are_not_read() {
    // Rows of a user lie together, so each company has two or three blocks of its own.
    let event = |row: u32| {
        let (user, time) = (row / 2_000, format!("2026-01-0{}T10:00:00Z", 1 + row % 5));
        let groups = json!({"company": format!("c{user}")});
        (
            json!({"type": "track", "distinct_id": format!("u{user}"), "event": "a", "timestamp": time, "groups": groups}),
            0,
        )
    };
    let history: Vec<(Value, i64)> = (0..8_000).map(event).collect();
    let snapshot = fill(&history, Arrivals { batch: 8_000, seal_every: 1, reopen_every: 0 }).store.snapshot().unwrap();
    let count = |keys: Value| {
        let report = Report::from_value(&json!({
            "report": "trends", "from": "2026-01-02", "to": "2026-01-05", "interval": "month",
            "series": [{"event": "a", "measure": "total"}], "filter": {"group": "company", "key": keys},
        }));
        let (answer, stages) =
            reports::explain(&snapshot, &report.unwrap(), Timestamp::MAX, &Limits::default()).unwrap();
        let counts = stages.into_iter().find(|stage| stage.stage == "series `a`").unwrap().counts;
        let answer = serde_json::to_value(&answer).unwrap();
        (answer["series"][0]["total"].as_u64().unwrap(), counts.blocks_by_index)
    };
    assert_eq!(count(json!(["c1"])), (1_200, 5));
    assert_eq!(count(json!(["c0", "c3"])), (2_400, 3));
    assert_eq!(count(json!(["nobody"])), (0, 8));
}

#[test]
fn bytes_are_those_of_what_was_decoded_whatever_the_threads() {
    let event = |row: u32| {
        let time = format!("2026-01-{:02}T10:00:00Z", 1 + row % 20);
        let properties = json!({"n": row, "plan": if row.is_multiple_of(3) { "pro" } else { "free" }});
        let user = format!("u{}", row / 10);
        (json!({"type": "track", "distinct_id": user, "event": "a", "timestamp": time, "properties": properties}), 0)
    };
    let history: Vec<(Value, i64)> = (0..30_000).map(event).collect();
    let snapshot = fill(&history, Arrivals { batch: 30_000, seal_every: 1, reopen_every: 0 }).store.snapshot().unwrap();
    let bytes_by = |interval: &str, last_day: u32, filter: Value, thread_rows: usize| {
        let mut document = json!({"report": "trends", "from": "2026-01-01", "to": format!("2026-01-{last_day:02}"),
            "interval": interval, "series": [{"event": "a", "measure": "total"}]});
        if !filter.is_null() {
            document["filter"] = filter;
        }
        let limits = Limits { thread_rows: Some(thread_rows), ..Limits::default() };
        let report = Report::from_value(&document).unwrap();
        let (_, stages) = reports::explain(&snapshot, &report, Timestamp::MAX, &limits).unwrap();
        let counts = stages.into_iter().find(|stage| stage.stage == "series `a`").unwrap().counts;
        (counts.bytes_decoded, counts.bytes_checked)
    };
    // Hours want the rows.
    let bytes = |last_day, filter, thread_rows| bytes_by("hour", last_day, filter, thread_rows);
    let of_plan = json!({"property": "plan", "op": "is", "value": "pro"});
    let (_, checked) = bytes(21, of_plan.clone(), usize::MAX);
    let (by_rows, checked_again) = bytes(21, of_plan.clone(), usize::MAX);
    assert!(checked > by_rows / 2 && checked_again == 0, "{checked} {by_rows}");
    // A bit a row at least, and for each of the columns not more than eight bytes.
    assert!((30_000 / 8..30_000 * 24).contains(&by_rows), "{by_rows}");
    let (by_counts, _) = bytes_by("day", 21, of_plan.clone(), usize::MAX);
    assert!((1..by_rows / 10).contains(&by_counts), "days have counts of values: {by_counts} {by_rows}");
    let (wider, _) =
        bytes(21, json!({"all": [of_plan.clone(), {"property": "n", "op": "gt", "value": -1}]}), usize::MAX);
    // The numbers of a whole block take ten bits each, and those of the last nine at least.
    let numbers = 29 * 1024 * 10 / 8 + (30_000 - 29 * 1024) * 9 / 8..=30_000 * 10 / 8;
    assert!(numbers.contains(&(wider - by_rows)), "{wider} {by_rows}");
    // Each piece of a table opens its columns anew, and reads their runs again.
    let (shared, _) = bytes(21, of_plan, 5_000);
    assert!((by_rows..by_rows * 2).contains(&shared), "{shared} {by_rows}");
    let (index, _) = bytes_by("day", 21, Value::Null, usize::MAX);
    assert!(index > 0 && index < by_rows / 10, "{index} {by_rows}");
}

#[test]
fn how_often_is_told_by_days_and_by_rows_of_those_about_whom_days_do_not_decide() {
    // How many events on each of some days of January, in a workspace where users have many on average.
    let users: [(&str, &[u32]); 5] =
        [("once_a_day", &[1; 25]), ("in_one_day", &[0, 40]), ("twice", &[0, 1, 0, 1]), ("pair", &[2]), ("other", &[])];
    let mut history: Vec<(Value, i64)> = Vec::new();
    for (user, days) in users {
        let event = |event: &str, day: usize, second: u32| {
            let time = format!("2026-01-{:02}T10:00:{second:02}Z", day + 1);
            (json!({"type": "track", "distinct_id": user, "event": event, "timestamp": time}), 0)
        };
        history.push(event("b", 3, 0));
        for (day, count) in days.iter().enumerate() {
            history.extend((0..*count).map(|second| event("a", day, second)));
        }
    }
    history.extend((0..60).map(|second| {
        let time = format!("2026-01-20T11:00:{second:02}Z");
        (json!({"type": "track", "distinct_id": "in_one_day", "event": "a", "timestamp": time}), 0)
    }));
    let snapshot = fill(&history, Arrivals { batch: 40, seal_every: 1, reopen_every: 0 }).store.snapshot().unwrap();
    let found = |times: Value| {
        let did = json!({"did": "a", "times": times, "from": "2026-01-01", "to": "2026-01-22"});
        let report = Report::from_value(&json!({"report": "cohort", "where": did})).unwrap();
        let (answer, stages) = reports::explain(&snapshot, &report, Timestamp::MAX, &Limits::default()).unwrap();
        let bitmaps = stages.into_iter().find(|stage| stage.stage == "did `a`").unwrap().counts.bitmaps_read;
        assert!(bitmaps > 0, "days are looked at");
        let answer = serde_json::to_value(&answer).unwrap();
        answer["members"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(json!({"gte": 3})), ["in_one_day", "once_a_day"]);
    assert_eq!(found(json!({"gte": 2})), ["in_one_day", "once_a_day", "pair", "twice"]);
    assert_eq!(found(json!({"is": 2})), ["pair", "twice"]);
    assert_eq!(found(json!({"gte": 21, "lt": 22})), ["once_a_day"]);
    assert_eq!(found(json!({"lte": 2})), ["other", "pair", "twice"]);
}
