//! An opened segment.

use super::file::{HASH_BYTES, insert_hash};
use super::layout::Content;
use super::pace::Pace;
use super::table::Table;
use crate::codec::search::partition_point;
use crate::codec::{Container, DecodeError, FileId, FileKind};
use crate::index::{KeyRows, UnitDays};
use crate::model::{Arrival, EventId, GroupKeyId, GroupTypeId, Timestamp, UserId};
use bytes::Bytes;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// An opened segment, mapped or in memory. Opening reads the footer alone.
#[derive(Debug)]
pub struct Segment {
    pub(super) container: Container,
    pub(super) content: Content,
}

/// A row found by its number.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPlace {
    /// Who, as sent.
    pub user: UserId,
    /// When.
    pub time: Timestamp,
    /// The event.
    pub event: EventId,
    /// The row in the event's table.
    pub row: usize,
}

impl Segment {
    /// Opens a segment of this file name.
    ///
    /// # Errors
    /// When header, trailer or footer are damaged.
    pub fn open(bytes: Bytes, file: &str) -> Result<Self, DecodeError> {
        let (container, content) = Container::open::<Content>(bytes, FileKind::Segment, file)?;
        let mut row = 0u64;
        let mut event = None;
        for table in &content.tables {
            let ascends = event.is_none_or(|event| event < table.event);
            if u64::from(table.first_row) != row || table.rows == 0 || !ascends {
                return Err(DecodeError::new("the tables of a segment are out of order", 0).in_file(container.file()));
            }
            row += u64::from(table.rows);
            event = Some(table.event);
        }
        if row != content.rows || row > u64::from(u32::MAX) {
            let problem = "a segment has another number of rows than its tables";
            return Err(DecodeError::new(problem, 0).in_file(container.file()));
        }
        Ok(Self { container, content })
    }

    /// The file's identity.
    pub fn id(&self) -> FileId {
        self.container.id()
    }

    /// The file's name, for errors.
    pub fn file(&self) -> &Arc<str> {
        self.container.file()
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.content.rows
    }

    /// The file's length in bytes.
    pub fn byte_len(&self) -> u64 {
        self.container.byte_len()
    }

    /// The arrivals of the rows: at least the first, at most the last.
    pub fn arrivals(&self) -> (Arrival, Arrival) {
        (Arrival::new(self.content.first_arrival), Arrival::new(self.content.last_arrival))
    }

    /// The tables, by event id.
    pub fn tables(&self) -> impl Iterator<Item = Table<'_>> {
        self.content.tables.iter().map(|layout| Table { segment: self, layout })
    }

    /// How many tables there are.
    pub fn table_count(&self) -> usize {
        self.content.tables.len()
    }

    /// The table of an event, if the segment has one.
    pub fn table(&self, event: EventId) -> Option<Table<'_>> {
        let place = self.content.tables.binary_search_by_key(&event.raw(), |table| table.event).ok()?;
        Some(Table { segment: self, layout: &self.content.tables[place] })
    }

    /// The table that holds a row, by the row's number through the segment, and the row in the table.
    pub fn table_of_row(&self, row: u32) -> Option<(Table<'_>, usize)> {
        let place = self.content.tables.partition_point(|table| table.first_row <= row).checked_sub(1)?;
        let layout = &self.content.tables[place];
        let row = (row - layout.first_row) as usize;
        (row < layout.rows as usize).then_some((Table { segment: self, layout }, row))
    }

    /// The rows of each key of a group type; `None` when no row has one.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn key_rows(&self, group_type: GroupTypeId) -> Result<Option<KeyRows>, DecodeError> {
        let found = self.content.key_rows.iter().find(|(id, _)| *id == group_type.raw());
        found.map(|(_, blob)| self.container.read(*blob, KeyRows::open)).transpose()
    }

    /// The rows that carry one of these keys of a group type, numbered through the segment.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn rows_of_keys(&self, group_type: GroupTypeId, keys: &RoaringBitmap) -> Result<RoaringBitmap, DecodeError> {
        let Some(index) = self.key_rows(group_type)? else { return Ok(RoaringBitmap::new()) };
        keys.iter().try_fold(RoaringBitmap::new(), |rows, key| Ok(rows | index.rows(GroupKeyId::new(key))?))
    }

    /// Where arrivals are expected.
    pub(super) fn pace(&self) -> Result<Option<Pace>, DecodeError> {
        self.content.pace.as_ref().map(|pace| Pace::open(&self.container, pace)).transpose()
    }

    /// The time of the earliest and of the latest row.
    pub fn time_range(&self) -> (Timestamp, Timestamp) {
        (Timestamp::clamped(self.content.min_time), Timestamp::clamped(self.content.max_time))
    }

    /// Which users did anything on which day.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn user_days(&self) -> Result<UnitDays, DecodeError> {
        self.container.read(self.content.user_days, UnitDays::open)
    }

    /// For which keys of a group type anything was done on which day; `None` when no row has a key.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn key_days(&self, group_type: GroupTypeId) -> Result<Option<UnitDays>, DecodeError> {
        let found = self.content.key_days.iter().find(|(id, _)| *id == group_type.raw());
        found.map(|(_, blob)| self.container.read(*blob, UnitDays::open)).transpose()
    }

    /// How many rows have an insert id.
    pub fn insert_ids(&self) -> u64 {
        let indexed = self.content.insert_ids.as_ref();
        indexed.map_or(0, |index| self.container.blob_len(index.hashes) / HASH_BYTES as u64)
    }

    /// The rows with this insert id whose time is from `from` to `to` (both included).
    ///
    /// # Errors
    /// When a column that is needed is damaged.
    pub fn find_insert_id(&self, insert_id: &str, from: i64, to: i64) -> Result<Vec<RowPlace>, DecodeError> {
        let Some(layout) = &self.content.insert_ids else { return Ok(Vec::new()) };
        if self.content.max_time < from || to < self.content.min_time {
            return Ok(Vec::new());
        }
        let hashes = self.container.blob(layout.hashes)?;
        let rows = self.container.column(layout.rows)?;
        if hashes.len() != rows.len() * HASH_BYTES {
            return Err(DecodeError::new(
                "the index of insert ids is damaged",
                self.container.blob_offset(layout.hashes),
            ));
        }
        let (hashes, _) = hashes.as_chunks::<HASH_BYTES>();
        let hash_at = |place: usize| u64::from_le_bytes(hashes[place]);
        let hash = insert_hash(self.id(), insert_id);
        let mut low = partition_point(0..rows.len(), |place| hash_at(place) < hash);
        let mut found = Vec::new();
        while low < rows.len() && hash_at(low) == hash {
            let row = u32::try_from(rows.get(low)).unwrap_or(u32::MAX);
            low += 1;
            let Some((table, row)) = self.table_of_row(row) else { continue };
            let time = table.times()?.get(row);
            // The hash is short, so the ids themselves decide.
            if (from..=to).contains(&time) && self.insert_id(table, row)?.as_deref() == Some(insert_id) {
                let mut user = [0];
                table.users()?.decode(row..row + 1, &mut user);
                found.push(RowPlace {
                    user: UserId::new(user[0]),
                    time: Timestamp::clamped(time),
                    event: table.event(),
                    row,
                });
            }
        }
        Ok(found)
    }

    fn insert_id(&self, table: Table<'_>, row: usize) -> Result<Option<String>, DecodeError> {
        let Some((places, texts)) = table.insert_ids()? else { return Ok(None) };
        match usize::try_from(places.get(row).wrapping_sub(1)) {
            Ok(place) => Ok(String::from_utf8(texts.get(place)?).ok()),
            Err(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SegmentRows, SegmentWriter};
    use super::*;
    use crate::codec::text::Compression;
    use crate::model::{Moment, Number, PropertyId, Value};

    fn at(time: i64, arrival: u64) -> Moment {
        Moment { time: Timestamp::from_micros(time).unwrap(), arrival: Arrival::new(arrival) }
    }

    /// Rows in an order given by `reverse`, with every kind of column.
    fn segment(reverse: bool) -> Bytes {
        let mut rows = SegmentRows::default();
        let mut numbers: Vec<u64> = (0..3000).collect();
        if reverse {
            numbers.reverse();
        }
        for i in numbers {
            let user = UserId::new((i % 7) as u32);
            let groups = (i % 3 != 0).then(|| (GroupTypeId::new(1), GroupKeyId::new((i % 5) as u32)));
            let mut properties = vec![(PropertyId::new(0), Value::string(format!("v{}", i % 4)))];
            properties.push((PropertyId::new(1), Value::integer(i as i64 * 1000)));
            if i % 2 == 0 {
                properties.push((PropertyId::new(2), Value::Number(Number::from_f64(i as f64 + 0.5).unwrap())));
            }
            let insert_id = format!("id-{i}");
            rows.push(
                EventId::new(4),
                user,
                at(i as i64 / 10 * 40_000_000_000, 100 + i),
                groups,
                properties,
                Some(&insert_id),
            )
            .unwrap();
        }
        let writer = SegmentWriter::new(FileId([1; 16]), Arrival::new(100), Compression::Zstd, rows);
        writer.finish().unwrap()
    }

    #[test]
    fn rows_read_back_whatever_order_they_came_in() {
        let bytes = segment(false);
        assert_eq!(bytes, segment(true));
        let segment = Segment::open(bytes, "s").unwrap();
        assert_eq!(segment.verify(), []);
        assert_eq!(segment.rows(), 3000);
        assert_eq!(segment.arrivals(), (Arrival::new(100), Arrival::new(3099)));
        let table = segment.table(EventId::new(4)).unwrap();
        assert!(segment.table(EventId::new(3)).is_none());
        let (users, arrivals) = (table.users().unwrap(), table.arrivals().unwrap());
        let mut user = vec![0; 3000];
        users.decode(0..3000, &mut user);
        for row in (0..3000).step_by(13) {
            let i = arrivals.get(row);
            assert_eq!(i64::from(user[row]), i % 7);
            let key = table.group(GroupTypeId::new(1)).unwrap().unwrap().get(row);
            assert_eq!(i64::from(key), if i % 3 == 0 { 0 } else { i % 5 + 1 });
            let properties = table.row_properties(row).unwrap();
            assert_eq!(properties.len(), if i % 2 == 0 { 3 } else { 2 });
            assert_eq!(properties[1].1, Value::integer(i * 1000));
        }
        let key_rows = segment.key_rows(GroupTypeId::new(1)).unwrap().unwrap();
        assert_eq!(key_rows.keys().map(|(_, rows)| rows).sum::<u64>(), 2000);
        let days = table.user_days().unwrap();
        assert_eq!(days.days(None, None).map(|(_, rows, _)| rows).sum::<u64>(), 3000);
    }

    #[test]
    fn insert_ids_are_found_by_time() {
        let segment = Segment::open(segment(false), "s").unwrap();
        let time = 77 / 10 * 40_000_000_000;
        let found = segment.find_insert_id("id-77", time, time).unwrap();
        assert_eq!(found.iter().map(|place| (place.user.raw(), place.time.micros())).collect::<Vec<_>>(), [(0, time)]);
        assert!(segment.find_insert_id("id-77", time + 1, i64::MAX).unwrap().is_empty());
        assert!(segment.find_insert_id("id-3000", i64::MIN, i64::MAX).unwrap().is_empty());
    }
}
