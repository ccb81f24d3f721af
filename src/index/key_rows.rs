//! Per key of a group type: the rows of the segment that carry it.

use super::keyed::{Keyed, KeyedEncoder};
use super::placing::by_number;
use crate::codec::{BlobParts, DecodeError};
use crate::model::GroupKeyId;
use bytes::Bytes;
use roaring::RoaringBitmap;
use std::ops::Range;

/// Collects the rows of one group type.
#[derive(Default)]
pub struct KeyRowsBuilder {
    /// A key, its first row and the row after its last: less than half of what bitmaps of few rows each would take.
    runs: Vec<[u32; 3]>,
}

impl KeyRowsBuilder {
    /// Rows `rows` of the segment carry this key. Rows ascend.
    pub fn add(&mut self, key: GroupKeyId, rows: Range<u32>) {
        self.runs.push([key.raw(), rows.start, rows.end]);
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The runs by key; those of a key stay in order.
    fn sorted(mut self) -> Vec<[u32; 3]> {
        if let Some((order, _)) = by_number(self.runs.iter().map(|run| run[0])) {
            return order.iter().map(|place| self.runs[*place as usize]).collect();
        }
        self.runs.sort_unstable();
        self.runs
    }

    /// The index.
    pub fn finish(self) -> BlobParts {
        let mut encoder = KeyedEncoder::default();
        for runs in self.sorted().chunk_by(|a, b| a[0] == b[0]) {
            let mut rows = RoaringBitmap::new();
            for [_, start, end] in runs {
                // Most are of one row, which is put behind the others without a search.
                if end - start > 1 || rows.try_push(*start).is_err() {
                    rows.insert_range(*start..*end);
                }
            }
            // Rows of one user come together, and mostly carry one key.
            rows.optimize();
            encoder.push(i64::from(runs[0][0]), rows.len(), &rows);
        }
        encoder.finish()
    }
}

/// The rows of a segment by key of one group type.
#[derive(Clone, Debug)]
pub struct KeyRows(Keyed);

impl KeyRows {
    /// Opens an index.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn open(bytes: Bytes) -> Result<Self, DecodeError> {
        Keyed::open(bytes, 0).map(Self)
    }

    /// The rows that carry a key, numbered through the segment.
    ///
    /// # Errors
    /// When the bitmap is damaged.
    pub fn rows(&self, key: GroupKeyId) -> Result<RoaringBitmap, DecodeError> {
        match self.0.position(i64::from(key.raw())) {
            Some(position) => self.0.bitmap(position),
            None => Ok(RoaringBitmap::new()),
        }
    }

    /// The keys that the segment carries, ascending, each with its rows' count.
    pub fn keys(&self) -> impl Iterator<Item = (GroupKeyId, u64)> + '_ {
        let ids = self.0.numbers.to_vec().into_iter().zip(self.0.counts.to_vec());
        ids.filter_map(|(key, rows)| Some((GroupKeyId::new(u32::try_from(key).ok()?), rows as u64)))
    }

    /// Whether both say the same.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn says_the_same(&self, other: &Self) -> Result<bool, DecodeError> {
        self.0.says_the_same(&other.0)
    }

    /// Reads everything once.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn verify(&self) -> Result<(), DecodeError> {
        self.0.verify()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_rows() {
        let mut builder = KeyRowsBuilder::default();
        builder.add(GroupKeyId::new(4), 0..3);
        builder.add(GroupKeyId::new(1), 3..4);
        builder.add(GroupKeyId::new(4), 9..10);
        let index = KeyRows::open(builder.finish().concat().into()).unwrap();
        assert_eq!(index.rows(GroupKeyId::new(4)).unwrap().into_iter().collect::<Vec<_>>(), [0, 1, 2, 9]);
        assert!(index.rows(GroupKeyId::new(2)).unwrap().is_empty());
        assert_eq!(index.keys().map(|(key, rows)| (key.raw(), rows)).collect::<Vec<_>>(), [(1, 1), (4, 4)]);
    }
}
