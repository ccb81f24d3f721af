//! The units behind one number, and the pages of them.

use super::super::*;
use super::{cohort, parsed, refused, trends, trends_of, value};

#[track_caller]
fn trend_units(fields: &str) -> TrendUnits {
    let Report::Trends(report) = parsed(&trends(fields)) else { panic!("a trends report was expected") };
    report.units.unwrap()
}

fn funnel(fields: &str) -> String {
    format!(r#"{{"report":"funnel","from":"-30d","to":"now","steps":["a","b"],{fields}}}"#)
}

#[track_caller]
fn funnel_units(fields: &str) -> FunnelUnits {
    let Report::Funnel(report) = parsed(&funnel(fields)) else { panic!("a funnel was expected") };
    report.units.unwrap()
}

fn retention(fields: &str) -> String {
    format!(r#"{{"report":"retention","from":"-30d","to":"now","start":"a",{fields}}}"#)
}

const SPLIT: &str = r#""breakdown":[{"property":"p"},{"property":"q"}]"#;

#[test]
fn a_number_of_trends_is_named_by_series_bucket_and_value() {
    let units = trend_units(r#""units":{"series":0,"bucket":"2026-01-05T00:00:00Z"}"#);
    assert_eq!(units, TrendUnits { bucket: Some("2026-01-05T00:00:00Z".into()), ..TrendUnits::default() });
    assert_eq!(trend_units(r#""units":{}"#), TrendUnits::default());
    let units = trend_units(&format!(r#"{SPLIT},"units":{{"series":0,"breakdown":[null,{{"a":[1]}}]}}"#));
    assert_eq!(units.value, UnitsValue::Value(vec![value("null"), value(r#"{"a":[1]}"#)]));
    assert_eq!(trend_units(&format!(r#"{SPLIT},"units":{{"breakdown":[]}}"#)).value, UnitsValue::Other);
    assert_eq!(trend_units(&format!(r#"{SPLIT},"units":{{"other":true}}"#)).value, UnitsValue::Other);
    assert_eq!(trend_units(&format!(r#"{SPLIT},"units":{{"breakdown":[],"other":true}}"#)).value, UnitsValue::Other);
    assert_eq!(trend_units(&format!(r#"{SPLIT},"units":{{}}"#)).value, UnitsValue::Whole);
    assert_eq!(trend_units(r#""units":{"breakdown":[]}"#).value, UnitsValue::Whole);
}

#[test]
fn trends_refuse_units_that_name_no_number() {
    let check = |fields: &str, expected: &str| refused(&trends(fields), expected);
    check(r#""units":{"series":1}"#, "`units.series`: 1 is not allowed here; give a whole number from 0 to 0");
    check(
        r#""units":{"bucket":"-1d"}"#,
        "`units.bucket`: must be an RFC 3339 time or a date; relative times are for `from` and `to`",
    );
    check(r#""units":{"other":true}"#, "`units`: `other` needs a report with a breakdown; leave it out");
    check(r#""units":{"breakdown":["x"]}"#, "`units.breakdown`: holds 1 values; give 0, one for each breakdown");
    check(
        &format!(r#"{SPLIT},"units":{{"breakdown":["x"]}}"#),
        "`units.breakdown`: holds 1 values; give 2, one for each breakdown",
    );
    check(
        &format!(r#"{SPLIT},"units":{{"breakdown":[1,2],"other":true}}"#),
        "`units.breakdown`: is the tuple of a value, while `other` asks for all others; keep one of them",
    );
    refused(
        r#"{"report":"trends","from":"-1d","to":"now","series":[{"event":"a"},{"event":"b"}],"units":{}}"#,
        "`units`: `series` is missing; give the position of a series, counted from 0",
    );
}

#[test]
fn the_units_of_properties_are_those_that_have_them() {
    let json = trends_of(r#"{"property_of":{"group":"company"},"measure":{"count_by_value":"plan"}}"#)
        .replace("\"from\"", r#""units":{"breakdown":["pro"]},"from""#);
    let report = parsed(&json);
    assert_eq!(report.units_kind(), &CountBy::group("company"));
    let inside = format!(r#"{{"report":"cohort","count_by":{{"group":"company"}},"where":{{"report":{json}}}}}"#);
    parsed(&inside);
    refused(
        &cohort(&format!(r#"{{"report":{json}}}"#)),
        "`where.report`: its units are keys of `company`, while this cohort counts users; make `count_by` the same",
    );
}

#[test]
fn a_number_of_a_funnel_is_named_by_step() {
    let page = Page::default();
    let expected = FunnelUnits { step: 2, dropped: false, value: UnitsValue::Whole, page };
    assert_eq!(funnel_units(r#""units":{"step":2}"#), expected);
    assert!(funnel_units(r#""units":{"step":1,"dropped":true}"#).dropped);
    let check = |fields: &str, expected: &str| refused(&funnel(fields), expected);
    check(
        r#""units":{"step":2,"dropped":true}"#,
        "`units.step`: no step follows the last, so nobody dropped off after it; name an earlier step",
    );
    check(r#""units":{"step":0}"#, "`units.step`: 0 is not allowed here; give a whole number from 1 to 2");
    check(r#""units":{}"#, "`units`: `step` is missing; give the number of a step, counted from 1");
}

#[test]
fn numbers_of_retention_stickiness_and_lifecycle_are_named() {
    let Report::Retention(report) = parsed(&retention(r#""units":{"period":"2026-01-05","k":3}"#)) else { panic!() };
    assert_eq!(report.units, Some(RetentionUnits { period: "2026-01-05".into(), k: Some(3), page: Page::default() }));
    refused(
        &retention(r#""periods":3,"units":{"period":"2026-01-05","k":3}"#),
        "`units.k`: 3 is not allowed here; give a whole number from 0 to 2",
    );
    let json = r#"{"report":"stickiness","from":"-7d","to":"now","event":"a","units":{"intervals":5}}"#;
    let Report::Stickiness(report) = parsed(json) else { panic!() };
    assert_eq!(report.units, Some(StickinessUnits { intervals: 5, page: Page::default() }));
    refused(&json.replace(":5", ":0"), "`units.intervals`: 0 is not allowed here; give a whole number of at least 1");
    let json =
        r#"{"report":"lifecycle","from":"-7d","to":"now","event":"a","units":{"bucket":"2026-01-05","state":"new"}}"#;
    let Report::Lifecycle(report) = parsed(json) else { panic!() };
    assert_eq!(report.units.unwrap().state, LifecycleState::New);
    refused(&json.replace("new", "dormand"), "`units.state`: `dormand` is not known; did you mean `dormant`?");
}

#[test]
fn units_are_paged_by_their_own_fields_or_those_around_them() {
    let page = |limit, cursor: Option<&str>| Page { limit, cursor: cursor.map(str::to_owned) };
    assert_eq!(trend_units(r#""units":{"limit":5,"cursor":"c"}"#).page, page(5, Some("c")));
    assert_eq!(trend_units(r#""units":{},"limit":5,"cursor":"c""#).page, page(5, Some("c")));
    assert_eq!(trend_units(r#""units":{"limit":7},"limit":5"#).page, page(7, None));
    let split = format!(r#"{SPLIT},"limit":5,"units":{{}}"#);
    assert_eq!(trend_units(&split).page, page(100, None), "the limit is that of the breakdown");
    assert_eq!(funnel_units(r#""units":{"step":1},"limit":5"#).page, page(5, None));
    let Report::Retention(report) = parsed(&retention(r#""units":{"period":"2026-01-05"},"limit":5,"cursor":null"#))
    else {
        panic!()
    };
    assert_eq!(report.units.unwrap().page, page(5, None));
    refused(&trends(r#""cursor":"c""#), "`cursor`: `cursor` pages through the units of `units`; leave it out");
    refused(&retention(r#""limit":5"#), "`limit`: `limit` pages through the units of `units`; leave it out");
    parsed(&trends(r#""limit":5"#));
}

fn paths(fields: &str) -> String {
    let joint = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"report":"paths","from":"-7d","to":"now","steps":2{joint}{fields}}}"#)
}

#[test]
fn a_number_of_paths_is_that_of_a_node_or_of_a_link() {
    let units = |units: &str| {
        let Report::Paths(report) = parsed(&paths(&format!(r#""units":{units}"#))) else { panic!() };
        let units = report.units.unwrap();
        (units.step, units.at, units.to)
    };
    let event = |name: &str| PathsEnd::Event(name.to_owned());
    assert_eq!(units(r#"{"step":2,"event":"a"}"#), (2, event("a"), None));
    // As the answer says it of the node of all others.
    assert_eq!(units(r#"{"step":1,"event":null,"other":true}"#), (1, PathsEnd::Other, None));
    assert_eq!(units(r#"{"step":1,"from":"a","to":null}"#), (1, event("a"), Some(PathsTo::Nothing)));
    let to = Some(PathsTo::Next(PathsEnd::Other));
    assert_eq!(units(r#"{"step":0,"from":{"other":true},"to":{"other":true}}"#), (0, PathsEnd::Other, to));
    let check = |units: &str, expected: &str| refused(&paths(&format!(r#""units":{units}"#)), expected);
    let none = "`units`: names no number; give the `event` of a node, `\"other\":true` for all others, or `from` and `to` \
                of a link";
    for wrong in
        [r#"{"step":1}"#, r#"{"step":1,"from":"a"}"#, r#"{"step":1,"to":"a"}"#, r#"{"step":1,"event":"a","to":"b"}"#]
    {
        check(wrong, none);
    }
    check(
        r#"{"step":2,"from":"a","to":null}"#,
        "`units`: the last step has no links; name a node of it by its `event`",
    );
    check(r#"{"step":3,"event":"a"}"#, "`units.step`: 3 is not allowed here; give a whole number from 0 to 2");
    check(r#"{"event":"a"}"#, "`units`: `step` is missing; give the number of a step, counted from 0");
    check(
        r#"{"step":0,"from":1,"to":"a"}"#,
        "`units.from`: must be the name of an event, or {\"other\":true}, not a number",
    );
    parsed(&cohort(&format!(r#"{{"report":{}}}"#, paths(r#""units":{"step":0,"event":"a"}"#))));
}

#[test]
fn a_report_inside_a_condition_must_name_a_number_of_its_kind() {
    let check = |report: &str, expected: &str| refused(&cohort(&format!(r#"{{"report":{report}}}"#)), expected);
    check(&trends(""), "`where.report`: has no `units`; say which of its numbers is meant");
    check(
        &cohort(r#"{"did":"a"}"#),
        "`where.report`: is a cohort; put its `where` here, or save it and use {\"cohort\":\"name\"}",
    );
    check(&paths(""), "`where.report`: has no `units`; say which of its numbers is meant");
    check(
        &trends(r#""count_by":{"group":"company"},"units":{}"#),
        "`where.report`: its units are keys of `company`, while this cohort counts users; make `count_by` the same",
    );
    check(&trends(r#""units":{"serie":0}"#), "`where.report.units`: unknown field `serie`; did you mean `series`?");
    parsed(&cohort(&format!(r#"{{"not":{{"report":{}}}}}"#, funnel(r#""units":{"step":1}"#))));
}
