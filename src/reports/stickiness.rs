//! Stickiness: in how many of the intervals each unit was active.

use super::answer::Coverage;
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Charged, UnitSets, count_memberships, units_by_bucket, visit_memberships};
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

/// Who was active in each interval.
fn active(context: &Context<'_>, report: &Stickiness) -> Result<UnitSets, ReportError> {
    let buckets = Buckets::cover(context.range, report.interval, report.week_start, context.zone())?;
    let look = context.look(&report.event)?;
    context.stage(|| format!("active: `{}`", report.event.label()), || units_by_bucket(context.query, &look, &buckets))
}

fn intervals_of_units() -> String {
    "intervals of each unit".to_owned()
}

pub(super) fn run(context: &Context<'_>, report: &Stickiness) -> Result<StickinessAnswer, ReportError> {
    let active = active(context, report)?;
    let intervals = active.len();
    context.keep(intervals * size_of::<u64>())?;
    let counts = context.stage(intervals_of_units, || Ok(count_memberships(context.query.guard, &active)?))?;
    Ok(StickinessAnswer { counts, intervals, coverage: context.coverage(&[context.look(&report.event)?])? })
}

/// The units that were active in exactly so many intervals.
pub(super) fn units(
    context: &Context<'_>,
    report: &Stickiness,
    asked: &StickinessUnits,
) -> Result<Charged<RoaringBitmap>, ReportError> {
    let active = active(context, report)?;
    let intervals = active.len();
    if asked.intervals > intervals {
        let sentence = format!("the range has {intervals} intervals; ask for 1 to {intervals}");
        return Err(DocumentError::rule("units.intervals", sentence).into());
    }
    let mut units = RoaringBitmap::new();
    let insert = |unit, count| {
        if count as usize == asked.intervals {
            units.insert(unit);
        }
    };
    context.stage(intervals_of_units, || Ok(visit_memberships(context.query.guard, &active, insert)?))?;
    context.charged(units)
}
