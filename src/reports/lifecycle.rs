//! Lifecycle: which of the active units of a bucket are new, returning or resurrecting, and which are missing.

use super::answer::Coverage;
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Charged, UnitSet, UnitSets, first_units_by_bucket, nobody, units_by_bucket, units_in};
use crate::language::{Buckets, Lifecycle, LifecycleState, LifecycleUnits};
use roaring::RoaringBitmap;
use serde::Serialize;

/// The answer to a lifecycle report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LifecycleAnswer {
    /// The start of each bucket, RFC 3339.
    pub buckets: Vec<String>,
    /// Units whose first matching event in all history lies in the bucket.
    pub new: Vec<u64>,
    /// Units active in the bucket before, too.
    pub returning: Vec<u64>,
    /// Units that were active some time before, but not in the bucket before.
    pub resurrecting: Vec<u64>,
    /// Units active in the bucket before, and not in this one.
    pub dormant: Vec<u64>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// The sets of units from which states follow.
struct States {
    buckets: Buckets,
    /// Who was active in the bucket before the first.
    before: Charged<UnitSet>,
    /// Who was active in each bucket.
    active: UnitSets,
    /// Whose first matching event lies in each bucket.
    first: UnitSets,
}

impl States {
    fn new(context: &Context<'_>, report: &Lifecycle) -> Result<Self, ReportError> {
        let buckets = Buckets::cover(context.range, report.interval, report.week_start, context.zone())?;
        let look = context.look(&report.event)?;
        if buckets.is_empty() {
            let (active, first) = (context.charged(Vec::new())?, context.charged(Vec::new())?);
            return Ok(Self { buckets, before: context.charged(RoaringBitmap::new().into())?, active, first });
        }
        // The bucket before the first is looked at whole, wherever the range begins.
        let look_before = look.within(buckets.with_before(1)?.range(0));
        let (before, active) = context.stage(
            || format!("active: `{}`", report.event.label()),
            || Ok((units_in(context.query, &look_before)?, units_by_bucket(context.query, &look, &buckets)?)),
        )?;
        let mut kept_alike = nobody(&active);
        kept_alike.add(&before.into_inner().into());
        let before = context.charged(kept_alike)?;
        let first = context.stage(
            || format!("first: `{}`", report.event.label()),
            || first_units_by_bucket(context.query, &look, &buckets),
        )?;
        Ok(Self { buckets, before, active, first })
    }

    fn units(&self, bucket: usize, state: LifecycleState) -> UnitSet {
        let before = bucket.checked_sub(1).map_or(&*self.before, |before| &self.active[before]);
        let now = &self.active[bucket];
        let first = &self.first[bucket];
        match state {
            LifecycleState::New => first.clone(),
            LifecycleState::Returning => now.and(before).without(first),
            LifecycleState::Resurrecting => now.without(before).without(first),
            LifecycleState::Dormant => before.without(now),
        }
    }

    fn counts(&self, context: &Context<'_>, state: LifecycleState) -> Result<Vec<u64>, ReportError> {
        context.keep(self.buckets.len() * size_of::<u64>())?;
        let count = |bucket| {
            context.check()?;
            Ok(self.units(bucket, state).len())
        };
        (0..self.buckets.len()).map(count).collect()
    }
}

pub(super) fn run(context: &Context<'_>, report: &Lifecycle) -> Result<LifecycleAnswer, ReportError> {
    let states = States::new(context, report)?;
    Ok(LifecycleAnswer {
        buckets: context.labels(&states.buckets)?,
        new: states.counts(context, LifecycleState::New)?,
        returning: states.counts(context, LifecycleState::Returning)?,
        resurrecting: states.counts(context, LifecycleState::Resurrecting)?,
        dormant: states.counts(context, LifecycleState::Dormant)?,
        coverage: context.coverage(&[context.look(&report.event)?])?,
    })
}

/// The units that are in a state in a bucket.
pub(super) fn units(
    context: &Context<'_>,
    report: &Lifecycle,
    asked: &LifecycleUnits,
) -> Result<Charged<RoaringBitmap>, ReportError> {
    let states = States::new(context, report)?;
    let bucket = states.buckets.named(&asked.bucket, context.scope, "bucket", context.clock)?;
    context.charged(states.units(bucket, asked.state).into_bitmap())
}
