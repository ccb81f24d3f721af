//! Rows on their way into a segment, by table and column.

use super::row_values::{PropertyRows, ValueList};
use crate::codec::DecodeError;
use crate::codec::value::write_value;
use crate::index::by_number;
use crate::model::{EventId, GroupKeyId, GroupTypeId, Moment, PropertyId, UserId, Value};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Rows of a segment, in any order.
#[derive(Clone, Debug, Default)]
pub struct SegmentRows {
    tables: Vec<(EventId, TableRows)>,
    /// Of each event that is not numbered high its place among the tables plus 1, or 0: events are few.
    places: Vec<u32>,
    /// The places of the tables of other events.
    far: HashMap<EventId, usize>,
    /// The place of the last row's table.
    last: usize,
    /// Of the properties of all tables.
    pub(super) values: Vec<ValueList>,
    /// Of each property its place among those.
    lists: BTreeMap<u32, usize>,
}

/// Rows of one event name, column by column.
#[derive(Clone, Debug, Default)]
pub(super) struct TableRows {
    pub users: Vec<u32>,
    pub moments: Vec<Moment>,
    /// Key plus 1, 0 for none; may be shorter than the table.
    pub groups: Columns<Vec<u32>>,
    pub properties: Columns<PropertyRows>,
    pub insert_ids: InsertIds,
}

/// Insert ids of rows, one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct InsertIds {
    text: String,
    /// Where the id of each row ends; may be shorter than the table. A row without one ends where the row before does,
    /// as no id is empty.
    ends: Vec<u32>,
}

impl InsertIds {
    fn set(&mut self, row: usize, insert_id: &str) {
        let end = self.text.len() as u32;
        self.ends.resize(row, end);
        self.text.push_str(insert_id);
        self.ends.push(self.text.len() as u32);
    }

    /// Whether no row has one.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// The id of a row, if it has one.
    pub fn get(&self, row: u32) -> Option<&str> {
        let row = row as usize;
        let end = *self.ends.get(row)? as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        (start < end).then(|| &self.text[start..end])
    }
}

/// Tables of events that are numbered lower are found without hashing.
const NEAR_EVENTS: usize = 1 << 16;

/// So many columns are looked at one after the other before one is searched.
const NEAR_COLUMNS: usize = 4;

/// Columns by id. Rows have theirs mostly in one order, so that each is found behind the one before it.
#[derive(Clone, Debug)]
pub(super) struct Columns<T> {
    /// In the order in which they came first.
    columns: Vec<(u32, T)>,
    places: BTreeMap<u32, usize>,
    /// The column that is expected next.
    next: usize,
}

impl<T> Default for Columns<T> {
    fn default() -> Self {
        Self { columns: Vec::new(), places: BTreeMap::new(), next: 0 }
    }
}

impl<T> Columns<T> {
    fn begin_row(&mut self) {
        self.next = 0;
    }

    #[inline]
    fn get_or_add(&mut self, id: u32, new: impl FnOnce() -> T) -> &mut T {
        let is_next = self.columns.get(self.next).is_some_and(|(known, _)| *known == id);
        let place = if is_next { self.next } else { self.place(id, new) };
        self.next = place + 1;
        &mut self.columns[place].1
    }

    /// The place of a column that is not the one expected.
    fn place(&mut self, id: u32, new: impl FnOnce() -> T) -> usize {
        let near = self.columns.iter().skip(self.next).take(NEAR_COLUMNS).position(|(known, _)| *known == id);
        near.map(|steps| self.next + steps).unwrap_or_else(|| {
            *self.places.entry(id).or_insert_with(|| {
                self.columns.push((id, new()));
                self.columns.len() - 1
            })
        })
    }

    fn each(&mut self, change: impl Fn(&mut T)) {
        self.columns.iter_mut().for_each(|(_, column)| change(column));
    }

    /// The columns by ascending id; some may be empty.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.places.iter().map(|(id, place)| (*id, &self.columns[*place].1))
    }
}

/// Rows before this one that have nothing get what stands for it. Of several for one row the last counts.
#[inline]
pub(super) fn pad<T: Clone + Default>(column: &mut Vec<T>, row: usize) {
    if column.len() != row {
        column.resize(row, T::default());
    }
}

impl SegmentRows {
    /// Adds a row.
    ///
    /// # Errors
    /// Never for values of this program: each is written and read back.
    pub fn push(
        &mut self,
        event: EventId,
        user: UserId,
        moment: Moment,
        groups: impl IntoIterator<Item = (GroupTypeId, GroupKeyId)>,
        properties: impl IntoIterator<Item = (PropertyId, Value)>,
        insert_id: Option<&str>,
    ) -> Result<(), DecodeError> {
        self.begin_row(event, user, moment, insert_id);
        groups.into_iter().for_each(|(group_type, key)| self.set_key(group_type, key));
        let mut bytes = Vec::new();
        for (name, value) in properties {
            bytes.clear();
            write_value(&value, &mut bytes);
            self.set_property(name, &bytes)?;
        }
        Ok(())
    }

    /// Adds a row without groups and properties, which may follow.
    pub fn begin_row(&mut self, event: EventId, user: UserId, moment: Moment, insert_id: Option<&str>) {
        self.last = self.place(event);
        let table = &mut self.tables[self.last].1;
        if let Some(insert_id) = insert_id {
            table.insert_ids.set(table.users.len(), insert_id);
        }
        table.users.push(user.raw());
        table.moments.push(moment);
        table.groups.begin_row();
        table.properties.begin_row();
    }

    /// The place of an event's table, which is made when there is none.
    #[inline]
    fn place(&mut self, event: EventId) -> usize {
        let number = event.raw() as usize;
        let mut add = || {
            self.tables.push((event, TableRows::default()));
            self.tables.len() - 1
        };
        if number >= NEAR_EVENTS {
            return *self.far.entry(event).or_insert_with(add);
        }
        if self.places.len() <= number {
            self.places.resize(number + 1, 0);
        }
        let place = &mut self.places[number];
        if *place == 0 {
            *place = add() as u32 + 1;
        }
        *place as usize - 1
    }

    /// The last row has this key.
    pub fn set_key(&mut self, group_type: GroupTypeId, key: GroupKeyId) {
        let Some((_, table)) = self.tables.get_mut(self.last) else { return };
        let row = table.len().saturating_sub(1);
        let keys = table.groups.get_or_add(group_type.raw(), Vec::new);
        pad(keys, row);
        keys.push(key.raw() + 1);
    }

    /// The last row has a property, whose value is the bytes that [`write_value`] makes of it.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn set_property(&mut self, name: PropertyId, value: &[u8]) -> Result<(), DecodeError> {
        let Some((_, table)) = self.tables.get_mut(self.last) else { return Ok(()) };
        let row = table.len().saturating_sub(1);
        let rows = table.properties.get_or_add(name.raw(), || {
            let list = *self.lists.entry(name.raw()).or_insert_with(|| {
                self.values.push(ValueList::default());
                self.values.len() - 1
            });
            PropertyRows::of_list(list)
        });
        rows.set(row, value, &mut self.values)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(|(_, table)| table.len() == 0)
    }

    /// The tables that have rows, by event.
    pub(super) fn tables(&self) -> Vec<(EventId, &TableRows)> {
        let mut tables: Vec<_> = self.tables.iter().map(|(event, table)| (*event, table)).collect();
        tables.retain(|(_, table)| table.len() > 0);
        tables.sort_unstable_by_key(|(event, _)| *event);
        tables
    }

    /// Takes all rows out, and keeps their room for others of such tables.
    pub fn clear(&mut self) {
        for (_, table) in &mut self.tables {
            table.users.clear();
            table.moments.clear();
            table.groups.each(Vec::clear);
            table.properties.each(PropertyRows::clear);
            table.insert_ids.clear();
        }
        self.values.iter_mut().for_each(ValueList::clear);
    }

    /// About how many bytes there is room for.
    pub fn room_bytes(&self) -> usize {
        let tables: usize = self.tables.iter().map(|(_, table)| table.room_bytes()).sum();
        tables + self.values.iter().map(ValueList::room_bytes).sum::<usize>()
    }
}

impl TableRows {
    /// The rows by user, time and arrival.
    pub fn order(&self) -> Vec<u32> {
        let Some((mut order, ends)) = by_number(self.users.iter().copied()) else {
            let mut order: Vec<u32> = (0..self.len() as u32).collect();
            order.sort_unstable_by_key(|row| (self.users[*row as usize], self.moments[*row as usize]));
            return order;
        };
        // Rows come by arrival, and mostly by time, so that little is left to be sorted.
        let moment = |row: &u32| self.moments[*row as usize];
        let mut start = 0;
        for end in ends {
            let rows = &mut order[start..end as usize];
            if !rows.is_sorted_by_key(moment) {
                rows.sort_unstable_by_key(moment);
            }
            start = end as usize;
        }
        order
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    fn room_bytes(&self) -> usize {
        let Self { users, moments, groups, properties, insert_ids } = self;
        let keys: usize = groups.iter().map(|(_, keys)| keys.capacity() * size_of::<u32>()).sum();
        let values: usize = properties.iter().map(|(_, rows)| rows.room_bytes()).sum();
        let ids = insert_ids.text.capacity() + insert_ids.ends.capacity() * size_of::<u32>();
        users.capacity() * size_of::<u32>() + moments.capacity() * size_of::<Moment>() + keys + values + ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Arrival, Timestamp};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_ordered_by_user_time_and_arrival(
            rows in prop::collection::vec((0u32..6, 0i64..4), 0..40),
            spread in prop_oneof![Just(1u32), Just(1000)],
        ) {
            let mut all = SegmentRows::default();
            for (row, (user, time)) in rows.iter().enumerate() {
                let moment = Moment { time: Timestamp::clamped(*time), arrival: Arrival::new(row as u64) };
                all.push(EventId::new(0), UserId::new(user * spread), moment, None, None, None).unwrap();
            }
            let table = all.tables.pop().map(|(_, table)| table).unwrap_or_default();
            let mut expected: Vec<usize> = (0..rows.len()).collect();
            expected.sort_by_key(|row| rows[*row]);
            prop_assert!(table.order().into_iter().map(|row| row as usize).eq(expected));
        }
    }
}
