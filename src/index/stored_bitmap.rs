//! A bitmap read where it lies: how many values it has, which of some it has, and its values as bits of a set that is
//! there already. For all else it becomes a [`RoaringBitmap`].

use crate::codec::{DecodeError, Writer, reading};
use roaring::RoaringBitmap;

/// First word of a bitmap that is one bit a value; how many values it has less 1 follows, then the bits.
const COOKIE_OF_BITS: u32 = 12_348;
/// Bytes before the bits.
const BITS_HEAD: usize = 8;
/// First word of a Roaring bitmap without runs; the number of containers follows.
const COOKIE: u32 = 12_346;
/// Lower half of the first word of a bitmap with runs; the upper half is the number of containers less 1.
const COOKIE_WITH_RUNS: u32 = 12_347;
/// With runs, offsets are there from so many containers on.
const OFFSETS_FROM: usize = 4;
/// The largest cardinality of an array.
const ARRAY_MAX: usize = 4096;
/// Words of 64 values that a container is wide.
const CONTAINER_WORDS: usize = 1024;
/// Bits of fewer bytes become a bitmap: these would be one for each number there is.
const BITS_END: usize = 1 << 29;
/// Bytes of a container that is one bit a value.
const SET_BYTES: usize = CONTAINER_WORDS * 8;

/// Writes a bitmap that is not empty: as one bit for each number up to its last value where that takes fewer bytes, else
/// as Roaring bitmaps are written.
pub(super) fn write(bitmap: &RoaringBitmap, output: &mut Vec<u8>) {
    let last = bitmap.max().unwrap_or_default() as usize;
    let bytes = last / 8 + 1;
    if BITS_HEAD + bytes >= bitmap.serialized_size() || bytes >= BITS_END {
        // Writing to a Vec cannot fail.
        let _ = bitmap.serialize_into(output);
        return;
    }
    output.put_u32(COOKIE_OF_BITS);
    output.put_u32(bitmap.len().saturating_sub(1) as u32);
    let start = output.len();
    output.resize(start + bytes, 0);
    let bits = &mut output[start..];
    bitmap.iter().for_each(|value| bits[value as usize / 8] |= 1 << (value % 8));
}

/// A bitmap of an index, in the layout that `format-spec/segment.md` describes under Bits of a bitmap.
#[derive(Clone, Copy, Debug)]
pub struct StoredBitmap<'a> {
    bytes: &'a [u8],
    /// Where it lies, for errors.
    offset: u64,
}

/// A bitmap taken apart.
struct Parts<'a> {
    /// Which containers are runs; empty where none is.
    flags: &'a [u8],
    /// The key and the cardinality less 1 of each container.
    descriptions: &'a [[u8; 4]],
    containers: &'a [u8],
}

/// The values of a container, less its key.
enum Container<'a> {
    Array(&'a [[u8; 2]]),
    Set(&'a [u8]),
    Runs(&'a [[u8; 4]]),
}

impl<'a> StoredBitmap<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: u64) -> Self {
        Self { bytes, offset }
    }

    /// The bitmap whose bytes these are.
    #[cfg(test)]
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        Self::new(bytes, 0)
    }

    fn damaged(self) -> DecodeError {
        DecodeError::new("a bitmap cannot be read", self.offset)
    }

    fn parts(self) -> Option<Parts<'a>> {
        let (cookie, rest) = self.bytes.split_first_chunk()?;
        let cookie = u32::from_le_bytes(*cookie);
        let (flags, containers, rest) = if cookie == COOKIE {
            let (containers, rest) = rest.split_first_chunk()?;
            (0, usize::try_from(u32::from_le_bytes(*containers)).ok()?, rest)
        } else if cookie & 0xFFFF == COOKIE_WITH_RUNS {
            let containers = (cookie >> 16) as usize + 1;
            (containers.div_ceil(8), containers, rest)
        } else {
            return None;
        };
        let (flags, rest) = rest.split_at_checked(flags)?;
        let (descriptions, rest) = rest.split_at_checked(containers.checked_mul(4)?)?;
        let has_offsets = flags.is_empty() || containers >= OFFSETS_FROM;
        let rest = if has_offsets { rest.get(containers.checked_mul(4)?..)? } else { rest };
        Some(Parts { flags, descriptions: descriptions.as_chunks().0, containers: rest })
    }

    /// How many values there are and their bits, where each number up to the last has one.
    fn bits(self) -> Option<(u64, &'a [u8])> {
        let (head, bits) = self.bytes.split_first_chunk::<BITS_HEAD>()?;
        let [cookie, more] = [[head[0], head[1], head[2], head[3]], [head[4], head[5], head[6], head[7]]];
        (u32::from_le_bytes(cookie) == COOKIE_OF_BITS).then(|| (u64::from(u32::from_le_bytes(more)) + 1, bits))
    }

    /// How many values there are, without looking at them.
    ///
    /// # Errors
    /// When the bitmap is damaged.
    pub fn count(self) -> Result<u64, DecodeError> {
        if let Some((count, _)) = self.bits() {
            reading::decoded(BITS_HEAD);
            return Ok(count);
        }
        let Parts { descriptions, .. } = self.parts().ok_or_else(|| self.damaged())?;
        reading::decoded(size_of_val(descriptions));
        Ok(descriptions.iter().map(|[_, _, low, high]| u64::from(u16::from_le_bytes([*low, *high])) + 1).sum())
    }

    /// Sets the bit of each value, in words of 64. Bound by the bits that are set one by one, a load, a store and some
    /// six steps of arithmetic each.
    ///
    /// # Errors
    /// When the bitmap is damaged, or a value has no bit.
    pub fn add_to(self, words: &mut [u64]) -> Result<(), DecodeError> {
        reading::decoded(self.bytes.len());
        if let Some((_, bits)) = self.bits() {
            return add_bits(words, bits).ok_or_else(|| self.damaged());
        }
        self.visit(|key, container| {
            let words = words.get_mut(key * CONTAINER_WORDS..)?;
            match container {
                Container::Array(values) => match words.first_chunk_mut::<CONTAINER_WORDS>() {
                    Some(words) => set_bits(words, values)?,
                    None => set_bits(words, values)?,
                },
                Container::Set(theirs) => add_bits(words, theirs)?,
                Container::Runs(runs) => {
                    for [first, first_high, more, more_high] in runs {
                        let first = u16::from_le_bytes([*first, *first_high]);
                        let last = first.checked_add(u16::from_le_bytes([*more, *more_high]))?;
                        for value in first..=last {
                            *words.get_mut(value as usize / 64)? |= 1 << (value % 64);
                        }
                    }
                }
            }
            Some(())
        })
        .ok_or_else(|| self.damaged())
    }

    /// Those of some values that are there; best for few, as each is looked for.
    ///
    /// # Errors
    /// When the bitmap is damaged.
    pub fn among(self, wanted: &RoaringBitmap) -> Result<RoaringBitmap, DecodeError> {
        if let Some((_, bits)) = self.bits() {
            reading::decoded(self.bytes.len().min(wanted.len() as usize));
            return Ok(wanted.iter().filter(|value| has_bit(bits, *value)).collect());
        }
        let mut found = RoaringBitmap::new();
        self.visit(|key, container| {
            let first = (key as u32) << 16;
            found.extend(wanted.range(first..=first | 0xFFFF).filter(|value| container.has(*value as u16)));
            Some(())
        })
        .ok_or_else(|| self.damaged())?;
        reading::decoded(self.bytes.len().min(wanted.len() as usize * size_of::<u64>()));
        Ok(found)
    }

    /// Calls `visit` with the key and the values of each container, until it answers `None`.
    fn visit(self, mut visit: impl FnMut(usize, Container<'a>) -> Option<()>) -> Option<()> {
        let Parts { flags, descriptions, containers: mut rest } = self.parts()?;
        for (place, [key, key_high, low, high]) in descriptions.iter().enumerate() {
            let key = usize::from(u16::from_le_bytes([*key, *key_high]));
            let cardinality = usize::from(u16::from_le_bytes([*low, *high])) + 1;
            let is_runs = flags.get(place / 8).is_some_and(|flags| flags >> (place % 8) & 1 == 1);
            let bytes = if is_runs {
                let (runs, after) = rest.split_first_chunk()?;
                rest = after;
                usize::from(u16::from_le_bytes(*runs)) * 4
            } else if cardinality <= ARRAY_MAX {
                cardinality * 2
            } else {
                SET_BYTES
            };
            let (bytes, after) = rest.split_at_checked(bytes)?;
            rest = after;
            visit(
                key,
                match is_runs {
                    true => Container::Runs(bytes.as_chunks().0),
                    false if cardinality <= ARRAY_MAX => Container::Array(bytes.as_chunks().0),
                    false => Container::Set(bytes),
                },
            )?;
        }
        Some(())
    }

    /// The bitmap in memory of its own.
    ///
    /// # Errors
    /// When the bitmap is damaged.
    pub fn to_bitmap(self) -> Result<RoaringBitmap, DecodeError> {
        reading::decoded(self.bytes.len());
        let Some((count, bits)) = self.bits() else {
            return RoaringBitmap::deserialize_from(self.bytes).map_err(|_| self.damaged());
        };
        let is_whole = bits.last().is_some_and(|last| *last != 0) && bits.len() < BITS_END;
        let bitmap = is_whole.then(|| RoaringBitmap::from_lsb0_bytes(0, bits));
        bitmap.filter(|bitmap| bitmap.len() == count).ok_or_else(|| self.damaged())
    }
}

impl Container<'_> {
    /// Whether a value is there.
    fn has(&self, value: u16) -> bool {
        match self {
            Self::Array(values) => values.binary_search_by_key(&value, |value| u16::from_le_bytes(*value)).is_ok(),
            Self::Set(bits) => has_bit(bits, u32::from(value)),
            Self::Runs(runs) => {
                let first = |[low, high, ..]: &[u8; 4]| u16::from_le_bytes([*low, *high]);
                let before = runs.partition_point(|run| first(run) <= value).checked_sub(1);
                before.and_then(|run| runs.get(run)).is_some_and(|run| {
                    let [.., more, more_high] = *run;
                    // Runs of a damaged bitmap may not ascend.
                    value.checked_sub(first(run)).is_some_and(|after| after <= u16::from_le_bytes([more, more_high]))
                })
            }
        }
    }
}

/// Sets the bits of a set, which may end within a word; `None` when a value has no bit. Bound by reading and writing
/// words, several at a time.
fn add_bits(words: &mut [u64], bits: &[u8]) -> Option<()> {
    let (whole, rest) = bits.as_chunks::<8>();
    let (inside, beyond) = whole.split_at(whole.len().min(words.len()));
    words.iter_mut().zip(inside).for_each(|(word, bits)| *word |= u64::from_le_bytes(*bits));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    if let Some(word) = words.get_mut(whole.len()) {
        *word |= u64::from_le_bytes(last);
        return Some(());
    }
    (last == [0; 8] && beyond.iter().all(|bits| *bits == [0; 8])).then_some(())
}

/// Whether a value is in a set.
fn has_bit(bits: &[u8], value: u32) -> bool {
    bits.get(value as usize / 8).is_some_and(|byte| byte >> (value % 8) & 1 == 1)
}

/// Sets the bit of each value, four at a time; `None` when a value has none. Where it is known how many words there
/// are, and that all values have a bit, none is checked.
#[inline(always)]
fn set_bits(words: &mut [u64], values: &[[u8; 2]]) -> Option<()> {
    let mut set = |value: &[u8; 2]| {
        let value = u16::from_le_bytes(*value);
        *words.get_mut(value as usize / 64)? |= 1 << (value % 64);
        Some(())
    };
    // Values that follow one another are mostly of one word, and wait for each other; those far apart do not.
    let (near, far) = values.split_at(values.len() / 2);
    let ((near_pairs, near_rest), (far_pairs, far_rest)) = (near.as_chunks::<2>(), far.as_chunks::<2>());
    for ([first, third], [second, fourth]) in near_pairs.iter().zip(far_pairs) {
        set(first)?;
        set(second)?;
        set(third)?;
        set(fourth)?;
    }
    let beyond = far_pairs.get(near_pairs.len()..).unwrap_or_default().as_flattened();
    near_rest.iter().chain(beyond).chain(far_rest).try_for_each(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], words: usize) -> Result<(u64, RoaringBitmap), DecodeError> {
        let stored = StoredBitmap::new(bytes, 0);
        let mut bits = vec![0u64; words];
        stored.add_to(&mut bits)?;
        let bytes: Vec<u8> = bits.iter().flat_map(|word| word.to_le_bytes()).collect();
        Ok((stored.count()?, RoaringBitmap::from_lsb0_bytes(0, &bytes)))
    }

    /// Whether the bitmap is read as what it is, and not when it is cut or there is too little room.
    fn check(bytes: &[u8], bitmap: &RoaringBitmap, wanted: &RoaringBitmap) -> Result<(), TestCaseError> {
        let stored = StoredBitmap::new(bytes, 0);
        prop_assert_eq!(stored.among(wanted), Ok(bitmap & wanted));
        let words = bitmap.max().map_or(0, |last| last as usize / 64 + 1);
        for more in 0..3 {
            prop_assert_eq!(read(bytes, words + more), Ok((bitmap.len(), bitmap.clone())));
        }
        prop_assert_eq!(stored.to_bitmap(), Ok(bitmap.clone()));
        if words > 0 {
            prop_assert!(read(bytes, words - 1).is_err());
            prop_assert!(StoredBitmap::new(&bytes[..bytes.len() - 1], 0).to_bitmap().is_err());
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_bitmap_is_what_its_layout_says(
            ranges in prop::collection::vec((0u32..400_000, 1u32..12_000, 1usize..4), 0..12),
            wanted in prop::collection::vec(0u32..400_000, 0..300),
            below in prop::sample::select(vec![3u32, 70, 700, 5_000, 66_000, 400_000]),
            has_runs: bool,
        ) {
            let values = ranges.into_iter().flat_map(|(first, len, step)| (first..first + len).step_by(step));
            let mut bitmap: RoaringBitmap = values.map(|value| value % below).collect();
            if has_runs {
                bitmap.optimize();
            }
            let wanted: RoaringBitmap = wanted.into_iter().collect();
            let (mut roaring, mut written) = (Vec::new(), Vec::new());
            bitmap.serialize_into(&mut roaring).unwrap();
            check(&roaring, &bitmap, &wanted)?;
            if !bitmap.is_empty() {
                write(&bitmap, &mut written);
                check(&written, &bitmap, &wanted)?;
                prop_assert_eq!(written.len(), roaring.len().min(BITS_HEAD + bitmap.max().unwrap() as usize / 8 + 1));
            }
        }

        #[test]
        fn damage_is_an_error_or_other_values(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            cookie in prop::sample::select(vec![COOKIE, COOKIE_WITH_RUNS, COOKIE_OF_BITS]),
        ) {
            let bytes = [&cookie.to_le_bytes()[..], &bytes].concat();
            // Either is right; what must not happen is a panic.
            let _ = read(&bytes, 4096);
            let stored = StoredBitmap::new(&bytes, 0);
            let _ = (stored.among(&(0..300_000).step_by(100).collect()), stored.to_bitmap());
        }
    }

    #[test]
    fn bits_that_are_not_as_many_as_they_say_are_damage() {
        let mut bytes = Vec::new();
        write(&(0..90).filter(|value| value % 9 != 0).collect(), &mut bytes);
        let to_bitmap = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut changed = bytes.clone();
            change(&mut changed);
            StoredBitmap::new(&changed, 0).to_bitmap().map(|bitmap| bitmap.len())
        };
        assert_eq!((bytes[..4].to_vec(), to_bitmap(&|_| {})), (COOKIE_OF_BITS.to_le_bytes().to_vec(), Ok(80)));
        assert!(to_bitmap(&|bytes| bytes[4] += 1).is_err());
        assert!(to_bitmap(&|bytes| bytes[8] ^= 1).is_err());
        assert!(to_bitmap(&|bytes| bytes.push(0)).is_err());
    }
}
