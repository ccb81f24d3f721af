//! The rows of a step, and how an attempt leaps to the next of them.

use super::super::super::breakdown_values::TableBreakdown;
use super::super::super::charge::Charged;
use super::super::super::error::ExecutionError;
use super::super::super::limits::Stop;
use super::super::super::mask::Mask;
use super::super::super::query::Query;
use super::super::super::row_test::RowTest;
use super::super::FunnelPlan;
use super::runs_by_unit::RunsByUnit;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::codec::search::partition_point;
use crate::segment::{Arrivals, BlockBuffer, Table, UserCursor};
use std::cmp::Ordering;
use std::ops::Range;

/// Where the rows of a unit lie.
pub(super) enum UnitRows<'a> {
    /// Users as they were sent: each has one run, and they ascend.
    Ascending(UserCursor),
    /// Any other units.
    Scattered(&'a RunsByUnit),
}

/// The rows of a step in one table.
pub(super) struct StepTable<'a> {
    /// `None` where all rows pass.
    test: Option<RowTest<'a>>,
    units: UnitRows<'a>,
    /// What [`Self::next_unit`] found last, if it was asked; of users, where their rows lie.
    next_unit: Option<Option<(u32, Range<usize>)>>,
    /// The times of the earliest and the latest of its rows.
    pub time_range: (i64, i64),
    rows: usize,
    times: Packed,
    arrivals: Arrivals,
    arrival_base: u64,
    tuples: Option<TableBreakdown<'a>>,
    /// The number of a block, and the tuples of its rows.
    block_tuples: (Option<usize>, Vec<u32>),
    buffer: BlockBuffer,
    /// The number of a block, and its rows that pass.
    passing: Option<(usize, Mask)>,
}

/// Stands for the time of a row that was not looked at; no event has it.
const UNKNOWN: i64 = i64::MIN;

/// The next of a unit's rows that lie together, and the end of these.
pub(super) struct Head {
    time: i64,
    table: usize,
    row: usize,
    end: usize,
}

impl Head {
    fn of(table: usize, run: Range<usize>) -> Self {
        Self { time: UNKNOWN, table, row: run.start, end: run.end }
    }
}

/// A row of a step.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub time: i64,
    pub step: usize,
    /// Its table among those of the step.
    pub table: usize,
    pub row: usize,
}

impl<'a> StepTable<'a> {
    pub fn open(
        query: Query<'a>,
        plan: &'a FunnelPlan<'a>,
        step: usize,
        table: Table<'a>,
        scattered: Option<&'a Charged<RunsByUnit>>,
    ) -> Result<Self, ExecutionError> {
        query.guard.check()?;
        let filter = plan.steps[step].filter.as_deref();
        let test = filter.map(|filter| RowTest::compile(query, table, Some(filter))).transpose()?;
        let values = plan.values.filter(|_| step == 0);
        let (first, last) = table.time_range();
        Ok(Self {
            test,
            units: match scattered {
                Some(runs) => UnitRows::Scattered(runs),
                None => UnitRows::Ascending(table.users()?.cursor()),
            },
            next_unit: None,
            time_range: (first.micros(), last.micros()),
            rows: table.rows(),
            times: table.times()?,
            arrivals: table.arrivals()?,
            arrival_base: table.arrival_base().raw(),
            tuples: values.map(|values| values.open(query, table)).transpose()?,
            block_tuples: (None, Vec::new()),
            buffer: BlockBuffer::default(),
            passing: None,
        })
    }

    /// The first unit from this one on that has rows; units must be asked for in ascending order.
    pub fn next_unit(&mut self, unit: u32) -> Option<u32> {
        match &self.next_unit {
            // Mostly another table had the unit that came last.
            Some(next) if next.as_ref().is_none_or(|(next, _)| *next >= unit) => {}
            _ => {
                self.next_unit = Some(match &mut self.units {
                    UnitRows::Ascending(users) => users.next_from(unit),
                    UnitRows::Scattered(runs) => runs.next_from(unit).map(|unit| (unit, 0..0)),
                });
            }
        }
        self.next_unit.as_ref()?.as_ref().map(|(unit, _)| *unit)
    }

    /// Adds the runs of a unit, as [`Self::next_unit`]; this is the table at a place among those of its step.
    pub fn add_heads(&mut self, unit: u32, table: usize, heads: &mut Vec<Head>) {
        match &mut self.units {
            UnitRows::Ascending(users) => {
                let run = match &self.next_unit {
                    Some(Some((found, rows))) if *found == unit => Some(rows.clone()),
                    _ => users.rows_of(unit),
                };
                // At most one, put there without what it takes to take in many.
                if let Some(run) = run {
                    heads.push(Head::of(table, run));
                }
            }
            UnitRows::Scattered(runs) => heads.extend(runs.of(unit).map(|run| Head::of(table, run))),
        }
    }

    pub fn arrival(&self, row: usize) -> u64 {
        self.arrival_base + self.arrivals.get(row) as u64
    }

    /// Moves to the first row at this time or later that passes, as [`Self::leap`]. Mostly that is the row where it is.
    #[inline]
    fn leap_to(&mut self, head: &mut Head, from_micros: i64) -> bool {
        if self.test.is_none() && head.row < head.end {
            head.time = self.times.get(head.row);
            if head.time >= from_micros {
                return true;
            }
            head.row += 1;
        }
        self.leap(head, |rows, row| rows.times.get(row) < from_micros)
    }

    /// Moves to the first row for which `is_before` does not say that it comes before, and which passes. Answers whether
    /// there is one. The next few are looked at first: it is mostly one of them.
    fn leap(&mut self, head: &mut Head, is_before: impl Fn(&Self, usize) -> bool) -> bool {
        let (mut low, mut step) = (head.row, 1);
        while low < head.end && is_before(self, low) {
            head.row = low + 1;
            low = low.saturating_add(step);
            step *= 2;
        }
        head.row = partition_point(head.row..low.min(head.end), |row| is_before(self, row));
        self.skip_failing(head);
        if head.row < head.end {
            head.time = self.times.get(head.row);
        }
        head.row < head.end
    }

    /// Moves to the first row that passes the test.
    fn skip_failing(&mut self, head: &mut Head) {
        while let Some(test) = &self.test
            && head.row < head.end
        {
            let block = head.row / BLOCK_VALUES;
            let mask = match &self.passing {
                Some((known, mask)) if *known == block => mask,
                _ => {
                    let rows = (self.rows - block * BLOCK_VALUES).min(BLOCK_VALUES);
                    let mask = test.select(block, rows, &mut self.buffer);
                    &self.passing.insert((block, mask)).1
                }
            };
            match mask.first_from(head.row % BLOCK_VALUES) {
                Some(passing) => {
                    head.row = block * BLOCK_VALUES + passing;
                    return;
                }
                None => head.row = (block + 1) * BLOCK_VALUES,
            }
        }
    }

    /// The number of the breakdown tuple of a row, 0 where none is wanted.
    pub fn tuple(&mut self, row: usize) -> Result<u32, Stop> {
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

/// Passes a row that [`next`] found in this step, and that is the first of all that are left.
pub(super) fn pass(heads: &mut [Head], found: Found) {
    let mut heads = heads.iter_mut();
    if let Some(head) = heads.find(|head| (head.table, head.row) == (found.table, found.row)) {
        (head.row, head.time) = (head.row + 1, UNKNOWN);
    }
}

/// The first row of a step at this time or later, and after a row that arrived as `after` says if it is of the same time.
/// The rows before it are passed for good.
pub(super) fn next(
    tables: &mut [StepTable<'_>],
    heads: &mut Vec<Head>,
    step: usize,
    from_micros: i64,
    after: Option<(i64, impl Fn() -> u64 + Copy)>,
) -> Option<Found> {
    let mut first: Option<Found> = None;
    let mut place = 0;
    while let Some(head) = heads.get_mut(place) {
        let table = &mut tables[head.table];
        let mut is_left = head.time != UNKNOWN && head.time >= from_micros || table.leap_to(head, from_micros);
        // Events of one time are told apart by their arrival, which most events have no need of.
        if is_left
            && let Some((time, arrival)) = &after
            && head.time == *time
        {
            let arrival = arrival();
            is_left = table.leap(head, |rows, row| rows.times.get(row) == *time && rows.arrival(row) <= arrival);
        }
        if !is_left {
            heads.swap_remove(place);
            continue;
        }
        let found = Found { time: head.time, step, table: head.table, row: head.row };
        let is_first = first.is_none_or(|first| match found.time.cmp(&first.time) {
            Ordering::Equal => tables[found.table].arrival(found.row) < tables[first.table].arrival(first.row),
            order => order.is_lt(),
        });
        if is_first {
            first = Some(found);
        }
        place += 1;
    }
    first
}
