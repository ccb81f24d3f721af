//! Retention: cohorts by start period, and who comes back in which later period.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::cohort::page;
use super::coverage::Coverage;
use super::document::{choice, need, whole};
use super::filter::Matcher;
use super::head::{Head, interval, units_of};
use super::lookup::{Look, Row};
use super::number::{count, fraction, number};
use super::time::Bucket;

const OWN: [&str; 8] = ["start", "return", "interval", "week_start", "periods", "mode", "bound", "units"];

struct Retention<'a> {
    head: Head<'a>,
    start: Matcher,
    back: Matcher,
    buckets: Vec<Bucket>,
    periods: usize,
    recurring: bool,
    or_after: bool,
}

pub(super) fn run(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    let retention = Retention::read(look, map)?;
    let coverage = Coverage::of(&retention.head, &[&retention.start, &retention.back])?;
    if let Some(units) = units_of(map, &["period", "k"])? {
        return page(retention.behind(units)?, units, map, coverage);
    }
    let mut result = retention.result();
    result["coverage"] = coverage.json();
    Ok(result)
}

impl<'a> Retention<'a> {
    fn read(look: Look<'a>, map: &Map<String, Value>) -> Result<Retention<'a>, String> {
        let head = Head::read(look, map, &OWN)?;
        let start = Matcher::read(head.look, need(map, "start", "retention")?)?;
        let back = map.get("return").map(|json| Matcher::read(head.look, json)).transpose()?;
        Ok(Retention {
            back: back.unwrap_or_else(|| start.clone()),
            start,
            buckets: head.buckets(interval(map)?)?,
            periods: whole(map, "periods", 1, 12)?,
            recurring: choice(map, "mode", &["first_time", "recurring"])? == "recurring",
            or_after: choice(map, "bound", &["on", "on_or_after"])? == "on_or_after",
            head,
        })
    }

    /// The periods in which a unit belongs to the cohort.
    fn starts(&self, rows: &[Row]) -> BTreeSet<usize> {
        let mut starts = rows.iter().filter(|row| self.start.matches(self.head.look, row));
        if self.recurring {
            return starts.filter_map(|row| self.period(row)).collect();
        }
        // The first start event in all history decides, also where it lies outside [from, to).
        starts.next().and_then(|row| self.period(row)).into_iter().collect()
    }

    /// The period of an event inside [from, to).
    fn period(&self, row: &Row) -> Option<usize> {
        let (from, to) = self.head.range().expect("buckets need it");
        let inside = (from..to).contains(&row.time());
        let found = self.buckets.iter().position(|bucket| (bucket.start..bucket.end).contains(&row.time()));
        found.filter(|_| inside)
    }

    fn returns(&self, rows: &[Row]) -> BTreeSet<usize> {
        let returns = rows.iter().filter(|row| self.back.matches(self.head.look, row));
        returns.filter_map(|row| self.period(row)).collect()
    }

    fn comes_back(&self, returns: &BTreeSet<usize>, period: usize) -> bool {
        if self.or_after { returns.range(period..).next().is_some() } else { returns.contains(&period) }
    }

    /// The cohort of each period: unit and the periods of its return events.
    fn cohorts(&self) -> Vec<BTreeMap<&'a str, BTreeSet<usize>>> {
        let mut cohorts = vec![BTreeMap::new(); self.buckets.len()];
        for (unit, rows) in self.head.by_unit() {
            for period in self.starts(&rows) {
                cohorts[period].insert(unit, self.returns(&rows));
            }
        }
        cohorts
    }

    /// `values[k]` of a row, none where period + k has not begun by `to`.
    fn value(&self, row: usize, k: usize, cohort: &BTreeMap<&str, BTreeSet<usize>>) -> Option<usize> {
        let back = cohort.values().filter(|returns| self.comes_back(returns, row + k)).count();
        (row + k < self.buckets.len()).then_some(back)
    }

    fn result(&self) -> Value {
        let cohorts = self.cohorts();
        let row = |(index, cohort): (usize, &BTreeMap<&str, BTreeSet<usize>>)| {
            let values = (0..self.periods).map(|k| self.value(index, k, cohort).map_or(Value::Null, count));
            json!({
                "period": self.head.clock.label(self.buckets[index].start),
                "size": count(cohort.len()),
                "values": values.collect::<Value>(),
            })
        };
        let rows: Value = cohorts.iter().enumerate().map(row).collect();
        let mean: Value = (0..self.periods).map(|k| number(self.mean(&cohorts, k))).collect();
        json!({"rows": rows, "mean": mean})
    }

    /// Pooled over the rows whose `values[k]` is not null.
    fn mean(&self, cohorts: &[BTreeMap<&str, BTreeSet<usize>>], k: usize) -> Option<f64> {
        let (mut back, mut size) = (0, 0);
        for (index, cohort) in cohorts.iter().enumerate() {
            if let Some(value) = self.value(index, k, cohort) {
                back += value;
                size += cohort.len();
            }
        }
        fraction(back, size)
    }

    /// The units of a cell; without `k` the cohort itself.
    fn behind(&self, units: &Map<String, Value>) -> Result<BTreeSet<String>, String> {
        let row = self.head.bucket_named(need(units, "period", "units of retention")?, &self.buckets)?;
        let cohort = &self.cohorts()[row];
        let Some(k) = units.get("k") else { return Ok(cohort.keys().map(|unit| (*unit).to_owned()).collect()) };
        let k = k.as_u64().map(|k| k as usize).filter(|k| *k < self.periods);
        let k = k.filter(|k| row + k < self.buckets.len()).ok_or("\"k\" names no number of the result")?;
        let back = cohort.iter().filter(|(_, returns)| self.comes_back(returns, row + k));
        Ok(back.map(|(unit, _)| (*unit).to_owned()).collect())
    }
}
