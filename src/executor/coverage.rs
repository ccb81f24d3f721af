//! What a report looked at: events that matched, and those of them without a counted unit.

use super::candidates::Candidates;
use super::distinct::counted_rows;
use super::error::ExecutionError;
use super::look::Look;
use super::mask::Mask;
use super::query::{NO_UNIT, Query, misses};
use super::row_test::RowTest;
use super::scan::TableScan;
use crate::language::ResolvedRange;
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
    let mut coverage = Coverage::default();
    for segment in query.snapshot.segments() {
        for table in segment.tables() {
            query.guard.check()?;
            let (first, last) = table.time_range();
            let mut asked: Vec<&Look> = looks
                .iter()
                .filter(|look| look.names(table.event()) && !misses(look.range, (first.micros(), last.micros())))
                .collect();
            asked.dedup();
            if !asked.is_empty() {
                count_table(query, table, &asked, &mut coverage)?;
            }
        }
    }
    Ok(coverage)
}

fn count_table(
    query: Query<'_>,
    table: Table<'_>,
    looks: &[&Look],
    coverage: &mut Coverage,
) -> Result<(), ExecutionError> {
    if let [look] = looks
        && look.filter.is_none()
        && let Some((rows, with_unit)) = counted_rows(query, table, look.range)?
    {
        query.trace.count(|counts| counts.tables_by_index += 1);
        coverage.matched += rows;
        coverage.without_group += rows - with_unit;
        return Ok(());
    }
    let tests = looks
        .iter()
        .map(|look| Ok((RowTest::compile(query, table, look.filter.as_deref())?, look.range)))
        .collect::<Result<Vec<_>, ExecutionError>>()?;
    let candidates = tests.iter().map(|(test, _)| &test.candidates);
    let candidates = candidates.fold(Candidates::none(), Candidates::or);
    let mut scan = TableScan::new(query, table)?;
    scan.visit(&RowTest::compile(query, table, None)?, &candidates, ResolvedRange::ALL, |block, all, buffer| {
        let rows = block.times.len();
        let mask = tests.iter().fold(Mask::NONE, |mask, (test, range)| {
            let in_range = Mask::from_fn(rows, |row| range.contains(block.times[row]));
            if in_range.is_empty() { mask } else { mask.or(&in_range.and(&test.select(block.number, rows, buffer))) }
        });
        let mask = mask.and(all);
        coverage.matched += mask.count();
        coverage.without_group += mask.rows().filter(|row| block.units[*row] == NO_UNIT).count() as u64;
        Ok(())
    })?;
    Ok(())
}
