//! What the counts of a property's values by day say of rows, without one being read.

use super::charge::Charge;
use super::day_index::{days_of, row_days};
use super::division::Division;
use super::error::ExecutionError;
use super::footprint::list_bytes;
use super::look::Look;
use super::path_values::{places_of, value_at};
use super::query::{Query, Units};
use super::split::RowsToRead;
use crate::codec::Texts;
use crate::codec::packed::BLOCK_VALUES;
use crate::index::ValueDays;
use crate::model::Value;
use crate::segment::{Table, stored_value};
use hashbrown::HashMap;
use std::ops::ControlFlow;

/// The values of a property as they are stored, the path that is left inside of them, and their counts.
struct Counts<'p> {
    values: Texts,
    rest: Option<&'p str>,
    days: ValueDays,
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
    Ok(table.value_days(name)?.map(|(values, days)| Some(Counts { values, rest, days })))
}

/// Where rows with a value belong. Tables list much the same values, so each is read and judged once.
struct Classes<F> {
    class_of: F,
    /// Where rows without a value belong.
    absent: Option<u32>,
    /// By the value as it is stored; those of which a part is meant are apart.
    known: [HashMap<Box<[u8]>, Option<u32>>; 2],
    charge: Charge,
}

impl<F: FnMut(Option<&Value>) -> Option<u32>> Classes<F> {
    fn new(query: Query<'_>, mut class_of: F) -> Self {
        let absent = class_of(None);
        Self { class_of, absent, known: Default::default(), charge: Charge::none(query.guard) }
    }

    /// Where rows of a table belong that have this value.
    fn of(&mut self, table: Table<'_>, stored: &[u8], rest: Option<&str>) -> Result<Option<u32>, ExecutionError> {
        let known = &mut self.known[usize::from(rest.is_some())];
        if let Some(class) = known.get(stored) {
            return Ok(*class);
        }
        let value = stored_value(stored).map_err(|damage| damage.in_file(table.file()))?;
        let class = value_at(&value, rest).map_or(self.absent, |value| (self.class_of)(Some(value)));
        // A table of a hash map is at most half empty.
        self.charge.add(2 * size_of::<(Box<[u8]>, Option<u32>)>() + stored.len())?;
        known.insert(stored.into(), class);
        Ok(class)
    }
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
    class_of: impl FnMut(Option<&Value>) -> Option<u32>,
    mut add: impl FnMut(u32, usize, u64),
) -> Result<RowsToRead<'a>, ExecutionError> {
    let mut rows_to_read = RowsToRead::all(query, look);
    let days = row_days(query, look).filter(|days| query.units == Units::Users && division.are_utc_days(*days));
    let Some((from, to)) = days.map(days_of) else { return Ok(rows_to_read) };
    let mut classes = Classes::new(query, class_of);
    let absent = classes.absent;
    let RowsToRead { tables, known } = &mut rows_to_read;
    let mut add = |class: Option<u32>, piece: Option<usize>, rows: u64| {
        if let Some((class, piece)) = class.zip(piece) {
            known.matched += rows;
            add(class, piece, rows);
        }
    };
    // Of each day the rows that are not counted yet; and the pieces of days, which follow one another, with their ends.
    let (mut left, mut pieces): (Vec<u64>, Vec<(Option<usize>, usize)>) = Default::default();
    let mut buffer = [0; BLOCK_VALUES];
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
        pieces.clear();
        for (day, rows, _) in user_days.days(from, to) {
            left.push(rows);
            let piece = piece(day.start_micros());
            match pieces.last_mut() {
                Some((last, end)) if *last == piece => *end = left.len(),
                _ => pieces.push((piece, left.len())),
            }
        }
        let _charge = Charge::of(query.guard, list_bytes(&left) + list_bytes(&pieces))?;
        if let Some(Counts { values, rest, days }) = &counts {
            let visited = values.visit_until(0..values.len(), |place, stored| {
                let ticked = query.guard.tick().map_err(ExecutionError::from);
                let class = match ticked.and_then(|()| classes.of(table, stored, *rest)) {
                    Ok(class) => class,
                    Err(error) => return ControlFlow::Break(error),
                };
                // Others are counted with those that have no value.
                if class != absent {
                    let (mut of_days, mut sum) = (pieces.iter(), 0);
                    let mut current = of_days.next();
                    days.visit(place, first..first + left.len(), &mut buffer, |day, mut counts| {
                        let mut at = day - first;
                        while let Some((piece, end)) = current.filter(|_| !counts.is_empty()) {
                            let (some, others) = counts.split_at(counts.len().min(end - at));
                            for (left, rows) in left[at..].iter_mut().zip(some) {
                                *left = left.saturating_sub(*rows as u64);
                                sum += *rows as u64;
                            }
                            (at, counts) = (at + some.len(), others);
                            if at == *end {
                                add(class, *piece, std::mem::take(&mut sum));
                                current = of_days.next();
                            }
                        }
                    });
                }
                ControlFlow::Continue(())
            });
            let visited = visited.map_err(|damage| damage.in_file(table.file()))?;
            if let ControlFlow::Break(error) = visited {
                return Err(error);
            }
        }
        let mut start = 0;
        for (piece, end) in &pieces {
            add(absent, *piece, left[start..*end].iter().sum());
            start = *end;
        }
    }
    Ok(rows_to_read)
}
