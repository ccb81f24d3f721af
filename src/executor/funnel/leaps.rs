//! Funnels of users whose one best attempt is wanted: each step leaps to the next row that can fill it, and attempts that
//! cannot come further than the last are passed over. Most rows are never read.
//!
//! A user's rows lie together in a table, ordered by time. With thousands of rows of a user, a few are looked at; bound by
//! the memory that is far apart, not by rows.

use super::super::breakdown_values::TableBreakdown;
use super::super::charge::{Charge, Charged};
use super::super::error::ExecutionError;
use super::super::footprint::list_bytes;
use super::super::limits::Stop;
use super::super::mask::Mask;
use super::super::query::{Query, Units};
use super::super::row_test::RowTest;
use super::super::scan::tables_of;
use super::super::split::{in_parallel, threads_for};
use super::{Attempts, FunnelPlan, Reached};
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::language::{FunnelEntry, FunnelOrder, ResolvedRange};
use crate::segment::{BlockBuffer, Table, UserCursor};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering as AtomicOrdering};

/// Users of which a thread takes so many at once.
const USERS_AT_ONCE: u32 = 4096;

/// Whether attempts of this funnel can be found so.
pub(super) fn can_leap(query: Query<'_>, plan: &FunnelPlan<'_>) -> bool {
    query.units == Units::Users
        && query.snapshot.aliases().is_empty()
        && plan.order == FunnelOrder::Ordered
        && plan.excluded.is_empty()
        && plan.may_be_decided()
        && plan.steps.windows(2).all(|pair| pair[0] != pair[1])
}

/// The attempts that count, each user's one.
pub(super) fn attempts(query: Query<'_>, plan: &FunnelPlan<'_>) -> Result<Charged<Attempts>, ExecutionError> {
    let range = ResolvedRange { to_micros: plan.until(plan.range), ..plan.range };
    let segments = || query.snapshot.segments().iter();
    let tables = plan.steps.iter().map(|step| {
        segments().flat_map(|segment| tables_of(query, &step.within(range), segment)).collect::<Vec<Table<'_>>>()
    });
    let tables: Vec<Vec<Table<'_>>> = tables.collect();
    let rows = tables.iter().flatten().map(Table::rows).sum();
    query.trace.count(|counts| counts.tables_read += tables.iter().map(Vec::len).sum::<usize>() as u64);
    let next_user = AtomicU32::new(0);
    let work = |_: &usize| -> Result<Charged<Attempts>, ExecutionError> {
        let mut leaps = Leaps::open(query, plan, &tables)?;
        loop {
            let first = next_user.fetch_add(USERS_AT_ONCE, AtomicOrdering::Relaxed);
            // The counter stays behind the last user by what threads add once each.
            if first >= query.unit_count() {
                return Ok(leaps.finish());
            }
            leaps.take_users(first..first.saturating_add(USERS_AT_ONCE).min(query.unit_count()))?;
        }
    };
    let threads: Vec<usize> = (0..threads_for(query.guard, rows)).collect();
    super::joined(query, plan, in_parallel(&threads, work))
}

/// The rows of a step in one table.
struct StepTable<'a> {
    /// `None` where all rows pass.
    test: Option<RowTest<'a>>,
    users: UserCursor,
    rows: usize,
    times: Packed,
    arrivals: Packed,
    arrival_base: u64,
    tuples: Option<TableBreakdown<'a>>,
    /// The number of a block, and the tuples of its rows.
    block_tuples: (Option<usize>, Vec<u32>),
    buffer: BlockBuffer,
    /// The rows of a block that pass, and its number.
    passing: Option<(usize, Mask)>,
    /// The rows of the user that no attempt has passed.
    left: Range<usize>,
}

impl<'a> StepTable<'a> {
    fn open(query: Query<'a>, plan: &'a FunnelPlan<'a>, step: usize, table: Table<'a>) -> Result<Self, ExecutionError> {
        query.guard.check()?;
        let filter = plan.steps[step].filter.as_deref();
        let test = filter.map(|filter| RowTest::compile(query, table, Some(filter))).transpose()?;
        let values = plan.values.filter(|_| step == 0);
        Ok(Self {
            test,
            users: table.users()?.cursor(),
            rows: table.rows(),
            times: table.times()?,
            arrivals: table.arrivals()?,
            arrival_base: table.arrival_base().raw(),
            tuples: values.map(|values| values.open(query, table)).transpose()?,
            block_tuples: (None, Vec::new()),
            buffer: BlockBuffer::default(),
            passing: None,
            left: 0..0,
        })
    }

    #[inline]
    fn time(&self, row: usize) -> i64 {
        self.times.get(row)
    }

    fn arrival(&self, row: usize) -> u64 {
        self.arrival_base + self.arrivals.get(row) as u64
    }

    /// The first of the user's rows that are left for which `is_before` does not say that it comes before. All before it
    /// are passed for good. The next few are looked at first: it is mostly one of them.
    fn leap(&mut self, is_before: impl Fn(&Self, usize) -> bool) -> Option<usize> {
        let (mut low, mut step) = (self.left.start, 1);
        while low < self.left.end && is_before(self, low) {
            self.left.start = low + 1;
            low = low.saturating_add(step);
            step *= 2;
        }
        let mut high = low.min(self.left.end);
        while self.left.start < high {
            let middle = self.left.start + (high - self.left.start) / 2;
            if is_before(self, middle) {
                self.left.start = middle + 1;
            } else {
                high = middle;
            }
        }
        self.pass()
    }

    /// The first row that is left and passes the test.
    fn pass(&mut self) -> Option<usize> {
        while let Some(test) = &self.test
            && !self.left.is_empty()
        {
            let (row, block) = (self.left.start, self.left.start / BLOCK_VALUES);
            let mask = match &self.passing {
                Some((known, mask)) if *known == block => mask,
                _ => {
                    let rows = (self.rows - block * BLOCK_VALUES).min(BLOCK_VALUES);
                    let mask = test.select(block, rows, &mut self.buffer);
                    &self.passing.insert((block, mask)).1
                }
            };
            match mask.first_from(row % BLOCK_VALUES) {
                Some(passing) => {
                    self.left.start = block * BLOCK_VALUES + passing;
                    break;
                }
                None => self.left.start = (block + 1) * BLOCK_VALUES,
            }
        }
        (!self.left.is_empty()).then_some(self.left.start)
    }

    fn tuple(&mut self, row: usize) -> Result<u32, Stop> {
        let Some(tuples) = &mut self.tuples else { return Ok(0) };
        let block = row / BLOCK_VALUES;
        if self.block_tuples.0 != Some(block) {
            let rows = (self.rows - block * BLOCK_VALUES).min(BLOCK_VALUES);
            self.block_tuples.1.clear();
            self.block_tuples.1.extend(tuples.decode(block, rows, &mut self.buffer)?);
            self.block_tuples.0 = Some(block);
        }
        Ok(self.block_tuples.1[row % BLOCK_VALUES])
    }
}

/// A row of a step.
#[derive(Clone, Copy)]
struct Found {
    time: i64,
    step: usize,
    /// Its table among those of the step.
    table: usize,
    row: usize,
}

/// One thread's work.
struct Leaps<'a> {
    query: Query<'a>,
    plan: &'a FunnelPlan<'a>,
    /// By step.
    steps: Vec<Vec<StepTable<'a>>>,
    found: Attempts,
    times_bytes: usize,
    charge: Charge,
    times: Vec<i64>,
}

impl<'a> Leaps<'a> {
    fn open(query: Query<'a>, plan: &'a FunnelPlan<'a>, tables: &[Vec<Table<'a>>]) -> Result<Self, ExecutionError> {
        let open = |(step, tables): (usize, &Vec<Table<'a>>)| {
            tables.iter().map(|table| StepTable::open(query, plan, step, *table)).collect()
        };
        Ok(Self {
            query,
            plan,
            steps: tables.iter().enumerate().map(open).collect::<Result<_, ExecutionError>>()?,
            found: Attempts::default(),
            times_bytes: 0,
            charge: Charge::none(query.guard),
            times: Vec::new(),
        })
    }

    fn finish(self) -> Charged<Attempts> {
        Charged::with(self.found, self.charge)
    }

    /// The attempts of these users; users must be taken in ascending order.
    fn take_users(&mut self, users: Range<u32>) -> Result<(), ExecutionError> {
        let mut next = users.start;
        while next < users.end {
            self.query.guard.tick()?;
            // The first user from here on who has rows that may open an attempt.
            let opening = self.steps[0].iter_mut().filter_map(|table| Some(table.users.next_from(next)?.0));
            let Some(user) = opening.min().filter(|user| *user < users.end) else { break };
            for table in self.steps.iter_mut().flatten() {
                table.left = table.users.rows_of(user).unwrap_or(0..0);
            }
            if let Some(best) = self.best_of(user)? {
                self.times_bytes += list_bytes(&best.times);
                self.found.counting.push(best);
            }
            next = user + 1;
        }
        self.charge.set(list_bytes(&self.found.counting) + self.times_bytes)?;
        Ok(())
    }

    fn arrival(&self, found: Found) -> u64 {
        self.steps[found.step][found.table].arrival(found.row)
    }

    /// The first row of a step at this time or later, and after a row. Of rows in several tables, the earliest.
    fn next(&mut self, step: usize, from_micros: i64, after: Option<Found>) -> Option<Found> {
        let mut first: Option<Found> = None;
        for table in 0..self.steps[step].len() {
            let rows = &mut self.steps[step][table];
            let Some(mut row) = rows.leap(|rows, row| rows.time(row) < from_micros) else { continue };
            let mut time = rows.time(row);
            // Events of one time are told apart by their arrival, which most events have no need of.
            if let Some(after) = after.filter(|after| after.time == time) {
                let arrival = self.arrival(after);
                let is_before =
                    |rows: &StepTable<'_>, row| rows.time(row) == after.time && rows.arrival(row) <= arrival;
                let rows = &mut self.steps[step][table];
                let Some(later) = rows.leap(is_before) else { continue };
                (row, time) = (later, rows.time(later));
            }
            let found = Found { time, step, table, row };
            let is_first = first.is_none_or(|first| match time.cmp(&first.time) {
                Ordering::Equal => self.arrival(found) < self.arrival(first),
                order => order.is_lt(),
            });
            if is_first {
                first = Some(found);
            }
        }
        first
    }

    /// The attempt of a user that counts.
    fn best_of(&mut self, user: u32) -> Result<Option<Reached>, Stop> {
        let plan = self.plan;
        let mut best: Option<Reached> = None;
        let (mut from_micros, mut after) = (plan.range.from_micros, None);
        loop {
            let opened = self.next(0, from_micros, after).filter(|opened| opened.time < plan.range.to_micros);
            let Some(opened) = opened else { return Ok(best) };
            let deadline = opened.time.saturating_add(plan.window_micros);
            self.times.clear();
            self.times.push(opened.time);
            let (mut last, mut late) = (opened, None);
            for step in 1..plan.steps.len() {
                match self.next(step, last.time, Some(last)) {
                    Some(next) if next.time <= deadline => last = next,
                    next => {
                        late = next;
                        break;
                    }
                }
                self.times.push(last.time);
            }
            if best.as_ref().is_none_or(|best| self.times.len() > best.times.len()) {
                let tuple = self.steps[0][opened.table].tuple(opened.row)?;
                let (times, arrival) = (self.times.clone(), self.arrival(opened));
                best = Some(Reached { unit: user, tuple, times, arrival });
            }
            if plan.entry == FunnelEntry::First || self.times.len() == plan.steps.len() {
                return Ok(best);
            }
            // A later attempt fills no step earlier, so it comes further only if its window holds the event that was late.
            let Some(late) = late else { return Ok(best) };
            (from_micros, after) = (opened.time.max(late.time.saturating_sub(plan.window_micros)), Some(opened));
        }
    }
}
