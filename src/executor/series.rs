//! A series that is measured: its rows, folded by slot and bucket, and the figures that are read off the folds.

use super::cells::{Cells, FoldCells, NO_CELL};
use super::charge::Charged;
use super::division::{Division, NO_PIECE};
use super::error::ExecutionError;
use super::figure::Figure;
use super::folds::Fold;
use super::guard::Guard;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::path_values::PathValues;
use super::query::{NO_UNIT, Query};
use super::scan::Block;
use super::slots::{Slots, TableSlots};
use super::split::{RowFold, RowsToRead};
use crate::codec::packed::BLOCK_VALUES;
use crate::language::{Buckets, Measure, ResolvedRange, Span};
use crate::model::{Number, Value};
use crate::segment::{BlockBuffer, Table};

/// A row costs so much more to fold than to count.
const FOLD_WORK: usize = 8;

/// The figures of one slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// By bucket.
    pub values: Vec<Figure>,
    /// Of the whole range.
    pub total: Figure,
}

/// A series to be measured: its rows, and how their range is divided.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The rows.
    pub look: &'a Look,
    /// The buckets of its range.
    pub buckets: &'a Buckets,
    /// The breakdown; without one all rows are one slot.
    pub slots: Option<&'a Slots>,
    /// Whether each bucket counts everything since the range began.
    pub is_cumulative: bool,
}

impl Series<'_> {
    /// How many slots there are.
    pub(super) fn slot_count(&self) -> usize {
        self.slots.map_or(1, Slots::len)
    }

    /// What the figure of a bucket looks at, or the total where none is named.
    pub fn span(&self, measure: &Measure, bucket: Option<usize>) -> ResolvedRange {
        let range = self.look.range;
        if range.is_empty() {
            return range;
        }
        let inside = bucket.map_or(range, |bucket| self.buckets.inside(bucket, range));
        match measure {
            Measure::Active(span) => self.active_window(*span, inside.to_micros),
            _ if self.is_cumulative => ResolvedRange { from_micros: range.from_micros, ..inside },
            _ => inside,
        }
    }

    pub(super) fn active_window(&self, span: Span, to_micros: i64) -> ResolvedRange {
        ResolvedRange { from_micros: span.window_start(to_micros, self.buckets.zone()), to_micros }
    }
}

/// What the rows of a table say, block by block: which fold each goes to, and with which number.
struct RowCells<'a> {
    values: Option<PathValues<Option<Number>>>,
    slots: Option<TableSlots<'a>>,
    numbers: Vec<Option<Option<Number>>>,
    /// By row of a block, counted through all slots; `NO_CELL` where a row is not meant.
    cells: Box<[u32; BLOCK_VALUES]>,
}

impl RowCells<'_> {
    /// Finds the cells of a block's rows, each row in a few steps without a jump.
    fn find(
        &mut self,
        division: &impl Division,
        block: &Block<'_>,
        mask: &Mask,
        buffer: &mut BlockBuffer,
    ) -> Result<(), Stop> {
        let rows = block.times.len();
        let cells = &mut self.cells[..rows];
        division.indexes_of(block.times, cells);
        if let Some(slots) = &mut self.slots {
            let pieces = division.len() as u32;
            cells.iter_mut().zip(slots.decode(block, buffer)?).for_each(|(cell, slot)| {
                *cell = if *cell == NO_PIECE { NO_CELL } else { slot * pieces + *cell };
            });
        }
        cells.iter_mut().zip(block.units).for_each(|(cell, unit)| {
            *cell = if *unit == NO_UNIT { NO_CELL } else { *cell };
        });
        mask.complement(&Mask::first(rows)).rows().for_each(|row| cells[row] = NO_CELL);
        Ok(())
    }
}

/// Folds the rows of a look by slot and piece.
pub(super) fn fold<F: Fold>(
    query: Query<'_>,
    look: &Look,
    division: &impl Division,
    slots: Option<&Slots>,
    path: Option<&str>,
) -> Result<Cells<F>, ExecutionError> {
    let start = || Cells::<F>::new(query.guard, slots.map_or(1, Slots::len), division.len());
    fold_into(query, look, RowsToRead::all(query, look), division, slots, path, start)
}

/// Folds these rows of a look into the cells that `start` makes.
pub(super) fn fold_into<C: FoldCells>(
    query: Query<'_>,
    look: &Look,
    rows: RowsToRead<'_>,
    division: &impl Division,
    slots: Option<&Slots>,
    path: Option<&str>,
    start: impl Fn() -> Result<C, Stop> + Sync,
) -> Result<C, ExecutionError> {
    // Of rows without a slot the cells are numbered on.
    let slot_count = slots.map_or(1, Slots::len) + 1;
    if slot_count.saturating_mul(division.len()) >= NO_CELL as usize {
        return Err(Stop::Memory.into());
    }
    let fold = RowFold {
        looks_at_units: C::LOOKS_AT_UNITS,
        row_work: FOLD_WORK,
        start,
        open: |table: Table<'_>| -> Result<_, ExecutionError> {
            let values = path.map(|path| PathValues::compile(query, table, path, Value::as_number));
            Ok(RowCells {
                values: values.transpose()?,
                slots: slots.map(|slots| slots.open(query, table)).transpose()?,
                numbers: Vec::new(),
                cells: Box::new([NO_CELL; BLOCK_VALUES]),
            })
        },
        visit: |cells: &mut C, of_rows: &mut RowCells<'_>, block: &Block<'_>, mask: &Mask, buffer: &mut BlockBuffer| {
            of_rows.find(division, block, mask, buffer)?;
            let RowCells { values, numbers, cells: of_rows, .. } = of_rows;
            let rows = block.times.len();
            if let Some(doubles) = values.as_ref().and_then(|values| values.doubles(block.number)) {
                cells.add_doubles(&of_rows[..rows], block.units, doubles);
                return cells.settle();
            }
            let of_rows = of_rows.iter().zip(block.units);
            if let Some(values) = values {
                values.decode(block.number, rows, buffer, Some, numbers);
            }
            of_rows.enumerate().filter(|(_, (cell, _))| **cell != NO_CELL).for_each(|(row, (cell, unit))| {
                cells.add(*cell as usize, *unit, numbers.get(row).copied().flatten().flatten());
            });
            cells.settle()
        },
        join: C::join,
    };
    fold.run(query, look, rows)
}

/// The figures of a slot whose buckets were folded; `None` where no row came.
pub(super) fn figures<F: Fold>(
    guard: &Guard,
    folds: impl Iterator<Item = Option<F>>,
    is_cumulative: bool,
    figure: impl Fn(&mut F) -> Figure,
) -> Result<Figures, Stop> {
    let none = figure(&mut F::default());
    let mut all = Charged::new(guard, F::default())?;
    let mut so_far = none;
    let mut values = Vec::with_capacity(folds.size_hint().0);
    for fold in folds {
        let Some(mut fold) = fold else {
            values.push(if is_cumulative { so_far } else { none });
            continue;
        };
        guard.check()?;
        all.join(&fold);
        all.settle()?;
        if is_cumulative {
            so_far = figure(&mut all);
            values.push(so_far);
        } else {
            values.push(figure(&mut fold));
        }
    }
    Ok(Figures { values, total: figure(&mut all) })
}

/// The figures of so many slots whose rows were folded.
pub(super) fn figures_of_slots<C: FoldCells<Fold: Fold>>(
    guard: &Guard,
    slots: usize,
    mut cells: C,
    is_cumulative: bool,
    figure: impl Fn(&mut C::Fold) -> Figure,
) -> Result<Vec<Figures>, Stop> {
    (0..slots).map(|slot| figures(guard, cells.take_slot(slot), is_cumulative, &figure)).collect()
}
