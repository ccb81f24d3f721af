//! Names in the order of their bytes, which sections store beside them: whoever wants some of many names in that order
//! reads no other's text.

use super::names::NameList;
use super::part::PartNames;
use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::codec::search::try_partition_point;
use crate::model::TextList;
use roaring::RoaringBitmap;
use std::ops::Range;
use std::sync::OnceLock;

/// One in so many names of a run must be wanted for the run to be walked through in order; fewer are sorted.
const WALKED_SHARE: usize = 16;

/// The places of these names in the order of their bytes, and of their places where they are alike.
pub(super) fn order_of<'a>(count: usize, name: impl Fn(usize) -> &'a [u8]) -> Vec<i64> {
    // The first bytes tell most names apart, and numbers are sorted much faster than text.
    let mut ranks: Vec<u128> =
        (0..count).map(|place| u128::from(first_bytes(name(place))) << 64 | place as u128).collect();
    ranks.sort_unstable();
    let (first_of, place_of) = (|rank: &u128| (rank >> 64) as u64, |rank: &u128| *rank as u64 as usize);
    for alike in ranks.chunk_by_mut(|a, b| first_of(a) == first_of(b)).filter(|alike| alike.len() > 1) {
        alike.sort_by(|a, b| name(place_of(a)).cmp(name(place_of(b))));
    }
    ranks.iter().map(|rank| place_of(rank) as i64).collect()
}

/// The first bytes of a name as a number in the order of names.
fn first_bytes(name: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(name).for_each(|(slot, byte)| *slot = *byte);
    u64::from_be_bytes(first)
}

/// Names that others come after, and until which they come; without them all do.
pub type Between<'n> = (Option<&'n str>, Option<&'n str>);

/// Ids of a list that somebody wants the names of: in order, and, once a walk asks, as one bit each.
pub struct Wanted<'i> {
    ids: &'i RoaringBitmap,
    bits: OnceLock<Vec<u64>>,
}

impl<'i> Wanted<'i> {
    /// These ids.
    pub fn new(ids: &'i RoaringBitmap) -> Self {
        Self { ids, bits: OnceLock::new() }
    }

    /// How many 64 bits there are.
    fn words(&self) -> usize {
        self.ids.max().map_or(0, |last| last as usize / 64 + 1)
    }

    /// Bytes that this takes beside the ids, at most.
    pub fn byte_len(&self) -> usize {
        self.words() * size_of::<u64>()
    }

    fn bits(&self) -> &[u64] {
        self.bits.get_or_init(|| {
            let mut bits = vec![0; self.words()];
            let (mut ids, mut room) = (self.ids.iter(), [0; 256]);
            loop {
                let some = ids.next_many(&mut room);
                if some.is_empty() {
                    return bits;
                }
                some.iter().for_each(|id| bits[*id as usize / 64] |= 1 << (id % 64));
            }
        })
    }
}

/// The names of some ids of a list, in the order of their bytes.
pub struct SortedNames<'a> {
    /// Those of which something is left.
    runs: Vec<Run<'a>>,
}

/// The names of one run of a list, in order.
struct Run<'a> {
    /// What comes next: everything, or what a block of the walk has.
    names: TextList,
    /// How many of these are taken.
    taken: usize,
    /// Where more comes from.
    walk: Option<Walk<'a>>,
}

/// The wanted ones of all ids that a section has.
struct Walk<'a> {
    first_id: u32,
    names: &'a PartNames,
    order: &'a Packed,
    /// A bit for each id: whether it is wanted.
    wanted: &'a [u64],
    /// Of the order, what is still to be looked at, and room for a block of it.
    rest: Range<usize>,
    block: Box<[i64; BLOCK_VALUES]>,
}

impl<'a> SortedNames<'a> {
    /// Of the list's ids the wanted ones whose names come after the first of these, and not after the second.
    pub(super) fn new(list: &'a NameList, wanted: &'a Wanted<'_>, between: Between<'_>) -> Result<Self, DecodeError> {
        let ids = wanted.ids;
        let mut runs = Vec::new();
        for (range, names) in list.runs()? {
            let count = ids.range_cardinality(range.clone()) as usize;
            let (names, walk) = match names {
                _ if count == 0 => continue,
                Some(names) if count >= range.len() / WALKED_SHARE => {
                    (TextList::new(), Some(Walk::new(range.start, names, wanted.bits(), between)?))
                }
                _ => (sort(list, ids.range(range), between)?, None),
            };
            let mut run = Run { names, taken: 0, walk };
            if run.fill()? {
                runs.push(run);
            }
        }
        Ok(Self { runs })
    }

    /// Bytes that the names take until all were taken, without what says which are wanted.
    pub fn byte_len(&self) -> usize {
        self.runs.iter().map(|run| run.names.byte_len()).sum()
    }

    /// Whether none is left.
    pub fn is_at_end(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds some of the next names to a list: at least one unless none is left, and at most so many, which must be one or
    /// more.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn take_some(&mut self, most: usize, found: &mut TextList) -> Result<(), DecodeError> {
        // A list has few runs.
        let next = |place: &usize| self.runs[*place].names.get(self.runs[*place].taken);
        let Some(place) = (0..self.runs.len()).min_by_key(next) else { return Ok(()) };
        let other = (0..self.runs.len()).filter(|other| *other != place).filter_map(|other| next(&other)).min();
        let Run { names, taken, .. } = &self.runs[place];
        let count = match other {
            None => names.len() - taken,
            Some(other) => 1 + (taken + 1..names.len()).take_while(|name| &names[*name] < other).count(),
        };
        let run = &mut self.runs[place];
        let count = count.min(most);
        found.append_some(&run.names, run.taken..run.taken + count);
        run.taken += count;
        if !run.fill()? {
            self.runs.remove(place);
        }
        Ok(())
    }
}

/// The names of these ids that lie between two, sorted.
fn sort(list: &NameList, ids: impl Iterator<Item = u32>, (after, until): Between<'_>) -> Result<TextList, DecodeError> {
    let is_between = |name: &str| after.is_none_or(|after| after < name) && until.is_none_or(|until| name <= until);
    let names = ids.map(|id| list.name(id)).filter(|name| name.as_ref().map_or(true, |name| is_between(name)));
    let names = names.collect::<Result<Vec<&str>, DecodeError>>()?;
    let order = order_of(names.len(), |place| names[place].as_bytes());
    Ok(order.into_iter().map(|place| names[place as usize]).collect())
}

impl Run<'_> {
    /// Goes on to the next block with a wanted name when nothing is left of the last; answers whether there is one.
    fn fill(&mut self) -> Result<bool, DecodeError> {
        while self.taken == self.names.len() {
            match self.walk.as_mut().map_or(Ok(None), Walk::next_block)? {
                Some(names) => (self.names, self.taken) = (names, 0),
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl<'a> Walk<'a> {
    fn new(
        first_id: u32,
        names: &'a PartNames,
        wanted: &'a [u64],
        (after, until): Between<'_>,
    ) -> Result<Self, DecodeError> {
        let order = names.order()?;
        let start = after.map_or(Ok(0), |after| names.first_after(after))?;
        let end = until.map_or(Ok(order.len()), |until| names.first_after(until))?;
        Ok(Self { first_id, names, order, wanted, rest: start..end, block: Box::new([0; BLOCK_VALUES]) })
    }

    /// The wanted names of the next block; `None` at the end.
    fn next_block(&mut self) -> Result<Option<TextList>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (number, start) = (self.rest.start / BLOCK_VALUES, self.rest.start % BLOCK_VALUES);
        let places = self.order.decode_block(number, &mut self.block);
        let end = places.min(self.rest.end - number * BLOCK_VALUES);
        self.rest.start = (number + 1) * BLOCK_VALUES;
        // Every place is put down, and stays if it is wanted: which ones are cannot be foretold.
        let (mut places, mut count) = ([0; BLOCK_VALUES], 0);
        for place in &self.block[start..end] {
            // A damaged order may name places that are not there, negative ones too.
            let id = (*place as usize).wrapping_add(self.first_id as usize);
            let word = self.wanted.get(id / 64).copied().unwrap_or(0);
            places[count % BLOCK_VALUES] = *place as u32;
            count += (word >> (id % 64) & 1) as usize;
        }
        self.names.read(&places[..count]).map(Some)
    }
}

impl PartNames {
    /// The first place in the order of the names whose name comes after another; how many there are when none does.
    fn first_after(&self, name: &str) -> Result<usize, DecodeError> {
        let order = self.order()?;
        try_partition_point(0..order.len(), |place| {
            Ok(self.get(u32::try_from(order.get(place)).unwrap_or(u32::MAX))? <= name)
        })
    }

    /// The names that divide those of the section into so many parts of about as many names.
    pub(super) fn dividers(&self, parts: usize) -> Result<Vec<&str>, DecodeError> {
        let order = self.order()?;
        let divider = |part: usize| self.get(u32::try_from(order.get(order.len() * part / parts)).unwrap_or(u32::MAX));
        (1..parts).filter(|_| !order.is_empty()).map(divider).collect()
    }

    /// Whether the stored order is that of the names.
    pub(super) fn is_in_order(&self) -> Result<bool, DecodeError> {
        let names = (0..self.len()).map(|place| self.get(place)).collect::<Result<Vec<&str>, _>>()?;
        Ok(self.order()?.to_vec() == order_of(names.len(), |place| names[place].as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dictionaries, DictionaryPart};
    use super::*;
    use crate::codec::FileId;
    use crate::model::StoredName;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    #[test]
    fn first_bytes_are_in_the_order_of_names() {
        let mut names = ["", "\u{1}", "a", "ab", "abcdefgh", "abcdefghi", "b", "é", "日本語の名前"];
        names.sort_unstable();
        assert!(names.is_sorted_by_key(|name| first_bytes(name.as_bytes())));
    }

    /// Of a list in two runs, more names than a block has, and not the same in each.
    #[test]
    fn long_runs_are_walked_through_block_by_block() {
        let mut names = Dictionaries::default();
        for number in 0..5_000 {
            names.push(StoredName::User, &format!("u{}", number * 7_919 % 5_000)).unwrap();
            if number == 3_000 {
                let part = names.unsealed(&names.counts()).seal(FileId([1; 16])).unwrap().unwrap();
                names.attach(&Arc::new(DictionaryPart::open(part, "part").unwrap())).unwrap();
            }
        }
        let users = names.users();
        for step in [1, 3, 40] {
            let ids: RoaringBitmap = (0..5_000).step_by(step).collect();
            let mut expected: Vec<&str> = ids.iter().map(|id| users.name(id).unwrap()).collect();
            expected.sort_unstable();
            let (wanted, mut found) = (Wanted::new(&ids), TextList::new());
            for part in users.parts(3).unwrap() {
                let mut sorted = users.sorted(&wanted, part).unwrap();
                while !sorted.is_at_end() {
                    sorted.take_some(usize::MAX, &mut found).unwrap();
                }
            }
            assert!(found.iter().eq(expected), "every {step}th");
        }
    }

    proptest! {
        #[test]
        fn names_come_in_the_order_of_their_bytes(
            all in prop::collection::btree_set("[ab]{1,12}|[a-cé]{1,3}", 1..300),
            seals in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            wanted in prop::collection::vec(any::<prop::sample::Index>(), 0..300),
            are_all_wanted: bool, after in prop::option::of("[a-c]{0,3}"), until in prop::option::of("[a-c]{0,3}"),
            parts in 1usize..5, most in 1usize..40,
        ) {
            // Ids in another order than that of the names.
            let mut all: Vec<String> = all.into_iter().collect();
            all.sort_by_key(|name| name.chars().rev().collect::<String>());
            let seals: BTreeSet<usize> = seals.iter().map(|seal| seal.index(all.len())).collect();
            let mut names = Dictionaries::default();
            for (place, name) in all.iter().enumerate() {
                names.push(StoredName::User, name).unwrap();
                if seals.contains(&place) {
                    let part = names.unsealed(&names.counts()).seal(FileId([place as u8; 16])).unwrap().unwrap();
                    let part = DictionaryPart::open(part, "part").unwrap();
                    prop_assert_eq!(part.verify(), []);
                    names.attach(&Arc::new(part)).unwrap();
                }
            }
            let ids: RoaringBitmap = match are_all_wanted {
                true => (0..all.len() as u32).collect(),
                false => wanted.iter().map(|wanted| wanted.index(all.len()) as u32).collect(),
            };
            let mut expected: Vec<&str> = ids.iter().map(|id| all[id as usize].as_str()).collect();
            expected.sort_unstable();
            let users = names.users();
            let wanted = Wanted::new(&ids);
            let sorted = |after, until| {
                let (mut names, mut found) = (users.sorted(&wanted, (after, until)).unwrap(), TextList::new());
                while !names.is_at_end() {
                    let before = found.len();
                    names.take_some(most, &mut found).unwrap();
                    assert!((1..=most).contains(&(found.len() - before)));
                }
                found.iter().map(str::to_owned).collect::<Vec<String>>()
            };
            let parts_of_all = users.parts(parts).unwrap();
            prop_assert!((1..=parts).contains(&parts_of_all.len()));
            let of_parts: Vec<_> = parts_of_all.into_iter().flat_map(|(after, until)| sorted(after, until)).collect();
            prop_assert_eq!(&of_parts, &expected);
            let (after, until) = (after.as_deref(), until.as_deref());
            expected.retain(|name| after.is_none_or(|after| after < *name) && until.is_none_or(|until| *name <= until));
            prop_assert_eq!(sorted(after, until), expected);
        }
    }
}
