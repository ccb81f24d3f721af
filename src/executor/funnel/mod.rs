//! Funnels: how far every unit comes, and when.
//!
//! Rows are gathered from tables (`rows`) into parts, within which attempts are judged (`hold`); attempts are walked
//! part by part (`walk`, `filling`), and come together by unit (`attempts`). Where one attempt of a user counts, rows
//! need not be gathered (`leaps`).
//!
//! Invariant: of later steps only the rows of parts in which all steps before happened are kept, and of everything
//! else only the rows of parts in which two steps happened.

mod attempts;
mod filling;
mod hold;
mod leaps;
mod rows;
mod sequence;
mod walk;

use super::breakdown_values::BreakdownValues;
use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::footprint::Footprint;
use super::limits::Stop;
use super::look::Look;
use super::query::{Query, Units};
use super::split::{parts_of, threads_for};
use crate::helpers::in_parallel;
use crate::language::{Buckets, FunnelEntry, FunnelOrder, Hold, ResolvedRange};
pub use attempts::{Attempts, Reached, Start};
use attempts::{Best, Part};
use hold::{EveryUnit, Held, Parts};
use leaps::can_leap;
use rows::{Gatherer, Marks, OpenSource, Pass, Row, Source};
use sequence::Sequence;
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
    let work = |passes: &Vec<Pass>| walk_passes(query, plan, &rules, &sources, passes);
    Attempts::join(query.guard, in_parallel(threads, &passes, work))
}

/// The attempts that these passes find.
fn walk_passes(
    query: Query<'_>,
    plan: &FunnelPlan<'_>,
    rules: &Rules,
    sources: &Sources<'_>,
    passes: &[Pass],
) -> Result<Charged<Vec<Part>>, ExecutionError> {
    let (mut all, mut best, mut charge) = (Part::default(), Best::default(), Charge::none(query.guard));
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
                    walk_part(plan, unit, depth, &mut sequence.load(rows)?, &mut best, &mut all)?;
                }
                None => {
                    walk.load(rows)?;
                    walk_part(plan, unit, depth, &mut walk, &mut best, &mut all)?;
                }
            }
            all.push(unit, &best);
            charge.set(all.footprint())?;
            Ok(plan.is_decided_by(&best))
        })?;
    }
    all.settle(query.guard, plan)?;
    charge.set(all.footprint())?;
    Ok(Charged::with(vec![all], charge))
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
/// to be counted by when they open are added to `all`.
fn walk_part(
    plan: &FunnelPlan<'_>,
    unit: u32,
    depth: usize,
    walk: &mut impl Attempting,
    best: &mut Best,
    all: &mut Part,
) -> Result<(), Stop> {
    let counts_starts = plan.counts_starts();
    best.clear();
    for attempt in 0..walk.attempts() {
        let Row { arrival, tuple, .. } = *walk.opening(attempt);
        let times = walk.reach(attempt)?;
        if counts_starts {
            all.push_start(plan, unit, tuple, times);
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
