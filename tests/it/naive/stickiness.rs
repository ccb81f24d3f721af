//! Stickiness: in how many of the intervals each unit was active.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::cohort::page;
use super::coverage::Coverage;
use super::document::need;
use super::filter::Matcher;
use super::head::{Head, interval, units_of};
use super::lookup::Look;
use super::number::count;

const OWN: [&str; 4] = ["event", "interval", "week_start", "units"];

pub(super) fn run(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    let head = Head::read(look, map, &OWN)?;
    let matcher = Matcher::read(head.look, need(map, "event", "stickiness")?)?;
    let coverage = Coverage::of(&head, &[&matcher])?;
    let (from, to) = head.range()?;
    let buckets = head.buckets(interval(map)?)?;
    let mut active: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for row in head.rows.iter().filter(|row| (from..to).contains(&row.time())) {
        let bucket = buckets.iter().position(|bucket| (bucket.start..bucket.end).contains(&row.time()));
        if let (Some(unit), true, Some(bucket)) = (head.unit(row), matcher.matches(head.look, row), bucket) {
            active.entry(unit).or_default().insert(bucket);
        }
    }
    let in_exactly = |intervals: usize| -> BTreeSet<String> {
        let exact = active.iter().filter(|(_, buckets)| buckets.len() == intervals);
        exact.map(|(unit, _)| (*unit).to_owned()).collect()
    };
    if let Some(units) = units_of(map, &["intervals"])? {
        let asked = units.get("intervals").and_then(Value::as_u64).map(|intervals| intervals as usize);
        let asked = asked.filter(|intervals| (1..=buckets.len()).contains(intervals));
        let asked = asked.ok_or("\"intervals\" names no number of the result")?;
        return page(in_exactly(asked), units, map, coverage);
    }
    let counts: Value = (1..=buckets.len()).map(|intervals| count(in_exactly(intervals).len())).collect();
    Ok(json!({"counts": counts, "intervals": count(buckets.len()), "coverage": coverage.json()}))
}
