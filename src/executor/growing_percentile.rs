//! A percentile of numbers that become more.

use super::footprint::Footprint;
use crate::language::DecimalFraction;
use crate::model::Number;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// All numbers so far, the least of them up to the wanted rank apart from the rest.
pub(super) struct GrowingPercentile<'r> {
    rank: &'r DecimalFraction,
    /// The greatest first; none is greater than any of `high`.
    low: BinaryHeap<Number>,
    /// The least first.
    high: BinaryHeap<Reverse<Number>>,
}

impl<'r> GrowingPercentile<'r> {
    pub fn new(rank: &'r DecimalFraction) -> Self {
        Self { rank, low: BinaryHeap::new(), high: BinaryHeap::new() }
    }

    /// Adds a number.
    pub fn add(&mut self, number: Number) {
        match self.low.peek() {
            Some(greatest) if number < *greatest => self.low.push(number),
            _ => self.high.push(Reverse(number)),
        }
    }

    /// The number at the nearest rank; `None` of none.
    pub fn value(&mut self) -> Option<f64> {
        let wanted = self.rank.nearest_rank((self.low.len() + self.high.len()) as u64) as usize;
        while self.low.len() < wanted {
            let Some(Reverse(least)) = self.high.pop() else { break };
            self.low.push(least);
        }
        while self.low.len() > wanted {
            self.high.extend(self.low.pop().map(Reverse));
        }
        self.low.peek().map(|number| number.to_f64())
    }
}

impl Footprint for GrowingPercentile<'_> {
    fn footprint(&self) -> usize {
        (self.low.capacity() + self.high.capacity()) * size_of::<Number>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::folds::{Fold, NumbersFold};
    use super::*;
    use crate::language::Measure;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_percentile_of_all_numbers_so_far(
            numbers in prop::collection::vec(prop::collection::vec(-9i64..9, 0..6), 0..12),
            rank in prop::sample::select(vec![0.0, 0.01, 0.5, 0.9, 1.0]),
        ) {
            let Measure::Percentile { rank, .. } = Measure::percentile("p", rank) else { unreachable!("just made") };
            let (mut growing, mut all) = (GrowingPercentile::new(&rank), NumbersFold::default());
            for number in numbers.into_iter().map(|more| more.into_iter().map(Number::Integer)) {
                for number in number {
                    growing.add(number);
                    all.add(0, Some(number));
                }
                prop_assert_eq!(growing.value(), all.percentile(&rank).to_f64());
            }
        }
    }
}
