//! Single rules of funnels, on histories small enough to check by hand.

use super::named::{counts, error, run};
use crate::support::{Arrivals, fill};
use serde_json::{Value, json};
use trackcrumb::store::Snapshot;

/// Events as (event, user, minutes into 2026-01-01, properties), all of them of one company.
fn snapshot(events: &[(&str, &str, u32, Value)]) -> Snapshot {
    let lines = events.iter().map(|(event, user, minute, properties)| {
        let time = 1_767_225_600_000_i64 + i64::from(*minute) * 60_000;
        let line = json!({"type": "track", "event": event, "distinct_id": user, "timestamp": time,
                          "groups": {"company": "acme"}, "properties": properties});
        (line, 0)
    });
    let history: Vec<(Value, i64)> = lines.collect();
    fill(&history, Arrivals { batch: 2, seal_every: 2, reopen_every: 0 }).store.snapshot().unwrap()
}

/// The same without properties.
fn plain(events: &[(&str, &str, u32)]) -> Snapshot {
    let with_none: Vec<_> = events.iter().map(|(event, user, minute)| (*event, *user, *minute, json!({}))).collect();
    snapshot(&with_none)
}

/// A funnel over January with these steps, and with more fields.
fn funnel(steps: &[&str], fields: Value) -> Value {
    let mut document = json!({"report": "funnel", "from": "2026-01-01", "to": "2026-02-01", "steps": steps});
    for (name, value) in fields.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

fn reached(events: &Snapshot, steps: &[&str], fields: Value) -> Vec<u64> {
    counts(&run(events, funnel(steps, fields)))
}

/// The value, whether it is the rest, and the counts of each series.
fn series(answer: &Value) -> Vec<(Value, bool, Vec<u64>)> {
    let one = |series: &Value| (series["breakdown"].clone(), series.get("other").is_some(), counts(series));
    answer["series"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn strict_wants_the_next_seen_event_to_be_the_next_step() {
    let events = plain(&[("a", "u", 1), ("x", "u", 2), ("b", "u", 3), ("a", "v", 1), ("x", "w", 2), ("b", "v", 3)]);
    assert_eq!(reached(&events, &["a", "b"], json!({})), [2, 2]);
    assert_eq!(reached(&events, &["a", "b"], json!({"order": "strict"})), [2, 1]);
}

#[test]
fn the_filter_of_the_document_hides_events_from_strict_and_that_of_a_step_does_not() {
    let hidden = json!({"hidden": true});
    let events = snapshot(&[("a", "u", 1, json!({})), ("b", "u", 2, hidden), ("b", "u", 3, json!({}))]);
    let seen = json!({"property": "hidden", "op": "not_set"});
    assert_eq!(reached(&events, &["a", "b"], json!({"order": "strict", "filter": seen.clone()})), [1, 1]);
    let mut document = funnel(&["a", "b"], json!({"order": "strict"}));
    document["steps"][1] = json!({"event": "b", "filter": seen});
    assert_eq!(counts(&run(&events, document)), [1, 0]);
}

#[test]
fn any_order_counts_how_many_steps_different_events_can_fill() {
    let events = plain(&[("c", "u", 1), ("a", "u", 5), ("b", "u", 9), ("b", "v", 1), ("b", "v", 2)]);
    let answer = run(&events, funnel(&["a", "b", "c"], json!({"order": "any", "window": "8m"})));
    assert_eq!(counts(&answer), [2, 1, 1]);
    assert_eq!(answer["steps"][1]["median_seconds"], 240);
    assert_eq!(reached(&events, &["a", "b", "c"], json!({"order": "any", "window": "7m"})), [2, 1, 0]);
}

#[test]
fn in_any_order_an_event_gives_way_to_one_that_can_fill_less() {
    let events = plain(&[("a", "u", 1), ("b", "u", 2)]);
    let mut document = funnel(&["a", "b"], json!({"order": "any"}));
    document["steps"] = json!([["a", "b"], "a"]);
    assert_eq!(counts(&run(&events, document)), [1, 1]);
}

#[test]
fn the_first_attempt_alone_counts_when_asked_for() {
    let events = plain(&[("a", "u", 1), ("a", "u", 100), ("b", "u", 101)]);
    assert_eq!(reached(&events, &["a", "b"], json!({"window": "10m"})), [1, 1]);
    assert_eq!(reached(&events, &["a", "b"], json!({"window": "10m", "entry": "first"})), [1, 0]);
}

#[test]
fn an_excluded_event_stops_an_attempt_before_the_second_of_its_steps() {
    let events = plain(&[("a", "u", 1), ("x", "u", 2), ("b", "u", 3), ("c", "u", 4), ("x", "u", 5)]);
    let with = |exclude: Value| reached(&events, &["a", "b", "c"], json!({"exclude": [exclude]}));
    assert_eq!(with(json!({"event": "x"})), [1, 1, 0], "between the first and the last step");
    assert_eq!(with(json!({"event": "x", "to": 2})), [1, 0, 0]);
    assert_eq!(with(json!({"event": "x", "from": 2})), [1, 1, 1]);
    assert_eq!(with(json!({"event": "b"})), [1, 1, 0], "the event of a step between counts");
    assert_eq!(with(json!({"event": ["a", "c"]})), [1, 1, 1], "those of the two steps themselves do not");
}

#[test]
fn an_excluded_attempt_is_followed_by_a_new_one() {
    let events = plain(&[("a", "u", 1), ("x", "u", 2), ("a", "u", 3), ("b", "u", 4)]);
    let answer = run(&events, funnel(&["a", "b"], json!({"exclude": [{"event": "x"}]})));
    assert_eq!((counts(&answer), &answer["steps"][1]["median_seconds"]), (vec![1, 1], &json!(60)));
}

#[test]
fn the_same_user_throughout_when_companies_are_counted() {
    let events = plain(&[("a", "ann", 1), ("b", "bob", 2), ("c", "ann", 3)]);
    let by_company = |fields: Value| {
        let mut fields = fields;
        fields["count_by"] = json!({"group": "company"});
        reached(&events, &["a", "b", "c"], fields)
    };
    assert_eq!(by_company(json!({})), [1, 1, 1]);
    assert_eq!(by_company(json!({"hold": "user"})), [1, 0, 0]);
}

#[test]
fn held_values_are_json_values_and_events_without_one_are_in_no_part() {
    let of = |plan: Value| json!({"plan": plan});
    let held = |first: Value, second: Value| {
        let events = snapshot(&[("a", "u", 1, of(first)), ("b", "u", 2, of(second))]);
        reached(&events, &["a", "b"], json!({"hold": {"property": "plan"}}))
    };
    assert_eq!(held(json!(1), json!(1.0)), [1, 1]);
    assert_eq!(held(json!(1), json!("1")), [1, 0]);
    assert_eq!(held(json!(null), json!(null)), [0, 0]);
    assert_eq!(held(json!([1, 2]), json!([1, 2])), [1, 1]);
}

#[test]
fn a_unit_stands_under_the_value_with_which_the_attempt_that_counts_began() {
    let from = |country: &str| json!({ "country": country });
    let events = snapshot(&[
        ("a", "u", 1, from("US")),
        ("a", "u", 100, from("DE")),
        ("b", "u", 101, from("FR")),
        ("a", "v", 1, json!({})),
        ("a", "w", 1, from("DE")),
    ]);
    let fields = json!({"window": "10m", "breakdown": [{"property": "country"}]});
    let answer = run(&events, funnel(&["a", "b"], fields.clone()));
    assert_eq!(series(&answer), [(json!(["DE"]), false, vec![2, 1]), (json!([null]), false, vec![1, 0])]);
    let mut limited = funnel(&["a", "b"], fields);
    limited["limit"] = json!(1);
    assert_eq!(
        series(&run(&events, limited)),
        [(json!(["DE"]), false, vec![2, 1]), (json!([]), true, vec![1, 0])],
        "the rest comes last"
    );
}

#[test]
fn a_breakdown_of_nothing_has_no_series() {
    let events = plain(&[("b", "u", 1)]);
    let answer = run(&events, funnel(&["a", "b"], json!({"breakdown": [{"property": "country"}]})));
    assert_eq!(answer, json!({"series": [], "coverage": {"matched": 1, "without_group": 0}}));
}

/// Two days on which the same user starts: without going on, and twice with.
fn two_days() -> Snapshot {
    let from = |country: &str| json!({ "country": country });
    snapshot(&[
        ("a", "u", 1, from("US")),
        ("a", "u", 2000, from("US")),
        ("a", "u", 2001, from("DE")),
        ("b", "u", 2002, json!({})),
    ])
}

fn starts(fields: Value) -> Value {
    let mut document = funnel(&["a", "b"], json!({"window": "10m", "interval": "day"}));
    document["to"] = json!("2026-01-03");
    for (name, value) in fields.as_object().unwrap() {
        document[name] = value.clone();
    }
    run(&two_days(), document)
}

#[test]
fn by_start_a_unit_counts_once_in_each_bucket_at_its_best() {
    let expected = json!({"buckets": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], "counts": [[1, 1], [0, 1]]});
    assert_eq!(starts(json!({}))["by_start"], expected);
    assert_eq!(starts(json!({"entry": "first"}))["by_start"]["counts"], json!([[1, 0], [0, 0]]));
}

#[test]
fn by_start_a_series_has_the_attempts_that_began_with_its_value() {
    let answer = starts(json!({"breakdown": [{"property": "country"}]}));
    // The attempt that counts began in the US; the German one counts for no series.
    assert_eq!(series(&answer), [(json!(["US"]), false, vec![1, 1])]);
    assert_eq!(answer["series"][0]["by_start"]["counts"], json!([[1, 1], [0, 1]]));
}

#[test]
fn the_units_behind_a_number_are_as_many() {
    let from = |country: &str| json!({ "country": country });
    let events = snapshot(&[
        ("a", "u", 1, from("US")),
        ("b", "u", 2, json!({})),
        ("a", "v", 1, from("US")),
        ("a", "w", 1, from("DE")),
    ]);
    let behind = |fields: Value, units: Value| {
        let mut document = funnel(&["a", "b"], fields);
        document["units"] = units;
        let answer = run(&events, document);
        (answer["size"].as_u64().unwrap(), answer["members"].clone(), answer["next_cursor"].clone())
    };
    assert_eq!(behind(json!({}), json!({"step": 1})), (3, json!(["u", "v", "w"]), Value::Null));
    assert_eq!(behind(json!({}), json!({"step": 2})), (1, json!(["u"]), Value::Null));
    assert_eq!(behind(json!({}), json!({"step": 1, "dropped": true})), (2, json!(["v", "w"]), Value::Null));
    assert_eq!(behind(json!({}), json!({"step": 1, "limit": 2})), (3, json!(["u", "v"]), json!("v")));
    let split = || json!({"breakdown": [{"property": "country"}], "limit": 1});
    let american = json!({"step": 1, "breakdown": ["US"], "dropped": true});
    assert_eq!(behind(split(), american), (1, json!(["v"]), Value::Null));
    assert_eq!(behind(split(), json!({"step": 1, "other": true})), (1, json!(["w"]), Value::Null));
    assert_eq!(behind(split(), json!({"step": 1})), (3, json!(["u", "v", "w"]), Value::Null), "all values together");
    let mut unknown = funnel(&["a", "b"], split());
    unknown["units"] = json!({"step": 1, "breakdown": ["DE"]});
    let sentence =
        "`units.breakdown`: the result has no series of this value; give the `breakdown` of one that it shows";
    assert_eq!(error(&events, unknown), sentence, "it is among the rest");
}
