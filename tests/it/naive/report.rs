//! One report document: which report it is, and the units behind one as a set.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document::{need, object, text};
use super::lookup::{CountBy, Look};
use super::{Naive, cohort, funnel_result, lifecycle, paths, retention, stickiness, trends_result};

pub(super) fn run(store: &Naive, document: &Value, now: i64) -> Result<Value, String> {
    dispatch(Look { store, now }, object(document, "a report document")?)
}

fn dispatch(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    match text(need(map, "report", "the document")?, "report")? {
        "trends" => trends_result::run(look, map),
        "funnel" => funnel_result::run(look, map),
        "retention" => retention::run(look, map),
        "cohort" => cohort::run(look, map),
        "stickiness" => stickiness::run(look, map),
        "lifecycle" => lifecycle::run(look, map),
        "paths" => paths::run(look, map),
        other => Err(format!("there is no report {other:?}")),
    }
}

/// All units behind a number: a condition `{"report":{… "units":…}}` of a cohort.
pub(super) fn units(look: Look, document: &Value, count_by: &CountBy) -> Result<BTreeSet<String>, String> {
    let map = object(document, "a report document")?;
    let units = object(need(map, "units", "a report inside \"where\"")?, "units")?;
    if look.count_by(map.get("count_by"))? != *count_by {
        return Err("the report inside \"where\" counts other units than the cohort".into());
    }
    let (mut whole, mut units) = (map.clone(), units.clone());
    units.insert("limit".into(), Value::from(u32::MAX));
    whole.insert("units".into(), Value::Object(units));
    let result = dispatch(look, &whole)?;
    let members = result["members"].as_array().expect("the shape of a cohort's result");
    Ok(members.iter().filter_map(|member| member.as_str().map(str::to_owned)).collect())
}
