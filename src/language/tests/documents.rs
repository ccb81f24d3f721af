//! Documents as the contract writes them, and what they mean once read.

use super::super::*;
use super::{cohort, parsed, time, trends, trends_of};
use std::collections::BTreeSet;

/// Parses a document and compares its canonical form.
#[track_caller]
fn check(json: &str, canonical: &str) {
    let report = parsed(json);
    assert_eq!(report.to_json(), canonical);
    assert_eq!(parsed(canonical), report);
}

/// The only series of a trends document.
#[track_caller]
fn series(json: &str) -> Series {
    let Report::Trends(mut report) = parsed(&trends_of(json)) else { panic!("a trends report was expected") };
    report.series.remove(0)
}

#[track_caller]
fn funnel(fields: &str) -> Funnel {
    let json = format!(r#"{{"report":"funnel","from":"-30d","to":"now","steps":["a","b","c"]{fields}}}"#);
    let Report::Funnel(report) = parsed(&json) else { panic!("a funnel was expected") };
    report
}

#[track_caller]
fn condition(json: &str) -> Condition {
    let Report::Cohort(report) = parsed(&cohort(json)) else { panic!("a cohort was expected") };
    report.where_
}

#[test]
fn defaults_are_those_of_the_contract() {
    let Report::Trends(report) = parsed(&trends("")) else { panic!() };
    assert_eq!(report.scope.timezone, None);
    assert_eq!(report.scope.count_by, CountBy::Users);
    assert_eq!((report.interval, report.week_start), (Interval::Day, WeekDay::Monday));
    assert_eq!((report.limit, report.cumulative, report.compare), (10, false, false));
    assert_eq!(report.series, [Series::events("a")]);
    let report = funnel("");
    assert_eq!(report.window_micros(), 14 * MICROS_PER_DAY);
    assert_eq!((report.order, report.entry, report.interval), (FunnelOrder::Ordered, FunnelEntry::Best, None));
    let Report::Retention(report) = parsed(r#"{"report":"retention","from":"-30d","to":"now","start":"a"}"#) else {
        panic!()
    };
    assert_eq!((report.periods, report.mode, report.bound), (12, RetentionMode::FirstTime, RetentionBound::On));
    assert_eq!(report.return_, report.start);
    let Report::Cohort(report) = parsed(&cohort(r#"{"did":"a"}"#)) else { panic!() };
    assert_eq!(report.page, Page { limit: 100, cursor: None });
    assert!(report.scope.from.is_open() && report.scope.to.is_open());
    let Report::Paths(report) = parsed(r#"{"report":"paths","from":"-30d","to":"now"}"#) else { panic!() };
    assert_eq!((report.steps, report.limit, report.anchor), (5, 10, Anchor::First));
}

#[test]
fn the_canonical_form_is_compact_sorted_and_without_defaults() {
    check(
        r#" {"report": "trends", "to": "2026-02-01", "from": "2026-01-01", "timezone": null, "interval": "day",
            "count_by": "users", "series": [{"measure": "unique", "event": ["a"]}], "limit": 10, "breakdown": [],
            "rank_by": "events", "cumulative": false, "filter": null} "#,
        r#"{"from":"2026-01-01","report":"trends","series":[{"event":"a"}],"to":"2026-02-01"}"#,
    );
    check(
        &trends(
            r#""timezone":"europe/berlin","interval":"week","week_start":"sunday","count_by":{"group":"company"},
            "filter":{"property":"country","op":"is","value":["US"],"of":"event"},"limit":3,"cumulative":true,
            "breakdown":[{"property":"plan","of":{"group":"company"},"as_of":"event"},{"group":"company"},
            {"cohort":"c"}],"rank_by":"total","compare":"previous","formula":"A * 2","now":"2026-01-20T10:00:00+01:00""#,
        ),
        concat!(
            r#"{"breakdown":[{"as_of":"event","of":{"group":"company"},"property":"plan"},"#,
            r#"{"group":"company"},{"cohort":"c"}],"#,
            r#""compare":"previous","count_by":{"group":"company"},"cumulative":true,"#,
            r#""filter":{"op":"is","property":"country","value":"US"},"formula":"A * 2","from":"2026-01-01","#,
            r#""interval":"week","limit":3,"now":"2026-01-20T09:00:00Z","rank_by":"total","report":"trends","#,
            r#""series":[{"event":"a"}],"timezone":"Europe/Berlin","to":"2026-02-01","week_start":"sunday"}"#
        ),
    );
    // A workspace may have another zone, so that UTC is worth saying.
    check(
        &trends(r#""timezone":"utc""#),
        r#"{"from":"2026-01-01","report":"trends","series":[{"event":"a"}],"timezone":"UTC","to":"2026-02-01"}"#,
    );
    check(
        r#"{"report":"cohort","where":{"all":[{"did":"a","times":{"lt":5.0,"gte":2}},
            {"property":"plan","op":"set","of":"user"}]},
            "limit":5,"cursor":"x","save_as":"n"}"#,
        concat!(
            r#"{"cursor":"x","limit":5,"report":"cohort","save_as":"n","#,
            r#""where":{"all":[{"did":"a","times":{"gte":2,"lt":5}},{"op":"set","property":"plan"}]}}"#
        ),
    );
}

#[test]
fn an_event_is_asked_for_in_four_ways() {
    let event = |json: &str| match series(&format!(r#"{{"event":{json}}}"#)).source {
        Source::Events { event, .. } => event,
        Source::PropertyOf { .. } => panic!("events were expected"),
    };
    assert_eq!(event(r#""a""#), Matcher::event("a"));
    assert_eq!(event(r#"["a","b","a"]"#), Matcher::events(["a", "b"]));
    assert_eq!(event(r#""*""#), Matcher::any_event());
    let filter = Filter::property("n", Op::Gt, 1);
    let filtered = r#"{"property":"n","op":"gt","value":1}"#;
    assert_eq!(
        event(&format!(r#"{{"event":["a","b"],"filter":{filtered}}}"#)),
        Matcher::events(["a", "b"]).filter(filter.clone())
    );
    assert_eq!(event(&format!(r#"{{"event":"*","filter":{filtered}}}"#)), Matcher::event("*").filter(filter));
    assert!(
        Matcher::events(["a", "b"]).names("b") && !Matcher::event("a").names("b") && Matcher::any_event().names("b")
    );
    assert_eq!(Matcher::events(["a", "b"]).label(), "a or b");
    assert_eq!(Matcher::event("*").to_value(), serde_json::json!("*"));
}

#[test]
fn every_measure_is_read() {
    let measure = |json: &str| match series(&format!(r#"{{"event":"a","measure":{json}}}"#)).source {
        Source::Events { measure, .. } => measure,
        Source::PropertyOf { .. } => panic!("events were expected"),
    };
    assert_eq!(measure(r#""unique""#), Measure::Unique);
    assert_eq!(measure(r#""total""#), Measure::Total);
    assert_eq!(measure(r#""per_unit""#), Measure::PerUnit);
    assert_eq!(measure(r#"{"sum":"a.b"}"#), Measure::sum("a.b"));
    assert_eq!(measure(r#"{"avg":"p"}"#), Measure::avg("p"));
    assert_eq!(measure(r#"{"min":"p"}"#), Measure::min("p"));
    assert_eq!(measure(r#"{"max":"p"}"#), Measure::max("p"));
    assert_eq!(measure(r#"{"percentile":["p",0.90]}"#), Measure::percentile("p", 0.9));
    assert_eq!(measure(r#"{"active":"7d"}"#), Measure::Active(Span::days(7)));
    assert_eq!(measure(r#"{"active":"36h"}"#), Measure::Active(Span::hours(36)));
}

#[test]
fn the_rank_of_a_percentile_is_the_decimal_as_written() {
    let json = trends_of(r#"{"event":"a","label":"1 \"2\"","measure":{"percentile":["3",0.500000000000000000010]}}"#);
    let report = parsed(&json);
    assert!(report.to_json().contains(r#"["3",0.50000000000000000001]"#));
    let Report::Trends(trends) = report else { panic!() };
    let Source::Events { measure: Measure::Percentile { rank, .. }, .. } = &trends.series[0].source else { panic!() };
    assert_eq!(rank.nearest_rank(2), 2);
}

#[test]
fn a_series_of_properties_is_read_in_both_forms() {
    let expected = Series::property_of(CountBy::group("company"), PropertyMeasure::Sum("mrr".to_owned()));
    assert_eq!(series(r#"{"property_of":{"group":"company"},"measure":{"sum":"mrr"}}"#), expected);
    assert_eq!(series(r#"{"property_of":{"group":"company"},"property":"mrr","agg":"sum"}"#), expected);
    let users = series(r#"{"property_of":"user","measure":{"count_by_value":"plan"},"label":"Plans"}"#);
    assert_eq!(users.shown_label(), "Plans");
    assert_eq!(
        users.source,
        Source::PropertyOf { of: CountBy::Users, measure: PropertyMeasure::CountByValue("plan".into()) }
    );
}

#[test]
fn series_are_labelled_by_their_events_unless_named() {
    assert_eq!(series(r#"{"event":["a","b"]}"#).shown_label(), "a or b");
    assert_eq!(series(r#"{"event":"a","label":""}"#).shown_label(), "");
    assert_eq!(series(r#"{"property_of":"user","measure":{"avg":"age"}}"#).shown_label(), "age");
}

#[test]
fn filters_nest() {
    let json = r#""filter":{"all":[{"any":[]},{"not":{"cohort":"c"}},{"group":"company","key":"acme"},
        {"property":"p","op":"not_set","of":"user","as_of":"event"}]}"#;
    let expected = Filter::all([
        Filter::any([]),
        Filter::cohort("c").not(),
        Filter::group_key("company", ["acme"]),
        Property::user("p").as_of_event().is_not_set(),
    ]);
    assert_eq!(parsed(&trends(json)).scope().filter, Some(expected));
}

#[test]
fn funnels_take_all_their_fields() {
    let report = funnel(
        r#","window":"90m","order":"strict","entry":"first","interval":"month","week_start":"friday","hold":"user",
        "exclude":[{"event":"x"},{"event":["y","z"],"from":2,"to":3}],"breakdown":[{"property":"p"}],"limit":2"#,
    );
    assert_eq!(report.window_micros(), 90 * 60 * 1_000_000);
    assert_eq!((report.order, report.entry), (FunnelOrder::Strict, FunnelEntry::First));
    assert_eq!((report.interval, report.week_start), (Some(Interval::Month), WeekDay::Friday));
    assert_eq!(report.hold, Some(Hold::User));
    assert_eq!(report.exclude[0], Exclusion { event: "x".into(), from: 1, to: 3 });
    assert_eq!((report.exclude[1].from, report.exclude[1].to), (2, 3));
    assert_eq!((report.breakdown, report.limit), (vec![Breakdown::property("p")], 2));
    assert_eq!(funnel(r#","hold":{"property":"order.id"}"#).hold, Some(Hold::Property("order.id".to_owned())));
    assert_eq!(funnel(r#","window":"1w""#).window_micros(), funnel(r#","window":"7d""#).window_micros());
    assert_eq!(funnel(r#","order":"any","exclude":[]"#).order, FunnelOrder::Any);
}

#[test]
fn conditions_take_all_their_forms() {
    assert_eq!(condition(r#"{"did":"a","from":"-7d"}"#), Condition::did("a").from("-7d"));
    assert_eq!(condition(r#"{"did":"a","times":{"is":0}}"#), Condition::did("a").times(Times::exactly(0)));
    assert_eq!(condition(r#"{"first_did":"a","to":"2026-01-01"}"#), Condition::first_did("a").to("2026-01-01"));
    assert_eq!(
        condition(r#"{"any":[{"not":{"cohort":"c"}},{"all":[]}]}"#),
        Condition::any([Condition::cohort("c").not(), Condition::all([])])
    );
    assert_eq!(
        condition(r#"{"member_of":{"group":"company","key":["acme"]}}"#),
        Condition::MemberOf(Membership::Keys { group: "company".to_owned(), keys: vec!["acme".to_owned()] })
    );
    assert_eq!(
        condition(r#"{"member_of":{"cohort":"big"}}"#),
        Condition::MemberOf(Membership::Cohort("big".to_owned()))
    );
    let keys = r#"{"report":"cohort","count_by":{"group":"company"},"where":
        {"all":[{"has_member_in":{"cohort":"admins"}},
        {"property":"plan","op":"is","value":"pro","of":{"group":"company"}}]}}"#;
    let Report::Cohort(report) = parsed(keys) else { panic!() };
    let expected = [Condition::HasMemberIn("admins".to_owned()), Condition::property("plan", Op::Is, "pro")];
    assert_eq!(report.where_, Condition::all(expected));
}

#[test]
fn all_bounds_on_times_must_hold() {
    let times = |json: &str| match condition(&format!(r#"{{"did":"a","times":{json}}}"#)) {
        Condition::Did { times, .. } => (0..8).filter(|count| times.passes(*count)).collect::<Vec<u64>>(),
        _ => panic!("did was expected"),
    };
    assert_eq!(times(r#"{"gt":1,"lte":5}"#), [2, 3, 4, 5]);
    assert_eq!(times(r#"{"gte":1,"lt":5}"#), [1, 2, 3, 4]);
    assert_eq!(times(r#"{"is":0}"#), [0]);
    assert_eq!(times(r#"{"is":3,"gt":3}"#), [0; 0]);
    assert_eq!(times(r#"{"lt":0}"#), [0; 0]);
    assert_eq!(times(r#"{"lte":0}"#), [0]);
    assert_eq!(times(r#"{"gt":5,"gte":2,"lt":7,"lte":9}"#), [6]);
    assert!(Times::at_most(1).passes(0));
}

#[test]
fn a_saved_definition_is_the_document_without_name_and_page() {
    let json = r#"{"report":"cohort","from":"-30d","timezone":"Asia/Kolkata","where":{"did":"a"},
        "save_as":"n","limit":5,"cursor":"x"}"#;
    let Report::Cohort(report) = parsed(json) else { panic!() };
    assert_eq!(
        Report::from(report.definition()).to_json(),
        r#"{"from":"-30d","report":"cohort","timezone":"Asia/Kolkata","where":{"did":"a"}}"#
    );
}

#[test]
fn references_are_found_wherever_they_stand() {
    let inner = r#"{"report":"trends","from":"-7d","to":"now","count_by":{"group":"company"},"units":{"series":0},
        "series":[{"event":{"event":["a","b"],"filter":{"cohort":"c1"}}}],
        "breakdown":[{"property":"p","of":{"group":"team"}},{"cohort":"c2"}]}"#;
    let json = format!(
        r#"{{"report":"cohort","count_by":{{"group":"company"}},"filter":{{"not":{{"group":"region","key":[]}}}},
            "where":{{"any":[{{"report":{inner}}},{{"cohort":"c3"}},{{"has_member_in":{{"cohort":"c4"}}}},
            {{"did":"*"}},{{"first_did":"d"}}]}}}}"#
    );
    let found = parsed(&json).references();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(found.cohorts, set(&["c1", "c2", "c3", "c4"]));
    assert_eq!(found.group_types, set(&["company", "region", "team"]));
    assert_eq!(found.events, set(&["a", "b", "d"]));
    let found = Funnel::new("-1d", "now").step("a").step("b").exclude("x", 1, 2).build().unwrap().references();
    assert_eq!(found.events, set(&["a", "b", "x"]));
}

#[test]
fn serde_reads_and_writes_reports() {
    let json = trends(r#""limit":3"#);
    let report: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(report, parsed(&json));
    assert_eq!(serde_json::to_string(&report).unwrap(), report.to_json());
    assert_eq!(Report::from_value(&serde_json::from_str(&json).unwrap()), Ok(report.clone()));
    assert_eq!(json.parse(), Ok(report));
    let error = serde_json::from_str::<Report>(&trends(r#""limit":3,"limit":4"#)).unwrap_err();
    assert!(error.to_string().starts_with("the field `limit` is given twice; keep one"));
}

#[test]
fn builders_refuse_what_documents_refuse() {
    let check = |report: Result<Report, DocumentError>, expected: &str| {
        assert_eq!(report.unwrap_err().to_string(), expected);
    };
    let base = || Trends::new("2026-01-01", "2026-02-01").series("a");
    check(Trends::new("2026-01-01", "2026-02-01").build(), "`series`: is empty; give at least one series");
    check(
        base().timezone("Europe/Berlim").build(),
        "`timezone`: `Europe/Berlim` is not known; did you mean `Europe/Berlin`?",
    );
    check(base().formula("A +").build(), "`formula`: the formula ends where a series, a number or `(` was expected");
    check(base().limit(0).build(), "`limit`: 0 is not allowed here; give a whole number of at least 1");
    check(
        base().series(Series::events("b").measure(Measure::percentile("p", 1.5))).build(),
        "`series[1].measure.percentile[1]`: 1.5 is not allowed here; give a number from 0 to 1",
    );
    check(
        base().series(Series::events("b").measure(Measure::percentile("p", f64::NAN))).build(),
        "`series[1].measure.percentile[1]`: must be a number from 0 to 1, not null",
    );
    check(
        base().filter(Filter::property("p", Op::Matches, "a(")).build(),
        "`filter.value`: `a(` is no regular expression: unclosed group at character 2",
    );
    check(
        base().filter(Filter::property("p", Op::Is, f64::INFINITY)).build(),
        "`filter.value`: must be a string, a number, true or false, or a list of these, not null",
    );
    check(
        Cohort::new(Condition::did("a")).count_by_group(" ").build(),
        "`count_by.group`: `group_type` is blank; give it a name of 1 to 100 bytes",
    );
    assert!(
        Trends::new("soon", "now")
            .series("a")
            .build()
            .unwrap_err()
            .to_string()
            .starts_with("`from`: `soon` is no time;")
    );
}

#[test]
fn builders_collect_filters() {
    let report = Stickiness::new("-7d", "now", "a")
        .filter(Property::group("company", "plan").is("pro"))
        .filter(Property::event("n").is_set())
        .filter(Filter::cohort("c"))
        .now(time("2026-01-01T00:00:00Z"))
        .build()
        .unwrap();
    let expected = [Property::group("company", "plan").is("pro"), Property::event("n").is_set(), Filter::cohort("c")];
    assert_eq!(report.scope().filter, Some(Filter::all(expected)));
    assert_eq!(report.scope().now, Some(time("2026-01-01T00:00:00Z").into()));
    assert_eq!(
        report.scope().resolve(Clock::utc(time("2030-01-01T00:00:00Z"))).unwrap().to_micros,
        time("2026-01-01T00:00:00Z").micros()
    );
}

#[test]
fn numbers_that_are_whole_count_as_whole() {
    let Report::Trends(report) = parsed(&trends(r#""limit":3.0"#)) else { panic!() };
    assert_eq!(report.limit, 3);
}
