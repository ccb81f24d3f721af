//! Folds by slot and piece, most of which no row ever reaches.

use super::charge::Charge;
use super::division::NO_PIECE;
use super::folds::Fold;
use super::footprint::list_bytes;
use super::guard::Guard;
use super::limits::Stop;
use crate::model::Number;

/// Stands for the cell of a row that is in none.
pub(super) const NO_CELL: u32 = NO_PIECE;

/// What rows are folded into, by slot and piece.
pub(super) trait FoldCells: Send {
    /// What there is for a slot and a piece.
    type Fold;
    /// Whether it matters which unit a row has, and not only that it has one.
    const LOOKS_AT_UNITS: bool;

    /// Takes a row into a cell, counted through all slots: its unit, and the measured number if it has one. Beyond the
    /// table there is no cell.
    fn add(&mut self, cell: usize, unit: u32, number: Option<Number>);

    /// Takes rows in whose measured numbers are these doubles, as a file has them; those with [`NO_CELL`] are left out.
    fn add_doubles(&mut self, cells: &[u32], units: &[u32], doubles: &[[u8; 8]]) {
        for ((cell, unit), double) in cells.iter().zip(units).zip(doubles) {
            if *cell != NO_CELL {
                self.add(*cell as usize, *unit, Number::from_f64(f64::from_le_bytes(*double)));
            }
        }
    }

    /// Takes in what another table of this size has.
    ///
    /// # Errors
    /// When it is more than may be.
    fn join(&mut self, other: Self) -> Result<(), Stop>;

    /// Charges for what was taken in.
    ///
    /// # Errors
    /// When it is more than may be.
    fn settle(&mut self) -> Result<(), Stop>;

    /// Takes the folds of a slot out, by piece; `None` where no row came.
    fn take_slot(&mut self, slot: usize) -> impl Iterator<Item = Option<Self::Fold>>;
}

/// A table of folds; one that no row reached takes four bytes.
pub(super) struct Cells<F> {
    pieces: usize,
    /// By slot, then by piece: 1 + the place of the fold; 0 where there is none.
    places: Vec<u32>,
    folds: Vec<F>,
    /// What the folds hold beyond themselves.
    held_bytes: usize,
    charge: Charge,
}

impl<F: Fold> Cells<F> {
    /// A table of this size without folds.
    ///
    /// # Errors
    /// When it is larger than may be.
    pub fn new(guard: &Guard, slots: usize, pieces: usize) -> Result<Self, Stop> {
        let charge = Charge::of(guard, slots * pieces * size_of::<u32>())?;
        Ok(Self { pieces, places: vec![0; slots * pieces], folds: Vec::new(), held_bytes: 0, charge })
    }

    /// Whether no row reached any.
    pub fn is_empty(&self) -> bool {
        self.folds.is_empty()
    }

    /// The fold of a cell, if a row reached it.
    pub fn get(&self, cell: usize) -> Option<&F> {
        self.folds.get((*self.places.get(cell)? as usize).checked_sub(1)?)
    }

    /// The place of the fold of a cell, which comes into being; beyond the table there is none.
    #[inline]
    fn place_of(&mut self, cell: usize) -> Option<usize> {
        let place = self.places.get_mut(cell)?;
        if *place == 0 {
            self.folds.push(F::default());
            *place = self.folds.len() as u32;
        }
        Some(*place as usize - 1)
    }

    /// Takes in what another fold has, into a cell counted through all slots.
    pub fn join_cell(&mut self, cell: usize, other: &F) {
        if let Some(fold) = self.place_of(cell).and_then(|place| self.folds.get_mut(place)) {
            let before = fold.footprint();
            fold.join(other);
            self.held_bytes += fold.footprint().saturating_sub(before);
        }
    }
}

impl<F: Fold> FoldCells for Cells<F> {
    type Fold = F;
    const LOOKS_AT_UNITS: bool = F::LOOKS_AT_UNITS;

    #[inline]
    fn add(&mut self, cell: usize, unit: u32, number: Option<Number>) {
        if let Some(fold) = self.place_of(cell).and_then(|place| self.folds.get_mut(place)) {
            let before = fold.footprint();
            fold.add(unit, number);
            // Few rows make a fold grow, so the sum is seldom touched.
            let grown = fold.footprint() - before;
            if grown > 0 {
                self.held_bytes += grown;
            }
        }
    }

    fn join(&mut self, other: Self) -> Result<(), Stop> {
        for cell in 0..other.places.len() {
            other.get(cell).into_iter().for_each(|theirs| self.join_cell(cell, theirs));
        }
        self.settle()
    }

    fn settle(&mut self) -> Result<(), Stop> {
        self.charge.set(list_bytes(&self.places) + list_bytes(&self.folds) + self.held_bytes)
    }

    /// Whatever slots have given away, the charge stays.
    fn take_slot(&mut self, slot: usize) -> impl Iterator<Item = Option<F>> {
        let Self { pieces, places, folds, .. } = self;
        let places = places.get(slot * *pieces..(slot + 1) * *pieces).unwrap_or_default();
        places.iter().map(|place| Some(std::mem::take(folds.get_mut((*place as usize).checked_sub(1)?)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::folds::RowsFold;
    use super::super::limits::Limits;
    use super::*;

    #[test]
    fn cells_that_were_reached_have_folds() {
        let mut cells: Cells<RowsFold> = Cells::new(&Guard::new(&Limits::default()), 2, 3).unwrap();
        for cell in [3, 2, 3, 6] {
            cells.add(cell, 7, None);
        }
        let mut rows = |slot| -> Vec<_> { cells.take_slot(slot).map(|fold| fold.map(|rows| rows.0)).collect() };
        assert_eq!(rows(0), [None, None, Some(1)]);
        assert_eq!(rows(1), [Some(2), None, None]);
        assert!(rows(2).is_empty());
    }

    #[test]
    fn tables_join_cell_by_cell() {
        let guard = Guard::new(&Limits::default());
        let table = |reached: &[usize]| {
            let mut cells: Cells<RowsFold> = Cells::new(&guard, 1, 3).unwrap();
            reached.iter().for_each(|cell| cells.add(*cell, 7, None));
            cells
        };
        let mut joined = table(&[0, 1]);
        joined.join(table(&[1, 1, 2])).unwrap();
        let rows: Vec<Option<u64>> = joined.take_slot(0).map(|fold| fold.map(|rows| rows.0)).collect();
        assert_eq!(rows, [Some(1), Some(3), Some(1)]);
    }
}
