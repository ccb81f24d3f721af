//! What an execution read, what it skipped and why: the numbers behind `report --explain`.

use super::coverage::Coverage;
use super::lock::lock;
use super::look::Look;
use super::query::Units;
use crate::codec::reading;
use serde::Serialize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What was read and skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Tables (one event in one segment) of which rows were read.
    pub tables_read: u64,
    /// Tables answered from their index of days, without a row.
    pub tables_by_index: u64,
    /// Tables skipped because another event was asked for.
    pub tables_of_other_events: u64,
    /// Tables skipped because none of their rows lies in the range.
    pub tables_out_of_range: u64,
    /// Blocks of up to 1,024 rows that were read.
    pub blocks_read: u64,
    /// Blocks skipped because none of their rows lies in the range.
    pub blocks_out_of_range: u64,
    /// Blocks skipped because none of their rows passes the filter.
    pub blocks_filtered: u64,
    /// Blocks skipped because the index of keys has none of their rows.
    pub blocks_by_index: u64,
    /// Rows in the range that were tested.
    pub rows_tested: u64,
    /// Rows that passed.
    pub rows_passed: u64,
    /// Bitmaps of units per event and day that were read.
    pub bitmaps_read: u64,
    /// identify() and group() calls that were folded.
    pub calls_folded: u64,
    /// Stored bytes that were decoded, as [`reading`] counts them: whole blocks of columns and texts, bitmaps,
    /// directories. What is read twice counts twice. Counted where stages are kept.
    pub bytes_decoded: u64,
    /// Stored bytes that were held against their checksums, as each blob is when it is first used after the store was
    /// opened. Counted where stages are kept.
    pub bytes_checked: u64,
}

impl Counts {
    fn parts(&mut self) -> [&mut u64; 14] {
        [
            &mut self.tables_read,
            &mut self.tables_by_index,
            &mut self.tables_of_other_events,
            &mut self.tables_out_of_range,
            &mut self.blocks_read,
            &mut self.blocks_out_of_range,
            &mut self.blocks_filtered,
            &mut self.blocks_by_index,
            &mut self.rows_tested,
            &mut self.rows_passed,
            &mut self.bitmaps_read,
            &mut self.calls_folded,
            &mut self.bytes_decoded,
            &mut self.bytes_checked,
        ]
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, mut other: Self) {
        for (count, more) in self.parts().into_iter().zip(other.parts()) {
            *count += *more;
        }
    }

    /// What was counted since `earlier`.
    fn since(mut self, mut earlier: Self) -> Self {
        for (count, before) in self.parts().into_iter().zip(earlier.parts()) {
            *count -= *before;
        }
        self
    }
}

/// One stage of an execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// What was done.
    pub stage: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was read for it.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Collects counts, and stages when it is asked to. It never changes an answer.
#[derive(Debug, Default)]
pub struct Trace {
    counts: Mutex<Counts>,
    stages: Option<Mutex<Vec<Stage>>>,
    /// Whether a stage is under way: what it calls is part of it.
    inside: AtomicBool,
    /// Looks whose rows were visited while these units were counted, and what rows they were.
    visited: Mutex<Vec<(Units, Look, Coverage)>>,
}

/// Looks to remember at a time; a report has few of them.
const VISITED_MAX: usize = 64;

impl Trace {
    /// A trace that keeps the stages.
    pub fn of_stages() -> Self {
        Self { stages: Some(Mutex::default()), ..Self::default() }
    }

    /// Counts something.
    #[inline]
    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut lock(&self.counts));
    }

    /// Remembers what the rows of a look were, so that they need not be visited again to be counted.
    pub(super) fn remember(&self, units: Units, look: &Look, coverage: Coverage) {
        let mut visited = lock(&self.visited);
        if visited.len() < VISITED_MAX && !visited.iter().any(|known| (known.0, &known.1) == (units, look)) {
            visited.push((units, look.clone(), coverage));
        }
    }

    /// What the rows of a look were, if they were visited.
    pub(super) fn recall(&self, units: Units, look: &Look) -> Option<Coverage> {
        let visited = lock(&self.visited);
        visited.iter().find(|known| (known.0, &known.1) == (units, look)).map(|known| known.2)
    }

    /// Does a stage's work. A stage inside another is part of that one.
    pub fn stage<T>(&self, name: impl FnOnce() -> String, work: impl FnOnce() -> T) -> T {
        let Some(stages) = self.stages.as_ref().filter(|_| !self.inside.load(Ordering::Relaxed)) else { return work() };
        let (started, before, read_before) = (Instant::now(), *lock(&self.counts), reading::so_far());
        self.inside.store(true, Ordering::Relaxed);
        let done = work();
        self.inside.store(false, Ordering::Relaxed);
        let seconds = started.elapsed().as_secs_f64();
        let read = reading::so_far() - read_before;
        self.count(|counts| {
            counts.bytes_decoded += read.decoded;
            counts.bytes_checked += read.checked;
        });
        let counts = lock(&self.counts).since(before);
        lock(stages).push(Stage { stage: name(), seconds, counts });
        done
    }

    /// The stages so far, in order.
    pub fn stages(&self) -> Vec<Stage> {
        self.stages.as_ref().map(|stages| lock(stages).clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_what_was_counted_in_it_and_in_what_it_calls() {
        let trace = Trace::of_stages();
        trace.count(|counts| counts.rows_tested += 5);
        trace.stage(
            || "outer".to_owned(),
            || {
                trace.count(|counts| counts.rows_tested += 2);
                trace.stage(
                    || "inner".to_owned(),
                    || {
                        reading::decoded(7);
                        trace.count(|counts| counts.bitmaps_read += 1);
                    },
                );
            },
        );
        let stages = trace.stages();
        assert_eq!(stages.len(), 1);
        let counts = stages[0].counts;
        assert_eq!((counts.rows_tested, counts.bitmaps_read, counts.bytes_decoded), (2, 1, 7));
        assert!(Trace::default().stages().is_empty());
    }
}
