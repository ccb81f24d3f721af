//! Folds by slot and piece, most of which no row ever reaches.

use super::folds::Fold;

/// A table of folds; one that no row reached takes four bytes.
pub(super) struct Cells<F> {
    slots: usize,
    pieces: usize,
    /// By slot, then by piece: 1 + the place of the fold; 0 where there is none.
    places: Vec<u32>,
    folds: Vec<F>,
}

impl<F: Fold> Cells<F> {
    /// A table of this size without folds.
    pub fn new(slots: usize, pieces: usize) -> Self {
        Self { slots, pieces, places: vec![0; slots * pieces], folds: Vec::new() }
    }

    /// The fold of a cell, which comes into being; `None` beyond the table.
    #[inline]
    pub fn fold(&mut self, slot: usize, piece: usize) -> Option<&mut F> {
        if piece >= self.pieces {
            return None;
        }
        let place = self.places.get_mut(slot * self.pieces + piece)?;
        if *place == 0 {
            self.folds.push(F::default());
            *place = self.folds.len() as u32;
        }
        self.folds.get_mut(*place as usize - 1)
    }

    /// The folds of one slot after the other, by piece; `None` where no row came.
    pub fn slots(self) -> impl Iterator<Item = Vec<Option<F>>> {
        let Self { slots, pieces, places, mut folds } = self;
        (0..slots).map(move |slot| {
            let places = &places[slot * pieces..(slot + 1) * pieces];
            places.iter().map(|place| Some(std::mem::take(folds.get_mut((*place as usize).checked_sub(1)?)?))).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::folds::RowsFold;
    use super::*;

    #[test]
    fn cells_that_were_reached_have_folds() {
        let mut cells: Cells<RowsFold> = Cells::new(2, 3);
        for (slot, piece) in [(1, 0), (0, 2), (1, 0)] {
            cells.fold(slot, piece).unwrap().add(7, None);
        }
        assert!(cells.fold(0, 3).is_none() && cells.fold(2, 0).is_none());
        let rows: Vec<Vec<Option<u64>>> =
            cells.slots().map(|slot| slot.into_iter().map(|fold| fold.map(|rows| rows.0)).collect()).collect();
        assert_eq!(rows, [[None, None, Some(1)], [Some(2), None, None]]);
    }
}
