//! Trends: reading the document, and the number of one series in one range.

use serde_json::{Map, Value};

use super::breakdown::{Breakdown, Slice};
use super::document::{choice, list, need, object, only, text};
use super::filter::Matcher;
use super::formula::Formula;
use super::head::{Head, interval};
use super::lookup::{Look, Row};
use super::measure::Measure;
use super::property_of::PropertyOf;
use super::time::{Bucket, Duration, Interval};

pub(super) const OWN: [&str; 10] =
    ["interval", "week_start", "series", "breakdown", "limit", "rank_by", "cumulative", "compare", "formula", "units"];

pub(super) struct Trends<'a> {
    pub(super) head: Head<'a>,
    pub(super) interval: Interval,
    pub(super) series: Vec<Series>,
    pub(super) breakdown: Breakdown,
    pub(super) ranks_by_total: bool,
    pub(super) cumulative: bool,
    pub(super) compare: bool,
    pub(super) formula: Option<(String, Formula)>,
}

pub(super) struct Series {
    pub(super) label: String,
    pub(super) source: Source,
}

pub(super) enum Source {
    Events(Matcher, Measure),
    Properties(PropertyOf),
}

/// A range and its buckets: the asked one, or the one before it.
pub(super) struct Frame {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) buckets: Vec<Bucket>,
}

impl<'a> Trends<'a> {
    pub(super) fn read(look: Look<'a>, map: &Map<String, Value>) -> Result<Trends<'a>, String> {
        let head = Head::read(look, map, &OWN)?;
        head.range()?;
        let look = head.look;
        let series = list(need(map, "series", "trends")?, "series")?;
        let series = series.iter().map(|json| Series::read(look, json)).collect::<Result<Vec<_>, _>>()?;
        if series.is_empty() {
            return Err("trends has no series".into());
        }
        let formula = map.get("formula").map(|json| text(json, "formula")).transpose()?;
        let formula = formula.map(|text| Ok::<_, String>((text.to_owned(), Formula::read(text, series.len())?)));
        let trends = Trends {
            interval: interval(map)?,
            breakdown: Breakdown::read(look, map)?,
            ranks_by_total: choice(map, "rank_by", &["events", "total"])? == "total",
            cumulative: flag(map, "cumulative")?,
            compare: map.contains_key("compare") && choice(map, "compare", &["previous"])? == "previous",
            formula: formula.transpose()?,
            head,
            series,
        };
        trends.check(map)?;
        Ok(trends)
    }

    /// What does not go together.
    fn check(&self, map: &Map<String, Value>) -> Result<(), String> {
        let active = |series: &Series| matches!(series.source, Source::Events(_, Measure::Active(_)));
        if self.cumulative && self.series.iter().any(active) {
            return Err("\"cumulative\" and the measure \"active\" do not go together".into());
        }
        for series in &self.series {
            let Source::Properties(property) = &series.source else { continue };
            let barred = ["count_by", "filter", "cumulative", "breakdown"];
            if let Some(field) = barred.iter().find(|field| map.contains_key(**field)) {
                return Err(format!("{field:?} does not apply to \"property_of\""));
            }
            if self.formula.is_some() && property.is_by_value() {
                return Err("a formula takes no series of \"count_by_value\"".into());
            }
        }
        Ok(())
    }

    pub(super) fn frame(&self) -> Result<Frame, String> {
        let (from, to) = self.head.range()?;
        Ok(Frame { from, to, buckets: self.head.buckets(self.interval)? })
    }

    /// Both ends moved back by as many intervals as there are buckets.
    pub(super) fn previous(&self, frame: &Frame) -> Result<Frame, String> {
        let count = frame.buckets.len() as i64;
        let clock = &self.head.clock;
        let from = clock.moved_back(frame.from, self.interval, count)?;
        let to = clock.moved_back(frame.to, self.interval, count)?;
        Ok(Frame { from, to, buckets: clock.buckets(self.interval, from, to)? })
    }

    /// The matched events with a unit, of a slice, in [low, high).
    pub(super) fn events(&self, matcher: &Matcher, slice: &Slice, (low, high): (i64, i64)) -> Vec<Row<'a>> {
        let look = self.head.look;
        let rows = self.head.rows.iter().filter(|row| {
            (low..high).contains(&row.time())
                && self.head.unit(row).is_some()
                && matcher.matches(look, row)
                && slice.admits(&self.breakdown.tuple(look, row))
        });
        rows.copied().collect()
    }

    /// The range behind one number: of the bucket, or of the whole frame.
    pub(super) fn span(&self, measure: &Measure, frame: &Frame, bucket: Option<&Bucket>) -> Result<(i64, i64), String> {
        if frame.from >= frame.to {
            return Ok((frame.from, frame.from));
        }
        let low = bucket.map_or(frame.from, |bucket| bucket.start.max(frame.from));
        let high = bucket.map_or(frame.to, |bucket| bucket.end.min(frame.to));
        match measure {
            Measure::Active(duration) => Ok((self.active_start(*duration, high)?, high)),
            _ if self.cumulative => Ok((frame.from, high)),
            _ => Ok((low, high)),
        }
    }

    /// Hours are exact; days and weeks are calendar days, the last being the one `high` ends or cuts.
    fn active_start(&self, duration: Duration, high: i64) -> Result<i64, String> {
        let days = match duration.unit {
            'h' => return Ok(high - duration.micros().expect("checked")),
            'w' => duration.amount * 7,
            _ => duration.amount,
        };
        self.head.clock.days_before(self.head.clock.zoned(high - 1).date(), days - 1)
    }
}

impl Series {
    fn read(look: Look, json: &Value) -> Result<Series, String> {
        let map = object(json, "a series")?;
        only(map, &["event", "measure", "label", "property_of"], "a series")?;
        let (source, default) = if map.contains_key("property_of") {
            let property = PropertyOf::read(look, map)?;
            let default = property.label();
            (Source::Properties(property), default)
        } else {
            let matcher = Matcher::read(look, need(map, "event", "a series")?)?;
            let default = matcher.label();
            (Source::Events(matcher, Measure::read(map.get("measure"))?), default)
        };
        let label = map.get("label").map(|json| text(json, "label")).transpose()?;
        Ok(Series { label: label.map_or(default, str::to_owned), source })
    }
}

fn flag(map: &Map<String, Value>, field: &str) -> Result<bool, String> {
    match map.get(field) {
        None => Ok(false),
        Some(json) => json.as_bool().ok_or_else(|| format!("{field:?} is true or false, not {json}")),
    }
}
