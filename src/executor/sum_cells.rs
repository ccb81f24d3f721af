//! Sums by slot and piece, side by side.

use super::cells::{Cells, FoldCells, NO_CELL};
use super::charge::Charge;
use super::exact_sum::{ExactSum, NearSum, near_of, near_of_number, nearest_to};
use super::figure::Figure;
use super::footprint::list_bytes;
use super::guard::Guard;
use super::limits::Stop;
use crate::model::Number;
use std::ops::Range;

/// The sum of each piece of a slot, and of all of them.
pub(super) type SlotSums = (Vec<Figure>, Figure);

/// A table of sums, for where most cells are reached. A cell takes 16 bytes where nobody asks for averages: rows reach
/// cells in no order, so what bounds these sums is how many cells the cache holds.
pub(super) struct SumCells {
    pieces: usize,
    /// By slot, then by piece: the sums of numbers of ordinary size.
    near: Vec<NearSum>,
    /// How many numbers they are the sums of; empty where it does not matter.
    counts: Vec<u64>,
    /// All other numbers.
    others: Cells<ExactSum>,
    charge: Charge,
}

/// The sums of numbers of ordinary size, apart from the rest of the table, so that what is added to one does not have it
/// looked up anew where the others lie.
struct NearCells<'a> {
    sums: &'a mut [NearSum],
    counts: &'a mut [u64],
}

impl NearCells<'_> {
    /// Adds to a cell; answers whether the table has it and there is room.
    #[inline]
    fn add(&mut self, cell: usize, near: NearSum) -> bool {
        let Some(sum) = self.sums.get_mut(cell) else { return false };
        let Some(added) = sum.checked_add(near) else { return false };
        *sum = added;
        if let Some(count) = self.counts.get_mut(cell) {
            *count += 1;
        }
        true
    }
}

impl SumCells {
    /// A table of this size without numbers. Without `counts` the sums do not know of how many numbers they are.
    ///
    /// # Errors
    /// When it is larger than may be.
    pub fn new(guard: &Guard, slots: usize, pieces: usize, counts: bool) -> Result<Self, Stop> {
        let cells = slots * pieces;
        let counted = if counts { cells } else { 0 };
        let charge = Charge::of(guard, cells * size_of::<NearSum>() + counted * size_of::<u64>())?;
        let others = Cells::new(guard, slots, pieces)?;
        Ok(Self { pieces, near: vec![0; cells], counts: vec![0; counted], others, charge })
    }

    fn near_cells(&mut self) -> NearCells<'_> {
        NearCells { sums: &mut self.near, counts: &mut self.counts }
    }

    /// Adds these sums, of numbers that are counted if they are here, to the cells from the first on.
    fn join_cells(&mut self, first: usize, near: &[NearSum], counts: &[u64]) {
        for ((cell, sum), near) in (first..).zip(self.near.iter_mut().skip(first)).zip(near) {
            match sum.checked_add(*near) {
                Some(added) => *sum = added,
                None => self.others.join_cell(cell, &ExactSum::of_near(*near, 0)),
            }
        }
        self.counts.iter_mut().skip(first).zip(counts).for_each(|(ours, count)| *ours += count);
    }

    /// The cells of a slot.
    fn cells_of(&self, slot: usize) -> Range<usize> {
        slot * self.pieces..(slot + 1) * self.pieces
    }

    /// The sum of all pieces of a slot.
    pub fn total(&self, slot: usize) -> ExactSum {
        let cells = self.cells_of(slot);
        let mut total = ExactSum::of_near(0, self.counts.get(cells.clone()).unwrap_or_default().iter().sum());
        let near = self.near.get(cells.clone()).unwrap_or_default();
        near.iter().for_each(|near| total.merge(&ExactSum::of_near(*near, 0)));
        if !self.others.is_empty() {
            cells.filter_map(|cell| self.others.get(cell)).for_each(|others| total.merge(others));
        }
        total
    }

    /// The same sums in so many slots, when the rows of each slot go to the one that `slot_of` has in its place.
    ///
    /// # Errors
    /// When the table is larger than may be.
    pub fn put_together(&self, guard: &Guard, slot_of: &[u32], slots: usize) -> Result<Self, Stop> {
        let mut whole = Self::new(guard, slots, self.pieces, !self.counts.is_empty())?;
        for pair in guard.watch(slot_of.iter().enumerate()) {
            let (from, to) = pair?;
            let (from, to) = (self.cells_of(from), self.cells_of(*to as usize));
            let near = self.near.get(from.clone()).unwrap_or_default();
            whole.join_cells(to.start, near, self.counts.get(from.clone()).unwrap_or_default());
            if !self.others.is_empty() {
                let others = from.zip(to).filter_map(|(from, to)| Some((to, self.others.get(from)?)));
                others.for_each(|(to, others)| whole.others.join_cell(to, others));
            }
        }
        whole.settle()?;
        Ok(whole)
    }

    /// The sums of each slot's pieces, and of all of them; `None` where other numbers than those of ordinary size were
    /// added.
    ///
    /// # Errors
    /// When the execution may not go on.
    pub fn sums(&self, guard: &Guard) -> Result<Option<Vec<SlotSums>>, Stop> {
        if !self.others.is_empty() || self.pieces == 0 {
            return Ok(None);
        }
        let sum = |near: NearSum| Figure::of(Some(nearest_to(near)));
        let mut sums = Vec::with_capacity(self.near.len() / self.pieces);
        for pieces in guard.watch(self.near.chunks(self.pieces)) {
            let pieces = pieces?;
            let Some(all) = pieces.iter().try_fold(0, |all: NearSum, near| all.checked_add(*near)) else {
                return Ok(None);
            };
            sums.push((pieces.iter().map(|near| sum(*near)).collect(), sum(all)));
        }
        Ok(Some(sums))
    }
}

impl FoldCells for SumCells {
    type Fold = ExactSum;
    const LOOKS_AT_UNITS: bool = false;

    #[inline]
    fn add(&mut self, cell: usize, unit: u32, number: Option<Number>) {
        let is_added = number.and_then(near_of_number).is_some_and(|near| self.near_cells().add(cell, near));
        if !is_added && number.is_some() {
            self.others.add(cell, unit, number);
        }
    }

    /// Bound by instructions: a row takes some forty, half of which make 128 bits of its double.
    fn add_doubles(&mut self, cells: &[u32], units: &[u32], doubles: &[[u8; 8]]) {
        let mut rows = cells.iter().zip(units).zip(doubles).filter(|((cell, _), _)| **cell != NO_CELL);
        loop {
            let mut near = self.near_cells();
            let is_left = |((cell, _), double): &((&u32, _), &[u8; 8])| {
                !near_of(f64::from_le_bytes(**double)).is_some_and(|number| near.add(**cell as usize, number))
            };
            let Some(((cell, unit), double)) = rows.find(is_left) else { return };
            self.add(*cell as usize, *unit, Number::from_f64(f64::from_le_bytes(*double)));
        }
    }

    fn join(&mut self, other: Self) -> Result<(), Stop> {
        self.join_cells(0, &other.near, &other.counts);
        self.others.join(other.others)
    }

    fn settle(&mut self) -> Result<(), Stop> {
        self.charge.set(list_bytes(&self.near) + list_bytes(&self.counts))?;
        self.others.settle()
    }

    fn take_slot(&mut self, slot: usize) -> impl Iterator<Item = Option<ExactSum>> {
        let first = slot * self.pieces;
        let Self { pieces, near, counts, others, .. } = self;
        let cells = near.get(first..first + *pieces).unwrap_or_default();
        let counts = counts.get(first..).unwrap_or_default();
        let mut others = (!others.is_empty()).then(|| others.take_slot(slot));
        cells.iter().enumerate().map(move |(piece, near)| {
            let others = others.as_mut().and_then(|others| others.next().flatten());
            let count = counts.get(piece).copied().unwrap_or(0);
            // Nothing is the sum of no numbers, too.
            if *near == 0 && count == 0 {
                return others;
            }
            let mut sum = ExactSum::of_near(*near, count);
            others.iter().for_each(|others| sum.merge(others));
            Some(sum)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;
    use proptest::prelude::*;

    fn numbers() -> impl Strategy<Value = Option<Number>> {
        prop_oneof![
            3 => (-1e9f64..1e9).prop_map(Number::from_f64),
            1 => any::<f64>().prop_map(Number::from_f64),
            1 => any::<i64>().prop_map(|number| Some(Number::Integer(number))),
            1 => any::<u64>().prop_map(|number| Some(Number::from_u64(number))),
            1 => Just(Number::from_f64(2f64.powi(39))),
        ]
    }

    #[test]
    fn sums_that_grow_out_of_their_cells_stay_exact() {
        // One below the least that is no longer of ordinary size.
        let (guard, large) = (Guard::new(&Limits::default()), 2f64.powi(40) - 2f64.powi(-13));
        for copies in [5_000, 20_000] {
            let half = || {
                let mut cells = SumCells::new(&guard, 1, 1, true).unwrap();
                (0..copies).for_each(|_| cells.add_doubles(&[0], &[7], &[large.to_le_bytes()]));
                cells
            };
            let mut whole = half();
            whole.join(half()).unwrap();
            assert!(!whole.others.is_empty());
            let sum = whole.take_slot(0).next().flatten().unwrap();
            assert_eq!((sum.count(), sum.average()), (2 * copies, Some(large)));
        }
    }

    proptest! {
        #[test]
        fn sums_are_those_of_cells_that_stand_alone(
            rows in prop::collection::vec((0usize..7, numbers(), 1usize..3000), 0..40), counts: bool,
        ) {
            let guard = Guard::new(&Limits::default());
            let empty = || SumCells::new(&guard, 2, 3, counts).unwrap();
            let (mut whole, mut half) = (empty(), empty());
            let mut alone: Cells<ExactSum> = Cells::new(&guard, 2, 3).unwrap();
            for (place, (cell, number, copies)) in rows.into_iter().enumerate() {
                let cells = if place % 2 == 0 { &mut whole } else { &mut half };
                for _ in 0..copies {
                    match number {
                        Some(number) if Number::from_f64(number.to_f64()) == Some(number) && place % 3 == 0 => {
                            // What comes after one that is not of ordinary size counts as well.
                            let doubles = [1.0, number.to_f64(), -0.25].map(f64::to_le_bytes);
                            cells.add_doubles(&[NO_CELL, cell as u32, cell as u32], &[7; 3], &doubles);
                            alone.add(cell, 7, Number::from_f64(-0.25));
                        }
                        _ => cells.add(cell, 7, number),
                    }
                    alone.add(cell, 7, number);
                }
            }
            whole.join(half).unwrap();
            whole.settle().unwrap();
            let (turned, together) = ([1, 0], [0, 0]);
            let mut turned = whole.put_together(&guard, &turned, 2).unwrap();
            let mut together = whole.put_together(&guard, &together, 1).unwrap();
            let mut all: Vec<ExactSum> = vec![ExactSum::default(); 3];
            for slot in 0..2 {
                let mut total = ExactSum::default();
                for (all, sum) in all.iter_mut().zip(turned.take_slot(1 - slot)) {
                    sum.iter().for_each(|sum| total.merge(sum));
                    sum.iter().for_each(|sum| all.merge(sum));
                }
                prop_assert_eq!(whole.total(slot).sum(), total.sum());
                if counts {
                    prop_assert_eq!(whole.total(slot).average(), total.average());
                }
            }
            for (sum, expected) in together.take_slot(0).zip(all) {
                let sum = sum.unwrap_or_default();
                prop_assert_eq!(sum.sum(), expected.sum());
                if counts {
                    prop_assert_eq!((sum.count(), sum.average()), (expected.count(), expected.average()));
                }
            }
            for slot in 0..2 {
                for (sum, expected) in whole.take_slot(slot).zip(alone.take_slot(slot)) {
                    let (sum, expected) = (sum.unwrap_or_default(), expected.unwrap_or_default());
                    prop_assert_eq!(sum.sum(), expected.sum());
                    if counts {
                        prop_assert_eq!((sum.count(), sum.average()), (expected.count(), expected.average()));
                    }
                }
            }
            prop_assert_eq!(whole.take_slot(1).count(), 3);
        }
    }
}
