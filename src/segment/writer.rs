//! Builds a segment, one table at a time.

use super::layout::{Content, GroupLayout, InsertIdLayout, InsertIndexLayout, PropertyLayout, TableLayout};
use super::rows::{PropertyRows, TableRows};
use crate::codec::text::Compression;
use crate::codec::value::write_value;
use crate::codec::{BlobIndex, ContainerWriter, DecodeError, FileId, FileKind, packed, text};
use crate::index::{Day, KeyRowsBuilder, UnitDaysBuilder};
use crate::model::{Arrival, EventId, GroupKeyId, Number, Value};
use bytes::Bytes;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// A property with at most this many different values is always written as codes.
const DICTIONARY_VALUES_MAX: usize = 256;

/// Builds a segment in memory. Tables come by ascending event id.
pub struct SegmentWriter {
    container: ContainerWriter,
    id: FileId,
    compression: Compression,
    content: Content,
    key_rows: BTreeMap<u32, KeyRowsBuilder>,
    insert_hashes: Vec<(u64, u32)>,
}

/// The key of an insert id in the segment's index: SipHash-1-3 with the file's identity.
pub(super) fn insert_hash(id: FileId, insert_id: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_key(&id.0);
    hasher.write(insert_id.as_bytes());
    hasher.finish()
}

impl SegmentWriter {
    /// A segment in a file of this identity, whose rows arrived at `first_arrival` or later.
    pub fn new(id: FileId, first_arrival: Arrival, compression: Compression) -> Self {
        let content = Content { first_arrival: first_arrival.raw(), ..Content::default() };
        Self {
            container: ContainerWriter::new(FileKind::Segment, id),
            id,
            compression,
            content,
            key_rows: BTreeMap::new(),
            insert_hashes: Vec::new(),
        }
    }

    /// Adds the table of an event. A table without rows is left out.
    pub fn add_table(&mut self, event: EventId, rows: TableRows) {
        if rows.is_empty() {
            return;
        }
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by_key(|row| (rows.users[*row as usize], rows.moments[*row as usize]));
        let first_row = self.content.rows as u32;
        let times: Vec<i64> = order.iter().map(|row| rows.moments[*row as usize].time.micros()).collect();
        let base = self.content.first_arrival;
        let arrivals: Vec<i64> =
            order.iter().map(|row| rows.moments[*row as usize].arrival.raw().wrapping_sub(base) as i64).collect();
        let users: Vec<u32> = order.iter().map(|row| rows.users[*row as usize]).collect();
        let days: Vec<Day> = order.iter().map(|row| Day::of(rows.moments[*row as usize].time)).collect();
        let min_time = times.iter().copied().min().unwrap_or(0);
        let max_time = times.iter().copied().max().unwrap_or(0);
        let last_arrival = arrivals.iter().copied().max().unwrap_or(0) as u64 + base;

        let (run_starts, run_users) = runs(&users);
        let mut user_days = UnitDaysBuilder::default();
        for (user, day) in users.iter().zip(&days) {
            user_days.add(*day, *user);
        }
        let mut groups = Vec::new();
        let mut key_days = Vec::new();
        for (group_type, keys) in &rows.groups {
            let keys: Vec<u32> = order.iter().map(|row| keys.get(*row as usize).copied().unwrap_or(0)).collect();
            let (starts, run_keys) = runs(&keys);
            let mut days_of_keys = UnitDaysBuilder::default();
            for (key, day) in keys.iter().zip(&days).filter(|(key, _)| **key > 0) {
                days_of_keys.add(*day, key - 1);
            }
            let key_rows = self.key_rows.entry(*group_type).or_default();
            for (run, key) in run_keys.iter().enumerate().filter(|(_, key)| **key > 0) {
                let end = starts.get(run + 1).map_or(keys.len() as i64, |start| *start) as u32;
                key_rows.add(GroupKeyId::new(*key as u32 - 1), first_row + starts[run] as u32..first_row + end);
            }
            groups.push((
                *group_type,
                GroupLayout { run_keys: self.column(&run_keys), run_starts: self.column(&starts) },
            ));
            key_days.push((*group_type, self.container.add(&days_of_keys.finish())));
        }
        let properties =
            rows.properties.iter().map(|(name, property)| (*name, self.property(property, &order))).collect();
        let insert_ids = self.insert_ids(&rows, &order, first_row);
        let table = TableLayout {
            event: event.raw(),
            first_row,
            rows: rows.len() as u32,
            min_time,
            max_time,
            run_users: self.column(&run_users),
            run_starts: self.column(&run_starts),
            times: self.column(&times),
            arrivals: self.column(&arrivals),
            groups,
            properties,
            insert_ids,
            user_days: self.container.add(&user_days.finish()),
            key_days,
        };
        let first = self.content.tables.is_empty();
        self.content.min_time = if first { min_time } else { self.content.min_time.min(min_time) };
        self.content.max_time = if first { max_time } else { self.content.max_time.max(max_time) };
        self.content.last_arrival = self.content.last_arrival.max(last_arrival);
        self.content.rows += rows.len() as u64;
        self.content.tables.push(table);
    }

    fn column(&mut self, values: &[i64]) -> BlobIndex {
        self.container.add(&packed::encode(values))
    }

    fn property(&mut self, property: &PropertyRows, order: &[u32]) -> PropertyLayout {
        let codes: Vec<u32> = order.iter().map(|row| property.codes.get(*row as usize).copied().unwrap_or(0)).collect();
        if property.values.len() > DICTIONARY_VALUES_MAX {
            if let Some(integers) = all_integers(&property.values) {
                let values = self.spread(&codes, &integers);
                return PropertyLayout::Integers { present: self.presence(&codes), values: self.column(&values) };
            }
            if let Some(doubles) = all_doubles(&property.values) {
                let values = self.spread(&codes, &doubles);
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                return PropertyLayout::Doubles { present: self.presence(&codes), values: self.container.add(&bytes) };
            }
        }
        let mut sorted: Vec<u32> = (0..property.values.len() as u32).collect();
        sorted.sort_unstable_by(|a, b| property.values[*a as usize].cmp(&property.values[*b as usize]));
        let mut rank = vec![0i64; sorted.len() + 1];
        for (place, value) in sorted.iter().enumerate() {
            rank[*value as usize + 1] = place as i64 + 1;
        }
        let codes: Vec<i64> = codes.iter().map(|code| rank[*code as usize]).collect();
        let values: Vec<Vec<u8>> = sorted
            .iter()
            .map(|value| {
                let mut bytes = Vec::new();
                write_value(&property.values[*value as usize], &mut bytes);
                bytes
            })
            .collect();
        let values = text::encode(values.iter().map(Vec::as_slice), self.compression);
        PropertyLayout::Dictionary { codes: self.column(&codes), values: self.container.add(&values) }
    }

    /// The value of every row; an absent one repeats the row before, which keeps blocks narrow.
    fn spread(&self, codes: &[u32], values: &[i64]) -> Vec<i64> {
        let mut last = codes.iter().find(|code| **code > 0).map_or(0, |code| values[*code as usize - 1]);
        codes
            .iter()
            .map(|code| {
                if *code > 0 {
                    last = values[*code as usize - 1];
                }
                last
            })
            .collect()
    }

    fn presence(&mut self, codes: &[u32]) -> Option<BlobIndex> {
        if codes.iter().all(|code| *code > 0) {
            return None;
        }
        let present: Vec<i64> = codes.iter().map(|code| i64::from(*code > 0)).collect();
        Some(self.column(&present))
    }

    fn insert_ids(&mut self, rows: &TableRows, order: &[u32], first_row: u32) -> Option<InsertIdLayout> {
        if rows.insert_ids.is_empty() {
            return None;
        }
        let mut by_row = vec![None; rows.len()];
        for (row, insert_id) in &rows.insert_ids {
            by_row[*row as usize] = Some(insert_id.as_str());
        }
        let mut places = Vec::with_capacity(order.len());
        let mut texts = Vec::with_capacity(rows.insert_ids.len());
        for (row, source) in order.iter().enumerate() {
            match by_row[*source as usize] {
                None => places.push(0),
                Some(insert_id) => {
                    texts.push(insert_id.as_bytes());
                    places.push(texts.len() as i64);
                    self.insert_hashes.push((insert_hash(self.id, insert_id), first_row + row as u32));
                }
            }
        }
        let texts = text::encode(texts, self.compression);
        Some(InsertIdLayout { places: self.column(&places), texts: self.container.add(&texts) })
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.content.rows == 0
    }

    /// The segment's bytes.
    ///
    /// # Errors
    /// When the footer is too large.
    pub fn finish(mut self) -> Result<Bytes, DecodeError> {
        for (group_type, rows) in std::mem::take(&mut self.key_rows) {
            if !rows.is_empty() {
                let blob = self.container.add(&rows.finish());
                self.content.key_rows.push((group_type, blob));
            }
        }
        if !self.insert_hashes.is_empty() {
            self.insert_hashes.sort_unstable();
            let hashes: Vec<u8> = self.insert_hashes.iter().flat_map(|(hash, _)| hash.to_le_bytes()).collect();
            let rows: Vec<i64> = self.insert_hashes.iter().map(|(_, row)| i64::from(*row)).collect();
            let hashes = self.container.add(&hashes);
            self.content.insert_ids = Some(InsertIndexLayout { hashes, rows: self.column(&rows) });
        }
        self.container.finish(&self.content)
    }
}

/// Runs of equal values: the first row and the value of each.
fn runs(values: &[u32]) -> (Vec<i64>, Vec<i64>) {
    let mut starts = Vec::new();
    let mut run_values: Vec<i64> = Vec::new();
    for (row, value) in values.iter().enumerate() {
        if run_values.last() != Some(&i64::from(*value)) {
            starts.push(row as i64);
            run_values.push(i64::from(*value));
        }
    }
    (starts, run_values)
}

fn all_integers(values: &[Value]) -> Option<Vec<i64>> {
    let integer = |value: &Value| match value {
        Value::Number(Number::Integer(integer)) => Some(*integer),
        _ => None,
    };
    values.iter().map(integer).collect()
}

/// The bits of the doubles, where every value is a number that a double holds exactly.
fn all_doubles(values: &[Value]) -> Option<Vec<i64>> {
    let double = |value: &Value| match value {
        Value::Number(number) => {
            let double = number.to_f64();
            (Number::from_f64(double) == Some(*number)).then_some(double.to_bits() as i64)
        }
        _ => None,
    };
    values.iter().map(double).collect()
}
