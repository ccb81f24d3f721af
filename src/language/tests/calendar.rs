//! Buckets on real clocks: days without midnight, hours told twice, half-hour zones.

use super::super::{
    BUCKETS_MAX, Buckets, Clock, Interval, MICROS_PER_HOUR, ResolvedRange, Scope, TimeBound, WeekDay, Zone,
};
use super::{micros, time};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Unit};
use proptest::prelude::*;

fn cover(zone: &str, from: &str, to: &str, interval: Interval) -> Buckets {
    let scope = Scope::new(from, to);
    let zone = Zone::named(zone).unwrap();
    let range = scope.resolve(Clock { now: time("2026-06-15T12:00:00Z"), zone: &zone }).unwrap();
    Buckets::cover(range, interval, WeekDay::Monday, &zone).unwrap()
}

#[track_caller]
fn check(zone: &str, from: &str, to: &str, interval: Interval, expected: &[&str]) {
    let buckets = cover(zone, from, to, interval);
    assert_eq!(buckets.labels(), expected, "{zone} {from} {to}");
    for (i, start) in buckets.starts().iter().enumerate() {
        assert_eq!(buckets.index_of(*start), Some(i));
        assert_eq!(buckets.index_of(buckets.ends()[i] - 1), Some(i));
        assert_eq!(buckets.label(i), expected[i]);
    }
}

/// The lengths of buckets in hours.
fn hours(buckets: &Buckets) -> Vec<f64> {
    (0..buckets.len())
        .map(|i| buckets.range(i))
        .map(|range| (range.to_micros - range.from_micros) as f64 / MICROS_PER_HOUR as f64)
        .collect()
}

#[test]
fn an_empty_range_has_no_buckets() {
    let buckets = cover("Europe/Berlin", "2026-01-01", "2026-01-01", Interval::Day);
    assert!(buckets.is_empty() && buckets.labels().is_empty() && buckets.ends().is_empty());
    assert_eq!(buckets.index_of(micros("2026-01-01T00:00:00Z")), None);
    assert!(buckets.with_before(3).unwrap().is_empty());
    assert!(buckets.with_after(3).unwrap().is_empty());
}

#[test]
fn unaligned_ends_give_the_buckets_they_touch() {
    check(
        "UTC",
        "2026-01-01T12:00:00Z",
        "2026-01-03T00:00:00.000001Z",
        Interval::Day,
        &["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"],
    );
    let buckets = cover("UTC", "2026-01-15", "2026-02-01", Interval::Month);
    assert_eq!(buckets.labels(), ["2026-01-01T00:00:00Z"]);
    let range =
        ResolvedRange { from_micros: micros("2026-01-15T00:00:00Z"), to_micros: micros("2026-01-20T00:00:00Z") };
    assert_eq!(buckets.inside(0, range), range);
    let later =
        ResolvedRange { from_micros: micros("2026-03-01T00:00:00Z"), to_micros: micros("2026-03-02T00:00:00Z") };
    assert!(buckets.inside(0, later).is_empty());
}

#[test]
fn weeks_start_on_the_day_named() {
    // 2026-01-01 was a Thursday.
    let range = Scope::new("2026-01-01", "2026-01-02").resolve(Clock::utc(time("2026-01-01T00:00:00Z"))).unwrap();
    let starts = WeekDay::ALL
        .iter()
        .map(|day| Buckets::cover(range, Interval::Week, *day, &Zone::utc()).unwrap().label(0)[..10].to_owned());
    let expected = ["2025-12-29", "2025-12-30", "2025-12-31", "2026-01-01", "2025-12-26", "2025-12-27", "2025-12-28"];
    assert_eq!(starts.collect::<Vec<_>>(), expected);
    let early = cover("UTC", "0001-01-01", "0001-01-09", Interval::Week);
    assert_eq!(early.labels(), ["0001-01-01T00:00:00Z", "0001-01-08T00:00:00Z"], "the year 1 began on a Monday");
}

#[test]
fn months_follow_the_calendar() {
    check(
        "Europe/Berlin",
        "2023-12-15",
        "2024-04-15",
        Interval::Month,
        &[
            "2023-12-01T00:00:00+01:00",
            "2024-01-01T00:00:00+01:00",
            "2024-02-01T00:00:00+01:00",
            "2024-03-01T00:00:00+01:00",
            "2024-04-01T00:00:00+02:00",
        ],
    );
    let days = hours(&cover("Europe/Berlin", "2024-01-01", "2024-05-01", Interval::Month));
    assert_eq!(days, [31.0 * 24.0, 29.0 * 24.0, 31.0 * 24.0 - 1.0, 30.0 * 24.0]);
}

#[test]
fn days_of_new_york_have_23_or_25_hours_where_clocks_change() {
    check(
        "America/New_York",
        "2026-03-07",
        "2026-03-10",
        Interval::Day,
        &["2026-03-07T00:00:00-05:00", "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00"],
    );
    assert_eq!(hours(&cover("America/New_York", "2026-03-07", "2026-03-10", Interval::Day)), [24.0, 23.0, 24.0]);
    assert_eq!(hours(&cover("America/New_York", "2026-10-31", "2026-11-03", Interval::Day)), [24.0, 25.0, 24.0]);
    assert_eq!(cover("America/New_York", "2026-03-08", "2026-03-09", Interval::Hour).len(), 23);
    assert_eq!(cover("America/New_York", "2026-11-01", "2026-11-02", Interval::Hour).len(), 25);
}

#[test]
fn an_hour_told_twice_is_two_buckets() {
    check(
        "Europe/Berlin",
        "2026-10-25T00:00:00Z",
        "2026-10-25T03:00:00Z",
        Interval::Hour,
        &["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"],
    );
    check(
        "Europe/Berlin",
        "2026-03-29T00:00:00Z",
        "2026-03-29T02:00:00Z",
        Interval::Hour,
        &["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"],
    );
}

#[test]
fn hours_of_lord_howe_are_cut_where_the_offset_changes_by_half_an_hour() {
    check(
        "Australia/Lord_Howe",
        "2026-04-04T14:00:00Z",
        "2026-04-04T16:30:00Z",
        Interval::Hour,
        &["2026-04-05T01:00:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30"],
    );
    assert_eq!(
        hours(&cover("Australia/Lord_Howe", "2026-04-04T14:00:00Z", "2026-04-04T16:30:00Z", Interval::Hour)),
        [1.0, 0.5, 1.0]
    );
    check(
        "Australia/Lord_Howe",
        "2026-10-03T14:30:00Z",
        "2026-10-03T17:00:00Z",
        Interval::Hour,
        &["2026-10-04T01:00:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-04T03:00:00+11:00"],
    );
    assert_eq!(hours(&cover("Australia/Lord_Howe", "2026-04-05", "2026-04-06", Interval::Day)), [24.5]);
}

#[test]
fn a_day_of_sao_paulo_without_midnight_starts_at_one() {
    check(
        "America/Sao_Paulo",
        "2018-11-03",
        "2018-11-06",
        Interval::Day,
        &["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"],
    );
    assert_eq!(hours(&cover("America/Sao_Paulo", "2018-11-03", "2018-11-06", Interval::Day)), [24.0, 23.0, 24.0]);
    check(
        "America/Sao_Paulo",
        "2018-11-04T02:00:00Z",
        "2018-11-04T04:00:00Z",
        Interval::Hour,
        &["2018-11-03T23:00:00-03:00", "2018-11-04T01:00:00-02:00"],
    );
    // Back again: 23:00 to 24:00 of the 17th is told twice.
    assert_eq!(hours(&cover("America/Sao_Paulo", "2018-02-17", "2018-02-18", Interval::Day)), [25.0]);
}

#[test]
fn hours_of_kolkata_are_those_of_its_wall_clock() {
    check(
        "Asia/Kolkata",
        "2015-01-01T12:00:00Z",
        "2015-01-01T13:00:00Z",
        Interval::Hour,
        &["2015-01-01T17:00:00+05:30", "2015-01-01T18:00:00+05:30"],
    );
}

#[test]
fn a_day_that_never_was_has_no_bucket() {
    check(
        "Pacific/Apia",
        "2011-12-29",
        "2012-01-01",
        Interval::Day,
        &["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"],
    );
    let before = cover("Pacific/Apia", "2011-12-31", "2012-01-01", Interval::Day).with_before(1).unwrap();
    assert_eq!(before.label(0), "2011-12-29T00:00:00-10:00");
}

#[test]
fn a_midnight_told_twice_starts_its_day_at_the_first_telling() {
    // At 00:01 of 25 October 1987 the clocks of St John's went back to 23:01 of the 24th.
    check(
        "America/St_Johns",
        "1987-10-24",
        "1987-10-26",
        Interval::Day,
        &["1987-10-24T00:00:00-02:30", "1987-10-25T00:00:00-02:30"],
    );
    let buckets = cover("America/St_Johns", "1987-10-24", "1987-10-26", Interval::Day);
    assert_eq!(hours(&buckets), [24.0, 25.0]);
    let again = micros("1987-10-25T03:00:00Z");
    assert_eq!(buckets.zone().label(again), "1987-10-24T23:30:00-03:30");
    assert_eq!(buckets.index_of(again), Some(1));
    let from_there = ResolvedRange { from_micros: again, to_micros: again + 1 };
    let alone = Buckets::cover(from_there, Interval::Day, WeekDay::Monday, buckets.zone()).unwrap();
    assert_eq!(alone.labels(), ["1987-10-25T00:00:00-02:30"]);
}

#[test]
fn more_buckets_go_before_and_after() {
    let buckets = cover("America/New_York", "2026-03-09", "2026-03-10", Interval::Day);
    let more = buckets.with_before(2).unwrap().with_after(1).unwrap();
    let expected = [
        "2026-03-07T00:00:00-05:00",
        "2026-03-08T00:00:00-05:00",
        "2026-03-09T00:00:00-04:00",
        "2026-03-10T00:00:00-04:00",
    ];
    assert_eq!(more.labels(), expected);
    assert_eq!(more.index_of(micros("2026-03-07T05:00:00Z")), Some(0));
    assert_eq!(
        cover("UTC", "2026-01-31", "2026-02-01", Interval::Month).with_before(13).unwrap().label(0),
        "2024-12-01T00:00:00Z"
    );
}

#[test]
fn too_many_buckets_are_refused() {
    let count = BUCKETS_MAX as i64;
    let range = |buckets: i64| ResolvedRange { from_micros: 0, to_micros: buckets * MICROS_PER_HOUR };
    let cover = |range| Buckets::cover(range, Interval::Hour, WeekDay::Monday, &Zone::utc());
    let most = cover(range(count)).unwrap();
    assert_eq!(most.len(), BUCKETS_MAX);
    let expected =
        "`interval`: the range has more than 100000 buckets of one hour; shorten it or take a longer interval";
    assert_eq!(cover(range(count + 1)).unwrap_err().to_string(), expected);
    assert_eq!(most.with_after(1).unwrap_err().to_string(), expected);
    assert!(most.with_before(1).is_err());
    assert!(most.with_before(usize::MAX).is_err());
    let all = Buckets::cover(ResolvedRange::ALL, Interval::Month, WeekDay::Monday, &Zone::utc()).unwrap_err();
    assert_eq!(all.to_string(), "`interval`: the range has more than 100000 buckets of one month; shorten it");
}

#[test]
fn the_last_days_of_the_calendar_have_buckets() {
    for zone in ["UTC", "Pacific/Kiritimati", "America/New_York"] {
        for interval in Interval::ALL {
            let to = micros("9999-12-31T23:59:59.999999Z") + 1;
            let range = ResolvedRange { from_micros: to - 3 * 24 * MICROS_PER_HOUR, to_micros: to };
            let buckets = Buckets::cover(range, *interval, WeekDay::Monday, &Zone::named(zone).unwrap()).unwrap();
            assert!(buckets.index_of(to - 1) == Some(buckets.len() - 1), "{zone} {interval}");
        }
    }
}

#[test]
fn whole_utc_days_are_told_from_others() {
    let range = |from, to| ResolvedRange { from_micros: micros(from), to_micros: micros(to) };
    let aligned = range("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    let cover = |range, interval, zone: &str| {
        Buckets::cover(range, interval, WeekDay::Monday, &Zone::named(zone).unwrap()).unwrap()
    };
    for interval in [Interval::Day, Interval::Week, Interval::Month] {
        assert!(cover(aligned, interval, "UTC").are_utc_days(aligned));
        assert!(cover(aligned, interval, "Africa/Abidjan").are_utc_days(aligned));
        assert!(!cover(aligned, interval, "Europe/Berlin").are_utc_days(aligned));
    }
    assert!(!cover(aligned, Interval::Hour, "UTC").are_utc_days(aligned));
    let noon = range("2026-01-01T12:00:00Z", "2026-02-01T00:00:00Z");
    assert!(!cover(noon, Interval::Day, "UTC").are_utc_days(noon));
}

/// What holds many instants at once holds each of them alone, over more years too than are divided as floating point
/// numbers.
#[test]
fn buckets_of_centuries_hold_their_instants() {
    for (from, to, interval) in [
        ("1900-01-01", "2040-01-01", Interval::Week),
        ("1850-01-01", "2040-01-01", Interval::Week),
        ("1900-01-01", "2040-01-01", Interval::Day),
        ("1850-01-01", "2040-01-01", Interval::Day),
    ] {
        let buckets = cover("UTC", from, to, interval);
        let edges = buckets.starts().iter().chain(buckets.ends());
        let times: Vec<i64> = edges.flat_map(|edge| [edge - 1, *edge, edge + 1]).collect();
        let mut indexes = vec![7; times.len()];
        buckets.indexes_of(&times, &mut indexes);
        for (time, index) in times.iter().zip(indexes) {
            assert_eq!(buckets.index_of(*time), (index != u32::MAX).then_some(index as usize), "{from}, {time}");
        }
    }
}

#[test]
fn a_bucket_is_named_by_its_start() {
    let buckets = cover("Europe/Berlin", "2026-01-01", "2026-02-01", Interval::Week);
    let mut scope = Scope::new("2026-01-01", "2026-02-01");
    scope.timezone = Zone::named("Europe/Berlin");
    let named =
        |text: &str| buckets.named(&TimeBound::from(text), &scope, "bucket", Clock::utc(time("2026-01-01T00:00:00Z")));
    assert_eq!(named("2026-01-05"), Ok(1));
    assert_eq!(named("2026-01-04T23:00:00Z"), Ok(1));
    assert_eq!(named(&buckets.label(2)), Ok(2));
    assert_eq!(
        named("2026-01-06").unwrap_err().to_string(),
        "`units.bucket`: no week of the result starts at `2026-01-06`; they start from 2025-12-29T00:00:00+01:00 to \
         2026-01-26T00:00:00+01:00"
    );
}

/// Goal: no zone's history breaks the calendar. Around every change of an offset since 1970, times of the wall clock
/// are reached where they are first shown, and the buckets of an instant do not depend on where the range begins.
#[test]
fn every_change_of_every_zone_is_survived() {
    for name in jiff::tz::db().available() {
        let name = name.to_string();
        let (Some(zone), Ok(time_zone)) = (Zone::named(&name), TimeZone::get(&name)) else { continue };
        let changes =
            time_zone.following(jiff::Timestamp::UNIX_EPOCH).map(|change| change.timestamp().as_microsecond());
        for change in changes.take_while(|change| *change < micros("2035-01-01T00:00:00Z")) {
            let (before, after) = (zone.wall_micros(change - 1) + 1, zone.wall_micros(change));
            let midnight = after.div_euclid(24 * MICROS_PER_HOUR) * 24 * MICROS_PER_HOUR;
            for wall in [before - 1, before, (before + after) / 2, after - 1, after, midnight] {
                let first = zone.first_instant(wall);
                assert!(zone.wall_micros(first) >= wall, "{name} {change} {wall}");
                let earlier = (0..50).map(|hours| first - 1 - hours * MICROS_PER_HOUR);
                assert!(earlier.map(|time| zone.wall_micros(time)).all(|shown| shown < wall), "{name} {change} {wall}");
            }
            for interval in [Interval::Hour, Interval::Day] {
                let range = |from_micros, to_micros| ResolvedRange { from_micros, to_micros };
                let cover = |range| Buckets::cover(range, interval, WeekDay::Monday, &zone).unwrap();
                let buckets = cover(range(change - 2 * MICROS_PER_HOUR, change + 2 * MICROS_PER_HOUR));
                for i in 0..buckets.len() {
                    let bucket = buckets.range(i);
                    assert!(!bucket.is_empty());
                    assert_eq!(
                        cover(range(bucket.to_micros - 1, bucket.to_micros)).range(0),
                        bucket,
                        "{name} {change}"
                    );
                }
            }
        }
    }
}

/// The start of the day, week or month that holds an instant, by the time library alone.
fn reference_start(zone: &str, time_micros: i64, interval: Interval) -> i64 {
    let zone = TimeZone::get(zone).unwrap();
    let local = jiff::Timestamp::from_microsecond(time_micros).unwrap().to_zoned_datetime(zone.clone());
    let date = match interval {
        Interval::Week => local.date().saturating_sub((local.weekday().to_monday_zero_offset() as i64).days()),
        Interval::Month => local.date().first_of_month(),
        Interval::Day | Interval::Hour => local.date(),
    };
    date.to_zoned_datetime(zone).unwrap().start_of_day().unwrap().timestamp().as_microsecond()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn buckets_partition_time_and_agree_with_the_time_library(
        zone in prop::sample::select(vec!["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe",
            "America/Sao_Paulo", "Asia/Kolkata", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Chatham"]),
        // Years 1972 to 2100: before, some zones change at odd minutes.
        second in 63_072_000_i64..4_102_444_800,
        length_hours in 1_i64..20_000,
        interval in prop::sample::select(Interval::ALL),
        samples in prop::collection::vec(0.0..1.0_f64, 20),
    ) {
        let from_micros = second * 1_000_000 + 123_456;
        let range = ResolvedRange { from_micros, to_micros: from_micros + length_hours * MICROS_PER_HOUR };
        let buckets = Buckets::cover(range, interval, WeekDay::Monday, &Zone::named(zone).unwrap()).unwrap();
        prop_assert!(buckets.range(0).contains(range.from_micros));
        prop_assert!(buckets.range(buckets.len() - 1).contains(range.to_micros - 1));
        for (start, end) in buckets.starts().iter().zip(buckets.ends()) {
            prop_assert!(start < end);
        }
        let edges = buckets.starts().iter().chain(buckets.ends());
        let around = edges.flat_map(|edge| [edge - 1, *edge, edge + 1]);
        let times: Vec<i64> = around.chain([i64::MIN, 0, i64::MAX]).collect();
        let mut indexes = vec![7; times.len()];
        buckets.indexes_of(&times, &mut indexes);
        for (time, index) in times.iter().zip(indexes) {
            prop_assert_eq!(buckets.index_of(*time), (index != u32::MAX).then_some(index as usize), "at {}", time);
        }
        let one = buckets.as_one();
        prop_assert_eq!((one.len(), one.starts()[0], one.ends()[0]), (1, buckets.starts()[0], *buckets.ends().last().unwrap()));
        for sample in samples {
            let time = range.from_micros + ((range.to_micros - range.from_micros - 1) as f64 * sample) as i64;
            let index = buckets.index_of(time).unwrap();
            prop_assert!(buckets.range(index).contains(time));
            let start = buckets.range(index).from_micros;
            if interval == Interval::Hour {
                let time_zone = TimeZone::get(zone).unwrap();
                let instant = |time: i64| jiff::Timestamp::from_microsecond(time).unwrap();
                let local = |time: i64| instant(time).to_zoned_datetime(time_zone.clone());
                let whole = local(time).date() == local(start).date()
                    && local(time).hour() == local(start).hour()
                    && local(time).offset() == local(start).offset();
                prop_assert!(whole, "{} in {}", local(time), local(start));
                prop_assert!(local(start).round(Unit::Minute).unwrap() == local(start));
            } else {
                prop_assert_eq!(start, reference_start(zone, time, interval));
            }
        }
    }
}

#[test]
fn ends_beyond_all_rows_reach_to_midnight() {
    let day = 24 * MICROS_PER_HOUR;
    let widened = |from_micros, to_micros, rows| {
        let range = ResolvedRange { from_micros, to_micros }.widened_to_utc_days(rows);
        (range.from_micros, range.to_micros)
    };
    assert_eq!(widened(day + 5, 3 * day + 7, (day + 5, 3 * day + 6)), (day, 4 * day));
    assert_eq!(widened(day + 5, 3 * day + 7, (day + 4, 3 * day + 7)), (day + 5, 3 * day + 7));
    assert_eq!(widened(day, 3 * day, (day, 3 * day - 1)), (day, 3 * day));
    assert_eq!(widened(-day - 1, -1, (-day - 1, -2)), (-2 * day, 0));
}
