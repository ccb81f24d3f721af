//! What the counts of a property's values by day say of rows, without one being read.

use super::charge::Charge;
use super::day_index::{days_of, row_days};
use super::division::Division;
use super::error::ExecutionError;
use super::footprint::{Footprint, list_bytes};
use super::look::Look;
use super::path_values::{places_of, value_at};
use super::query::{Query, Units};
use super::split::RowsToRead;
use crate::index::ValueDays;
use crate::model::Value;
use crate::segment::Table;
use std::sync::Arc;

/// The values of a property, the path that is left inside of them, and their counts.
struct Counts<'p> {
    values: Arc<[Value]>,
    rest: Option<&'p str>,
    days: ValueDays,
    _charge: Charge,
}

/// The counts of what is at a path, of a table where at most one property may have it: without one no row has a value.
/// `None` where only rows can tell.
fn open<'p>(query: Query<'_>, table: Table<'_>, path: &'p str) -> Result<Option<Option<Counts<'p>>>, ExecutionError> {
    let mut kept = None;
    for (name, rest) in places_of(path) {
        let name = query.snapshot.property(name)?.filter(|name| table.property_names().any(|kept| kept == *name));
        if name.is_some() && kept.is_some() {
            return Ok(None);
        }
        kept = kept.or(name.map(|name| (name, rest)));
    }
    let Some((name, rest)) = kept else { return Ok(Some(None)) };
    let mut charge = Charge::none(query.guard);
    let keep = |value: &Value| -> Result<(), ExecutionError> {
        query.guard.tick()?;
        Ok(charge.add(size_of::<Value>() + value.footprint())?)
    };
    let counts = table.value_days(name, keep)?;
    Ok(counts.map(|(values, days)| Some(Counts { values, rest, days, _charge: charge })))
}

/// Divides the rows of a look, whatever its filter, by what a property of theirs says, and by piece. `class_of` says where
/// rows with a value belong, and rows without, `None` for those that are not meant; `add` gets a class, a piece, and how
/// many rows. Answers the rows that must be read for it: all, where days do not answer for the pieces or rows
/// without a unit do not count.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub(super) fn count_by_value<'a>(
    query: Query<'a>,
    look: &Look,
    division: &impl Division,
    path: &str,
    mut class_of: impl FnMut(Option<&Value>) -> Option<u32>,
    mut add: impl FnMut(u32, usize, u64),
) -> Result<RowsToRead<'a>, ExecutionError> {
    let mut rows_to_read = RowsToRead::all(query, look);
    let days = row_days(query, look).filter(|days| query.units == Units::Users && division.are_utc_days(*days));
    let Some((from, to)) = days.map(days_of) else { return Ok(rows_to_read) };
    let absent = class_of(None);
    let RowsToRead { tables, known } = &mut rows_to_read;
    let mut add = |class: Option<u32>, piece: Option<usize>, rows: u64| {
        if let Some((class, piece)) = class.zip(piece) {
            known.matched += rows;
            add(class, piece, rows);
        }
    };
    // Of each day the piece, and the rows that are not counted yet.
    let mut left: Vec<(Option<usize>, u64)> = Vec::new();
    for table in std::mem::take(tables) {
        query.guard.check()?;
        let Some(counts) = open(query, table, path)? else {
            tables.push(table);
            continue;
        };
        query.trace.count(|counts| counts.tables_by_index += 1);
        let user_days = table.user_days()?;
        let first = from.map_or(0, |from| user_days.days(None, Some(from)).count());
        let piece = |start: i64| division.index_of(start.max(look.range.from_micros));
        left.clear();
        left.extend(user_days.days(from, to).map(|(day, rows, _)| (piece(day.start_micros()), rows)));
        let _charge = Charge::of(query.guard, list_bytes(&left))?;
        for (place, value) in counts.iter().flat_map(|counts| counts.values.iter().enumerate()) {
            query.guard.tick()?;
            let Some(counts) = &counts else { break };
            let class = value_at(value, counts.rest).map_or(absent, |value| class_of(Some(value)));
            // Counted with those that have no value.
            if class == absent {
                continue;
            }
            counts.days.visit(place, first..first + left.len(), |day, rows| {
                let (piece, left) = &mut left[day - first];
                *left = left.saturating_sub(rows);
                add(class, *piece, rows);
            });
        }
        left.iter().for_each(|(piece, rows)| add(absent, *piece, *rows));
    }
    Ok(rows_to_read)
}
