//! Numbers by byte string, in memory. Short strings, which nearly all names and values are, lie in the table itself as
//! numbers: they are found and told apart without a look at bytes elsewhere. What bounds a look is the memory of a large
//! table, so it goes to one place, and mostly finds there what it looks for: each string lies in the first slot that was
//! free from the one on that its hash says.

use hashbrown::DefaultHashBuilder;
use std::hash::BuildHasher;

/// Strings of at most so many bytes lie in the table.
const SHORT_BYTES_MAX: usize = 16;
/// Where in the second of a string's words its length is, or that it is long, unless it fills both.
const LENGTH_SHIFT: u32 = 56;
/// In the place of a length.
const LONG: u64 = 0xff << LENGTH_SHIFT;
/// Bytes before a long string that tell its length.
const LENGTH_BYTES: usize = size_of::<u32>();
/// What a tag has beside it where a string fills both of its words.
const FULL: u32 = 1 << 31;
/// The number of a slot that is free.
const FREE: u32 = u32::MAX;
/// How many slots a table has at least, a power of two.
const SLOTS_MIN: usize = 16;

/// See the module. Strings of several kinds may share a table, each kind under a tag of its own, at most
/// [`Self::TAG_MAX`].
#[derive(Clone, Debug, Default)]
pub struct ByteMap {
    /// None, or a power of two of which at most five in eight are taken.
    slots: Vec<Entry>,
    count: usize,
    /// The strings that are long, one after another, each behind its length; fewer than 2⁵⁶ bytes.
    long: Vec<u8>,
    hasher: DefaultHashBuilder,
}

/// What tells a string, and its number.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// All bytes of a short string, and in the highest of them its length, if there is room; of another the hash, and where
    /// it begins.
    words: [u64; 2],
    /// The tag, with [`FULL`] where there is no room.
    kind: u32,
    /// Less than [`FREE`] where there is a string.
    number: u32,
}

/// The kind and the words of a short string.
#[inline]
fn short(tag: u32, bytes: &[u8]) -> Option<(u32, [u64; 2])> {
    debug_assert!(tag <= ByteMap::TAG_MAX);
    let length = bytes.len();
    let (first, second) = if length > SHORT_BYTES_MAX {
        return None;
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        if length == SHORT_BYTES_MAX {
            return Some((tag | FULL, [first, last]));
        }
        // Of the last eight those that the first eight are not; none where there are eight, as that would shift all out.
        (first, last >> 8 >> (8 * (15 - length)))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4)), 0)
    } else {
        (bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
    };
    Some((tag, [first, second | (length as u64) << LENGTH_SHIFT]))
}

impl Entry {
    /// No string. No short one has these words under this kind.
    const NONE: Self = Self { words: [0, LONG], kind: 0, number: FREE };

    /// Where it begins, if it is long.
    fn long_start(&self) -> Option<usize> {
        (self.kind & FULL == 0 && self.words[1] & LONG == LONG).then_some((self.words[1] & !LONG) as usize)
    }

    #[inline]
    fn is_short(&self, kind: u32, words: [u64; 2]) -> bool {
        self.words == words && self.kind == kind
    }

    fn is_long(&self, tag: u32, hash: u64, bytes: &[u8], long: &[u8]) -> bool {
        let is_candidate = (self.kind, self.words[0]) == (tag, hash) && self.number != FREE;
        let Some(start) = self.long_start().filter(|_| is_candidate) else { return false };
        let Some((length, rest)) = long.get(start..).and_then(|rest| rest.split_first_chunk()) else { return false };
        u32::from_le_bytes(*length) as usize == bytes.len() && rest.get(..bytes.len()) == Some(bytes)
    }

    #[inline]
    fn hash(&self, hasher: &DefaultHashBuilder) -> u64 {
        let second = if self.long_start().is_some() { LONG } else { self.words[1] };
        hash(hasher, self.kind, [self.words[0], second])
    }
}

/// Of a long string the second word is [`LONG`], wherever it begins.
#[inline]
fn hash(hasher: &DefaultHashBuilder, kind: u32, words: [u64; 2]) -> u64 {
    // Behind the hash of the words, so that no string can be made up to have the hash of one of another kind.
    hasher.hash_one((words[0], words[1])).wrapping_add(u64::from(kind).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

impl ByteMap {
    /// The highest tag.
    pub const TAG_MAX: u32 = FULL - 1;

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes the strings take that are long.
    pub fn long_bytes(&self) -> usize {
        self.long.len()
    }

    /// How many bytes there is room for.
    pub fn room_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Entry>() + self.long.capacity()
    }

    /// Forgets all of them, and keeps their room.
    pub fn clear(&mut self) {
        self.slots.fill(Entry::NONE);
        self.count = 0;
        self.long.clear();
    }

    /// The number of a string.
    #[inline]
    pub fn get(&self, tag: u32, bytes: &[u8]) -> Option<u32> {
        match short(tag, bytes) {
            Some((kind, words)) => self.find(hash(&self.hasher, kind, words), |known| known.is_short(kind, words)),
            None => self.find_long(tag, bytes),
        }
    }

    /// The number in the first slot from that of a hash on of which `is_it` says so, before one that is free.
    #[inline]
    fn find(&self, hash: u64, is_it: impl Fn(&Entry) -> bool) -> Option<u32> {
        let last = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & last;
        loop {
            let known = self.slots.get(slot)?;
            if is_it(known) {
                return Some(known.number);
            }
            if known.number == FREE {
                return None;
            }
            slot = (slot + 1) & last;
        }
    }

    #[inline(never)]
    fn find_long(&self, tag: u32, bytes: &[u8]) -> Option<u32> {
        let of_bytes = self.hasher.hash_one(bytes);
        let hash = hash(&self.hasher, tag, [of_bytes, LONG]);
        self.find(hash, |known| known.is_long(tag, of_bytes, bytes, &self.long))
    }

    /// The number of a string; one that is not there takes `number`, which is less than 2³² - 1.
    #[inline]
    pub fn get_or_insert(&mut self, tag: u32, bytes: &[u8], number: u32) -> u32 {
        self.get(tag, bytes).unwrap_or_else(|| self.insert_new(tag, bytes, number))
    }

    #[inline(never)]
    fn insert_new(&mut self, tag: u32, bytes: &[u8], number: u32) -> u32 {
        let (kind, words) = short(tag, bytes).unwrap_or_else(|| {
            let start = self.long.len() as u64;
            self.long.reserve(LENGTH_BYTES + bytes.len());
            self.long.extend((bytes.len() as u32).to_le_bytes());
            self.long.extend(bytes);
            (tag, [self.hasher.hash_one(bytes), LONG | start])
        });
        self.count += 1;
        if self.count * 8 > self.slots.len() * 5 {
            let slots = (self.slots.len() * 2).max(SLOTS_MIN);
            let before = std::mem::replace(&mut self.slots, vec![Entry::NONE; slots]);
            before.into_iter().filter(|entry| entry.number != FREE).for_each(|entry| self.put(entry));
        }
        self.put(Entry { words, kind, number });
        number
    }

    /// Puts an entry into a slot; there is one that is free.
    fn put(&mut self, entry: Entry) {
        debug_assert_ne!(entry.number, FREE);
        let last = self.slots.len() - 1;
        let mut slot = entry.hash(&self.hasher) as usize & last;
        while self.slots[slot].number != FREE {
            slot = (slot + 1) & last;
        }
        self.slots[slot] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn strings_have_the_numbers_that_they_took_first(
            strings in prop::collection::vec(
                (0u32..2, prop::collection::vec(prop::sample::select(vec![0u8, 1, 0xff]), 0..20)),
                0..400,
            ),
        ) {
            let (mut map, mut expected) = (ByteMap::default(), HashMap::new());
            for (number, (tag, bytes)) in (0..).zip(&strings) {
                prop_assert_eq!(map.get(*tag, bytes), expected.get(&(tag, bytes)).copied());
                let first = *expected.entry((tag, bytes)).or_insert(number);
                prop_assert_eq!(map.get_or_insert(*tag, bytes, number), first);
            }
            prop_assert_eq!(map.len(), expected.len());
            for ((tag, bytes), number) in &expected {
                prop_assert_eq!(map.get(**tag, bytes), Some(*number));
            }
            map.clear();
            prop_assert!(map.is_empty() && map.long_bytes() == 0);
        }
    }

    #[test]
    fn of_many_strings_none_is_taken_for_another() {
        let mut map = ByteMap::default();
        for round in 0..2 {
            let number = |place: usize| (place + round) as u32;
            for place in 0..12_000 {
                let text = place.to_string();
                assert_eq!(map.get(0, text.as_bytes()), None, "{text}");
                assert_eq!(map.get_or_insert(0, text.as_bytes(), number(place)), number(place));
            }
            for place in (0..12_000).flat_map(|place| [place, place / 2, place]) {
                let text = place.to_string();
                assert_eq!((map.get(0, text.as_bytes()), map.get(1, text.as_bytes())), (Some(number(place)), None));
            }
            map.clear();
        }
    }
}
