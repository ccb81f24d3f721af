//! Funnels: how far units come through a sequence of steps, and how long each step takes.

mod answer;
mod split;
mod steps;

pub use answer::{FunnelAnswer, FunnelResult, FunnelSeries, FunnelStarts, FunnelStep, FunnelSteps};

use super::answer::Answer;
use super::context::Context;
use super::error::ReportError;
use super::members::answer_members;
use crate::executor::{Attempts, BreakdownValues, Excluded, FunnelPlan, Look, Reached, attempts};
use crate::language::{Buckets, Funnel, FunnelUnits, Matcher};
use roaring::RoaringBitmap;
use split::Split;

pub(super) fn run(context: &Context<'_>, report: &Funnel) -> Result<Answer, ReportError> {
    let looks = report.steps.iter().map(|step| context.look(step)).collect::<Result<Vec<Look>, _>>()?;
    let values = match report.breakdown.as_slice() {
        [] => None,
        several => Some(BreakdownValues::new(context.query, several).map_err(|error| context.failed(error))?),
    };
    let buckets = report
        .interval
        .map(|interval| Buckets::cover(context.range, interval, report.week_start, &report.scope.timezone))
        .transpose()?;
    let found = attempts(context.query, &plan(context, report, &looks, values.as_ref(), buckets.as_ref())?)
        .map_err(|error| context.failed(error))?;
    let split = match &values {
        None => Split::none(),
        Some(values) => Split::rank(values, &found.counting, report.limit),
    };
    let coverage = context.coverage(&looks)?;
    if let Some(units) = &report.units {
        let behind = units_behind(&found.counting, &split, units)?;
        return Ok(Answer::Cohort(answer_members(context, &behind, &units.page, coverage)?));
    }
    let mut series = series(report, &found, &split, buckets.as_ref());
    let result = match series.pop() {
        Some(whole) if values.is_none() => FunnelResult::Whole(whole.steps),
        last => {
            series.extend(last);
            FunnelResult::Split { series }
        }
    };
    Ok(Answer::Funnel(FunnelAnswer { result, coverage }))
}

fn plan<'p>(
    context: &Context<'_>,
    report: &'p Funnel,
    steps: &[Look],
    values: Option<&'p BreakdownValues<'p>>,
    buckets: Option<&'p Buckets>,
) -> Result<FunnelPlan<'p>, ReportError> {
    let excluded = report.exclude.iter().map(|exclusion| {
        let look = context.look(&exclusion.event)?;
        Ok(Excluded { look, from: exclusion.from - 1, to: exclusion.to - 1 })
    });
    Ok(FunnelPlan {
        steps: steps.to_vec(),
        order: report.order,
        entry: report.entry,
        excluded: excluded.collect::<Result<_, ReportError>>()?,
        seen: context.look(&Matcher::any_event())?,
        hold: report.hold.as_ref(),
        range: context.range,
        window_micros: report.window.micros(),
        values,
        buckets,
    })
}

/// The series of the answer in order; one of everything without a breakdown.
fn series(report: &Funnel, found: &Attempts, split: &Split, buckets: Option<&Buckets>) -> Vec<FunnelSeries> {
    let mut units: Vec<Vec<&Reached>> = vec![Vec::new(); split.len()];
    for reached in &found.counting {
        if let Some(series) = split.series_of(reached.tuple) {
            units[series].push(reached);
        }
    }
    let starts = buckets.map(|buckets| steps::starts(&found.starts, split, buckets, report.steps.len()));
    let mut starts = starts.into_iter().flatten();
    let one = |(place, units): (usize, &Vec<&Reached>)| FunnelSeries {
        breakdown: split.ranked.get(place).cloned().unwrap_or_default(),
        other: place == split.ranked.len(),
        steps: FunnelSteps { steps: steps::steps(&report.steps, units), by_start: starts.next() },
    };
    units.iter().enumerate().map(one).collect()
}

/// The units of one number of the answer.
fn units_behind(counting: &[Reached], split: &Split, wanted: &FunnelUnits) -> Result<RoaringBitmap, ReportError> {
    let series = split.named(&wanted.value)?;
    let is_behind = |reached: &&Reached| {
        let is_in_series = series.is_none() || split.series_of(reached.tuple) == series;
        let level = reached.level();
        is_in_series && if wanted.dropped { level == wanted.step } else { level >= wanted.step }
    };
    Ok(counting.iter().filter(is_behind).map(|reached| reached.unit).collect())
}
