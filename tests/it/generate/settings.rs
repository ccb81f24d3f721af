//! Settings: a zone with one of its clock changes, and instants written in many ways.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const HOUR: i64 = 3600 * SECOND;
pub(super) const DAY: i64 = 24 * HOUR;

/// A time zone and an instant around which things happen: where it can, a change of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub zone: &'static str,
    pub switch_us: i64,
}

const fn at(zone: &'static str, switch_seconds: i64) -> Setting {
    Setting { zone, switch_us: switch_seconds * SECOND }
}

const SETTINGS: [Setting; 11] = [
    at("UTC", 1_767_571_200),                 // 2026-01-05T00:00:00Z, a Monday
    at("UTC", 1_772_323_200),                 // 2026-03-01T00:00:00Z
    at("America/New_York", 1_741_503_600),    // 2025-03-09T07:00:00Z, forward
    at("America/New_York", 1_762_063_200),    // 2025-11-02T06:00:00Z, back
    at("Europe/Berlin", 1_743_296_400),       // 2025-03-30T01:00:00Z, forward
    at("Europe/Berlin", 1_761_440_400),       // 2025-10-26T01:00:00Z, back
    at("Australia/Lord_Howe", 1_743_865_200), // 2025-04-05T15:00:00Z, back by half an hour
    at("Australia/Lord_Howe", 1_759_591_800), // 2025-10-04T15:30:00Z, forward by half an hour
    at("America/Sao_Paulo", 1_541_300_400),   // 2018-11-04T03:00:00Z, forward at midnight
    at("America/Sao_Paulo", 1_550_368_800),   // 2019-02-17T02:00:00Z, back at midnight
    at("Asia/Kathmandu", 1_767_571_200),      // +05:45, no clock changes
];

/// UTC half of the time, else one of the others.
pub(super) fn setting() -> BoxedStrategy<Setting> {
    let any = prop::sample::select(SETTINGS.to_vec());
    prop_oneof![1 => Just(SETTINGS[0]), 3 => any].boxed()
}

impl Setting {
    /// The instant of the call: three days after the switch, on an hour.
    pub fn now_us(self) -> i64 {
        self.switch_us + 3 * DAY
    }

    /// The local date of the switch moved by some days.
    pub(super) fn date(self, days: i64) -> Date {
        let zone = TimeZone::get(self.zone).expect("a known zone");
        let switch = jiff::Timestamp::from_microsecond(self.switch_us).expect("in range");
        let local = switch.to_zoned_datetime(zone).date();
        local.checked_add(SignedDuration::from_hours(24 * days)).expect("in range")
    }

    pub(super) fn date_text(self, days: i64) -> String {
        self.date(days).to_string()
    }

    /// The first instant of a local day near the switch.
    pub(super) fn midnight_us(self, days: i64) -> i64 {
        let zone = TimeZone::get(self.zone).expect("a known zone");
        self.date(days).to_zoned_datetime(zone).expect("in range").timestamp().as_microsecond()
    }
}

/// RFC 3339 under an offset given in minutes; six fraction digits where there is a fraction.
pub(super) fn written(micros: i64, offset_minutes: i64) -> String {
    let epoch: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
    let local = micros + offset_minutes * 60 * SECOND;
    let time = epoch.checked_add(SignedDuration::from_micros(local)).expect("in range");
    let offset = match offset_minutes {
        0 => "Z".to_owned(),
        minutes => {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
    };
    format!("{time}{offset}")
}

/// Some distinct instants for one history: near the switch, at day edges, 7 days ± 1 µs apart, far.
pub(super) fn instants(setting: Setting) -> BoxedStrategy<Vec<i64>> {
    let near = (-12..12_i64).prop_map(move |hours| setting.switch_us + hours * HOUR);
    let days = (-9..9_i64, 0..4_i64).prop_map(move |(day, six)| setting.switch_us + day * DAY + six * 6 * HOUR);
    let edges = (-8..8_i64, prop::sample::select(vec![-1_i64, 0, 1]))
        .prop_map(move |(day, micro)| setting.midnight_us(day) + micro);
    let far = (-70..70_i64).prop_map(move |day| setting.switch_us + day * DAY + 123_456);
    let minutes = (-90..90_i64).prop_map(move |minutes| setting.switch_us + minutes * 60 * SECOND);
    let one = prop_oneof![6 => near, 4 => days, 3 => edges, 1 => far, 3 => minutes];
    let some = prop::collection::vec(one, 3..10);
    // Two events with one insert_id are duplicates up to exactly 7 days apart.
    let apart = prop::sample::subsequence(vec![7 * DAY - 1, 7 * DAY, 7 * DAY + 1, -7 * DAY, -7 * DAY - 1], 0..3);
    (some, apart)
        .prop_map(|(mut some, apart)| {
            let first = some[0];
            some.extend(apart.into_iter().map(|distance| first + distance));
            some
        })
        .boxed()
}
