//! Several segments into one, or one without some of its rows, a table at a time.

use super::{Segment, SegmentWriter, Table, TableRows};
use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::model::{Arrival, Erasure, EventId, GroupKeyId, Moment, Timestamp, UserId};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rows of these segments, neighbours in order of arrival, as one segment.
///
/// # Errors
/// When one of them is damaged.
pub fn merge_segments(segments: &[Arc<Segment>], id: FileId, first_arrival: Arrival) -> Result<Bytes, DecodeError> {
    let mut writer = SegmentWriter::new(id, first_arrival, Compression::Zstd);
    write_tables(segments, None, &mut writer)?;
    writer.finish()
}

/// The segment without what an erasure takes, in a file of this identity; `None` when no row stays.
///
/// # Errors
/// When the segment is damaged.
pub fn erase_from_segment(segment: &Arc<Segment>, erasure: &Erasure, id: FileId) -> Result<Option<Bytes>, DecodeError> {
    let mut writer = SegmentWriter::new(id, segment.arrivals().0, Compression::Zstd);
    write_tables(std::slice::from_ref(segment), Some(erasure), &mut writer)?;
    writer.finish().map(Some)
}

fn write_tables(
    segments: &[Arc<Segment>],
    erasure: Option<&Erasure>,
    writer: &mut SegmentWriter,
) -> Result<(), DecodeError> {
    let events: BTreeSet<EventId> =
        segments.iter().flat_map(|segment| segment.tables().map(|table| table.event())).collect();
    for event in events {
        let mut rows = TableRows::default();
        for table in segments.iter().filter_map(|segment| segment.table(event)) {
            read_rows(table, erasure, &mut rows)?;
        }
        writer.add_table(event, rows);
    }
    Ok(())
}

/// Adds the rows of a table that stay.
fn read_rows(table: Table<'_>, erasure: Option<&Erasure>, into: &mut TableRows) -> Result<(), DecodeError> {
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
        let user = UserId::new(users[row]);
        if erasure.is_some_and(|erasure| erasure.takes_event(user, moment.time)) {
            continue;
        }
        let keys = groups
            .iter()
            .filter(|(_, keys)| keys[row] > 0)
            .map(|(group_type, keys)| (*group_type, GroupKeyId::new(keys[row] - 1)))
            .filter(|(group_type, key)| erasure.is_none_or(|erasure| !erasure.takes_key(*group_type, *key)));
        let insert_id = insert_ids.as_ref().and_then(|(places, texts)| {
            usize::try_from(places[row].wrapping_sub(1)).ok().and_then(|place| texts.get(place)).map(String::as_str)
        });
        into.push(
            user,
            moment,
            keys,
            properties.iter().filter_map(|(name, column)| Some((*name, column.get(row)?))),
            insert_id,
        );
    }
    Ok(())
}
