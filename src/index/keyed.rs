//! Bitmaps filed under ascending numbers: the layout that both kinds of index share.

use super::stored_bitmap::{self, StoredBitmap};
use crate::codec::{BlobParts, DecodeError, Packed, PackedEncoder, Reader, Writer};
use bytes::Bytes;
use roaring::RoaringBitmap;

/// Lengths of the columns of numbers, counts and starts.
const LENGTHS_BYTES: usize = 24;

/// Takes bitmaps one after the other, and keeps only what they become.
#[derive(Default)]
pub(super) struct KeyedEncoder {
    numbers: PackedEncoder,
    counts: PackedEncoder,
    starts: PackedEncoder,
    bitmaps: Vec<u8>,
}

impl KeyedEncoder {
    /// Takes the next bitmap with its number, greater than those before, and its count.
    pub fn push(&mut self, number: i64, count: u64, bitmap: &RoaringBitmap) {
        self.numbers.push(number);
        self.counts.push(count as i64);
        self.starts.push(self.bitmaps.len() as i64);
        stored_bitmap::write(bitmap, &mut self.bitmaps);
    }

    /// The index, with one bitmap more that is filed under no number.
    pub fn finish_with(mut self, mut last: RoaringBitmap) -> BlobParts {
        // So that the bytes do not depend on what was joined.
        last.remove_run_compression();
        self.starts.push(self.bitmaps.len() as i64);
        stored_bitmap::write(&last, &mut self.bitmaps);
        self.finish()
    }

    pub fn finish(mut self) -> BlobParts {
        self.starts.push(self.bitmaps.len() as i64);
        let columns = [self.numbers, self.counts, self.starts].map(|column| column.finish().concat());
        let mut head = Vec::new();
        columns.iter().for_each(|column| head.put_u64(column.len() as u64));
        columns.iter().for_each(|column| head.put(column));
        [head, self.bitmaps]
    }
}

/// Encoded bitmaps, each read when it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Keyed {
    pub numbers: Packed,
    pub counts: Packed,
    starts: Packed,
    bitmaps: Bytes,
    bitmaps_offset: u64,
}

impl Keyed {
    /// Opens an index that has so many bitmaps filed under no number after all others.
    pub fn open(bytes: Bytes, unnumbered: usize) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&bytes);
        let lengths = [reader.u64()?, reader.u64()?, reader.u64()?];
        let mut start = LENGTHS_BYTES;
        let mut columns = Vec::with_capacity(3);
        for length in lengths {
            let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
            let Some(end) = end.filter(|end| *end <= bytes.len()) else {
                return Err(DecodeError::new("a column of an index is longer than the index", start as u64));
            };
            columns.push(Packed::open(bytes.slice(start..end)).map_err(|error| error.shifted(start as u64))?);
            start = end;
        }
        let bitmaps = bytes.slice(start..);
        let [numbers, counts, starts] =
            <[Packed; 3]>::try_from(columns).map_err(|_| DecodeError::new("an index lacks a column", 0))?;
        if numbers.len() != counts.len() || starts.len() != numbers.len() + unnumbered + 1 {
            return Err(DecodeError::new("columns of an index have different lengths", 0));
        }
        if starts.get(starts.len() - 1) != bitmaps.len() as i64 {
            return Err(DecodeError::new("the bitmaps of an index have another length than it says", start as u64));
        }
        Ok(Self { numbers, counts, starts, bitmaps, bitmaps_offset: start as u64 })
    }

    /// The place of a number, if it is there.
    pub fn position(&self, number: i64) -> Option<usize> {
        let position = self.numbers.lower_bound(number);
        (position < self.numbers.len() && self.numbers.get(position) == number).then_some(position)
    }

    /// How many bitmaps there are.
    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The bitmap at a place, where it lies. One whose place is damaged has no bytes, and cannot be read.
    pub fn stored(&self, position: usize) -> StoredBitmap<'_> {
        let (start, end) = (self.starts.get(position), self.starts.get(position + 1));
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let bytes = range.and_then(|(start, end)| self.bitmaps.get(start..end)).unwrap_or_default();
        StoredBitmap::new(bytes, self.bitmaps_offset + start.max(0) as u64)
    }

    /// The bitmap at a place.
    pub fn bitmap(&self, position: usize) -> Result<RoaringBitmap, DecodeError> {
        self.stored(position).to_bitmap()
    }

    /// Whether both say the same, whatever their bytes.
    pub fn says_the_same(&self, other: &Self) -> Result<bool, DecodeError> {
        if self.numbers.to_vec() != other.numbers.to_vec() || self.counts.to_vec() != other.counts.to_vec() {
            return Ok(false);
        }
        if self.len() != other.len() {
            return Ok(false);
        }
        for position in 0..self.len() {
            if self.bitmap(position)? != other.bitmap(position)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads everything once.
    pub fn verify(&self) -> Result<(), DecodeError> {
        let numbers = self.numbers.to_vec();
        if !numbers.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(DecodeError::new("the numbers of an index do not ascend", 0));
        }
        (0..self.len()).try_for_each(|position| self.bitmap(position).map(|_| ()))
    }
}
