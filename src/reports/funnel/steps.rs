//! From attempts to the numbers of the steps.

use super::super::answer::Figure;
use super::super::context::Context;
use super::super::error::ReportError;
use super::answer::{FunnelStarts, FunnelStep};
use super::split::Split;
use crate::executor::{Attempts, Charge, ExactSum, Guard, Start, Stop, threads_for};
use crate::helpers::in_parallel;
use crate::language::{Buckets, Matcher, check_cells};
use crate::model::Number;
use std::mem::replace;

/// An attempt costs so much more to look at than a row to count.
const ATTEMPT_WORK: usize = 4;

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
    let times = times(context.run.guard, attempts, split, &counts).map_err(|stop| context.failed(stop))?;
    let one = |series: usize, place: usize, matcher: &Matcher| {
        let (event, counts) = (matcher.label(), &counts[series]);
        let ratio_to = |step: usize| Figure::ratio(counts[place], counts[step]);
        let (from_previous, overall, times) = match place.checked_sub(1) {
            None => (Figure::Count(1), Figure::Count(1), Times { median: Figure::Null, average: Figure::Null }),
            Some(previous) => (ratio_to(previous), ratio_to(0), times[previous][series]),
        };
        let Times { median: median_seconds, average: average_seconds } = times;
        FunnelStep { event, count: counts[place], from_previous, overall, median_seconds, average_seconds }
    };
    let of_series = |series| matchers.iter().enumerate().map(|(place, matcher)| one(series, place, matcher)).collect();
    Ok((0..split.len()).map(of_series).collect())
}

/// How long units of a series took from the step before to one, in seconds.
#[derive(Clone, Copy)]
struct Times {
    median: Figure,
    average: Figure,
}

/// To each step but the first, for each series.
fn times(guard: &Guard, attempts: &Attempts, split: &Split, counts: &[Vec<u64>]) -> Result<Vec<Vec<Times>>, Stop> {
    let steps = counts.first().map_or(0, Vec::len).saturating_sub(1);
    let threads = threads_for(guard, attempts.units() * ATTEMPT_WORK).min(steps.max(1));
    // Fewer units come to later steps.
    let shares: Vec<Vec<usize>> = (0..threads).map(|first| (first..steps).step_by(threads).collect()).collect();
    let of_steps = |steps: &Vec<usize>| {
        let of_step = |step: &usize| Ok((*step, times_of_step(guard, attempts, split, counts, *step + 1)?));
        steps.iter().map(of_step).collect::<Result<Vec<_>, Stop>>()
    };
    let mut times = vec![Vec::new(); steps];
    for found in in_parallel(threads, &shares, of_steps) {
        found?.into_iter().for_each(|(step, of_step)| times[step] = of_step);
    }
    Ok(times)
}

/// To one step, for each series.
fn times_of_step(
    guard: &Guard,
    attempts: &Attempts,
    split: &Split,
    counts: &[Vec<u64>],
    step: usize,
) -> Result<Vec<Times>, Stop> {
    let lengths: Vec<usize> = counts.iter().map(|counts| counts[step] as usize).collect();
    let _charge = Charge::of(guard, lengths.iter().sum::<usize>() * size_of::<i64>())?;
    let mut durations = durations(attempts, split, step, &lengths);
    let mut rest = &mut durations[..];
    let of_series = |length: usize| {
        guard.check()?;
        let of_series = rest.split_off_mut(..length).unwrap_or_default();
        Ok(Times { median: median_seconds(of_series), average: average_seconds(of_series) })
    };
    lengths.into_iter().map(of_series).collect()
}

/// How many units of each series reached each step.
fn reached_counts(attempts: &Attempts, split: &Split, step_count: usize) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; step_count]; split.len()];
    for reached in attempts.counting() {
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
    attempts: &Attempts,
    split: &Split,
    buckets: &Buckets,
    step_count: usize,
) -> Result<Vec<FunnelStarts>, ReportError> {
    let shape = [(split.len(), "series"), (step_count, "steps"), (buckets.len(), "buckets")];
    check_cells(&shape, "limit", "give a smaller `limit` or a longer `interval`")?;
    context.keep(split.len() * step_count * buckets.len() * size_of::<u64>())?;
    let mut counts = vec![vec![vec![0; buckets.len()]; step_count]; split.len()];
    let placed = |start: &Start| Some((split.series_of(start.tuple)?, start.bucket, start.unit, start.level));
    let count = attempts.starts().count();
    let _ordered = context.charge(size_of::<(usize, u32, u32, u32)>() * count)?;
    let mut ordered: Vec<(usize, u32, u32, u32)> = Vec::with_capacity(count);
    ordered.extend(attempts.starts().filter_map(placed));
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
    // Two loops take less than one over all parts would.
    for part in attempts.parts() {
        for reached in part.counting() {
            if let [.., before, at] = *reached.times.get(..=step).unwrap_or_default()
                && let Some(series) = split.series_of(reached.tuple)
            {
                all[next[series]] = at - before;
                next[series] += 1;
            }
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
