//! A set of units: one bit for each unit there is where many are in the set, else a Roaring bitmap.

use super::footprint::{Footprint, list_bytes};
use crate::codec::DecodeError;
use crate::index::StoredBitmap;
use roaring::RoaringBitmap;

/// Units of a word.
pub(super) const WORD_UNITS: usize = 64;
/// Bits are used while they take at most so many bytes a row that may have put a unit into a set.
const BYTES_A_ROW: u64 = 16;
/// And so many bytes in all sets.
const BYTES_MAX: usize = 64 << 20;

/// How the units of some sets are kept; sets of one report that are joined or compared are all kept in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// In so many words.
    Bits(usize),
    /// As Roaring bitmaps.
    Roaring,
}

impl Keeping {
    /// For so many sets, which together have no more units than rows, of units with numbers below `unit_count`.
    pub fn of(unit_count: u32, sets: usize, rows: u64) -> Self {
        let words = (unit_count as usize).div_ceil(WORD_UNITS);
        match words.checked_mul(size_of::<u64>() * sets.max(1)) {
            Some(bytes) if bytes <= BYTES_MAX && bytes as u64 <= rows.saturating_mul(BYTES_A_ROW) => Self::Bits(words),
            _ => Self::Roaring,
        }
    }

    /// In bits, whatever that takes.
    pub fn bits(unit_count: u32) -> Self {
        Self::Bits((unit_count as usize).div_ceil(WORD_UNITS))
    }

    /// The set of these.
    #[cfg(test)]
    pub fn set<'u>(self, units: impl IntoIterator<Item = &'u u32>) -> UnitSet {
        let mut set = self.none();
        units.into_iter().for_each(|unit| set.insert(*unit));
        set
    }

    /// The set without units.
    pub fn none(self) -> UnitSet {
        UnitSet(match self {
            Self::Bits(words) => Kept::Bits { words: vec![0; words], count: Some(0) },
            Self::Roaring => Kept::Roaring(RoaringBitmap::new()),
        })
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct UnitSet(Kept);

#[derive(Clone, Debug)]
enum Kept {
    Bits {
        words: Vec<u64>,
        /// How many units there are, where that is known.
        count: Option<u64>,
    },
    Roaring(RoaringBitmap),
}

impl From<RoaringBitmap> for UnitSet {
    fn from(units: RoaringBitmap) -> Self {
        Self(Kept::Roaring(units))
    }
}

impl UnitSet {
    /// The set of the units whose bits are set.
    pub(super) fn of_bits(words: Vec<u64>) -> Self {
        Self(Kept::Bits { words, count: None })
    }

    /// All units there are.
    pub(super) fn all(unit_count: u32) -> Self {
        let mut words = vec![u64::MAX; unit_count as usize / WORD_UNITS];
        let rest = unit_count as usize % WORD_UNITS;
        words.extend((rest > 0).then(|| (1 << rest) - 1));
        Self::of_bits(words)
    }

    /// How many units there are.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Kept::Bits { words, count } => count.unwrap_or_else(|| ones(words.iter().copied())),
            Kept::Roaring(units) => units.len(),
        }
    }

    /// Whether there is no unit.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Kept::Bits { words, count } => {
                count.map_or_else(|| words.iter().all(|word| *word == 0), |count| count == 0)
            }
            Kept::Roaring(units) => units.is_empty(),
        }
    }

    /// The units, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (words, units) = match &self.0 {
            Kept::Bits { words, .. } => (words.as_slice(), None),
            Kept::Roaring(units) => (&[][..], Some(units.iter())),
        };
        let of_words = words.iter().enumerate().filter(|(_, word)| **word != 0);
        of_words.flat_map(|(place, word)| units_of(place, *word)).chain(units.into_iter().flatten())
    }

    /// Adds all of these.
    pub(super) fn add_all(&mut self, units: &RoaringBitmap) {
        let (mut units, mut room) = (units.iter(), [0; 256]);
        loop {
            match units.next_many(&mut room) {
                [] => return,
                some => some.iter().for_each(|unit| self.insert(*unit)),
            }
        }
    }

    /// Adds a unit.
    pub(super) fn insert(&mut self, unit: u32) {
        match &mut self.0 {
            Kept::Bits { words, count } => {
                let place = unit as usize / WORD_UNITS;
                if place >= words.len() {
                    words.resize(place + 1, 0);
                }
                words[place] |= 1 << (unit as usize % WORD_UNITS);
                *count = None;
            }
            Kept::Roaring(units) => {
                units.insert(unit);
            }
        }
    }

    fn remove(&mut self, unit: u32) -> bool {
        match &mut self.0 {
            Kept::Bits { words, count } => {
                let Some(word) = words.get_mut(unit as usize / WORD_UNITS) else { return false };
                let bit = 1 << (unit as usize % WORD_UNITS);
                let is_there = *word & bit != 0;
                *word &= !bit;
                *count = count.map(|count| count - u64::from(is_there));
                is_there
            }
            Kept::Roaring(units) => units.remove(unit),
        }
    }

    /// Puts units in the place of others: those that `from` lists and that are there.
    pub(super) fn replace(&mut self, from: &RoaringBitmap, to: impl Fn(u32) -> u32) {
        let moved: Vec<u32> = from.iter().filter(|unit| self.remove(*unit)).collect();
        moved.into_iter().for_each(|unit| self.insert(to(unit)));
    }

    /// Adds the units of a stored bitmap.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn add_stored(&mut self, stored: StoredBitmap<'_>) -> Result<(), DecodeError> {
        match &mut self.0 {
            Kept::Bits { words, count } => {
                *count = if *count == Some(0) { Some(stored.count()?) } else { None };
                stored.add_to(words)
            }
            Kept::Roaring(units) => {
                *units |= stored.to_bitmap()?;
                Ok(())
            }
        }
    }

    /// Adds the units of another.
    pub fn add(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Kept::Bits { words, count }, Kept::Bits { words: theirs, .. }) if words.len() == theirs.len() => {
                words.iter_mut().zip(theirs).for_each(|(word, theirs)| *word |= theirs);
                *count = None;
            }
            (Kept::Roaring(units), Kept::Roaring(theirs)) => *units |= theirs,
            _ => other.iter().for_each(|unit| self.insert(unit)),
        }
    }

    /// Takes the units of another away.
    pub fn take(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Kept::Bits { words, count }, Kept::Bits { words: theirs, .. }) => {
                words.iter_mut().zip(theirs).for_each(|(word, theirs)| *word &= !theirs);
                *count = None;
            }
            (Kept::Roaring(units), Kept::Roaring(theirs)) => *units -= theirs,
            _ => other.iter().for_each(|unit| {
                self.remove(unit);
            }),
        }
    }

    /// Takes the units away that another has not.
    pub fn keep(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Kept::Bits { words, count }, Kept::Bits { words: theirs, .. }) => {
                let theirs = theirs.iter().copied().chain(std::iter::repeat(0));
                words.iter_mut().zip(theirs).for_each(|(word, theirs)| *word &= theirs);
                *count = None;
            }
            (Kept::Roaring(units), Kept::Roaring(theirs)) => *units &= theirs,
            (Kept::Roaring(units), Kept::Bits { .. }) => {
                *units = units.iter().filter(|unit| other.contains(*unit)).collect();
            }
            (Kept::Bits { .. }, Kept::Roaring(_)) => {
                let gone: Vec<u32> = self.iter().filter(|unit| !other.contains(*unit)).collect();
                gone.into_iter().for_each(|unit| {
                    self.remove(unit);
                });
            }
        }
    }

    /// Whether a unit is there.
    pub fn contains(&self, unit: u32) -> bool {
        match &self.0 {
            Kept::Bits { words, .. } => {
                words.get(unit as usize / WORD_UNITS).is_some_and(|word| word >> (unit as usize % WORD_UNITS) & 1 == 1)
            }
            Kept::Roaring(units) => units.contains(unit),
        }
    }

    /// The units of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (Kept::Bits { words, .. }, Kept::Bits { words: theirs, .. }) => {
                Self::of_bits(words.iter().zip(theirs).map(|(word, theirs)| word & theirs).collect())
            }
            (Kept::Roaring(units), Kept::Roaring(theirs)) => (units & theirs).into(),
            _ => self.iter().filter(|unit| other.contains(*unit)).collect::<RoaringBitmap>().into(),
        }
    }

    /// The units that another has not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        rest.take(other);
        rest
    }

    /// How many units are in both. Bound by reading both sets.
    pub fn common_len(&self, other: &Self) -> u64 {
        match (&self.0, &other.0) {
            (Kept::Bits { words, .. }, Kept::Bits { words: theirs, .. }) => {
                ones(words.iter().zip(theirs).map(|(word, theirs)| word & theirs))
            }
            (Kept::Roaring(units), Kept::Roaring(theirs)) => units.intersection_len(theirs),
            _ => self.iter().filter(|unit| other.contains(*unit)).count() as u64,
        }
    }

    /// The words of units whose bits are set, where they are kept so.
    pub(super) fn words(&self) -> Option<&[u64]> {
        match &self.0 {
            Kept::Bits { words, .. } => Some(words),
            Kept::Roaring(_) => None,
        }
    }

    /// The units as a Roaring bitmap.
    pub fn into_bitmap(self) -> RoaringBitmap {
        match self.0 {
            Kept::Bits { words, .. } => {
                let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
                RoaringBitmap::from_lsb0_bytes(0, &bytes)
            }
            Kept::Roaring(units) => units,
        }
    }
}

fn ones(words: impl Iterator<Item = u64>) -> u64 {
    words.map(|word| u64::from(word.count_ones())).sum()
}

/// The units of a word, ascending.
pub(super) fn units_of(place: usize, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some((place * WORD_UNITS) as u32 + bit)
    })
}

impl Footprint for UnitSet {
    fn footprint(&self) -> usize {
        match &self.0 {
            Kept::Bits { words, .. } => list_bytes(words),
            Kept::Roaring(units) => units.footprint(),
        }
    }
}

impl Footprint for Vec<UnitSet> {
    fn footprint(&self) -> usize {
        list_bytes(self) + self.iter().map(Footprint::footprint).sum::<usize>()
    }
}

/// A set without units, kept as these sets are.
pub fn nobody(sets: &[UnitSet]) -> UnitSet {
    let keeping = match sets.first() {
        Some(UnitSet(Kept::Bits { words, .. })) => Keeping::Bits(words.len()),
        _ => Keeping::Roaring,
    };
    keeping.none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const UNITS: u32 = 200;

    proptest! {
        #[test]
        fn sets_are_the_same_however_they_are_kept(
            one in prop::collection::btree_set(0..UNITS, 0..60),
            other in prop::collection::btree_set(0..UNITS, 0..60),
            unit in 0..UNITS,
        ) {
            let keepings = [Keeping::Bits((UNITS as usize).div_ceil(WORD_UNITS)), Keeping::Roaring];
            for (first, second) in keepings.iter().flat_map(|first| keepings.iter().map(move |second| (first, second))) {
                let (a, b) = (first.set(&one), second.set(&other));
                let changed = |change: &dyn Fn(&mut UnitSet)| {
                    let mut changed = a.clone();
                    change(&mut changed);
                    (changed.len(), changed.is_empty(), changed.iter().collect::<BTreeSet<u32>>(), changed.into_bitmap())
                };
                let expected = |units: BTreeSet<u32>| {
                    (units.len() as u64, units.is_empty(), units.clone(), units.into_iter().collect::<RoaringBitmap>())
                };
                prop_assert_eq!(changed(&|a| a.add(&b)), expected(&one | &other));
                prop_assert_eq!(changed(&|a| a.take(&b)), expected(&one - &other));
                prop_assert_eq!(changed(&|a| *a = a.and(&b)), expected(&one & &other));
                prop_assert_eq!(changed(&|a| *a = a.without(&b)), expected(&one - &other));
                prop_assert_eq!(changed(&|a| a.keep(&b)), expected(&one & &other));
                prop_assert_eq!(changed(&|a| { *a = UnitSet::all(UNITS); a.take(&b) }), expected(&(0..UNITS).collect() - &other));
                prop_assert_eq!(a.common_len(&b), one.intersection(&other).count() as u64);
                prop_assert_eq!(a.contains(unit), one.contains(&unit));
                let shown = |unit: u32| unit / 2;
                let moved: BTreeSet<u32> = one.iter().map(|u| if other.contains(u) { shown(*u) } else { *u }).collect();
                prop_assert_eq!(changed(&|a| a.replace(&other.iter().collect(), shown)), expected(moved));
                let mut bytes = Vec::new();
                other.iter().collect::<RoaringBitmap>().serialize_into(&mut bytes).unwrap();
                let stored = StoredBitmap::of_bytes(&bytes);
                prop_assert_eq!(changed(&|a| a.add_stored(stored).unwrap()), expected(&one | &other));
                prop_assert_eq!(changed(&|a| { *a = second.none(); a.add_stored(stored).unwrap() }), expected(other.clone()));
            }
        }
    }

    #[test]
    fn few_units_among_many_are_kept_as_roaring_bitmaps() {
        assert_eq!(Keeping::of(1_000_000, 90, 10_000_000), Keeping::Bits(15_625));
        assert_eq!(Keeping::of(1_000_000, 90, 1_000), Keeping::Roaring);
        assert_eq!(Keeping::of(100_000_000, 90, 10_000_000_000), Keeping::Roaring);
    }
}
