//! How many bytes of a segment hold what.

use super::layout::{PropertyLayout, TableLayout};
use super::reader::Segment;
use crate::codec::BlobIndex;
use serde::Serialize;

/// The bytes of segments by what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SegmentBytes {
    /// Who did each event.
    pub users: u64,
    /// When.
    pub times: u64,
    /// In which order they arrived.
    pub arrivals: u64,
    /// The group keys of each event.
    pub groups: u64,
    /// The properties of each event.
    pub properties: u64,
    /// The senders' own ids and their index.
    pub insert_ids: u64,
    /// Which users and keys did what on which day.
    pub unit_bitmaps: u64,
    /// How often properties had which value on which day.
    pub value_days: u64,
    /// The rows of each group key.
    pub key_rows: u64,
    /// Which rows are the newest.
    pub newest_rows: u64,
    /// Headers, footers and padding.
    pub framing: u64,
}

impl SegmentBytes {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.columns().iter().sum::<u64>() + self.framing
    }

    fn columns(&self) -> [u64; 10] {
        let Self { users, times, arrivals, groups, properties, .. } = *self;
        let Self { insert_ids, unit_bitmaps, value_days, key_rows, newest_rows, framing: _, .. } = *self;
        [users, times, arrivals, groups, properties, insert_ids, unit_bitmaps, value_days, key_rows, newest_rows]
    }
}

impl std::ops::AddAssign for SegmentBytes {
    fn add_assign(&mut self, other: Self) {
        self.users += other.users;
        self.times += other.times;
        self.arrivals += other.arrivals;
        self.groups += other.groups;
        self.properties += other.properties;
        self.insert_ids += other.insert_ids;
        self.unit_bitmaps += other.unit_bitmaps;
        self.value_days += other.value_days;
        self.key_rows += other.key_rows;
        self.newest_rows += other.newest_rows;
        self.framing += other.framing;
    }
}

impl Segment {
    /// The file's bytes by what they hold.
    pub fn bytes(&self) -> SegmentBytes {
        let mut bytes = SegmentBytes::default();
        for table in &self.content.tables {
            self.add_table(table, &mut bytes);
        }
        bytes.arrivals += self.content.pace.as_ref().map_or(0, |pace| self.blob_len(pace.arrivals));
        bytes.key_rows = self.content.key_rows.iter().map(|(_, blob)| self.blob_len(*blob)).sum();
        let key_days = self.content.key_days.iter().map(|(_, blob)| self.blob_len(*blob));
        bytes.unit_bitmaps += self.blob_len(self.content.user_days) + key_days.sum::<u64>();
        bytes.newest_rows = self.blob_len(self.content.newest_rows);
        if let Some(index) = &self.content.insert_ids {
            bytes.insert_ids += self.blob_len(index.hashes) + self.blob_len(index.rows);
        }
        bytes.framing = self.byte_len().saturating_sub(bytes.columns().iter().sum());
        bytes
    }

    fn blob_len(&self, blob: BlobIndex) -> u64 {
        self.container.blob_len(blob)
    }

    fn add_table(&self, table: &TableLayout, bytes: &mut SegmentBytes) {
        let len = |blob: &BlobIndex| self.blob_len(*blob);
        bytes.users += len(&table.run_users) + len(&table.run_starts);
        bytes.times += len(&table.times);
        bytes.arrivals += table.arrivals.blobs().iter().map(len).sum::<u64>();
        bytes.groups +=
            table.groups.iter().map(|(_, group)| len(&group.run_keys) + len(&group.run_starts)).sum::<u64>();
        let mut value_days = 0;
        let mut property = |layout: &PropertyLayout| match layout {
            PropertyLayout::Dictionary { codes, values, days } => {
                value_days += days.as_ref().map_or(0, len);
                codes.blobs().iter().map(len).sum::<u64>() + len(values)
            }
            PropertyLayout::Integers { present, values } | PropertyLayout::Doubles { present, values } => {
                present.as_ref().map_or(0, len) + len(values)
            }
        };
        bytes.properties += table.properties.iter().map(|(_, layout)| property(layout)).sum::<u64>();
        bytes.value_days += value_days;
        bytes.insert_ids += table.insert_ids.as_ref().map_or(0, |layout| len(&layout.places) + len(&layout.texts));
        bytes.unit_bitmaps += len(&table.user_days) + table.key_days.iter().map(|(_, blob)| len(blob)).sum::<u64>();
    }
}
