//! Tests of the evaluator itself: the sentences of the contract that are easy to get wrong.
#![allow(clippy::unwrap_used, reason = "a test says what it expects")]

use serde_json::{Value, json};

use super::number::{Share, average, number, sum};
use super::time::{Clock, Interval};
use super::value::{Plain, at_path, object_of};
use super::{Naive, Outcome, timestamp};

const NOW: i64 = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z

fn us(text: &str) -> i64 {
    timestamp::of_text(text).expect("a timestamp")
}

fn store(lines: &[Value]) -> Naive {
    let mut naive = Naive::default();
    for line in lines {
        assert_ne!(naive.accept(line, NOW), Outcome::Refused(String::new()));
    }
    naive
}

fn track(user: &str, event: &str, time: &str) -> Value {
    json!({"type": "track", "distinct_id": user, "event": event, "timestamp": time})
}

fn plains(json: Value) -> Vec<Plain> {
    json.as_array().unwrap().iter().map(Plain::of).collect()
}

fn check_sum(json: Value, expected: Option<f64>) {
    let values = plains(json);
    assert_eq!(sum(&values.iter().collect::<Vec<_>>()), expected);
}

#[test]
fn sums_are_exact_and_rounded_once() {
    check_sum(json!([]), Some(0.0));
    check_sum(json!([0.1, 0.2, 0.3]), Some(0.6));
    check_sum(json!([1e308, 1e308, -1e308]), Some(1e308));
    check_sum(json!([1e308, 1e308]), None);
    check_sum(json!([1e16, 1, -1e16]), Some(1.0));
    check_sum(json!([9_007_199_254_740_992_i64, 1, 5e-324]), Some(9_007_199_254_740_994.0));
    check_sum(json!([9_007_199_254_740_992_i64, 1]), Some(9_007_199_254_740_992.0));
    check_sum(json!([5e-324, 5e-324]), Some(1e-323));
    let values = plains(json!([5e-324, 0]));
    assert_eq!(average(&values.iter().collect::<Vec<_>>()), Some(0.0));
    let values = plains(json!([1, 2, 2]));
    assert_eq!(average(&values.iter().collect::<Vec<_>>()), Some(5.0 / 3.0));
}

#[test]
fn numbers_are_written_as_promised() {
    assert_eq!(number(Some(-0.0)).to_string(), "0");
    assert_eq!(number(Some(3.0)).to_string(), "3");
    assert_eq!(number(Some(0.5)).to_string(), "0.5");
    assert!(number(Some(9_007_199_254_740_992.0)).is_f64());
    assert!(number(Some(-9_007_199_254_740_991.0)).is_i64());
}

#[test]
fn percentile_takes_the_decimal_as_written() {
    let rank = |share: Value, n: usize| Share::of(&share).unwrap().rank(n);
    assert_eq!(rank(json!(0.9), 10), 9);
    assert_eq!(rank(json!(0.7), 10), 7);
    assert_eq!(rank(json!(0.29), 100), 29);
    assert_eq!(rank(json!(0), 5), 1);
    assert_eq!(rank(json!(1), 5), 5);
    assert_eq!(rank(json!(1e-9), 5), 1);
    assert!(Share::of(&json!(1.1)).is_err());
}

#[test]
fn values_compare_exactly() {
    let of = |json: Value| Plain::of(&json);
    assert_eq!(of(json!(1)), of(json!(1.0)));
    assert_eq!(of(json!(0)), of(json!(-0.0)));
    assert_ne!(of(json!(1)), of(json!("1")));
    assert_ne!(of(json!(1)), of(json!(true)));
    assert_eq!(of(json!({"a": [1.0]})), of(json!({"a": [1]})));
    assert!(of(json!(9_007_199_254_740_993_i64)) > of(json!(9_007_199_254_740_992.0)));
    assert!(of(json!(u64::MAX)) < of(json!(18_446_744_073_709_551_616.0)));
    assert!(of(json!(0)) < of(json!(0.5)) && of(json!(0.5)) < of(json!(1)) && of(json!(-1)) < of(json!(-0.5)));
    let mut all = plains(json!([{"a": 1}, [1], "b", "B", 2, true, false, null, 1.5]));
    all.sort();
    let sorted: Vec<String> = all.iter().map(Plain::compact).collect();
    assert_eq!(sorted, ["null", "false", "true", "1.5", "2", "\"B\"", "\"b\"", "[1]", "{\"a\":1}"]);
}

#[test]
fn dotted_paths_try_the_whole_rest_first() {
    let json = json!({"a.b": 1, "a": {"b": 2, "b.c": 3, "n": null}, "l": [{"b": 1}]});
    let object = object_of(json.as_object().unwrap());
    let at = |path: &str| at_path(&object, path).map(Plain::compact);
    assert_eq!(at("a.b").as_deref(), Some("1"));
    assert_eq!(at("a.b.c").as_deref(), Some("3"));
    assert_eq!(at("a.n"), None);
    assert_eq!(at("l.b"), None);
}

#[test]
fn timestamps_are_strict() {
    assert_eq!(us("2026-01-01T00:00:00Z"), NOW);
    assert_eq!(us("2026-01-01T01:00:00.1234569+01:00"), NOW + 123_456);
    assert_eq!(us("1969-12-31T23:59:59.9999999Z"), -1);
    for wrong in [
        "2026-01-01T00:00:00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01",
        "2026-02-30T00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01 00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "2026-01-01T00:00:00+24:00",
    ] {
        assert!(timestamp::of_text(wrong).is_err(), "{wrong}");
    }
    assert!(timestamp::of_text("9999-12-31T23:59:59.9999999Z").is_ok());
    for text in ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "2026-01-03T10:00:00.123456Z"] {
        assert_eq!(timestamp::text(us(text)), text);
    }
    assert!(timestamp::of_json(&json!(1.5)).is_err());
    assert_eq!(timestamp::of_json(&json!(1_767_225_600_000_i64)), Ok(NOW));
}

fn labels(zone: &str, interval: Interval, from: &str, to: &str) -> Vec<String> {
    let clock = Clock { zone: jiff::tz::TimeZone::get(zone).unwrap(), now: NOW };
    let buckets = clock.buckets(interval, clock.instant(from).unwrap(), clock.instant(to).unwrap()).unwrap();
    buckets.iter().map(|bucket| clock.label(bucket.start)).collect()
}

#[test]
fn days_start_at_their_first_instant() {
    let days = labels("America/Sao_Paulo", Interval::Day, "2018-11-03", "2018-11-06");
    assert_eq!(days, ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]);
    let days = labels("America/Toronto", Interval::Day, "1919-03-30", "1919-04-01");
    assert_eq!(days, ["1919-03-30T00:00:00-05:00", "1919-03-31T00:30:00-04:00"]);
    // The day that Samoa skipped is no bucket.
    let days = labels("Pacific/Apia", Interval::Day, "2011-12-29", "2012-01-01");
    assert_eq!(days, ["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"]);
}

#[test]
fn hours_lie_under_one_offset() {
    let hours = labels("America/New_York", Interval::Hour, "2025-11-02T04:00:00Z", "2025-11-02T08:00:00Z");
    let expected = [
        "2025-11-02T00:00:00-04:00",
        "2025-11-02T01:00:00-04:00",
        "2025-11-02T01:00:00-05:00",
        "2025-11-02T02:00:00-05:00",
    ];
    assert_eq!(hours, expected);
    // Back by half an hour at 02:00: 01:30 to 02:00 once more.
    let hours = labels("Australia/Lord_Howe", Interval::Hour, "2025-04-05T14:00:00Z", "2025-04-05T16:00:00Z");
    let expected = ["2025-04-06T01:00:00+11:00", "2025-04-06T01:30:00+10:30", "2025-04-06T02:00:00+10:30"];
    assert_eq!(hours, expected);
    // Forward by half an hour at 02:00: hour 2 starts at 02:30.
    let hours = labels("Australia/Lord_Howe", Interval::Hour, "2025-10-04T15:00:00Z", "2025-10-04T17:00:00Z");
    let expected = ["2025-10-05T01:00:00+10:30", "2025-10-05T02:30:00+11:00", "2025-10-05T03:00:00+11:00"];
    assert_eq!(hours, expected);
}

#[test]
fn weeks_and_months_touch_the_range() {
    use jiff::civil::Weekday;
    let weeks = labels("UTC", Interval::Week(Weekday::Monday), "2026-01-01", "2026-01-06");
    assert_eq!(weeks, ["2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"]);
    let weeks = labels("UTC", Interval::Week(Weekday::Sunday), "2026-01-01", "2026-01-06");
    assert_eq!(weeks, ["2025-12-28T00:00:00Z", "2026-01-04T00:00:00Z"]);
    let months = labels("UTC", Interval::Month, "2026-01-31", "2026-02-01T00:00:00.000001Z");
    assert_eq!(months, ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]);
    assert!(labels("UTC", Interval::Day, "2026-01-31", "2026-01-31").is_empty());
}

#[test]
fn relative_times_are_local_days() {
    let clock = Clock { zone: jiff::tz::TimeZone::get("America/New_York").unwrap(), now: NOW };
    assert_eq!(clock.instant("-0d"), Ok(us("2025-12-31T00:00:00-05:00")));
    assert_eq!(clock.instant("-12w"), Ok(us("2025-10-08T00:00:00-04:00")));
    assert_eq!(clock.instant("-1h"), Ok(NOW - 3_600_000_000));
    assert_eq!(clock.instant("now"), Ok(NOW));
    assert!(clock.instant("-d").is_err() && clock.instant("2026-01-01T00:00:00").is_err());
}

#[test]
fn duplicates_reach_seven_days() {
    let mut naive = Naive::default();
    let line = |user: &str, time: &str| json!({"type": "track", "distinct_id": user, "event": "a", "timestamp": time, "insert_id": "i"});
    assert_eq!(naive.accept(&line("u", "2026-01-08T00:00:00Z"), NOW), Outcome::Accepted);
    assert_eq!(naive.accept(&line("u", "2026-01-01T00:00:00Z"), NOW), Outcome::Duplicate);
    assert_eq!(naive.accept(&line("u", "2026-01-15T00:00:00Z"), NOW), Outcome::Duplicate);
    assert_eq!(naive.accept(&line("u", "2025-12-31T23:59:59.999999Z"), NOW), Outcome::Accepted);
    assert_eq!(naive.accept(&line("v", "2026-01-08T00:00:00Z"), NOW), Outcome::Accepted);
    naive.accept(&json!({"type": "alias", "distinct_id": "u", "alias": "w"}), NOW);
    assert_eq!(naive.accept(&line("w", "2026-01-08T00:00:00Z"), NOW), Outcome::Duplicate);
}

#[test]
fn aliases_join_for_good() {
    let alias = |id: &str, alias: &str| json!({"type": "alias", "distinct_id": id, "alias": alias});
    let day = "2026-01-01T00:00:00Z";
    let naive = store(&[
        track("a", "x", day),
        track("b", "x", day),
        alias("b", "a"),
        alias("c", "b"),
        alias("a", "c"),
        track("a", "x", day),
    ]);
    assert_eq!(naive.user("a").unwrap()["id"], "c");
    assert_eq!(naive.user("b").unwrap()["ids"], json!(["a", "b", "c"]));
    assert!(naive.user("d").is_err());
    let mut naive = naive;
    assert!(matches!(naive.accept(&alias("a", " NULL "), NOW), Outcome::Refused(_)));
    assert!(matches!(naive.accept(&alias("[object Object]", "a"), NOW), Outcome::Refused(_)));
}

#[test]
fn property_writes_fold_in_order() {
    let call = |time: &str, rest: Value| {
        let mut line = json!({"type": "group", "group_type": "c", "group_key": "k", "timestamp": time});
        line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        line
    };
    let naive = store(&[
        call(
            "2026-01-02T00:00:00Z",
            json!({"properties": {"a": 2, "gone": null}, "add": {"n": 2}, "append": {"l": [1, 1]}}),
        ),
        call(
            "2026-01-01T00:00:00Z",
            json!({"properties": {"a": 1, "b": 1, "gone": 1}, "set_once": {"n": 5, "l": "x"}}),
        ),
        call(
            "2026-01-03T00:00:00Z",
            json!({"set_once": {"gone": 3, "a": 9}, "union": {"l": [1.0, 2]}, "add": {"l": 1}}),
        ),
    ]);
    let group = naive.group("c", "k").unwrap();
    assert_eq!(group["properties"], json!({"a": 2, "b": 1, "gone": 3, "n": 7, "l": ["x", 1, 1, 2]}));
    assert_eq!(group["last_updated"], "2026-01-03T00:00:00Z");
}

fn funnel(naive: &Naive, extra: Value) -> Value {
    let mut document = json!({"report": "funnel", "from": "2026-01-01", "to": "2026-01-02", "steps": ["a", "b", "c"]});
    document.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    naive.report(&document, NOW).expect("a valid funnel")
}

fn counts(result: &Value) -> Vec<u64> {
    result["steps"].as_array().unwrap().iter().map(|step| step["count"].as_u64().unwrap()).collect()
}

#[test]
fn funnel_orders() {
    let naive = store(&[
        track("u", "a", "2026-01-01T00:00:00Z"),
        track("u", "x", "2026-01-01T00:00:01Z"),
        track("u", "b", "2026-01-01T00:00:02Z"),
        track("u", "c", "2026-01-03T00:00:00Z"),
        track("v", "c", "2026-01-01T00:00:00Z"),
        track("v", "a", "2026-01-01T00:00:00Z"),
        track("v", "b", "2026-01-01T00:00:00Z"),
    ]);
    assert_eq!(counts(&funnel(&naive, json!({}))), [2, 2, 1]);
    assert_eq!(counts(&funnel(&naive, json!({"window": "1d"}))), [2, 2, 0]);
    assert_eq!(counts(&funnel(&naive, json!({"order": "strict"}))), [2, 1, 0]);
    assert_eq!(counts(&funnel(&naive, json!({"order": "any"}))), [2, 2, 2]);
    assert_eq!(counts(&funnel(&naive, json!({"exclude": [{"event": "x", "to": 2}]}))), [2, 1, 0]);
    assert_eq!(counts(&funnel(&naive, json!({"exclude": [{"event": "x", "from": 2}]}))), [2, 2, 1]);
    assert_eq!(counts(&funnel(&naive, json!({"exclude": [{"event": "b"}]}))), [2, 2, 0]);
    let steps = funnel(&naive, json!({}))["steps"].clone();
    assert_eq!(steps[1]["median_seconds"], 1);
    assert_eq!(steps[1]["average_seconds"], 1);
    assert_eq!(steps[2]["overall"], 0.5);
    assert_eq!(steps[0]["median_seconds"], Value::Null);
}

#[test]
fn any_order_fills_the_most_steps() {
    // One event fits steps 1 and 2, the other only step 1: the first must give way.
    let naive = store(&[track("u", "a", "2026-01-01T00:00:00Z"), track("u", "b", "2026-01-01T00:00:05Z")]);
    let result = funnel(&naive, json!({"order": "any", "steps": [["a", "b"], "a"]}));
    assert_eq!(counts(&result), [1, 1]);
    assert_eq!(result["steps"][1]["median_seconds"], 5);
}

#[test]
fn retention_modes() {
    let naive = store(&[
        track("u", "a", "2025-12-31T00:00:00Z"),
        track("u", "a", "2026-01-01T00:00:00Z"),
        track("v", "a", "2026-01-01T00:00:00Z"),
        track("v", "a", "2026-01-03T00:00:00Z"),
    ]);
    let ask = |extra: Value| {
        let mut document =
            json!({"report": "retention", "from": "2026-01-01", "to": "2026-01-04", "start": "a", "periods": 3});
        document.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        naive.report(&document, NOW).unwrap()
    };
    let first = ask(json!({"mode": "first_time"}));
    assert_eq!(first["rows"][0]["size"], 1);
    assert_eq!(first["rows"][0]["values"], json!([1, 0, 1]));
    assert_eq!(first["rows"][2]["values"], json!([0, null, null]));
    assert_eq!(first["mean"], json!([1, 0, 1]));
    let recurring = ask(json!({"mode": "recurring", "bound": "on_or_after"}));
    assert_eq!(recurring["rows"][0]["values"], json!([2, 1, 1]));
    assert_eq!(recurring["rows"][2]["values"], json!([1, null, null]));
    assert_eq!(recurring["mean"], json!([1, 0.5, 0.5]));
}

#[test]
fn trends_break_down_and_cover() {
    let line = |user: &str, company: Option<&str>, plan: Value| {
        let mut line = track(user, "a", "2026-01-01T10:00:00Z");
        line["properties"] = json!({"plan": plan});
        if let Some(company) = company {
            line["groups"] = json!({"company": company});
        }
        line
    };
    let naive = store(&[
        line("u", Some("k"), json!("x")),
        line("v", Some("k"), json!(1)),
        line("w", Some("l"), json!(1.0)),
        line("w", None, json!("x")),
        line("w", Some("l"), Value::Null),
    ]);
    let document = json!({"report": "trends", "from": "2026-01-01", "to": "2026-01-03", "count_by": {"group": "company"},
        "series": [{"event": "a", "label": "L"}], "breakdown": [{"property": "plan"}], "limit": 1});
    let result = naive.report(&document, NOW).unwrap();
    assert_eq!(
        result,
        json!({"buckets": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], "series": [
        {"label": "L", "breakdown": [1], "values": [2, 0], "total": 2},
        {"label": "L", "breakdown": [], "other": true, "values": [2, 0], "total": 2}],
        "coverage": {"matched": 5, "without_group": 1}})
    );
}

#[test]
fn cohorts_save_refer_and_refuse_cycles() {
    let mut naive = store(&[
        track("u", "a", "2026-01-01T10:00:00Z"),
        track("u", "a", "2026-01-02T10:00:00Z"),
        track("v", "a", "2026-01-02T10:00:00Z"),
        json!({"type": "identify", "distinct_id": "w", "properties": {"role": "admin"}}),
    ]);
    let save = |name: &str, condition: Value| json!({"type": "cohort", "name": name, "report": {"report": "cohort", "where": condition}});
    assert_eq!(naive.accept(&save("two", json!({"did": "a", "times": {"gte": 2}})), NOW), Outcome::Accepted);
    assert_eq!(naive.accept(&save("rest", json!({"not": {"cohort": "two"}})), NOW), Outcome::Accepted);
    assert!(matches!(naive.accept(&save("two", json!({"cohort": "rest"})), NOW), Outcome::Refused(_)));
    assert!(matches!(naive.accept(&save("x", json!({"cohort": "x"})), NOW), Outcome::Refused(_)));
    let ask = |condition: Value| {
        naive.report(&json!({"report": "cohort", "where": condition}), NOW).unwrap()["members"].clone()
    };
    assert_eq!(ask(json!({"cohort": "rest"})), json!(["v", "w"]));
    assert_eq!(ask(json!({"first_did": "a", "from": "2026-01-02"})), json!(["v"]));
    assert_eq!(ask(json!({"did": "a", "times": {"lt": 1}})), json!(["w"]));
    assert_eq!(ask(json!({"property": "role", "op": "is_not", "value": "admin"})), json!(["u", "v"]));
    let page = naive.report(&json!({"report": "cohort", "where": {"all": []}, "limit": 2}), NOW).unwrap();
    assert_eq!((&page["size"], &page["members"]), (&json!(3), &json!(["u", "v"])));
    let page = json!({"report": "cohort", "where": {"all": []}, "limit": 2, "cursor": page["next_cursor"]});
    assert_eq!(naive.report(&page, NOW).unwrap()["members"], json!(["w"]));
}
