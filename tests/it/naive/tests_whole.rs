//! Tests of the evaluator itself: the rest of the report language.
#![allow(clippy::unwrap_used, reason = "a test says what it expects")]

use serde_json::{Value, json};

use super::Naive;

const NOW: i64 = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z

fn store(lines: Value) -> Naive {
    let mut naive = Naive::default();
    for line in lines.as_array().unwrap() {
        assert_eq!(naive.accept(line, NOW), super::Outcome::Accepted, "{line}");
    }
    naive
}

/// `[user, event, day and time in January 2026, company or null, properties]`
fn tracks(rows: Value) -> Value {
    let line = |row: &Value| {
        let time = format!("2026-01-{}Z", row[2].as_str().unwrap());
        let mut line = json!({"type": "track", "distinct_id": row[0], "event": row[1], "timestamp": time});
        if row[3].is_string() {
            line["groups"] = json!({"company": row[3]});
        }
        if row[4].is_object() {
            line["properties"] = row[4].clone();
        }
        line
    };
    rows.as_array().unwrap().iter().map(line).collect()
}

fn ask(naive: &Naive, document: Value) -> Value {
    naive.report(&document, NOW).unwrap()
}

fn check(naive: &Naive, document: Value, pointer: &str, expected: Value) {
    let result = ask(naive, document);
    assert_eq!(result.pointer(pointer), Some(&expected), "{result}");
}

fn three_days() -> Naive {
    store(tracks(json!([
        ["u", "a", "01T10:00:00", "k", {"n": 1}], ["v", "a", "01T11:00:00", "k", {"n": 2}],
        ["u", "b", "02T10:00:00", "l", {"n": 4}], ["u", "a", "03T10:00:00", null, {"n": 8}],
        ["v", "b", "03T11:00:00", "k", {"n": 0.1}], ["w", "a", "03T12:00:00", "l"],
    ])))
}

fn trends(extra: Value) -> Value {
    let mut document = json!({"report": "trends", "from": "2026-01-01", "to": "2026-01-04",
        "series": [{"event": "a", "measure": "total"}, {"event": "b", "measure": "total"}]});
    document.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    document
}

#[test]
fn trends_accumulate_compare_and_compute() {
    let naive = three_days();
    check(&naive, trends(json!({"cumulative": true})), "/series/0/values", json!([2, 2, 4]));
    let formula = ask(&naive, trends(json!({"formula": "-(A - 1) / B"})));
    assert_eq!(
        formula["series"],
        json!([{"label": "-(A - 1) / B", "breakdown": [], "values": [null, 1, -1], "total": -1.5}])
    );
    let compared = ask(&naive, trends(json!({"from": "2026-01-03", "compare": "previous"})));
    assert_eq!(compared["previous_buckets"], json!(["2026-01-02T00:00:00Z"]));
    assert_eq!(compared["series"][1]["previous"], json!({"values": [1], "total": 1}));
    // Clocks went from two to three at 05:30 of UTC.
    let times = ["2025-03-09T05:29:59Z", "2025-03-09T05:30:00Z", "2025-03-11T12:00:00Z"];
    let naive_of_march =
        store(times.map(|time| json!({"type": "track", "distinct_id": "u", "event": "a", "timestamp": time})).into());
    let week = trends(
        json!({"from": "2025-03-10", "to": "2025-03-16T05:19:29.5Z", "interval": "week", "timezone": "America/St_Johns", "compare": "previous"}),
    );
    check(&naive_of_march, week, "/series/0/previous/total", json!(1));
    let active = json!([{"event": "a", "measure": {"active": "2d"}}]);
    check(&naive, trends(json!({"series": active})), "/series/0/values", json!([2, 2, 2]));
    check(&naive, trends(json!({"series": active, "from": "2026-01-02"})), "/series/0/total", json!(2));
    assert!(naive.report(&trends(json!({"series": active, "cumulative": true})), NOW).is_err());
    let units = json!({"series": 0, "bucket": "2026-01-03T00:00:00Z"});
    check(&naive, trends(json!({"units": units})), "/members", json!(["u", "w"]));
}

#[test]
fn breakdowns_reach_units_groups_and_versions() {
    let mut lines = tracks(json!([
        ["u", "a", "01T10:00:00", "k"],
        ["u", "a", "03T10:00:00", "k"],
        ["v", "a", "03T10:00:00", null]
    ]));
    let call = |time: &str, plan: &str| json!({"type": "group", "group_type": "company", "group_key": "k", "timestamp": time, "properties": {"plan": plan}});
    lines.as_array_mut().unwrap().extend([call("2026-01-02T00:00:00Z", "pro"), call("2026-01-03T10:00:00Z", "max")]);
    let naive = store(lines);
    let by = |as_of: &str| {
        let part = json!({"property": "plan", "of": {"group": "company"}, "as_of": as_of});
        let result = ask(&naive, trends(json!({"series": [{"event": "a", "measure": "total"}], "breakdown": [part]})));
        let series = result["series"].as_array().unwrap().clone();
        series.iter().map(|one| (one["breakdown"][0].clone(), one["total"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(by("now"), [(json!("max"), json!(2)), (Value::Null, json!(1))]);
    // The call of the same instant arrived after the event: not yet in force.
    assert_eq!(by("event"), [(Value::Null, json!(2)), (json!("pro"), json!(1))]);
}

#[test]
fn property_of_reads_versions_at_bucket_ends() {
    let call = |key: &str, time: &str, plan: Value| json!({"type": "group", "group_type": "company", "group_key": key, "timestamp": time, "properties": {"plan": plan}});
    let naive = store(json!([
        call("k", "2026-01-01T12:00:00Z", json!(1)),
        call("k", "2026-01-03T00:00:00Z", json!(5)),
        call("l", "2026-01-02T00:00:00Z", json!(2)),
    ]));
    let series = |measure: Value| {
        trends(json!({"series": [{"property_of": {"group": "company"}, "measure": measure, "label": "p"}]}))
    };
    check(&naive, series(json!({"sum": "plan"})), "/series/0/values", json!([1, 3, 7]));
    check(&naive, series(json!({"avg": "plan"})), "/series/0/total", json!(3.5));
    let counted = ask(&naive, series(json!({"count_by_value": "plan"})));
    let values: Vec<(&Value, &Value)> =
        counted["series"].as_array().unwrap().iter().map(|s| (&s["breakdown"][0], &s["values"])).collect();
    let expected = json!([[2, [0, 1, 1]], [5, [0, 0, 1]], [null, [1, 0, 0]], [1, [1, 1, 0]]]);
    assert_eq!(json!(values), expected);
}

#[test]
fn funnels_hold_start_and_pool() {
    let naive = store(tracks(json!([
        ["u", "a", "01T10:00:00", "k", {"p": 1}], ["v", "b", "01T11:00:00", "k", {"p": 1}],
        ["u", "b", "02T10:00:00", "k", {"p": 2}], ["w", "a", "02T00:00:00", "l"],
    ])));
    let funnel = |extra: Value| {
        let mut document = json!({"report": "funnel", "from": "2026-01-01", "to": "2026-01-03", "steps": ["a", "b"], "count_by": {"group": "company"}});
        document.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        document
    };
    check(&naive, funnel(json!({})), "/steps/1/median_seconds", json!(3600));
    check(&naive, funnel(json!({"hold": "user"})), "/steps/1/median_seconds", json!(86_400));
    check(&naive, funnel(json!({"hold": {"property": "p"}})), "/steps/0/count", json!(1));
    let by_start = json!({"buckets": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], "counts": [[1, 1], [1, 0]]});
    check(&naive, funnel(json!({"interval": "day"})), "/by_start", by_start);
    check(&naive, funnel(json!({"units": {"step": 1, "dropped": true}})), "/members", json!(["l"]));
    let broken = ask(&naive, funnel(json!({"breakdown": [{"property": "p"}], "limit": 1})));
    assert_eq!(broken["series"][0]["breakdown"], json!([null]));
    assert_eq!(broken["series"][1]["other"], json!(true));
}

#[test]
fn lifecycle_stickiness_and_paths() {
    let naive = three_days();
    let base = json!({"from": "2026-01-02", "to": "2026-01-04", "event": "*"});
    let with = |report: &str| {
        let mut document = base.clone();
        document["report"] = json!(report);
        ask(&naive, document)
    };
    let lifecycle = with("lifecycle");
    let states: Vec<&Value> =
        ["new", "returning", "resurrecting", "dormant"].iter().map(|state| &lifecycle[*state]).collect();
    assert_eq!(json!(states), json!([[0, 1], [1, 1], [0, 1], [1, 0]]));
    assert_eq!(with("stickiness")["counts"], json!([2, 1]));
    let paths =
        ask(&naive, json!({"report": "paths", "from": "2026-01-01", "to": "2026-01-04", "start": "a", "steps": 2}));
    let nodes = json!([
        {"step": 0, "event": "a", "count": 3}, {"step": 1, "event": "b", "count": 2}, {"step": 2, "event": "a", "count": 1},
    ]);
    assert_eq!(paths["nodes"], nodes);
    let links = json!([
        {"step": 0, "from": "a", "to": "b", "count": 2}, {"step": 0, "from": "a", "to": null, "count": 1},
        {"step": 1, "from": "b", "to": "a", "count": 1}, {"step": 1, "from": "b", "to": null, "count": 1},
    ]);
    assert_eq!(paths["links"], links);
}

#[test]
fn cohorts_relate_users_and_keys() {
    let naive = store(tracks(json!([
        ["u", "a", "01T10:00:00", "k"],
        ["u", "a", "02T10:00:00", "l"],
        ["v", "a", "01T10:00:00", "k"],
        ["w", "b", "01T10:00:00", null],
    ])));
    let users = |condition: Value| ask(&naive, json!({"report": "cohort", "where": condition}))["members"].clone();
    assert_eq!(users(json!({"member_of": {"group": "company", "key": ["k"]}})), json!(["v"]));
    let behind = json!({"report": "trends", "from": "2026-01-02", "to": "2026-01-03", "series": [{"event": "a"}], "units": {"series": 0}});
    assert_eq!(users(json!({"not": {"report": behind}})), json!(["v", "w"]));
    let mut naive = naive;
    let save = json!({"type": "cohort", "name": "c", "report": {"report": "cohort", "where": {"did": "a", "times": {"gt": 1}}}});
    naive.accept(&save, NOW);
    let keys =
        json!({"report": "cohort", "count_by": {"group": "company"}, "where": {"has_member_in": {"cohort": "c"}}});
    check(&naive, keys, "/members", json!(["l"]));
}

#[test]
fn types_come_by_use_or_by_declaration() {
    let mut naive = three_days();
    naive.declare_group_type("team", "Teams");
    assert_eq!(
        naive.groups(None).unwrap(),
        json!({"types": [{"type": "company", "keys": 2}, {"type": "team", "keys": 0}]})
    );
    let row = |key: &str| json!({"type": "company", "key": key, "properties": {}, "last_updated": null});
    assert_eq!(naive.groups(Some("company")).unwrap(), json!({"rows": [row("k"), row("l")], "next_cursor": null}));
    assert_eq!(naive.groups(Some("team")).unwrap()["rows"], json!([]));
    assert!(naive.groups(Some("teem")).is_err() && naive.group("team", "k").is_err());
    check(
        &naive,
        trends(json!({"count_by": {"group": "team"}})),
        "/coverage",
        json!({"matched": 6, "without_group": 6}),
    );
    assert!(naive.report(&trends(json!({"count_by": {"group": "teem"}})), NOW).is_err());
    assert_eq!(naive.user("v").unwrap()["groups"], json!({"company": "k"}));
}
