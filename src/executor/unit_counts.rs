//! How often each unit did something.

use super::charge::Charged;
use super::day_index::{days_with_units, visit_day_counts, whole_days};
use super::distinct::{fold_by_unit, fold_runs, units_of_days};
use super::error::ExecutionError;
use super::footprint::Footprint;
use super::look::Look;
use super::memberships::visit_memberships;
use super::query::Query;
use super::unit_set::Keeping;
use crate::codec::Packed;
use crate::language::ResolvedRange;
use std::ops::Range;

/// How many rows each unit has, or so many and possibly more, by unit number. There is one for each thread on the way,
/// and fresh memory costs more than what is counted there, so small numbers take one byte.
#[derive(Debug)]
pub enum UnitCounts {
    /// Up to 255.
    Bytes(Charged<Vec<u8>>),
    /// Any numbers.
    Words(Charged<Vec<u64>>),
}

impl UnitCounts {
    /// How many units there are.
    pub fn units(&self) -> usize {
        match self {
            Self::Bytes(counts) => counts.len(),
            Self::Words(counts) => counts.len(),
        }
    }

    /// The count of a unit; 0 of units that are not there.
    #[inline]
    pub fn of(&self, unit: usize) -> u64 {
        match self {
            Self::Bytes(counts) => counts.get(unit).map_or(0, |count| u64::from(*count)),
            Self::Words(counts) => counts.get(unit).copied().unwrap_or(0),
        }
    }
}

/// A number of rows that goes no further than it can.
trait Count: Copy + Default + Send + Sync {
    fn add(&mut self, rows: u64);
    fn join(&mut self, other: Self);
}

impl Count for u8 {
    #[inline]
    fn add(&mut self, rows: u64) {
        *self = self.saturating_add(rows.min(u64::from(u8::MAX)) as u8);
    }

    fn join(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

impl Count for u64 {
    #[inline]
    fn add(&mut self, rows: u64) {
        *self += rows;
    }

    fn join(&mut self, other: Self) {
        *self += other;
    }
}

/// How many rows each unit has, by unit number.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub fn counts_per_unit(query: Query<'_>, look: &Look) -> Result<Charged<Vec<u64>>, ExecutionError> {
    counts(query, look, usize::MAX)
}

/// The same, or so many and possibly more: wherever a count is told to be less than `most`, it is that.
///
/// # Errors
/// As [`counts_per_unit`].
pub fn counts_up_to(query: Query<'_>, look: &Look, most: usize) -> Result<UnitCounts, ExecutionError> {
    Ok(match most <= usize::from(u8::MAX) {
        true => UnitCounts::Bytes(counts(query, look, most)?),
        false => UnitCounts::Words(counts(query, look, most)?),
    })
}

fn counts<C: Count>(query: Query<'_>, look: &Look, most: usize) -> Result<Charged<Vec<C>>, ExecutionError>
where
    Vec<C>: Footprint,
{
    // Who stops counting early does not know how many rows there are, which days must say then.
    let days = whole_days(query, look).filter(|_| look.filter.is_none());
    if let Some(days) = days.filter(|_| most <= DAYS_MAX)
        && let Some(counts) = counts_by_days(query, look, days, most)?
    {
        return Ok(counts);
    }
    let most = if days.is_some() { most } else { usize::MAX };
    match fold_runs(query, look, C::default(), (most, None), count_rows, C::join)? {
        Some(counts) => Ok(counts),
        None => fold_by_unit(query, look, C::default(), |count, _| count.add(1), C::join),
    }
}

fn count_rows<C: Count>(count: &mut C, _: &Packed, rows: Range<usize>) {
    count.add(rows.len() as u64);
}

/// Days of which the bitmaps are counted before rows are.
const DAYS_MAX: usize = 512;
/// With so many rows a unit on average, days decide about most units.
const ROWS_A_UNIT: u64 = 16;

/// The same where days answer: who did something on so many days did it as often, and the rows of few others are looked up.
/// `None` where there are too many days, or too few rows for that.
fn counts_by_days<C: Count>(
    query: Query<'_>,
    look: &Look,
    days: ResolvedRange,
    most: usize,
) -> Result<Option<Charged<Vec<C>>>, ExecutionError>
where
    Vec<C>: Footprint,
{
    let mut rows = 0;
    visit_day_counts(query, look, days, |_, of_day| rows += of_day)?;
    if rows < u64::from(query.unit_count()) * ROWS_A_UNIT {
        return Ok(None);
    }
    let Some(pieces) = days_with_units(query, look, days, DAYS_MAX)? else { return Ok(None) };
    let sets = units_of_days(query, look, days, &pieces)?;
    let mut counts = Charged::list(query.guard, C::default(), query.unit_count() as usize)?;
    let mut open = Charged::new(query.guard, Keeping::bits(query.unit_count()).none())?;
    visit_memberships(query.guard, &sets, |unit, of_days| match counts.get_mut(unit as usize) {
        Some(count) if of_days as usize >= most => count.add(u64::from(of_days)),
        _ => open.insert(unit),
    })?;
    if open.is_empty() {
        return Ok(Some(counts));
    }
    let rows = fold_runs(query, look, C::default(), (most, Some(&open)), count_rows, C::join)?;
    let Some(others) = rows else { return Ok(None) };
    counts.iter_mut().zip(others.iter()).for_each(|(count, other)| count.join(*other));
    Ok(Some(counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_counts_as_far_as_it_can() {
        let mut count = 0u8;
        for (rows, expected) in [(3, 3), (251, 254), (0, 254), (1, 255), (1 << 40, 255)] {
            count.add(rows);
            assert_eq!(count, expected);
        }
        count.join(7);
        assert_eq!(count, 255);
    }
}
