//! Attempts where each event fills one step at most, in order, with nothing excluded: the rows of each step are walked
//! side by side, and need not be put in one order.

use super::super::guard::Guard;
use super::super::limits::Stop;
use super::rows::Row;
use super::walk::{Attempting, Rules};
use crate::language::FunnelOrder;
use std::ops::Range;

/// Attempts that take about as long as what is mostly done between two ticks of the guard.
const ATTEMPTS_A_TICK: usize = 16;

/// The attempts of one part after the other. What it holds is reused from part to part.
pub(super) struct Sequence<'r> {
    guard: &'r Guard,
    window_micros: i64,
    /// By step: how many of its rows no later attempt can use.
    passed: Vec<usize>,
    /// By step: its rows among those of the part.
    places: Vec<Range<usize>>,
    /// When the attempt reached its steps.
    times: Vec<i64>,
}

/// The order of everything, as one number, which is cheap to compare.
#[inline]
fn place_in_time(row: &Row) -> i128 {
    i128::from(row.time) << 64 | i128::from(row.arrival)
}

impl<'r> Sequence<'r> {
    /// `None` where attempts need more than this: `alike` says that steps next to each other are of the same events.
    pub fn new(guard: &'r Guard, rules: &Rules, alike: bool) -> Option<Self> {
        let is_simple = rules.order == FunnelOrder::Ordered && rules.exclusions.is_empty() && !alike;
        is_simple.then(|| Self {
            guard,
            window_micros: rules.window_micros,
            passed: vec![0; rules.steps],
            places: vec![0..0; rules.steps],
            times: Vec::new(),
        })
    }

    /// Takes the rows of the next part: those of the first step, then those of the second, and so on.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn load<'p>(&'p mut self, rows: &'p mut [Row]) -> Result<Loaded<'p, 'r>, Stop> {
        let mut start = 0;
        for (step, places) in self.places.iter_mut().enumerate() {
            let is_before = |row: &Row| row.marks.steps() >> (step + 1) == 0;
            let end = start + rows[start..].partition_point(is_before);
            let of_step = &mut rows[start..end];
            // Mostly they came in order: a table's rows of one user do.
            if !of_step.is_sorted_by_key(place_in_time) {
                self.guard.sort_by(of_step, &|a, b| place_in_time(a).cmp(&place_in_time(b)))?;
            }
            *places = start..end;
            start = end;
        }
        self.passed.fill(0);
        Ok(Loaded { sequence: self, rows })
    }
}

/// The attempts of one part.
pub(super) struct Loaded<'p, 'r> {
    sequence: &'p mut Sequence<'r>,
    rows: &'p [Row],
}

impl Attempting for Loaded<'_, '_> {
    fn attempts(&self) -> usize {
        self.sequence.places[0].len()
    }

    fn opening(&self, attempt: usize) -> &Row {
        &self.rows[attempt]
    }

    fn reach(&mut self, attempt: usize) -> Result<&[i64], Stop> {
        let Sequence { guard, window_micros, passed, places, times } = &mut *self.sequence;
        // An attempt takes a few steps only.
        if attempt.is_multiple_of(ATTEMPTS_A_TICK) {
            guard.tick()?;
        }
        let mut last = &self.rows[attempt];
        let deadline = last.time.saturating_add(*window_micros);
        times.clear();
        times.push(last.time);
        for (places, passed) in places.iter().zip(passed).skip(1) {
            let rows = &self.rows[places.clone()];
            // A later attempt never fills a step earlier, so the rows before are passed for good.
            let after = place_in_time(last);
            while rows.get(*passed).is_some_and(|row| place_in_time(row) <= after) {
                *passed += 1;
            }
            let Some(next) = rows.get(*passed).filter(|next| next.time <= deadline) else { break };
            times.push(next.time);
            last = next;
        }
        Ok(times)
    }
}
