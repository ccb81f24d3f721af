//! Series of properties: what all users, or all keys of a type, hold as of each bucket's end.

use super::super::behind::no_such_series;
use super::super::context::Context;
use super::super::error::ReportError;
use super::Frame;
use super::answer::Measured;
use super::events::check_size;
use crate::executor::{Figure, Figures, Holdings, HoldingsWalk, Units};
use crate::language::{CountBy, PropertyMeasure, Trends, UnitsValue};
use roaring::RoaringBitmap;

/// A series of `property_of`, ready to be measured.
pub(super) struct PropertySeries<'d> {
    /// Whose property it is.
    pub holders: Units,
    holdings: Holdings,
    measure: &'d PropertyMeasure,
    /// For `count_by_value`: the numbers of the shown values, best first, and whether there are others.
    ranked: Vec<u32>,
    has_other: bool,
}

impl<'d> PropertySeries<'d> {
    pub fn new(
        context: &Context<'_>,
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
            PropertyMeasure::CountByValue(_) => ranked(&holdings, frame, report.limit),
            PropertyMeasure::Sum(_) | PropertyMeasure::Avg(_) => (Vec::new(), false),
        };
        check_size(report, frame, ranked.len() + usize::from(has_other))?;
        Ok(Self { holders, holdings, measure, ranked, has_other })
    }

    /// The lines of the series.
    pub fn label(&self, label: &str, frame: &Frame, previous: Option<&Frame>) -> Vec<Measured> {
        let current = self.figures(frame);
        let mut before = previous.map(|frame| self.figures(frame).into_iter());
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
        current.into_iter().enumerate().map(line).collect()
    }

    fn figures(&self, frame: &Frame) -> Vec<Figures> {
        match self.measure {
            PropertyMeasure::Sum(_) => vec![self.along(frame, |walk| walk.sum())],
            PropertyMeasure::Avg(_) => vec![self.along(frame, |walk| walk.average())],
            PropertyMeasure::CountByValue(_) => self.counts(frame),
        }
    }

    /// One figure for each bucket, and one for the range.
    fn along(&self, frame: &Frame, figure: impl Fn(&HoldingsWalk<'_>) -> Figure) -> Figures {
        let mut walk = self.holdings.walk();
        let mut at = |bucket| {
            walk.go_to(instant(frame, bucket));
            figure(&walk)
        };
        Figures { values: (0..frame.buckets.len()).map(|bucket| at(Some(bucket))).collect(), total: at(None) }
    }

    /// How many hold each shown value, and any other.
    fn counts(&self, frame: &Frame) -> Vec<Figures> {
        let mut walk = self.holdings.walk();
        let mut at = |bucket| {
            walk.go_to(instant(frame, bucket));
            let shown: Vec<u64> = self.ranked.iter().map(|value| walk.count(*value)).collect();
            let others = self.holdings.holders() - shown.iter().sum::<u64>();
            shown.into_iter().chain(self.has_other.then_some(others)).map(Figure::Count).collect::<Vec<Figure>>()
        };
        let buckets: Vec<Vec<Figure>> = (0..frame.buckets.len()).map(|bucket| at(Some(bucket))).collect();
        let of_slot = |(slot, total): (usize, Figure)| Figures {
            values: buckets.iter().map(|counts| counts[slot]).collect(),
            total,
        };
        at(None).into_iter().enumerate().map(of_slot).collect()
    }

    /// The holders counted in a number; where numbers are measured, those who hold one.
    pub fn units(
        &self,
        frame: &Frame,
        bucket: Option<usize>,
        value: &UnitsValue,
    ) -> Result<RoaringBitmap, ReportError> {
        let instant = instant(frame, bucket);
        let values = self.holdings.values();
        Ok(match (self.measure, value) {
            (PropertyMeasure::Sum(_) | PropertyMeasure::Avg(_), _) => {
                self.holdings.holders_of(instant, |value| values[value as usize].as_number().is_some())
            }
            (PropertyMeasure::CountByValue(_), UnitsValue::Whole) => self.holdings.holders_of(instant, |_| true),
            (PropertyMeasure::CountByValue(_), UnitsValue::Other) => {
                if !self.has_other {
                    return Err(no_such_series(value).into());
                }
                self.holdings.holders_of(instant, |value| !self.ranked.contains(&value))
            }
            (PropertyMeasure::CountByValue(_), UnitsValue::Value(tuple)) => {
                let wanted = self.ranked.iter().find(|value| tuple == &[values[**value as usize].clone()]);
                let wanted = *wanted.ok_or_else(|| no_such_series(value))?;
                self.holdings.holders_of(instant, |value| value == wanted)
            }
        })
    }
}

/// As of the bucket's end, or of the range's if that is earlier.
fn instant(frame: &Frame, bucket: Option<usize>) -> i64 {
    bucket.map_or(frame.range.to_micros, |bucket| frame.buckets.inside(bucket, frame.range).to_micros)
}

/// The values held at the end of any bucket, ranked by how many hold them at the end of the range, then by value.
fn ranked(holdings: &Holdings, frame: &Frame, limit: usize) -> (Vec<u32>, bool) {
    let mut walk = holdings.walk();
    let mut is_held = vec![false; holdings.values().len()];
    for bucket in 0..frame.buckets.len() {
        // Null may be held from the start; any other value has been taken up since the bucket before, or is known.
        walk.go_to(instant(frame, Some(bucket)));
        walk.taken_up().chain([Holdings::NULL]).for_each(|value| is_held[value as usize] |= walk.count(value) > 0);
    }
    walk.go_to(frame.range.to_micros);
    let mut ranked: Vec<u32> = (0..is_held.len() as u32).filter(|value| is_held[*value as usize]).collect();
    ranked.sort_unstable_by(|a, b| {
        let by_value = || holdings.values()[*a as usize].cmp(&holdings.values()[*b as usize]);
        walk.count(*b).cmp(&walk.count(*a)).then_with(by_value)
    });
    let has_other = ranked.len() > limit;
    ranked.truncate(limit);
    (ranked, has_other)
}
