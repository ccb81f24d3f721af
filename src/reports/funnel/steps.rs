//! From attempts to the numbers of the steps.

use super::super::answer::Figure;
use super::super::context::Context;
use super::super::error::ReportError;
use super::answer::{FunnelStarts, FunnelStep};
use super::split::Split;
use crate::executor::{Attempts, ExactSum, Start};
use crate::language::{Buckets, Matcher, check_cells};
use crate::model::Number;
use std::mem::replace;

/// Microseconds of a second.
const SECOND_MICROS: f64 = 1e6;

/// The steps of each series.
///
/// # Errors
/// When the report is stopped, or holds too much.
pub(super) fn steps(
    context: &Context<'_>,
    matchers: &[Matcher],
    attempts: &Attempts,
    split: &Split,
) -> Result<Vec<Vec<FunnelStep>>, ReportError> {
    let counts = reached_counts(attempts, split, matchers.len());
    let longest = counts.iter().map(|counts| counts.get(1).copied().unwrap_or(0)).sum::<u64>() as usize;
    let _times = context.charge(longest * size_of::<i64>())?;
    let mut steps: Vec<Vec<FunnelStep>> = vec![Vec::with_capacity(matchers.len()); split.len()];
    for (place, matcher) in matchers.iter().enumerate() {
        let lengths: Vec<usize> = counts.iter().map(|counts| counts[place] as usize).collect();
        let mut all = if place == 0 { Vec::new() } else { durations(attempts, split, place, &lengths) };
        let mut rest = &mut all[..];
        for ((steps, counts), length) in steps.iter_mut().zip(&counts).zip(lengths) {
            context.check()?;
            let (event, count) = (matcher.label(), counts[place]);
            let step = match place.checked_sub(1) {
                None => FunnelStep {
                    event,
                    count,
                    from_previous: Figure::Count(1),
                    overall: Figure::Count(1),
                    median_seconds: Figure::Null,
                    average_seconds: Figure::Null,
                },
                Some(previous) => {
                    let of_series = rest.split_off_mut(..length).unwrap_or_default();
                    FunnelStep {
                        event,
                        count,
                        from_previous: Figure::ratio(count, counts[previous]),
                        overall: Figure::ratio(count, counts[0]),
                        median_seconds: median_seconds(of_series),
                        average_seconds: average_seconds(of_series),
                    }
                }
            };
            steps.push(step);
        }
    }
    Ok(steps)
}

/// How many units of each series reached each step.
fn reached_counts(attempts: &Attempts, split: &Split, step_count: usize) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; step_count]; split.len()];
    for reached in &attempts.counting {
        if let Some(series) = split.series_of(reached.tuple) {
            counts[series][reached.level() - 1] += 1;
        }
    }
    // Who came so far came to all steps before.
    for counts in &mut counts {
        (1..step_count).rev().for_each(|step| counts[step - 1] += counts[step]);
    }
    counts
}

/// How far units came by when they started, for each series.
///
/// # Errors
/// When these are too many numbers for one answer, or the report is stopped.
pub(super) fn starts(
    context: &Context<'_>,
    starts: &[Start],
    split: &Split,
    buckets: &Buckets,
    step_count: usize,
) -> Result<Vec<FunnelStarts>, ReportError> {
    let shape = [(split.len(), "series"), (step_count, "steps"), (buckets.len(), "buckets")];
    check_cells(&shape, "limit", "give a smaller `limit` or a longer `interval`")?;
    context.keep(split.len() * step_count * buckets.len() * size_of::<u64>())?;
    let mut counts = vec![vec![vec![0; buckets.len()]; step_count]; split.len()];
    let placed = |start: &Start| Some((split.series_of(start.tuple)?, start.bucket, start.unit, start.level));
    let _ordered = context.charge(size_of::<(usize, u32, u32, u32)>() * starts.len())?;
    let mut ordered: Vec<(usize, u32, u32, u32)> = Vec::with_capacity(starts.len());
    ordered.extend(starts.iter().filter_map(placed));
    context.query.guard.sort_by(&mut ordered, &|a, b| a.cmp(b)).map_err(|stop| context.failed(stop))?;
    // A unit counts once in each bucket of a series, at its best level: the last of its run.
    for of_unit in ordered.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
        if let Some((series, bucket, _, level)) = of_unit.last() {
            let reached = &mut counts[*series][..*level as usize];
            reached.iter_mut().for_each(|step| step[*bucket as usize] += 1);
        }
    }
    counts.into_iter().map(|counts| Ok(FunnelStarts { buckets: context.labels(buckets)?, counts })).collect()
}

/// Microseconds from the step before to this one, for all units that reached it: series by series, of which each has so
/// many.
fn durations(attempts: &Attempts, split: &Split, step: usize, lengths: &[usize]) -> Vec<i64> {
    let mut all = vec![0; lengths.iter().sum()];
    let mut next: Vec<usize> = lengths.iter().scan(0, |start, length| Some(replace(start, *start + length))).collect();
    for reached in attempts.counting.iter().filter(|reached| reached.level() > step) {
        if let Some(series) = split.series_of(reached.tuple) {
            let times = attempts.times(reached);
            all[next[series]] = times[step] - times[step - 1];
            next[series] += 1;
        }
    }
    all
}

/// The median; of an even number the mean of the middle two.
fn median_seconds(durations: &mut [i64]) -> Figure {
    if durations.is_empty() {
        return Figure::Null;
    }
    let is_odd = durations.len() % 2 == 1;
    let (below, upper, _) = durations.select_nth_unstable(durations.len() / 2);
    let seconds = match below.iter().max().filter(|_| !is_odd) {
        None => *upper as f64 / SECOND_MICROS,
        // Up to 2^53 µs, which is 285 years, the sum is exact and the division alone rounds.
        Some(lower) => (lower + *upper) as f64 / (2.0 * SECOND_MICROS),
    };
    Figure::of(Some(seconds))
}

fn average_seconds(durations: &[i64]) -> Figure {
    let mut sum = ExactSum::default();
    // An exact sum takes longer to add to than an integer does.
    let rest = durations.iter().fold(0i64, |part, duration| {
        part.checked_add(*duration).unwrap_or_else(|| {
            sum.add(Number::Integer(part));
            *duration
        })
    });
    sum.add(Number::Integer(rest));
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
