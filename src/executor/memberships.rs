//! In how many of some sets each unit is.

use super::charge::Charged;
use super::guard::Guard;
use super::limits::Stop;
use super::unit_set::{UnitSet, WORD_UNITS, units_of};

/// Words that are added up at once.
const LANES: usize = 8;

/// A bit for each of some units.
type Lanes = [u64; LANES];

/// One binary digit of the counts of some units.
struct Digit {
    ones: Lanes,
    /// What is still to be added to it: two at a time are, which takes half of the steps.
    waiting: Option<Lanes>,
}

impl Digit {
    /// Adds to the digit what waits and this; what is carried is to be added to the next.
    fn add(&mut self, other: &Lanes) -> Lanes {
        let waiting = self.waiting.take().unwrap_or_default();
        let mut carry = [0; LANES];
        for lane in 0..LANES {
            let (a, b, c) = (self.ones[lane], waiting[lane], other[lane]);
            let of_two = a ^ b;
            self.ones[lane] = of_two ^ c;
            carry[lane] = a & b | of_two & c;
        }
        carry
    }
}

/// How many sets have each of some units, as binary digits, the lowest first: a set is added to all units at once.
#[derive(Default)]
struct Digits(Vec<Digit>);

impl Digits {
    /// Adds one to each of these units.
    fn add(&mut self, mut units: Lanes) {
        for digit in &mut self.0 {
            if digit.waiting.is_none() {
                digit.waiting = Some(units);
                return;
            }
            units = digit.add(&units);
        }
        self.0.push(Digit { ones: units, waiting: None });
    }

    /// Adds what waits.
    fn settle(&mut self) {
        let mut carry = [0; LANES];
        self.0.iter_mut().for_each(|digit| carry = digit.add(&carry));
        if carry != [0; LANES] {
            self.0.push(Digit { ones: carry, waiting: None });
        }
    }
}

/// Calls `visit` with the counts of 64 units after 64, as binary digits, and the place of their word. Bound by reading
/// the sets.
fn visit_digits(guard: &Guard, sets: &[&[u64]], mut visit: impl FnMut(usize, &[u64])) -> Result<(), Stop> {
    let words = sets.iter().map(|words| words.len()).max().unwrap_or(0);
    let (mut counts, mut of_word) = (Digits::default(), Vec::new());
    for first in guard.watch((0..words).step_by(LANES)) {
        let first = first?;
        counts.0.clear();
        for set in sets {
            let mut units = [0; LANES];
            match set.get(first..first + LANES) {
                Some(words) => units.copy_from_slice(words),
                None => units.iter_mut().zip(set.iter().skip(first)).for_each(|(units, word)| *units = *word),
            }
            counts.add(units);
        }
        counts.settle();
        for place in first..words.min(first + LANES) {
            of_word.clear();
            of_word.extend(counts.0.iter().map(|digit| digit.ones[place - first]));
            visit(place, &of_word);
        }
    }
    Ok(())
}

/// The words of sets that are all kept as bits.
fn words_of(sets: &[UnitSet]) -> Option<Vec<&[u64]>> {
    sets.iter().map(UnitSet::words).collect()
}

/// Calls `visit` with each unit that is in any of the sets, and in how many.
///
/// # Errors
/// When the execution is stopped.
pub fn visit_memberships(guard: &Guard, sets: &[UnitSet], mut visit: impl FnMut(u32, u32)) -> Result<(), Stop> {
    let Some(sets) = words_of(sets) else {
        let last = sets.iter().flat_map(UnitSet::iter).max();
        let mut counts = Charged::list(guard, 0u32, last.map_or(0, |last| last as usize + 1))?;
        for set in sets {
            guard.check()?;
            set.iter().for_each(|unit| counts[unit as usize] += 1);
        }
        counts.iter().zip(0..).filter(|(count, _)| **count > 0).for_each(|(count, unit)| visit(unit, *count));
        return Ok(());
    };
    visit_digits(guard, &sets, |place, digits| {
        for unit in units_of(place, digits.iter().fold(0, |any, digit| any | digit)) {
            let count =
                |(exponent, digit): (usize, &u64)| ((digit >> (unit as usize % WORD_UNITS) & 1) as u32) << exponent;
            visit(unit, digits.iter().enumerate().map(count).sum());
        }
    })
}

/// How many units are in exactly so many of the sets: in one of them, in two, and so on up to all.
///
/// # Errors
/// When the execution is stopped.
pub fn count_memberships(guard: &Guard, sets: &[UnitSet]) -> Result<Vec<u64>, Stop> {
    // Nobody asks for those in none.
    let mut counts = vec![0; sets.len() + 1];
    match words_of(sets) {
        Some(words) => visit_digits(guard, &words, |_, digits| divide(digits, u64::MAX, 0, &mut counts))?,
        None => visit_memberships(guard, sets, |_, count| counts[count as usize] += 1)?,
    }
    counts.remove(0);
    Ok(counts)
}

/// Divides units by their highest digit, and both parts by those below; `count` is what the digits above say.
fn divide(digits: &[u64], units: u64, count: usize, counts: &mut [u64]) {
    if units == 0 {
        return;
    }
    match digits.split_last() {
        None => counts[count] += u64::from(units.count_ones()),
        Some((highest, lower)) => {
            divide(lower, units & !highest, count, counts);
            divide(lower, units & highest, count | 1 << lower.len(), counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::super::unit_set::Keeping;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// More than are added up at once.
    const UNITS: u32 = 1200;

    proptest! {
        #[test]
        fn memberships_are_how_many_sets_have_a_unit(
            lists in prop::collection::vec(prop::collection::btree_set(0..UNITS, 0..300), 0..40),
            copies in 1usize..5,
            words in prop_oneof![Just(Some(19)), (1usize..40).prop_map(Some), Just(None)],
        ) {
            let keeping = words.map_or(Keeping::Roaring, Keeping::Bits);
            let mut sets: Vec<UnitSet> = lists.iter().map(|units: &BTreeSet<u32>| keeping.set(units)).collect();
            // Many have the same, so that counts are high.
            sets = sets.iter().flat_map(|set| std::iter::repeat_n(set.clone(), copies)).collect();
            let guard = Guard::new(&Limits::default());
            let mut found = Vec::new();
            visit_memberships(&guard, &sets, |unit, count| found.push((unit, count))).unwrap();
            let count = |unit: u32| (lists.iter().filter(|units| units.contains(&unit)).count() * copies) as u32;
            let expected: Vec<(u32, u32)> =
                (0..UNITS).map(|unit| (unit, count(unit))).filter(|(_, count)| *count > 0).collect();
            let mut counts = vec![0; sets.len()];
            expected.iter().for_each(|(_, count)| counts[*count as usize - 1] += 1);
            prop_assert_eq!(found, expected);
            prop_assert_eq!(count_memberships(&guard, &sets).unwrap(), counts);
        }
    }

    #[test]
    fn all_units_may_be_in_all_sets() {
        let guard = Guard::new(&Limits::default());
        for sets in 1..70 {
            let counts = count_memberships(&guard, &vec![UnitSet::all(UNITS); sets]).unwrap();
            assert_eq!((counts.len(), counts[sets - 1], counts.iter().sum()), (sets, 1200, 1200));
        }
    }
}
