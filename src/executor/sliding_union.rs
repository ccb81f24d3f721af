//! The union of a window of sets that slides over a list of them.

use roaring::RoaringBitmap;
use std::ops::Range;

/// Slides forward only. Each set is taken in once and left behind once, whatever the width of the window: those from
/// `start` to `middle` keep only what none after them up to `middle` has, so that leaving one takes just that away.
pub(super) struct SlidingUnion {
    sets: Vec<RoaringBitmap>,
    start: usize,
    middle: usize,
    end: usize,
    /// The union from `start` to `middle`.
    front: RoaringBitmap,
    /// The union from `middle` to `end`.
    back: RoaringBitmap,
}

impl SlidingUnion {
    pub fn new(sets: Vec<RoaringBitmap>) -> Self {
        let (front, back) = (RoaringBitmap::new(), RoaringBitmap::new());
        Self { sets, start: 0, middle: 0, end: 0, front, back }
    }

    /// How many values the sets of a window have together; neither of its ends may lie before that of the window
    /// before.
    pub fn count(&mut self, window: Range<usize>) -> u64 {
        while self.end < window.end {
            self.back |= &self.sets[self.end];
            self.end += 1;
        }
        while self.start < window.start.min(self.end) {
            if self.start == self.middle {
                self.turn();
            }
            self.front -= &self.sets[self.start];
            self.start += 1;
        }
        self.front.union_len(&self.back)
    }

    /// Moves the middle to the end.
    fn turn(&mut self) {
        for set in self.sets[self.middle..self.end].iter_mut().rev() {
            *set -= &self.front;
            self.front |= &*set;
        }
        self.middle = self.end;
        self.back.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_counts_the_union_of_its_sets(
            sets in prop::collection::vec(prop::collection::vec(0u32..20, 0..5), 1..20),
            steps in prop::collection::vec((0usize..4, 0usize..4), 1..20),
        ) {
            let sets: Vec<RoaringBitmap> = sets.into_iter().map(RoaringBitmap::from_iter).collect();
            let mut sliding = SlidingUnion::new(sets.clone());
            let mut window = 0..0;
            for (start, end) in steps {
                window.end = (window.end + end).min(sets.len());
                window.start = (window.start + start).min(window.end);
                let union = sets[window.clone()].iter().fold(RoaringBitmap::new(), |all, set| all | set);
                prop_assert_eq!(sliding.count(window.clone()), union.len());
            }
        }
    }
}
