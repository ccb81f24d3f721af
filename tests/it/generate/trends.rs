//! Trends documents.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Scope;
use super::filters::{cohort_name, group_type, matcher, merge, of};
use super::pools::{PATHS, name};
use super::ranges::{Ends, common, zone};
use super::settings::Setting;

pub(super) fn document(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    let plain = plain(scope, setting);
    match scope {
        Scope::First => plain,
        Scope::Whole => prop_oneof![
            5 => plain,
            3 => extended(setting),
            2 => active(setting),
            1 => property_of(setting),
        ]
        .boxed(),
    }
}

fn plain(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    (common(scope, setting, Ends::Anywhere), all_series(scope), breakdown(scope), ranking())
        .prop_map(|(common, series, breakdown, ranking)| assembled(common, series, breakdown, ranking))
        .boxed()
}

fn assembled(mut document: Value, series: Vec<Value>, breakdown: Vec<Value>, ranking: Value) -> Value {
    document["report"] = json!("trends");
    document["series"] = Value::Array(series);
    if !breakdown.is_empty() {
        document["breakdown"] = Value::Array(breakdown);
        merge(&mut document, ranking);
    }
    document
}

/// One to three series, each with a label of its own.
fn all_series(scope: Scope) -> BoxedStrategy<Vec<Value>> {
    let one = (matcher(scope), measure());
    prop::collection::vec(one, 1..4)
        .prop_map(|parts| {
            let label = |(at, (event, measure)): (usize, (Value, Option<Value>))| {
                let mut series = json!({"event": event, "label": format!("series {at}")});
                if let Some(measure) = measure {
                    series["measure"] = measure;
                }
                series
            };
            parts.into_iter().enumerate().map(label).collect()
        })
        .boxed()
}

fn measure() -> BoxedStrategy<Option<Value>> {
    let path = || prop_oneof![4 => Just("amount"), 1 => name(&PATHS)];
    let words = prop::sample::select(vec!["unique", "total", "per_unit"]).prop_map(|word| Some(json!(word)));
    let of_path = (prop::sample::select(vec!["sum", "avg", "min", "max"]), path())
        .prop_map(|(word, path)| Some(Value::Object([(word.to_owned(), json!(path))].into_iter().collect())));
    let shares = vec![json!(0), json!(0.5), json!(0.9), json!(0.7), json!(0.29), json!(1), json!(1.0), json!(0.333)];
    let percentile =
        (path(), prop::sample::select(shares)).prop_map(|(path, share)| Some(json!({"percentile": [path, share]})));
    prop_oneof![1 => Just(None), 3 => words, 4 => of_path, 2 => percentile].boxed()
}

/// None, one, or (in the whole language) up to three parts.
pub(super) fn breakdown(scope: Scope) -> BoxedStrategy<Vec<Value>> {
    let on_event = name(&PATHS).prop_map(|path| json!({"property": path}));
    let by_key = group_type().prop_map(|name| json!({"group": name}));
    match scope {
        Scope::First => prop::collection::vec(prop_oneof![3 => on_event, 1 => by_key], 0..2).boxed(),
        Scope::Whole => {
            let elsewhere = (name(&PATHS), of()).prop_map(|(path, of)| {
                let mut part = json!({"property": path});
                merge(&mut part, of);
                part
            });
            let cohort = cohort_name().prop_map(|name| json!({"cohort": name}));
            let part = prop_oneof![4 => on_event, 2 => by_key, 3 => elsewhere, 1 => cohort];
            prop_oneof![3 => Just(Vec::new()), 4 => prop::collection::vec(part, 1..4)].boxed()
        }
    }
}

pub(super) fn limit() -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(json!({})), 2 => (1..5_u64).prop_map(|limit| json!({"limit": limit}))].boxed()
}

/// Which values of a breakdown come first, and how many are shown.
fn ranking() -> BoxedStrategy<Value> {
    let rank_by = prop_oneof![
        2 => Just(json!({})),
        1 => Just(json!({"rank_by": "events"})),
        3 => Just(json!({"rank_by": "total"})),
    ];
    (limit(), rank_by)
        .prop_map(|(mut limit, rank_by)| {
            merge(&mut limit, rank_by);
            limit
        })
        .boxed()
}

/// Cumulative, compared with the range before, and formulas.
fn extended(setting: Setting) -> BoxedStrategy<Value> {
    let formulas = ["A / B", "-A + 2 * (B - 0.5)", "A/(A-A)", "A * 100", "B", "(A)"];
    let fields = (any::<bool>(), any::<bool>(), prop::option::of(prop::sample::select(formulas.to_vec())));
    // Hours on the wall clock move back by other amounts than hours: whole days only.
    let common = common(Scope::Whole, setting, Ends::WholeDays);
    (common, all_series(Scope::Whole), breakdown(Scope::Whole), ranking(), fields)
        .prop_map(|(common, series, breakdown, ranking, (cumulative, compare, formula))| {
            let series_count = series.len();
            let mut document = assembled(common, series, breakdown, ranking);
            if cumulative {
                document["cumulative"] = json!(true);
            }
            if compare {
                document["compare"] = json!("previous");
            }
            if let Some(formula) = formula.filter(|formula| series_count > 1 || !formula.contains('B')) {
                document["formula"] = json!(formula);
            }
            document
        })
        .boxed()
}

/// Distinct units in the days or hours that end with each bucket.
fn active(setting: Setting) -> BoxedStrategy<Value> {
    let window = prop::sample::select(vec!["1d", "3d", "7d", "1w", "2w", "30d"]);
    let hours = prop::sample::select(vec!["1h", "25h", "100h"]);
    let whole = (common(Scope::Whole, setting, Ends::WholeDays), prop_oneof![3 => window, 1 => hours.clone()]);
    let anywhere = (common(Scope::Whole, setting, Ends::Anywhere), hours);
    let base = prop_oneof![3 => whole, 1 => anywhere];
    (base, matcher(Scope::Whole), breakdown(Scope::Whole), ranking())
        .prop_map(|((common, window), event, breakdown, ranking)| {
            let series = vec![json!({"event": event, "measure": {"active": window}, "label": "active"})];
            let mut document = assembled(common, series, breakdown, ranking);
            // What an empty range is active in is nobody's question.
            if document["from"] == document["to"] {
                document["series"][0]["measure"] = json!("unique");
            }
            document
        })
        .boxed()
}

/// Property values over every unit.
fn property_of(setting: Setting) -> BoxedStrategy<Value> {
    let whose = prop_oneof![1 => Just(json!("users")), 2 => group_type().prop_map(|name| json!({"group": name}))];
    let measure = (prop::sample::select(vec!["sum", "avg", "count_by_value"]), name(&PATHS))
        .prop_map(|(word, path)| Value::Object([(word.to_owned(), json!(path))].into_iter().collect()));
    let range = (1..20_i64, 0..10_i64);
    (zone(setting), whose, measure, range, limit(), any::<bool>())
        .prop_map(move |(mut document, whose, measure, (before, after), limit, compare)| {
            document["report"] = json!("trends");
            document["from"] = json!(setting.date_text(-before));
            document["to"] = json!(setting.date_text(after));
            document["series"] = json!([{"property_of": whose, "measure": measure, "label": "values"}]);
            merge(&mut document, limit);
            if compare {
                document["compare"] = json!("previous");
            }
            document
        })
        .boxed()
}
