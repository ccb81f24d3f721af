//! Ordered funnels: how far each unit came, and when.
//!
//! The rows of all steps are brought into one list sorted by (unit, time, arrival). Only units that did the first
//! step in the range are worth reading for the later ones.

use super::distinct::units_in;
use super::look::Look;
use super::query::{NO_UNIT, Query};
use super::scan::visit_rows;
use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::language::ResolvedRange;

/// How far a unit came in its best attempt, the earliest of those that came as far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The unit.
    pub unit: u32,
    /// The times of the steps that were reached, in microseconds: at least the first.
    pub times: Vec<i64>,
}

/// A row that can fill at least one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StepRow {
    unit: u32,
    time: i64,
    arrival: u64,
    /// One bit per step that it can fill.
    steps: u32,
}

/// How far every unit with a first step came. `steps` are the looks of the steps, in any range; the first is taken
/// within `range`, the others up to `window_micros` after its end (inclusive).
///
/// # Errors
/// When the store is damaged.
pub fn reached(
    query: Query<'_>,
    steps: &[Look],
    range: ResolvedRange,
    window_micros: i64,
) -> Result<Vec<Reached>, DecodeError> {
    let Some((first, later)) = steps.split_first() else { return Ok(Vec::new()) };
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let starting = units_in(query, &first.within(range))?;
    let mut is_starting = vec![false; query.unit_count() as usize];
    starting.iter().for_each(|unit| is_starting[unit as usize] = true);

    let mut rows = Vec::new();
    collect(query, &first.within(range), 1, &is_starting, &mut rows)?;
    // `to` itself is not in the range, so the last attempt may open one microsecond before it.
    let to_micros = range.to_micros.saturating_add(window_micros);
    let later_range = ResolvedRange { from_micros: range.from_micros, to_micros };
    for (place, step) in later.iter().enumerate() {
        collect(query, &step.within(later_range), 1 << (place + 1), &is_starting, &mut rows)?;
    }
    // Rows come in sorted runs, one for each table and step, which the stable sort merges.
    rows.sort();
    Ok(rows
        .chunk_by(|a, b| a.unit == b.unit)
        .filter_map(|of_unit| best_attempt(of_unit, steps.len(), window_micros))
        .collect())
}

fn collect(
    query: Query<'_>,
    look: &Look,
    step: u32,
    is_starting: &[bool],
    rows: &mut Vec<StepRow>,
) -> Result<(), DecodeError> {
    let mut buffer = Box::new([0; BLOCK_VALUES]);
    visit_rows(
        query,
        look,
        |table| Ok((table.arrivals()?, table.arrival_base().raw())),
        |(arrivals, base): &mut (Packed, u64), block, mask, _| {
            arrivals.decode_block(block.number, &mut buffer);
            for row in mask.rows() {
                let unit = block.units[row];
                if unit != NO_UNIT && is_starting[unit as usize] {
                    let arrival = *base + buffer[row] as u64;
                    rows.push(StepRow { unit, time: block.times[row], arrival, steps: step });
                }
            }
        },
    )
}

/// The earliest attempt that comes as far as any. The rows are one unit's, in order; a row that can fill several
/// steps stands there once for each.
fn best_attempt(rows: &[StepRow], steps: usize, window_micros: i64) -> Option<Reached> {
    let mut events: Vec<StepRow> = Vec::with_capacity(rows.len());
    for row in rows {
        match events.last_mut() {
            Some(last) if (last.time, last.arrival) == (row.time, row.arrival) => last.steps |= row.steps,
            _ => events.push(*row),
        }
    }
    // next[step * n + i]: the first event after event i that can fill the step, n when there is none.
    let n = events.len();
    let mut next = vec![n; steps * n];
    for step in 1..steps {
        let mut following = n;
        for i in (0..n).rev() {
            next[step * n + i] = following;
            if events[i].steps >> step & 1 == 1 {
                following = i;
            }
        }
    }
    let mut best: Option<Vec<usize>> = None;
    for start in (0..n).filter(|i| events[*i].steps & 1 == 1) {
        let deadline = events[start].time.saturating_add(window_micros);
        let mut path = vec![start];
        let mut at = start;
        for step in 1..steps {
            at = next[step * n + at];
            if at == n || events[at].time > deadline {
                break;
            }
            path.push(at);
        }
        if best.as_ref().is_none_or(|best| path.len() > best.len()) {
            let complete = path.len() == steps;
            best = Some(path);
            if complete {
                break;
            }
        }
    }
    best.map(|path| Reached { unit: events[path[0]].unit, times: path.into_iter().map(|i| events[i].time).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one unit: time, and the steps that it can fill; arrival is the place in the list.
    fn times(rows: &[(i64, u32)], steps: usize, window: i64) -> Option<Vec<i64>> {
        let rows: Vec<StepRow> = rows
            .iter()
            .enumerate()
            .map(|(arrival, (time, steps))| StepRow { unit: 7, time: *time, arrival: arrival as u64, steps: *steps })
            .collect();
        best_attempt(&rows, steps, window).map(|reached| reached.times)
    }

    #[test]
    fn one_event_fills_one_step() {
        assert_eq!(times(&[(1, 0b11)], 2, 10), Some(vec![1]));
        assert_eq!(times(&[(1, 0b11), (1, 0b11)], 2, 10), Some(vec![1, 1]), "the same instant, in order of arrival");
    }

    #[test]
    fn the_window_is_inclusive_and_counts_from_the_first_step() {
        assert_eq!(times(&[(0, 1), (10, 2), (11, 4)], 3, 10), Some(vec![0, 10]));
        assert_eq!(times(&[(0, 1), (10, 2), (10, 4)], 3, 10), Some(vec![0, 10, 10]));
    }

    #[test]
    fn the_earliest_attempt_of_the_best_level_counts() {
        assert_eq!(times(&[(0, 1), (50, 1), (51, 2), (52, 1), (53, 2)], 2, 10), Some(vec![50, 51]));
        assert_eq!(times(&[(0, 2), (1, 4)], 3, 10), None, "no first step, no attempt");
    }
}
