//! Which rows of a block are meant: one bit a row.

use crate::codec::packed::BLOCK_VALUES;

const WORDS: usize = BLOCK_VALUES / 64;

/// A set of rows of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask([u64; WORDS]);

impl Mask {
    /// No row.
    pub const NONE: Self = Self([0; WORDS]);

    /// The first `rows` rows.
    pub fn first(rows: usize) -> Self {
        Self::from_fn(rows, |_| true)
    }

    /// The rows among the first `rows` for which `is_in` says so.
    #[inline]
    pub fn from_fn(rows: usize, mut is_in: impl FnMut(usize) -> bool) -> Self {
        let mut words = [0; WORDS];
        for (word, slot) in words.iter_mut().enumerate().take(rows.div_ceil(64)) {
            let end = (rows - word * 64).min(64);
            for bit in 0..end {
                *slot |= u64::from(is_in(word * 64 + bit)) << bit;
            }
        }
        Self(words)
    }

    /// The rows in both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
        self
    }

    /// The rows in either.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// The rows of `all` that are not in this.
    #[must_use]
    pub fn complement(mut self, all: &Self) -> Self {
        self.0.iter_mut().zip(&all.0).for_each(|(word, all)| *word = all & !*word);
        self
    }

    /// Whether a row is in it.
    #[inline]
    pub fn has(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }

    /// Whether no row is in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many rows are in it.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The rows, ascending.
    #[inline]
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                if word == 0 {
                    return None;
                }
                let bit = word.trailing_zeros() as usize;
                word &= word - 1;
                Some(place * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_sets_of_rows() {
        let third = Mask::from_fn(200, |row| row % 3 == 0);
        let even = Mask::from_fn(200, |row| row % 2 == 0);
        assert_eq!(third.and(&even).rows().collect::<Vec<_>>(), (0..200).step_by(6).collect::<Vec<_>>());
        assert_eq!(third.count(), 67);
        assert_eq!(third.complement(&Mask::first(200)).count(), 133);
        assert_eq!(third.or(&third.complement(&Mask::first(200))), Mask::first(200));
        assert!(Mask::first(0).is_empty() && !Mask::first(1024).is_empty());
    }
}
