//! Numbers by byte string, in memory. Short strings, which nearly all names and values are, lie in the table itself as
//! numbers: they are found and told apart without a look at bytes elsewhere.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Strings of at most so many bytes lie in the table.
const SHORT_BYTES_MAX: usize = 16;

/// See the module. Strings of several kinds may share a table, each kind under a tag of its own.
#[derive(Clone, Debug, Default)]
pub struct ByteMap {
    entries: HashTable<Entry>,
    /// The strings that are not short, one after another; fewer than 2³² bytes.
    long: Vec<u8>,
    hasher: DefaultHashBuilder,
}

/// What tells a string, and its number.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    tag: u64,
    /// All bytes of a short string; of another the hash and where it begins.
    words: [u64; 2],
    length: u32,
}

impl Key {
    fn is_long(&self) -> bool {
        self.length as usize > SHORT_BYTES_MAX
    }
}

/// The bytes of a short string as numbers, which differ where strings of one length do.
#[inline]
fn short_words(bytes: &[u8]) -> [u64; 2] {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return [u64::from_le_bytes(*first), u64::from_le_bytes(*last)];
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return [u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last))];
    }
    [bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0]
}

impl ByteMap {
    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes the strings take that are not short.
    pub fn long_bytes(&self) -> usize {
        self.long.len()
    }

    /// How many bytes there is room for.
    pub fn room_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.long.capacity()
    }

    /// Forgets all of them, and keeps their room.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.long.clear();
    }

    /// Of a string that is not there, where it would begin is where the next one does.
    #[inline]
    fn key(&self, tag: u64, bytes: &[u8]) -> Key {
        let words = match bytes.len() {
            0..=SHORT_BYTES_MAX => short_words(bytes),
            _ => [self.hasher.hash_one(bytes), self.long.len() as u64],
        };
        Key { tag, words, length: bytes.len() as u32 }
    }

    #[inline]
    fn hash(hasher: &DefaultHashBuilder, key: &Key) -> u64 {
        let second = if key.is_long() { 0 } else { key.words[1] };
        // Lengths of short strings and tags have bits of their own.
        hasher.hash_one((key.words[0], second, key.tag ^ u64::from(key.length) << 56))
    }

    #[inline]
    fn is(long: &[u8], known: &Key, key: &Key, bytes: &[u8]) -> bool {
        if !key.is_long() {
            return known == key;
        }
        let start = known.words[1] as usize;
        (known.tag, known.words[0], known.length) == (key.tag, key.words[0], key.length)
            && long.get(start..start + bytes.len()) == Some(bytes)
    }

    /// The number of a string.
    #[inline]
    pub fn get(&self, tag: u64, bytes: &[u8]) -> Option<u32> {
        let key = self.key(tag, bytes);
        let found =
            self.entries.find(Self::hash(&self.hasher, &key), |known| Self::is(&self.long, &known.key, &key, bytes));
        found.map(|entry| entry.number)
    }

    /// The number of a string; one that is not there takes `number`.
    #[inline]
    pub fn get_or_insert(&mut self, tag: u64, bytes: &[u8], number: u32) -> u32 {
        let key = self.key(tag, bytes);
        let Self { entries, long, hasher } = self;
        let hash = Self::hash(hasher, &key);
        if let Some(known) = entries.find(hash, |known| Self::is(long, &known.key, &key, bytes)) {
            return known.number;
        }
        if key.is_long() {
            long.extend_from_slice(bytes);
        }
        entries.insert_unique(hash, Entry { key, number }, |entry| Self::hash(hasher, &entry.key));
        number
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
            strings in prop::collection::vec((0u64..2, prop::collection::vec(0u8..2, 0..20)), 0..400),
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
}
