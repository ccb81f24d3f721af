//! How many bytes things hold beyond themselves.

use crate::model::{Moment, Number, Properties, PropertyOps, Value};
use hashbrown::HashMap;
use roaring::RoaringBitmap;
use std::hash::Hash;

/// Bytes of a bitmap's own for each of its containers.
const CONTAINER_BYTES: usize = 48;
/// Bytes of a container that is one bit a value.
const BITS_BYTES: usize = 8192;
/// Bytes of an entry of an object, besides its name and value.
const ENTRY_BYTES: usize = 16;

/// Things that know what they hold.
pub trait Footprint {
    /// Bytes held beyond the thing itself, without what it shares with others.
    fn footprint(&self) -> usize;
}

/// Things that hold nothing beyond themselves.
trait Plain {}
impl Plain for bool {}
impl Plain for u8 {}
impl Plain for u32 {}
impl Plain for u64 {}
impl Plain for i64 {}
impl Plain for usize {}
impl Plain for Number {}
impl Plain for Moment {}
impl<T: Plain> Plain for Option<T> {}
impl<A: Plain, B: Plain> Plain for (A, B) {}

impl<T: Plain> Footprint for Vec<T> {
    #[inline]
    fn footprint(&self) -> usize {
        list_bytes(self)
    }
}

/// The bytes of a list, without what its items hold.
#[inline]
pub(super) fn list_bytes<T>(list: &Vec<T>) -> usize {
    list.capacity() * size_of::<T>()
}

/// The bytes of a map, without what its keys and values hold.
pub(super) fn map_bytes<K: Eq + Hash, V>(map: &HashMap<K, V>) -> usize {
    map.allocation_size()
}

impl Footprint for RoaringBitmap {
    fn footprint(&self) -> usize {
        let sizes = self.statistics();
        // Array containers have two bytes a value, and the library says four.
        CONTAINER_BYTES * sizes.n_containers as usize
            + BITS_BYTES * sizes.n_bitset_containers as usize
            + sizes.n_bytes_array_containers as usize / 2
            + sizes.n_bytes_run_containers as usize
    }
}

impl Footprint for Vec<RoaringBitmap> {
    fn footprint(&self) -> usize {
        list_bytes(self) + self.iter().map(Footprint::footprint).sum::<usize>()
    }
}

impl Footprint for Value {
    fn footprint(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
            Self::String(text) => text.capacity(),
            Self::List(items) => items.footprint(),
            Self::Object(fields) => fields.footprint(),
        }
    }
}

impl Footprint for Properties {
    fn footprint(&self) -> usize {
        self.iter().map(|(name, value)| entry_bytes::<Value>(name) + value.footprint()).sum()
    }
}

impl Footprint for PropertyOps {
    fn footprint(&self) -> usize {
        let Self { properties, set_once, add, append, union } = self;
        let values: usize = [properties, set_once, append, union].into_iter().map(Footprint::footprint).sum();
        values + add.keys().map(entry_bytes::<Number>).sum::<usize>()
    }
}

/// The bytes of an entry of an object, without what its value holds.
fn entry_bytes<V>(name: &String) -> usize {
    size_of::<(String, V)>() + ENTRY_BYTES + name.capacity()
}

impl Footprint for Vec<Value> {
    fn footprint(&self) -> usize {
        list_bytes(self) + self.iter().map(Footprint::footprint).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_hold_about_what_they_hold() {
        let few: RoaringBitmap = [1, 2, 70_000].into_iter().collect();
        assert!((2 * CONTAINER_BYTES + 6..200).contains(&few.footprint()), "{}", few.footprint());
        let many: RoaringBitmap = (0..60_000).filter(|id| id % 3 > 0).collect();
        assert_eq!(many.footprint(), CONTAINER_BYTES + BITS_BYTES);
    }
}
