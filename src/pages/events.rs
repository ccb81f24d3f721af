//! The events there are, and the properties of one.

use super::error::{PageError, damaged};
use crate::codec::DecodeError;
use crate::codec::packed::BLOCK_VALUES;
use crate::model::{EventId, PropertyId, StoredName, Timestamp};
use crate::segment::{BlockBuffer, ColumnBlock, PropertyColumn, PropertyValues, Table};
use crate::store::{Snapshot, UnknownName};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// All event names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Events {
    /// The most frequent first, then by name.
    pub events: Vec<EventSummary>,
}

/// How often an event occurred, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventSummary {
    /// The name.
    pub event: String,
    /// How many there are.
    pub count: u64,
    /// The timestamp of the earliest, RFC 3339.
    pub first_seen: String,
    /// The timestamp of the latest, RFC 3339.
    pub last_seen: String,
}

/// One event name with its properties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventPage {
    /// How often it occurred, and when.
    #[serde(flatten)]
    pub summary: EventSummary,
    /// The most frequent first, then by name.
    pub properties: Vec<PropertySummary>,
}

/// A property of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PropertySummary {
    /// The name.
    pub property: String,
    /// How many events have it, `null` included.
    pub count: u64,
    /// The types of its values, the most frequent first.
    pub types: Vec<TypeCount>,
}

/// How many values are of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeCount {
    /// `string`, `number`, `boolean`, `list`, `object` or `null`.
    #[serde(rename = "type")]
    pub value_type: &'static str,
    /// How many.
    pub count: u64,
}

/// Rows and times of an event, over all segments.
#[derive(Clone, Copy)]
struct Seen {
    rows: u64,
    first: Timestamp,
    last: Timestamp,
}

fn seen<'a>(tables: impl Iterator<Item = Table<'a>>) -> BTreeMap<EventId, Seen> {
    let mut events: BTreeMap<EventId, Seen> = BTreeMap::new();
    for table in tables {
        let (first, last) = table.time_range();
        let seen = events.entry(table.event()).or_insert(Seen { rows: 0, first, last });
        seen.rows += table.rows() as u64;
        seen.first = seen.first.min(first);
        seen.last = seen.last.max(last);
    }
    events
}

fn summary(snapshot: &Snapshot, event: EventId, seen: Seen) -> Result<EventSummary, DecodeError> {
    Ok(EventSummary {
        event: snapshot.name(StoredName::Event, event.raw())?,
        count: seen.rows,
        first_seen: seen.first.to_string(),
        last_seen: seen.last.to_string(),
    })
}

/// All event names with how often and when they occurred. Reads no rows.
///
/// # Errors
/// When the store is damaged.
pub fn events(snapshot: &Snapshot) -> Result<Events, PageError> {
    let seen = seen(snapshot.segments().iter().flat_map(|segment| segment.tables()));
    let mut events = seen
        .into_iter()
        .map(|(event, seen)| summary(snapshot, event, seen))
        .collect::<Result<Vec<_>, _>>()
        .map_err(damaged(snapshot))?;
    events.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.event.cmp(&b.event)));
    Ok(Events { events })
}

/// One event name: its properties, and the types of their values.
///
/// # Errors
/// When there is no such event, or the store is damaged.
pub fn event(snapshot: &Snapshot, name: &str) -> Result<EventPage, PageError> {
    let Some(id) = snapshot.event(name).map_err(damaged(snapshot))? else {
        return Err(unknown_event(snapshot, name));
    };
    let tables: Vec<Table<'_>> = snapshot.segments().iter().filter_map(|segment| segment.table(id)).collect();
    let Some(seen) = seen(tables.iter().copied()).remove(&id) else {
        return Err(unknown_event(snapshot, name));
    };
    read_event(snapshot, id, seen, &tables).map_err(damaged(snapshot))
}

/// The error for an event that does not occur, with near names of those that do.
pub(super) fn unknown_event(snapshot: &Snapshot, name: &str) -> PageError {
    match events(snapshot) {
        Ok(Events { events }) => {
            UnknownName::new("event", name, events.iter().map(|summary| summary.event.as_str())).into()
        }
        Err(error) => error,
    }
}

fn read_event(snapshot: &Snapshot, id: EventId, seen: Seen, tables: &[Table<'_>]) -> Result<EventPage, DecodeError> {
    let mut counts: BTreeMap<PropertyId, BTreeMap<&'static str, u64>> = BTreeMap::new();
    for table in tables {
        for property in table.property_names() {
            if let Some(column) = table.property(property)? {
                count_types(&column, table.rows(), counts.entry(property).or_default());
            }
        }
    }
    let mut properties = Vec::with_capacity(counts.len());
    for (property, types) in counts {
        let mut types: Vec<TypeCount> =
            types.into_iter().map(|(value_type, count)| TypeCount { value_type, count }).collect();
        types.sort_by_key(|counted| Reverse(counted.count));
        let count = types.iter().map(|counted| counted.count).sum();
        properties.push(PropertySummary {
            property: snapshot.name(StoredName::Property, property.raw())?,
            count,
            types,
        });
    }
    properties.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.property.cmp(&b.property)));
    Ok(EventPage { summary: summary(snapshot, id, seen)?, properties })
}

fn count_types(column: &PropertyColumn, rows: usize, counts: &mut BTreeMap<&'static str, u64>) {
    let types: Vec<&'static str> = match column.values() {
        PropertyValues::Dictionary { values, .. } => values.iter().map(|value| value.kind().name()).collect(),
        PropertyValues::Integers { .. } | PropertyValues::Doubles { .. } => Vec::new(),
    };
    let mut buffer = BlockBuffer::default();
    for block in 0..rows.div_ceil(BLOCK_VALUES) {
        match column.decode_block(block, &mut buffer) {
            ColumnBlock::Codes(codes) => {
                for code in codes.iter().filter(|code| **code > 0) {
                    if let Some(value_type) = types.get(*code as usize - 1) {
                        *counts.entry(value_type).or_default() += 1;
                    }
                }
            }
            ColumnBlock::Numbers(numbers) => {
                *counts.entry("number").or_default() += numbers.iter().flatten().count() as u64;
            }
        }
    }
    counts.retain(|_, count| *count > 0);
}
