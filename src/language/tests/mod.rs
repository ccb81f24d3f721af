//! Tests of whole documents and of the calendar.

mod calendar;
mod documents;
mod ranges;
mod refusals;
mod roundtrip;
mod units;
mod value_tests;

use super::Report;
use crate::model::{Timestamp, Value};

/// Parses a document that must be right.
#[track_caller]
fn parsed(json: &str) -> Report {
    match Report::parse(json) {
        Ok(report) => report,
        Err(error) => panic!("{error}\n{json}"),
    }
}

/// Parses a document that must be wrong, and compares the whole error.
#[track_caller]
fn refused(json: &str, expected: &str) {
    match Report::parse(json) {
        Ok(_) => panic!("accepted: {json}"),
        Err(error) => assert_eq!(error.to_string(), expected, "{json}"),
    }
}

/// A trends document with these fields beside the required ones.
fn trends(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"report":"trends","from":"2026-01-01","to":"2026-02-01","series":[{{"event":"a"}}]{comma}{fields}}}"#)
}

/// A trends document with this series.
fn trends_of(series: &str) -> String {
    format!(r#"{{"report":"trends","from":"2026-01-01","to":"2026-02-01","series":[{series}]}}"#)
}

/// A cohort document with this condition.
fn cohort(condition: &str) -> String {
    format!(r#"{{"report":"cohort","where":{condition}}}"#)
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn micros(text: &str) -> i64 {
    time(text).micros()
}

fn value(json: &str) -> Value {
    Value::from_serde(&serde_json::from_str(json).unwrap())
}
