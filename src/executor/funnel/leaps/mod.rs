//! Funnels in which one attempt of a unit counts: each step leaps to the next row that can fill it, and attempts that
//! cannot come further than the last are passed over. Most rows are never read.
//!
//! A user's rows lie together in a table, in order of time, and a key's in as many places as it has users. With thousands
//! of rows, a few are looked at; bound by memory that is far apart, not by rows.

mod rows;
mod runs_by_unit;

use super::super::charge::{Charge, Charged};
use super::super::error::ExecutionError;
use super::super::footprint::list_bytes;
use super::super::limits::Stop;
use super::super::query::{Query, Units};
use super::super::scan::tables_of;
use super::super::split::{in_parallel, threads_for};
use super::{Attempts, FunnelPlan, Reached, joined};
use crate::language::{FunnelEntry, FunnelOrder, ResolvedRange};
use crate::segment::Table;
use rows::{Found, Head, StepTable};
use runs_by_unit::RunsByUnit;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// A thread takes at most so many units at once.
const UNITS_AT_ONCE: u32 = 4096;
/// And leaves as many pieces of work to be shared.
const PIECES: u32 = 64;

/// Whether attempts of this funnel can be found so.
pub(super) fn can_leap(query: Query<'_>, plan: &FunnelPlan<'_>) -> bool {
    plan.order == FunnelOrder::Ordered
        && plan.excluded.is_empty()
        && plan.may_be_decided()
        && plan.steps.windows(2).all(|pair| pair[0] != pair[1])
        // Blocks of which single rows matter are decoded whole for a filter or a breakdown, which pays where the rows of
        // units follow one another.
        && (query.units == Units::Users || plan.values.is_none() && plan.steps.iter().all(|step| step.filter.is_none()))
}

/// The rows of a step: its tables, and where units are not in the order of these, where their rows are.
struct StepRows<'a>(Vec<(Table<'a>, Option<Charged<RunsByUnit>>)>);

/// The attempts that count, each unit's one.
pub(super) fn attempts(query: Query<'_>, plan: &FunnelPlan<'_>) -> Result<Charged<Attempts>, ExecutionError> {
    let range = ResolvedRange { to_micros: plan.until(plan.range), ..plan.range };
    let is_scattered = query.units != Units::Users || !query.snapshot.aliases().is_empty();
    let steps = plan.steps.iter().map(|step| {
        let segments = query.snapshot.segments().iter();
        let tables = segments.flat_map(|segment| tables_of(query, &step.within(range), segment));
        let rows = tables.map(|table| {
            query.trace.count(|counts| counts.tables_read += 1);
            Ok((table, is_scattered.then(|| RunsByUnit::new(query, table)).transpose()?))
        });
        Ok(StepRows(rows.collect::<Result<_, ExecutionError>>()?))
    });
    let steps = steps.collect::<Result<Vec<StepRows<'_>>, ExecutionError>>()?;
    let rows = steps.iter().flat_map(|step| &step.0).map(|(table, _)| table.rows()).sum();
    let at_once = (query.unit_count() / PIECES).clamp(1, UNITS_AT_ONCE);
    let next_unit = AtomicU32::new(0);
    let work = |_: &usize| -> Result<Charged<Attempts>, ExecutionError> {
        let mut leaps = Leaps::open(query, plan, &steps)?;
        loop {
            // The counter goes beyond the last unit by what threads add once each.
            let first = next_unit.fetch_add(at_once, Ordering::Relaxed);
            if first >= query.unit_count() {
                return Ok(leaps.finish());
            }
            leaps.take_units(first..first.saturating_add(at_once).min(query.unit_count()))?;
        }
    };
    let threads: Vec<usize> = (0..threads_for(query.guard, rows)).collect();
    joined(query, plan, in_parallel(&threads, work))
}

/// One thread's work.
struct Leaps<'a> {
    query: Query<'a>,
    plan: &'a FunnelPlan<'a>,
    /// By step.
    steps: Vec<Vec<StepTable<'a>>>,
    /// By step, the unit's rows that no attempt has passed.
    heads: Vec<Vec<Head>>,
    /// How many of the steps have had their heads set for the unit.
    set: usize,
    found: Attempts,
    times_bytes: usize,
    charge: Charge,
    times: Vec<i64>,
}

impl<'a> Leaps<'a> {
    fn open(query: Query<'a>, plan: &'a FunnelPlan<'a>, steps: &'a [StepRows<'a>]) -> Result<Self, ExecutionError> {
        let open = |(place, step): (usize, &'a StepRows<'a>)| {
            step.0.iter().map(|(table, runs)| StepTable::open(query, plan, place, *table, runs.as_ref())).collect()
        };
        Ok(Self {
            query,
            plan,
            steps: steps.iter().enumerate().map(open).collect::<Result<_, ExecutionError>>()?,
            heads: steps.iter().map(|_| Vec::new()).collect(),
            set: 0,
            found: Attempts::default(),
            times_bytes: 0,
            charge: Charge::none(query.guard),
            times: Vec::new(),
        })
    }

    fn finish(self) -> Charged<Attempts> {
        Charged::with(self.found, self.charge)
    }

    /// The attempts of these units; units must be taken in ascending order.
    fn take_units(&mut self, units: Range<u32>) -> Result<(), ExecutionError> {
        let mut next = units.start;
        while next < units.end {
            self.query.guard.tick()?;
            // The first unit from here on that has rows which may open an attempt.
            let opening = self.steps[0].iter_mut().filter_map(|table| table.next_unit(next));
            let Some(unit) = opening.min().filter(|unit| *unit < units.end) else { break };
            self.set = 0;
            if let Some(best) = self.best_of(unit)? {
                self.times_bytes += list_bytes(&best.times);
                self.found.counting.push(best);
            }
            next = unit + 1;
        }
        let heads: usize = self.heads.iter().map(list_bytes).sum();
        self.charge.set(list_bytes(&self.found.counting) + self.times_bytes + heads)?;
        Ok(())
    }

    /// The first row of a step at this time or later, and after a row of a step before.
    fn next(&mut self, unit: u32, step: usize, from_micros: i64, after: Option<Found>) -> Option<Found> {
        let (before, rest) = self.steps.split_at_mut(step);
        let (tables, heads) = (rest.first_mut()?, &mut self.heads[step]);
        // Steps are asked for one after the other, and many units come nowhere near the last.
        if self.set <= step {
            self.set = step + 1;
            heads.clear();
            tables.iter_mut().enumerate().for_each(|(place, table)| table.add_heads(unit, place, heads));
        }
        let arrival = |after: &Found| before[after.step][after.table].arrival(after.row);
        let after = after.as_ref().map(|after| (after.time, || arrival(after)));
        rows::next(tables, heads, step, from_micros, after)
    }

    /// The attempt of a unit that counts.
    fn best_of(&mut self, unit: u32) -> Result<Option<Reached>, Stop> {
        let plan = self.plan;
        let mut best: Option<Reached> = None;
        let mut from_micros = plan.range.from_micros;
        loop {
            self.query.guard.tick()?;
            let opened = self.next(unit, 0, from_micros, None).filter(|opened| opened.time < plan.range.to_micros);
            let Some(opened) = opened else { return Ok(best) };
            let deadline = opened.time.saturating_add(plan.window_micros);
            self.times.clear();
            self.times.push(opened.time);
            let (mut last, mut late) = (opened, None);
            for step in 1..plan.steps.len() {
                match self.next(unit, step, last.time, Some(last)) {
                    Some(next) if next.time <= deadline => last = next,
                    next => {
                        late = next;
                        break;
                    }
                }
                self.times.push(last.time);
            }
            if best.as_ref().is_none_or(|best| self.times.len() > best.times.len()) {
                let table = &mut self.steps[0][opened.table];
                let (tuple, arrival) = (table.tuple(opened.row)?, table.arrival(opened.row));
                best = Some(Reached { unit, tuple, times: self.times.clone(), arrival });
            }
            if plan.entry == FunnelEntry::First || self.times.len() == plan.steps.len() {
                return Ok(best);
            }
            // A later attempt fills no step earlier, so it comes further only if its window holds the event that was late.
            let Some(late) = late else { return Ok(best) };
            from_micros = late.time.saturating_sub(plan.window_micros);
            rows::pass(&mut self.heads[0], opened);
        }
    }
}
