//! Which units did something, by bucket of time, and when first.

use super::charge::{Charge, Charged};
use super::day_index::{
    answering_days, count_indexed, day_sizes, visit_day_counts, visit_days, visit_units, whole_days,
};
use super::division::Division;
use super::error::ExecutionError;
use super::footprint::{Footprint, list_bytes};
use super::look::Look;
use super::mask::Mask;
use super::query::{NO_UNIT, Query, Units};
use super::scan::{Block, visit_rows};
use super::split::{RowFold, RowsToRead, few_parts_of, threads_for};
use super::unit_grid::UnitGrid;
use super::unit_runs::{RowTimes, RunFold};
use super::unit_set::{Keeping, UnitSet, nobody};
use crate::codec::Packed;
use crate::helpers::in_parallel;
use crate::language::{Buckets, ResolvedRange};
use crate::segment::{BlockBuffer, Table};
use roaring::RoaringBitmap;
use std::ops::Range;

/// Units on their way into a set: most come in ascending order, and repeat.
#[derive(Debug, Default)]
pub(super) struct UnitCollector {
    recent: Vec<u32>,
    set: RoaringBitmap,
    /// The most that the set has held.
    set_bytes: usize,
}

/// How many units are collected before they are sorted into the set.
const RECENT_MAX: usize = 1 << 16;

impl UnitCollector {
    /// Adds a unit.
    #[inline]
    pub fn add(&mut self, unit: u32) {
        if self.recent.last() != Some(&unit) {
            self.recent.push(unit);
            if self.recent.len() == RECENT_MAX {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        if self.recent.is_empty() {
            return;
        }
        // Rows of each table ascend by user, which a stable sort makes use of.
        self.recent.sort();
        self.recent.dedup();
        // Sorted and without repeats, so it cannot fail.
        if let Ok(recent) = RoaringBitmap::from_sorted_iter(self.recent.drain(..)) {
            self.set |= recent;
        }
        self.set_bytes = self.set_bytes.max(self.set.footprint());
    }

    /// Adds all units of another.
    pub fn join(&mut self, other: &Self) {
        self.set |= &other.set;
        self.set_bytes = self.set_bytes.max(self.set.footprint());
        other.recent.iter().for_each(|unit| self.add(*unit));
    }

    /// How many units there are.
    pub fn count(&mut self) -> u64 {
        self.flush();
        self.set.len()
    }

    /// The units.
    pub fn finish(mut self) -> RoaringBitmap {
        self.flush();
        self.set
    }
}

impl Footprint for UnitCollector {
    /// Never less than before.
    #[inline]
    fn footprint(&self) -> usize {
        list_bytes(&self.recent) + self.set_bytes
    }
}

/// Sets of units, one for each piece, all kept in one way.
pub type UnitSets = Charged<Vec<UnitSet>>;

/// The units of each piece of a look whose days say it.
pub(super) fn units_of_days(
    query: Query<'_>,
    look: &Look,
    days: ResolvedRange,
    buckets: &impl Division,
) -> Result<UnitSets, ExecutionError> {
    count_indexed(query, look);
    let (mut rows, mut units) = (0, 0);
    visit_day_counts(query, look, days, |_, of_day| {
        rows += of_day;
        units += of_day.min(query.unit_count().into()) as usize;
    })?;
    let none = Keeping::of(query.unit_count(), buckets.len(), rows).none();
    // The units of some pieces, which come one after the other.
    let of_pieces = |pieces: &Range<usize>| -> Result<UnitSets, ExecutionError> {
        let charge = Charge::of(query.guard, pieces.len() * (size_of::<UnitSet>() + none.footprint()))?;
        let mut sets = UnitSets::with(vec![none.clone(); pieces.len()], charge);
        visit_days(query, look, days, |start, units| {
            let place = buckets.index_of(start).and_then(|piece| piece.checked_sub(pieces.start));
            let Some(set) = place.and_then(|place| sets.get_mut(place)) else { return Ok(()) };
            query.trace.count(|counts| counts.bitmaps_read += 1);
            let before = set.footprint();
            set.add_stored(units)?;
            let grown = set.footprint().saturating_sub(before);
            Ok(sets.grow(grown)?)
        })?;
        Ok(sets)
    };
    let threads = threads_for(query.guard, units);
    let parts: Vec<Range<usize>> = few_parts_of(buckets.len(), threads, PARTS_A_THREAD).collect();
    let mut sets = UnitSets::new(query.guard, Vec::with_capacity(buckets.len()))?;
    for of_part in in_parallel(threads, &parts, of_pieces) {
        sets.extend(of_part?.into_inner());
    }
    sets.settle()?;
    as_counted(query, look, &mut sets)?;
    Ok(sets)
}

/// The days are gone through for each part, so that these are few.
const PARTS_A_THREAD: usize = 2;

/// Units as they are stored become those that are counted: users under their shown ids, and those that pass the filter.
fn as_counted(query: Query<'_>, look: &Look, sets: &mut UnitSets) -> Result<(), ExecutionError> {
    if query.units == Units::Users && !query.snapshot.aliases().is_empty() {
        for set in sets.iter_mut() {
            query.guard.check()?;
            set.replace(query.snapshot.joined_ids(), |user| query.shown_user(user));
        }
        sets.settle()?;
    }
    if let Some(filter) = look.filter.as_deref() {
        let passing = filter.passing_units(query)?;
        for set in sets.iter_mut() {
            query.guard.check()?;
            set.keep(&passing);
        }
    }
    Ok(())
}

/// The units of a look whose days say it, of the whole range.
fn units_of_range(query: Query<'_>, look: &Look, days: ResolvedRange) -> Result<Charged<UnitSet>, ExecutionError> {
    count_indexed(query, look);
    let mut rows = 0;
    visit_day_counts(query, look, days, |_, of_day| rows += of_day)?;
    let mut sets = UnitSets::new(query.guard, vec![Keeping::of(query.unit_count(), 1, rows).none()])?;
    visit_units(query, look, days, |units| {
        sets.iter_mut().try_for_each(|set| set.add_stored(units))?;
        Ok(sets.settle()?)
    })?;
    as_counted(query, look, &mut sets)?;
    let set = sets.pop().unwrap_or_else(|| Keeping::Roaring.none());
    Ok(Charged::new(query.guard, set)?)
}

/// How many distinct units each piece has, and all together, where bitmaps of days say it without being joined; else
/// `None`.
///
/// # Errors
/// As [`units_by_bucket`].
pub(super) fn distinct_by_day(
    query: Query<'_>,
    look: &Look,
    buckets: &impl Division,
) -> Result<Option<(Vec<u64>, u64)>, ExecutionError> {
    let Some(days) = answering_days(query, look, buckets) else { return Ok(None) };
    let Some(sizes) = day_sizes(query, look, days, buckets)? else { return Ok(None) };
    Ok(Some((sizes, units_of_range(query, look, days)?.len())))
}

/// The units of each piece. The look's range should be that of the pieces, or lie inside it.
///
/// # Errors
/// When the store is damaged, or the execution stopped; as for all functions here.
pub fn units_by_bucket(query: Query<'_>, look: &Look, buckets: &impl Division) -> Result<UnitSets, ExecutionError> {
    if !look.range.is_empty()
        && let Some(days) = answering_days(query, look, buckets)
    {
        return units_of_days(query, look, days, buckets);
    }
    let mut sets = UnitSets::with(Vec::new(), Charge::of(query.guard, buckets.len() * size_of::<UnitSet>())?);
    if look.range.is_empty() {
        sets.resize(buckets.len(), Keeping::Roaring.none());
        return Ok(sets);
    }
    if let Some(grid) = UnitGrid::fold(query, look, buckets, None)? {
        for units in grid.sets(0) {
            query.guard.check()?;
            sets.push(units);
        }
        sets.settle()?;
        return Ok(sets);
    }
    let mut held = Charge::of(query.guard, buckets.len() * size_of::<UnitCollector>())?;
    let mut collectors: Vec<UnitCollector> = Vec::new();
    collectors.resize_with(buckets.len(), UnitCollector::default);
    let mut grown = 0;
    visit_rows(
        query,
        look,
        |_| Ok(()),
        |(), block, mask, _| {
            for row in mask.rows() {
                if block.units[row] != NO_UNIT
                    && let Some(bucket) = buckets.index_of(block.times[row])
                {
                    let collector = &mut collectors[bucket];
                    let before = collector.footprint();
                    collector.add(block.units[row]);
                    grown += collector.footprint() - before;
                }
            }
            held.add(std::mem::take(&mut grown))
        },
    )?;
    for collector in collectors {
        query.guard.check()?;
        sets.push(collector.finish().into());
    }
    drop(held);
    sets.settle()?;
    Ok(sets)
}

/// The units with a row.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn units_in(query: Query<'_>, look: &Look) -> Result<Charged<RoaringBitmap>, ExecutionError> {
    if look.range.is_empty() {
        return Ok(Charged::new(query.guard, RoaringBitmap::new())?);
    }
    if let Some(days) = whole_days(query, look) {
        let set = units_of_range(query, look, days)?.into_inner();
        return Ok(Charged::new(query.guard, set.into_bitmap())?);
    }
    let mut units = Charged::new(query.guard, UnitCollector::default())?;
    visit_rows(
        query,
        look,
        |_| Ok(()),
        |(), block, mask, _| {
            for row in mask.rows().filter(|row| block.units[*row] != NO_UNIT) {
                units.add(block.units[row]);
            }
            units.settle()
        },
    )?;
    Ok(Charged::new(query.guard, units.into_inner().finish())?)
}

/// The rows with a unit in each bucket, where counts per day answer for them; else `None`.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn day_counts(query: Query<'_>, look: &Look, buckets: &Buckets) -> Result<Option<Vec<u64>>, ExecutionError> {
    let days = answering_days(query, look, buckets).filter(|_| look.filter.is_none());
    let Some(days) = days else { return Ok(None) };
    count_indexed(query, look);
    let mut counts = vec![0; buckets.len()];
    visit_day_counts(query, look, days, |start, rows| {
        if let Some(bucket) = buckets.index_of(start) {
            counts[bucket] += rows;
        }
    })?;
    Ok(Some(counts))
}

/// The time of each unit's first row, by unit number; `i64::MAX` for units without one.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn first_times(query: Query<'_>, look: &Look) -> Result<Charged<Vec<i64>>, ExecutionError> {
    let join = |first: &mut i64, other| *first = (*first).min(other);
    match fold_runs(
        query,
        look,
        i64::MAX,
        (usize::MAX, None),
        |first, times, rows| join(first, times.get(rows.start)),
        join,
    )? {
        Some(first) => Ok(first),
        None => fold_by_unit(query, look, i64::MAX, join, join),
    }
}

/// Folds the runs of each unit's rows into one value, by unit number: `add` gets times, and which of them are of the rows, at most
/// so many of a run. Rows of some units only may be wanted.
/// `None` where rows must be read.
pub(super) fn fold_runs<T: Copy + Send + Sync>(
    query: Query<'_>,
    look: &Look,
    none: T,
    (most, only): (usize, Option<&UnitSet>),
    add: impl Fn(&mut T, &Packed, Range<usize>) + Sync,
    join: impl Fn(&mut T, T) + Sync,
) -> Result<Option<Charged<Vec<T>>>, ExecutionError>
where
    Vec<T>: Footprint,
{
    let fold = RunFold {
        most,
        only,
        start: || Charged::list(query.guard, none, query.unit_count() as usize),
        visit: |of_units: &mut Charged<Vec<T>>, rows_times: &RowTimes, unit: u32, rows: Range<usize>| {
            of_units.get_mut(unit as usize).into_iter().for_each(|value| add(value, &rows_times.times, rows.clone()));
            Ok(())
        },
        join: |of_units: &mut Charged<Vec<T>>, others: Charged<Vec<T>>| {
            of_units.iter_mut().zip(others.iter()).for_each(|(value, other)| join(value, *other));
            Ok(())
        },
    };
    fold.run(query, look)
}

/// Folds the times of each unit's rows into one value, by unit number.
pub(super) fn fold_by_unit<T: Copy + Send + Sync>(
    query: Query<'_>,
    look: &Look,
    none: T,
    add: impl Fn(&mut T, i64) + Sync,
    join: impl Fn(&mut T, T) + Sync,
) -> Result<Charged<Vec<T>>, ExecutionError>
where
    Vec<T>: Footprint,
{
    let fold = RowFold {
        looks_at_units: true,
        row_work: 1,
        start: || Charged::list(query.guard, none, query.unit_count() as usize),
        open: |_: Table<'_>| Ok(()),
        visit: |of_units: &mut Charged<Vec<T>>, (): &mut (), block: &Block<'_>, mask: &Mask, _: &mut BlockBuffer| {
            mask.rows().for_each(|row| {
                if let Some(of_unit) = of_units.get_mut(block.units[row] as usize) {
                    add(of_unit, block.times[row]);
                }
            });
            Ok(())
        },
        join: |of_units: &mut Charged<Vec<T>>, others: Charged<Vec<T>>| {
            of_units.iter_mut().zip(others.iter()).for_each(|(of_unit, other)| join(of_unit, *other));
            Ok(())
        },
    };
    fold.run(query, look, RowsToRead::all(query, look))
}

/// The units whose first row in all history lies in each piece inside the look's range.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn first_units_by_bucket(
    query: Query<'_>,
    look: &Look,
    buckets: &impl Division,
) -> Result<UnitSets, ExecutionError> {
    if let Some(days) = answering_days(query, look, buckets) {
        // A unit's first bucket is the first that has it.
        let before = ResolvedRange { to_micros: days.from_micros, ..ResolvedRange::ALL };
        let known = units_in(query, &look.within(before))?;
        let mut sets = units_by_bucket(query, look, buckets)?;
        // Kept as the sets are, which makes the two below fast.
        let mut all = nobody(&sets);
        all.add(&known.into_inner().into());
        let mut known = Charged::new(query.guard, all)?;
        for set in sets.iter_mut() {
            query.guard.check()?;
            set.take(&known);
            known.add(set);
            known.settle()?;
        }
        sets.settle()?;
        return Ok(sets);
    }
    let mut sets = Charged::list(query.guard, RoaringBitmap::new(), buckets.len())?;
    let first = first_times(query, &look.within(ResolvedRange::ALL))?;
    for item in query.guard.watch(first.iter().enumerate()) {
        let (unit, time) = item?;
        if look.range.contains(*time)
            && let Some(bucket) = buckets.index_of(*time)
        {
            sets[bucket].insert(unit as u32);
        }
    }
    let sets = sets.into_inner().into_iter().map(UnitSet::from).collect();
    Ok(UnitSets::new(query.guard, sets)?)
}
