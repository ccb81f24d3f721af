//! Whatever happened to the data, the answers are the same.
//!
//! T7: random operations on a store, loss of power among them, against the naive evaluator.
//! T8: one data set by eight ways into a store: the same bytes for every document, and what the naive evaluator says.

mod operations;
mod ways;

use crate::naive::Naive;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports;
use trackcrumb::store::Snapshot;

/// How many cases run, unless the environment says otherwise.
fn cases(variable: &str, default: u32) -> u32 {
    std::env::var(variable).ok().and_then(|cases| cases.parse().ok()).unwrap_or(default)
}

/// The answer as the bytes that a caller gets; `None` for an error.
fn answer(snapshot: &Snapshot, document: &Value, now_us: i64) -> Option<String> {
    let report = Report::from_value(document).ok()?;
    let answer = reports::run(snapshot, &report, Timestamp::clamped(now_us)).ok()?;
    Some(serde_json::to_string(&answer).unwrap())
}

/// What both say in the same words: cursors are opaque, and how a funnel names a step of several events is free.
fn comparable(mut answer: Value) -> Value {
    let is_step = |step: &Value| step.get("from_previous").is_some();
    fn forget_names(value: &mut Value, is_step: &dyn Fn(&Value) -> bool) {
        if is_step(value) {
            value.as_object_mut().unwrap().remove("event");
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| forget_names(item, is_step)),
            Value::Object(fields) => fields.values_mut().for_each(|item| forget_names(item, is_step)),
            _ => {}
        }
    }
    forget_names(&mut answer, &is_step);
    if let Some(cursor) = answer.get_mut("next_cursor") {
        *cursor = json!(!cursor.is_null());
    }
    answer
}

/// The first document to which the naive evaluator has another answer.
fn difference(answers: &[(&Value, Option<String>)], naive: &Naive, now_us: i64) -> Result<(), String> {
    for (document, ours) in answers {
        let ours = ours.as_ref().map(|json| comparable(serde_json::from_str(json).unwrap()));
        let theirs = naive.report(document, now_us).ok().map(comparable);
        if ours != theirs {
            return Err(format!("document {document}\n ours  {ours:?}\n naive {theirs:?}"));
        }
    }
    Ok(())
}

/// Every line with a timestamp, so that it does not matter when it arrives.
fn timed(history: &[(Value, i64)]) -> Vec<Value> {
    let with_time = |(line, arrival_us): &(Value, i64)| {
        let mut line = line.clone();
        if let Some(fields) = line.as_object_mut()
            && matches!(fields.get("type").and_then(Value::as_str), Some("track" | "identify" | "group"))
            && !fields.contains_key("timestamp")
        {
            fields.insert("timestamp".to_owned(), json!(Timestamp::clamped(*arrival_us).to_string()));
        }
        line
    };
    history.iter().map(with_time).collect()
}

fn fail(problem: String) -> TestCaseError {
    TestCaseError::fail(problem)
}
