//! Names in the order of their bytes, which sections store beside them: whoever wants some of many names in that order
//! reads no other's text.

use super::names::NameList;
use super::part::PartNames;
use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::codec::search::try_partition_point;
use roaring::RoaringBitmap;
use std::ops::Range;
use std::vec;

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

/// Some ids of a list, with their names, in the order of the names' bytes. It ends after the first error.
pub struct SortedNames<'a> {
    list: &'a NameList,
    runs: Vec<Run<'a>>,
    has_failed: bool,
}

/// The ids of one run of a list, and the first of them that was not answered yet.
struct Run<'a> {
    ids: Ids<'a>,
    next: Option<(u32, &'a str)>,
}

/// Ids in the order of their names.
enum Ids<'a> {
    /// The wanted ones of all that a section has.
    Walked(Walk<'a>),
    Sorted(vec::IntoIter<u32>),
}

struct Walk<'a> {
    first_id: u32,
    order: &'a Packed,
    /// A bit for each place of the section, of 64 a word: whether it is wanted.
    wanted: Vec<u64>,
    /// The decoded block, and the places in it that are still to be looked at.
    block: Box<[i64; BLOCK_VALUES]>,
    rest: Range<usize>,
    next_block: usize,
}

impl<'a> SortedNames<'a> {
    /// Of the list's ids those among `ids`, from the first whose name comes after `after`.
    pub(super) fn new(list: &'a NameList, ids: &RoaringBitmap, after: Option<&str>) -> Result<Self, DecodeError> {
        let mut sorted = Self { list, runs: Vec::new(), has_failed: false };
        for (range, names) in list.runs()? {
            let count = ids.range_cardinality(range.clone()) as usize;
            let ids = match names {
                _ if count == 0 => continue,
                Some(names) if count >= range.len() / WALKED_SHARE => {
                    Ids::Walked(Walk::new(range.start, names, ids, after)?)
                }
                _ => sorted.sort(ids.range(range), after)?,
            };
            let mut run = Run { ids, next: None };
            run.advance(list)?;
            sorted.runs.push(run);
        }
        Ok(sorted)
    }

    /// Sorts ids by their names, those after one name.
    fn sort(&self, ids: impl Iterator<Item = u32>, after: Option<&str>) -> Result<Ids<'a>, DecodeError> {
        let named = ids.map(|id| Ok((self.list.name(id)?, id))).collect::<Result<Vec<(&str, u32)>, DecodeError>>()?;
        let named: Vec<(&str, u32)> =
            named.into_iter().filter(|(name, _)| after.is_none_or(|after| after < *name)).collect();
        let order = order_of(named.len(), |place| named[place].0.as_bytes());
        let ids: Vec<u32> = order.into_iter().map(|place| named[place as usize].1).collect();
        Ok(Ids::Sorted(ids.into_iter()))
    }
}

impl<'a> Run<'a> {
    fn next_name(&self) -> Option<&'a str> {
        self.next.map(|(_, name)| name)
    }

    /// Goes on to the next id; answers what it leaves.
    fn advance(&mut self, list: &'a NameList) -> Result<Option<(u32, &'a str)>, DecodeError> {
        let next = match &mut self.ids {
            Ids::Walked(walk) => walk.next(),
            Ids::Sorted(ids) => ids.next(),
        };
        let next = next.map(|id| Ok((id, list.name(id)?))).transpose()?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

impl<'a> Walk<'a> {
    fn new(first_id: u32, names: &'a PartNames, ids: &RoaringBitmap, after: Option<&str>) -> Result<Self, DecodeError> {
        let order = names.order()?;
        let mut wanted = vec![0; order.len().div_ceil(64)];
        for id in ids.range(first_id..first_id + order.len() as u32) {
            let place = (id - first_id) as usize;
            wanted[place / 64] |= 1 << (place % 64);
        }
        let first = after.map_or(Ok(0), |after| names.first_after(after))?;
        let mut walk = Self {
            first_id,
            order,
            wanted,
            block: Box::new([0; BLOCK_VALUES]),
            rest: 0..0,
            next_block: first / BLOCK_VALUES,
        };
        walk.load();
        walk.rest.start = first % BLOCK_VALUES;
        Ok(walk)
    }

    fn load(&mut self) {
        if self.next_block < self.order.blocks() {
            self.rest = 0..self.order.decode_block(self.next_block, &mut self.block);
            self.next_block += 1;
        }
    }

    fn next(&mut self) -> Option<u32> {
        loop {
            for at in self.rest.clone() {
                let place = self.block[at] as usize;
                // A damaged order may name places that are not there.
                if self.wanted.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1) {
                    self.rest.start = at + 1;
                    return Some(self.first_id + place as u32);
                }
            }
            self.rest = 0..0;
            self.load();
            if self.rest.is_empty() {
                return None;
            }
        }
    }
}

impl SortedNames<'_> {
    /// Bytes that what is wanted takes until all names were answered.
    pub fn byte_len(&self) -> usize {
        let of_run = |run: &Run<'_>| match &run.ids {
            Ids::Walked(walk) => size_of_val(&walk.wanted[..]),
            Ids::Sorted(ids) => size_of_val(ids.as_slice()),
        };
        self.runs.iter().map(of_run).sum()
    }
}

impl<'a> Iterator for SortedNames<'a> {
    type Item = Result<(u32, &'a str), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        // A list has few runs, and mostly one.
        let runs = self.runs.iter_mut().filter(|run| run.next.is_some());
        let first = runs.reduce(|first, run| if run.next_name() < first.next_name() { run } else { first })?;
        let next = first.advance(self.list).transpose()?;
        self.has_failed = next.is_err();
        Some(next)
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

    proptest! {
        #[test]
        fn names_come_in_the_order_of_their_bytes(
            all in prop::collection::btree_set("[ab]{1,12}|[a-cé]{1,3}", 1..300),
            seals in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            wanted in prop::collection::vec(any::<prop::sample::Index>(), 0..300),
            are_all_wanted: bool, after in prop::option::of("[a-c]{0,3}"),
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
            let mut expected: Vec<(u32, &str)> = ids.iter().map(|id| (id, all[id as usize].as_str())).collect();
            expected.retain(|(_, name)| after.as_deref().is_none_or(|after| after < *name));
            expected.sort_unstable_by_key(|(_, name)| *name);
            let sorted = names.users().sorted(&ids, after.as_deref()).unwrap();
            prop_assert_eq!(sorted.collect::<Result<Vec<_>, _>>().unwrap(), expected);
        }
    }
}
