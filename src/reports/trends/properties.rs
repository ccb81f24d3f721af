//! Series of properties: what all users, or all keys of a type, hold as of each bucket's end.

use super::super::behind::no_such_series;
use super::super::context::Context;
use super::super::error::ReportError;
use super::Frame;
use super::answer::Measured;
use super::events::{check_size, keep_lines};
use crate::executor::{Charged, Figure, Figures, Footprint, Guard, Holdings, HoldingsWalk, Stop, Units};
use crate::language::{CountBy, PropertyMeasure, Trends, UnitsValue};
use roaring::RoaringBitmap;

/// A series of `property_of`, ready to be measured.
pub(super) struct PropertySeries<'d> {
    /// Whose property it is.
    pub holders: Units,
    guard: &'d Guard,
    holdings: Holdings,
    measure: &'d PropertyMeasure,
    /// For `count_by_value`: the numbers of the shown values, best first, and whether there are others.
    ranked: Vec<u32>,
    has_other: bool,
}

impl<'d> PropertySeries<'d> {
    pub fn new(
        context: &Context<'d>,
        report: &Trends,
        frame: &Frame,
        of: &CountBy,
        measure: &'d PropertyMeasure,
    ) -> Result<Self, ReportError> {
        let holders = match of.group_type() {
            None => Units::Users,
            Some(name) => Units::Keys(context.group_type(name)?),
        };
        let path = measure.path();
        let query = context.query.counting(holders);
        let holdings = context.stage(|| format!("property `{path}`"), || Holdings::new(query, path))?;
        let (ranked, has_other) = match measure {
            PropertyMeasure::CountByValue(_) => context
                .stage(|| format!("values of `{path}`"), || Ok(ranked(query.guard, &holdings, frame, report.limit)?))?,
            PropertyMeasure::Sum(_) | PropertyMeasure::Avg(_) => (Vec::new(), false),
        };
        let lines = ranked.len() + usize::from(has_other);
        check_size(report, frame, lines)?;
        let names_bytes = ranked.iter().map(|value| holdings.values()[*value as usize].footprint()).sum();
        keep_lines(context, report, frame, lines.max(1), names_bytes)?;
        Ok(Self { holders, guard: query.guard, holdings, measure, ranked, has_other })
    }

    /// The lines of the series.
    ///
    /// # Errors
    /// When the report is stopped.
    pub fn label(&self, label: &str, frame: &Frame, previous: Option<&Frame>) -> Result<Vec<Measured>, Stop> {
        let current = self.figures(frame)?;
        let mut before = previous.map(|frame| self.figures(frame)).transpose()?.map(Vec::into_iter);
        let is_split = matches!(self.measure, PropertyMeasure::CountByValue(_));
        let line = |(slot, figures): (usize, Figures)| {
            let value = self.ranked.get(slot).map(|value| self.holdings.values()[*value as usize].clone());
            Measured {
                label: label.to_owned(),
                other: is_split && value.is_none(),
                breakdown: value.into_iter().collect(),
                figures,
                previous: before.as_mut().and_then(Iterator::next),
            }
        };
        Ok(current.into_iter().enumerate().map(line).collect())
    }

    fn figures(&self, frame: &Frame) -> Result<Vec<Figures>, Stop> {
        Ok(match self.measure {
            PropertyMeasure::Sum(_) => vec![self.along(frame, |walk| walk.sum())?],
            PropertyMeasure::Avg(_) => vec![self.along(frame, |walk| walk.average())?],
            PropertyMeasure::CountByValue(_) => self.counts(frame)?,
        })
    }

    /// One figure for each bucket, and one for the range.
    fn along(&self, frame: &Frame, figure: impl Fn(&HoldingsWalk<'_>) -> Figure) -> Result<Figures, Stop> {
        let mut walk = self.holdings.walk(self.guard)?;
        let mut at = |bucket| {
            walk.go_to(instant(frame, bucket))?;
            Ok(figure(&walk))
        };
        let values = (0..frame.buckets.len()).map(|bucket| at(Some(bucket))).collect::<Result<_, Stop>>()?;
        Ok(Figures { values, total: at(None)? })
    }

    /// How many hold each shown value, and any other.
    fn counts(&self, frame: &Frame) -> Result<Vec<Figures>, Stop> {
        let mut walk = self.holdings.walk(self.guard)?;
        let mut at = |bucket| {
            walk.go_to(instant(frame, bucket))?;
            let shown: Vec<u64> = self.ranked.iter().map(|value| walk.count(*value)).collect();
            let others = self.holdings.holders() - shown.iter().sum::<u64>();
            Ok(shown.into_iter().chain(self.has_other.then_some(others)).map(Figure::Count).collect::<Vec<Figure>>())
        };
        let buckets = (0..frame.buckets.len()).map(|bucket| at(Some(bucket))).collect::<Result<Vec<_>, Stop>>()?;
        let of_slot = |(slot, total): (usize, Figure)| Figures {
            values: buckets.iter().map(|counts| counts[slot]).collect(),
            total,
        };
        Ok(at(None)?.into_iter().enumerate().map(of_slot).collect())
    }

    /// The holders counted in a number; where numbers are measured, those who hold one.
    pub fn units(
        &self,
        context: &Context<'_>,
        frame: &Frame,
        bucket: Option<usize>,
        value: &UnitsValue,
    ) -> Result<Charged<RoaringBitmap>, ReportError> {
        let instant = instant(frame, bucket);
        let values = self.holdings.values();
        let units = match (self.measure, value) {
            (PropertyMeasure::Sum(_) | PropertyMeasure::Avg(_), _) => {
                self.holdings.holders_of(self.guard, instant, |value| values[value as usize].as_number().is_some())
            }
            (PropertyMeasure::CountByValue(_), UnitsValue::Whole) => {
                self.holdings.holders_of(self.guard, instant, |_| true)
            }
            (PropertyMeasure::CountByValue(_), UnitsValue::Other) => {
                if !self.has_other {
                    return Err(no_such_series(value).into());
                }
                self.holdings.holders_of(self.guard, instant, |value| !self.ranked.contains(&value))
            }
            (PropertyMeasure::CountByValue(_), UnitsValue::Value(tuple)) => {
                let wanted = self.ranked.iter().find(|value| tuple == &[values[**value as usize].clone()]);
                let wanted = *wanted.ok_or_else(|| no_such_series(value))?;
                self.holdings.holders_of(self.guard, instant, |value| value == wanted)
            }
        };
        units.map_err(|stop| context.failed(stop))
    }
}

/// As of the bucket's end, or of the range's if that is earlier.
fn instant(frame: &Frame, bucket: Option<usize>) -> i64 {
    bucket.map_or(frame.range.to_micros, |bucket| frame.buckets.inside(bucket, frame.range).to_micros)
}

/// The values held at the end of any bucket, ranked by how many hold them at the end of the range, then by value.
fn ranked(guard: &Guard, holdings: &Holdings, frame: &Frame, limit: usize) -> Result<(Vec<u32>, bool), Stop> {
    let mut walk = holdings.walk(guard)?;
    let mut is_held = vec![false; holdings.values().len()];
    for bucket in 0..frame.buckets.len() {
        // Null may be held from the start; any other value has been taken up since the bucket before, or is known.
        walk.go_to(instant(frame, Some(bucket)))?;
        walk.taken_up().chain([Holdings::NULL]).for_each(|value| is_held[value as usize] |= walk.count(value) > 0);
    }
    walk.go_to(frame.range.to_micros)?;
    let mut ranked: Vec<u32> = (0..is_held.len() as u32).filter(|value| is_held[*value as usize]).collect();
    guard.sort_by(&mut ranked, &|a, b| {
        let by_value = || holdings.values()[*a as usize].cmp(&holdings.values()[*b as usize]);
        walk.count(*b).cmp(&walk.count(*a)).then_with(by_value)
    })?;
    let has_other = ranked.len() > limit;
    ranked.truncate(limit);
    Ok((ranked, has_other))
}
