//! What all reports share: range, zone, unit, filter, interval, and the rows they see.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::document::{choice, object, only, text};
use super::filter::Filter;
use super::lookup::{CountBy, Look, Row};
use super::time::{Bucket, Clock, Interval};

pub(super) const COMMON: [&str; 7] = ["report", "from", "to", "timezone", "now", "count_by", "filter"];

pub(super) struct Head<'a> {
    pub(super) look: Look<'a>,
    pub(super) clock: Clock,
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    pub(super) count_by: CountBy,
    /// The events that pass the document's filter, in order: the report sees no others.
    pub(super) rows: Vec<Row<'a>>,
}

impl<'a> Head<'a> {
    /// Reads the common fields; `own` are the fields this report has beside them.
    pub(super) fn read(look: Look<'a>, map: &Map<String, Value>, own: &[&str]) -> Result<Head<'a>, String> {
        only(map, &[&COMMON[..], own].concat(), "the report document")?;
        let zone = map.get("timezone").map_or(Ok("UTC"), |json| text(json, "timezone"))?;
        let zone = TimeZone::get(zone).map_err(|error| error.to_string())?;
        let clock = Clock { zone, now: look.now };
        let now = map.get("now").map(|json| clock.instant(text(json, "now")?)).transpose()?;
        let clock = Clock { now: now.unwrap_or(look.now), ..clock };
        let look = Look { now: clock.now, ..look };
        let from = instant_of(&clock, map, "from")?;
        let to = instant_of(&clock, map, "to")?;
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err("\"from\" lies after \"to\"".into());
        }
        let count_by = look.count_by(map.get("count_by"))?;
        let filter = map.get("filter").map(|json| Filter::read(look, json)).transpose()?;
        let mut rows = look.rows();
        rows.retain(|row| filter.as_ref().is_none_or(|filter| filter.passes(look, row)));
        Ok(Head { look, clock, from, to, count_by, rows })
    }

    /// [from, to), which every report but cohorts needs.
    pub(super) fn range(&self) -> Result<(i64, i64), String> {
        self.from.zip(self.to).ok_or_else(|| "\"from\" and \"to\" are required".to_owned())
    }

    pub(super) fn unit(&self, row: &Row<'a>) -> Option<&'a str> {
        row.unit(&self.count_by)
    }

    /// The seen rows of each unit, in order; those without a key are left out.
    pub(super) fn by_unit(&self) -> BTreeMap<&'a str, Vec<Row<'a>>> {
        let mut units: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(unit) = self.unit(row) {
                units.entry(unit).or_default().push(*row);
            }
        }
        units
    }

    pub(super) fn buckets(&self, interval: Interval) -> Result<Vec<Bucket>, String> {
        let (from, to) = self.range()?;
        self.clock.buckets(interval, from, to)
    }

    pub(super) fn labels(&self, buckets: &[Bucket]) -> Value {
        buckets.iter().map(|bucket| self.clock.label(bucket.start)).collect()
    }

    /// The bucket a label names.
    pub(super) fn bucket_named(&self, json: &Value, buckets: &[Bucket]) -> Result<usize, String> {
        let start = self.clock.instant(text(json, "a bucket")?)?;
        let found = buckets.iter().position(|bucket| bucket.start == start);
        found.ok_or_else(|| format!("no bucket of the result starts at {json}"))
    }
}

fn instant_of(clock: &Clock, map: &Map<String, Value>, field: &str) -> Result<Option<i64>, String> {
    map.get(field).map(|json| clock.instant(text(json, field)?)).transpose()
}

/// The fields "interval" (default day) and "week_start" (default monday).
pub(super) fn interval(map: &Map<String, Value>) -> Result<Interval, String> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let day = choice(map, "week_start", &days)?;
    let index = days.iter().position(|name| *name == day).expect("one of the days");
    let first = Weekday::from_monday_zero_offset(index as i8).expect("0 to 6");
    Ok(match choice(map, "interval", &["day", "hour", "week", "month"])? {
        "hour" => Interval::Hour,
        "week" => Interval::Week(first),
        "month" => Interval::Month,
        _ => Interval::Day,
    })
}

/// The "units" field, if the document asks what is behind a number.
pub(super) fn units_of<'m>(
    map: &'m Map<String, Value>,
    allowed: &[&str],
) -> Result<Option<&'m Map<String, Value>>, String> {
    let Some(json) = map.get("units") else { return Ok(None) };
    let units = object(json, "units")?;
    only(units, &[allowed, &["limit", "cursor"]].concat(), "units")?;
    Ok(Some(units))
}
