//! Proptest strategies: histories full of trouble, and report documents that hit them.
//!
//! Everything draws from small pools of names and instants, so that ties, collisions and edges are
//! the rule. A [`Setting`] (a zone and one of its clock changes) ties a history to its documents.
#![allow(dead_code, reason = "strategies are there for whichever test wants them")]

mod cohorts;
mod filters;
mod funnels;
mod histories;
mod lines;
mod others;
mod pools;
mod ranges;
mod refused;
mod settings;
#[cfg(test)]
mod tests;
mod trends;
mod units;
mod values;

use proptest::prelude::*;
use serde_json::Value;
use std::ops::RangeInclusive;

pub use settings::Setting;
pub use units::behind;

/// How much of the report language documents use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Trends with plain measures and one breakdown, ordered funnels, retention, cohorts of events.
    First,
    /// All of it.
    Whole,
}

/// A history, documents over the same days, and the instant at which they are asked.
#[derive(Clone, Debug)]
pub struct Case {
    pub setting: Setting,
    pub history: Vec<(Value, i64)>,
    pub documents: Vec<Value>,
    pub now_us: i64,
}

/// A history of up to `lines` input lines with the times of their arrival.
pub fn history(scope: Scope, lines: usize) -> BoxedStrategy<Vec<(Value, i64)>> {
    settings::setting().prop_flat_map(move |setting| histories::history(scope, setting, lines)).boxed()
}

/// A history in a given setting.
pub fn history_in(scope: Scope, setting: Setting, lines: usize) -> BoxedStrategy<Vec<(Value, i64)>> {
    histories::history(scope, setting, lines)
}

/// A report document, in whatever setting.
pub fn document(scope: Scope) -> BoxedStrategy<Value> {
    settings::setting().prop_flat_map(move |setting| document_in(scope, setting)).boxed()
}

/// A report document in a given setting.
pub fn document_in(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    let first = prop_oneof![
        4 => trends::document(scope, setting),
        3 => funnels::document(scope, setting),
        3 => others::retention(scope, setting),
        2 => cohorts::document(scope, setting),
    ];
    let valid = match scope {
        Scope::First => first.boxed(),
        Scope::Whole => prop_oneof![
            12 => first,
            1 => others::stickiness(scope, setting),
            2 => others::lifecycle(scope, setting),
            2 => others::paths(scope, setting),
        ]
        .boxed(),
    };
    prop_oneof![40 => valid.clone(), 1 => valid.prop_map(refused::spoilt)].boxed()
}

/// A history of up to `lines` lines and so many documents over it.
pub fn case(scope: Scope, lines: usize, documents: RangeInclusive<usize>) -> BoxedStrategy<Case> {
    case_of(scope, lines, documents, document_in)
}

/// A condition on properties of users or keys themselves, as lists filter by.
pub fn list_filter() -> BoxedStrategy<Value> {
    let several = |name: &'static str| {
        prop::collection::vec(filters::own_property(), 0..3).prop_map(move |parts| serde_json::json!({ name: parts }))
    };
    prop_oneof![
        4 => filters::own_property(),
        1 => several("all"),
        1 => several("any"),
        1 => filters::own_property().prop_map(|part| serde_json::json!({ "not": part })),
    ]
    .boxed()
}

/// A property path, often one that is there.
pub fn property_path() -> BoxedStrategy<&'static str> {
    pools::name(&pools::PATHS)
}

/// The same with funnels only.
pub fn funnel_case(scope: Scope, lines: usize, documents: RangeInclusive<usize>) -> BoxedStrategy<Case> {
    case_of(scope, lines, documents, funnels::document)
}

fn case_of(
    scope: Scope,
    lines: usize,
    documents: RangeInclusive<usize>,
    document: fn(Scope, Setting) -> BoxedStrategy<Value>,
) -> BoxedStrategy<Case> {
    let of_setting = move |setting: Setting| {
        let history = histories::history(scope, setting, lines);
        let documents = prop::collection::vec(document(scope, setting), documents.clone());
        (history, documents).prop_map(move |(history, documents)| Case {
            setting,
            history,
            documents,
            now_us: setting.now_us(),
        })
    };
    settings::setting().prop_flat_map(of_setting).boxed()
}
