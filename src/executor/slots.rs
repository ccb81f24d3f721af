//! Breakdowns: which of the shown tuples each row belongs to.

use super::breakdown_values::{BreakdownValues, TableBreakdown};
use super::charge::{Charge, Charged};
use super::day_index::Indexed;
use super::division::Edges;
use super::error::ExecutionError;
use super::figure::Figure;
use super::footprint::{Footprint, list_bytes};
use super::holder_values::HolderValues;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::query::{NO_UNIT, Query, covers};
use super::scan::{Block, tables_of};
use super::split::{RowFold, RowsToRead};
use super::unit_runs::{RowTimes, RunFold};
use super::value_days::count_by_value;
use crate::model::Value;
use crate::segment::{BlockBuffer, Table};
use std::ops::Range;

/// The tuples of a document's breakdowns that are shown, in rank order.
#[derive(Debug)]
pub struct Slots {
    values: BreakdownValues,
    /// The shown tuples, best first.
    pub ranked: Vec<Vec<Value>>,
    /// Whether there are tuples beyond those shown.
    pub has_other: bool,
    /// The slot of each tuple, by its number. Tuples met later are among the others.
    slot_of: Vec<u32>,
    ranked_bytes: usize,
    _charge: Charge,
}

impl Slots {
    /// Ranks the tuples of the rows that the looks ask for: by rows, then by value. Rows without a unit are left out.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn rank(
        query: Query<'_>,
        looks: &[Look],
        values: BreakdownValues,
        limit: usize,
    ) -> Result<Self, ExecutionError> {
        let mut counts: Charged<Vec<u64>> = Charged::list(query.guard, 0, 0)?;
        let of_units = values.of_units(query)?;
        for look in looks {
            if let Some(of_units) = &of_units
                && count_runs(query, look, of_units, &mut counts)?
            {
                counts.settle()?;
                continue;
            }
            if let Some(in_force) = values.in_force(query)
                && let Some(of_runs) = count_in_force(query, look, in_force)?
            {
                add_counts(&mut counts, of_runs)?;
                continue;
            }
            let mut rows_to_read = None;
            if look.filter.is_none()
                && let Some(path) = values.event_path()
            {
                let whole = Edges::whole(look.range);
                let add = |tuple: u32, _, rows| {
                    let least = tuple as usize + 1;
                    if counts.len() < least {
                        counts.resize(least, 0);
                    }
                    counts[tuple as usize] += rows;
                };
                let id = |value: Option<&Value>| Some(values.value_id(value));
                rows_to_read = Some(count_by_value(query, look, &whole, path, id, add)?);
                counts.settle()?;
                values.settle()?;
            }
            let fold = RowFold {
                looks_at_units: false,
                row_work: 1,
                start: || Charged::list(query.guard, 0u64, 0),
                open: |table: Table<'_>| values.open(query, table),
                visit: |counts: &mut Charged<Vec<u64>>,
                        rows: &mut TableBreakdown<'_>,
                        block: &Block<'_>,
                        mask: &Mask,
                        buffer: &mut BlockBuffer| {
                    let tuples = rows.decode(block.number, block.times.len(), buffer)?;
                    let most = tuples.iter().max().map_or(0, |most| *most as usize + 1);
                    if counts.len() < most {
                        counts.resize(most, 0);
                    }
                    mask.rows().filter(|row| block.units[*row] != NO_UNIT).for_each(|row| {
                        counts[tuples[row] as usize] += 1;
                    });
                    counts.settle()
                },
                join: add_counts,
            };
            let rows_to_read = rows_to_read.unwrap_or_else(|| RowsToRead::all(query, look));
            add_counts(&mut counts, fold.run(query, look, rows_to_read)?)?;
        }
        Ok(Self::of_counts(query, values, &counts, limit)?)
    }

    /// Ranks tuples by these counts, given by number, then by value. Tuples that count nothing have no slot.
    fn of_counts(query: Query<'_>, values: BreakdownValues, counts: &[u64], limit: usize) -> Result<Self, Stop> {
        let _order_charge = Charge::of(query.guard, size_of_val(counts) / 2)?;
        let mut order = Vec::with_capacity(counts.len());
        order.extend((0..counts.len() as u32).filter(|tuple| counts[*tuple as usize] > 0));
        query.guard.sort_by(&mut order, &|a, b| {
            counts[*b as usize].cmp(&counts[*a as usize]).then_with(|| values.compare(*a, *b))
        })?;
        Self::of_order(query, values, order, counts.len(), limit)
    }

    /// The same tuples, but ranked by a figure of each slot: the greatest first, those without one last, then by value.
    /// The second are the slots that those of before have become.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn ranked_by(
        self,
        query: Query<'_>,
        figures: &[Figure],
        limit: usize,
    ) -> Result<(Self, Charged<Vec<u32>>), Stop> {
        let mut order = Charged::list(query.guard, 0u32, self.ranked.len())?;
        for (tuple, slot) in self.slot_of.iter().enumerate() {
            order.get_mut(*slot as usize).into_iter().for_each(|place| *place = tuple as u32);
        }
        query.guard.sort_by(&mut order, &|a, b| {
            let figure = |tuple: &u32| figures[self.slot_of(*tuple) as usize];
            figure(a).greatest_first(figure(b)).then_with(|| self.values.compare(*a, *b))
        })?;
        let mut now_in = Charged::list(query.guard, 0u32, order.len())?;
        for (slot, tuple) in order.iter().enumerate() {
            now_in[self.slot_of(*tuple) as usize] = slot.min(limit) as u32;
        }
        let (order, _order_charge) = order.into_parts();
        let tuples = self.slot_of.len();
        Ok((Self::of_order(query, self.values, order, tuples, limit)?, now_in))
    }

    /// Shows the first tuples of an order, given by number, of so many that there are.
    fn of_order(
        query: Query<'_>,
        values: BreakdownValues,
        mut order: Vec<u32>,
        tuples: usize,
        limit: usize,
    ) -> Result<Self, Stop> {
        let has_other = order.len() > limit;
        order.truncate(limit);
        let mut slot_of = vec![order.len() as u32; tuples];
        for (slot, tuple) in order.iter().enumerate() {
            slot_of[*tuple as usize] = slot as u32;
        }
        let (mut charge, mut ranked_bytes) = (Charge::of(query.guard, list_bytes(&slot_of))?, 0);
        let mut ranked: Vec<Vec<Value>> = Vec::new();
        for tuple in query.guard.watch(&order) {
            let tuple = values.tuple(*tuple?);
            let bytes = size_of::<Vec<Value>>() + tuple.footprint();
            ranked_bytes += bytes;
            charge.add(bytes)?;
            ranked.push(tuple);
        }
        Ok(Self { values, ranked, has_other, slot_of, ranked_bytes, _charge: charge })
    }

    /// The slot of each unit, where it is the same for all rows of a counted unit; else `None`.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub(super) fn of_units(&self, query: Query<'_>) -> Result<Option<Charged<Vec<u32>>>, Stop> {
        let mut slots = self.values.of_units(query)?;
        slots.iter_mut().flat_map(|slots| slots.iter_mut()).for_each(|tuple| *tuple = self.slot_of(*tuple));
        Ok(slots)
    }

    /// The tuple of each unit along time, where the slot depends on nothing else.
    pub(super) fn in_force(&self, query: Query<'_>) -> Option<&HolderValues<u32>> {
        self.values.in_force(query)
    }

    /// How many slots there are: the shown tuples, and one for all others.
    pub fn len(&self) -> usize {
        self.ranked.len() + usize::from(self.has_other)
    }

    /// The bytes of the shown tuples.
    pub fn ranked_bytes(&self) -> usize {
        self.ranked_bytes
    }

    /// Whether there is no tuple at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slot of a tuple; [`Slots::ranked`]'s length stands for all others.
    #[inline]
    pub fn slot_of(&self, tuple: u32) -> u32 {
        self.slot_of.get(tuple as usize).copied().unwrap_or(self.ranked.len() as u32)
    }

    /// The path of the event's property that alone decides about the slot.
    pub(super) fn event_path(&self) -> Option<&str> {
        self.values.event_path()
    }

    /// The slot of rows with this value there.
    pub(super) fn slot_of_value(&self, value: Option<&Value>) -> u32 {
        self.slot_of(self.values.value_id(value))
    }

    /// A reader of slots for the rows of one table.
    pub(super) fn open<'a>(&'a self, query: Query<'a>, table: Table<'_>) -> Result<TableSlots<'a>, ExecutionError> {
        let mut rows = self.values.open(query, table)?;
        let are_slots = rows.number_codes(|tuple| self.slot_of(tuple));
        Ok(TableSlots { slots: self, rows, are_slots, row_slots: Vec::new() })
    }
}

fn add_counts(counts: &mut Charged<Vec<u64>>, others: Charged<Vec<u64>>) -> Result<(), Stop> {
    if counts.len() < others.len() {
        counts.resize(others.len(), 0);
    }
    counts.iter_mut().zip(others.iter()).for_each(|(count, other)| *count += other);
    counts.settle()
}

/// Counts the rows of a look by the tuples of their units, a run of rows at a time. Answers whether it could: not where
/// some rows of a table are not meant.
fn count_runs(query: Query<'_>, look: &Look, of_units: &[u32], counts: &mut Vec<u64>) -> Result<bool, ExecutionError> {
    let segments = || query.snapshot.segments().iter();
    let is_whole = |table: Table<'_>| covers(look.range, Indexed::Table(table).time_range());
    if look.filter.is_some() || !segments().flat_map(|segment| look.tables(segment)).all(is_whole) {
        return Ok(false);
    }
    let tables: Vec<Table<'_>> = segments().flat_map(|segment| tables_of(query, look, segment)).collect();
    counts.resize(of_units.iter().max().map_or(0, |most| *most as usize + 1).max(counts.len()), 0);
    for table in tables {
        query.guard.check()?;
        query.trace.count(|counts| counts.tables_read += 1);
        let mut count = |unit: u32, rows: usize| {
            if let Some(tuple) = of_units.get(unit as usize) {
                counts[*tuple as usize] += rows as u64;
            }
        };
        match query.group_type() {
            None => table.users()?.visit(|user, rows| count(query.shown_user(user), rows)),
            // 0 stands for no key, and becomes a number that no unit has.
            Some(group_type) => table
                .group(group_type)?
                .into_iter()
                .for_each(|keys| keys.visit(|key, rows| count(key.wrapping_sub(1), rows))),
        }
    }
    Ok(true)
}

/// Counts the rows of a look by the tuple in force for their unit, without reading them; `None` where they must be read.
fn count_in_force(
    query: Query<'_>,
    look: &Look,
    in_force: &HolderValues<u32>,
) -> Result<Option<Charged<Vec<u64>>>, ExecutionError> {
    let fold = RunFold {
        most: usize::MAX,
        only: None,
        start: || Charged::list(query.guard, 0u64, 0),
        visit: |counts: &mut Charged<Vec<u64>>, rows_times: &RowTimes, unit: u32, rows: Range<usize>| {
            in_force.visit_in_force(unit, rows_times, rows, |tuple, rows| {
                if counts.len() <= tuple as usize {
                    counts.resize(tuple as usize + 1, 0);
                }
                counts[tuple as usize] += rows.len() as u64;
            });
            counts.settle()
        },
        join: add_counts,
    };
    fold.run(query, look)
}

/// Slots by row of one table.
pub(super) struct TableSlots<'a> {
    slots: &'a Slots,
    rows: TableBreakdown<'a>,
    /// Whether the rows' tuples were replaced by their slots.
    are_slots: bool,
    row_slots: Vec<u32>,
}

impl TableSlots<'_> {
    /// The slot of each row of a block; [`Slots::ranked`]'s length stands for all others.
    ///
    /// # Errors
    /// When there are more values and tuples than may be kept.
    pub fn decode(&mut self, block: &Block<'_>, buffer: &mut BlockBuffer) -> Result<&[u32], Stop> {
        let tuples = self.rows.decode(block.number, block.times.len(), buffer)?;
        if self.are_slots {
            return Ok(tuples);
        }
        self.row_slots.clear();
        self.row_slots.extend(tuples.iter().map(|tuple| self.slots.slot_of(*tuple)));
        Ok(&self.row_slots)
    }
}
