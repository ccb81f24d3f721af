//! What the index of days says without a row being read: of a table, or of any event of a segment.

use super::division::{Division, Edges};
use super::error::ExecutionError;
use super::look::{Look, Named};
use super::query::{Query, Units, covers};
use super::scan::{find_tables, tables_of};
use crate::codec::DecodeError;
use crate::index::{Day, StoredBitmap, UnitDays};
use crate::language::ResolvedRange;
use crate::segment::{Segment, Table};
use std::collections::BTreeSet;

/// What has an index of days.
#[derive(Clone, Copy)]
pub(super) enum Indexed<'a> {
    /// The rows of one event in a segment.
    Table(Table<'a>),
    /// All rows of a segment.
    Segment(&'a Segment),
}

impl Indexed<'_> {
    fn rows(self) -> u64 {
        match self {
            Self::Table(table) => table.rows() as u64,
            Self::Segment(segment) => segment.rows(),
        }
    }

    /// The time of the earliest and of the latest row, in microseconds.
    pub fn time_range(self) -> (i64, i64) {
        let (first, last) = match self {
            Self::Table(table) => table.time_range(),
            Self::Segment(segment) => segment.time_range(),
        };
        (first.micros(), last.micros())
    }

    fn user_days(self) -> Result<UnitDays, DecodeError> {
        match self {
            Self::Table(table) => table.user_days(),
            Self::Segment(segment) => segment.user_days(),
        }
    }

    /// The index of what is counted; `None` when no row has a unit.
    fn unit_days(self, query: Query<'_>) -> Result<Option<UnitDays>, DecodeError> {
        match (query.group_type(), self) {
            (None, _) => self.user_days().map(Some),
            (Some(group_type), Self::Table(table)) => table.key_days(group_type),
            (Some(group_type), Self::Segment(segment)) => segment.key_days(group_type),
        }
    }

    /// The rows in the range, and those of them with a unit; `None` where that needs the rows.
    pub fn counted_rows(self, query: Query<'_>, range: ResolvedRange) -> Result<Option<(u64, u64)>, DecodeError> {
        let times = self.time_range();
        let whole = covers(range, times);
        let range = range.widened_to_utc_days(times);
        if !whole && !range.is_utc_day_aligned() {
            return Ok(None);
        }
        let (from, to) = if whole { (None, None) } else { days_of(range) };
        let sum = |days: UnitDays| days.days(from, to).map(|(_, rows, _)| rows).sum();
        let rows = if whole { self.rows() } else { sum(self.user_days()?) };
        let with_unit = match query.units {
            Units::Users => rows,
            Units::Keys(_) => self.unit_days(query)?.map_or(0, sum),
        };
        Ok(Some((rows, with_unit)))
    }
}

/// The days of a range of whole UTC days.
pub(super) fn days_of(range: ResolvedRange) -> (Option<Day>, Option<Day>) {
    (Day::starting_at(range.from_micros), Day::starting_at(range.to_micros))
}

/// The indexes of a segment that say together what a look asks for.
fn indexes_of<'s>(look: &Look, segment: &'s Segment) -> Vec<Indexed<'s>> {
    let (tables, _) = find_tables(look, segment);
    match look.events {
        Named::Any if tables.len() > 1 => vec![Indexed::Segment(segment)],
        _ => tables.into_iter().map(Indexed::Table).collect(),
    }
}

/// Tells of the tables whose indexes answer for a look.
pub(super) fn count_indexed(query: Query<'_>, look: &Look) {
    for segment in query.snapshot.segments() {
        let tables = tables_of(query, look, segment).len();
        query.trace.count(|counts| counts.tables_by_index += tables as u64);
    }
}

/// The range of whole UTC days that holds the same units as the look's, and where nothing is filtered the same rows;
/// `None` where only rows can tell.
pub(super) fn whole_days(query: Query<'_>, look: &Look) -> Option<ResolvedRange> {
    if look.filter.as_ref().is_some_and(|filter| !filter.is_of_units(query.units)) {
        return None;
    }
    row_days(query, look)
}

/// The range of whole UTC days that holds the same rows of the look's tables as its range does, before any filter; `None`
/// where there is none. An end beyond all rows, as "now" mostly is, is as good as the midnight after it.
pub(super) fn row_days(query: Query<'_>, look: &Look) -> Option<ResolvedRange> {
    let tables = query.snapshot.segments().iter().flat_map(|segment| look.tables(segment));
    let times =
        tables.map(|table| table.time_range()).reduce(|(first, last), (from, to)| (first.min(from), last.max(to)));
    let (first, last) = times?;
    Some(look.range.widened_to_utc_days((first.micros(), last.micros()))).filter(ResolvedRange::is_utc_day_aligned)
}

/// Calls `visit` with every day of a range of whole UTC days, until it stops: where it starts, but not before the look
/// does, and the units as stored, whether or not they pass the filter.
pub(super) fn visit_days(
    query: Query<'_>,
    look: &Look,
    whole_days: ResolvedRange,
    mut visit: impl FnMut(i64, StoredBitmap<'_>) -> Result<(), ExecutionError>,
) -> Result<(), ExecutionError> {
    let (from, to) = days_of(whole_days);
    each_index(query, look, |_, days| {
        for (day, _, place) in days.days(from, to) {
            query.guard.check()?;
            visit(day.start_micros().max(look.range.from_micros), days.stored_units(place))?;
        }
        Ok(())
    })
}

/// Calls `visit` with every index that says something of a look, and its days.
fn each_index(
    query: Query<'_>,
    look: &Look,
    mut visit: impl FnMut(Indexed<'_>, UnitDays) -> Result<(), ExecutionError>,
) -> Result<(), ExecutionError> {
    for segment in query.snapshot.segments() {
        for index in indexes_of(look, segment) {
            query.guard.check()?;
            if let Some(days) = index.unit_days(query)? {
                visit(index, days)?;
            }
        }
    }
    Ok(())
}

/// The days of a range of whole UTC days on which rows have a unit, as pieces; `None` when they are more than so many.
pub(super) fn days_with_units(
    query: Query<'_>,
    look: &Look,
    whole_days: ResolvedRange,
    most: usize,
) -> Result<Option<Edges>, ExecutionError> {
    let (from, to) = days_of(whole_days);
    let mut days = BTreeSet::new();
    each_index(query, look, |_, of_index| {
        days.extend(of_index.days(from, to).map(|(day, _, _)| day).take(most + 1));
        Ok(())
    })?;
    // A piece ends where the next begins; between them there is no row.
    let end = days.last().map(|last| last.plus(1));
    let starts = days.iter().copied().chain(end).map(Day::start_micros);
    Ok((days.len() <= most).then(|| Edges::new(starts.collect())))
}

/// Calls `visit` with bitmaps that hold together the units of a range of whole UTC days, as stored: of an index that lies
/// in the range it is one. Only for looks without a filter, or whose filter is for the caller.
pub(super) fn visit_units(
    query: Query<'_>,
    look: &Look,
    whole_days: ResolvedRange,
    mut visit: impl FnMut(StoredBitmap<'_>) -> Result<(), ExecutionError>,
) -> Result<(), ExecutionError> {
    let (from, to) = days_of(whole_days);
    each_index(query, look, |index, days| {
        if covers(look.range, index.time_range()) {
            query.trace.count(|counts| counts.bitmaps_read += 1);
            return visit(days.units_ever());
        }
        for (_, _, place) in days.days(from, to) {
            query.guard.check()?;
            query.trace.count(|counts| counts.bitmaps_read += 1);
            visit(days.stored_units(place))?;
        }
        Ok(())
    })
}

/// How many units each piece has, where the sizes of bitmaps say so: each is of one day of one index, and no user goes
/// by several ids. Else `None`.
pub(super) fn day_sizes(
    query: Query<'_>,
    look: &Look,
    whole_days: ResolvedRange,
    buckets: &impl Division,
) -> Result<Option<Vec<u64>>, ExecutionError> {
    let has_aliases = query.units == Units::Users && !query.snapshot.aliases().is_empty();
    if look.filter.is_some() || has_aliases {
        return Ok(None);
    }
    let (mut sizes, mut is_one) = (vec![0; buckets.len()], true);
    // What a bitmap holds is not looked at.
    visit_days(query, look, whole_days, |start, units| {
        if let Some(size) = buckets.index_of(start).and_then(|piece| sizes.get_mut(piece)) {
            is_one &= *size == 0;
            *size = if is_one { units.count()? } else { 0 };
        }
        Ok(())
    })?;
    Ok(is_one.then_some(sizes))
}

/// Calls `visit` with every day of a range of whole UTC days, as [`visit_days`], and how many rows have a unit.
pub(super) fn visit_day_counts(
    query: Query<'_>,
    look: &Look,
    whole_days: ResolvedRange,
    mut visit: impl FnMut(i64, u64),
) -> Result<(), ExecutionError> {
    let (from, to) = days_of(whole_days);
    each_index(query, look, |_, days| {
        days.days(from, to).for_each(|(day, rows, _)| visit(day.start_micros().max(look.range.from_micros), rows));
        Ok(())
    })
}

/// The days whose bitmaps answer for these buckets; `None` where only rows can tell.
pub(super) fn answering_days(query: Query<'_>, look: &Look, buckets: &impl Division) -> Option<ResolvedRange> {
    whole_days(query, look).filter(|days| buckets.are_utc_days(*days))
}
