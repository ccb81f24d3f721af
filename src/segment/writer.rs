//! Builds a segment of rows in memory, one table at a time.

use super::arrivals::ArrivalEncoder;
use super::codes::CodeEncoder;
use super::encode::{FormChoice, NumberEncoder, PropertyForm, RunEncoder, plain_value_bytes};
use super::file::SegmentFile;
use super::layout::{InsertIdLayout, TableLayout};
use super::pace::{MomentRows, Pace};
use super::row_values::{PropertyRows, RowValues, SortedValues, ValueList};
use super::rows::{SegmentRows, TableRows};
use crate::codec::text::Compression;
use crate::codec::value::write_value;
use crate::codec::{BlobIndex, DecodeError, FileId, PackedEncoder, TextsEncoder, WriteError};
use crate::helpers;
use crate::index::{Day, RowDays, UnitDaysBuilder, ValueDaysBuilder};
use crate::model::{Arrival, EventId, Number, Timestamp, ValueRef};
use bytes::Bytes;
use std::io;
use std::ops::Range;

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

/// A column of a table on its way into the file, which nothing but the rows is needed for.
enum Column<'r> {
    Times,
    /// The keys of a group type.
    Group(u32, &'r [u32]),
    /// A property.
    Property(u32, &'r PropertyRows),
}

/// What it becomes.
enum Encoded<'d> {
    Times(PackedEncoder),
    Group(u32, GroupColumn),
    Property(u32, PropertyColumn<'d>),
}

struct GroupColumn {
    runs: RunEncoder,
    days: UnitDaysBuilder,
    /// The runs, each with its key plus 1, or 0.
    rows: Vec<(Range<u32>, u32)>,
}

enum PropertyColumn<'d> {
    Numbers(PropertyForm, NumberEncoder),
    Codes(Box<CodeEncoder>, TextsEncoder, Option<ValueDaysBuilder<'d>>),
}

/// The rows of a table in order, and what its columns need of them.
struct Ordered<'a> {
    order: &'a [u32],
    /// Gathered once, as every index needs them.
    times: &'a [Timestamp],
    days: Option<&'a RowDays>,
    compression: Compression,
    /// The values of all properties.
    values: &'a [SortedValues<'a>],
}

/// So much of a column is gathered before somebody looks at it.
const GATHERED: usize = 256;

/// Calls `visit` with what `of` finds for each row, in order. Rows of a user lie far apart: with nothing in between the
/// processor waits for the memory of many of them at once.
#[inline]
fn visit_gathered<T: Copy + Default>(order: &[u32], of: impl Fn(usize) -> T, mut visit: impl FnMut(T)) {
    let mut gathered = [T::default(); GATHERED];
    for rows in order.chunks(GATHERED) {
        gathered.iter_mut().zip(rows).for_each(|(to, row)| *to = of(*row as usize));
        gathered[..rows.len()].iter().for_each(|value| visit(*value));
    }
}

/// The columns of a table of so many rows are shared among threads.
const SHARED_ROWS: usize = 1 << 12;

impl<W: io::Write> Writing<'_, W> {
    fn write_table(&mut self, event: EventId, rows: &TableRows) {
        let order = rows.order();
        let times: Vec<Timestamp> = order.iter().map(|row| rows.moments[*row as usize].time).collect();
        let none = Timestamp::clamped(0);
        let min_time = times.iter().copied().min().unwrap_or(none);
        let max_time = times.iter().copied().max().unwrap_or(none);
        // What lives in memory only is too short to be worth counting.
        let days = RowDays::between(min_time, max_time).filter(|_| self.compression == Compression::Zstd);
        let days = days.map(|mut days| {
            times.iter().for_each(|time| days.push(*time));
            days.finish()
        });
        let (compression, values) = (self.compression, self.values);
        let ordered = Ordered { order: &order, times: &times, days: days.as_ref(), compression, values };
        let groups = rows.groups.iter().filter(|(_, keys)| !keys.is_empty());
        let properties = rows.properties.iter().filter(|(_, rows)| !rows.is_empty());
        let mut columns: Vec<Column<'_>> = groups.map(|(group_type, keys)| Column::Group(group_type, keys)).collect();
        columns.push(Column::Times);
        columns.extend(properties.map(|(name, rows)| Column::Property(name, rows)));
        let threads = if order.len() >= SHARED_ROWS { helpers::threads_at_best() } else { 1 };
        let mut arrivals = ArrivalEncoder::new(self.file.pace.clone());
        let (base, mut last_arrival) = (self.file.first_arrival(), 0);
        let mut users = RunEncoder::default();
        let mut user_days = UnitDaysBuilder::default();
        let (encoded, ()) = helpers::beside(
            threads,
            &columns,
            |column| ordered.encode(column),
            || {
                let mut rows_of_times = times.iter().zip(0..);
                let row = |row: usize| (rows.users[row], rows.moments[row].arrival.raw());
                visit_gathered(&order, row, |(user, arrival)| {
                    let Some((time, number)) = rows_of_times.next() else { return };
                    users.push(user, 1);
                    user_days.add(Day::of(*time), user);
                    arrivals.push(time.micros(), arrival.wrapping_sub(base) as i64);
                    self.file.see_moment(number, time.micros(), arrival.wrapping_sub(base));
                    last_arrival = last_arrival.max(arrival);
                });
            },
        );
        let (mut times, mut groups, mut key_days, mut properties) =
            (BlobIndex::default(), Vec::new(), Vec::new(), Vec::new());
        for column in encoded {
            match column {
                Encoded::Times(column) => times = self.file.column(column),
                Encoded::Group(group_type, GroupColumn { runs, days, rows }) => {
                    rows.into_iter().for_each(|(rows, key)| self.file.index_key(group_type, rows, key));
                    groups.push((group_type, self.file.group(runs)));
                    let days = days.finish(self.file.key_days.entry(group_type).or_default());
                    key_days.push((group_type, self.file.container.add_parts(days)));
                }
                Encoded::Property(name, PropertyColumn::Numbers(form, numbers)) => {
                    properties.push((name, self.file.numbers(form, numbers)));
                }
                Encoded::Property(name, PropertyColumn::Codes(codes, texts, days)) => {
                    properties.push((name, self.file.codes(*codes, texts, days)));
                }
            }
        }
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

impl<'a> Ordered<'a> {
    fn encode(&self, column: &Column<'_>) -> Encoded<'a> {
        match *column {
            Column::Times => {
                let mut times = PackedEncoder::default();
                times.extend(self.times.iter().map(|time| time.micros()));
                Encoded::Times(times)
            }
            Column::Group(group_type, keys) => Encoded::Group(group_type, self.group(keys)),
            Column::Property(name, rows) => Encoded::Property(name, self.property(rows)),
        }
    }

    fn group(&self, keys: &[u32]) -> GroupColumn {
        let (mut runs, mut days, mut rows) = (RunEncoder::default(), UnitDaysBuilder::default(), Vec::new());
        let mut times = self.times.iter();
        let key = |row| keys.get(row).copied().unwrap_or(0);
        visit_gathered(self.order, key, |key| {
            let time = times.next();
            rows.extend(runs.push(key, 1));
            if let Some((key, time)) = key.checked_sub(1).zip(time) {
                days.add(Day::of(*time), key);
            }
        });
        rows.extend(runs.last());
        GroupColumn { runs, days, rows }
    }

    fn property(&self, property: &PropertyRows) -> PropertyColumn<'a> {
        let codes = match property.values() {
            RowValues::Numbers(numbers, rows) => return self.numbers(numbers, rows),
            RowValues::Coded(codes) => codes,
        };
        let (values, table_codes) = self.values[property.list].of_table(codes);
        let code = |row| table_codes.get(codes.get(row).copied().unwrap_or(0));
        self.codes(code, self.texts(values.iter().copied()), values.len())
    }

    /// A property that is a number, in these rows.
    fn numbers(&self, numbers: &[Number], rows: &[u32]) -> PropertyColumn<'a> {
        let mut choice = FormChoice::default();
        // Broken off once the form is settled.
        let _ = numbers.iter().try_for_each(|number| choice.see_number(*number));
        // Where every row has a number, they lie by row.
        let mut of_rows = Vec::new();
        if numbers.len() < self.order.len() {
            of_rows.resize(self.order.len(), None);
            rows.iter().zip(numbers).for_each(|(row, number)| of_rows[*row as usize] = Some(*number));
        }
        let number = |row: usize| match of_rows.get(row) {
            None => numbers.get(row).copied(),
            Some(number) => *number,
        };
        let form = choice.form();
        if form != PropertyForm::Codes {
            let mut encoder = NumberEncoder::new(form);
            visit_gathered(self.order, number, |number| encoder.push(number));
            return PropertyColumn::Numbers(form, encoder);
        }
        let values = choice.few().unwrap_or_else(|| {
            let mut values = numbers.to_vec();
            values.sort_unstable();
            values.dedup();
            values
        });
        let code = |row| number(row).map_or(0, |number| values.partition_point(|other| *other <= number));
        let texts = self.texts(values.iter().map(|number| ValueRef::Number(*number)));
        self.codes(code, texts, values.len())
    }

    /// The values of the table, in order.
    fn texts<'v>(&self, values: impl Iterator<Item = impl Into<ValueRef<'v>>>) -> TextsEncoder {
        let mut texts = TextsEncoder::with_plain(self.compression, plain_value_bytes(self.order.len()));
        let mut bytes = Vec::new();
        for value in values {
            bytes.clear();
            write_value(value, &mut bytes);
            texts.push(&bytes);
        }
        texts
    }

    /// The codes of rows, which stand for so many values.
    fn codes(&self, code: impl Fn(usize) -> usize, texts: TextsEncoder, values: usize) -> PropertyColumn<'a> {
        let mut encoder = Box::<CodeEncoder>::default();
        let mut value_days = self.days.and_then(|days| ValueDaysBuilder::new(days, values));
        visit_gathered(self.order, code, |code| {
            encoder.push(code as i64);
            value_days.iter_mut().for_each(|days| days.push(code));
        });
        PropertyColumn::Codes(encoder, texts, value_days)
    }
}
