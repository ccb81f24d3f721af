//! Bounds and ranges: dates, instants, relative times, and their zones.

use super::super::{Clock, Condition, Interval, Report, ResolvedRange, Scope, TimeBound, Zone};
use super::{cohort, micros, parsed, refused, time, trends};

/// Resolves [from, to) in a zone at a moment and compares both ends as that zone writes them.
#[track_caller]
fn check(zone: &str, now: &str, from: &str, to: &str, expected: [&str; 2]) {
    let mut scope = Scope::new(from, to);
    scope.timezone = Zone::named(zone);
    let range = scope.resolve(Clock::utc(time(now))).unwrap();
    let shown = [range.from_micros, range.to_micros].map(|end| Zone::named(zone).unwrap().label(end));
    assert_eq!(shown, expected, "{zone} {from} {to}");
}

#[test]
fn dates_are_midnights_of_the_zone() {
    let now = "2026-06-15T12:00:00Z";
    check("UTC", now, "2026-01-01", "2026-02-01", ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]);
    check(
        "America/New_York",
        now,
        "2026-03-08",
        "2026-03-09",
        ["2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00"],
    );
    check(
        "America/Sao_Paulo",
        now,
        "2018-11-04",
        "2018-11-05",
        ["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"],
    );
    check("Asia/Kolkata", now, "2026-01-01", "2026-01-01", ["2026-01-01T00:00:00+05:30", "2026-01-01T00:00:00+05:30"]);
}

#[test]
fn instants_keep_their_microseconds() {
    let scope = Scope::new("2026-01-01T00:00:00.123456+02:00", "9999-12-31T23:59:59.999999Z");
    let range = scope.resolve(Clock::utc(time("2026-01-01T00:00:00Z"))).unwrap();
    assert_eq!(range.from_micros, micros("2025-12-31T22:00:00.123456Z"));
    assert_eq!(range.to_micros, micros("9999-12-31T23:59:59.999999Z"));
}

#[test]
fn relative_days_and_weeks_are_starts_of_local_days() {
    // In Auckland it is already the 16th.
    let now = "2026-06-15T12:30:00Z";
    check("UTC", now, "-30d", "now", ["2026-05-16T00:00:00Z", "2026-06-15T12:30:00Z"]);
    check("Pacific/Auckland", now, "-30d", "-0d", ["2026-05-17T00:00:00+12:00", "2026-06-16T00:00:00+12:00"]);
    check("UTC", now, "-12w", "-1w", ["2026-03-23T00:00:00Z", "2026-06-08T00:00:00Z"]);
    check("UTC", now, "-6h", "-0h", ["2026-06-15T06:30:00Z", "2026-06-15T12:30:00Z"]);
    let spring = "2026-03-10T12:00:00Z";
    check("America/New_York", spring, "-7d", "-2d", ["2026-03-03T00:00:00-05:00", "2026-03-08T00:00:00-05:00"]);
    check("America/New_York", spring, "-72h", "now", ["2026-03-07T07:00:00-05:00", "2026-03-10T08:00:00-04:00"]);
    let after_gap = "2018-11-05T12:00:00Z";
    check("America/Sao_Paulo", after_gap, "-1d", "-0d", ["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]);
}

#[test]
fn the_documents_own_now_stands_in_for_the_call() {
    let report =
        parsed(&trends(r#""now":"2026-01-20T10:00:00Z""#).replace("2026-01-01", "-7d").replace("2026-02-01", "now"));
    let range = report.scope().resolve(Clock::utc(time("2030-01-01T00:00:00Z"))).unwrap();
    assert_eq!((range.from_micros, range.to_micros), (micros("2026-01-13T00:00:00Z"), micros("2026-01-20T10:00:00Z")));
    let dated = parsed(&trends(r#""timezone":"Europe/Berlin","now":"2026-01-20""#));
    let now_of = |report: &Report, zone: &str| {
        let zone = Zone::named(zone).unwrap();
        report.scope().inner(Clock { now: time("2030-01-01T00:00:00Z"), zone: &zone }).unwrap().now
    };
    assert_eq!(now_of(&dated, "UTC"), time("2026-01-19T23:00:00Z"));
    let undated = parsed(&trends(r#""now":"2026-01-20""#));
    assert_eq!(now_of(&undated, "UTC"), time("2026-01-20T00:00:00Z"));
    assert_eq!(now_of(&undated, "America/New_York"), time("2026-01-20T05:00:00Z"));
    assert_eq!(parsed(&undated.to_json()), undated);
    assert!(undated.to_json().contains(r#""now":"2026-01-20""#), "{}", undated.to_json());
}

#[test]
fn equal_bounds_are_an_empty_range_and_reversed_ones_an_error() {
    let empty =
        Scope::new("2026-01-01", "2026-01-01T00:00:00Z").resolve(Clock::utc(time("2026-01-01T00:00:00Z"))).unwrap();
    assert!(empty.is_empty());
    assert!(!empty.contains(empty.from_micros));
    let error = Scope::new("2026-02-01", "2026-01-01").resolve(Clock::utc(time("2026-01-01T00:00:00Z"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`from`: `2026-02-01` is after `to`, which is `2026-01-01`; the range must not end before it begins"
    );
    assert!(Scope::new("now", "-1h").resolve(Clock::utc(time("2026-01-01T00:00:00Z"))).is_err());
}

#[test]
fn open_bounds_of_a_cohort_take_in_every_event() {
    let Report::Cohort(report) = parsed(&cohort(r#"{"did":"a","to":"2026-01-01"}"#)) else { panic!() };
    let now = time("2026-06-01T00:00:00Z");
    assert_eq!(report.scope.resolve(Clock::utc(now)).unwrap(), ResolvedRange::ALL);
    assert!(ResolvedRange::ALL.contains(micros("9999-12-31T23:59:59.999999Z")));
    let Condition::Did { from, to, .. } = &report.where_ else { panic!() };
    let range = report.scope.resolve_within(from, to, Clock::utc(now)).unwrap();
    assert_eq!(range.from_micros, ResolvedRange::ALL.from_micros);
    assert_eq!(range.to_micros, micros("2026-01-01T00:00:00Z"));
}

#[test]
fn a_condition_without_a_bound_takes_the_documents() {
    let json = r#"{"report":"cohort","from":"2026-01-01","to":"2026-02-01",
        "where":{"all":[{"did":"a"},{"did":"b","from":"2026-01-15"},{"first_did":"c","to":"2025-12-01"}]}}"#;
    let report = parsed(json);
    let now = time("2026-06-01T00:00:00Z");
    let error = report.check_times(Clock::utc(now)).unwrap_err();
    assert_eq!(error.path(), "where.all[2].from");
    let Report::Cohort(cohort) = report else { panic!() };
    let Condition::All(conditions) = &cohort.where_ else { panic!() };
    let Condition::Did { from, to, .. } = &conditions[1] else { panic!() };
    let range = cohort.scope.resolve_within(from, to, Clock::utc(now)).unwrap();
    assert_eq!((range.from_micros, range.to_micros), (micros("2026-01-15T00:00:00Z"), micros("2026-02-01T00:00:00Z")));
}

#[test]
fn a_report_inside_a_condition_takes_the_outer_now() {
    let inner = trends(r#""units":{"series":0}"#).replace("2026-01-01", "-7d");
    let json = format!(r#"{{"report":"cohort","now":"2026-01-20T00:00:00Z","where":{{"not":{{"report":{inner}}}}}}}"#);
    let report = parsed(&json);
    assert_eq!(report.check_times(Clock::utc(time("2030-01-01T00:00:00Z"))), Ok(()));
    let json = json.replace("\"now\":\"2026-01-20T00:00:00Z\",", "");
    let error = parsed(&json).check_times(Clock::utc(time("2030-01-01T00:00:00Z"))).unwrap_err();
    assert_eq!(error.path(), "where.not.report.from");
}

#[test]
fn what_is_no_time_is_refused() {
    let advice = "write RFC 3339 with an offset such as `2026-01-01T00:00:00Z`, a date such as `2026-01-01`, a \
        relative \
                  time such as `-30d`, `-12w` or `-6h`, or `now`";
    for text in [
        "",
        "-",
        "-d",
        "-30",
        "-3.5d",
        "-+3d",
        "-30m",
        "-٣d",
        "30d",
        "Now",
        "2026-1-1",
        "2026-01-01T00:00:00",
        "2026/01/01",
        "-€",
    ] {
        let json = trends("").replace("2026-01-01", text);
        refused(&json, &format!("`from`: `{text}` is no time; {advice}"));
    }
    let check = |text: &str, expected: &str| refused(&trends("").replace("2026-01-01", text), expected);
    check("2026-02-30", "`from`: `2026-02-30` is a day that does not exist");
    check("0000-01-01", "`from`: `0000-01-01` is outside 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z");
    check("2026-01-01T24:00:00Z", "`from`: `2026-01-01T24:00:00Z` names a day or a time of day that does not exist");
    check("-99999999999d", "`from`: `-99999999999d` reaches back before the year 1");
    let error = Scope::new("-3000000d", "now").resolve(Clock::utc(time("2026-01-01T00:00:00Z"))).unwrap_err();
    assert_eq!(error.to_string(), "`from`: `-3000000d` reaches back before the year 1");
    refused(
        &trends(r#""now":"-1d""#),
        "`now`: must be an RFC 3339 time or a date; relative times are for `from` and `to`",
    );
}

#[test]
fn bounds_are_written_as_they_were_read() {
    for text in ["now", "-0d", "-30d", "-14d", "-2w", "-6h", "2026-01-31", "0001-01-01", "2026-01-01T00:00:00.5Z"] {
        assert_eq!(TimeBound::from(text).to_string(), text);
    }
    assert_eq!(TimeBound::from("2026-01-01T01:00:00+01:00").to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(TimeBound::from(time("2026-01-01T00:00:00Z")).to_string(), "2026-01-01T00:00:00Z");
}

#[track_caller]
fn check_moved(zone: &str, range: [&str; 2], count: usize, interval: Interval, expected: [&str; 2]) {
    let zone = Zone::named(zone).unwrap();
    let range = ResolvedRange { from_micros: micros(range[0]), to_micros: micros(range[1]) };
    let moved = range.moved_back(count, interval, &zone);
    assert_eq!([zone.label(moved.from_micros), zone.label(moved.to_micros)], expected);
}

#[test]
fn the_range_before_is_moved_on_the_wall_clock() {
    let new_york = "America/New_York";
    check_moved(
        new_york,
        ["2026-03-08T05:00:00Z", "2026-03-15T04:00:00Z"],
        7,
        Interval::Day,
        ["2026-03-01T00:00:00-05:00", "2026-03-08T00:00:00-05:00"],
    );
    check_moved(
        "UTC",
        ["2026-03-01T00:00:00Z", "2026-03-31T12:00:00Z"],
        1,
        Interval::Month,
        ["2026-02-01T00:00:00Z", "2026-02-28T12:00:00Z"],
    );
    check_moved(
        new_york,
        ["2026-03-09T06:30:00Z", "2026-03-09T12:00:00Z"],
        1,
        Interval::Day,
        // 02:30 of the 8th was skipped.
        ["2026-03-08T03:00:00-04:00", "2026-03-08T08:00:00-04:00"],
    );
    check_moved(
        "America/Sao_Paulo",
        // A day that starts at one o'clock moves back to a whole day.
        ["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"],
        1,
        Interval::Day,
        ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00"],
    );
    check_moved(
        "UTC",
        ["2026-01-01T00:00:00Z", "2026-01-01T06:00:00Z"],
        6,
        Interval::Hour,
        ["2025-12-31T18:00:00Z", "2026-01-01T00:00:00Z"],
    );
}
