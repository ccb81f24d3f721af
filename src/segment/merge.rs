//! Several segments into one, a table at a time.

use super::{Segment, SegmentWriter, Table, TableRows};
use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::model::{Arrival, EventId, GroupKeyId, Moment, Timestamp, UserId};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rows of these segments, neighbours in order of arrival, as one segment.
///
/// # Errors
/// When one of them is damaged.
pub fn merge_segments(segments: &[Arc<Segment>], id: FileId, first_arrival: Arrival) -> Result<Bytes, DecodeError> {
    let events: BTreeSet<EventId> =
        segments.iter().flat_map(|segment| segment.tables().map(|table| table.event())).collect();
    let mut writer = SegmentWriter::new(id, first_arrival, Compression::Zstd);
    for event in events {
        let mut rows = TableRows::default();
        for table in segments.iter().filter_map(|segment| segment.table(event)) {
            read_rows(table, &mut rows)?;
        }
        writer.add_table(event, rows);
    }
    writer.finish()
}

/// Adds all rows of a table.
fn read_rows(table: Table<'_>, into: &mut TableRows) -> Result<(), DecodeError> {
    let mut users = vec![0; table.rows()];
    table.users()?.decode(0..table.rows(), &mut users);
    let (times, arrivals) = (table.times()?.to_vec(), table.arrivals()?.to_vec());
    let mut groups = Vec::new();
    for group_type in table.group_types() {
        if let Some(column) = table.group(group_type)? {
            let mut keys = vec![0; table.rows()];
            column.decode(0..table.rows(), &mut keys);
            groups.push((group_type, keys));
        }
    }
    let mut properties = Vec::new();
    for name in table.property_names() {
        properties.extend(table.property(name)?.map(|column| (name, column)));
    }
    let insert_ids = match table.insert_ids()? {
        Some((places, texts)) => Some((places.to_vec(), texts.strings()?)),
        None => None,
    };
    for row in 0..table.rows() {
        let moment =
            Moment { time: Timestamp::clamped(times[row]), arrival: table.arrival_base().plus(arrivals[row] as u64) };
        let keys = groups.iter().filter(|(_, keys)| keys[row] > 0);
        let insert_id = insert_ids.as_ref().and_then(|(places, texts)| {
            usize::try_from(places[row].wrapping_sub(1)).ok().and_then(|place| texts.get(place)).map(String::as_str)
        });
        into.push(
            UserId::new(users[row]),
            moment,
            keys.map(|(group_type, keys)| (*group_type, GroupKeyId::new(keys[row] - 1))),
            properties.iter().filter_map(|(name, column)| Some((*name, column.get(row)?))),
            insert_id,
        );
    }
    Ok(())
}
