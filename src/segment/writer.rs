//! Builds a segment of rows in memory, one table at a time.

use super::arrivals::ArrivalEncoder;
use super::codes::CodeEncoder;
use super::encode::{FormChoice, NumberEncoder, PropertyForm, RunEncoder, plain_value_bytes};
use super::file::SegmentFile;
use super::layout::{InsertIdLayout, PropertyLayout, TableLayout};
use super::pace::{MomentRows, Pace};
use super::row_values::{PropertyRows, RowValues, SortedValues, ValueList};
use super::rows::{SegmentRows, TableRows};
use crate::codec::text::Compression;
use crate::codec::value::write_value;
use crate::codec::{BlobIndex, DecodeError, FileId, PackedEncoder, TextsEncoder, WriteError};
use crate::index::{Day, RowDays, UnitDaysBuilder, ValueDaysBuilder};
use crate::model::{Arrival, EventId, Number, Timestamp, ValueRef};
use bytes::Bytes;
use std::io;

/// See the module.
pub struct SegmentWriter {
    id: FileId,
    first_arrival: Arrival,
    compression: Compression,
    rows: SegmentRows,
}

/// The segment on its way to where it is written.
struct Writing<'a, W> {
    file: SegmentFile<W>,
    compression: Compression,
    /// The values of all properties.
    values: &'a [SortedValues<'a>],
}

/// The moments of all rows.
struct AllMoments<'a> {
    tables: &'a [(EventId, &'a TableRows)],
    first_arrival: u64,
}

impl MomentRows for AllMoments<'_> {
    fn visit_times(&self, visit: &mut dyn FnMut(i64)) -> Result<(), DecodeError> {
        self.visit_moments(&mut |time, _| visit(time))
    }

    fn visit_moments(&self, visit: &mut dyn FnMut(i64, u64)) -> Result<(), DecodeError> {
        for moment in self.tables.iter().flat_map(|(_, rows)| &rows.moments) {
            visit(moment.time.micros(), moment.arrival.raw().wrapping_sub(self.first_arrival));
        }
        Ok(())
    }
}

impl SegmentWriter {
    /// A segment of these rows in a file of this identity. The rows arrived at `first_arrival` or later.
    pub fn new(id: FileId, first_arrival: Arrival, compression: Compression, rows: SegmentRows) -> Self {
        Self { id, first_arrival, compression, rows }
    }

    /// Writes the segment to `output` as it grows. Answers its length in bytes, and the rows, taken out: their room may
    /// serve others.
    ///
    /// # Errors
    /// When `output` fails, or the footer is too large.
    pub fn write_into(mut self, output: &mut dyn io::Write) -> Result<(u64, SegmentRows), WriteError> {
        let length = self.write(output)?.close()?;
        self.rows.clear();
        Ok((length, self.rows))
    }

    /// The segment's bytes.
    ///
    /// # Errors
    /// When the footer is too large.
    pub fn finish(self) -> Result<Bytes, DecodeError> {
        self.write(Vec::new())?.finish()
    }

    fn write<W: io::Write>(&self, output: W) -> Result<SegmentFile<W>, DecodeError> {
        let Self { id, first_arrival, compression, rows } = self;
        let tables = rows.tables();
        let values: Vec<SortedValues<'_>> = rows.values.iter().map(ValueList::sorted).collect();
        let file = SegmentFile::new(output, *id, *first_arrival);
        let mut writing = Writing { file, compression: *compression, values: &values };
        // What lives in memory only is read too soon for its size to matter.
        if *compression == Compression::Zstd {
            let moments = AllMoments { tables: &tables, first_arrival: first_arrival.raw() };
            writing.file.pace = Some(Pace::of(&moments)?);
        }
        tables.into_iter().for_each(|(event, rows)| writing.write_table(event, rows));
        Ok(writing.file)
    }
}

impl<W: io::Write> Writing<'_, W> {
    fn write_table(&mut self, event: EventId, rows: &TableRows) {
        let order = rows.order();
        // Gathered once, as every index needs them.
        let sorted: Vec<Timestamp> = order.iter().map(|row| rows.moments[*row as usize].time).collect();
        let times = || sorted.iter().copied();
        let mut arrivals = ArrivalEncoder::new(self.file.pace.clone());
        let (base, mut last_arrival) = (self.file.first_arrival(), 0);
        let mut users = RunEncoder::default();
        let mut user_days = UnitDaysBuilder::default();
        for ((row, time), number) in order.iter().zip(times()).zip(0..) {
            users.push(rows.users[*row as usize], 1);
            user_days.add(Day::of(time), rows.users[*row as usize]);
            let arrival = rows.moments[*row as usize].arrival.raw();
            arrivals.push(time.micros(), arrival.wrapping_sub(base) as i64);
            self.file.see_moment(number, time.micros(), arrival.wrapping_sub(base));
            last_arrival = last_arrival.max(arrival);
        }
        let mut groups = Vec::new();
        let mut key_days = Vec::new();
        for (group_type, keys) in rows.groups.iter().filter(|(_, keys)| !keys.is_empty()) {
            let mut runs = RunEncoder::default();
            let mut days = UnitDaysBuilder::default();
            for (row, time) in order.iter().zip(times()) {
                let key = keys.get(*row as usize).copied().unwrap_or(0);
                if let Some((rows, key)) = runs.push(key, 1) {
                    self.file.index_key(group_type, rows, key);
                }
                if let Some(key) = key.checked_sub(1) {
                    days.add(Day::of(time), key);
                }
            }
            if let Some((rows, key)) = runs.last() {
                self.file.index_key(group_type, rows, key);
            }
            groups.push((group_type, self.file.group(runs)));
            let days = days.finish(self.file.key_days.entry(group_type).or_default());
            key_days.push((group_type, self.file.container.add_parts(days)));
        }
        let none = Timestamp::clamped(0);
        let (min_time, max_time) = (times().min().unwrap_or(none), times().max().unwrap_or(none));
        // What lives in memory only is too short to be worth counting.
        let days = RowDays::between(min_time, max_time).filter(|_| self.compression == Compression::Zstd);
        let days = days.map(|mut days| {
            times().for_each(|time| days.push(time));
            days.finish()
        });
        let times = self.column(times().map(|time| time.micros()));
        let property = |(name, rows): (u32, &PropertyRows)| (name, self.property(rows, &order, days.as_ref()));
        let properties = rows.properties.iter().filter(|(_, rows)| !rows.is_empty()).map(property).collect();
        let insert_ids = self.insert_ids(rows, &order);
        let user_days = user_days.finish(&mut self.file.user_days);
        let table = TableLayout {
            event: event.raw(),
            first_row: self.file.next_row(),
            rows: rows.len() as u32,
            min_time: min_time.micros(),
            max_time: max_time.micros(),
            run_users: self.file.column(users.ids),
            run_starts: self.file.column(users.starts),
            times,
            arrivals: arrivals.finish(&mut self.file),
            groups,
            properties,
            insert_ids,
            user_days: self.file.container.add_parts(user_days),
            key_days,
        };
        self.file.end_table(table, last_arrival);
    }

    fn column(&mut self, values: impl IntoIterator<Item = i64>) -> BlobIndex {
        let mut column = PackedEncoder::default();
        column.extend(values);
        self.file.column(column)
    }

    fn property(&mut self, property: &PropertyRows, order: &[u32], days: Option<&RowDays>) -> PropertyLayout {
        let codes = match property.values() {
            RowValues::Numbers(numbers, rows) => return self.numbers(numbers, rows, order, days),
            RowValues::Coded(codes) => codes,
        };
        let sorted = self.values;
        let (values, table_codes) = sorted[property.list].of_table(codes);
        let code = |row: &u32| table_codes.get(codes.get(*row as usize).copied().unwrap_or(0));
        let texts = self.texts(values.iter().copied(), order.len());
        self.codes(order.iter().map(code), texts, values.len(), days)
    }

    /// A property that is a number, in these rows.
    fn numbers(&mut self, numbers: &[Number], rows: &[u32], order: &[u32], days: Option<&RowDays>) -> PropertyLayout {
        let mut choice = FormChoice::default();
        // Broken off once the form is settled.
        let _ = numbers.iter().try_for_each(|number| choice.see_number(*number));
        let mut of_rows = vec![None; order.len()];
        rows.iter().zip(numbers).for_each(|(row, number)| of_rows[*row as usize] = Some(*number));
        let number = |row: &u32| of_rows[*row as usize];
        let form = choice.form();
        if form != PropertyForm::Codes {
            let mut encoder = NumberEncoder::new(form);
            order.iter().for_each(|row| encoder.push(number(row)));
            return self.file.numbers(form, encoder);
        }
        let values = choice.few().unwrap_or_else(|| {
            let mut values = numbers.to_vec();
            values.sort_unstable();
            values.dedup();
            values
        });
        let code = |row: &u32| number(row).map_or(0, |number| values.partition_point(|other| *other <= number));
        let texts = self.texts(values.iter().map(|number| ValueRef::Number(*number)), order.len());
        self.codes(order.iter().map(code), texts, values.len(), days)
    }

    /// The values of a table of so many rows, in order.
    fn texts<'v>(&self, values: impl Iterator<Item = impl Into<ValueRef<'v>>>, rows: usize) -> TextsEncoder {
        let mut texts = TextsEncoder::with_plain(self.compression, plain_value_bytes(rows));
        let mut bytes = Vec::new();
        for value in values {
            bytes.clear();
            write_value(value, &mut bytes);
            texts.push(&bytes);
        }
        texts
    }

    /// The codes of rows, which stand for so many values.
    fn codes(
        &mut self,
        codes: impl Iterator<Item = usize>,
        texts: TextsEncoder,
        values: usize,
        days: Option<&RowDays>,
    ) -> PropertyLayout {
        let mut encoder = CodeEncoder::default();
        let mut value_days = days.and_then(|days| ValueDaysBuilder::new(days, values));
        for code in codes {
            encoder.push(code as i64);
            value_days.iter_mut().for_each(|days| days.push(code));
        }
        self.file.codes(encoder, texts, value_days)
    }

    fn insert_ids(&mut self, rows: &TableRows, order: &[u32]) -> Option<InsertIdLayout> {
        if rows.insert_ids.is_empty() {
            return None;
        }
        let mut places = PackedEncoder::default();
        let mut texts = TextsEncoder::new(self.compression);
        for (row, source) in order.iter().enumerate() {
            match rows.insert_ids.get(*source) {
                None => places.push(0),
                Some(insert_id) => {
                    texts.push(insert_id.as_bytes());
                    places.push(texts.len() as i64);
                    self.file.index_insert_id(row as u32, insert_id);
                }
            }
        }
        Some(self.file.insert_ids(places, texts))
    }
}
