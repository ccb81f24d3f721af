//! Which units did something, by bucket of time, how often, and when first.

use super::charge::{Charge, Charged};
use super::division::Division;
use super::error::ExecutionError;
use super::footprint::{Footprint, list_bytes};
use super::limits::Stop;
use super::look::Look;
use super::query::{NO_UNIT, Query, covers};
use super::scan::{tables_of, visit_rows};
use crate::codec::DecodeError;
use crate::index::{Day, UnitDays};
use crate::language::{Buckets, ResolvedRange};
use crate::segment::Table;
use roaring::RoaringBitmap;

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
        if !self.recent.is_sorted() {
            self.recent.sort_unstable();
        }
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

impl From<RoaringBitmap> for UnitCollector {
    fn from(set: RoaringBitmap) -> Self {
        Self { recent: Vec::new(), set_bytes: set.footprint(), set }
    }
}

impl Footprint for UnitCollector {
    /// Never less than before.
    #[inline]
    fn footprint(&self) -> usize {
        list_bytes(&self.recent) + self.set_bytes
    }
}

/// The day index of a table for what is counted; `None` when no row has a unit.
fn unit_days(query: Query<'_>, table: Table<'_>) -> Result<Option<UnitDays>, DecodeError> {
    match query.group_type() {
        None => table.user_days().map(Some),
        Some(group_type) => table.key_days(group_type),
    }
}

/// The days of a range of whole UTC days.
fn days_of(range: ResolvedRange) -> (Option<Day>, Option<Day>) {
    (Day::starting_at(range.from_micros), Day::starting_at(range.to_micros))
}

/// The range of whole UTC days that holds the same rows as the look's; `None` where only rows can tell. An end beyond
/// all rows, as "now" mostly is, is as good as the midnight after it.
fn whole_days(query: Query<'_>, look: &Look) -> Option<ResolvedRange> {
    if look.filter.is_some() {
        return None;
    }
    let tables = query.snapshot.segments().iter().flat_map(|segment| look.tables(segment));
    let times =
        tables.map(|table| table.time_range()).reduce(|(first, last), (from, to)| (first.min(from), last.max(to)));
    let (first, last) = times?;
    Some(look.range.widened_to_utc_days((first.micros(), last.micros()))).filter(ResolvedRange::is_utc_day_aligned)
}

/// Calls `visit` with every day of a range of whole UTC days, until it stops: where it starts, but not before the look
/// does, and the units as stored. Only for looks without a filter.
fn visit_days(
    query: Query<'_>,
    look: &Look,
    whole_days: ResolvedRange,
    mut visit: impl FnMut(i64, RoaringBitmap) -> Result<(), Stop>,
) -> Result<(), ExecutionError> {
    let (from, to) = days_of(whole_days);
    for segment in query.snapshot.segments() {
        for table in tables_of(query, look, segment) {
            query.trace.count(|counts| counts.tables_by_index += 1);
            let Some(days) = unit_days(query, table)? else { continue };
            for (day, _, place) in days.days(from, to) {
                query.guard.check()?;
                query.trace.count(|counts| counts.bitmaps_read += 1);
                visit(day.start_micros().max(look.range.from_micros), days.units(place)?)?;
            }
        }
    }
    Ok(())
}

/// The days whose bitmaps answer for these buckets; `None` where only rows can tell.
fn answering_days(query: Query<'_>, look: &Look, buckets: &impl Division) -> Option<ResolvedRange> {
    whole_days(query, look).filter(|days| buckets.are_utc_days(*days))
}

/// Sets of units, one for each piece.
pub type UnitSets = Charged<Vec<RoaringBitmap>>;

/// The units of each piece. The look's range should be that of the pieces, or lie inside it.
///
/// # Errors
/// When the store is damaged, or the execution stopped; as for all functions here.
pub fn units_by_bucket(query: Query<'_>, look: &Look, buckets: &impl Division) -> Result<UnitSets, ExecutionError> {
    let mut sets = UnitSets::list(query.guard, RoaringBitmap::new(), buckets.len())?;
    if look.range.is_empty() {
        return Ok(sets);
    }
    if let Some(days) = answering_days(query, look, buckets) {
        let mut sets_bytes = Charged::list(query.guard, 0, buckets.len())?;
        visit_days(query, look, days, |start, units| {
            let Some(bucket) = buckets.index_of(start) else { return Ok(()) };
            sets[bucket] |= units;
            let bytes = sets[bucket].footprint();
            let before = std::mem::replace(&mut sets_bytes[bucket], bytes);
            sets.grow(bytes.saturating_sub(before))
        })?;
        if !query.snapshot.aliases().is_empty() {
            for set in sets.iter_mut() {
                *set = query.shown(std::mem::take(set));
            }
            sets.settle()?;
        }
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
    for (set, collector) in sets.iter_mut().zip(collectors) {
        query.guard.check()?;
        *set = collector.finish();
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
    let mut set = Charged::new(query.guard, RoaringBitmap::new())?;
    if look.range.is_empty() {
        return Ok(set);
    }
    if let Some(days) = whole_days(query, look) {
        visit_days(query, look, days, |_, units| {
            *set |= units;
            set.settle()
        })?;
        return Ok(Charged::new(query.guard, query.shown(set.into_inner()))?);
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
    let Some(days) = answering_days(query, look, buckets) else { return Ok(None) };
    let (from, to) = days_of(days);
    let mut counts = vec![0; buckets.len()];
    for segment in query.snapshot.segments() {
        for table in tables_of(query, look, segment) {
            query.guard.check()?;
            query.trace.count(|counts| counts.tables_by_index += 1);
            let Some(days) = unit_days(query, table)? else { continue };
            for (day, rows, _) in days.days(from, to) {
                if let Some(bucket) = buckets.index_of(day.start_micros().max(look.range.from_micros)) {
                    counts[bucket] += rows;
                }
            }
        }
    }
    Ok(Some(counts))
}

/// How many rows each unit has, by unit number.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn counts_per_unit(query: Query<'_>, look: &Look) -> Result<Charged<Vec<u64>>, ExecutionError> {
    let mut counts = Charged::list(query.guard, 0, query.unit_count() as usize)?;
    visit_rows(
        query,
        look,
        |_| Ok(()),
        |(), block, mask, _| {
            for row in mask.rows() {
                if let Some(count) = counts.get_mut(block.units[row] as usize) {
                    *count += 1;
                }
            }
            Ok(())
        },
    )?;
    Ok(counts)
}

/// The time of each unit's first row, by unit number; `i64::MAX` for units without one.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn first_times(query: Query<'_>, look: &Look) -> Result<Charged<Vec<i64>>, ExecutionError> {
    let mut first = Charged::list(query.guard, i64::MAX, query.unit_count() as usize)?;
    visit_rows(
        query,
        look,
        |_| Ok(()),
        |(), block, mask, _| {
            for row in mask.rows() {
                if let Some(time) = first.get_mut(block.units[row] as usize) {
                    *time = (*time).min(block.times[row]);
                }
            }
            Ok(())
        },
    )?;
    Ok(first)
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
    let mut sets = UnitSets::list(query.guard, RoaringBitmap::new(), buckets.len())?;
    let first = first_times(query, &look.within(ResolvedRange::ALL))?;
    for item in query.guard.watch(first.iter().enumerate()) {
        let (unit, time) = item?;
        if look.range.contains(*time)
            && let Some(bucket) = buckets.index_of(*time)
        {
            sets[bucket].insert(unit as u32);
        }
    }
    sets.settle()?;
    Ok(sets)
}

/// The rows of a table in the range, and those of them with a unit, without reading rows; `None` where that needs
/// them.
pub(super) fn counted_rows(
    query: Query<'_>,
    table: Table<'_>,
    range: ResolvedRange,
) -> Result<Option<(u64, u64)>, DecodeError> {
    let (first, last) = table.time_range();
    let whole = covers(range, (first.micros(), last.micros()));
    let range = range.widened_to_utc_days((first.micros(), last.micros()));
    if !whole && !range.is_utc_day_aligned() {
        return Ok(None);
    }
    let (from, to) = if whole { (None, None) } else { days_of(range) };
    let sum = |days: UnitDays| days.days(from, to).map(|(_, rows, _)| rows).sum();
    let rows = if whole { table.rows() as u64 } else { sum(table.user_days()?) };
    let with_unit = match query.group_type() {
        None => rows,
        Some(group_type) => table.key_days(group_type)?.map_or(0, sum),
    };
    Ok(Some((rows, with_unit)))
}
