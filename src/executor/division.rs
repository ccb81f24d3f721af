//! How a range is divided: into the buckets of a report, or at any instants.

use crate::language::{Buckets, ResolvedRange, cut_at_utc_days};

/// Stands for the piece of an instant outside of all.
pub(super) const NO_PIECE: u32 = u32::MAX;

/// Pieces that follow one another.
pub trait Division: Sync {
    /// How many pieces there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The piece that holds an instant.
    fn index_of(&self, time_micros: i64) -> Option<usize>;

    /// The pieces that hold these instants, `u32::MAX` where none does.
    fn indexes_of(&self, times_micros: &[i64], indexes: &mut [u32]) {
        let index = |time: &i64| self.index_of(*time).map_or(NO_PIECE, |index| index as u32);
        indexes.iter_mut().zip(times_micros).for_each(|(slot, time)| *slot = index(time));
    }

    /// Whether whole UTC days answer for the part of the pieces inside the range, which is of whole days itself.
    fn are_utc_days(&self, range: ResolvedRange) -> bool;
}

impl Division for Buckets {
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn index_of(&self, time_micros: i64) -> Option<usize> {
        self.index_of(time_micros)
    }

    fn indexes_of(&self, times_micros: &[i64], indexes: &mut [u32]) {
        self.indexes_of(times_micros, indexes);
    }

    fn are_utc_days(&self, range: ResolvedRange) -> bool {
        self.are_utc_days(range)
    }
}

/// Pieces between ascending instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges(Vec<i64>);

impl Edges {
    /// Divides at these instants, given in any order; at least two make a piece.
    pub fn new(mut instants: Vec<i64>) -> Self {
        instants.sort_unstable();
        instants.dedup();
        Self(instants)
    }

    /// One piece: a range as a whole.
    pub fn whole(range: ResolvedRange) -> Self {
        Self(vec![range.from_micros, range.to_micros])
    }

    /// The pieces from one instant to another, which must both be edges.
    pub fn between(&self, range: ResolvedRange) -> std::ops::Range<usize> {
        let place = |instant| self.0.partition_point(|edge| *edge < instant);
        place(range.from_micros)..place(range.to_micros)
    }
}

impl Division for Edges {
    fn len(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    #[inline]
    fn index_of(&self, time_micros: i64) -> Option<usize> {
        let past = self.0.partition_point(|edge| *edge <= time_micros);
        past.checked_sub(1).filter(|piece| *piece < self.len())
    }

    fn are_utc_days(&self, range: ResolvedRange) -> bool {
        // Nothing is asked beyond the outermost.
        let inner = self.0.get(1..self.0.len().saturating_sub(1)).unwrap_or_default();
        cut_at_utc_days(inner, range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_between_edges() {
        let edges = Edges::new(vec![30, 10, 20, 10]);
        assert_eq!(
            [9, 10, 19, 20, 29, 30].map(|time| edges.index_of(time)),
            [None, Some(0), Some(0), Some(1), Some(1), None]
        );
        assert_eq!(edges.between(ResolvedRange { from_micros: 10, to_micros: 30 }), 0..2);
        assert_eq!(edges.between(ResolvedRange { from_micros: 20, to_micros: 20 }), 1..1);
    }
}
