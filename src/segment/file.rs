//! A segment on its way into a file, a table after the other: what is counted and indexed through all of its tables.

use super::codes::CodeEncoder;
use super::encode::{NumberEncoder, PropertyForm, RunEncoder};
use super::layout::{Content, GroupLayout, InsertIdLayout, InsertIndexLayout, PaceLayout, PropertyLayout, TableLayout};
use super::newest::NewestRows;
use super::pace::Pace;
use crate::codec::{
    BlobIndex, BlobParts, ContainerWriter, DecodeError, FileId, FileKind, PackedEncoder, TextsEncoder, WriteError,
};
use crate::index::{KeyRowsBuilder, UnitDaysUnion, ValueDaysBuilder};
use crate::model::{Arrival, GroupKeyId};
use bytes::Bytes;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::io;
use std::ops::Range;

/// Bytes of a hash in the index of insert ids.
pub(super) const HASH_BYTES: usize = 8;
/// Hashes that are turned into bytes at once.
const HASHES_AT_ONCE: usize = 8192;

/// The key of an insert id in the segment's index: SipHash-1-3 with the file's identity.
pub(super) fn insert_hash(id: FileId, insert_id: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_key(&id.0);
    hasher.write(insert_id.as_bytes());
    hasher.finish()
}

/// See the module.
pub(super) struct SegmentFile<W = Vec<u8>> {
    pub container: ContainerWriter<W>,
    id: FileId,
    content: Content,
    /// Where arrivals are expected, for whoever wants to say less of them.
    pub pace: Option<Pace>,
    is_paced: bool,
    key_rows: BTreeMap<u32, KeyRowsBuilder>,
    /// What the unit bitmaps of all tables say together: of users, and of keys by group type.
    pub user_days: UnitDaysUnion,
    pub key_days: BTreeMap<u32, UnitDaysUnion>,
    pub(super) newest: NewestRows,
    /// Upper half of a hash, lower half, row: no byte between them is lost, as would be beside a `u64`.
    insert_hashes: Vec<[u32; 3]>,
}

impl<W: io::Write> SegmentFile<W> {
    pub fn new(output: W, id: FileId, first_arrival: Arrival) -> Self {
        Self {
            container: ContainerWriter::onto(output, FileKind::Segment, id),
            id,
            content: Content { first_arrival: first_arrival.raw(), ..Content::default() },
            pace: None,
            is_paced: false,
            key_rows: BTreeMap::new(),
            user_days: UnitDaysUnion::default(),
            key_days: BTreeMap::new(),
            newest: NewestRows::default(),
            insert_hashes: Vec::new(),
        }
    }

    /// What the arrivals of rows are relative to.
    pub fn first_arrival(&self) -> u64 {
        self.content.first_arrival
    }

    /// The number of the next table's first row.
    pub fn next_row(&self) -> u32 {
        self.content.rows as u32
    }

    pub fn column(&mut self, column: PackedEncoder) -> BlobIndex {
        self.container.add_parts(column.finish())
    }

    /// A column that says something only together with the pace.
    pub fn paced(&mut self, column: BlobParts) -> BlobIndex {
        self.is_paced = true;
        self.container.add_parts(column)
    }

    /// The keys of a group type in the rows of the next table.
    pub fn group(&mut self, runs: RunEncoder) -> GroupLayout {
        GroupLayout { run_keys: self.column(runs.ids), run_starts: self.column(runs.starts) }
    }

    /// Numbers of this form, one for each row of the next table.
    pub fn numbers(&mut self, form: PropertyForm, numbers: NumberEncoder) -> PropertyLayout {
        let (present, values) = numbers.finish();
        let present = present.map(|parts| self.container.add_parts(parts));
        let values = self.container.add_parts(values);
        match form {
            PropertyForm::Doubles => PropertyLayout::Doubles { present, values },
            _ => PropertyLayout::Integers { present, values },
        }
    }

    /// Codes, one for each row of the next table, what they stand for, and how many rows of each day have which.
    pub fn codes(
        &mut self,
        codes: CodeEncoder,
        values: TextsEncoder,
        days: Option<ValueDaysBuilder<'_>>,
    ) -> PropertyLayout {
        PropertyLayout::Dictionary {
            codes: codes.finish(self),
            values: self.container.add_parts(values.finish()),
            days: days.map(|days| self.container.add_parts(days.finish())),
        }
    }

    /// The insert ids of the next table's rows.
    pub fn insert_ids(&mut self, places: PackedEncoder, texts: TextsEncoder) -> InsertIdLayout {
        InsertIdLayout { places: self.column(places), texts: self.container.add_parts(texts.finish()) }
    }

    /// A run of the next table's rows, counted through the table, with this key plus 1 of the group type, or 0.
    pub fn index_key(&mut self, group_type: u32, rows: Range<u32>, key: u32) {
        if let Some(key) = key.checked_sub(1) {
            let first = self.next_row();
            let keys = self.key_rows.entry(group_type).or_default();
            keys.add(GroupKeyId::new(key), first + rows.start..first + rows.end);
        }
    }

    /// A row of the next table, counted through the table, has this insert id.
    pub fn index_insert_id(&mut self, row: u32, insert_id: &str) {
        let hash = insert_hash(self.id, insert_id);
        self.insert_hashes.push([(hash >> 32) as u32, hash as u32, self.next_row() + row]);
    }

    /// Ends a table that has rows; the greatest of its arrivals is `last_arrival`.
    pub fn end_table(&mut self, table: TableLayout, last_arrival: u64) {
        let content = &mut self.content;
        let first = content.tables.is_empty();
        content.min_time = if first { table.min_time } else { content.min_time.min(table.min_time) };
        content.max_time = if first { table.max_time } else { content.max_time.max(table.max_time) };
        content.last_arrival = content.last_arrival.max(last_arrival);
        content.rows += u64::from(table.rows);
        content.tables.push(table);
    }

    fn add_indexes(&mut self) {
        if let Some(pace) = self.pace.take().filter(|_| self.is_paced) {
            let (first_time, slice_bits, arrivals) = pace.parts();
            let arrivals = self.container.add(arrivals);
            self.content.pace = Some(PaceLayout { first_time, slice_bits, arrivals });
        }
        for (group_type, rows) in std::mem::take(&mut self.key_rows) {
            let blob = self.container.add_parts(rows.finish());
            self.content.key_rows.push((group_type, blob));
        }
        self.content.user_days = self.container.add_parts(std::mem::take(&mut self.user_days).finish());
        for (group_type, days) in std::mem::take(&mut self.key_days) {
            let blob = self.container.add_parts(days.finish());
            self.content.key_days.push((group_type, blob));
        }
        let newest = std::mem::take(&mut self.newest).finish();
        self.content.newest_rows = self.column(newest);
        if self.insert_hashes.is_empty() {
            return;
        }
        let hash = |[high, low, _]: &[u32; 3]| u64::from(*high) << 32 | u64::from(*low);
        self.insert_hashes.sort_unstable_by_key(|entry| (hash(entry), entry[2]));
        let hashes = self.container.add_parts(
            self.insert_hashes
                .chunks(HASHES_AT_ONCE)
                .map(|entries| entries.iter().flat_map(|entry| hash(entry).to_le_bytes()).collect::<Vec<u8>>()),
        );
        let mut rows = PackedEncoder::default();
        rows.extend(std::mem::take(&mut self.insert_hashes).iter().map(|[_, _, row]| i64::from(*row)));
        self.content.insert_ids = Some(InsertIndexLayout { hashes, rows: self.column(rows) });
    }

    /// Ends the file. Answers its length in bytes.
    pub fn close(mut self) -> Result<u64, WriteError> {
        self.add_indexes();
        self.container.close(&self.content).map(|(_, length)| length)
    }
}

impl SegmentFile {
    /// Ends a file in memory.
    pub fn finish(mut self) -> Result<Bytes, DecodeError> {
        self.add_indexes();
        self.container.finish(&self.content)
    }
}
