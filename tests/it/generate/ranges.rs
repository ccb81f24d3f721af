//! The common part of a document: range, zone, unit, filter, interval.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Scope;
use super::filters::{group_type, merge, sometimes};
use super::settings::{HOUR, SECOND, Setting, written};

/// Which intervals a document may ask for, and whether its range keeps to whole local days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Anywhere,
    WholeDays,
}

/// Range, zone, count_by, filter, interval and week_start.
pub(super) fn common(scope: Scope, setting: Setting, ends: Ends) -> BoxedStrategy<Value> {
    (interval(ends), count_by(), sometimes(scope), zone(setting))
        .prop_flat_map(move |(interval, count_by, filter, zone)| {
            let mut fields = zone;
            merge(&mut fields, interval.clone());
            merge(&mut fields, count_by);
            if let Some(filter) = filter {
                fields["filter"] = filter;
            }
            range(setting, ends, longest(&interval)).prop_map(move |range| {
                let mut fields = fields.clone();
                merge(&mut fields, range);
                fields
            })
        })
        .boxed()
}

/// The same without an interval, for reports where it means more.
pub(super) fn without_interval(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    (count_by(), sometimes(scope), zone(setting), range(setting, Ends::Anywhere, 40))
        .prop_map(|(count_by, filter, zone, range)| {
            let mut fields = zone;
            merge(&mut fields, count_by);
            merge(&mut fields, range);
            if let Some(filter) = filter {
                fields["filter"] = filter;
            }
            fields
        })
        .boxed()
}

/// The setting's zone, or UTC whatever the setting.
pub(super) fn zone(setting: Setting) -> BoxedStrategy<Value> {
    let own = json!({"timezone": setting.zone});
    prop_oneof![5 => Just(own), 1 => Just(json!({}))].boxed()
}

pub(super) fn count_by() -> BoxedStrategy<Value> {
    prop_oneof![
        3 => Just(json!({})),
        1 => Just(json!({"count_by": "users"})),
        4 => group_type().prop_map(|name| json!({"count_by": {"group": name}})),
    ]
    .boxed()
}

fn interval(ends: Ends) -> BoxedStrategy<Value> {
    let days = vec!["monday", "sunday", "wednesday"];
    let week = prop_oneof![
        Just(json!({"interval": "week"})),
        prop::sample::select(days).prop_map(|day| json!({"interval": "week", "week_start": day})),
    ];
    let hour = if ends == Ends::Anywhere { 2 } else { 0 };
    prop_oneof![
        2 => Just(json!({})),
        2 => Just(json!({"interval": "day"})),
        2 => week,
        1 => Just(json!({"interval": "month"})),
        hour => Just(json!({"interval": "hour"})),
    ]
    .boxed()
}

/// At most so many days, that results stay readable.
fn longest(interval: &Value) -> i64 {
    match interval["interval"].as_str() {
        Some("hour") => 3,
        Some("week") => 60,
        Some("month") => 130,
        _ => 20,
    }
}

fn range(setting: Setting, ends: Ends, longest: i64) -> BoxedStrategy<Value> {
    let dates = (longest / 4..longest, 0..=longest / 2 + 1).prop_map(move |(before, after)| {
        let after = after.min(longest - before);
        json!({"from": setting.date_text(-before), "to": setting.date_text(after.max(0))})
    });
    let empty = (-5..5_i64).prop_map(move |day| json!({"from": setting.date_text(day), "to": setting.date_text(day)}));
    let apart = prop_oneof![Just(-900_i64), Just(900)]
        .prop_map(move |day| json!({"from": setting.date_text(day), "to": setting.date_text(day + 2)}));
    let relative = relative(setting, longest);
    if ends == Ends::WholeDays {
        return prop_oneof![12 => dates, 1 => empty, 1 => apart].boxed();
    }
    let hours = longest.min(20) * 12;
    let unaligned = (-hours..=0, 0..=hours, edge(), edge(), -4..5_i64).prop_map(move |(low, high, from, to, zone)| {
        let low = setting.switch_us + low.min(-hours / 3) * HOUR + from.min(0);
        let high = setting.switch_us + high * HOUR + to.max(0);
        json!({"from": written(low, zone * 90), "to": written(high, 0)})
    });
    prop_oneof![8 => dates, 6 => unaligned, 3 => relative, 1 => empty, 1 => apart].boxed()
}

/// A little off the hour.
fn edge() -> BoxedStrategy<i64> {
    prop::sample::select(vec![0, 1, -1, 10 * 60 * SECOND, -25 * 60 * SECOND + 123_456]).boxed()
}

/// Relative to the document's own `now`, which lies on an hour.
fn relative(setting: Setting, longest: i64) -> BoxedStrategy<Value> {
    // Hours back are exact, or from the start of an hour: where `now` lies on one, both are the same.
    let whole_hours = !["Australia/Lord_Howe", "Asia/Kathmandu"].contains(&setting.zone);
    (0..=longest.min(30), 0..3, 0..5_i64)
        .prop_map(move |(back, form, hours)| {
            let from = match form {
                0 if back >= 14 => format!("-{}w", back / 7),
                1 if whole_hours => format!("-{}h", back * 24 + 3),
                _ => format!("-{back}d"),
            };
            let now = setting.now_us() + hours * HOUR;
            json!({"from": from, "to": "now", "now": written(now, 0)})
        })
        .boxed()
}
