//! Funnels in which one attempt of a unit counts: each step leaps to the next row that can fill it, and attempts that
//! cannot come further than the last are passed over. Most rows are never read.
//!
//! A user's rows lie together in a table, in order of time, and a key's in as many places as it has users. With thousands
//! of rows, a few are looked at; bound by memory that is far apart, not by rows.

mod rows;
mod runs_by_unit;

use super::super::charge::{Charge, Charged};
use super::super::error::ExecutionError;
use super::super::footprint::{Footprint, list_bytes};
use super::super::limits::Stop;
use super::super::query::{Query, Units};
use super::super::scan::tables_of;
use super::super::split::threads_for;
use super::FunnelPlan;
use super::attempts::{Attempts, Best, Part};
use crate::helpers::in_parallel;
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

/// The rows of a step: its tables, those that begin first before others, and where units are not in the order of these,
/// where their rows are.
struct StepRows<'a>(Vec<(Table<'a>, Option<Charged<RunsByUnit>>)>);

/// The attempts that count, each unit's one.
pub(super) fn attempts(query: Query<'_>, plan: &FunnelPlan<'_>) -> Result<Charged<Attempts>, ExecutionError> {
    let range = ResolvedRange { to_micros: plan.until(plan.range), ..plan.range };
    let is_scattered = query.units != Units::Users || !query.snapshot.aliases().is_empty();
    let steps = plan.steps.iter().map(|step| {
        let segments = query.snapshot.segments().iter();
        let tables = segments.flat_map(|segment| tables_of(query, &step.within(range), segment));
        let mut tables: Vec<Table<'_>> = tables.collect();
        tables.sort_by_key(|table| table.time_range());
        let rows = tables.into_iter().map(|table| {
            query.trace.count(|counts| counts.tables_read += 1);
            Ok((table, is_scattered.then(|| RunsByUnit::new(query, table)).transpose()?))
        });
        Ok(StepRows(rows.collect::<Result<_, ExecutionError>>()?))
    });
    let steps = steps.collect::<Result<Vec<StepRows<'_>>, ExecutionError>>()?;
    let rows = steps.iter().flat_map(|step| &step.0).map(|(table, _)| table.rows()).sum();
    let at_once = (query.unit_count() / PIECES).clamp(1, UNITS_AT_ONCE);
    let next_unit = AtomicU32::new(0);
    let work = |_: &usize| -> Result<Charged<Vec<Part>>, ExecutionError> {
        let (mut parts, mut charge) = (Vec::new(), Charge::none(query.guard));
        let mut leaps = Leaps::open(query, plan, &steps)?;
        loop {
            // The counter goes beyond the last unit by what threads add once each.
            let first = next_unit.fetch_add(at_once, Ordering::Relaxed);
            if first >= query.unit_count() {
                return Ok(Charged::with(parts, charge));
            }
            let part = leaps.take_units(first..first.saturating_add(at_once).min(query.unit_count()))?;
            charge.add(size_of::<Part>() + part.footprint())?;
            parts.push(part);
        }
    };
    let threads = threads_for(query.guard, rows);
    Attempts::join(query.guard, in_parallel(threads, &(0..threads).collect::<Vec<_>>(), work))
}

/// The tables of a step, and what is left of the rows of a unit.
struct StepTables<'a> {
    /// Those that begin first before others.
    tables: Vec<StepTable<'a>>,
    /// So many of them were asked for the unit's rows.
    asked: usize,
    /// The unit's rows there that no attempt has passed.
    heads: Vec<Head>,
}

/// What comes next in a step.
enum Next {
    Row(Found),
    /// None until the time until which one was wanted, nor before this time.
    NotBefore(i64),
    None,
}

/// One thread's work.
struct Leaps<'a> {
    query: Query<'a>,
    plan: &'a FunnelPlan<'a>,
    steps: Vec<StepTables<'a>>,
    /// How many of the steps were begun for the unit.
    begun: usize,
    found: Part,
    /// What serves one unit after the other.
    charge: Charge,
    best: Best,
    times: Vec<i64>,
}

impl<'a> Leaps<'a> {
    fn open(query: Query<'a>, plan: &'a FunnelPlan<'a>, steps: &'a [StepRows<'a>]) -> Result<Self, ExecutionError> {
        let open = |(place, step): (usize, &'a StepRows<'a>)| {
            let tables = step.0.iter().map(|(table, runs)| StepTable::open(query, plan, place, *table, runs.as_ref()));
            Ok(StepTables { tables: tables.collect::<Result<_, ExecutionError>>()?, asked: 0, heads: Vec::new() })
        };
        Ok(Self {
            query,
            plan,
            steps: steps.iter().enumerate().map(open).collect::<Result<_, ExecutionError>>()?,
            begun: 0,
            found: Part::default(),
            charge: Charge::none(query.guard),
            best: Best::default(),
            times: Vec::new(),
        })
    }

    /// The attempts of these units; units must be taken in ascending order.
    fn take_units(&mut self, units: Range<u32>) -> Result<Part, ExecutionError> {
        let mut next = units.start;
        while next < units.end {
            self.query.guard.tick()?;
            // The first unit from here on that has rows which may open an attempt.
            let opening = self.steps[0].tables.iter_mut().filter_map(|table| table.next_unit(next));
            let Some(unit) = opening.min().filter(|unit| *unit < units.end) else { break };
            self.begun = 0;
            self.find_best(unit)?;
            self.found.push(unit, &self.best);
            next = unit + 1;
        }
        self.found.settle(self.query.guard, self.plan)?;
        let heads: usize = self.steps.iter().map(|step| list_bytes(&step.heads)).sum();
        self.charge.set(self.found.footprint() + heads)?;
        Ok(self.found.take_all())
    }

    /// The first row of a step at this time or later, and after a row of a step before; one is wanted until `until`.
    #[inline]
    fn next(&mut self, unit: u32, step: usize, from_micros: i64, after: Option<Found>, until: i64) -> Next {
        let (before, rest) = self.steps.split_at_mut(step);
        let StepTables { tables, asked, heads } = &mut rest[0];
        // Steps are asked for one after the other, and many units come nowhere near the last.
        if self.begun <= step {
            self.begun = step + 1;
            *asked = 0;
            heads.clear();
        }
        let arrival = |after: &Found| before[after.step].tables[after.table].arrival(after.row);
        let after = after.as_ref().map(|after| (after.time, || arrival(after)));
        let mut wanted = from_micros;
        loop {
            // Segments follow one another in time, and no more of them are looked at than need be.
            while let Some(table) = tables.get_mut(*asked)
                && table.time_range.0 <= wanted
            {
                if table.time_range.1 >= from_micros {
                    table.add_heads(unit, *asked, heads);
                }
                *asked += 1;
            }
            let found = rows::next(tables, heads, step, from_micros, after);
            let Some(table) = tables.get(*asked) else { return found.map_or(Next::None, Next::Row) };
            wanted = table.time_range.0;
            match found {
                Some(found) if found.time < wanted => return Next::Row(found),
                None if wanted > until => return Next::NotBefore(wanted),
                _ => {}
            }
        }
    }

    /// Finds the attempt of a unit that counts. Its arrival does not matter, as it is the only one of the unit.
    fn find_best(&mut self, unit: u32) -> Result<(), Stop> {
        let plan = self.plan;
        self.best.clear();
        let mut from_micros = plan.range.from_micros;
        loop {
            self.query.guard.tick()?;
            let opened = match self.next(unit, 0, from_micros, None, plan.range.to_micros) {
                Next::Row(opened) if opened.time < plan.range.to_micros => opened,
                _ => return Ok(()),
            };
            let deadline = opened.time.saturating_add(plan.window_micros);
            self.times.clear();
            self.times.push(opened.time);
            let (mut last, mut late) = (opened, None);
            for step in 1..plan.steps.len() {
                late = match self.next(unit, step, last.time, Some(last), deadline) {
                    Next::Row(next) if next.time <= deadline => {
                        last = next;
                        self.times.push(last.time);
                        continue;
                    }
                    Next::Row(next) => Some(next.time),
                    Next::NotBefore(time) => Some(time),
                    Next::None => None,
                };
                break;
            }
            let level = self.times.len();
            if level > self.best.level() {
                self.best.tuple = self.steps[0].tables[opened.table].tuple(opened.row)?;
                std::mem::swap(&mut self.best.times, &mut self.times);
            }
            if plan.entry == FunnelEntry::First || level == plan.steps.len() {
                return Ok(());
            }
            // A later attempt fills no step earlier, so it comes further only if its window holds the event that was late.
            let Some(late) = late else { return Ok(()) };
            from_micros = late.saturating_sub(plan.window_micros);
            rows::pass(&mut self.steps[0].heads, opened);
        }
    }
}
