//! The sums of a series, which may be put together before they are read off.

use super::error::ExecutionError;
use super::exact_sum::ExactSum;
use super::figure::Figure;
use super::guard::Guard;
use super::limits::Stop;
use super::query::Query;
use super::series::{Figures, Series, figures_of_slots, fold_into};
use super::split::RowsToRead;
use super::sum_cells::SumCells;
use crate::language::Measure;

/// What is read off a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FigureOfSum {
    Sum,
    Average,
}

impl FigureOfSum {
    pub fn of(self, sum: &ExactSum) -> Figure {
        Figure::of(match self {
            Self::Sum => sum.sum(),
            Self::Average => sum.average(),
        })
    }
}

/// Sums of a number of a series' rows, by slot and bucket.
pub struct Sums {
    cells: SumCells,
    slots: usize,
    figure: FigureOfSum,
}

/// The most sums to choose among: 1 MiB of them in each thread, half as much again where they are counted, which its
/// core's cache holds. Beyond it, it is less work to read rows a second time when it is known which are shown.
const CHOSEN_AMONG: usize = 1 << 16;

impl Sums {
    /// The sums of all slots of a series, to find those that are shown; `None` where the measure sums nothing, or it is
    /// less work to rank slots by their totals first.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn to_choose_among(
        query: Query<'_>,
        series: &Series<'_>,
        measure: &Measure,
    ) -> Result<Option<Self>, ExecutionError> {
        if series.slot_count().saturating_mul(series.buckets.len()) > CHOSEN_AMONG {
            return Ok(None);
        }
        match measure {
            Measure::Sum(path) => Self::read(query, series, path, FigureOfSum::Sum),
            Measure::Avg(path) => Self::read(query, series, path, FigureOfSum::Average),
            _ => Ok(None),
        }
    }

    /// Sums what the rows of a series have there; `None` where they are so few that most cells would stay empty.
    pub(super) fn read(
        query: Query<'_>,
        series: &Series<'_>,
        path: &str,
        figure: FigureOfSum,
    ) -> Result<Option<Self>, ExecutionError> {
        let Series { look, buckets, slots: of_rows, .. } = *series;
        let (slots, pieces) = (series.slot_count(), buckets.len());
        if slots.saturating_mul(pieces) > RowsToRead::count_all(query, look) {
            return Ok(None);
        }
        let start = || SumCells::new(query.guard, slots, pieces, figure == FigureOfSum::Average);
        let rows = RowsToRead::all(query, look);
        let cells = fold_into(query, look, rows, buckets, of_rows, Some(path), start)?;
        Ok(Some(Self { cells, slots, figure }))
    }

    /// What each slot comes to in the whole range.
    pub fn totals(&self) -> impl ExactSizeIterator<Item = Figure> {
        (0..self.slots).map(|slot| self.figure.of(&self.cells.total(slot)))
    }

    /// The same sums in so many slots, when the rows of each slot go to the one that `slot_of` has in its place.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn put_together(&self, guard: &Guard, slot_of: &[u32], slots: usize) -> Result<Self, Stop> {
        Ok(Self { cells: self.cells.put_together(guard, slot_of, slots)?, slots, figure: self.figure })
    }

    /// The figures of each slot.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn figures(self, guard: &Guard, is_cumulative: bool) -> Result<Vec<Figures>, Stop> {
        if self.figure == FigureOfSum::Sum
            && !is_cumulative
            && let Some(sums) = self.cells.sums(guard)?
        {
            return Ok(sums.into_iter().map(|(values, total)| Figures { values, total }).collect());
        }
        figures_of_slots(guard, self.slots, self.cells, is_cumulative, |sum| self.figure.of(sum))
    }
}
