//! Funnel documents.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Scope;
use super::filters::{matcher, merge};
use super::ranges::{Ends, common, without_interval};
use super::settings::Setting;
use super::trends::{breakdown, limit};

pub(super) fn document(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    match scope {
        Scope::First => (without_interval(scope, setting), steps(scope), window())
            .prop_map(|(document, steps, window)| assembled(document, steps, window))
            .boxed(),
        Scope::Whole => whole(setting),
    }
}

fn assembled(mut document: Value, steps: Vec<Value>, window: Value) -> Value {
    document["report"] = json!("funnel");
    document["steps"] = Value::Array(steps);
    merge(&mut document, window);
    document
}

fn steps(scope: Scope) -> BoxedStrategy<Vec<Value>> {
    prop::collection::vec(matcher(scope), 2..5).boxed()
}

fn window() -> BoxedStrategy<Value> {
    let windows = vec!["1s", "30m", "6h", "1d", "3d", "1w", "7d"];
    prop_oneof![1 => Just(json!({})), 4 => prop::sample::select(windows).prop_map(|window| json!({"window": window}))]
        .boxed()
}

fn whole(setting: Setting) -> BoxedStrategy<Value> {
    let base = prop_oneof![
        2 => without_interval(Scope::Whole, setting),
        1 => common(Scope::Whole, setting, Ends::Anywhere),
    ];
    let order = prop::sample::select(vec![
        json!({}),
        json!({"order": "ordered"}),
        json!({"order": "strict"}),
        json!({"order": "any"}),
    ]);
    let entry = prop::sample::select(vec![json!({}), json!({"entry": "best"}), json!({"entry": "first"})]);
    let hold = prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({"hold": "user"})),
        1 => Just(json!({"hold": {"property": "plan"}})),
        1 => Just(json!({"hold": {"property": "nested.a"}})),
    ];
    (base, steps(Scope::Whole), window(), (order, entry, hold), breakdown(Scope::Whole), limit(), excludes())
        .prop_map(|(base, steps, window, (order, entry, hold), breakdown, limit, excludes)| {
            let count = steps.len() as u64;
            let mut document = assembled(base, steps, window);
            for fields in [order, entry, hold] {
                merge(&mut document, fields);
            }
            if !breakdown.is_empty() {
                document["breakdown"] = Value::Array(breakdown);
                merge(&mut document, limit);
            }
            let fitting: Vec<Value> = excludes.into_iter().filter(|exclude| fits(exclude, count)).collect();
            if document["order"] != "any" && !fitting.is_empty() {
                document["exclude"] = Value::Array(fitting);
            }
            document
        })
        .boxed()
}

/// An exclude between two steps that the funnel has.
fn fits(exclude: &Value, steps: u64) -> bool {
    let from = exclude["from"].as_u64().unwrap_or(1);
    let to = exclude["to"].as_u64().unwrap_or(steps);
    from < to && to <= steps
}

fn excludes() -> BoxedStrategy<Vec<Value>> {
    let one = (matcher(Scope::Whole), prop::option::of(1..4_u64), prop::option::of(2..5_u64)).prop_map(
        |(event, from, to)| {
            let mut exclude = json!({"event": event});
            if let Some(from) = from {
                exclude["from"] = json!(from);
            }
            if let Some(to) = to {
                exclude["to"] = json!(to);
            }
            exclude
        },
    );
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(one, 1..3)].boxed()
}
