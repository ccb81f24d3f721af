//! Whether a segment is what it should be: every byte, and every index against the rows it was made from.

use super::cells::Cells;
use super::codes::Codes;
use super::column::{PropertyValues, stored_value};
use super::file::insert_hash;
use super::layout::TableLayout;
use super::reader::Segment;
use super::table::Table;
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{BlobIndex, BlobParts, DecodeError, Texts};
use crate::index::{
    Day, KeyRows, KeyRowsBuilder, RowDays, UnitDays, UnitDaysBuilder, UnitDaysUnion, ValueDays, ValueDaysBuilder,
};
use crate::model::{Arrival, GroupKeyId, PropertyId, StoredName, Timestamp, Value};
use std::collections::BTreeMap;

/// What a segment refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentExtent {
    /// The greatest id of each list of names.
    pub ids: BTreeMap<StoredName, u32>,
}

impl SegmentExtent {
    fn add(&mut self, list: StoredName, id: u32) {
        let greatest = self.ids.entry(list).or_insert(id);
        *greatest = (*greatest).max(id);
    }
}

impl Segment {
    /// Checks every byte, that everything can be read, and that indexes say what the rows say.
    pub fn verify(&self) -> Vec<DecodeError> {
        let mut damage = self.container.verify();
        if damage.is_empty() {
            for table in self.tables() {
                damage.extend(Rows::new(table).verify().err());
            }
            if damage.is_empty() {
                damage.extend(self.verify_bounds().err());
                damage.extend(self.verify_days_of_any_event().err());
                damage.extend(self.verify_key_rows().err());
                damage.extend(self.verify_newest_rows().err());
                damage.extend(self.verify_insert_index().err());
            }
        }
        damage.into_iter().map(|error| error.in_file(self.container.file())).collect()
    }

    /// The greatest ids that it refers to.
    ///
    /// # Errors
    /// When a column is damaged.
    pub fn extent(&self) -> Result<SegmentExtent, DecodeError> {
        let mut extent = SegmentExtent::default();
        for table in self.tables() {
            extent.add(StoredName::Event, table.event().raw());
            let users = table.users()?;
            (0..users.len()).for_each(|run| extent.add(StoredName::User, users.user(run).raw()));
            for group_type in table.group_types() {
                extent.add(StoredName::GroupType, group_type.raw());
                if let Some(column) = table.group(group_type)? {
                    for key in column.runs().filter_map(|(_, key)| key.checked_sub(1)) {
                        extent.add(StoredName::GroupKey(group_type.raw()), key);
                    }
                }
            }
            table.property_names().for_each(|name| extent.add(StoredName::Property, name.raw()));
        }
        Ok(extent)
    }

    /// Calls `visit` with the arrival of every row, in no order.
    ///
    /// # Errors
    /// When a column is damaged.
    pub fn visit_arrivals(&self, mut visit: impl FnMut(Arrival)) -> Result<(), DecodeError> {
        let mut buffer = [0; BLOCK_VALUES];
        for table in self.tables() {
            let (arrivals, base) = (table.arrivals()?, table.arrival_base().raw());
            for block in 0..arrivals.blocks() {
                let rows = arrivals.decode_block(block, &mut buffer);
                buffer[..rows].iter().for_each(|offset| visit(Arrival::new(base.wrapping_add(*offset as u64))));
            }
        }
        Ok(())
    }

    /// The bounds of the segment are those of its tables.
    fn verify_bounds(&self) -> Result<(), DecodeError> {
        let content = &self.content;
        let (mut least, mut greatest) = (u64::MAX, 0);
        self.visit_arrivals(|arrival| {
            least = least.min(arrival.raw());
            greatest = greatest.max(arrival.raw());
        })?;
        let min_time = content.tables.iter().map(|table| table.min_time).min();
        let max_time = content.tables.iter().map(|table| table.max_time).max();
        let paced = self.pace()?.is_none_or(|pace| pace.is_sound());
        let sound = content.tables.is_empty()
            || (paced
                && content.first_arrival <= least
                && content.last_arrival == greatest
                && min_time == Some(content.min_time)
                && max_time == Some(content.max_time));
        if sound { Ok(()) } else { Err(DecodeError::new("the segment's bounds are not those of its rows", 0)) }
    }

    /// An error at this blob unless what it says is `right`.
    fn expect(&self, right: bool, blob: BlobIndex, what: &str) -> Result<(), DecodeError> {
        if right {
            return Ok(());
        }
        Err(DecodeError::new(format!("{what} are not those of the rows"), self.container.blob_offset(blob)))
    }

    fn verify_unit_days(&self, blob: BlobIndex, expected: BlobParts) -> Result<(), DecodeError> {
        let found = self.container.read(blob, UnitDays::open)?;
        found.verify().map_err(|error| error.shifted(self.container.blob_offset(blob)))?;
        let right = found.says_the_same(&UnitDays::open(expected.concat().into())?)?;
        self.expect(right, blob, "the unit bitmaps")
    }

    /// The unit bitmaps of any event are the union of those of the tables.
    fn verify_days_of_any_event(&self) -> Result<(), DecodeError> {
        let mut users = UnitDaysUnion::default();
        let mut keys: BTreeMap<u32, UnitDaysUnion> = BTreeMap::new();
        for table in self.tables() {
            table.user_days()?.add_to(&mut users)?;
            for group_type in table.group_types() {
                let days = keys.entry(group_type.raw()).or_default();
                table.key_days(group_type)?.map_or(Ok(()), |index| index.add_to(days))?;
            }
        }
        if !keys.keys().eq(self.content.key_days.iter().map(|(group_type, _)| group_type)) {
            return Err(DecodeError::new("the unit bitmaps of any event are of other types than the rows have", 0));
        }
        self.verify_unit_days(self.content.user_days, users.finish())?;
        let mut pairs = self.content.key_days.iter().zip(keys);
        pairs.try_for_each(|((_, blob), (_, days))| self.verify_unit_days(*blob, days.finish()))
    }

    fn verify_key_rows(&self) -> Result<(), DecodeError> {
        let mut expected: BTreeMap<u32, KeyRowsBuilder> = BTreeMap::new();
        for table in self.tables() {
            for group_type in table.group_types() {
                let Some(column) = table.group(group_type)? else { continue };
                let keys = expected.entry(group_type.raw()).or_default();
                for (rows, key) in column.runs() {
                    if let Some(key) = key.checked_sub(1) {
                        let (start, end) = (rows.start as u32, rows.end as u32);
                        keys.add(GroupKeyId::new(key), table.first_row() + start..table.first_row() + end);
                    }
                }
            }
        }
        expected.retain(|_, keys| !keys.is_empty());
        if !expected.keys().copied().eq(self.content.key_rows.iter().map(|(group_type, _)| *group_type)) {
            return Err(DecodeError::new("the rows of group keys are kept for other types than the rows have", 0));
        }
        for ((_, keys), (_, blob)) in expected.into_iter().zip(&self.content.key_rows) {
            let found = self.container.read(*blob, KeyRows::open)?;
            found.verify().map_err(|error| error.shifted(self.container.blob_offset(*blob)))?;
            let right = found.says_the_same(&KeyRows::open(keys.finish().concat().into())?)?;
            self.expect(right, *blob, "the rows of group keys")?;
        }
        Ok(())
    }

    fn verify_insert_index(&self) -> Result<(), DecodeError> {
        let mut expected: Vec<(u64, i64)> = Vec::new();
        for table in self.tables() {
            let Some((places, texts)) = table.insert_ids()? else { continue };
            let mut rows = places.to_vec().into_iter().enumerate().filter(|(_, place)| *place > 0);
            texts.visit(0..texts.len(), |_, text| {
                if let (Some((row, _)), Ok(text)) = (rows.next(), std::str::from_utf8(text)) {
                    expected.push((insert_hash(self.id(), text), i64::from(table.first_row()) + row as i64));
                }
            })?;
        }
        expected.sort_unstable();
        let wrong = || DecodeError::new("the index of insert ids is not that of the rows", 0);
        let Some(index) = &self.content.insert_ids else {
            return if expected.is_empty() { Ok(()) } else { Err(wrong()) };
        };
        let hashes: Vec<u8> = expected.iter().flat_map(|(hash, _)| hash.to_le_bytes()).collect();
        self.expect(self.container.blob(index.hashes)? == hashes, index.hashes, "the hashes of insert ids")?;
        let rows = self.container.column(index.rows)?.to_vec();
        if rows.iter().eq(expected.iter().map(|(_, row)| row)) { Ok(()) } else { Err(wrong()) }
    }
}

/// One table on its way through the checks.
struct Rows<'a> {
    table: Table<'a>,
    layout: &'a TableLayout,
}

impl<'a> Rows<'a> {
    fn new(table: Table<'a>) -> Self {
        Self { table, layout: table.layout }
    }

    fn damage(&self, problem: &str, blob: BlobIndex) -> DecodeError {
        self.table.damage(problem, blob)
    }

    fn verify(&self) -> Result<(), DecodeError> {
        let ascends = |ids: &mut dyn Iterator<Item = u32>| ids.is_sorted_by(|a, b| a < b);
        let layout = self.layout;
        if !ascends(&mut layout.groups.iter().map(|(id, _)| *id))
            || !ascends(&mut layout.properties.iter().map(|(id, _)| *id))
            || !layout.key_days.iter().map(|(id, _)| *id).eq(layout.groups.iter().map(|(id, _)| *id))
        {
            return Err(self.damage("the columns of a table are out of order", layout.run_users));
        }
        self.verify_order()?;
        for name in self.table.property_names() {
            self.verify_property(name)?;
        }
        self.verify_insert_ids()
    }

    /// Rows are sorted by (user, time, arrival), and the unit bitmaps and the bounds are theirs.
    fn verify_order(&self) -> Result<(), DecodeError> {
        let (table, layout) = (self.table, self.layout);
        let (users, times, arrivals) = (table.users()?, table.times()?, table.arrivals()?);
        if !users.is_sound() {
            return Err(self.damage("the users of a table are out of order", layout.run_users));
        }
        if !arrivals.is_sound() {
            return Err(self.damage("the arrivals of a table do not fit together", layout.times));
        }
        let mut groups = Vec::new();
        for group_type in table.group_types() {
            let Some(column) = table.group(group_type)? else { continue };
            if !column.is_sound() {
                return Err(self.damage("the group keys of a table are out of order", layout.run_users));
            }
            groups.push((column, UnitDaysBuilder::default()));
        }
        let mut user_days = UnitDaysBuilder::default();
        let mut before: Option<(u32, i64, i64)> = None;
        let (mut min_time, mut max_time) = (i64::MAX, i64::MIN);
        let (mut time_buffer, mut arrival_buffer) = ([0; BLOCK_VALUES], [0; BLOCK_VALUES]);
        let mut ids = [0; BLOCK_VALUES];
        for block in 0..times.blocks() {
            let first = block * BLOCK_VALUES;
            let rows = times.decode_block(block, &mut time_buffer);
            arrivals.decode_block(block, &mut arrival_buffer);
            users.decode(first..first + rows, &mut ids);
            for ((user, time), arrival) in ids[..rows].iter().zip(&time_buffer).zip(&arrival_buffer) {
                let now = (*user, *time, *arrival);
                if before.is_some_and(|before| before >= now) {
                    return Err(self.damage("the rows of a table are out of order", layout.times));
                }
                before = Some(now);
                let time = Timestamp::from_micros(*time)
                    .map_err(|error| self.damage(&format!("the time of a row {error}"), layout.times))?;
                user_days.add(Day::of(time), *user);
                min_time = min_time.min(time.micros());
                max_time = max_time.max(time.micros());
            }
            for (column, key_days) in &mut groups {
                column.decode(first..first + rows, &mut ids);
                for (key, time) in ids[..rows].iter().zip(&time_buffer) {
                    if let Some(key) = key.checked_sub(1) {
                        key_days.add(Day::of(Timestamp::clamped(*time)), key);
                    }
                }
            }
        }
        if (min_time, max_time) != (layout.min_time, layout.max_time) {
            return Err(self.damage("the bounds of a table are not those of its rows", layout.times));
        }
        let finish = |days: UnitDaysBuilder| days.finish(&mut UnitDaysUnion::default());
        table.segment.verify_unit_days(layout.user_days, finish(user_days))?;
        let mut key_days = layout.key_days.iter().zip(groups);
        key_days.try_for_each(|((_, blob), (_, days))| table.segment.verify_unit_days(*blob, finish(days)))
    }

    fn verify_property(&self, name: PropertyId) -> Result<(), DecodeError> {
        let Some(column) = self.table.property(name)? else { return Ok(()) };
        let blob = self.layout.times;
        let Some(cells) = self.table.property_cells(name)? else { return Ok(()) };
        match (&cells.cells, column.values()) {
            (Cells::Coded { codes, texts }, _) => {
                self.verify_values(texts)?;
                let most = texts.len() as i64;
                if !codes.is_sound() || codes.to_vec().iter().any(|code| !(0..=most).contains(code)) {
                    return Err(self.damage("a row has a value that its column does not", blob));
                }
                self.verify_value_days(name, codes)?;
            }
            (Cells::Numbers(_), PropertyValues::Doubles { values, .. }) => {
                let mut doubles = values.chunks_exact(8).enumerate();
                if doubles.any(|(row, _)| column.is_present(row) && column.get(row).is_none()) {
                    return Err(self.damage("a number of a column is none", blob));
                }
            }
            (Cells::Numbers(_), _) => {}
        }
        Ok(())
    }

    /// The counts of a property's values are those of the rows.
    fn verify_value_days(&self, name: PropertyId, codes: &Codes) -> Result<(), DecodeError> {
        let (table, blob) = (self.table, self.layout.times);
        let Some((values, found)) = table.value_days(name)? else { return Ok(()) };
        let (first, last) = table.time_range();
        let days = RowDays::between(first, last).map(|mut days| {
            table.times()?.to_vec().into_iter().for_each(|time| days.push(Timestamp::clamped(time)));
            Ok::<_, DecodeError>(days.finish())
        });
        let days = days.transpose()?;
        let Some(mut expected) = days.as_ref().and_then(|days| ValueDaysBuilder::new(days, values.len())) else {
            return Err(self.damage("the counts of values are more than the rows", blob));
        };
        codes.to_vec().into_iter().for_each(|code| expected.push(code as usize));
        let expected = ValueDays::open(expected.finish().concat().into(), values.len(), table.user_days()?.len())?;
        match found.says_the_same(&expected) {
            true => Ok(()),
            false => Err(self.damage("the counts of values are not those of the rows", blob)),
        }
    }

    /// The values of a column ascend, and so differ.
    fn verify_values(&self, texts: &Texts) -> Result<(), DecodeError> {
        let mut before: Option<Value> = None;
        let mut problem = None;
        texts.visit(0..texts.len(), |_, bytes| match stored_value(bytes) {
            Ok(value) if before.as_ref().is_none_or(|before| *before < value) => before = Some(value),
            Ok(_) => problem = Some(self.damage("the values of a column are out of order", self.layout.times)),
            Err(error) => problem = Some(error),
        })?;
        problem.map_or(Ok(()), Err)
    }

    /// Rows with an insert id have the next one each.
    fn verify_insert_ids(&self) -> Result<(), DecodeError> {
        let Some((places, texts)) = self.table.insert_ids()? else { return Ok(()) };
        let strings = texts.strings()?;
        let given = places.to_vec().into_iter().filter(|place| *place != 0);
        if strings.iter().any(String::is_empty) || !given.eq(1..=texts.len() as i64) {
            return Err(self.damage("the insert ids of a table are not those of its rows", self.layout.times));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SegmentRows, SegmentWriter};
    use super::*;
    use crate::codec::FileId;
    use crate::codec::text::Compression;
    use crate::model::{EventId, GroupTypeId, Moment, UserId};

    fn segment(last_arrival: u64) -> Segment {
        let mut rows = SegmentRows::default();
        for i in 0..40u32 {
            let moment = Moment {
                time: Timestamp::from_millis(i64::from(i) * 7_000_000).unwrap(),
                arrival: Arrival::new(if i == 39 { last_arrival } else { u64::from(i) }),
            };
            let groups = (i % 3 > 0).then(|| (GroupTypeId::new(2), GroupKeyId::new(i % 5)));
            let insert_id = (i % 4 == 0).then(|| format!("id {i}"));
            let properties = (i % 2 == 0).then(|| (PropertyId::new(7), Value::integer(i.into())));
            rows.push(EventId::new(3), UserId::new(i % 6), moment, groups, properties, insert_id.as_deref()).unwrap();
        }
        let writer = SegmentWriter::new(FileId([1; 16]), Arrival::new(0), Compression::Zstd, rows);
        Segment::open(writer.finish().unwrap(), "s").unwrap()
    }

    #[test]
    fn a_sound_segment_passes_and_tells_what_it_refers_to() {
        let segment = segment(39);
        assert_eq!(segment.verify(), []);
        let ids = [
            (StoredName::User, 5),
            (StoredName::Event, 3),
            (StoredName::Property, 7),
            (StoredName::GroupType, 2),
            (StoredName::GroupKey(2), 4),
        ];
        assert_eq!(segment.extent().unwrap().ids, ids.into());
        let mut arrivals = Vec::new();
        segment.visit_arrivals(|arrival| arrivals.push(arrival.raw())).unwrap();
        arrivals.sort_unstable();
        assert!(arrivals.into_iter().eq(0..40));
    }

    #[test]
    fn bounds_and_indexes_that_disagree_with_the_rows_are_found() {
        let check = |change: fn(&mut Segment)| {
            let mut segment = segment(39);
            change(&mut segment);
            segment.verify().into_iter().map(|error| error.problem.clone()).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(check(|s| s.content.last_arrival = 50), "the segment's bounds are not those of its rows");
        assert_eq!(check(|s| s.content.tables[0].min_time = 1), "the bounds of a table are not those of its rows");
        assert_eq!(check(|s| s.content.insert_ids = None), "the index of insert ids is not that of the rows");
        assert_eq!(check(|s| s.content.newest_rows = s.content.tables[0].times), "the newest rows are others");
        let other_types = "the rows of group keys are kept for other types than the rows have";
        assert_eq!(check(|s| s.content.key_rows.clear()), other_types);
        assert!(check(|s| s.content.tables[0].user_days = s.content.tables[0].key_days[0].1).contains("unit bitmaps"));
    }
}
