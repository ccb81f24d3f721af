//! Funnels: how far units come through a sequence of steps, and how long each step takes.

mod answer;
mod split;
mod steps;

pub use answer::{FunnelAnswer, FunnelResult, FunnelSeries, FunnelStarts, FunnelStep, FunnelSteps};

use super::context::Context;
use super::error::ReportError;
use crate::executor::{Attempts, BreakdownValues, Charged, Excluded, FunnelPlan, Look, Reached, attempts};
use crate::language::{Buckets, Funnel, FunnelUnits, Matcher};
use roaring::RoaringBitmap;
use split::Split;

/// The rows that the report looks at.
pub(super) fn looks(context: &Context<'_>, report: &Funnel) -> Result<Vec<Look>, ReportError> {
    report.steps.iter().map(|step| context.look(step)).collect()
}

/// What became of all attempts, and the series that they are in.
struct Found {
    attempts: Charged<Attempts>,
    split: Split,
    buckets: Option<Buckets>,
}

impl Found {
    fn new(context: &Context<'_>, report: &Funnel) -> Result<Self, ReportError> {
        let values = context.breakdown(&report.breakdown)?;
        let buckets = report
            .interval
            .map(|interval| Buckets::cover(context.range, interval, report.week_start, context.zone()))
            .transpose()?;
        let plan = plan(context, report, values.as_ref(), buckets.as_ref())?;
        let attempts = context.stage(|| "attempts".to_owned(), || attempts(context.query, &plan))?;
        let split = match &values {
            None => Split::none(),
            Some(values) => {
                let rank = || Split::rank(context.query, values, &attempts, report.limit);
                context.stage(|| "ranking of the breakdown".to_owned(), rank)?
            }
        };
        Ok(Self { attempts, split, buckets })
    }
}

pub(super) fn run(context: &Context<'_>, report: &Funnel) -> Result<FunnelAnswer, ReportError> {
    let mut series = series(context, report, &Found::new(context, report)?)?;
    let result = match series.pop() {
        Some(whole) if report.breakdown.is_empty() => FunnelResult::Whole(whole.steps),
        last => {
            series.extend(last);
            FunnelResult::Split { series }
        }
    };
    Ok(FunnelAnswer { result, coverage: context.coverage(&looks(context, report)?)? })
}

fn plan<'p>(
    context: &Context<'_>,
    report: &'p Funnel,
    values: Option<&'p BreakdownValues>,
    buckets: Option<&'p Buckets>,
) -> Result<FunnelPlan<'p>, ReportError> {
    let excluded = report.exclude.iter().map(|exclusion| {
        let look = context.look(&exclusion.event)?;
        Ok(Excluded { look, from: exclusion.from - 1, to: exclusion.to - 1 })
    });
    Ok(FunnelPlan {
        steps: looks(context, report)?,
        order: report.order,
        entry: report.entry,
        excluded: excluded.collect::<Result<_, ReportError>>()?,
        seen: context.look_at_all(context.range),
        hold: report.hold.as_ref(),
        range: context.range,
        window_micros: report.window.micros(),
        values,
        buckets,
    })
}

/// The series of the answer in order; one of everything without a breakdown.
fn series(context: &Context<'_>, report: &Funnel, found: &Found) -> Result<Vec<FunnelSeries>, ReportError> {
    let Found { attempts, split, buckets } = found;
    let step_bytes = |step: &Matcher| size_of::<FunnelStep>() + step.label().len();
    let series_bytes = size_of::<FunnelSeries>() + report.steps.iter().map(step_bytes).sum::<usize>();
    context.keep(split.len() * series_bytes + split.ranked_bytes())?;
    let starts = buckets.as_ref().map(|buckets| steps::starts(context, attempts, split, buckets, report.steps.len()));
    let mut starts = starts.transpose()?.into_iter().flatten();
    let steps = steps::steps(context, &report.steps, attempts, split)?;
    let one = |(place, steps)| FunnelSeries {
        breakdown: split.ranked.get(place).cloned().unwrap_or_default(),
        other: place == split.ranked.len(),
        steps: FunnelSteps { steps, by_start: starts.next() },
    };
    Ok(steps.into_iter().enumerate().map(one).collect())
}

/// The units of one number of the answer.
pub(super) fn units(
    context: &Context<'_>,
    report: &Funnel,
    asked: &FunnelUnits,
) -> Result<Charged<RoaringBitmap>, ReportError> {
    let Found { attempts, split, .. } = Found::new(context, report)?;
    let series = split.named(&asked.value)?;
    let is_behind = |reached: &Reached<'_>| {
        let is_in_series = series.is_none() || split.series_of(reached.tuple) == series;
        let level = reached.level();
        is_in_series && if asked.dropped { level == asked.step } else { level >= asked.step }
    };
    context.collect(attempts.counting().map(|reached| is_behind(&reached).then_some(reached.unit)))
}
