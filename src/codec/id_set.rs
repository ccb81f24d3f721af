//! Sets of ids that come in any order.

use roaring::RoaringBitmap;

/// A bitmap of so many bytes for each of some ids is made sooner than they are sorted.
const BITS_BYTES: usize = 64;
/// And one of so many sooner than sorted ids are appended.
const SORTED_BITS_BYTES: usize = 4;

/// Of more bytes no bitmap is made at once.
const BITS_MAX: usize = 1 << 28;

/// The set of some ids.
pub fn set_of(mut ids: Vec<u32>) -> RoaringBitmap {
    let bytes = ids.iter().max().map_or(0, |last| *last as usize / 8 + 1);
    let is_sorted = ids.is_sorted();
    let bytes_of_each = if is_sorted { SORTED_BITS_BYTES } else { BITS_BYTES };
    if bytes <= (ids.len() * bytes_of_each).min(BITS_MAX) {
        let mut bits = vec![0u8; bytes];
        ids.iter().for_each(|id| bits[*id as usize / 8] |= 1 << (id % 8));
        return RoaringBitmap::from_lsb0_bytes(0, &bits);
    }
    if !is_sorted {
        ids.sort_unstable();
    }
    ids.dedup();
    // It takes nothing but numbers that ascend, as these do; they are appended, with no search for each.
    RoaringBitmap::from_sorted_iter(ids).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_become_a_set_whether_many_or_few(
            mut ids in prop_oneof![
                prop::collection::vec(0u32..3000, 0..40),
                prop::collection::vec(0u32..300, 0..200),
            ],
            far: bool, are_sorted: bool,
        ) {
            if are_sorted {
                ids.sort_unstable();
            }
            let ids: Vec<u32> = ids.into_iter().map(|id| if far { id * 1_000_003 } else { id }).collect();
            prop_assert_eq!(set_of(ids.clone()), ids.into_iter().collect::<RoaringBitmap>());
        }
    }
}
