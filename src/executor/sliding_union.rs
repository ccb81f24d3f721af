//! The union of a window of sets that slides over a list of them.

use super::footprint::Footprint;
use roaring::RoaringBitmap;
use std::ops::Range;

/// While the window moves forward, each set is taken in once and left behind once, whatever the window's width. It may
/// move back, which costs as much as its width.
pub(super) struct SlidingUnion {
    sets: Vec<RoaringBitmap>,
    start: usize,
    end: usize,
    /// The union of the sets from `start` on, up to some middle.
    front: RoaringBitmap,
    /// For each of these sets, the last first: what it has and none between it and the middle has, so that leaving it
    /// takes just that away.
    leaving: Vec<RoaringBitmap>,
    /// What these hold.
    leaving_bytes: usize,
    /// The union from the middle to `end`.
    back: RoaringBitmap,
}

impl SlidingUnion {
    pub fn new(sets: Vec<RoaringBitmap>) -> Self {
        let (front, back) = (RoaringBitmap::new(), RoaringBitmap::new());
        Self { sets, start: 0, end: 0, front, leaving: Vec::new(), leaving_bytes: 0, back }
    }

    /// How many values the sets of a window have together.
    pub fn count(&mut self, window: Range<usize>) -> u64 {
        if window.start < self.start || window.end < self.end {
            self.front.clear();
            self.leaving.clear();
            self.back.clear();
            (self.start, self.end) = (window.start, window.start);
        }
        while self.end < window.end {
            self.back |= &self.sets[self.end];
            self.end += 1;
        }
        while self.start < window.start.min(self.end) {
            if self.leaving.is_empty() {
                self.turn();
            }
            self.front -= self.leaving.pop().unwrap_or_default();
            self.start += 1;
        }
        self.front.union_len(&self.back)
    }

    /// Moves the middle to the end.
    fn turn(&mut self) {
        for set in self.sets[self.start..self.end].iter().rev() {
            self.leaving.push(set - &self.front);
            self.front |= set;
        }
        self.back.clear();
        self.leaving_bytes = self.leaving.footprint();
    }
}

impl Footprint for SlidingUnion {
    /// Without the sets that were given.
    fn footprint(&self) -> usize {
        self.front.footprint() + self.leaving_bytes + self.back.footprint()
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
            steps in prop::collection::vec((0usize..4, 0usize..4, prop::bool::weighted(0.1)), 1..20),
        ) {
            let sets: Vec<RoaringBitmap> = sets.into_iter().map(RoaringBitmap::from_iter).collect();
            let mut sliding = SlidingUnion::new(sets.clone());
            let mut window = 0..0;
            for (start, end, goes_back) in steps {
                window.end = (window.end + end).min(sets.len());
                window.start = if goes_back { window.start.saturating_sub(start) } else { window.start + start };
                window.start = window.start.min(window.end);
                let union = sets[window.clone()].iter().fold(RoaringBitmap::new(), |all, set| all | set);
                prop_assert_eq!(sliding.count(window.clone()), union.len());
            }
        }
    }
}
