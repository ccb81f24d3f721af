//! Trends: measures per bucket of time, of events or of the properties of users and keys.

mod answer;
mod events;
mod properties;
mod units;

pub use answer::{Previous, TrendsAnswer, TrendsSeries};
pub(super) use units::units;

use super::context::Context;
use super::error::ReportError;
use crate::executor::{Figure, Figures, Look, Sums};
use crate::language::{Buckets, Formula, ResolvedRange, Source, Trends};
use answer::Measured;
use events::{EventSlots, keep_lines};
use properties::PropertySeries;

/// A range and its buckets: the one asked for, or the one before it.
struct Frame {
    range: ResolvedRange,
    buckets: Buckets,
}

impl Frame {
    fn cover(context: &Context<'_>, report: &Trends, range: ResolvedRange) -> Result<Self, ReportError> {
        let buckets = Buckets::cover(range, report.interval, report.week_start, context.zone())?;
        Ok(Self { range, buckets })
    }

    fn previous(&self, context: &Context<'_>, report: &Trends) -> Result<Self, ReportError> {
        let count = self.buckets.len();
        Self::cover(context, report, self.range.moved_back(count, report.interval, context.zone()))
    }
}

/// The rows that the report looks at.
pub(super) fn looks(context: &Context<'_>, report: &Trends) -> Result<Vec<Look>, ReportError> {
    report.series.iter().filter_map(|series| series.event()).map(|event| context.look(event)).collect()
}

pub(super) fn run(context: &Context<'_>, report: &Trends) -> Result<TrendsAnswer, ReportError> {
    let frame = Frame::cover(context, report, context.range)?;
    let previous = if report.compare { Some(frame.previous(context, report)?) } else { None };
    let looks = looks(context, report)?;
    let (slots, mut ranked_sums) = EventSlots::rank(context, report, &frame, &looks)?;
    let mut all: Vec<Vec<Measured>> = Vec::with_capacity(report.series.len());
    for series in &report.series {
        let label = series.shown_label();
        let measured = match &series.source {
            Source::Events { event, measure } => {
                keep_lines(context, report, &frame, &label, slots.lines())?;
                let look = context.look(event)?;
                // They are those of the first series, if there are any.
                let sums = ranked_sums.take();
                let of = |frame: &Frame, sums: Option<Sums>| {
                    let stage = || format!("series `{label}`");
                    context.stage(stage, || match sums {
                        Some(sums) => Ok(sums.figures(context.query.guard, report.cumulative)?),
                        None => slots.measure(context.query, report, &look, frame, measure),
                    })
                };
                let figures = of(&frame, sums)?;
                slots.label(&label, figures, previous.as_ref().map(|frame| of(frame, None)).transpose()?)
            }
            Source::PropertyOf { of, measure } => {
                let property = PropertySeries::new(context, report, &frame, of, measure)?;
                keep_lines(context, report, &frame, &label, property.lines())?;
                context
                    .stage(|| format!("series `{label}`"), || Ok(property.label(&label, &frame, previous.as_ref())?))?
            }
        };
        all.push(measured);
    }
    let series = match &report.formula {
        None => all.into_iter().flatten().collect(),
        Some(formula) => {
            keep_lines(context, report, &frame, formula.text(), slots.lines())?;
            combined(context, formula, &all, &slots, &frame, previous.as_ref())?
        }
    };
    Ok(TrendsAnswer {
        buckets: context.labels(&frame.buckets)?,
        series: series.into_iter().map(TrendsSeries::from).collect(),
        previous_buckets: previous.map(|frame| context.labels(&frame.buckets)).transpose()?,
        coverage: context.coverage(&looks)?,
    })
}

/// The formula's series, one for each slot of the breakdown. A series that has no such line, as one of a property
/// counted by value, counts as null; a formula may not name it.
fn combined(
    context: &Context<'_>,
    formula: &Formula,
    all: &[Vec<Measured>],
    slots: &EventSlots,
    frame: &Frame,
    previous: Option<&Frame>,
) -> Result<Vec<Measured>, ReportError> {
    let line = |slot: usize| -> Result<Measured, ReportError> {
        let inputs: Vec<Option<&Measured>> = all.iter().map(|series| series.get(slot)).collect();
        let of = |frame: &Frame, figures: &dyn Fn(&Measured) -> Option<&Figures>| -> Result<Figures, ReportError> {
            let evaluate = |figure: &dyn Fn(&Figures) -> Figure| {
                let value = |input: &Option<&Measured>| figure(figures((*input)?)?).to_f64();
                context.check()?;
                Ok(Figure::of(formula.evaluate(&inputs.iter().map(value).collect::<Vec<_>>())))
            };
            let values = (0..frame.buckets.len()).map(|bucket| evaluate(&|figures| figures.values[bucket]));
            let values = values.collect::<Result<_, ReportError>>()?;
            Ok(Figures { values, total: evaluate(&|figures| figures.total)? })
        };
        let (breakdown, other) = slots.name(slot);
        Ok(Measured {
            label: formula.text().to_owned(),
            breakdown,
            other,
            figures: of(frame, &|input| Some(&input.figures))?,
            previous: previous.map(|frame| of(frame, &|input| input.previous.as_ref())).transpose()?,
        })
    };
    (0..slots.count()).map(line).collect()
}
