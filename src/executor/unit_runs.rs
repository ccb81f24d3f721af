//! What the rows of each unit come to where no row is filtered out. The rows of a unit that lie together are in order of
//! time, so that those in a range are found by two searches, and none needs to be read.

use super::coverage::Coverage;
use super::error::ExecutionError;
use super::limits::Stop;
use super::look::Look;
use super::query::{NO_UNIT, Query, Units, covers};
use super::scan::tables_of;
use super::split::{fold_pieces, parts_of, threads_for};
use super::unit_set::UnitSet;
use crate::codec::{DecodeError, Packed};
use crate::helpers::in_parallel;
use crate::language::ResolvedRange;
use crate::model::{Arrival, Moment, Timestamp};
use crate::segment::{Arrivals, Table};
use std::ops::Range;

/// When the rows of a table happened, row by row.
pub(super) struct RowTimes {
    pub times: Packed,
    /// The time of the earliest row of the table, and of the latest.
    pub bounds: (i64, i64),
    arrivals: Arrivals,
    base: Arrival,
}

impl RowTimes {
    fn open(table: Table<'_>) -> Result<Self, DecodeError> {
        let (first, last) = table.time_range();
        let bounds = (first.micros(), last.micros());
        Ok(Self { times: table.times()?, bounds, arrivals: table.arrivals()?, base: table.arrival_base() })
    }

    /// The moment of a row.
    pub fn moment(&self, row: usize) -> Moment {
        let arrival = self.base.plus(self.arrivals.get(row) as u64);
        Moment { time: Timestamp::clamped(self.times.get(row)), arrival }
    }

    /// Those of some rows in order of time that are in a range, but no more than so many: the last ones.
    fn rows_in(&self, rows: Range<usize>, range: ResolvedRange, most: usize) -> Range<usize> {
        let (times, Range { mut start, mut end }) = (&self.times, rows);
        let (is_cut_before, is_cut_after) = (self.bounds.0 < range.from_micros, self.bounds.1 >= range.to_micros);
        if is_cut_after && start < end && times.get(end - 1) >= range.to_micros {
            end = times.lower_bound_in(start..end - 1, range.to_micros);
        }
        start = start.max(end.saturating_sub(most));
        if is_cut_before && start < end && times.get(start) < range.from_micros {
            start = times.lower_bound_in(start + 1..end, range.from_micros);
        }
        start..end
    }
}

/// What is done with runs of rows of one unit: `start` begins a fold, `visit` gets the times of a table and rows of the
/// unit that lie together, at least one and at most the last `most` of them; `join` puts two folds together.
pub(super) struct RunFold<'a, Start, Visit, Join> {
    pub most: usize,
    /// Units whose rows are wanted; `None` for all.
    pub only: Option<&'a UnitSet>,
    pub start: Start,
    pub visit: Visit,
    pub join: Join,
}

impl<Start, Visit, Join> RunFold<'_, Start, Visit, Join> {
    /// Folds the rows in a look's range. `None` for looks with a filter, whose rows must be read.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn run<A: Send>(&self, query: Query<'_>, look: &Look) -> Result<Option<A>, ExecutionError>
    where
        Start: Fn() -> Result<A, Stop> + Sync,
        Visit: Fn(&mut A, &RowTimes, u32, Range<usize>) -> Result<(), Stop> + Sync,
        Join: Fn(&mut A, A) -> Result<(), Stop> + Sync,
    {
        if look.filter.is_some() {
            return Ok(None);
        }
        let segments = query.snapshot.segments().iter();
        let tables: Vec<Table<'_>> = segments.flat_map(|segment| tables_of(query, look, segment)).collect();
        query.trace.count(|counts| counts.tables_read += tables.len() as u64);
        let threads = threads_for(query.guard, tables.iter().map(Table::rows).sum());
        let mut pieces: Vec<(Table<'_>, Range<usize>)> = Vec::new();
        for table in &tables {
            let runs = table.users()?.len();
            let of_table = threads_for(query.guard, table.rows()).min(threads);
            pieces.extend(parts_of(runs, of_table).map(|runs| (*table, runs)));
        }
        let take = |fold: &mut (A, Coverage), (table, runs): &(Table<'_>, Range<usize>)| {
            self.take(query, look.range, *table, runs.clone(), fold)
        };
        let (fold, coverage) = fold_pieces(&pieces, threads, &self.start, take, &self.join)?;
        if self.most == usize::MAX && self.only.is_none() {
            query.trace.remember(query.units, look, coverage);
        }
        Ok(Some(fold))
    }

    fn take<A>(
        &self,
        query: Query<'_>,
        range: ResolvedRange,
        table: Table<'_>,
        runs: Range<usize>,
        (fold, coverage): &mut (A, Coverage),
    ) -> Result<(), ExecutionError>
    where
        Visit: Fn(&mut A, &RowTimes, u32, Range<usize>) -> Result<(), Stop>,
    {
        let rows_times = RowTimes::open(table)?;
        let (first, last) = table.time_range();
        let is_whole = self.most == usize::MAX && covers(range, (first.micros(), last.micros()));
        visit_runs_of_units(query, table, Some(runs), |unit, rows| {
            if self.only.is_some_and(|only| unit == NO_UNIT || !only.contains(unit)) {
                return Ok(());
            }
            let rows = if is_whole { rows } else { rows_times.rows_in(rows, range, self.most) };
            coverage.matched += rows.len() as u64;
            if unit == NO_UNIT {
                coverage.without_group += rows.len() as u64;
                return Ok(());
            }
            if rows.is_empty() { Ok(()) } else { (self.visit)(fold, &rows_times, unit, rows) }
        })
    }
}

/// Calls `visit` with runs of rows of one counted unit ([`NO_UNIT`] where there is none), in each of which rows are in
/// order of time: those of the users in `runs`, or of all.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub(super) fn visit_runs_of_units(
    query: Query<'_>,
    table: Table<'_>,
    runs: Option<Range<usize>>,
    mut visit: impl FnMut(u32, Range<usize>) -> Result<(), Stop>,
) -> Result<(), ExecutionError> {
    let users = table.users()?;
    let runs = runs.unwrap_or(0..users.len());
    let keys = query.group_type().map_or(Ok(None), |group_type| table.group(group_type))?;
    match (query.units, keys) {
        // 0 stands for no key, and becomes a number that no unit has.
        (Units::Keys(_), Some(keys)) => {
            let rows = users.rows_of_runs(runs);
            users.reader().try_visit_with(&mut keys.reader(), rows, |_, key, rows| {
                query.guard.tick()?;
                visit(key.wrapping_sub(1), rows)
            })?;
        }
        (units, _) => users.try_visit(runs, |user, rows| {
            query.guard.tick()?;
            visit(if units == Units::Users { query.shown_user(user) } else { NO_UNIT }, rows)
        })?,
    }
    Ok(())
}

/// How many rows of a table in a range are of these users, under their shown ids.
///
/// # Errors
/// As [`RunFold::run`].
pub(super) fn rows_of_users(
    query: Query<'_>,
    table: Table<'_>,
    range: ResolvedRange,
    users: &UnitSet,
) -> Result<u64, ExecutionError> {
    let (first, last) = table.time_range();
    let is_whole = covers(range, (first.micros(), last.micros()));
    let runs = table.users()?.len();
    let threads = threads_for(query.guard, table.rows());
    let parts: Vec<Range<usize>> = parts_of(runs, threads).collect();
    let count = |part: &Range<usize>| {
        let (times, mut count) = (RowTimes::open(table)?, 0);
        let mut add = |user, rows: Range<usize>| -> Result<(), Stop> {
            query.guard.tick()?;
            if users.contains(query.shown_user(user)) {
                count += if is_whole { rows.len() } else { times.rows_in(rows, range, usize::MAX).len() } as u64;
            }
            Ok(())
        };
        table.users()?.try_visit(part.clone(), &mut add)?;
        Ok(count)
    };
    in_parallel(threads, &parts, count).into_iter().sum()
}
