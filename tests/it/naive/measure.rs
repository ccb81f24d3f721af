//! Measures of a trends series.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{list, object, only, text};
use super::head::Head;
use super::lookup::Row;
use super::number::{Share, average, fraction, sum};
use super::time::Duration;
use super::value::{Plain, at_path};

#[derive(Clone, Debug)]
pub(super) enum Measure {
    Unique,
    Total,
    PerUnit,
    Sum(String),
    Avg(String),
    Min(String),
    Max(String),
    Percentile(String, Share),
    Active(Duration),
}

impl Measure {
    pub(super) fn read(json: Option<&Value>) -> Result<Measure, String> {
        match json {
            None => return Ok(Measure::Unique),
            Some(Value::String(word)) => {
                return match word.as_str() {
                    "unique" => Ok(Measure::Unique),
                    "total" => Ok(Measure::Total),
                    "per_unit" => Ok(Measure::PerUnit),
                    other => Err(format!("there is no measure {other:?}")),
                };
            }
            Some(_) => {}
        }
        let map = object(json.unwrap_or(&Value::Null), "a measure")?;
        only(map, &["sum", "avg", "min", "max", "percentile", "active"], "a measure")?;
        if map.len() != 1 {
            return Err("a measure is one of its words".into());
        }
        let (word, value) = map.iter().next().expect("one field");
        let path = || text(value, word).map(str::to_owned);
        Ok(match word.as_str() {
            "sum" => Measure::Sum(path()?),
            "avg" => Measure::Avg(path()?),
            "min" => Measure::Min(path()?),
            "max" => Measure::Max(path()?),
            "percentile" => percentile(value)?,
            _ => Measure::Active(Duration::of(value, "hdw")?),
        })
    }

    /// The measure over these events, which all have a unit.
    pub(super) fn of(&self, head: &Head, rows: &[Row]) -> Option<f64> {
        match self {
            Measure::Unique | Measure::Active(_) => Some(units(head, rows).len() as f64),
            Measure::Total => Some(rows.len() as f64),
            Measure::PerUnit => fraction(rows.len(), units(head, rows).len()),
            Measure::Sum(path) => sum(&numbers(rows, path)),
            Measure::Avg(path) => average(&numbers(rows, path)),
            Measure::Min(path) => numbers(rows, path).into_iter().min().and_then(Plain::as_double),
            Measure::Max(path) => numbers(rows, path).into_iter().max().and_then(Plain::as_double),
            Measure::Percentile(path, share) => nearest_rank(numbers(rows, path), share),
        }
    }
}

fn percentile(json: &Value) -> Result<Measure, String> {
    match list(json, "percentile")?.as_slice() {
        [path, share] => Ok(Measure::Percentile(text(path, "percentile")?.to_owned(), Share::of(share)?)),
        _ => Err("percentile is [property, share]".into()),
    }
}

/// The distinct units of these events.
pub(super) fn units(head: &Head, rows: &[Row]) -> BTreeSet<String> {
    rows.iter().filter_map(|row| head.unit(row)).map(str::to_owned).collect()
}

/// Only JSON numbers are measured, no lists of them.
fn numbers<'a>(rows: &[Row<'a>], path: &str) -> Vec<&'a Plain> {
    let values = rows.iter().filter_map(|row| at_path(&row.event.properties, path));
    values.filter(|value| value.as_double().is_some()).collect()
}

fn nearest_rank(mut numbers: Vec<&Plain>, share: &Share) -> Option<f64> {
    numbers.sort();
    if numbers.is_empty() { None } else { numbers[share.rank(numbers.len()) - 1].as_double() }
}
