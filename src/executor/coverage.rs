//! What a report looked at: events that matched, and those of them without a counted unit.

use super::candidates::Candidates;
use super::charge::Charged;
use super::day_index::Indexed;
use super::division::Edges;
use super::error::ExecutionError;
use super::look::{Look, Named};
use super::mask::Mask;
use super::query::{NO_UNIT, Query, Units, misses};
use super::row_filter::RowFilter;
use super::row_test::RowTest;
use super::scan::{Block, TableScan};
use super::unit_runs::rows_of_users;
use super::unit_set::UnitSet;
use super::value_days::count_by_value;
use crate::language::ResolvedRange;
use crate::model::Value;
use crate::segment::Table;
use serde::Serialize;

/// Events that matched any part of a report, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Events that matched.
    pub matched: u64,
    /// Those of them left out because they have no key of the counted group type.
    pub without_group: u64,
}

/// Counts the rows that any of the looks asks for.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub fn coverage(query: Query<'_>, looks: &[Look]) -> Result<Coverage, ExecutionError> {
    if let Some(coverage) = remembered(query, looks) {
        return Ok(coverage);
    }
    let (mut coverage, mut passing) = (Coverage::default(), Vec::new());
    let mut others: Vec<&Look> = Vec::new();
    for (place, look) in looks.iter().enumerate() {
        let shares = |(other, with): (usize, &Look)| other != place && with.events.share(&look.events);
        match looks.iter().enumerate().any(shares) {
            false if let Some(counted) = counted_by_value(query, look)? => coverage.add(counted),
            _ => others.push(look),
        }
    }
    let looks = &others[..];
    for segment in query.snapshot.segments() {
        // Every row of the segment is of any event.
        if let [look] = looks
            && look.events == Named::Any
            && coverage.count_by_index(query, Indexed::Segment(segment), look)?
        {
            continue;
        }
        for table in segment.tables() {
            query.guard.check()?;
            let times = Indexed::Table(table).time_range();
            let asks = |look: &&Look| look.names(table.event()) && !misses(look.range, times);
            let mut asked: Vec<&Look> = looks.iter().copied().filter(asks).collect();
            // Of one table those are the same that differ by other events only.
            asked.dedup_by(|a, b| (a.range, &a.filter) == (b.range, &b.filter));
            if !asked.is_empty() {
                count_table(query, table, &asked, &mut passing, &mut coverage)?;
            }
        }
    }
    Ok(coverage)
}

/// What the looks looked at, when all of them were visited and no two ask for one event.
fn remembered(query: Query<'_>, looks: &[Look]) -> Option<Coverage> {
    let mut coverage = Coverage::default();
    for (place, look) in looks.iter().enumerate() {
        if looks[..place].contains(look) {
            continue;
        }
        if looks[..place].iter().any(|other| other.events.share(&look.events)) {
            return None;
        }
        coverage.add(query.trace.recall(query.units, look)?);
    }
    Some(coverage)
}

/// What a look looks at whose filter tests one property of the event, where the counts of its values by day tell that of
/// all rows; else `None`.
fn counted_by_value(query: Query<'_>, look: &Look) -> Result<Option<Coverage>, ExecutionError> {
    let Some(filter) = look.filter.as_deref().and_then(RowFilter::of_event) else { return Ok(None) };
    let class = |value: Option<&Value>| filter.test.passes(value).then_some(0);
    let whole = Edges::whole(look.range);
    let counted = count_by_value(query, look, &whole, &filter.property.path, class, |_, _, _| {})?;
    Ok(counted.tables.is_empty().then_some(counted.known))
}

impl Coverage {
    /// Adds other rows.
    pub(super) fn add(&mut self, other: Self) {
        self.matched += other.matched;
        self.without_group += other.without_group;
    }

    /// Counts the rows of a block that matched.
    #[inline]
    pub(super) fn count(&mut self, query: Query<'_>, block: &Block<'_>, mask: &Mask) {
        self.matched += mask.count();
        if query.units != Units::Users {
            let without = Mask::from_fn(block.units.len(), |row| block.units[row] == NO_UNIT);
            self.without_group += mask.and(&without).count();
        }
    }

    /// Counts what a look asks for without reading rows. Answers whether it could.
    fn count_by_index(&mut self, query: Query<'_>, index: Indexed<'_>, look: &Look) -> Result<bool, ExecutionError> {
        if look.filter.is_some() {
            return Ok(false);
        }
        let Some((rows, with_unit)) = index.counted_rows(query, look.range)? else { return Ok(false) };
        query.trace.count(|counts| {
            counts.tables_by_index += match index {
                Indexed::Table(_) => 1,
                Indexed::Segment(segment) => segment.table_count() as u64,
            };
        });
        self.matched += rows;
        self.without_group += rows - with_unit;
        Ok(true)
    }
}

/// The users that pass a filter which looks at nothing else, for all tables.
type PassingUsers<'l> = Vec<(&'l RowFilter, Charged<UnitSet>)>;

/// Counts the rows of a table that any of the looks asks for.
fn count_table<'l>(
    query: Query<'_>,
    table: Table<'_>,
    looks: &[&'l Look],
    passing: &mut PassingUsers<'l>,
    coverage: &mut Coverage,
) -> Result<(), ExecutionError> {
    if let [look] = looks
        && coverage.count_by_index(query, Indexed::Table(table), look)?
    {
        return Ok(());
    }
    if let [look] = looks
        && let Some(filter) = look.filter.as_deref()
        && filter.is_of_units(query.units)
        && query.units == Units::Users
    {
        query.trace.count(|counts| counts.tables_read += 1);
        let known = match passing.iter().position(|(known, _)| *known == filter) {
            Some(known) => known,
            None => {
                passing.push((filter, filter.passing_units(query)?));
                passing.len() - 1
            }
        };
        coverage.matched += rows_of_users(query, table, look.range, &passing[known].1)?;
        return Ok(());
    }
    if let [look] = looks {
        let test = RowTest::compile(query, table, look.filter.as_deref())?;
        query.trace.count(|counts| counts.tables_read += 1);
        let mut scan = TableScan::counting(query, table)?;
        let every_row = scan.all_rows();
        scan.visit(&test, &test.candidates, look.range, every_row, |block, mask, _| {
            coverage.count(query, block, mask);
            Ok(())
        })?;
        return Ok(());
    }
    let tests = looks
        .iter()
        .map(|look| Ok((RowTest::compile(query, table, look.filter.as_deref())?, look.range)))
        .collect::<Result<Vec<_>, ExecutionError>>()?;
    let candidates = tests.iter().map(|(test, _)| &test.candidates);
    let candidates = candidates.fold(Candidates::none(), Candidates::or);
    query.trace.count(|counts| counts.tables_read += 1);
    let mut scan = TableScan::new(query, table)?;
    let every_row = scan.all_rows();
    scan.visit(
        &RowTest::compile(query, table, None)?,
        &candidates,
        ResolvedRange::ALL,
        every_row,
        |block, all, buffer| {
            let rows = block.times.len();
            let mask = tests.iter().fold(Mask::NONE, |mask, (test, range)| {
                let in_range = Mask::from_fn(rows, |row| range.contains(block.times[row]));
                if in_range.is_empty() {
                    mask
                } else {
                    mask.or(&in_range.and(&test.select(block.number, rows, buffer)))
                }
            });
            let mask = mask.and(all);
            coverage.count(query, block, &mask);
            Ok(())
        },
    )?;
    Ok(())
}
