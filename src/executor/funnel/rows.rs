//! The rows that matter to a funnel, gathered from all tables and put together by part.

use super::super::breakdown_values::{BreakdownValues, TableBreakdown};
use super::super::charge::Charge;
use super::super::error::ExecutionError;
use super::super::footprint::{Footprint, list_bytes};
use super::super::guard::Guard;
use super::super::limits::Stop;
use super::super::look::Look;
use super::super::query::{NO_UNIT, Query, misses};
use super::super::row_test::RowTest;
use super::super::scan::{TableScan, tables_of};
use super::hold::{EveryUnit, Held, NO_VALUE, Parts, TableHeld};
use crate::codec::packed::BLOCK_VALUES;
use crate::language::ResolvedRange;
use crate::segment::{Arrivals, Table, UserRuns};
use std::ops::Range;

/// What an event does in a funnel: the steps that it can fill, whether it opens an attempt, what excludes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u32);

/// One bit for each of up to 20 steps.
const STEP_BITS: u32 = (1 << 20) - 1;
const OPENS: u32 = 1 << 20;
/// Above the bits: 1 + the number of an exclusion. Steps have at most 190 pairs of steps to be between.
const EXCLUSION_SHIFT: u32 = 24;

impl Marks {
    /// Nothing but that it happened.
    pub const SEEN: Self = Self(0);

    /// It can fill each of these steps.
    pub const fn filling(steps: Range<usize>) -> Self {
        Self(((1 << steps.end) - 1) ^ ((1 << steps.start) - 1))
    }

    /// The same, and it opens an attempt.
    pub const fn opening(steps: Range<usize>) -> Self {
        Self(Self::filling(steps).0 | OPENS)
    }

    /// It must not fall between the steps of an exclusion.
    pub const fn exclusion(number: usize) -> Self {
        Self((number as u32 + 1) << EXCLUSION_SHIFT)
    }

    /// The steps that it can fill: one bit each.
    pub const fn steps(self) -> u32 {
        self.0 & STEP_BITS
    }

    pub const fn opens(self) -> bool {
        self.0 & OPENS != 0
    }

    /// The exclusion of a mark made by [`Self::exclusion`].
    pub fn excluded_by(self) -> Option<usize> {
        (self.0 >> EXCLUSION_SHIFT).checked_sub(1).map(|number| number as usize)
    }

    /// Adds the steps of another mark of the same event, and whether it opens.
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0 & (STEP_BITS | OPENS);
    }
}

/// A row with something that its event does. Steps that follow one another with the same events share a row;
/// otherwise an event that does several things has several rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// In microseconds.
    pub time: i64,
    /// Greater the later it arrived, among rows of one time.
    pub arrival: u64,
    pub marks: Marks,
    /// The number of its breakdown tuple where it opens an attempt, else 0.
    pub tuple: u32,
}

/// More than the arrivals of a segment are apart.
const ORDER_SPAN: u64 = 1 << 44;

/// How many places for rows are made at one go.
const FILLED_MAX: usize = 1 << 16;

/// Rows that a funnel takes: which, what they do, and where.
pub(super) struct Source<'a> {
    look: &'a Look,
    marks: Marks,
    /// How deep a part must be for its rows to be taken, and how deep it is then.
    depths: (u8, u8),
    /// With what is added to the order of their rows.
    tables: Vec<(Table<'a>, u64)>,
}

/// A source whose tables one thread has opened, for all of its passes.
pub(super) struct OpenSource<'a> {
    marks: Marks,
    depths: (u8, u8),
    tables: Vec<OpenTable<'a>>,
}

struct OpenTable<'a> {
    test: RowTest<'a>,
    scan: TableScan<'a>,
    /// The time of the earliest and of the latest row.
    times: (i64, i64),
    users: UserRuns,
    arrivals: Arrivals,
    /// What is added to the order of its rows, so that they come after those of segments before.
    order_base: u64,
    held: TableHeld<'a>,
    tuples: Option<TableBreakdown<'a>>,
}

impl<'a> Source<'a> {
    /// Rows that open attempts with any of these steps. They must be taken before all others.
    pub fn opening(query: Query<'a>, look: &'a Look, range: ResolvedRange, steps: Range<usize>) -> Self {
        Self::new(query, look, range, Marks::opening(steps), (0, 1))
    }

    /// Rows of steps, all with the same events, that must come after all before, where those happened.
    pub fn next(query: Query<'a>, look: &'a Look, range: ResolvedRange, steps: Range<usize>) -> Self {
        let depths = (steps.start as u8, steps.end as u8);
        Self::new(query, look, range, Marks::filling(steps), depths)
    }

    /// Rows of steps that may come in any order, where an attempt opens.
    pub fn any(query: Query<'a>, look: &'a Look, range: ResolvedRange, steps: Range<usize>) -> Self {
        Self::new(query, look, range, Marks::filling(steps), (1, 1))
    }

    /// Rows that matter between two steps, where these happened. They must be taken after all steps.
    pub fn between(query: Query<'a>, look: &'a Look, range: ResolvedRange, marks: Marks) -> Self {
        Self::new(query, look, range, marks, (2, 2))
    }

    fn new(query: Query<'a>, look: &'a Look, range: ResolvedRange, marks: Marks, depths: (u8, u8)) -> Self {
        let mut tables = Vec::new();
        for (segment, base) in
            query.snapshot.segments().iter().zip((0..).map(|place| place * ORDER_SPAN + ORDER_SPAN / 2))
        {
            tables.extend(tables_of(query, &look.within(range), segment).into_iter().map(|table| (table, base)));
        }
        query.trace.count(|counts| counts.tables_read += tables.len() as u64);
        Self { look, marks, depths, tables }
    }

    /// How many rows its tables have.
    pub fn rows(&self) -> usize {
        self.tables.iter().map(|(table, _)| table.rows()).sum()
    }

    /// Opens the tables. `values` are wanted of rows that open attempts.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn open(
        &'a self,
        query: Query<'a>,
        held: &'a Held<'a>,
        values: Option<&'a BreakdownValues>,
    ) -> Result<OpenSource<'a>, ExecutionError> {
        let values = values.filter(|_| self.marks.opens());
        let mut tables = Vec::with_capacity(self.tables.len());
        for (table, order_base) in &self.tables {
            query.guard.check()?;
            let (first, last) = table.time_range();
            tables.push(OpenTable {
                test: RowTest::compile(query, *table, self.look.filter.as_deref())?,
                scan: TableScan::new(query, *table)?,
                times: (first.micros(), last.micros()),
                users: table.users()?,
                arrivals: table.arrivals()?,
                order_base: *order_base,
                held: held.open(*table)?,
                tuples: values.map(|values| values.open(query, *table)).transpose()?,
            });
        }
        Ok(OpenSource { marks: self.marks, depths: self.depths, tables })
    }
}

/// Which of all rows a pass looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// Where attempts open.
    pub range: ResolvedRange,
    /// The units.
    pub units: EveryUnit,
    /// Whether the rows of neighbouring units are neighbours in a table: of users as they were sent they are.
    pub in_order: bool,
}

/// Rows on their way from tables to parts, pass by pass. What it holds is reused.
pub(super) struct Gatherer<'a> {
    guard: &'a Guard,
    held: &'a Held<'a>,
    parts: Parts,
    rows: Vec<Row>,
    /// The part of each row.
    part_of: Vec<u32>,
    /// The rows by part.
    placed: Vec<Row>,
    /// Where the rows of each part end.
    ends: Vec<usize>,
    arrivals: Box<[i64; BLOCK_VALUES]>,
    charge: Charge,
}

impl<'a> Gatherer<'a> {
    pub fn new(guard: &'a Guard, held: &'a Held<'a>, parts: Parts) -> Self {
        Self {
            guard,
            held,
            parts,
            rows: Vec::new(),
            part_of: Vec::new(),
            placed: Vec::new(),
            ends: Vec::new(),
            arrivals: Box::new([0; BLOCK_VALUES]),
            charge: Charge::none(guard),
        }
    }

    /// Begins a pass.
    pub fn begin(&mut self, pass: &Pass) {
        self.rows.clear();
        self.part_of.clear();
        self.parts.begin(pass.units);
    }

    /// Takes the rows of a source in a range that are in parts which are deep enough, and makes these so deep.
    pub fn gather(
        &mut self,
        source: &mut OpenSource<'_>,
        range: ResolvedRange,
        pass: &Pass,
    ) -> Result<(), ExecutionError> {
        let Self { held: all_held, parts, rows, part_of, arrivals, charge, .. } = self;
        let (marks, (depth_min, depth)) = (source.marks, source.depths);
        for table in source.tables.iter_mut().filter(|table| !misses(range, table.times)) {
            let OpenTable { test, scan, users, arrivals: column, order_base, held, tuples, .. } = table;
            let wanted = match pass.in_order {
                true => users.rows_of_users(pass.units.first..pass.units.first + pass.units.count),
                false => scan.all_rows(),
            };
            scan.visit(test, &test.candidates, range, wanted, |block, mask, scratch| {
                column.decode_order(block.number, block.times, arrivals);
                let held_values = held.decode(block, scratch);
                let tuples = tuples
                    .as_mut()
                    .map(|tuples| tuples.decode(block.number, block.times.len(), scratch))
                    .transpose()?;
                mask.rows().for_each(|row| {
                    let (unit, value) = (block.units[row], held_values.map_or(0, |values| values[row]));
                    if unit == NO_UNIT || value == NO_VALUE {
                        return;
                    }
                    let part = match marks.opens() {
                        true => parts.find_or_add(unit, value),
                        false => parts.find(unit, value, depth_min),
                    };
                    if let Some(part) = part {
                        parts.deepen(part, depth);
                        part_of.push(part);
                        rows.push(Row {
                            time: block.times[row],
                            arrival: order_base.wrapping_add(arrivals[row] as u64),
                            marks,
                            tuple: tuples.map_or(0, |tuples| tuples[row]),
                        });
                    }
                });
                charge.set(list_bytes(rows) + list_bytes(part_of) + parts.footprint() + all_held.footprint())
            })?;
        }
        Ok(())
    }

    /// Whether no row was taken in this pass.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Puts the rows together by part; inside a part they stay as they came. Then calls `visit` with the unit, the
    /// depth and the rows of every part that has rows, until it stops; `true` says that no later pass need look for the unit.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn visit(&mut self, mut visit: impl FnMut(u32, usize, &mut [Row]) -> Result<bool, Stop>) -> Result<(), Stop> {
        let guard = self.guard;
        let Self { parts, rows, part_of, placed, ends, charge, .. } = self;
        ends.clear();
        ends.resize(parts.len(), 0);
        let held = list_bytes(rows) + list_bytes(part_of) + parts.footprint() + self.held.footprint();
        charge.set(held + list_bytes(ends) + placed.capacity().max(rows.len()) * size_of::<Row>())?;
        part_of.iter().for_each(|part| ends[*part as usize] += 1);
        let mut next = 0;
        for end in ends.iter_mut() {
            next += std::mem::replace(end, next);
        }
        // Each end stands at the start of its part, and moves with every row that is put there.
        placed.reserve_exact(rows.len().saturating_sub(placed.len()));
        while placed.len() < rows.len() {
            guard.check()?;
            placed.resize(rows.len().min(placed.len() + FILLED_MAX), Row::default());
        }
        for (rows, part_of) in rows.chunks(BLOCK_VALUES).zip(part_of.chunks(BLOCK_VALUES)) {
            guard.check()?;
            for (row, part) in rows.iter().zip(part_of) {
                let end = &mut ends[*part as usize];
                placed[*end] = *row;
                *end += 1;
            }
        }
        let mut start = 0;
        for (part, end) in ends.iter().enumerate() {
            guard.tick()?;
            if start < *end && visit(parts.unit(part), parts.depth(part), &mut placed[start..*end])? {
                parts.decide(part);
            }
            start = *end;
        }
        Ok(())
    }
}
