//! Which rows of a block are meant: one bit a row.

use crate::codec::packed::BLOCK_VALUES;
use std::ops::Range;

const WORDS: usize = BLOCK_VALUES / 64;

/// A set of rows of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask([u64; WORDS]);

impl Mask {
    /// No row.
    pub const NONE: Self = Self([0; WORDS]);

    /// The first `rows` rows.
    pub fn first(rows: usize) -> Self {
        let mut words = [0; WORDS];
        let (whole, rest) = (rows / 64, rows % 64);
        words[..whole].fill(u64::MAX);
        if rest > 0 {
            words[whole] = (1 << rest) - 1;
        }
        Self(words)
    }

    /// These rows.
    pub fn of_rows(rows: Range<usize>) -> Self {
        let before = Self::first(rows.start);
        before.complement(&Self::first(rows.end))
    }

    /// The rows among the first `rows` for which `is_in` says so.
    #[inline]
    pub fn from_fn(rows: usize, mut is_in: impl FnMut(usize) -> bool) -> Self {
        let mut words = [0; WORDS];
        for (word, slot) in words.iter_mut().enumerate().take(rows.div_ceil(64)) {
            let first = word * 64;
            // Bits come in at the top, so that each is shifted by one place only.
            let in_word = |row: usize| u64::from(is_in(row)) << 63;
            let end = (rows - first).min(64);
            let bits = (first..first + end).map(in_word).fold(0, |bits, bit| bits >> 1 | bit);
            *slot = bits >> (64 - end);
        }
        Self(words)
    }

    /// Adds these rows.
    #[inline]
    pub fn add(&mut self, rows: Range<usize>) {
        if rows.is_empty() {
            return;
        }
        let (first, last) = (rows.start / 64, (rows.end - 1) / 64);
        let (from, to) = (u64::MAX << (rows.start % 64), u64::MAX >> (63 - (rows.end - 1) % 64));
        if first == last {
            self.0[first] |= from & to;
            return;
        }
        self.0[first] |= from;
        self.0[first + 1..last].fill(u64::MAX);
        self.0[last] |= to;
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

    /// The first row from this one on.
    pub fn first_from(&self, row: usize) -> Option<usize> {
        let (first, bit) = (row / 64, row % 64);
        let of_word = |place: usize| self.0[place] & if place == first { u64::MAX << bit } else { u64::MAX };
        let place = (first..WORDS).find(|place| of_word(*place) != 0)?;
        Some(place * 64 + of_word(place).trailing_zeros() as usize)
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
    pub fn rows(&self) -> Rows<'_> {
        Rows { words: &self.0, place: 0, word: self.0[0] }
    }
}

/// The rows of a mask, ascending.
pub struct Rows<'a> {
    words: &'a [u64; WORDS],
    place: usize,
    /// What is left of the word at `place`.
    word: u64,
}

impl Iterator for Rows<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.place += 1;
            self.word = *self.words.get(self.place)?;
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(self.place * 64 + bit)
    }

    /// Words without a gap, which are most where nothing is filtered, are counted through.
    #[inline]
    fn fold<B, F: FnMut(B, usize) -> B>(self, init: B, mut f: F) -> B {
        let mut folded = init;
        for (place, word) in self.words.iter().enumerate().skip(self.place) {
            let mut word = if place == self.place { self.word } else { *word };
            if word == u64::MAX {
                folded = (place * 64..place * 64 + 64).fold(folded, &mut f);
                continue;
            }
            while word != 0 {
                folded = f(folded, place * 64 + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
        folded
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
        for rows in [0, 1, 63, 64, 65, 1000, 1024] {
            assert_eq!(Mask::first(rows), Mask::from_fn(rows, |_| true));
            let odd = Mask::from_fn(rows, |row| row % 2 == 1 || row > 700);
            let expected: Vec<usize> = (0..rows).filter(|row| row % 2 == 1 || *row > 700).collect();
            assert_eq!(odd.rows().collect::<Vec<_>>(), expected);
            let mut folded = Vec::new();
            odd.rows().for_each(|row| folded.push(row));
            for from in [0, 1, 63, 64, 700, 1023, 1024] {
                assert_eq!(odd.first_from(from), expected.iter().copied().find(|row| *row >= from));
            }
            assert_eq!(folded, expected);
        }
        assert_eq!(Mask::of_rows(3..130).rows().collect::<Vec<_>>(), (3..130).collect::<Vec<_>>());
        for rows in [0..0, 3..130, 64..128, 5..6, 63..65, 1000..1024, 0..1024] {
            let mut mask = Mask::NONE;
            mask.add(rows.clone());
            assert_eq!(mask, Mask::of_rows(rows));
        }
        assert!(Mask::first(0).is_empty() && !Mask::first(1024).is_empty());
    }
}
