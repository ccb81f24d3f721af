//! The tables of one event into one, a column after the other.

use super::super::Table;
use super::super::arrivals::ArrivalEncoder;
use super::super::encode::RunEncoder;
use super::super::file::SegmentFile;
use super::super::layout::{GroupLayout, InsertIdLayout, TableLayout};
use super::cursor::{InsertIdCursor, MomentCursor, PackedCursor, RunCursor};
use super::order::RowOrder;
use super::property::PropertyMerge;
use crate::codec::text::Compression;
use crate::codec::{BlobIndex, BlobParts, DecodeError, Packed, PackedEncoder, TextsEncoder};
use crate::index::{Day, RowDays, UnitDays, UnitDaysBuilder, UnitDaysUnion};
use crate::model::{Erasure, EventId, GroupKeyId, GroupTypeId, PropertyId, Timestamp};
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;

/// See the module. An erasure is from one table, whose order leaves out the rows that go.
pub(super) struct TableMerge<'a> {
    pub tables: Vec<Table<'a>>,
    pub order: RowOrder,
    pub erasure: Option<&'a Erasure>,
}

impl<'a> TableMerge<'a> {
    /// Writes the table, which has rows.
    ///
    /// # Errors
    /// When an input is damaged.
    pub fn write<W: io::Write>(&self, event: EventId, file: &mut SegmentFile<W>) -> Result<(), DecodeError> {
        let (mut groups, mut key_days, mut properties) = (Vec::new(), Vec::new(), Vec::new());
        let group_types: BTreeSet<GroupTypeId> = self.tables.iter().flat_map(Table::group_types).collect();
        for group_type in group_types {
            if let Some((layout, days)) = self.group(group_type, file)? {
                groups.push((group_type.raw(), layout));
                key_days.push((group_type.raw(), days));
            }
        }
        let (min_time, max_time, days, times) = self.times()?;
        let times = file.column(times);
        let names: BTreeSet<PropertyId> = self.tables.iter().flat_map(Table::property_names).collect();
        for name in names {
            let layout = PropertyMerge::open(self, days.as_ref(), name)?.write(file)?;
            properties.extend(layout.map(|layout| (name.raw(), layout)));
        }
        let insert_ids = self.insert_ids(file)?;
        let users = self.runs(&mut self.users()?, |user| user, |_, _| ())?;
        let (last_arrival, arrivals) = self.arrivals(file)?;
        let user_days = self.user_days(&mut file.user_days)?;
        let table = TableLayout {
            event: event.raw(),
            first_row: file.next_row(),
            rows: self.order.rows() as u32,
            min_time,
            max_time,
            run_users: file.column(users.ids),
            run_starts: file.column(users.starts),
            times,
            arrivals: arrivals.finish(file),
            groups,
            properties,
            insert_ids,
            user_days: file.container.add_parts(user_days),
            key_days,
        };
        file.end_table(table, last_arrival);
        Ok(())
    }

    /// Something of each input; errors name its file.
    pub fn each<T>(&self, open: impl Fn(&Table<'a>) -> Result<T, DecodeError>) -> Result<Vec<T>, DecodeError> {
        self.tables.iter().map(|table| open(table).map_err(|error| error.in_file(table.file()))).collect()
    }

    fn columns(
        &self,
        open: impl Fn(&Table<'a>) -> Result<Packed, DecodeError>,
    ) -> Result<Vec<PackedCursor>, DecodeError> {
        self.each(|table| open(table).map(PackedCursor::new))
    }

    fn users(&self) -> Result<Vec<Option<RunCursor>>, DecodeError> {
        self.each(|table| Ok(Some(RunCursor::of_users(table.users()?, table.rows()))))
    }

    fn keys(&self, group_type: GroupTypeId) -> Result<Vec<Option<RunCursor>>, DecodeError> {
        self.each(|table| Ok(table.group(group_type)?.map(RunCursor::of_keys)))
    }

    /// Calls `visit` with the ids of all rows in order: the input, the id (0 where the input has none), how many rows,
    /// and whether they are kept.
    fn visit_ids(
        &self,
        inputs: &mut [Option<RunCursor>],
        mut visit: impl FnMut(usize, u32, usize, bool),
    ) -> Result<(), DecodeError> {
        for run in self.order.runs() {
            let mut left = run.rows;
            while left > 0 {
                let (id, rows) = match &mut inputs[run.input] {
                    Some(ids) => ids.some(left).map_err(|error| error.in_file(self.tables[run.input].file()))?,
                    None => (0, left),
                };
                visit(run.input, id, rows, run.kept);
                left -= rows;
            }
        }
        Ok(())
    }

    /// The merged runs, with ids as `change` says. Calls `ended` with each.
    fn runs(
        &self,
        inputs: &mut [Option<RunCursor>],
        change: impl Fn(u32) -> u32,
        mut ended: impl FnMut(Range<u32>, u32),
    ) -> Result<RunEncoder, DecodeError> {
        let mut merged = RunEncoder::default();
        self.visit_ids(inputs, |_, id, rows, kept| {
            if kept && let Some((rows, id)) = merged.push(change(id), rows as u32) {
                ended(rows, id);
            }
        })?;
        if let Some((rows, id)) = merged.last() {
            ended(rows, id);
        }
        Ok(merged)
    }

    /// The days of rows and their units, which `unit` makes of ids.
    fn days_of_rows(
        &self,
        inputs: &mut [Option<RunCursor>],
        unit: impl Fn(u32) -> Option<u32>,
        all: &mut UnitDaysUnion,
    ) -> Result<BlobParts, DecodeError> {
        let mut times = self.columns(Table::times)?;
        let mut days = UnitDaysBuilder::default();
        self.visit_ids(inputs, |input, id, rows, kept| match unit(id).filter(|_| kept) {
            None => times[input].skip(rows),
            Some(unit) => times[input].take(rows, |times| {
                times.iter().for_each(|time| days.add(Day::of(Timestamp::clamped(*time)), unit));
            }),
        })?;
        Ok(days.finish(all))
    }

    fn user_days(&self, all: &mut UnitDaysUnion) -> Result<BlobParts, DecodeError> {
        if self.erasure.is_some() {
            return self.days_of_rows(&mut self.users()?, Some, all);
        }
        UnitDays::merge(&self.each(Table::user_days)?, all)
    }

    /// The keys of a group type; `None` when no row has one any more.
    fn group<W: io::Write>(
        &self,
        group_type: GroupTypeId,
        file: &mut SegmentFile<W>,
    ) -> Result<Option<(GroupLayout, BlobIndex)>, DecodeError> {
        let kept = |key: u32| {
            let erased =
                key > 0 && self.erasure.is_some_and(|erasure| erasure.takes_key(group_type, GroupKeyId::new(key - 1)));
            if erased { 0 } else { key }
        };
        let mut has_keys = false;
        let runs = self.runs(&mut self.keys(group_type)?, kept, |rows, key| {
            has_keys |= key > 0;
            file.index_key(group_type.raw(), rows, key);
        })?;
        if !has_keys {
            return Ok(None);
        }
        let layout = file.group(runs);
        let all = file.key_days.entry(group_type.raw()).or_default();
        let days = if self.erasure.is_some() {
            self.days_of_rows(&mut self.keys(group_type)?, |key| kept(key).checked_sub(1), all)?
        } else {
            let days = self.each(|table| table.key_days(group_type))?;
            UnitDays::merge(&days.into_iter().flatten().collect::<Vec<_>>(), all)?
        };
        Ok(Some((layout, file.container.add_parts(days))))
    }

    /// Calls `visit` with the values of all kept rows in order, some of one input at a time.
    fn visit_values(&self, inputs: &mut [PackedCursor], mut visit: impl FnMut(usize, &[i64])) {
        for run in self.order.runs() {
            match run.kept {
                true => inputs[run.input].take(run.rows, |values| visit(run.input, values)),
                false => inputs[run.input].skip(run.rows),
            }
        }
    }

    /// The least time, the greatest, the day of each row, and all.
    fn times(&self) -> Result<(i64, i64, Option<RowDays>, PackedEncoder), DecodeError> {
        let ranges = self.tables.iter().map(Table::time_range);
        let range = ranges.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)));
        let mut days = range.and_then(|(first, last)| RowDays::between(first, last));
        let (mut least, mut greatest) = (i64::MAX, i64::MIN);
        let mut merged = PackedEncoder::default();
        self.visit_values(&mut self.columns(Table::times)?, |_, times| {
            for time in times {
                least = least.min(*time);
                greatest = greatest.max(*time);
                days.iter_mut().for_each(|days| days.push(Timestamp::clamped(*time)));
            }
            merged.extend(times.iter().copied());
        });
        Ok((least, greatest, days.map(RowDays::finish), merged))
    }

    /// The greatest arrival, and all.
    fn arrivals<W: io::Write>(&self, file: &mut SegmentFile<W>) -> Result<(u64, ArrivalEncoder), DecodeError> {
        let (mut last, mut row) = (0, 0);
        let mut merged = ArrivalEncoder::new(file.pace.clone());
        let base = file.first_arrival();
        let mut inputs = self.each(|table| table.arrivals().map(MomentCursor::new))?;
        let bases: Vec<u64> = self.tables.iter().map(|table| table.arrival_base().raw()).collect();
        for run in self.order.runs() {
            match run.kept {
                true => inputs[run.input].take(run.rows, |time, arrival| {
                    let arrival = bases[run.input].wrapping_add(arrival as u64);
                    last = last.max(arrival);
                    merged.push(time, arrival.wrapping_sub(base) as i64);
                    file.see_moment(row, time, arrival.wrapping_sub(base));
                    row += 1;
                }),
                false => inputs[run.input].skip(run.rows),
            }
        }
        Ok((last, merged))
    }

    fn insert_ids<W: io::Write>(&self, file: &mut SegmentFile<W>) -> Result<Option<InsertIdLayout>, DecodeError> {
        let mut inputs =
            self.each(|table| Ok(table.insert_ids()?.map(|(places, ids)| InsertIdCursor::new(places, ids))))?;
        let mut places = PackedEncoder::default();
        let mut ids = TextsEncoder::new(Compression::Zstd);
        let mut row = 0;
        for run in self.order.runs() {
            let input = &mut inputs[run.input];
            for _ in 0..run.rows {
                let id = input.as_mut().map_or(Ok(None), InsertIdCursor::next_id);
                let id = id.map_err(|error| error.in_file(self.tables[run.input].file()))?;
                if !run.kept {
                    continue;
                }
                if let Some(id) = id {
                    ids.push(id.as_bytes());
                    file.index_insert_id(row, id);
                }
                places.push(if id.is_some() { ids.len() as i64 } else { 0 });
                row += 1;
            }
        }
        Ok((!ids.is_empty()).then(|| file.insert_ids(places, ids)))
    }
}
