//! Series of events, split by the document's breakdown.

use super::super::behind::no_such_series;
use super::super::context::Context;
use super::super::error::ReportError;
use super::Frame;
use super::answer::{Measured, TrendsSeries};
use crate::executor::{
    BreakdownValues, Charge, Charged, ExecutionError, Figure, Figures, Look, Query, Series, Slots, Sums, measure,
};
use crate::language::{DocumentError, Measure, RankBy, Source, Trends, UnitsValue, check_cells};
use crate::model::Value;

/// The tuples of values that the document shows; one ranking serves all its series.
pub(super) struct EventSlots(Option<Slots>);

impl EventSlots {
    /// Ranks the values of all rows that the series look at. Where the ranking sums the first series anyway, its sums
    /// come along, so that rows need not be read again.
    pub fn rank(
        context: &Context<'_>,
        report: &Trends,
        frame: &Frame,
        looks: &[Look],
    ) -> Result<(Self, Option<Sums>), ReportError> {
        let (slots, sums) = match context.breakdown(&report.breakdown)? {
            None => (Self(None), None),
            Some(values) => {
                let rank = || match report.rank_by {
                    RankBy::Events => Ok((Slots::rank(context.query, looks, values, report.limit)?, None)),
                    RankBy::Total => rank_by_total(context.query, report, frame, looks, values),
                };
                let (slots, sums) = context.stage(|| "ranking of the breakdown".to_owned(), rank)?;
                (Self(Some(slots)), sums)
            }
        };
        check_size(report, frame, slots.count())?;
        Ok((slots, sums))
    }

    /// How many lines each series has.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, Slots::len)
    }

    /// The same, and the bytes of the values that they show.
    pub fn lines(&self) -> (usize, usize) {
        (self.count(), self.0.as_ref().map_or(0, Slots::ranked_bytes))
    }

    /// A series in a range, measured by [`Self::measure`].
    pub fn series<'s>(&'s self, report: &Trends, look: &'s Look, frame: &'s Frame) -> Series<'s> {
        Series { look, buckets: &frame.buckets, slots: self.0.as_ref(), is_cumulative: report.cumulative }
    }

    /// The figures of a series, one list for each slot.
    pub fn measure(
        &self,
        query: Query<'_>,
        report: &Trends,
        look: &Look,
        frame: &Frame,
        wanted: &Measure,
    ) -> Result<Vec<Figures>, ExecutionError> {
        let look = look.within(frame.range);
        measure(query, &self.series(report, &look, frame), wanted)
    }

    /// The values of a slot, and whether it is that of all others.
    pub fn name(&self, slot: usize) -> (Vec<Value>, bool) {
        let tuple = self.0.as_ref().and_then(|slots| slots.ranked.get(slot));
        (tuple.cloned().unwrap_or_default(), self.0.is_some() && tuple.is_none())
    }

    /// Puts the names of the slots to their figures.
    pub fn label(&self, label: &str, figures: Vec<Figures>, previous: Option<Vec<Figures>>) -> Vec<Measured> {
        let mut previous = previous.map(Vec::into_iter);
        let line = |(slot, figures): (usize, Figures)| {
            let (breakdown, other) = self.name(slot);
            Measured {
                label: label.to_owned(),
                breakdown,
                other,
                figures,
                previous: previous.as_mut().and_then(Iterator::next),
            }
        };
        figures.into_iter().enumerate().map(line).collect()
    }

    /// The slots, if there is a breakdown and one of its tuples is meant, and the place of that one.
    pub fn named(&self, value: &UnitsValue) -> Result<Option<(&Slots, usize)>, ReportError> {
        let Some(slots) = &self.0 else { return Ok(None) };
        let slot = match value {
            UnitsValue::Whole => return Ok(None),
            UnitsValue::Value(tuple) => slots.ranked.iter().position(|ranked| ranked == tuple),
            UnitsValue::Other => slots.has_other.then_some(slots.ranked.len()),
        };
        let slot = slot.ok_or_else(|| no_such_series(value))?;
        Ok(Some((slots, slot)))
    }
}

fn rank_by_total(
    query: Query<'_>,
    report: &Trends,
    frame: &Frame,
    looks: &[Look],
    values: BreakdownValues,
) -> Result<(Slots, Option<Sums>), ExecutionError> {
    let all = Slots::rank(query, looks, values, usize::MAX)?;
    if report.formula.is_none()
        && let (Source::Events { measure: wanted, .. }, Some(look)) = (&report.series[0].source, looks.first())
    {
        let series = Series { look, buckets: &frame.buckets, slots: Some(&all), is_cumulative: false };
        if let Some(sums) = Sums::to_choose_among(query, &series, wanted)? {
            let mut totals = Charged::list(query.guard, Figure::Null, all.len())?;
            for (total, figure) in totals.iter_mut().zip(query.guard.watch(sums.totals())) {
                *total = figure?;
            }
            let (shown, now_in) = all.ranked_by(query, &totals, report.limit)?;
            let sums = sums.put_together(query.guard, &now_in, shown.len())?;
            return Ok((shown, Some(sums)));
        }
    }
    let totals = totals(query, report, frame, looks, &all)?;
    let (shown, _) = all.ranked_by(query, &totals, report.limit)?;
    Ok((shown, None))
}

/// What each slot comes to over the whole range, in the first series or in the formula.
fn totals(
    query: Query<'_>,
    report: &Trends,
    frame: &Frame,
    looks: &[Look],
    slots: &Slots,
) -> Result<Charged<Vec<Figure>>, ExecutionError> {
    let whole = frame.buckets.as_one();
    let none = || Charged::list(query.guard, Figure::Null, slots.len());
    let of_series = |place: usize| -> Result<Charged<Vec<Figure>>, ExecutionError> {
        let mut totals = none()?;
        // Beside a breakdown all series are of events, and have a look each.
        if let (Source::Events { measure: wanted, .. }, Some(look)) = (&report.series[place].source, looks.get(place)) {
            let _charge = Charge::of(query.guard, slots.len() * (size_of::<Figures>() + size_of::<Figure>()))?;
            let series = Series { look, buckets: &whole, slots: Some(slots), is_cumulative: false };
            let figures = measure(query, &series, wanted)?;
            totals.iter_mut().zip(figures).for_each(|(total, figures)| *total = figures.total);
        }
        Ok(totals)
    };
    let Some(formula) = &report.formula else { return of_series(0) };
    let named = formula.series();
    let of_named = named.iter().map(|place| of_series(*place)).collect::<Result<Vec<_>, _>>()?;
    let mut inputs = vec![None; report.series.len()];
    let mut totals = none()?;
    for (slot, total) in totals.iter_mut().enumerate() {
        query.guard.check()?;
        named.iter().zip(&of_named).for_each(|(place, totals)| inputs[*place] = totals[slot].to_f64());
        *total = Figure::of(formula.evaluate(&inputs));
    }
    Ok(totals)
}

/// Charges for so many lines of the answer under one label, and their breakdown values of so many bytes.
pub(super) fn keep_lines(
    context: &Context<'_>,
    report: &Trends,
    frame: &Frame,
    label: &str,
    (lines, names_bytes): (usize, usize),
) -> Result<(), ReportError> {
    let ranges = 1 + usize::from(report.compare);
    let line_bytes = size_of::<Measured>() + size_of::<TrendsSeries>() + label.len();
    context.keep(lines * (line_bytes + frame.buckets.len() * ranges * size_of::<Figure>()) + names_bytes)
}

/// Checks that an answer in which every series has so many lines is not too large.
pub(super) fn check_size(report: &Trends, frame: &Frame, lines: usize) -> Result<(), DocumentError> {
    let ranges = 1 + usize::from(report.compare);
    let shape = [(report.series.len() * lines, "series"), (frame.buckets.len() * ranges, "buckets")];
    check_cells(&shape, "limit", "give a smaller `limit` or a longer `interval`")
}
