//! Funnels: the shaped result, and the units behind one of its numbers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::breakdown::{Slice, Tuple, named_slice, ranked};
use super::cohort::page;
use super::coverage::Coverage;
use super::filter::Matcher;
use super::funnel::Funnel;
use super::funnel_attempts::{Attempt, counting};
use super::head::units_of;
use super::lookup::Look;
use super::number::{count, fraction, number, seconds};
use super::time::Bucket;

/// A unit and all its attempts.
type Tried = BTreeMap<String, Vec<Attempt>>;

pub(super) fn run(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    let funnel = Funnel::read(look, map)?;
    let coverage = Coverage::of(&funnel.head, &funnel.steps.iter().collect::<Vec<&Matcher>>())?;
    let units = funnel.head.by_unit().into_iter();
    let mut tried: Tried = units.map(|(unit, rows)| (unit.to_owned(), funnel.attempts(&rows))).collect();
    tried.retain(|_, attempts| !attempts.is_empty());
    let slices = funnel.slices(&tried);
    if let Some(units) = units_of(map, &["step", "dropped", "breakdown"])? {
        return page(funnel.behind(units, &tried, &slices)?, units, map, coverage);
    }
    let mut result = Map::new();
    if funnel.breakdown.is_none() {
        funnel.shape(&Slice::Whole, &tried, &mut result)?;
    } else {
        let mut series = Vec::new();
        for slice in &slices {
            let mut one = Map::new();
            slice.name(&mut one);
            funnel.shape(slice, &tried, &mut one)?;
            series.push(Value::Object(one));
        }
        result.insert("series".into(), Value::Array(series));
    }
    result.insert("coverage".into(), coverage.json());
    Ok(Value::Object(result))
}

impl Funnel<'_> {
    /// Ranked by units at step 1, each under the value of the attempt that counts.
    fn slices(&self, tried: &Tried) -> Vec<Slice> {
        if self.breakdown.is_none() {
            return vec![Slice::Whole];
        }
        let mut counts: BTreeMap<Tuple, usize> = BTreeMap::new();
        for attempts in tried.values() {
            let attempt = counting(attempts, self.first_only).expect("not empty");
            *counts.entry(attempt.tuple.clone()).or_default() += 1;
        }
        ranked(counts, self.breakdown.limit)
    }

    fn counted<'t>(&self, slice: &Slice, tried: &'t Tried) -> Vec<(&'t String, &'t Attempt)> {
        let all = tried.iter().filter_map(|(unit, attempts)| Some((unit, counting(attempts, self.first_only)?)));
        all.filter(|(_, attempt)| slice.admits(&attempt.tuple)).collect()
    }

    fn shape(&self, slice: &Slice, tried: &Tried, out: &mut Map<String, Value>) -> Result<(), String> {
        let counted: Vec<&Attempt> = self.counted(slice, tried).into_iter().map(|(_, attempt)| attempt).collect();
        let steps = (0..self.steps.len()).map(|step| self.step(step, &counted)).collect();
        out.insert("steps".into(), steps);
        if let Some(interval) = self.interval {
            let buckets = self.head.buckets(interval)?;
            let counts: Value = (0..self.steps.len()).map(|step| self.starts(step, slice, tried, &buckets)).collect();
            let by_start = json!({"buckets": self.head.labels(&buckets), "counts": counts});
            out.insert("by_start".into(), by_start);
        }
        Ok(())
    }

    fn step(&self, step: usize, counted: &[&Attempt]) -> Value {
        let reached = |step: usize| counted.iter().filter(|attempt| attempt.level() > step).count();
        let took = |attempt: &&Attempt| Some(attempt.times.get(step)? - attempt.times[step.checked_sub(1)?]);
        let times: Vec<i64> = counted.iter().filter_map(took).collect();
        // Step 1 has fractions 1 and null times.
        let (from_previous, overall) = match step {
            0 => (Some(1.0), Some(1.0)),
            _ => (fraction(reached(step), reached(step - 1)), fraction(reached(step), reached(0))),
        };
        json!({
            "event": self.steps[step].label(),
            "count": count(reached(step)),
            "from_previous": number(from_previous),
            "overall": number(overall),
            "median_seconds": number(median(&times)),
            "average_seconds": number(average(&times)),
        })
    }

    /// Per bucket: the units whose best attempt that starts there reached the step.
    fn starts(&self, step: usize, slice: &Slice, tried: &Tried, buckets: &[Bucket]) -> Value {
        let (from, to) = self.head.range().expect("checked");
        let in_bucket = |bucket: &Bucket| {
            let span = bucket.start.max(from)..bucket.end.min(to);
            let reached = tried.values().filter(|attempts| {
                let considered = if self.first_only { &attempts[..1] } else { &attempts[..] };
                considered.iter().any(|attempt| {
                    span.contains(&attempt.start.0) && slice.admits(&attempt.tuple) && attempt.level() > step
                })
            });
            count(reached.count())
        };
        buckets.iter().map(in_bucket).collect()
    }

    /// Units that reached the step; `dropped`: and not the next.
    fn behind(&self, units: &Map<String, Value>, tried: &Tried, slices: &[Slice]) -> Result<BTreeSet<String>, String> {
        let step = units.get("step").and_then(Value::as_u64).unwrap_or(0) as usize;
        if !(1..=self.steps.len()).contains(&step) {
            return Err(format!("\"units\" of a funnel names a \"step\" from 1 to {}", self.steps.len()));
        }
        let dropped = match units.get("dropped") {
            None => false,
            Some(json) => json.as_bool().ok_or("\"dropped\" is true or false")?,
        };
        if dropped && step == self.steps.len() {
            return Err("nobody drops off after the last step".into());
        }
        let slice = named_slice(slices, units)?;
        let counted = self.counted(slice, tried).into_iter();
        let named = counted.filter(|(_, attempt)| match dropped {
            true => attempt.level() == step,
            false => attempt.level() >= step,
        });
        Ok(named.map(|(unit, _)| unit.clone()).collect())
    }
}

/// The median of an even number is the mean of the middle two.
fn median(times: &[i64]) -> Option<f64> {
    let mut sorted: Vec<i128> = times.iter().map(|time| i128::from(*time)).collect();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => seconds(sorted[middle], 1),
        _ => seconds(sorted[middle - 1] + sorted[middle], 2),
    }
}

fn average(times: &[i64]) -> Option<f64> {
    let sum: i128 = times.iter().map(|time| i128::from(*time)).sum();
    if times.is_empty() { None } else { seconds(sum, times.len()) }
}
