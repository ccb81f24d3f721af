//! Cohort documents, and the definitions that are saved.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Scope;
use super::filters::{group_type, matcher, merge, own_property, sometimes};
use super::pools::{KEY_COHORTS, KEYS, TYPES, USER_COHORTS, name};
use super::ranges::zone;
use super::settings::{HOUR, Setting, written};

/// Whom the cohort counts, by the group type (none: users).
type Counted = Option<&'static str>;

pub(super) fn document(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    let counted = prop_oneof![Just(None), group_type().prop_map(Some)];
    let limit = prop_oneof![2 => Just(None), 1 => (1..5_u64).prop_map(Some)];
    (counted, limit)
        .prop_flat_map(move |(counted, limit)| {
            definition(scope, setting, counted).prop_map(move |mut document| {
                if let Some(limit) = limit {
                    document["limit"] = json!(limit);
                }
                document
            })
        })
        .boxed()
}

/// A name and its definition; each name always counts the same units.
pub(super) fn saved(setting: Setting) -> BoxedStrategy<(&'static str, Value)> {
    let of_users = (prop::sample::select(USER_COHORTS.to_vec()), definition(Scope::Whole, setting, None));
    let of_keys = (prop::sample::select(KEY_COHORTS.to_vec()), definition(Scope::Whole, setting, Some(TYPES[0])));
    // Simple ones too: a definition that names a cohort not yet known is refused.
    let simple = (matcher(Scope::First), 1..3_u64)
        .prop_map(|(event, times)| json!({"report": "cohort", "where": {"did": event, "times": {"gte": times}}}));
    let simple = (prop::sample::select(USER_COHORTS.to_vec()), simple);
    let keys =
        Just((KEY_COHORTS[0], json!({"report": "cohort", "count_by": {"group": TYPES[0]}, "where": {"did": "*"}})));
    prop_oneof![3 => simple, 1 => keys, 2 => of_users, 1 => of_keys].boxed()
}

fn definition(scope: Scope, setting: Setting, counted: Counted) -> BoxedStrategy<Value> {
    let range = prop_oneof![2 => Just(json!({})), 1 => bounds(setting)];
    (zone(setting), range, sometimes(scope), condition(scope, setting, counted))
        .prop_map(move |(zone, range, filter, condition)| {
            let mut document = json!({"report": "cohort", "where": condition});
            merge(&mut document, zone);
            merge(&mut document, range);
            if let Some(group_type) = counted {
                document["count_by"] = json!({"group": group_type});
            }
            if let Some(filter) = filter {
                document["filter"] = filter;
            }
            document
        })
        .boxed()
}

/// One bound, the other, or both.
fn bounds(setting: Setting) -> BoxedStrategy<Value> {
    let from = move |days: i64| json!(setting.date_text(-days));
    let to = move |hours: i64| json!(written(setting.switch_us + hours * HOUR, 0));
    prop_oneof![
        (0..20_i64).prop_map(move |days| json!({"from": from(days)})),
        (0..100_i64).prop_map(move |hours| json!({"to": to(hours)})),
        (1..20_i64, 0..100_i64).prop_map(move |(days, hours)| json!({"from": from(days), "to": to(hours)})),
    ]
    .boxed()
}

/// The bounds a condition may have of its own: where there are two, always in their order.
fn own_bounds(setting: Setting) -> BoxedStrategy<Value> {
    let both = bounds(setting).prop_filter("both or none, lest the document's cross them", |range| {
        range.get("from").is_some() && range.get("to").is_some()
    });
    prop_oneof![2 => Just(json!({})), 1 => both].boxed()
}

fn condition(scope: Scope, setting: Setting, counted: Counted) -> BoxedStrategy<Value> {
    leaf(scope, setting, counted)
        .prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"all": parts})),
                prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"any": parts})),
                inner.prop_map(|part| json!({"not": part})),
            ]
        })
        .boxed()
}

fn leaf(scope: Scope, setting: Setting, counted: Counted) -> BoxedStrategy<Value> {
    let did = (matcher(scope), times(), own_bounds(setting)).prop_map(|(event, times, bounds)| {
        let mut condition = json!({"did": event});
        merge(&mut condition, times);
        merge(&mut condition, bounds);
        condition
    });
    let first_did = (matcher(scope), own_bounds(setting)).prop_map(|(event, bounds)| {
        let mut condition = json!({"first_did": event});
        merge(&mut condition, bounds);
        condition
    });
    match scope {
        Scope::First => prop_oneof![3 => did, 2 => first_did].boxed(),
        Scope::Whole => prop_oneof![
            5 => did,
            3 => first_did,
            3 => own_property(),
            2 => related(counted),
            1 => behind_a_number(setting, counted),
        ]
        .boxed(),
    }
}

fn times() -> BoxedStrategy<Value> {
    let one = (prop::sample::select(vec!["gt", "gte", "lt", "lte", "is"]), 0..4_u64);
    let times = prop::collection::vec(one, 1..3).prop_map(|parts| {
        let parts = parts.into_iter().map(|(op, number)| (op.to_owned(), json!(number)));
        json!({"times": Value::Object(parts.collect())})
    });
    prop_oneof![1 => Just(json!({})), 2 => times].boxed()
}

/// Other cohorts, and the ties between users and keys.
fn related(counted: Counted) -> BoxedStrategy<Value> {
    let users = || prop::sample::select(USER_COHORTS.to_vec());
    let keys = || prop::sample::select(KEY_COHORTS.to_vec());
    match counted {
        None => prop_oneof![
            users().prop_map(|name| json!({"cohort": name})),
            keys().prop_map(|name| json!({"member_of": {"cohort": name}})),
            (group_type(), prop::collection::vec(name(&KEYS), 1..3))
                .prop_map(|(group, key)| json!({"member_of": {"group": group, "key": key}})),
        ]
        .boxed(),
        Some(group_type) if group_type == TYPES[0] => prop_oneof![
            keys().prop_map(|name| json!({"cohort": name})),
            users().prop_map(|name| json!({"has_member_in": {"cohort": name}})),
        ]
        .boxed(),
        Some(_) => users().prop_map(|name| json!({"has_member_in": {"cohort": name}})).boxed(),
    }
}

/// The units behind a number of another report, which counts the same units.
fn behind_a_number(setting: Setting, counted: Counted) -> BoxedStrategy<Value> {
    let funnel = (matcher(Scope::First), matcher(Scope::First), any::<bool>()).prop_map(|(first, second, dropped)| {
        json!({"report": "funnel", "steps": [first, second], "units": {"step": 2 - u64::from(dropped), "dropped": dropped}})
    });
    let trends = matcher(Scope::First).prop_map(
        |event| json!({"report": "trends", "series": [{"event": event, "label": "a"}], "units": {"series": 0}}),
    );
    let sticky = matcher(Scope::First)
        .prop_map(|event| json!({"report": "stickiness", "event": event, "units": {"intervals": 1}}));
    (prop_oneof![funnel, trends, sticky], 1..15_i64, 1..5_i64)
        .prop_map(move |(mut report, before, after)| {
            report["from"] = json!(setting.date_text(-before));
            report["to"] = json!(setting.date_text(after));
            if let Some(group_type) = counted {
                report["count_by"] = json!({"group": group_type});
            }
            json!({"report": report})
        })
        .boxed()
}
