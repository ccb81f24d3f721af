//! The rows that matter to a funnel, gathered from all tables and put together by part.

use super::super::breakdown_values::{BreakdownValues, TableBreakdown};
use super::super::charge::Charge;
use super::super::error::ExecutionError;
use super::super::footprint::{Footprint, list_bytes};
use super::super::guard::Guard;
use super::super::limits::Stop;
use super::super::look::Look;
use super::super::query::{NO_UNIT, Query};
use super::super::scan::visit_rows;
use super::hold::{Held, NO_VALUE, Parts, TableHeld};
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::language::Hold;
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
    pub arrival: u64,
    pub marks: Marks,
    /// The number of its breakdown tuple where it opens an attempt, else 0.
    pub tuple: u32,
}

/// Rows on their way from tables to parts.
pub(super) struct Gatherer<'a> {
    query: Query<'a>,
    held: Held<'a>,
    parts: Parts,
    values: Option<&'a BreakdownValues>,
    rows: Vec<Row>,
    /// The part of each row.
    part_of: Vec<u32>,
    charge: Charge,
}

/// What is read of one table, besides times and units.
struct Columns<'a> {
    arrivals: Packed,
    arrival_base: u64,
    held: TableHeld<'a>,
    tuples: Option<TableBreakdown<'a>>,
}

impl<'a> Gatherer<'a> {
    pub fn new(query: Query<'a>, hold: Option<&'a Hold>, values: Option<&'a BreakdownValues>) -> Self {
        let (held, parts) = (Held::new(query, hold), Parts::new(query, hold));
        Self { query, held, parts, values, rows: Vec::new(), part_of: Vec::new(), charge: Charge::none(query.guard) }
    }

    /// Takes the rows that open attempts with any of these steps. They must be taken before all others.
    pub fn gather_opening(&mut self, look: &Look, steps: Range<usize>) -> Result<(), ExecutionError> {
        self.gather(look, Marks::opening(steps), (0, 1))
    }

    /// Takes the rows of steps, all with the same events, that must come after all before, where those happened.
    pub fn gather_next(&mut self, look: &Look, steps: Range<usize>) -> Result<(), ExecutionError> {
        let depths = (steps.start as u8, steps.end as u8);
        self.gather(look, Marks::filling(steps), depths)
    }

    /// Takes the rows of steps that may come in any order, where an attempt opens.
    pub fn gather_any(&mut self, look: &Look, steps: Range<usize>) -> Result<(), ExecutionError> {
        self.gather(look, Marks::filling(steps), (1, 1))
    }

    /// Takes rows that matter between two steps, where these happened. They must be taken after all steps.
    pub fn gather_between(&mut self, look: &Look, marks: Marks) -> Result<(), ExecutionError> {
        self.gather(look, marks, (2, 2))
    }

    /// Takes the rows that a look asks for in parts that are at least so deep, and then so deep.
    fn gather(&mut self, look: &Look, marks: Marks, (depth_min, depth): (u8, u8)) -> Result<(), ExecutionError> {
        let Self { query, held, parts, values, rows, part_of, charge } = self;
        let values = values.filter(|_| marks.opens());
        let mut buffer = Box::new([0; BLOCK_VALUES]);
        visit_rows(
            *query,
            look,
            |table| {
                Ok(Columns {
                    arrivals: table.arrivals()?,
                    arrival_base: table.arrival_base().raw(),
                    held: held.open(table)?,
                    tuples: values.map(|values| values.open(*query, table)).transpose()?,
                })
            },
            |columns, block, mask, scratch| {
                columns.arrivals.decode_block(block.number, &mut buffer);
                let held_values = columns.held.decode(block, scratch);
                let tuples = columns.tuples.as_mut().map(|tuples| tuples.decode(block, scratch)).transpose()?;
                for row in mask.rows() {
                    let (unit, value) = (block.units[row], held_values.map_or(0, |values| values[row]));
                    if unit == NO_UNIT || value == NO_VALUE {
                        continue;
                    }
                    let part = match marks.opens() {
                        true => Some(parts.find_or_add(unit, value)),
                        false => parts.find(unit, value, depth_min),
                    };
                    if let Some(part) = part {
                        parts.deepen(part, depth);
                        part_of.push(part);
                        rows.push(Row {
                            time: block.times[row],
                            arrival: columns.arrival_base + buffer[row] as u64,
                            marks,
                            tuple: tuples.map_or(0, |tuples| tuples[row]),
                        });
                    }
                }
                charge.set(list_bytes(rows) + list_bytes(part_of) + parts.footprint() + held.footprint())
            },
        )
    }

    /// Whether no row was taken.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Puts the rows together by part; inside a part they stay as they came.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn finish(self) -> Result<PartRows<'a>, Stop> {
        let guard = self.query.guard;
        let ends_bytes = self.parts.len() * size_of::<usize>();
        let charge = Charge::of(guard, self.parts.footprint() + ends_bytes + self.rows.len() * size_of::<Row>())?;
        let mut ends = vec![0; self.parts.len()];
        self.part_of.iter().for_each(|part| ends[*part as usize] += 1);
        let mut next = 0;
        for end in &mut ends {
            next += std::mem::replace(end, next);
        }
        // Each end stands at the start of its part, and moves with every row that is put there.
        let mut rows = vec![Row::default(); self.rows.len()];
        for gathered in guard.watch(self.rows.iter().zip(&self.part_of)) {
            let (row, part) = gathered?;
            let end = &mut ends[*part as usize];
            rows[*end] = *row;
            *end += 1;
        }
        Ok(PartRows { guard, parts: self.parts, rows, ends, _charge: charge })
    }
}

/// Rows by part.
pub(super) struct PartRows<'a> {
    guard: &'a Guard,
    parts: Parts,
    rows: Vec<Row>,
    /// Where the rows of each part end.
    ends: Vec<usize>,
    _charge: Charge,
}

impl PartRows<'_> {
    /// Calls `visit` with the unit and the rows of every part that has rows, until it stops.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn visit(&mut self, mut visit: impl FnMut(u32, &mut [Row]) -> Result<(), Stop>) -> Result<(), Stop> {
        let mut start = 0;
        for part in self.guard.watch(self.ends.iter().enumerate()) {
            let (part, end) = part?;
            if start < *end {
                visit(self.parts.unit(part), &mut self.rows[start..*end])?;
            }
            start = *end;
        }
        Ok(())
    }
}
