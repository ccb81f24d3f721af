//! Events of one segment in order of arrival, a window of arrivals at a time.

use super::DamageList;
use super::calls::named;
use crate::codec::DecodeError;
use crate::codec::packed::BLOCK_VALUES;
use crate::model::{
    Arrival, Event, EventName, GroupKey, GroupType, GroupTypeId, InsertId, Line, StoredName, Timestamp, UserName,
};
use crate::segment::{CellValues, Codes, PropertyCells, Segment, Table};
use crate::store::{Snapshot, StoreError};
use std::ops::Range;
use std::sync::Arc;
use std::vec::IntoIter;

/// Most bytes of property values in memory at once, unless a single event has more.
const VALUE_BYTES_MAX: usize = 128 << 20;

/// The events of a window.
pub(super) struct EventWindow<'s> {
    snapshot: &'s Snapshot,
    file: &'s Arc<str>,
    tables: Vec<TableEvents>,
    /// Arrival, table and place among the table's events.
    order: IntoIter<(u64, u32, u32)>,
}

/// The events of one table in the window, column by column.
struct TableEvents {
    event: EventName,
    rows: Rows,
    groups: Vec<GroupType>,
    properties: Vec<(String, CellValues)>,
    /// Empty when no row has any.
    insert_ids: Vec<Option<InsertId>>,
    /// Which of them cannot be told whole; empty when all can.
    is_lost: Vec<bool>,
}

/// What every event of some rows has.
#[derive(Default)]
struct Rows {
    rows: Vec<u32>,
    arrivals: Vec<u64>,
    users: Vec<u32>,
    times: Vec<i64>,
    /// Key plus 1, 0 for none.
    groups: Vec<(GroupTypeId, Vec<u32>)>,
}

impl Rows {
    /// The rows of a table that arrived in the range.
    fn select(table: Table<'_>, range: &Range<u64>) -> Result<Self, DecodeError> {
        let (users, times, arrivals) = (table.users()?, table.times()?, table.arrivals()?);
        let mut columns = Vec::new();
        let mut found = Self::default();
        for group_type in table.group_types() {
            if let Some(column) = table.group(group_type)? {
                columns.push(column);
                found.groups.push((group_type, Vec::new()));
            }
        }
        let base = table.arrival_base().raw();
        let mut buffer = [0; BLOCK_VALUES];
        let mut ids = [0; BLOCK_VALUES];
        let mut picked = Vec::with_capacity(BLOCK_VALUES);
        for block in 0..arrivals.blocks() {
            let count = arrivals.decode_block(block, &mut buffer);
            picked.clear();
            for (place, offset) in buffer[..count].iter().enumerate() {
                let arrival = base.wrapping_add(*offset as u64);
                if range.contains(&arrival) {
                    picked.push(place);
                    found.arrivals.push(arrival);
                }
            }
            if picked.is_empty() {
                continue;
            }
            let first = block * BLOCK_VALUES;
            found.rows.extend(picked.iter().map(|place| (first + place) as u32));
            users.decode(first..first + count, &mut ids);
            found.users.extend(picked.iter().map(|place| ids[*place]));
            times.decode_block(block, &mut buffer);
            found.times.extend(picked.iter().map(|place| buffer[*place]));
            for (column, (_, keys)) in columns.iter().zip(&mut found.groups) {
                column.decode(first..first + count, &mut ids);
                keys.extend(picked.iter().map(|place| ids[*place]));
            }
        }
        Ok(found)
    }
}

impl<'s> EventWindow<'s> {
    /// The events of a segment that arrived in the range; `None` when they are too large to be in memory at once.
    /// A table that cannot be read is left out after `damage` took that in.
    pub fn load(
        snapshot: &'s Snapshot,
        segment: &'s Segment,
        range: Range<u64>,
        damage: &mut DamageList,
    ) -> Result<Option<Self>, StoreError> {
        let mut loader = Loader { snapshot, file: segment.file(), damage, bytes: 0, bytes_max: VALUE_BYTES_MAX };
        if range.end - range.start == 1 {
            loader.bytes_max = usize::MAX;
        }
        let mut tables = Vec::new();
        for table in segment.tables() {
            match Rows::select(table, &range) {
                Ok(rows) if rows.rows.is_empty() => {}
                Ok(rows) => match loader.table(table, rows)? {
                    Loaded::Events(events) => tables.push(*events),
                    Loaded::Nothing => {}
                    Loaded::TooLarge => return Ok(None),
                },
                Err(error) => loader.meet(error)?,
            }
        }
        let mut order: Vec<(u64, u32, u32)> = Vec::new();
        for (table, events) in tables.iter().enumerate() {
            let arrivals = events.rows.arrivals.iter().enumerate();
            order.extend(arrivals.map(|(place, arrival)| (*arrival, table as u32, place as u32)));
        }
        order.sort_unstable();
        Ok(Some(Self { snapshot, file: segment.file(), tables, order: order.into_iter() }))
    }

    /// How many rows the window has.
    pub fn rows(&self) -> u64 {
        self.order.len() as u64
    }

    /// The next event that can be told whole, or why it cannot although it could be expected to.
    pub fn next(&mut self) -> Option<(Arrival, Result<Line, DecodeError>)> {
        loop {
            let (arrival, table, place) = self.order.next()?;
            let (events, place) = (&self.tables[table as usize], place as usize);
            if !events.is_lost.get(place).is_some_and(|lost| *lost) {
                let line = events.line(self.snapshot, place).map_err(|error| error.in_file(self.file));
                return Some((Arrival::new(arrival), line));
            }
        }
    }
}

/// What loading a table gave.
enum Loaded {
    Events(Box<TableEvents>),
    /// It cannot be read.
    Nothing,
    TooLarge,
}

/// Loads the tables of one window.
struct Loader<'a> {
    snapshot: &'a Snapshot,
    file: &'a Arc<str>,
    damage: &'a mut DamageList,
    bytes: usize,
    bytes_max: usize,
}

impl Loader<'_> {
    fn meet(&mut self, error: DecodeError) -> Result<(), StoreError> {
        self.damage.meet(error.in_file(self.file))
    }

    fn table(&mut self, table: Table<'_>, rows: Rows) -> Result<Loaded, StoreError> {
        let event = named(self.snapshot, StoredName::Event, table.event().raw(), EventName::new);
        let groups: Result<Vec<GroupType>, DecodeError> = rows
            .groups
            .iter()
            .map(|(id, _)| named(self.snapshot, StoredName::GroupType, id.raw(), GroupType::new))
            .collect();
        let (event, groups) = match event.and_then(|event| Ok((event, groups?))) {
            Ok(names) => names,
            Err(error) => return self.meet(error).map(|()| Loaded::Nothing),
        };
        let mut events =
            TableEvents { event, groups, properties: Vec::new(), insert_ids: Vec::new(), is_lost: Vec::new(), rows };
        for id in table.property_names() {
            let read = || -> Result<Option<(String, Option<CellValues>)>, DecodeError> {
                let Some(cells): Option<PropertyCells> = table.property_cells(id)? else { return Ok(None) };
                let values = cells.read_within(&events.rows.rows, self.bytes_max - self.bytes)?;
                Ok(Some((self.snapshot.name(StoredName::Property, id.raw())?, values)))
            };
            match read() {
                Ok(None) => {}
                Ok(Some((_, None))) => return Ok(Loaded::TooLarge),
                Ok(Some((name, Some(values)))) => {
                    self.bytes = self.bytes.saturating_add(values.bytes()).min(self.bytes_max);
                    events.properties.push((name, values));
                }
                Err(error) => {
                    self.meet(error)?;
                    let presence = table.property_presence(id);
                    self.lose(&mut events, presence)?;
                }
            }
        }
        match insert_ids(table, &events.rows.rows) {
            Ok(found) => events.insert_ids = found,
            Err(error) => {
                self.meet(error)?;
                self.lose(&mut events, table.insert_id_places().map(|places| places.map(Codes::Each)))?;
            }
        }
        Ok(Loaded::Events(Box::new(events)))
    }

    /// The rows that have something which cannot be read are lost; all of them where it is not known which.
    fn lose(
        &mut self,
        events: &mut TableEvents,
        presence: Result<Option<Codes>, DecodeError>,
    ) -> Result<(), StoreError> {
        events.is_lost.resize(events.rows.rows.len(), false);
        let presence = match presence {
            Ok(presence) => presence,
            Err(error) => {
                self.meet(error)?;
                None
            }
        };
        for (row, is_lost) in events.rows.rows.iter().zip(&mut events.is_lost) {
            *is_lost |= presence.as_ref().is_none_or(|presence| presence.get(*row as usize) != 0);
        }
        Ok(())
    }
}

/// The senders' own ids of these rows, which ascend; empty when no row of the table has any.
fn insert_ids(table: Table<'_>, rows: &[u32]) -> Result<Vec<Option<InsertId>>, DecodeError> {
    let Some((places, texts)) = table.insert_ids()? else { return Ok(Vec::new()) };
    let mut wanted: Vec<(usize, usize)> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let entry = usize::try_from(places.get(*row as usize)).ok().and_then(|entry| entry.checked_sub(1));
        wanted.extend(entry.map(|entry| (entry, place)));
    }
    wanted.sort_unstable();
    let entries: Vec<usize> = wanted.iter().map(|(entry, _)| *entry).collect();
    let mut found = vec![None; rows.len()];
    let mut slots = wanted.iter();
    let mut problem = None;
    texts.visit_some(&entries, |entry, text| {
        if let Some((_, place)) = slots.next() {
            let text = std::str::from_utf8(text).ok().and_then(|text| InsertId::new(text).ok());
            if text.is_none() {
                problem = Some(DecodeError::new(format!("insert id {entry} of a table cannot be one"), 0));
            }
            found[*place] = text;
        }
    })?;
    problem.map_or(Ok(found), Err)
}

impl TableEvents {
    fn line(&self, snapshot: &Snapshot, place: usize) -> Result<Line, DecodeError> {
        let time = Timestamp::from_micros(self.rows.times[place])
            .map_err(|error| DecodeError::new(format!("the timestamp of an event {error}"), 0))?;
        let mut event = Event {
            user: named(snapshot, StoredName::User, self.rows.users[place], UserName::new)?,
            name: self.event.clone(),
            time: Some(time),
            properties: Default::default(),
            groups: Default::default(),
            insert_id: self.insert_ids.get(place).cloned().flatten(),
        };
        for (group_type, (id, keys)) in self.groups.iter().zip(&self.rows.groups) {
            if let Some(key) = keys[place].checked_sub(1) {
                let key = named(snapshot, StoredName::GroupKey(id.raw()), key, GroupKey::new)?;
                event.groups.insert(group_type.clone(), key);
            }
        }
        for (name, values) in &self.properties {
            if let Some(value) = values.get(place) {
                event.properties.insert(name.clone(), value.clone());
            }
        }
        Ok(Line::Track(event))
    }
}
