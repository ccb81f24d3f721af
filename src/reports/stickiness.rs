//! Stickiness: in how many of the intervals each unit was active.

use super::answer::Coverage;
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Charged, units_by_bucket};
use crate::language::{Buckets, DocumentError, Stickiness, StickinessUnits};
use roaring::RoaringBitmap;
use serde::Serialize;

/// The answer to a stickiness report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StickinessAnswer {
    /// `counts[i]`: units active in exactly i + 1 of the intervals.
    pub counts: Vec<u64>,
    /// How many intervals there are.
    pub intervals: usize,
    /// What was looked at.
    pub coverage: Coverage,
}

/// In how many intervals each unit was active, by its number.
fn activity(context: &Context<'_>, report: &Stickiness) -> Result<(Charged<Vec<u32>>, usize), ReportError> {
    let buckets = Buckets::cover(context.range, report.interval, report.week_start, context.zone())?;
    let look = context.look(&report.event)?;
    let count = || {
        let sets = units_by_bucket(context.query, &look, &buckets)?;
        let mut active = Charged::list(context.query.guard, 0, context.query.unit_count() as usize)?;
        for set in sets.iter() {
            context.query.guard.check()?;
            set.iter().for_each(|unit| active[unit as usize] += 1);
        }
        Ok(active)
    };
    Ok((context.stage(|| format!("active: `{}`", report.event.label()), count)?, buckets.len()))
}

pub(super) fn run(context: &Context<'_>, report: &Stickiness) -> Result<StickinessAnswer, ReportError> {
    let (active, intervals) = activity(context, report)?;
    context.keep(intervals * size_of::<u64>())?;
    let mut counts = vec![0; intervals];
    for count in active.iter().filter(|count| **count > 0) {
        counts[*count as usize - 1] += 1;
    }
    Ok(StickinessAnswer { counts, intervals, coverage: context.coverage(&[context.look(&report.event)?])? })
}

/// The units that were active in exactly so many intervals.
pub(super) fn units(
    context: &Context<'_>,
    report: &Stickiness,
    asked: &StickinessUnits,
) -> Result<Charged<RoaringBitmap>, ReportError> {
    let (active, intervals) = activity(context, report)?;
    if asked.intervals > intervals {
        let sentence = format!("the range has {intervals} intervals; ask for 1 to {intervals}");
        return Err(DocumentError::rule("units.intervals", sentence).into());
    }
    let wanted = |count: &u32| *count as usize == asked.intervals;
    context.collect((0..).zip(active.iter()).map(|(unit, count)| wanted(count).then_some(unit)))
}
