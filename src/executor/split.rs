//! Rows folded on several threads where there are many of them.

use super::coverage::Coverage;
use super::error::ExecutionError;
use super::guard::Guard;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::query::Query;
use super::row_test::RowTest;
use super::scan::{Block, TableScan, find_tables, tables_of};
use crate::codec::packed::BLOCK_VALUES;
use crate::helpers::{in_parallel, threads_at_best};
use crate::segment::{BlockBuffer, Table};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many threads should share the work on so many rows: at least one.
pub(crate) fn threads_for(guard: &Guard, rows: usize) -> usize {
    (rows / guard.thread_rows()).clamp(1, threads_at_best())
}

/// So many things, one after the other, in parts for so many threads. They are more than the threads, as what is found
/// at the first of them may be more work than at the last: who has done a part takes the next.
pub(super) fn parts_of(count: usize, threads: usize) -> impl Iterator<Item = Range<usize>> {
    few_parts_of(count, threads, PARTS_A_THREAD)
}

/// The same, in so many parts for each thread where each part costs something by itself.
pub(super) fn few_parts_of(count: usize, threads: usize, a_thread: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = if threads > 1 { (threads * a_thread).min(count.max(1)) } else { 1 };
    (0..parts).map(move |part| count * part / parts..count * (part + 1) / parts)
}

const PARTS_A_THREAD: usize = 8;

/// The rows that a look asks for, as far as they must be read.
pub(super) struct RowsToRead<'a> {
    /// Where they are.
    pub tables: Vec<Table<'a>>,
    /// What is known of the others.
    pub known: Coverage,
}

impl<'a> RowsToRead<'a> {
    /// All that a look asks for.
    pub fn all(query: Query<'a>, look: &Look) -> Self {
        let segments = query.snapshot.segments().iter();
        let tables = segments.flat_map(|segment| tables_of(query, look, segment)).collect();
        Self { tables, known: Coverage::default() }
    }

    /// How many there are of all that a look asks for, before anything is told of them.
    pub fn count_all(query: Query<'_>, look: &Look) -> usize {
        query
            .snapshot
            .segments()
            .iter()
            .flat_map(|segment| find_tables(look, segment).0)
            .map(|table| table.rows())
            .sum()
    }

    /// How many rows the tables have.
    pub fn count(&self) -> usize {
        self.tables.iter().map(|table| table.rows()).sum()
    }
}

/// What is done with rows: `start` begins a fold, `open` is called with each table that is read for it, and what it
/// answers goes along to `visit`, with the blocks of the table; `join` puts two folds together.
pub(super) struct RowFold<Start, Open, Visit, Join> {
    /// Whether it matters which unit a row has, and not only that it has one.
    pub looks_at_units: bool,
    /// How many times the work of counting a row it is to take one in; at least 1.
    pub row_work: usize,
    pub start: Start,
    pub open: Open,
    pub visit: Visit,
    pub join: Join,
}

impl<Start, Open, Visit, Join> RowFold<Start, Open, Visit, Join> {
    /// Folds these of the rows that a look asks for. The order in which folds are joined depends on threads, and must not
    /// show.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn run<T, A>(&self, query: Query<'_>, look: &Look, rows: RowsToRead<'_>) -> Result<A, ExecutionError>
    where
        A: Send,
        Start: Fn() -> Result<A, Stop> + Sync,
        Open: Fn(Table<'_>) -> Result<T, ExecutionError> + Sync,
        Visit: Fn(&mut A, &mut T, &Block<'_>, &Mask, &mut BlockBuffer) -> Result<(), Stop> + Sync,
        Join: Fn(&mut A, A) -> Result<(), Stop> + Sync,
    {
        let threads = threads_for(query.guard, rows.count().saturating_mul(self.row_work));
        let RowsToRead { tables, known } = rows;
        query.trace.count(|counts| counts.tables_read += tables.len() as u64);
        let piece_rows = query.guard.thread_rows().div_ceil(self.row_work);
        let mut pieces: Vec<(Table<'_>, Range<usize>)> = tables
            .iter()
            .flat_map(|table| pieces_of(table.rows(), piece_rows, threads).map(|rows| (*table, rows)))
            .collect();
        // The largest first, so that no thread is left with one at the end.
        pieces.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
        let take = |(fold, coverage): &mut (A, Coverage), (table, rows): &(Table<'_>, Range<usize>)| {
            query.guard.check()?;
            let test = RowTest::compile(query, *table, look.filter.as_deref())?;
            let mut opened = (self.open)(*table)?;
            let mut scan = match self.looks_at_units {
                true => TableScan::new(query, *table)?,
                false => TableScan::without_units(query, *table)?,
            };
            scan.visit(&test, &test.candidates, look.range, rows.clone(), |block, mask, buffer| {
                coverage.count(query, block, mask);
                (self.visit)(fold, &mut opened, block, mask, buffer)
            })?;
            Ok(())
        };
        let (fold, mut coverage) = fold_pieces(&pieces, threads, &self.start, take, &self.join)?;
        coverage.add(known);
        query.trace.remember(query.units, look, coverage);
        Ok(fold)
    }
}

/// Folds pieces of rows on so many threads, and counts the rows of each: `start` begins a fold, `take` takes a piece into
/// it, and `join` puts two together. Threads take pieces as they come.
///
/// # Errors
/// What these say.
pub(super) fn fold_pieces<P: Sync, A: Send>(
    pieces: &[P],
    threads: usize,
    start: impl Fn() -> Result<A, Stop> + Sync,
    take: impl Fn(&mut (A, Coverage), &P) -> Result<(), ExecutionError> + Sync,
    join: impl Fn(&mut A, A) -> Result<(), Stop>,
) -> Result<(A, Coverage), ExecutionError> {
    let next = AtomicUsize::new(0);
    let work = |thread: &usize| -> Result<Option<(A, Coverage)>, ExecutionError> {
        if *thread > 0 && next.load(Ordering::Relaxed) >= pieces.len() {
            // Another was done with all before this one began.
            return Ok(None);
        }
        let mut fold = match start() {
            Ok(fold) => (fold, Coverage::default()),
            // Where there is no memory for another fold, the first takes all pieces.
            Err(Stop::Memory) if *thread > 0 => return Ok(None),
            Err(stop) => return Err(stop.into()),
        };
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = take(&mut fold, piece) {
                // Nobody needs the rest.
                next.store(pieces.len(), Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(Some(fold))
    };
    let mut all: Option<(A, Coverage)> = None;
    for done in in_parallel(threads, &(0..threads).collect::<Vec<_>>(), work) {
        let Some((fold, coverage)) = done? else { continue };
        match &mut all {
            None => all = Some((fold, coverage)),
            Some((joined, whole)) => {
                join(joined, fold)?;
                whole.add(coverage);
            }
        }
    }
    match all {
        Some(all) => Ok(all),
        // The first thread always has a fold.
        None => Ok((start()?, Coverage::default())),
    }
}

/// A table's rows in at most so many pieces of whole blocks, each of about so many rows or more.
fn pieces_of(rows: usize, piece_rows: usize, threads: usize) -> impl Iterator<Item = Range<usize>> {
    let pieces = (rows / piece_rows).clamp(1, threads);
    let step = rows.div_ceil(pieces).next_multiple_of(BLOCK_VALUES).max(1);
    (0..rows).step_by(step).map(move |start| start..rows.min(start + step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_up_the_whole() {
        for (count, threads, expected) in [(0, 2, 1), (1, 2, 1), (5, 1, 1), (5, 2, 5), (1000, 2, 16), (1 << 40, 8, 64)]
        {
            let parts: Vec<_> = parts_of(count, threads).collect();
            assert_eq!(parts.len(), expected);
            assert!(parts[0].start == 0 && parts[parts.len() - 1].end == count);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start && !pair[0].is_empty()));
        }
    }

    #[test]
    fn pieces_are_of_whole_blocks_and_make_up_the_table() {
        for (rows, threads, expected) in [(5, 4, 1), (2 * 5000 - 1, 4, 1), (3 * 5000, 2, 2), (1 << 20, 4, 4)] {
            let pieces: Vec<_> = pieces_of(rows, 5000, threads).collect();
            assert_eq!(pieces.len(), expected);
            assert!(pieces.iter().all(|piece| piece.start.is_multiple_of(BLOCK_VALUES)));
            assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start) && pieces[pieces.len() - 1].end == rows);
        }
    }
}
