//! One rule of the report language in each test, on lines few enough to count by hand.

use crate::support::{Arrivals, fill};
use serde_json::{Value, json};
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports;
use trackcrumb::store::{Outcome, Snapshot};

/// A store of these lines, one JSON object a line.
fn store(lines: &str) -> Snapshot {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let history: Vec<(Value, i64)> = lines.map(|line| (serde_json::from_str(line).unwrap(), 0)).collect();
    let filled = fill(&history, Arrivals { batch: 2, seal_every: 2, reopen_every: 0 });
    let refused = filled.outcomes.iter().find(|outcome| matches!(outcome, Outcome::Refused(_)));
    assert_eq!(refused, None);
    filled.store.snapshot().unwrap()
}

fn ask(snapshot: &Snapshot, document: Value) -> Value {
    let report = Report::from_value(&document).unwrap();
    let now = Timestamp::parse("2026-02-01T00:00:00Z").unwrap();
    reports::run(snapshot, &report, now).unwrap().to_json()
}

fn error(snapshot: &Snapshot, document: Value) -> String {
    let report = Report::from_value(&document).unwrap();
    reports::run(snapshot, &report, Timestamp::MAX).unwrap_err().to_string()
}

/// A trends document over the first days of 2026, with more fields.
fn trends(series: Value, more: Value) -> Value {
    let mut document = json!({"report": "trends", "from": "2026-01-01", "to": "2026-01-04", "series": [series]});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

/// Label and values of each series.
fn series(answer: &Value) -> Vec<(Value, Value)> {
    let one = |series: &Value| (series["breakdown"].clone(), series["values"].clone());
    answer["series"].as_array().unwrap().iter().map(one).collect()
}

/// A company that changes its plan on the second day, and events of its members before, at and after that instant.
const PLANS: &str = r#"
    {"type":"group","group_type":"company","group_key":"acme","timestamp":"2026-01-01T00:00:00Z","properties":{"plan":"free"}}
    {"type":"track","distinct_id":"ann","event":"a","timestamp":"2026-01-01T10:00:00Z","groups":{"company":"acme"}}
    {"type":"track","distinct_id":"ann","event":"a","timestamp":"2026-01-02T10:00:00Z","groups":{"company":"acme"}}
    {"type":"group","group_type":"company","group_key":"acme","timestamp":"2026-01-02T10:00:00Z","properties":{"plan":"pro"}}
    {"type":"track","distinct_id":"bob","event":"a","timestamp":"2026-01-02T10:00:00Z","groups":{"company":"acme"}}
    {"type":"track","distinct_id":"cid","event":"a","timestamp":"2026-01-03T10:00:00Z"}
"#;

#[test]
fn as_of_the_event_is_the_version_before_it_in_order() {
    let plans = store(PLANS);
    let plan = |as_of: &str| json!({"property": "plan", "of": {"group": "company"}, "as_of": as_of});
    let by_plan =
        |as_of| ask(&plans, trends(json!({"event": "a", "measure": "total"}), json!({"breakdown": [plan(as_of)]})));
    // Ann's second event arrived before the call of the same instant, Bob's after it.
    let expected =
        [(json!(["free"]), json!([1, 1, 0])), (json!([null]), json!([0, 0, 1])), (json!(["pro"]), json!([0, 1, 0]))];
    assert_eq!(series(&by_plan("event")), expected);
    assert_eq!(series(&by_plan("now")), [(json!(["pro"]), json!([1, 2, 0])), (json!([null]), json!([0, 0, 1]))]);
}

#[test]
fn a_negative_op_is_the_complement_so_an_event_without_a_key_passes_it() {
    let plans = store(PLANS);
    let count = |op: &str| {
        let filter = json!({"property": "plan", "of": {"group": "company"}, "op": op, "value": "pro"});
        ask(&plans, trends(json!({"event": "a", "measure": "total"}), json!({"filter": filter})))["series"][0]["total"]
            .clone()
    };
    assert_eq!((count("is"), count("is_not")), (json!(3), json!(1)));
}

#[test]
fn a_late_call_changes_what_was_in_force_and_not_what_is_now() {
    let late = r#"
        {"type":"identify","distinct_id":"ann","timestamp":"2026-01-02T00:00:00Z","properties":{"role":"admin"}}
        {"type":"track","distinct_id":"ann","event":"a","timestamp":"2026-01-01T12:00:00Z"}
        {"type":"identify","distinct_id":"ann","timestamp":"2026-01-01T00:00:00Z","properties":{"role":"guest"}}
    "#;
    let by_role = |as_of: &str| {
        let role = json!({"property": "role", "of": "user", "as_of": as_of});
        series(&ask(&store(late), trends(json!({"event": "a"}), json!({"breakdown": [role]}))))[0].0.clone()
    };
    assert_eq!((by_role("event"), by_role("now")), (json!(["guest"]), json!(["admin"])));
}

/// Four values of a property on one day: b three times, a and null twice, c once.
const VALUES: &str = r#"
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-01T10:00:00Z","properties":{"p":"b","q":1}}
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-01T10:00:01Z","properties":{"p":"b","q":1.0}}
    {"type":"track","distinct_id":"u2","event":"a","timestamp":"2026-01-01T10:00:02Z","properties":{"p":"b","q":"1"}}
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-01T10:00:03Z","properties":{"p":"a"}}
    {"type":"track","distinct_id":"u3","event":"a","timestamp":"2026-01-01T10:00:04Z","properties":{"p":"a"}}
    {"type":"track","distinct_id":"u3","event":"a","timestamp":"2026-01-01T10:00:05Z","properties":{"p":null}}
    {"type":"track","distinct_id":"u3","event":"a","timestamp":"2026-01-01T10:00:06Z"}
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-02T10:00:07Z","properties":{"p":"c"}}
"#;

#[test]
fn values_are_ranked_by_events_then_null_first_and_the_rest_is_other() {
    let answer =
        ask(&store(VALUES), trends(json!({"event": "a"}), json!({"breakdown": [{"property": "p"}], "limit": 2})));
    let expected = [(json!(["b"]), json!([2, 0, 0])), (json!([null]), json!([1, 0, 0])), (json!([]), json!([2, 1, 0]))];
    assert_eq!(series(&answer), expected);
    assert_eq!(answer["series"][2]["other"], true);
    // Distinct over all events of the rest, not a sum of values: u1 is there with `a` and with `c`.
    assert_eq!(answer["series"][2]["total"], 2);
}

#[test]
fn values_are_ranked_by_their_totals_where_that_is_asked_and_those_without_come_last() {
    let ranked = |series: Value, more: Value| {
        let mut document = json!({"breakdown": [{"property": "p"}], "rank_by": "total"});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(&store(VALUES), trends(series, document))
    };
    let tuples = |answer: &Value| -> Vec<Value> { series(answer).into_iter().map(|(tuple, _)| tuple).collect() };
    // a and b have two users each, null and c one.
    let by_users = ranked(json!({"event": "a"}), json!({"limit": 3}));
    assert_eq!(tuples(&by_users), [json!(["a"]), json!(["b"]), json!([null]), json!([])]);
    // b has numbers; the others have none, and so no average.
    let by_average = ranked(json!({"event": "a", "measure": {"avg": "q"}}), json!({}));
    assert_eq!(tuples(&by_average), [json!(["b"]), json!([null]), json!(["a"]), json!(["c"])]);
    // A formula ranks by what it says: here the fewest events first.
    let by_formula = ranked(json!({"event": "a", "measure": "total"}), json!({"formula": "0 - A", "limit": 2}));
    assert_eq!(tuples(&by_formula), [json!(["c"]), json!([null]), json!([])]);
    assert_eq!(by_formula["series"][2]["total"], -5);
}

#[test]
fn sums_of_the_values_with_the_greatest_are_as_if_all_were_shown_and_the_rest_is_exact() {
    let numbers: [(&str, [Value; 3]); 4] = [
        ("w", [json!(1), json!(1), json!(1)]),
        ("x", [json!(5), json!(0.5), json!(-3)]),
        ("y", [json!("none"), json!(10), json!(null)]),
        ("z", [json!(1e300), json!(-1e300), json!(2)]),
    ];
    let lines = numbers.iter().flat_map(|(value, numbers)| {
        (1..).zip(numbers).map(move |(day, number)| {
            let properties = json!({"p": value, "q": number});
            let at = format!("2026-01-0{day}T10:00:00Z");
            json!({"type": "track", "distinct_id": "u", "event": "a", "timestamp": at, "properties": properties})
        })
    });
    // Enough rows that their sums are kept side by side, of whatever value.
    let others = (0..12).map(|number| {
        let (value, at) = (["w", "x", "y", "z"][number % 4], format!("2026-01-0{}T12:00:00Z", 1 + number % 3));
        json!({"type": "track", "distinct_id": "v", "event": "a", "timestamp": at, "properties": {"p": value}})
    });
    let lines = lines.chain(others);
    let numbers = store(&lines.map(|line| line.to_string()).collect::<Vec<_>>().join("\n"));
    let ranked = |measure: &str, more: Value| {
        let mut document = json!({"breakdown": [{"property": "p"}], "rank_by": "total", "limit": 2});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = ask(&numbers, trends(json!({"event": "a", "measure": {measure: "q"}}), document));
        let totals: Vec<Value> = answer["series"].as_array().unwrap().iter().map(|one| one["total"].clone()).collect();
        (series(&answer), totals, answer)
    };
    let (sums, totals, answer) = ranked("sum", json!({"compare": "previous"}));
    let expected =
        [(json!(["y"]), json!([0, 10, 0])), (json!(["w"]), json!([1, 1, 1])), (json!([]), json!([1e300, -1e300, -1]))];
    assert_eq!((sums, totals), (expected.to_vec(), vec![json!(10), json!(3), json!(4.5)]));
    assert_eq!(answer["series"][2]["previous"]["values"], json!([0, 0, 0]));
    assert_eq!(answer["coverage"]["matched"], 24);
    let (cumulative, totals, _) = ranked("sum", json!({"cumulative": true}));
    assert_eq!(cumulative[2].1, json!([1e300, 5.5, 4.5]));
    assert_eq!(totals[2], 4.5);
    let (averages, totals, _) = ranked("avg", json!({}));
    let expected = [
        (json!(["y"]), json!([null, 10, null])),
        (json!(["w"]), json!([1, 1, 1])),
        (json!([]), json!([5e299, -5e299, -0.5])),
    ];
    assert_eq!((averages, totals), (expected.to_vec(), vec![json!(10), json!(1), json!(0.75)]));
    // All series are shown by what the first comes to.
    let both = json!([{"event": "a", "measure": {"sum": "q"}}, {"event": "a", "measure": "total"}]);
    let breakdown = json!([{"property": "p"}]);
    let more = json!({"series": both, "breakdown": breakdown, "rank_by": "total", "limit": 1});
    let expected = [
        (json!(["y"]), json!([0, 10, 0])),
        (json!([]), json!([1e300, -1e300, 0])),
        (json!(["y"]), json!([2, 2, 2])),
        (json!([]), json!([6, 6, 6])),
    ];
    assert_eq!(series(&ask(&numbers, trends(json!({}), more))), expected);
}

#[test]
fn several_breakdowns_make_tuples_and_numbers_of_one_size_are_one_value() {
    let breakdown = json!([{"property": "p"}, {"property": "q"}]);
    let answer = ask(
        &store(VALUES),
        trends(json!({"event": "a", "measure": "total"}), json!({"breakdown": breakdown, "limit": 3})),
    );
    let tuples: Vec<Value> = series(&answer).into_iter().map(|(tuple, _)| tuple).collect();
    assert_eq!(tuples, [json!([null, null]), json!(["a", null]), json!(["b", 1]), json!([])]);
}

#[test]
fn the_units_behind_a_number_are_as_many_as_it_says() {
    let values = store(VALUES);
    let behind = |units: Value| {
        ask(
            &values,
            trends(json!({"event": "a"}), json!({"breakdown": [{"property": "p"}], "limit": 2, "units": units})),
        )
    };
    let other = behind(json!({"series": 0, "other": true, "bucket": "2026-01-01"}));
    assert_eq!((&other["size"], &other["members"]), (&json!(2), &json!(["u1", "u3"])));
    assert_eq!(behind(json!({"series": 0, "breakdown": [null]}))["members"], json!(["u3"]));
    let first = behind(json!({"series": 0, "breakdown": ["b"], "limit": 1}));
    assert_eq!((&first["size"], &first["next_cursor"]), (&json!(2), &json!("u1")));
    let second = behind(json!({"series": 0, "breakdown": ["b"], "limit": 1, "cursor": "u1"}));
    assert_eq!((&second["members"], &second["next_cursor"]), (&json!(["u2"]), &Value::Null));
}

#[test]
fn a_unit_is_asked_for_by_what_the_result_shows() {
    let document = trends(
        json!({"event": "a"}),
        json!({"breakdown": [{"property": "p"}], "limit": 2, "units": {"series": 0, "breakdown": ["c"]}}),
    );
    let said = error(&store(VALUES), document);
    assert!(said.starts_with("`units.breakdown`") || said.contains("units.breakdown"), "{said}");
}

/// An event on each of the days 30 December to 3 January, by one user a day but for two on the second.
const DAYS: &str = r#"
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2025-12-30T10:00:00Z","properties":{"n":0.1}}
    {"type":"track","distinct_id":"u2","event":"a","timestamp":"2025-12-31T10:00:00Z","properties":{"n":0.2}}
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-01T10:00:00Z","properties":{"n":0.3}}
    {"type":"track","distinct_id":"u2","event":"a","timestamp":"2026-01-02T10:00:00Z","properties":{"n":4}}
    {"type":"track","distinct_id":"u3","event":"a","timestamp":"2026-01-02T11:00:00Z","properties":{"n":"5"}}
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-03T10:00:00Z"}
"#;

#[test]
fn an_active_window_reaches_back_before_the_range() {
    let answer = ask(&store(DAYS), trends(json!({"event": "a", "measure": {"active": "2d"}}), json!({})));
    assert_eq!((&answer["series"][0]["values"], &answer["series"][0]["total"]), (&json!([2, 3, 3]), &json!(3)));
    // The range ends in the morning of the third day, so the windows of that bucket and of the total do, too.
    let cut = json!({"to": "2026-01-03T09:00:00Z"});
    let answer = ask(&store(DAYS), trends(json!({"event": "a", "measure": {"active": "1d"}}), cut));
    assert_eq!((&answer["series"][0]["values"], &answer["series"][0]["total"]), (&json!([1, 2, 0]), &json!(0)));
}

#[test]
fn cumulative_measures_from_the_start_of_the_range() {
    let of = |measure: Value| {
        ask(&store(DAYS), trends(json!({"event": "a", "measure": measure}), json!({"cumulative": true})))
    };
    assert_eq!(of(json!("unique"))["series"][0]["values"], json!([1, 3, 3]));
    assert_eq!(of(json!("total"))["series"][0]["values"], json!([1, 3, 4]));
    assert_eq!(of(json!({"max": "n"}))["series"][0]["values"], json!([0.3, 4, 4]));
}

#[test]
fn only_numbers_are_measured_and_sums_are_exact() {
    let of = |measure: Value| {
        let document =
            trends(json!({"event": "a", "measure": measure}), json!({"from": "2025-12-30", "to": "2026-01-02"}));
        ask(&store(DAYS), document)["series"][0]["total"].clone()
    };
    // 0.1 + 0.2 + 0.3, each a double, exactly and rounded once.
    assert_eq!(of(json!({"sum": "n"})), json!(0.6));
    assert_eq!(of(json!({"percentile": ["n", 0.5]})), json!(0.2));
    assert_eq!(of(json!({"min": "none"})), Value::Null);
    assert_eq!(of(json!({"sum": "none"})), json!(0));
}

#[test]
fn compare_moves_both_ends_back_by_as_many_intervals_as_there_are_buckets() {
    let document = trends(json!({"event": "a"}), json!({"from": "2026-01-02", "compare": "previous"}));
    let answer = ask(&store(DAYS), document);
    assert_eq!(answer["previous_buckets"], json!(["2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z"]));
    assert_eq!(answer["series"][0]["values"], json!([2, 1]));
    assert_eq!(answer["series"][0]["previous"], json!({"values": [1, 1], "total": 2}));
}

#[test]
fn a_formula_shows_itself_and_takes_totals_from_totals() {
    let mut document = trends(json!({"event": "a", "measure": "total"}), json!({"formula": "A / B"}));
    document["series"].as_array_mut().unwrap().push(json!({"event": "a"}));
    let answer = ask(&store(DAYS), document);
    assert_eq!(answer["series"].as_array().unwrap().len(), 1);
    assert_eq!((&answer["series"][0]["label"], &answer["series"][0]["total"]), (&json!("A / B"), &json!(4.0 / 3.0)));
}

#[test]
fn a_formulas_letters_stay_with_their_series_where_another_has_no_line() {
    // Counted by value there are no lines, as no key of the type has ever been seen.
    let lines = DAYS.to_owned()
        + r#"{"type":"track","distinct_id":"u1","event":"b","timestamp":"2026-01-01T10:00:00Z","groups":{"team":"t"}}"#;
    let mut document = trends(json!({"property_of": {"group": "team"}, "measure": {"count_by_value": "p"}}), json!({}));
    document["from"] = json!("2026-01-04");
    document["series"].as_array_mut().unwrap().push(json!({"property_of": {"group": "team"}, "measure": {"sum": "p"}}));
    document["formula"] = json!("B * 2 + 1");
    let answer = ask(&store(&lines), document);
    assert_eq!((&answer["series"][0]["values"], &answer["series"][0]["total"]), (&json!([]), &json!(1)));
}

#[test]
fn lifecycle_tells_new_returning_resurrecting_and_dormant_apart() {
    let document = json!({"report": "lifecycle", "from": "2026-01-01", "to": "2026-01-04", "event": "a"});
    let answer = ask(&store(DAYS), document.clone());
    // The day before the first is looked at whole: u2 was active then.
    assert_eq!(answer["new"], json!([0, 1, 0]));
    assert_eq!(answer["returning"], json!([0, 0, 0]));
    assert_eq!(answer["resurrecting"], json!([1, 1, 1]));
    assert_eq!(answer["dormant"], json!([1, 1, 2]));
    let mut behind = document;
    behind["units"] = json!({"bucket": "2026-01-03", "state": "dormant"});
    assert_eq!(ask(&store(DAYS), behind)["members"], json!(["u2", "u3"]));
}

#[test]
fn stickiness_counts_units_by_their_active_intervals() {
    let document = json!({"report": "stickiness", "from": "2026-01-01", "to": "2026-01-04", "event": "a"});
    let answer = ask(&store(DAYS), document.clone());
    assert_eq!((&answer["counts"], &answer["intervals"]), (&json!([2, 1, 0]), &json!(3)));
    let mut behind = document;
    behind["units"] = json!({"intervals": 2});
    assert_eq!(ask(&store(DAYS), behind)["members"], json!(["u1"]));
}

/// Three users on their ways through a, b and c.
const PATHS: &str = r#"
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-01T10:00:00Z"}
    {"type":"track","distinct_id":"u1","event":"b","timestamp":"2026-01-01T10:00:00Z"}
    {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-01-01T12:00:00Z"}
    {"type":"track","distinct_id":"u2","event":"b","timestamp":"2026-01-01T09:00:00Z"}
    {"type":"track","distinct_id":"u2","event":"a","timestamp":"2026-01-01T10:00:00Z"}
    {"type":"track","distinct_id":"u2","event":"c","timestamp":"2026-01-01T11:00:00Z"}
    {"type":"track","distinct_id":"u3","event":"a","timestamp":"2026-01-01T10:00:00Z"}
"#;

#[test]
fn paths_follow_a_units_first_start_or_lead_to_its_last_end() {
    let paths = |anchor: &str| {
        let mut document = json!({"report": "paths", "from": "2026-01-01", "to": "2026-01-02", "steps": 1, "limit": 1});
        document[anchor] = json!("a");
        ask(&store(PATHS), document)
    };
    let forward = paths("start");
    // u1 goes on to b (of the same instant, later in arrival), u2 to c, u3 nowhere. b and c tie, so b is shown.
    assert_eq!(
        forward["links"],
        json!([
            {"step": 0, "from": "a", "to": "b", "count": 1},
            {"step": 0, "from": "a", "to": {"other": true}, "count": 1},
            {"step": 0, "from": "a", "to": null, "count": 1},
        ])
    );
    assert_eq!(forward["nodes"][2], json!({"step": 1, "event": null, "other": true, "count": 1}));
    assert_eq!(forward["coverage"]["matched"], 4);
    let backward = paths("end");
    assert_eq!(
        backward["links"],
        json!([{"step": 0, "from": "a", "to": "b", "count": 2}, {"step": 0, "from": "a", "to": null, "count": 1}])
    );
}

#[test]
fn a_property_of_all_keys_is_read_as_of_each_buckets_end() {
    let seats = store(
        r#"
        {"type":"group","group_type":"company","group_key":"acme","timestamp":"2026-01-01T12:00:00Z","properties":{"seats":3,"plan":"free"}}
        {"type":"group","group_type":"company","group_key":"initech","timestamp":"2026-01-02T12:00:00Z","properties":{"seats":10}}
        {"type":"group","group_type":"company","group_key":"acme","timestamp":"2026-01-03T00:00:00Z","add":{"seats":2},"properties":{"plan":"pro"}}
        {"type":"track","distinct_id":"ann","event":"a","timestamp":"2026-01-03T12:00:00Z","groups":{"company":"hooli"}}
        "#,
    );
    let of = |measure: Value| {
        ask(&seats, trends(json!({"property_of": {"group": "company"}, "measure": measure}), json!({})))
    };
    // The call of the third midnight is not before it.
    assert_eq!(of(json!({"sum": "seats"}))["series"][0]["values"], json!([3, 13, 15]));
    assert_eq!(of(json!({"avg": "seats"}))["series"][0]["values"], json!([3, 6.5, 7.5]));
    let by_plan = of(json!({"count_by_value": "plan"}));
    let expected =
        [(json!([null]), json!([2, 2, 2])), (json!(["pro"]), json!([0, 0, 1])), (json!(["free"]), json!([1, 1, 0]))];
    assert_eq!(series(&by_plan), expected);
}

/// Two companies with a member each, a user who moved, and cohorts of users and of companies.
const COHORTS: &str = r#"
    {"type":"group","distinct_id":"ann","group_type":"company","group_key":"acme","timestamp":"2026-01-01T00:00:00Z","properties":{"plan":"pro"}}
    {"type":"group","distinct_id":"bob","group_type":"company","group_key":"initech","timestamp":"2026-01-01T00:00:00Z"}
    {"type":"track","distinct_id":"ann","event":"a","timestamp":"2026-01-01T10:00:00Z","groups":{"company":"acme"}}
    {"type":"track","distinct_id":"bob","event":"a","timestamp":"2026-01-01T11:00:00Z","groups":{"company":"acme"}}
    {"type":"track","distinct_id":"bob","event":"a","timestamp":"2026-01-02T11:00:00Z","groups":{"company":"initech"}}
    {"type":"cohort","name":"busy","report":{"report":"cohort","where":{"did":"a","times":{"gte":2}}}}
    {"type":"cohort","name":"paying","report":{"report":"cohort","count_by":{"group":"company"},"where":{"property":"plan","op":"is","value":"pro"}}}
"#;

#[test]
fn a_cohort_tests_the_events_own_user_or_key_whatever_is_counted() {
    let cohorts = store(COHORTS);
    let of = |count_by: Value, cohort: &str| {
        let more = json!({"count_by": count_by, "filter": {"cohort": cohort}});
        ask(&cohorts, trends(json!({"event": "a", "measure": "total"}), more))["series"][0]["total"].clone()
    };
    let companies = || json!({"group": "company"});
    assert_eq!((of(json!("users"), "busy"), of(companies(), "busy")), (json!(2), json!(2)));
    assert_eq!((of(json!("users"), "paying"), of(companies(), "paying")), (json!(2), json!(2)));
}

#[test]
fn cohorts_of_users_and_of_keys_meet_through_membership() {
    let cohorts = store(COHORTS);
    let cohort = |more: Value| {
        let mut document = json!({"report": "cohort"});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(&cohorts, document)["members"].clone()
    };
    assert_eq!(cohort(json!({"where": {"member_of": {"cohort": "paying"}}})), json!(["ann"]));
    let busy = json!({"count_by": {"group": "company"}, "where": {"has_member_in": {"cohort": "busy"}}});
    assert_eq!(cohort(busy), json!(["initech"]));
    assert_eq!(cohort(json!({"where": {"not": {"cohort": "busy"}}})), json!(["ann"]));
    let said = error(&cohorts, json!({"report": "cohort", "where": {"cohort": "paying"}}));
    assert!(said.starts_with("cohort `paying` is one of keys of `company`, which this condition cannot use"), "{said}");
    let said = error(&cohorts, json!({"report": "cohort", "where": {"cohort": "payin"}}));
    assert_eq!(said, "there is no cohort `payin`; did you mean `paying`?");
}

/// What is said of a cohort line that arrives after these lines.
fn refusal(lines: &str, cohort: Value) -> String {
    let line = json!({"type": "cohort", "name": "new", "report": cohort}).to_string();
    let history: Vec<(Value, i64)> = lines
        .lines()
        .chain([line.as_str()])
        .filter(|line| !line.trim().is_empty())
        .map(|line| (serde_json::from_str(line).unwrap(), 0))
        .collect();
    match fill(&history, Arrivals { batch: 100, seal_every: 0, reopen_every: 0 }).outcomes.pop().unwrap() {
        Outcome::Refused(refusal) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_saved_cohort_that_could_never_be_evaluated_is_refused() {
    let of_keys = refusal(COHORTS, json!({"report": "cohort", "where": {"cohort": "paying"}}));
    assert!(of_keys.contains("the cohort `paying` counts other units than are asked for"), "{of_keys}");
    let backwards = json!({"report": "cohort", "from": "2026-02-01", "to": "2026-01-01", "where": {"did": "a"}});
    let backwards = refusal(COHORTS, backwards);
    assert!(backwards.contains("`2026-02-01` is after `to`"), "{backwards}");
    // `relying` needs `new` to be a cohort of keys.
    let lines = COHORTS.to_owned()
        + r#"
        {"type":"cohort","name":"new","report":{"report":"cohort","count_by":{"group":"company"},"where":{"did":"a"}}}
        {"type":"cohort","name":"relying","report":{"report":"cohort","where":{"member_of":{"cohort":"new"}}}}"#;
    let changed = refusal(&lines, json!({"report": "cohort", "where": {"did": "a"}}));
    assert!(changed.contains("the cohort `relying` builds on it"), "{changed}");
}

#[test]
fn cohorts_build_on_one_another_at_most_64_deep() {
    let mut lines = COHORTS.to_owned();
    let mut below = "busy".to_owned();
    for number in 2..=64 {
        let report = json!({"report": "cohort", "where": {"cohort": below}});
        below = format!("c{number}");
        lines += &format!("\n{}", json!({"type": "cohort", "name": below, "report": report}));
    }
    assert_eq!(ask(&store(&lines), json!({"report": "cohort", "where": {"cohort": "c64"}}))["members"], json!(["bob"]));
    let deeper = refusal(&lines, json!({"report": "cohort", "where": {"cohort": "c64"}}));
    assert!(deeper.contains("more than 64 deep"), "{deeper}");
    // Replacing the lowest by one that builds on another makes the chain longer, too.
    lines += r#"
        {"type":"cohort","name":"all","report":{"report":"cohort","where":{"all":[]}}}"#;
    let lowest = json!({"type": "cohort", "name": "busy", "report": {"report": "cohort", "where": {"cohort": "all"}}});
    let history: Vec<(Value, i64)> = (lines + "\n" + &lowest.to_string())
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| (serde_json::from_str(line).unwrap(), 0))
        .collect();
    let filled = fill(&history, Arrivals { batch: 100, seal_every: 0, reopen_every: 0 });
    assert!(matches!(filled.outcomes.last(), Some(Outcome::Refused(_))), "{:?}", filled.outcomes.last());
}

#[test]
fn an_error_in_a_saved_cohort_says_in_which() {
    let lines = COHORTS.to_owned()
        + r#"
        {"type":"cohort","name":"lately","report":{"report":"cohort","from":"2026-01-01","to":"-30d","where":{"did":"a"}}}"#;
    let document = json!({"report": "cohort", "now": "2026-01-05T00:00:00Z", "where": {"cohort": "lately"}});
    let said = error(&store(&lines), document);
    assert!(said.starts_with("in the cohort `lately`: `from`: `2026-01-01` is after `to`"), "{said}");
}

#[test]
fn a_cohort_can_be_made_of_the_units_behind_a_number() {
    let inner = json!({"report": "stickiness", "from": "2026-01-01", "to": "2026-01-04", "event": "a", "units": {"intervals": 2}});
    let answer = ask(&store(COHORTS), json!({"report": "cohort", "where": {"report": inner}}));
    assert_eq!(answer["members"], json!(["bob"]));
}

#[test]
fn retention_on_or_after_counts_whoever_comes_back_then_or_later() {
    let retention = |bound: &str| {
        let document = json!({"report": "retention", "from": "2025-12-30", "to": "2026-01-04", "start": "a", "periods": 4, "bound": bound});
        ask(&store(DAYS), document)
    };
    // u1 starts on the 30th and comes back 2 and 4 days later.
    assert_eq!(retention("on")["rows"][0]["values"], json!([1, 0, 1, 0]));
    assert_eq!(retention("on_or_after")["rows"][0]["values"], json!([1, 1, 1, 1]));
    assert_eq!(retention("on")["rows"][4]["values"], json!([0, null, null, null]));
    // Pooled: of the starters of 30 December, 31 December and 2 January, none comes back a day later.
    assert_eq!(retention("on")["mean"], json!([1, 0, 1, 0]));
}

#[test]
fn a_day_of_25_hours_is_one_bucket_and_its_repeated_hour_two() {
    let back = store(
        r#"
        {"type":"track","distinct_id":"u1","event":"a","timestamp":"2026-10-25T00:30:00Z"}
        {"type":"track","distinct_id":"u2","event":"a","timestamp":"2026-10-25T01:30:00Z"}
        {"type":"track","distinct_id":"u3","event":"a","timestamp":"2026-10-25T22:30:00Z"}
        "#,
    );
    let berlin = |interval: &str, from: &str, to: &str| {
        let document = json!({"report": "trends", "from": from, "to": to, "timezone": "Europe/Berlin", "interval": interval, "series": [{"event": "a"}]});
        ask(&back, document)
    };
    assert_eq!(berlin("day", "2026-10-25", "2026-10-26")["series"][0]["values"], json!([3]));
    let hours = berlin("hour", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z");
    assert_eq!(hours["buckets"], json!(["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]));
    assert_eq!(hours["series"][0]["values"], json!([1, 1]));
}
