//! Funnels: how far units come through a sequence of steps, and how long each step takes.

use super::answer::{Coverage, Figure};
use super::context::Context;
use super::error::ReportError;
use crate::executor::{ExactSum, Look, Reached, reached};
use crate::language::{Funnel, FunnelEntry, FunnelOrder, Matcher};
use crate::model::Number;
use serde::Serialize;

/// The answer to a funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelAnswer {
    /// The steps in order.
    pub steps: Vec<FunnelStep>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// One step of the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelStep {
    /// The names of its events.
    pub event: String,
    /// Units that reached it.
    pub count: u64,
    /// The share of those that reached the step before, from 0 to 1.
    pub from_previous: Figure,
    /// The share of those that reached the first step, from 0 to 1.
    pub overall: Figure,
    /// The median time from the step before, in seconds.
    pub median_seconds: Figure,
    /// The average time from the step before, in seconds.
    pub average_seconds: Figure,
}

/// Microseconds of a second.
const SECOND_MICROS: f64 = 1e6;

fn check_supported(report: &Funnel) -> Result<(), ReportError> {
    let not_yet = |what| Err(ReportError::NotYet(what));
    if report.order != FunnelOrder::Ordered {
        return not_yet("funnels in strict or any order");
    }
    if report.entry != FunnelEntry::Best {
        return not_yet("funnels of the first attempt");
    }
    if !report.exclude.is_empty() {
        return not_yet("exclusions between steps");
    }
    if !report.breakdown.is_empty() {
        return not_yet("breakdowns of funnels");
    }
    if report.interval.is_some() {
        return not_yet("conversions by start");
    }
    if report.hold.is_some() {
        return not_yet("values held through a funnel");
    }
    if report.units.is_some() {
        return not_yet("the units behind a number");
    }
    Ok(())
}

/// The rows that the report looks at.
pub(super) fn looks(context: &Context<'_>, report: &Funnel) -> Result<Vec<Look>, ReportError> {
    report.steps.iter().map(|step| context.look(step)).collect()
}

/// The units of one number.
pub(super) fn units(
    _: &Context<'_>,
    _: &Funnel,
    _: &crate::language::FunnelUnits,
) -> Result<roaring::RoaringBitmap, ReportError> {
    Err(ReportError::NotYet("the units behind a number of a funnel"))
}

pub(super) fn run(context: &Context<'_>, report: &Funnel) -> Result<FunnelAnswer, ReportError> {
    check_supported(report)?;
    let looks = report.steps.iter().map(|step| context.look(step)).collect::<Result<Vec<Look>, _>>()?;
    let units = reached(context.query, &looks, context.range, report.window.micros())
        .map_err(|damage| context.damaged(damage))?;
    let counts: Vec<u64> =
        (0..looks.len()).map(|step| units.iter().filter(|unit| unit.times.len() > step).count() as u64).collect();
    let step = |(place, matcher): (usize, &Matcher)| {
        let (count, first) = (counts[place], counts[0]);
        let event = matcher.label();
        if place == 0 {
            let whole = Figure::Count(1);
            let none = Figure::Null;
            return FunnelStep {
                event,
                count,
                from_previous: whole,
                overall: whole,
                median_seconds: none,
                average_seconds: none,
            };
        }
        let mut durations = durations(&units, place);
        FunnelStep {
            event,
            count,
            from_previous: Figure::ratio(count, counts[place - 1]),
            overall: Figure::ratio(count, first),
            median_seconds: median_seconds(&mut durations),
            average_seconds: average_seconds(&durations),
        }
    };
    let steps = report.steps.iter().enumerate().map(step).collect();
    Ok(FunnelAnswer { steps, coverage: context.coverage(&looks)? })
}

/// Microseconds from the step before to this one, for all units that reached it.
fn durations(units: &[Reached], step: usize) -> Vec<i64> {
    units.iter().filter(|unit| unit.times.len() > step).map(|unit| unit.times[step] - unit.times[step - 1]).collect()
}

/// The median; of an even number the mean of the middle two.
fn median_seconds(durations: &mut [i64]) -> Figure {
    durations.sort_unstable();
    let middle = durations.len() / 2;
    match durations.len() {
        0 => Figure::Null,
        length if length % 2 == 1 => Figure::of(Some(durations[middle] as f64 / SECOND_MICROS)),
        // Sums of two durations fit a double's integers, so the division alone rounds.
        _ => Figure::of(Some((durations[middle - 1] + durations[middle]) as f64 / (2.0 * SECOND_MICROS))),
    }
}

fn average_seconds(durations: &[i64]) -> Figure {
    let mut sum = ExactSum::default();
    durations.iter().for_each(|duration| sum.add(Number::Integer(*duration)));
    Figure::of(sum.average_over(durations.len() as u64 * SECOND_MICROS as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_number_of_times_has_the_mean_of_the_middle_two_as_median() {
        assert_eq!(median_seconds(&mut [4_000_000, 1_000_000, 2_000_000, 9_000_000]), Figure::Number(3.0));
        assert_eq!(median_seconds(&mut [5, 1, 3]), Figure::Number(3e-6));
        assert_eq!(median_seconds(&mut []), Figure::Null);
        assert_eq!(average_seconds(&[1, 1, 2]), Figure::Number(4.0 / 3e6));
        assert_eq!(average_seconds(&[]), Figure::Null);
    }
}
