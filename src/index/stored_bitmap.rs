//! A bitmap read where it lies: how many values it has, which of some it has, and its values as bits of a set that is
//! there already. For all else it becomes a [`RoaringBitmap`].

use crate::codec::{DecodeError, reading};
use roaring::RoaringBitmap;

/// First word of a bitmap without runs; the number of containers follows.
const COOKIE: u32 = 12_346;
/// Lower half of the first word of a bitmap with runs; the upper half is the number of containers less 1.
const COOKIE_WITH_RUNS: u32 = 12_347;
/// With runs, offsets are there from so many containers on.
const OFFSETS_FROM: usize = 4;
/// The largest cardinality of an array.
const ARRAY_MAX: usize = 4096;
/// Words of 64 values that a container is wide.
const CONTAINER_WORDS: usize = 1024;
/// Bytes of a container that is one bit a value.
const SET_BYTES: usize = CONTAINER_WORDS * 8;

/// A bitmap of an index, in the layout that `format-spec/segment.md` describes under Roaring bitmaps.
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
    Set(&'a [[u8; 8]]),
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

    /// How many values there are, without looking at them.
    ///
    /// # Errors
    /// When the bitmap is damaged.
    pub fn count(self) -> Result<u64, DecodeError> {
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
        self.visit(|key, container| {
            let words = words.get_mut(key * CONTAINER_WORDS..)?;
            match container {
                Container::Array(values) => match words.first_chunk_mut::<CONTAINER_WORDS>() {
                    Some(words) => set_bits(words, values)?,
                    None => set_bits(words, values)?,
                },
                Container::Set(theirs) => {
                    let (inside, beyond) = theirs.split_at(theirs.len().min(words.len()));
                    words.iter_mut().zip(inside).for_each(|(word, bits)| *word |= u64::from_le_bytes(*bits));
                    if beyond.iter().any(|bits| *bits != [0; 8]) {
                        return None;
                    }
                }
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
                    false => Container::Set(bytes.as_chunks().0),
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
        RoaringBitmap::deserialize_from(self.bytes).map_err(|_| self.damaged())
    }
}

impl Container<'_> {
    /// Whether a value is there.
    fn has(&self, value: u16) -> bool {
        match self {
            Self::Array(values) => values.binary_search_by_key(&value, |value| u16::from_le_bytes(*value)).is_ok(),
            Self::Set(words) => {
                let word = words.get(usize::from(value) / 64).map_or(0, |word| u64::from_le_bytes(*word));
                word >> (value % 64) & 1 == 1
            }
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

    proptest! {
        #[test]
        fn bits_are_the_values_of_arrays_sets_and_runs(
            ranges in prop::collection::vec((0u32..400_000, 1u32..12_000, 1usize..4), 0..12),
            wanted in prop::collection::vec(0u32..400_000, 0..300),
            has_runs: bool,
        ) {
            let mut bitmap: RoaringBitmap =
                ranges.into_iter().flat_map(|(first, len, step)| (first..first + len).step_by(step)).collect();
            if has_runs {
                bitmap.optimize();
            }
            let mut bytes = Vec::new();
            bitmap.serialize_into(&mut bytes).unwrap();
            let wanted: RoaringBitmap = wanted.into_iter().collect();
            prop_assert_eq!(StoredBitmap::new(&bytes, 0).among(&wanted), Ok(&bitmap & &wanted));
            let words = bitmap.max().map_or(0, |last| last as usize / 64 + 1);
            prop_assert_eq!(read(&bytes, words), Ok((bitmap.len(), bitmap.clone())));
            prop_assert_eq!(StoredBitmap::new(&bytes, 0).to_bitmap(), Ok(bitmap));
            if words > 0 {
                prop_assert!(read(&bytes, words - 1).is_err());
                prop_assert!(read(&bytes[..bytes.len() - 1], words).is_err());
            }
        }

        #[test]
        fn damage_is_an_error_or_other_values(bytes in prop::collection::vec(any::<u8>(), 0..200), has_runs: bool) {
            let cookie = if has_runs { COOKIE_WITH_RUNS } else { COOKIE };
            let bytes = [&cookie.to_le_bytes()[..], &bytes].concat();
            // Either is right; what must not happen is a panic.
            let _ = read(&bytes, 4096);
            let _ = StoredBitmap::new(&bytes, 0).among(&(0..300_000).step_by(100).collect());
        }
    }
}
