//! What the rows of each unit come to where no row is filtered out. The rows of a unit that lie together are in order of
//! time, so that those in a range are found by two searches, and none is read.

use super::charge::Charged;
use super::coverage::Coverage;
use super::error::ExecutionError;
use super::footprint::Footprint;
use super::limits::Stop;
use super::look::Look;
use super::query::{NO_UNIT, Query, Units, covers};
use super::scan::tables_of;
use super::split::{in_parallel, threads_for};
use super::unit_set::UnitSet;
use crate::codec::Packed;
use crate::language::ResolvedRange;
use crate::segment::Table;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Some of a table's users, by their runs.
type Piece<'a> = (Table<'a>, Range<usize>);

/// Folds the rows of each unit in the look's range into one value, by unit number: `add` gets the times of a table, and
/// rows of the unit that lie together, at least one and at most the last `most` of them; `join` puts two values together.
/// `None` for looks with a filter.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub(super) fn fold_runs<T: Copy + Send + Sync>(
    query: Query<'_>,
    look: &Look,
    none: T,
    most: usize,
    add: impl Fn(&mut T, &Packed, Range<usize>) + Sync,
    join: impl Fn(&mut T, T),
) -> Result<Option<Charged<Vec<T>>>, ExecutionError>
where
    Vec<T>: Footprint,
{
    if look.filter.is_some() {
        return Ok(None);
    }
    let segments = query.snapshot.segments().iter();
    let tables: Vec<Table<'_>> = segments.flat_map(|segment| tables_of(query, look, segment)).collect();
    query.trace.count(|counts| counts.tables_read += tables.len() as u64);
    let threads = threads_for(query.guard, tables.iter().map(Table::rows).sum());
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for table in &tables {
        let runs = table.users()?.len();
        pieces.extend((0..threads).map(|piece| (*table, runs * piece / threads..runs * (piece + 1) / threads)));
    }
    let next = AtomicUsize::new(0);
    let work = |thread: &usize| -> Result<Option<(Charged<Vec<T>>, Coverage)>, ExecutionError> {
        let of_units = match Charged::list(query.guard, none, query.unit_count() as usize) {
            Ok(of_units) => of_units,
            // Where there is no memory for another list, the first thread takes all.
            Err(Stop::Memory) if *thread > 0 => return Ok(None),
            Err(stop) => return Err(stop.into()),
        };
        let mut fold = (of_units, Coverage::default());
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            fold_piece(query, (look.range, most), piece, &mut fold, &add)?;
        }
        Ok(Some(fold))
    };
    let mut all: Option<(Charged<Vec<T>>, Coverage)> = None;
    for done in in_parallel(&(0..threads).collect::<Vec<_>>(), work) {
        let Some((of_units, coverage)) = done? else { continue };
        match &mut all {
            None => all = Some((of_units, coverage)),
            Some((joined, whole)) => {
                joined.iter_mut().zip(of_units.iter()).for_each(|(value, other)| join(value, *other));
                whole.add(coverage);
            }
        }
    }
    let Some((of_units, coverage)) = all else { return Ok(None) };
    if most == usize::MAX {
        query.trace.remember(query.units, look, coverage);
    }
    Ok(Some(of_units))
}

fn fold_piece<T>(
    query: Query<'_>,
    wanted: (ResolvedRange, usize),
    (table, runs): &Piece<'_>,
    (of_units, coverage): &mut (Charged<Vec<T>>, Coverage),
    add: impl Fn(&mut T, &Packed, Range<usize>),
) -> Result<(), ExecutionError> {
    let times = table.times()?;
    visit_runs_of_units(query, *table, Some(runs.clone()), |unit, rows| {
        let rows = rows_in(&times, rows, wanted);
        coverage.matched += rows.len() as u64;
        match of_units.get_mut(unit as usize) {
            Some(of_unit) if !rows.is_empty() => add(of_unit, &times, rows),
            Some(_) => {}
            None => coverage.without_group += rows.len() as u64,
        }
    })
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
    mut visit: impl FnMut(u32, Range<usize>),
) -> Result<(), ExecutionError> {
    let users = table.users()?;
    let mut keys = match query.units {
        Units::Users => None,
        Units::Keys(group_type) => table.group(group_type)?.map(|keys| keys.reader()),
    };
    for run in query.guard.watch(users.iter(runs.unwrap_or(0..users.len()))) {
        let (user, rows) = run?;
        match (query.units, &mut keys) {
            (Units::Users, _) => visit(query.shown_user(user), rows),
            // 0 stands for no key, and becomes a number that no unit has.
            (Units::Keys(_), Some(keys)) => keys.visit(rows, |rows, key| visit(key.wrapping_sub(1), rows)),
            (Units::Keys(_), None) => visit(NO_UNIT, rows),
        }
    }
    Ok(())
}

/// How many rows of a table in a range are of these users, under their shown ids.
///
/// # Errors
/// As [`fold_runs`].
pub(super) fn rows_of_users(
    query: Query<'_>,
    table: Table<'_>,
    range: ResolvedRange,
    users: &UnitSet,
) -> Result<u64, ExecutionError> {
    let (first, last) = table.time_range();
    let (runs, mut count) = (table.users()?, 0);
    if covers(range, (first.micros(), last.micros())) {
        runs.visit(|user, rows| count += if users.contains(query.shown_user(user)) { rows as u64 } else { 0 });
        return Ok(count);
    }
    let times = table.times()?;
    for run in query.guard.watch(runs.iter(0..runs.len())) {
        let (user, rows) = run?;
        if users.contains(query.shown_user(user)) {
            count += rows_in(&times, rows, (range, usize::MAX)).len() as u64;
        }
    }
    Ok(count)
}

/// Those of some rows in order of time that are in a range, but no more than so many: the last ones.
fn rows_in(times: &Packed, rows: Range<usize>, (range, most): (ResolvedRange, usize)) -> Range<usize> {
    let Range { mut start, mut end } = rows;
    if start < end && times.get(end - 1) >= range.to_micros {
        end = times.lower_bound_in(start..end - 1, range.to_micros);
    }
    start = start.max(end.saturating_sub(most));
    if start < end && times.get(start) < range.from_micros {
        start = times.lower_bound_in(start + 1..end, range.from_micros);
    }
    start..end
}
