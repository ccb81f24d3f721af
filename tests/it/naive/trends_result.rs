//! Trends: the shaped result, and the units behind one of its numbers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::breakdown::{Slice, Tuple, named_slice, ranked, ranked_by_number};
use super::cohort::page;
use super::coverage::Coverage;
use super::filter::Matcher;
use super::head::units_of;
use super::lookup::Look;
use super::measure::units;
use super::number::number;
use super::trends::{Frame, Series, Source, Trends};

type Number = Option<f64>;

pub(super) fn run(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    let trends = Trends::read(look, map)?;
    let coverage = trends.coverage()?;
    if let Some(units) = units_of(map, &["series", "bucket", "breakdown"])? {
        return page(trends.behind(units)?, units, map, coverage);
    }
    let frame = trends.frame()?;
    let previous = if trends.compare { Some(trends.previous(&frame)?) } else { None };
    let series = match &trends.formula {
        Some(_) => trends.formula_series(&frame, previous.as_ref())?,
        None => trends.plain_series(&frame, previous.as_ref())?,
    };
    let mut result = Map::new();
    result.insert("buckets".into(), trends.head.labels(&frame.buckets));
    result.insert("series".into(), Value::Array(series));
    if let Some(previous) = &previous {
        result.insert("previous_buckets".into(), trends.head.labels(&previous.buckets));
    }
    result.insert("coverage".into(), coverage.json());
    Ok(Value::Object(result))
}

impl Trends<'_> {
    fn matchers(&self) -> Vec<&Matcher> {
        let matchers = self.series.iter().filter_map(|series| match &series.source {
            Source::Events(matcher, _) => Some(matcher),
            Source::Properties(_) => None,
        });
        matchers.collect()
    }

    fn coverage(&self) -> Result<Coverage, String> {
        Coverage::of(&self.head, &self.matchers())
    }

    /// One ranking serves the document: the events matched by the series, summed; or the total that is shown first.
    fn slices(&self, frame: &Frame) -> Result<Vec<Slice>, String> {
        if self.breakdown.is_none() {
            return Ok(vec![Slice::Whole]);
        }
        let mut counts: BTreeMap<Tuple, usize> = BTreeMap::new();
        for matcher in self.matchers() {
            for row in self.events(matcher, &Slice::Whole, (frame.from, frame.to)) {
                *counts.entry(self.breakdown.tuple(self.head.look, &row)).or_default() += 1;
            }
        }
        if !self.ranks_by_total {
            return Ok(ranked(counts, self.breakdown.limit));
        }
        let total = |tuple: Tuple| {
            let slice = Slice::One(tuple.clone());
            let (_, total) = match &self.formula {
                Some(_) => self.formula_numbers(&slice, frame)?,
                None => self.numbers(&self.series[0], &slice, frame)?,
            };
            Ok((tuple, total))
        };
        let totals = counts.into_keys().map(total).collect::<Result<_, String>>()?;
        Ok(ranked_by_number(totals, self.breakdown.limit))
    }

    /// The slices of one series: its own ones where it counts by value.
    fn slices_of(&self, series: &Series, frame: &Frame) -> Result<Vec<Slice>, String> {
        match &series.source {
            Source::Properties(property) => Ok(property.slices(&self.head, frame, self.breakdown.limit)),
            Source::Events(..) => self.slices(frame),
        }
    }

    /// Values by bucket and the total of one series in one slice.
    fn numbers(&self, series: &Series, slice: &Slice, frame: &Frame) -> Result<(Vec<Number>, Number), String> {
        let number_of = |bucket| match &series.source {
            Source::Events(matcher, measure) => {
                let span = self.span(measure, frame, bucket)?;
                Ok(measure.of(&self.head, &self.events(matcher, slice, span)))
            }
            Source::Properties(property) => Ok(property.number(&self.head, slice, frame, bucket)),
        };
        let values: Result<Vec<Number>, String> = frame.buckets.iter().map(|bucket| number_of(Some(bucket))).collect();
        Ok((values?, number_of(None)?))
    }

    fn plain_series(&self, frame: &Frame, previous: Option<&Frame>) -> Result<Vec<Value>, String> {
        let mut out = Vec::new();
        for series in &self.series {
            for slice in self.slices_of(series, frame)? {
                let current = self.numbers(series, &slice, frame)?;
                let before = previous.map(|frame| self.numbers(series, &slice, frame)).transpose()?;
                out.push(shaped(&series.label, &slice, current, before));
            }
        }
        Ok(out)
    }

    /// Only the formula's series, one per breakdown value; totals from totals.
    fn formula_series(&self, frame: &Frame, previous: Option<&Frame>) -> Result<Vec<Value>, String> {
        let (label, _) = self.formula.as_ref().expect("asked only with a formula");
        let mut out = Vec::new();
        for slice in self.slices(frame)? {
            let current = self.formula_numbers(&slice, frame)?;
            let before = previous.map(|frame| self.formula_numbers(&slice, frame)).transpose()?;
            out.push(shaped(label, &slice, current, before));
        }
        Ok(out)
    }

    fn formula_numbers(&self, slice: &Slice, frame: &Frame) -> Result<(Vec<Number>, Number), String> {
        let (_, formula) = self.formula.as_ref().expect("asked only with a formula");
        let inputs = self.series.iter().map(|series| self.numbers(series, slice, frame));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let at = |bucket: usize| -> Vec<Number> { inputs.iter().map(|(values, _)| values[bucket]).collect() };
        let values = (0..frame.buckets.len()).map(|bucket| formula.value(&at(bucket))).collect();
        let totals: Vec<Number> = inputs.iter().map(|(_, total)| *total).collect();
        Ok((values, formula.value(&totals)))
    }

    /// The distinct units of a bucket or of the range, whatever the measure.
    fn behind(&self, units_json: &Map<String, Value>) -> Result<BTreeSet<String>, String> {
        if self.formula.is_some() {
            return Err("\"units\" names no number of a formula".into());
        }
        let index = units_json.get("series").and_then(Value::as_u64).ok_or("\"units\" of trends names a \"series\"")?;
        let series = self.series.get(index as usize).ok_or_else(|| format!("there is no series {index}"))?;
        let frame = self.frame()?;
        let slices = self.slices_of(series, &frame)?;
        let slice = named_slice(&slices, units_json)?;
        let bucket = units_json.get("bucket").map(|json| self.head.bucket_named(json, &frame.buckets)).transpose()?;
        let bucket = bucket.map(|index| &frame.buckets[index]);
        match &series.source {
            Source::Events(matcher, measure) => {
                let span = self.span(measure, &frame, bucket)?;
                Ok(units(&self.head, &self.events(matcher, slice, span)))
            }
            Source::Properties(property) => Ok(property.behind(&self.head, slice, &frame, bucket)),
        }
    }
}

fn shaped(
    label: &str,
    slice: &Slice,
    current: (Vec<Number>, Number),
    previous: Option<(Vec<Number>, Number)>,
) -> Value {
    let mut series = Map::new();
    series.insert("label".into(), json!(label));
    slice.name(&mut series);
    let (values, total) = current;
    series.insert("values".into(), values.into_iter().map(number).collect());
    series.insert("total".into(), number(total));
    if let Some((values, total)) = previous {
        let values: Value = values.into_iter().map(number).collect();
        series.insert("previous".into(), json!({"values": values, "total": number(total)}));
    }
    Value::Object(series)
}
