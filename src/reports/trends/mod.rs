//! Trends: measures per bucket of time, of events or of the properties of users and keys.

mod answer;
mod events;
mod properties;
mod units;

pub use answer::{Previous, TrendsAnswer, TrendsSeries};
pub(super) use units::units;

use super::context::Context;
use super::error::ReportError;
use crate::executor::{Figure, Figures, Look};
use crate::language::{Buckets, Formula, ResolvedRange, Source, Trends};
use answer::Measured;
use events::EventSlots;
use properties::PropertySeries;

/// A range and its buckets: the one asked for, or the one before it.
struct Frame {
    range: ResolvedRange,
    buckets: Buckets,
}

impl Frame {
    fn cover(report: &Trends, range: ResolvedRange) -> Result<Self, ReportError> {
        let buckets = Buckets::cover(range, report.interval, report.week_start, &report.scope.timezone)?;
        Ok(Self { range, buckets })
    }

    fn previous(&self, report: &Trends) -> Result<Self, ReportError> {
        let count = self.buckets.len();
        Self::cover(report, self.range.moved_back(count, report.interval, &report.scope.timezone))
    }
}

/// The rows that the report looks at.
pub(super) fn looks(context: &Context<'_>, report: &Trends) -> Result<Vec<Look>, ReportError> {
    report.series.iter().filter_map(|series| series.event()).map(|event| context.look(event)).collect()
}

pub(super) fn run(context: &Context<'_>, report: &Trends) -> Result<TrendsAnswer, ReportError> {
    let frame = Frame::cover(report, context.range)?;
    let previous = if report.compare { Some(frame.previous(report)?) } else { None };
    let looks = looks(context, report)?;
    let slots = EventSlots::rank(context, report, &looks)?;
    let mut all: Vec<Vec<Measured>> = Vec::with_capacity(report.series.len());
    for series in &report.series {
        let label = series.shown_label();
        let measured = match &series.source {
            Source::Events { event, measure } => {
                let look = context.look(event)?;
                let of = |frame: &Frame| {
                    let stage = || format!("series `{label}`");
                    context.stage(stage, || slots.measure(context.query, report, &look, frame, measure))
                };
                slots.label(&label, of(&frame)?, previous.as_ref().map(of).transpose()?)
            }
            Source::PropertyOf { of, measure } => {
                let property = PropertySeries::new(context, report, &frame, of, measure)?;
                property.label(&label, &frame, previous.as_ref())
            }
        };
        all.push(measured);
    }
    let series = match &report.formula {
        None => all.into_iter().flatten().collect(),
        Some(formula) => combined(formula, &all, slots.count()),
    };
    Ok(TrendsAnswer {
        buckets: frame.buckets.labels(),
        series: series.into_iter().map(TrendsSeries::from).collect(),
        previous_buckets: previous.map(|frame| frame.buckets.labels()),
        coverage: context.coverage(&looks)?,
    })
}

/// The formula's series, one for each slot: every series has the same slots.
fn combined(formula: &Formula, all: &[Vec<Measured>], slots: usize) -> Vec<Measured> {
    (0..slots)
        .filter_map(|slot| {
            let inputs: Vec<&Measured> = all.iter().filter_map(|series| series.get(slot)).collect();
            let first = *inputs.first()?;
            let of = |figures: Vec<&Figures>| {
                let evaluate = |figure: &dyn Fn(&Figures) -> Figure| {
                    let values: Vec<Option<f64>> = figures.iter().map(|figures| figure(figures).to_f64()).collect();
                    Figure::of(formula.evaluate(&values))
                };
                let buckets = figures.first().map_or(0, |figures| figures.values.len());
                let values = (0..buckets).map(|bucket| evaluate(&|figures| figures.values[bucket])).collect();
                Figures { values, total: evaluate(&|figures| figures.total) }
            };
            let previous: Option<Vec<&Figures>> = inputs.iter().map(|series| series.previous.as_ref()).collect();
            Some(Measured {
                label: formula.text().to_owned(),
                figures: of(inputs.iter().map(|series| &series.figures).collect()),
                previous: previous.map(of),
                ..first.clone()
            })
        })
        .collect()
}
