//! Which units did something, by bucket of time, how often, and when first.

use super::division::Division;
use super::look::Look;
use super::query::{NO_UNIT, Query, covers};
use super::scan::{tables_of, visit_rows};
use crate::codec::DecodeError;
use crate::index::{Day, UnitDays};
use crate::language::{Buckets, ResolvedRange};
use crate::segment::Table;
use roaring::RoaringBitmap;

/// Units on their way into a set: most come in ascending order, and repeat.
#[derive(Clone, Debug, Default)]
pub(super) struct UnitCollector {
    recent: Vec<u32>,
    set: RoaringBitmap,
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
        if !self.recent.is_sorted() {
            self.recent.sort_unstable();
        }
        self.recent.dedup();
        // Sorted and without repeats, so it cannot fail.
        if let Ok(recent) = RoaringBitmap::from_sorted_iter(self.recent.drain(..)) {
            self.set |= recent;
        }
    }

    /// Adds all units of another.
    pub fn join(&mut self, other: &Self) {
        self.set |= &other.set;
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
        Self { recent: Vec::new(), set }
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

/// Calls `visit` with every day of the range: where it starts, rows with a unit, and the units as stored. Only for
/// looks without a filter, over whole UTC days.
fn visit_days(
    query: Query<'_>,
    look: &Look,
    mut visit: impl FnMut(i64, u64, RoaringBitmap),
) -> Result<(), DecodeError> {
    let (from, to) = days_of(look.range);
    for segment in query.snapshot.segments() {
        for table in tables_of(query, look, segment) {
            query.trace.count(|counts| counts.tables_by_index += 1);
            let Some(days) = unit_days(query, table)? else { continue };
            for (day, rows, place) in days.days(from, to) {
                query.trace.count(|counts| counts.bitmaps_read += 1);
                visit(day.start_micros(), rows, days.units(place)?);
            }
        }
    }
    Ok(())
}

/// Whether bitmaps per UTC day answer for these buckets.
fn answers_by_day(look: &Look, buckets: &impl Division) -> bool {
    look.filter.is_none() && buckets.are_utc_days(look.range)
}

/// The units of each piece. The look's range should be that of the pieces, or lie inside it.
///
/// # Errors
/// When the store is damaged; as for all functions here.
pub fn units_by_bucket(
    query: Query<'_>,
    look: &Look,
    buckets: &impl Division,
) -> Result<Vec<RoaringBitmap>, DecodeError> {
    if look.range.is_empty() {
        return Ok(vec![RoaringBitmap::new(); buckets.len()]);
    }
    if answers_by_day(look, buckets) {
        let mut sets = vec![RoaringBitmap::new(); buckets.len()];
        visit_days(query, look, |start, _, units| {
            if let Some(bucket) = buckets.index_of(start) {
                sets[bucket] |= units;
            }
        })?;
        return Ok(sets.into_iter().map(|set| query.shown(set)).collect());
    }
    let mut collectors = vec![UnitCollector::default(); buckets.len()];
    visit_rows(
        query,
        look,
        |_| Ok(()),
        |(), block, mask, _| {
            for row in mask.rows() {
                if block.units[row] != NO_UNIT
                    && let Some(bucket) = buckets.index_of(block.times[row])
                {
                    collectors[bucket].add(block.units[row]);
                }
            }
        },
    )?;
    Ok(collectors.into_iter().map(UnitCollector::finish).collect())
}

/// The units with a row.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn units_in(query: Query<'_>, look: &Look) -> Result<RoaringBitmap, DecodeError> {
    if look.range.is_empty() {
        return Ok(RoaringBitmap::new());
    }
    if look.filter.is_none() && look.range.is_utc_day_aligned() {
        let mut set = RoaringBitmap::new();
        visit_days(query, look, |_, _, units| set |= units)?;
        return Ok(query.shown(set));
    }
    let mut units = UnitCollector::default();
    visit_rows(
        query,
        look,
        |_| Ok(()),
        |(), block, mask, _| {
            for row in mask.rows().filter(|row| block.units[*row] != NO_UNIT) {
                units.add(block.units[row]);
            }
        },
    )?;
    Ok(units.finish())
}

/// The rows with a unit in each bucket, where counts per day answer for them; else `None`.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn day_counts(query: Query<'_>, look: &Look, buckets: &Buckets) -> Result<Option<Vec<u64>>, DecodeError> {
    if !answers_by_day(look, buckets) {
        return Ok(None);
    }
    let (from, to) = days_of(look.range);
    let mut counts = vec![0; buckets.len()];
    for segment in query.snapshot.segments() {
        for table in tables_of(query, look, segment) {
            query.trace.count(|counts| counts.tables_by_index += 1);
            let Some(days) = unit_days(query, table)? else { continue };
            for (day, rows, _) in days.days(from, to) {
                if let Some(bucket) = buckets.index_of(day.start_micros()) {
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
pub fn counts_per_unit(query: Query<'_>, look: &Look) -> Result<Vec<u64>, DecodeError> {
    let mut counts = vec![0; query.unit_count() as usize];
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
        },
    )?;
    Ok(counts)
}

/// The time of each unit's first row, by unit number; `i64::MAX` for units without one.
///
/// # Errors
/// As [`units_by_bucket`].
pub fn first_times(query: Query<'_>, look: &Look) -> Result<Vec<i64>, DecodeError> {
    let mut first = vec![i64::MAX; query.unit_count() as usize];
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
) -> Result<Vec<RoaringBitmap>, DecodeError> {
    let mut sets = vec![RoaringBitmap::new(); buckets.len()];
    let first = first_times(query, &look.within(ResolvedRange::ALL))?;
    for (unit, time) in first.into_iter().enumerate().filter(|(_, time)| look.range.contains(*time)) {
        if let Some(bucket) = buckets.index_of(time) {
            sets[bucket].insert(unit as u32);
        }
    }
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
