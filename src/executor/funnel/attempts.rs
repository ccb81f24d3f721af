//! What became of attempts: of each unit the one that counts, and by when attempts opened.

use super::super::charge::{Charge, Charged};
use super::super::error::ExecutionError;
use super::super::footprint::{Footprint, list_bytes};
use super::super::guard::Guard;
use super::super::limits::Stop;
use super::FunnelPlan;
use crate::language::FunnelEntry;
use std::cmp::Ordering;

/// What became of the attempts of all units, in parts as threads found them. These stay apart: putting them together would
/// copy all of them, and take fresh memory once more.
#[derive(Debug, Default)]
pub struct Attempts(Vec<Part>);

/// What became of the attempts of some units, of which no other part has one.
#[derive(Debug, Default)]
pub struct Part {
    /// The one of each unit that counts, by unit.
    counting: Vec<Counting>,
    /// The times of those that were found, one after the other.
    times: Vec<i64>,
    /// All that are to be counted by when they open, those of one unit, bucket and tuple taken together.
    starts: Vec<Start>,
}

/// An attempt among the others of its part.
#[derive(Clone, Copy, Debug)]
struct Counting {
    unit: u32,
    tuple: u32,
    /// How many steps were reached: at least one.
    level: u32,
    /// Where its times begin among those of all.
    first_time: usize,
    /// The arrival of the event that opened it.
    arrival: u64,
}

/// How far a unit came in the attempt that counts: the earliest of those that came as far as any, or its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached<'a> {
    /// The unit.
    pub unit: u32,
    /// The number of the breakdown tuple with which it opened.
    pub tuple: u32,
    /// The times at which steps were reached, in microseconds: at least the first.
    pub times: &'a [i64],
}

/// The attempt of a unit that counts among those that were looked at.
#[derive(Debug, Default)]
pub(super) struct Best {
    pub tuple: u32,
    arrival: u64,
    /// When steps were reached; empty as long as there is no attempt.
    pub times: Vec<i64>,
}

/// How far a unit came in attempts that opened in one bucket with one tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Start {
    /// The unit.
    pub unit: u32,
    /// The place of the bucket.
    pub bucket: u32,
    /// The number of the breakdown tuple.
    pub tuple: u32,
    /// How many steps were reached.
    pub level: u32,
}

impl Attempts {
    /// Puts together what several threads found.
    pub(super) fn join(
        guard: &Guard,
        found: Vec<Result<Charged<Vec<Part>>, ExecutionError>>,
    ) -> Result<Charged<Self>, ExecutionError> {
        let (mut all, mut charge) = (Self::default(), Charge::none(guard));
        for parts in found {
            let (parts, of_parts) = parts?.into_parts();
            charge.join(of_parts);
            all.0.extend(parts);
        }
        Ok(Charged::with(all, charge))
    }

    /// The parts, for work that is shared.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// How many units have an attempt that counts.
    pub fn units(&self) -> usize {
        self.0.iter().map(|part| part.counting.len()).sum()
    }

    /// The attempts that count, one of each unit, in any order.
    pub fn counting(&self) -> impl Iterator<Item = Reached<'_>> {
        self.0.iter().flat_map(Part::counting)
    }

    /// All attempts that are to be counted by when they open, those of one unit, bucket and tuple taken together.
    pub fn starts(&self) -> impl Iterator<Item = &Start> {
        self.0.iter().flat_map(|part| &part.starts)
    }
}

impl Part {
    /// As [`Attempts::counting`], by unit.
    pub fn counting(&self) -> impl Iterator<Item = Reached<'_>> {
        self.counting.iter().map(|one| Reached { unit: one.unit, tuple: one.tuple, times: one.times(&self.times) })
    }

    /// What was taken, in no more room than it needs. This is empty then, and its room serves what comes next.
    pub(super) fn take_all(&mut self) -> Self {
        let all = Self { counting: self.counting.to_vec(), times: self.times.to_vec(), starts: self.starts.to_vec() };
        self.counting.clear();
        self.times.clear();
        self.starts.clear();
        all
    }

    /// Takes an attempt of a unit that may count, if there is one.
    pub(super) fn push(&mut self, unit: u32, best: &Best) {
        let Best { tuple, arrival, ref times } = *best;
        if !times.is_empty() {
            let (level, first_time) = (times.len() as u32, self.times.len());
            // These are few.
            times.iter().for_each(|time| self.times.push(*time));
            self.counting.push(Counting { unit, tuple, level, first_time, arrival });
        }
    }

    /// Takes what an attempt adds to the bucket in which it opened.
    pub(super) fn push_start(&mut self, plan: &FunnelPlan<'_>, unit: u32, tuple: u32, times: &[i64]) {
        if let Some(start) = Start::of(plan, unit, tuple, times) {
            add_start(&mut self.starts, start);
        }
    }

    /// Keeps one attempt of each unit, when all were taken.
    ///
    /// # Errors
    /// When the execution may not go on.
    pub(super) fn settle(&mut self, guard: &Guard, plan: &FunnelPlan<'_>) -> Result<(), Stop> {
        self.keep_one_each(guard, plan.entry)?;
        if plan.entry == FunnelEntry::First {
            let Self { counting, times, starts } = self;
            // Until all of the part is charged for.
            let _starts = Charge::of(guard, counting.len() * size_of::<Start>())?;
            starts.reserve_exact(counting.len());
            starts.extend(counting.iter().filter_map(|one| Start::of(plan, one.unit, one.tuple, one.times(times))));
        }
        Ok(())
    }

    fn keep_one_each(&mut self, guard: &Guard, entry: FunnelEntry) -> Result<(), Stop> {
        let Self { counting, times, .. } = self;
        // Units that came one after the other, with one attempt each, are left as they are.
        if counting.is_sorted_by(|a, b| a.unit < b.unit) {
            return Ok(());
        }
        let before = |a: &Counting, b: &Counting| counts_before(times, a, b, entry);
        if guard.sorts_at_once(counting.len()) {
            // Passes are mostly in order, which a stable sort makes use of; it takes room for half of the list.
            let _half = Charge::of(guard, list_bytes(counting) / 2)?;
            counting.sort_by(before);
        } else {
            guard.sort_by(counting, &before)?;
        }
        counting.dedup_by_key(|one| one.unit);
        Ok(())
    }
}

impl Footprint for Part {
    fn footprint(&self) -> usize {
        list_bytes(&self.counting) + list_bytes(&self.times) + list_bytes(&self.starts)
    }
}

impl Counting {
    /// Its times among those of all.
    fn times<'a>(&self, times: &'a [i64]) -> &'a [i64] {
        times.get(self.first_time..self.first_time + self.level as usize).unwrap_or_default()
    }
}

impl Reached<'_> {
    /// How many steps were reached.
    pub fn level(&self) -> usize {
        self.times.len()
    }
}

impl Best {
    pub fn clear(&mut self) {
        self.times.clear();
    }

    /// How many steps were reached.
    pub fn level(&self) -> usize {
        self.times.len()
    }

    pub fn set(&mut self, tuple: u32, arrival: u64, times: &[i64]) {
        (self.tuple, self.arrival) = (tuple, arrival);
        self.times.clear();
        self.times.extend_from_slice(times);
    }
}

impl Start {
    /// What an attempt adds to the bucket in which it opened.
    fn of(plan: &FunnelPlan<'_>, unit: u32, tuple: u32, times: &[i64]) -> Option<Self> {
        let bucket = plan.buckets?.index_of(*times.first()?)?;
        Some(Self { unit, bucket: bucket as u32, tuple, level: times.len() as u32 })
    }
}

/// Adds a start to the one before where both are of one unit, bucket and tuple.
fn add_start(starts: &mut Vec<Start>, start: Start) {
    let key = |start: &Start| (start.unit, start.bucket, start.tuple);
    match starts.last_mut() {
        Some(last) if key(last) == key(&start) => last.level = last.level.max(start.level),
        _ => starts.push(start),
    }
}

/// The order by unit in which, of the parts of a unit, the attempt that counts over all of them is the first.
fn counts_before(times: &[i64], a: &Counting, b: &Counting, entry: FunnelEntry) -> Ordering {
    let opened = |one: &Counting| (one.times(times).first(), one.arrival);
    let by_level = match entry {
        FunnelEntry::Best => b.level.cmp(&a.level),
        FunnelEntry::First => Ordering::Equal,
    };
    a.unit.cmp(&b.unit).then(by_level).then_with(|| opened(a).cmp(&opened(b)))
}

#[cfg(test)]
mod tests {
    use super::super::super::limits::Limits;
    use super::*;

    #[test]
    fn of_several_parts_the_earliest_of_the_best_attempts_counts_or_the_first() {
        let counting = |entry| {
            let mut all = Part::default();
            for (unit, arrival, times) in [(3, 9, &[20, 30][..]), (3, 4, &[10]), (1, 0, &[5]), (3, 8, &[20, 25])] {
                all.push(unit, &Best { tuple: 0, arrival, times: times.to_vec() });
            }
            all.push(2, &Best::default());
            all.keep_one_each(&Guard::new(&Limits::default()), entry).unwrap();
            all.counting().map(|one| (one.unit, one.times.to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(counting(FunnelEntry::Best), [(1, vec![5]), (3, vec![20, 25])]);
        assert_eq!(counting(FunnelEntry::First), [(1, vec![5]), (3, vec![10])]);
    }

    #[test]
    fn starts_of_one_bucket_and_tuple_are_one() {
        let start = |bucket, tuple, level| Start { unit: 1, bucket, tuple, level };
        let mut starts = Vec::new();
        for one in [start(0, 0, 1), start(0, 0, 3), start(0, 0, 2), start(0, 5, 1), start(1, 5, 1)] {
            add_start(&mut starts, one);
        }
        assert_eq!(starts, [start(0, 0, 3), start(0, 5, 1), start(1, 5, 1)]);
    }
}
