//! Columns of integers: blocks of 1,024, each with its own base and bit width.
//! Layout: `format-spec/README.md`, "Packed integers".

use super::bits::{PADDING_BYTES, mask, pack, packed_bytes, unpack, unpack_one, unpack_two, width_of};
use super::search::partition_point;
use super::{BlobParts, DecodeError, Reader, Writer, reading};
use bytes::Bytes;
use std::ops::Range;

/// Values in a block.
pub const BLOCK_VALUES: usize = 1024;
/// Bytes of a block's entry in the directory: base, offset, width, padding.
const ENTRY_BYTES: usize = 16;
/// Bytes before the directory: the count and padding.
const COUNT_BYTES: usize = 8;

/// The values as bytes.
pub fn encode(values: &[i64]) -> Vec<u8> {
    let mut encoder = PackedEncoder::default();
    encoder.extend(values.iter().copied());
    encoder.finish().concat()
}

/// Takes values one after the other, and keeps only what they become.
#[derive(Clone, Debug)]
pub struct PackedEncoder {
    count: u64,
    /// The values of the block that is not full yet.
    block: Vec<i64>,
    /// Room for the count, then the directory.
    head: Vec<u8>,
    data: Vec<u8>,
}

impl Default for PackedEncoder {
    fn default() -> Self {
        Self { count: 0, block: Vec::with_capacity(BLOCK_VALUES), head: vec![0; COUNT_BYTES], data: Vec::new() }
    }
}

impl PackedEncoder {
    /// Takes the next value.
    pub fn push(&mut self, value: i64) {
        self.block.push(value);
        if self.block.len() == BLOCK_VALUES {
            self.close_block();
        }
    }

    fn close_block(&mut self) {
        let block = &self.block;
        let base = block.iter().fold(i64::MAX, |base, value| base.min(*value));
        // As wide as the greatest of what is packed.
        let bits = block.iter().fold(0, |bits, value| bits | value.wrapping_sub(base) as u64);
        let width = width_of(bits);
        self.head.put_i64(base);
        self.head.put_u32(self.data.len() as u32);
        self.head.put_u8(width);
        self.head.put(&[0; 3]);
        pack(block, base, width, &mut self.data);
        self.count += block.len() as u64;
        self.block.clear();
    }

    /// The column.
    pub fn finish(mut self) -> BlobParts {
        if !self.block.is_empty() {
            self.close_block();
        }
        self.head[..COUNT_BYTES].copy_from_slice(&self.count.to_le_bytes());
        self.data.put(&[0; PADDING_BYTES]);
        [self.head, self.data]
    }
}

impl Extend<i64> for PackedEncoder {
    fn extend<I: IntoIterator<Item = i64>>(&mut self, values: I) {
        let mut values = values.into_iter();
        loop {
            self.block.extend(values.by_ref().take(BLOCK_VALUES - self.block.len()));
            if self.block.len() < BLOCK_VALUES {
                return;
            }
            self.close_block();
        }
    }
}

/// A column of integers over encoded bytes, readable at any place.
#[derive(Clone, Debug)]
pub struct Packed {
    count: usize,
    bytes: Bytes,
    /// Where the packed bits begin.
    data: usize,
}

/// The base, the offset among the data and the width of a block, from its entry.
#[inline]
fn head(entry: &[u8]) -> (i64, usize, u8) {
    let base = i64::from_le_bytes([entry[0], entry[1], entry[2], entry[3], entry[4], entry[5], entry[6], entry[7]]);
    let offset = u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]]);
    (base, offset as usize, entry[12])
}

impl Packed {
    /// Checks that every block lies inside the bytes.
    ///
    /// # Errors
    /// When one does not.
    pub fn open(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&bytes);
        let count = reader.u64()?;
        let blocks = count.div_ceil(BLOCK_VALUES as u64);
        if blocks > (reader.remaining() / ENTRY_BYTES) as u64 {
            return Err(DecodeError::new(format!("a column of {count} values is longer than its bytes"), 0));
        }
        let count = count as usize;
        let data = COUNT_BYTES + blocks as usize * ENTRY_BYTES;
        let mut end = 0;
        // Columns are opened for each report, so this loop is kept short.
        for (block, entry) in bytes[COUNT_BYTES..data].chunks_exact(ENTRY_BYTES).enumerate() {
            let (_, offset, width) = head(entry);
            let values = (count - block * BLOCK_VALUES).min(BLOCK_VALUES);
            if width > 64 || offset != end {
                let at = COUNT_BYTES + block * ENTRY_BYTES;
                return Err(DecodeError::new("a block of a column is out of place", at as u64));
            }
            end = offset + packed_bytes(values, width);
        }
        if bytes.len() != data + end + PADDING_BYTES {
            return Err(DecodeError::new("a column has another length than its blocks", data as u64));
        }
        Ok(Self { count, bytes, data })
    }

    /// Opens bytes anew that [`Self::open`] found sound.
    ///
    /// # Errors
    /// When they are too few, which they are not then.
    pub(super) fn reopen(bytes: Bytes) -> Result<Self, DecodeError> {
        let count = Reader::new(&bytes).u64()? as usize;
        let data = COUNT_BYTES + count.div_ceil(BLOCK_VALUES) * ENTRY_BYTES;
        Ok(Self { count, bytes, data })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.count.div_ceil(BLOCK_VALUES)
    }

    /// Base, width and bits of a block that exists.
    #[inline]
    fn block(&self, block: usize) -> (i64, u8, &[u8]) {
        let at = COUNT_BYTES + block * ENTRY_BYTES;
        let (base, offset, width) = head(&self.bytes[at..at + ENTRY_BYTES]);
        (base, width, &self.bytes[self.data + offset..])
    }

    /// How many values a block that exists has.
    fn block_len(&self, block: usize) -> usize {
        (self.count - block * BLOCK_VALUES).min(BLOCK_VALUES)
    }

    /// Counts the blocks that these values lie in as read ([`reading`]), for those who take all of them with
    /// [`Self::get`].
    pub fn count_read(&self, values: Range<usize>) {
        if values.is_empty() {
            return;
        }
        let blocks = values.start / BLOCK_VALUES..values.end.div_ceil(BLOCK_VALUES).min(self.blocks());
        let bytes = blocks.map(|block| packed_bytes(self.block_len(block), self.block(block).1));
        reading::decoded(bytes.sum());
    }

    /// The value at `index`, which must be below [`Self::len`].
    #[inline]
    pub fn get(&self, index: usize) -> i64 {
        debug_assert!(index < self.count);
        let (base, width, bits) = self.block(index / BLOCK_VALUES);
        base.wrapping_add(unpack_one(bits, index % BLOCK_VALUES, width) as i64)
    }

    /// The values at `index` and after it; there must be one after it.
    #[inline]
    pub fn get_pair(&self, index: usize) -> (i64, i64) {
        debug_assert!(index + 1 < self.count);
        let place = index % BLOCK_VALUES;
        let (base, width, bits) = self.block(index / BLOCK_VALUES);
        let value = |distance: u64| base.wrapping_add(distance as i64);
        if place + 1 == BLOCK_VALUES {
            return (value(unpack_one(bits, place, width)), self.get(index + 1));
        }
        let (first, second) = unpack_two(bits, place, width);
        (value(first), value(second))
    }

    /// What it is read from.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The values from `index` on, one after the other. Faster than [`Self::get`] for each, as a block is found once.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = i64> + '_ {
        (index / BLOCK_VALUES..self.blocks()).flat_map(move |block| {
            let (base, width, bits) = self.block(block);
            let first = index.saturating_sub(block * BLOCK_VALUES);
            let values = self.block_len(block);
            reading::decoded(packed_bytes(values, width));
            (first..values).map(move |place| base.wrapping_add(unpack_one(bits, place, width) as i64))
        })
    }

    /// The least value of a block.
    pub fn block_base(&self, block: usize) -> i64 {
        self.block(block).0
    }

    /// The least value of a block, and a value that none of the block exceeds.
    pub fn block_bounds(&self, block: usize) -> (i64, i64) {
        let (base, width, _) = self.block(block);
        (base, base.saturating_add_unsigned(mask(width)))
    }

    /// Decodes a block into the front of `out`; returns how many values it holds.
    pub fn decode_block(&self, block: usize, out: &mut [i64; BLOCK_VALUES]) -> usize {
        let values = self.block_len(block);
        let (base, width, bits) = self.block(block);
        reading::decoded(packed_bytes(values, width));
        unpack(bits, width, base, &mut out[..values]);
        values
    }

    /// The values of a range of at most [`BLOCK_VALUES`], decoded into `out`, of which they are a part.
    pub fn decode_range<'o>(&self, range: Range<usize>, out: &'o mut [i64; BLOCK_VALUES]) -> &'o [i64] {
        let (block, place) = (range.start / BLOCK_VALUES, range.start % BLOCK_VALUES);
        // Eight values take whole bytes.
        let skipped = place % 8;
        let end = skipped + range.len();
        if range.is_empty() || end > BLOCK_VALUES || range.end > self.count {
            let values = self.iter_from(range.start).take(range.len().min(BLOCK_VALUES));
            let count = out.iter_mut().zip(values).map(|(slot, value)| *slot = value).count();
            return &out[..count];
        }
        let here = end.min(BLOCK_VALUES - (place - skipped));
        let (base, width, bits) = self.block(block);
        reading::decoded(packed_bytes(here, width));
        unpack(&bits[place / 8 * usize::from(width)..], width, base, &mut out[..here]);
        if here < end {
            let (base, width, bits) = self.block(block + 1);
            reading::decoded(packed_bytes(end - here, width));
            unpack(bits, width, base, &mut out[here..end]);
        }
        &out[skipped..end]
    }

    /// All values.
    pub fn to_vec(&self) -> Vec<i64> {
        let mut all = Vec::with_capacity(self.count);
        let mut buffer = [0; BLOCK_VALUES];
        for block in 0..self.blocks() {
            let values = self.decode_block(block, &mut buffer);
            all.extend_from_slice(&buffer[..values]);
        }
        all
    }

    /// The first index whose value is not below `value`, in a column that ascends.
    pub fn lower_bound(&self, value: i64) -> usize {
        self.lower_bound_in(0..self.count, value)
    }

    /// The same among these indexes, where values ascend; their end when all are below.
    pub fn lower_bound_in(&self, indexes: Range<usize>, value: i64) -> usize {
        let Range { start: low, end: high } = indexes;
        if low >= high {
            return low;
        }
        // The heads of blocks lie side by side, so that the block is found first: the last that begins below the value.
        let (first, last) = (low / BLOCK_VALUES, (high - 1) / BLOCK_VALUES);
        // The last block may go on beyond the indexes, with any values.
        let least = |block| if block == last { self.get(block * BLOCK_VALUES) } else { self.block_base(block) };
        let block = partition_point(first + 1..last + 1, |block| least(block) < value) - 1;
        let (base, width, bits) = self.block(block);
        let within = low.max(block * BLOCK_VALUES)..high.min((block + 1) * BLOCK_VALUES);
        let found = |index| base.wrapping_add(unpack_one(bits, index % BLOCK_VALUES, width) as i64);
        partition_point(within, |index| found(index) < value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_read_back(values in prop::collection::vec(any::<i64>(), 0..3000), narrow: bool) {
            let values: Vec<i64> = if narrow { values.iter().map(|value| value >> 50).collect() } else { values };
            let column = Packed::open(encode(&values).into()).unwrap();
            prop_assert_eq!(column.to_vec(), values.clone());
            for (block, values) in values.chunks(BLOCK_VALUES).enumerate() {
                let (least, most) = column.block_bounds(block);
                prop_assert!(values.iter().all(|value| *value <= most) && values.iter().min() == Some(&least));
            }
            for from in [0, 1, 1023, 1024, 1025, values.len()] {
                let rest = values.get(from..).unwrap_or_default();
                prop_assert_eq!(column.iter_from(from).collect::<Vec<_>>(), rest);
            }
            let mut buffer = [0; BLOCK_VALUES];
            for from in [0, 3, 8, 500, 1000, 1024, 1030].into_iter().filter(|from| *from < values.len()) {
                for to in [from + 600, from + BLOCK_VALUES].map(|to| values.len().min(to)) {
                    prop_assert_eq!(column.decode_range(from..to, &mut buffer), &values[from..to]);
                }
            }
            let before = reading::so_far();
            column.to_vec();
            prop_assert_eq!((reading::so_far() - before).decoded as usize, column.bytes.len() - column.data - PADDING_BYTES);
            let before = reading::so_far();
            column.count_read(0..values.len());
            prop_assert_eq!((reading::so_far() - before).decoded as usize, column.bytes.len() - column.data - PADDING_BYTES);
            let mut encoder = PackedEncoder::default();
            values.iter().for_each(|value| encoder.push(*value));
            prop_assert_eq!(encoder.finish().concat(), encode(&values));
            for (index, value) in values.iter().enumerate().step_by(93) {
                prop_assert_eq!(column.get(index), *value);
                if let Some(next) = values.get(index + 1) {
                    prop_assert_eq!(column.get_pair(index), (*value, *next));
                }
            }
        }

        #[test]
        fn bounds_are_found_among_indexes_that_ascend(
            mut values in prop::collection::vec(-5000i64..5000, 1..5000), ends in [any::<prop::sample::Index>(), any::<prop::sample::Index>()],
            wanted in prop::collection::vec(-5500i64..5500, 1..30),
        ) {
            // Values before and after the range are any.
            let [a, b] = ends.map(|end| end.index(values.len() + 1));
            let range = a.min(b)..a.max(b);
            values[range.clone()].sort_unstable();
            let column = Packed::open(encode(&values).into()).unwrap();
            for wanted in wanted.into_iter().chain(values[range.clone()].iter().copied().step_by(97)) {
                let expected = range.start + values[range.clone()].partition_point(|value| *value < wanted);
                prop_assert_eq!(column.lower_bound_in(range.clone(), wanted), expected);
            }
        }

        #[test]
        fn any_bytes_open_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(column) = Packed::open(bytes.into()) {
                column.to_vec();
            }
        }
    }
}
