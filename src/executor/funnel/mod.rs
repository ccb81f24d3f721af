//! Funnels: how far every unit comes, and when.
//!
//! Rows are gathered from tables (`rows`) into parts, within which attempts are judged (`hold`); attempts are walked
//! part by part (`walk`, `filling`); here they come together by unit. Where one attempt of a user counts, rows need not
//! be gathered (`leaps`).
//!
//! Invariant: of later steps only the rows of parts in which all steps before happened are kept, and of everything
//! else only the rows of parts in which two steps happened.

mod filling;
mod hold;
mod leaps;
mod rows;
mod sequence;
mod walk;

use super::breakdown_values::BreakdownValues;
use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::footprint::list_bytes;
use super::limits::Stop;
use super::look::Look;
use super::query::{Query, Units};
use super::split::{parts_of, threads_for};
use crate::helpers::in_parallel;
use crate::language::{Buckets, FunnelEntry, FunnelOrder, Hold, ResolvedRange};
use hold::{EveryUnit, Held, Parts};
use leaps::can_leap;
use rows::{Gatherer, Marks, OpenSource, Pass, Row, Source};
use sequence::Sequence;
use std::cmp::Ordering;
use std::ops::Range;
use walk::{Attempting, Rules, Walk};

/// What a funnel asks for. The range of the looks is taken from the plan.
#[derive(Clone, Debug)]
pub struct FunnelPlan<'a> {
    /// The steps: at most 20.
    pub steps: Vec<Look>,
    /// In which order they must happen.
    pub order: FunnelOrder,
    /// Which attempt of a unit counts.
    pub entry: FunnelEntry,
    /// Events that must not fall between two steps.
    pub excluded: Vec<Excluded>,
    /// Every event that the report sees.
    pub seen: Look,
    /// What must be the same throughout an attempt.
    pub hold: Option<&'a Hold>,
    /// Where attempts open.
    pub range: ResolvedRange,
    /// How long after its opening an attempt may take; inclusive.
    pub window_micros: i64,
    /// The tuples of breakdown values that attempts open with, when they are wanted.
    pub values: Option<&'a BreakdownValues>,
    /// By when attempts open, when [`Attempts::starts`] are wanted.
    pub buckets: Option<&'a Buckets>,
}

/// Events that must not fall between two steps.
#[derive(Clone, Debug)]
pub struct Excluded {
    /// Which events.
    pub look: Look,
    /// The step after whose event they count, from 0.
    pub from: usize,
    /// The step before whose event they count, from 0; greater than `from`.
    pub to: usize,
}

/// What became of the attempts of all units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// The one of each unit that counts, by unit.
    pub counting: Vec<Reached>,
    /// The times of those that were found, one after the other.
    times: Vec<i64>,
    /// All that are to be counted by when they open, those of one unit, bucket and tuple taken together.
    pub starts: Vec<Start>,
}

/// How far a unit came in the attempt that counts: the earliest of those that came as far as any, or its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The unit.
    pub unit: u32,
    /// The number of the breakdown tuple with which it opened.
    pub tuple: u32,
    /// How many steps were reached: at least one.
    level: u32,
    /// Where its times begin among those of all.
    first_time: usize,
    /// The arrival of the event that opened it.
    arrival: u64,
}

/// The attempt of a unit that counts among those that were looked at.
#[derive(Debug, Default)]
struct Best {
    tuple: u32,
    arrival: u64,
    /// When steps were reached; empty as long as there is no attempt.
    times: Vec<i64>,
}

impl Best {
    fn clear(&mut self) {
        self.times.clear();
    }

    /// How many steps were reached.
    fn level(&self) -> usize {
        self.times.len()
    }

    fn set(&mut self, tuple: u32, arrival: u64, times: &[i64]) {
        (self.tuple, self.arrival) = (tuple, arrival);
        self.times.clear();
        self.times.extend_from_slice(times);
    }
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

/// The attempts of all units.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub fn attempts(query: Query<'_>, plan: &FunnelPlan<'_>) -> Result<Charged<Attempts>, ExecutionError> {
    if can_leap(query, plan) {
        return leaps::attempts(query, plan);
    }
    let mut exclusions: Vec<(usize, usize)> = plan.excluded.iter().map(|one| (one.from, one.to)).collect();
    exclusions.sort_unstable();
    exclusions.dedup();
    let rules = Rules { steps: plan.steps.len(), window_micros: plan.window_micros, order: plan.order, exclusions };
    let sources = Sources::new(query, plan, &rules);
    // Passes of other units know nothing of one another.
    let threads = threads_for(query.guard, sources.rows());
    let passes = passes(query, plan, sources.rows(), threads);
    joined(query, plan, in_parallel(threads, &passes, |passes| walk_passes(query, plan, &rules, &sources, passes)))
}

/// The attempts that several threads found, with one for each unit that counts.
fn joined(
    query: Query<'_>,
    plan: &FunnelPlan<'_>,
    found: Vec<Result<Charged<Attempts>, ExecutionError>>,
) -> Result<Charged<Attempts>, ExecutionError> {
    let mut found = found.into_iter();
    let (mut all, mut charge) = match found.next() {
        Some(first) => first?.into_parts(),
        None => (Attempts::default(), Charge::none(query.guard)),
    };
    for other in found {
        let (other, other_charge) = other?.into_parts();
        // Lists that grow are there twice for a moment.
        let _both = Charge::of(query.guard, all.list_bytes())?;
        charge.join(other_charge);
        all.add(other);
    }
    let Attempts { counting, times, starts } = &mut all;
    let before = |a: &Reached, b: &Reached| counts_before(times, a, b, plan.entry);
    if query.guard.sorts_at_once(counting.len()) {
        // What one thread found is mostly in order, which a stable sort makes use of; it takes room for half of the list.
        let _half = Charge::of(query.guard, list_bytes(counting) / 2)?;
        counting.sort_by(before);
    } else {
        query.guard.sort_by(counting, &before)?;
    }
    counting.dedup_by_key(|one| one.unit);
    if plan.entry == FunnelEntry::First {
        charge.add(counting.len() * size_of::<Start>())?;
        let started = |one: &Reached| start(plan, one.unit, one.tuple, one.times(times));
        *starts = counting.iter().filter_map(started).collect();
    }
    Ok(Charged::with(all, charge))
}

/// The attempts that these passes find.
fn walk_passes(
    query: Query<'_>,
    plan: &FunnelPlan<'_>,
    rules: &Rules,
    sources: &Sources<'_>,
    passes: &[Pass],
) -> Result<Charged<Attempts>, ExecutionError> {
    let mut all = Attempts::default();
    let (mut best, mut charge) = (Best::default(), Charge::none(query.guard));
    let held = Held::new(query, plan.hold);
    let mut opening = open_all(&sources.opening, query, &held, plan)?;
    let mut later = open_all(&sources.later, query, &held, plan)?;
    let mut gatherer = Gatherer::new(query.guard, &held, Parts::new(plan.hold));
    let mut walk = Walk::new(query.guard, rules);
    let has_alike = plan.steps.windows(2).any(|pair| pair[0] == pair[1]);
    let mut sequence = Sequence::new(query.guard, rules, has_alike);
    for pass in passes {
        gatherer.begin(pass);
        for source in &mut opening {
            gatherer.gather(source, pass.range, pass)?;
        }
        if gatherer.is_empty() {
            continue;
        }
        // Where steps come in any order, the rows that open attempts were taken for all steps.
        let from_micros = if plan.order == FunnelOrder::Any { pass.range.to_micros } else { pass.range.from_micros };
        for source in &mut later {
            gatherer.gather(source, ResolvedRange { from_micros, to_micros: plan.until(pass.range) }, pass)?;
        }
        gatherer.visit(|unit, depth, rows| {
            // In any order an attempt comes as far as there are steps.
            let depth = if plan.order == FunnelOrder::Any { plan.steps.len() } else { depth };
            match &mut sequence {
                Some(sequence) => {
                    walk_part(plan, unit, depth, &mut sequence.load(rows)?, &mut best, &mut all.starts)?;
                }
                None => {
                    walk.load(rows)?;
                    walk_part(plan, unit, depth, &mut walk, &mut best, &mut all.starts)?;
                }
            }
            all.push(unit, &best);
            charge.set(all.list_bytes())?;
            Ok(plan.is_decided_by(&best))
        })?;
    }
    Ok(Charged::with(all, charge))
}

/// Where the rows of a funnel come from, in the order in which they are to be taken.
struct Sources<'a> {
    /// Those that open attempts.
    opening: Vec<Source<'a>>,
    /// All others that matter.
    later: Vec<Source<'a>>,
}

impl<'a> Sources<'a> {
    fn new(query: Query<'a>, plan: &'a FunnelPlan<'_>, rules: &Rules) -> Self {
        let range = ResolvedRange { to_micros: plan.until(plan.range), ..plan.range };
        let steps = plan.steps.len();
        if plan.order == FunnelOrder::Any {
            let opening = |(places, step)| Source::opening(query, step, range, places);
            let later = |(places, step)| Source::any(query, step, range, places);
            let alike = || alike(&plan.steps, 0..steps);
            return Self { opening: alike().map(opening).collect(), later: alike().map(later).collect() };
        }
        let first = alike(&plan.steps, 0..1).map(|(places, step)| Source::opening(query, step, range, places));
        let next = alike(&plan.steps, 1..steps).map(|(places, step)| Source::next(query, step, range, places));
        let (opening, mut later) = (first.collect(), next.collect::<Vec<_>>());
        for excluded in &plan.excluded {
            if let Ok(number) = rules.exclusions.binary_search(&(excluded.from, excluded.to)) {
                later.push(Source::between(query, &excluded.look, range, Marks::exclusion(number)));
            }
        }
        if plan.order == FunnelOrder::Strict {
            later.push(Source::between(query, &plan.seen, range, Marks::SEEN));
        }
        Self { opening, later }
    }

    fn rows(&self) -> usize {
        self.opening.iter().chain(&self.later).map(Source::rows).sum()
    }
}

fn open_all<'a>(
    sources: &'a [Source<'a>],
    query: Query<'a>,
    held: &'a Held<'a>,
    plan: &'a FunnelPlan<'a>,
) -> Result<Vec<OpenSource<'a>>, ExecutionError> {
    sources.iter().map(|source| source.open(query, held, plan.values)).collect()
}

/// Rows of a pass that stay in the cache while they are put together and walked.
const PASS_ROWS: usize = 1 << 15;
/// The first of two passes over time looks at a part of the range, at least so many times shorter.
const FIRST_PASS: i64 = 32;

/// The passes in which so many rows are walked, in parts for threads.
///
/// Users come one group after the other, as their rows do. Of other units each thread takes some, at once; but where one
/// attempt may decide all of a unit, those that open early come first: most rows of the rest need not be taken then.
fn passes(query: Query<'_>, plan: &FunnelPlan<'_>, rows: usize, threads: usize) -> Vec<Vec<Pass>> {
    let count = query.unit_count();
    let pass_rows = PASS_ROWS.min(query.guard.thread_rows());
    if query.units == Units::Users && query.snapshot.aliases().is_empty() && rows > pass_rows {
        let length = (u64::from(count) * pass_rows as u64).div_ceil(rows as u64).max(1) as u32;
        let pass = |first: u32| {
            let units = EveryUnit { first, step: 1, count: length.min(count - first) };
            Pass { range: plan.range, units, in_order: true }
        };
        let passes: Vec<Pass> = (0..count).step_by(length as usize).map(pass).collect();
        return parts_of(passes.len(), threads).map(|part| passes[part].to_vec()).collect();
    }
    let ResolvedRange { from_micros, to_micros } = plan.range;
    let length = to_micros.saturating_sub(from_micros);
    let first = plan.window_micros.saturating_add(length / FIRST_PASS);
    let ranges = if plan.may_be_decided() && first.saturating_mul(4) <= length {
        let middle = from_micros + first;
        vec![ResolvedRange { from_micros, to_micros: middle }, ResolvedRange { from_micros: middle, to_micros }]
    } else {
        vec![plan.range]
    };
    let step = threads as u32;
    let of_thread = |first: u32| {
        let units = EveryUnit { first, step, count: count.saturating_sub(first).div_ceil(step) };
        ranges.iter().map(|range| Pass { range: *range, units, in_order: false }).collect()
    };
    (0..step).map(of_thread).collect()
}

impl FunnelPlan<'_> {
    /// Where the windows of attempts that open in a range end. Its end itself is not in it, so the last may open one
    /// microsecond before.
    fn until(&self, range: ResolvedRange) -> i64 {
        range.to_micros.saturating_add(self.window_micros)
    }

    /// Whether all attempts are to be counted by when they open.
    fn counts_starts(&self) -> bool {
        self.buckets.is_some() && self.entry == FunnelEntry::Best
    }

    /// Whether one attempt may decide what counts of a unit.
    fn may_be_decided(&self) -> bool {
        self.hold.is_none() && !self.counts_starts()
    }

    /// Whether no later attempt of the unit can count in the place of this.
    fn is_decided_by(&self, best: &Best) -> bool {
        let is_enough = if self.entry == FunnelEntry::First { 1 } else { self.steps.len() };
        self.may_be_decided() && best.level() >= is_enough
    }
}

/// Those of the steps at these places that follow one another with the same events, and what they look at.
fn alike(steps: &[Look], places: Range<usize>) -> impl Iterator<Item = (Range<usize>, &Look)> {
    let mut start = places.start;
    steps[places].chunk_by(|a, b| a == b).map(move |run| {
        let places = start..start + run.len();
        start = places.end;
        (places, &run[0])
    })
}

/// Finds the attempt of one part of a unit that counts; none of them comes further than `depth`. Those that are
/// to be counted by when they open are added to `starts`.
fn walk_part(
    plan: &FunnelPlan<'_>,
    unit: u32,
    depth: usize,
    walk: &mut impl Attempting,
    best: &mut Best,
    starts: &mut Vec<Start>,
) -> Result<(), Stop> {
    let counts_starts = plan.counts_starts();
    best.clear();
    for attempt in 0..walk.attempts() {
        let Row { arrival, tuple, .. } = *walk.opening(attempt);
        let times = walk.reach(attempt)?;
        if counts_starts {
            add_start(starts, start(plan, unit, tuple, times));
        }
        let goes_on = times.len() < depth || counts_starts;
        if times.len() > best.level() {
            best.set(tuple, arrival, times);
        }
        if plan.entry == FunnelEntry::First || !goes_on {
            break;
        }
    }
    Ok(())
}

/// What an attempt adds to the bucket in which it opens.
fn start(plan: &FunnelPlan<'_>, unit: u32, tuple: u32, times: &[i64]) -> Option<Start> {
    let bucket = plan.buckets?.index_of(*times.first()?)?;
    Some(Start { unit, bucket: bucket as u32, tuple, level: times.len() as u32 })
}

impl Attempts {
    /// The times at which one of [`Self::counting`] reached its steps, in microseconds: at least the first.
    pub fn times(&self, reached: &Reached) -> &[i64] {
        reached.times(&self.times)
    }

    /// Takes the attempt of a unit that counts, if there is one.
    fn push(&mut self, unit: u32, best: &Best) {
        let Best { tuple, arrival, ref times } = *best;
        if !times.is_empty() {
            let (level, first_time) = (times.len() as u32, self.times.len());
            // These are few.
            times.iter().for_each(|time| self.times.push(*time));
            self.counting.push(Reached { unit, tuple, level, first_time, arrival });
        }
    }

    /// Takes what another thread found.
    fn add(&mut self, other: Self) {
        let before = self.times.len();
        let moved = |reached: Reached| Reached { first_time: reached.first_time + before, ..reached };
        self.counting.extend(other.counting.into_iter().map(moved));
        self.times.extend(other.times);
        self.starts.extend(other.starts);
    }

    fn list_bytes(&self) -> usize {
        list_bytes(&self.counting) + list_bytes(&self.times) + list_bytes(&self.starts)
    }
}

impl Reached {
    /// How many steps were reached.
    pub fn level(&self) -> usize {
        self.level as usize
    }

    /// Its times among those of all.
    fn times<'a>(&self, times: &'a [i64]) -> &'a [i64] {
        times.get(self.first_time..self.first_time + self.level()).unwrap_or_default()
    }
}

/// Adds a start to the one before where both are of one unit, bucket and tuple.
fn add_start(starts: &mut Vec<Start>, start: Option<Start>) {
    let Some(start) = start else { return };
    let key = |start: &Start| (start.unit, start.bucket, start.tuple);
    match starts.last_mut() {
        Some(last) if key(last) == key(&start) => last.level = last.level.max(start.level),
        _ => starts.push(start),
    }
}

/// The order by unit in which, of the parts of a unit, the attempt that counts over all of them is the first.
fn counts_before(times: &[i64], a: &Reached, b: &Reached, entry: FunnelEntry) -> Ordering {
    let opened = |one: &Reached| (one.times(times).first(), one.arrival);
    let by_level = match entry {
        FunnelEntry::Best => b.level().cmp(&a.level()),
        FunnelEntry::First => Ordering::Equal,
    };
    a.unit.cmp(&b.unit).then(by_level).then_with(|| opened(a).cmp(&opened(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_parts_the_earliest_of_the_best_attempts_counts_or_the_first() {
        let counting = |entry| {
            let [mut all, mut others] = [Attempts::default(), Attempts::default()];
            for (unit, arrival, times) in [(3, 9, &[20, 30][..]), (3, 4, &[10]), (1, 0, &[5]), (3, 8, &[20, 25])] {
                let found = if arrival == 4 { &mut all } else { &mut others };
                found.push(unit, &Best { tuple: 0, arrival, times: times.to_vec() });
            }
            others.push(2, &Best::default());
            all.add(others);
            let Attempts { counting, times, .. } = &mut all;
            counting.sort_unstable_by(|a, b| counts_before(times, a, b, entry));
            counting.dedup_by_key(|one| one.unit);
            all.counting.iter().map(|one| (one.unit, one.arrival, all.times(one).to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(counting(FunnelEntry::Best), [(1, 0, vec![5]), (3, 8, vec![20, 25])]);
        assert_eq!(counting(FunnelEntry::First), [(1, 0, vec![5]), (3, 4, vec![10])]);
    }

    #[test]
    fn starts_of_one_bucket_and_tuple_are_one() {
        let start = |bucket, tuple, level| Start { unit: 1, bucket, tuple, level };
        let mut starts = Vec::new();
        for one in [start(0, 0, 1), start(0, 0, 3), start(0, 0, 2), start(0, 5, 1), start(1, 5, 1)] {
            add_start(&mut starts, Some(one));
        }
        assert_eq!(starts, [start(0, 0, 3), start(0, 5, 1), start(1, 5, 1)]);
    }
}
