//! Lifecycle: new, returning, resurrecting and dormant units of each bucket.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::cohort::page;
use super::coverage::Coverage;
use super::document::{choice, need};
use super::filter::Matcher;
use super::head::{Head, interval, units_of};
use super::lookup::{Look, Row};
use super::number::count;

const OWN: [&str; 4] = ["event", "interval", "week_start", "units"];
const STATES: [&str; 4] = ["new", "returning", "resurrecting", "dormant"];

pub(super) fn run(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    let head = Head::read(look, map, &OWN)?;
    let matcher = Matcher::read(head.look, need(map, "event", "lifecycle")?)?;
    let coverage = Coverage::of(&head, &[&matcher])?;
    let (from, to) = head.range()?;
    let interval = interval(map)?;
    let buckets = head.buckets(interval)?;

    // The spans looked at: the whole bucket before the first, then the buckets inside [from, to).
    let mut spans = Vec::new();
    if let Some(first) = buckets.first() {
        let before = head.clock.bucket_before(interval, first.start)?;
        spans.push((before.start, before.end));
        spans.extend(buckets.iter().map(|bucket| (bucket.start.max(from), bucket.end.min(to))));
    }
    let mut matching = head.by_unit();
    for rows in matching.values_mut() {
        rows.retain(|row| matcher.matches(head.look, row));
    }
    let in_state = |bucket: usize, state: &str| -> BTreeSet<String> {
        let found = matching.iter().filter(|(_, rows)| state_of(rows, spans[bucket], spans[bucket + 1]) == Some(state));
        found.map(|(unit, _)| (*unit).to_owned()).collect()
    };
    if let Some(units) = units_of(map, &["bucket", "state"])? {
        let bucket = head.bucket_named(need(units, "bucket", "units of lifecycle")?, &buckets)?;
        need(units, "state", "units of lifecycle")?;
        return page(in_state(bucket, choice(units, "state", &STATES)?), units, map, coverage);
    }
    let mut result = json!({"buckets": head.labels(&buckets), "coverage": coverage.json()});
    for state in STATES {
        let counts: Vec<Value> = (0..buckets.len()).map(|bucket| count(in_state(bucket, state).len())).collect();
        result[state] = Value::Array(counts);
    }
    Ok(result)
}

/// The state of a unit, given its matching events of all history in order.
fn state_of(rows: &[Row], before: (i64, i64), span: (i64, i64)) -> Option<&'static str> {
    let within = |row: &Row, span: (i64, i64)| (span.0..span.1).contains(&row.time());
    let active = rows.iter().any(|row| within(row, span));
    let was_active = rows.iter().any(|row| within(row, before));
    let is_new = rows.first().is_some_and(|row| within(row, span));
    match (active, was_active) {
        (true, _) if is_new => Some("new"),
        (true, true) => Some("returning"),
        (true, false) => Some("resurrecting"),
        (false, true) => Some("dormant"),
        (false, false) => None,
    }
}
