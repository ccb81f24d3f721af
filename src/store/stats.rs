//! How much a store holds, and how many bytes each part of it takes.

use super::manifest::MANIFEST;
use super::snapshot::Snapshot;
use crate::codec::DecodeError;
use crate::model::{EventId, StoredName};
use crate::segment::{Segment, SegmentBytes};
use serde::Serialize;
use std::collections::BTreeSet;

/// What a store holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreStats {
    /// Events.
    pub events: u64,
    /// Events that are in a log and not sealed yet.
    pub unsealed_events: u64,
    /// Everything that was accepted and is still there: events, calls, aliases and cohorts.
    pub accepted: u64,
    /// Sealed segments.
    pub segments: u64,
    /// Ids of users as they were sent.
    pub user_ids: u64,
    /// Different event names.
    pub event_names: u64,
    /// Different names of event properties.
    pub property_names: u64,
    /// Group types.
    pub group_types: u64,
    /// Keys of all group types.
    pub group_keys: u64,
    /// Events are kept for so many days; null is for ever.
    pub keep_days: Option<u32>,
    /// The time zone whose calendar documents without one follow.
    pub timezone: String,
    /// Files, without the lock.
    pub files: u64,
    /// Their bytes by what they hold.
    pub bytes: PartBytes,
    /// All their bytes.
    pub total_bytes: u64,
    /// All bytes divided by the events; null without events.
    pub bytes_per_event: Option<f64>,
}

/// The bytes of a store by what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartBytes {
    /// The list of files.
    pub manifest: u64,
    /// What is not sealed yet.
    pub logs: u64,
    /// Sealed events.
    pub segments: SegmentBytes,
    /// Names.
    pub dictionaries: u64,
    /// Calls, associations, aliases and cohorts.
    pub profiles: u64,
}

impl StoreStats {
    /// What a snapshot holds, and what the files take that it was made from.
    pub(super) fn new(snapshot: &Snapshot, files: &[(String, u64)]) -> Result<Self, DecodeError> {
        let mut bytes = PartBytes::default();
        for (name, length) in files {
            match name.split('-').next() {
                Some(MANIFEST) => bytes.manifest += length,
                Some("log") => bytes.logs += length,
                Some("dictionary") => bytes.dictionaries += length,
                Some("profiles") => bytes.profiles += length,
                // Segments are weighed column by column.
                _ => {}
            }
        }
        let is_file = |segment: &Segment| files.iter().any(|(name, _)| **name == **segment.file());
        let (mut events, mut sealed_events, mut segments) = (0, 0, 0);
        for segment in snapshot.segments() {
            events += segment.rows();
            if is_file(segment) {
                sealed_events += segment.rows();
                segments += 1;
                bytes.segments += segment.bytes();
            }
        }
        let total_bytes = files.iter().map(|(_, length)| length).sum();
        let count = |list| u64::from(snapshot.name_count(list));
        let named = |list| {
            let erased = snapshot.names().read().list(list).erased()?;
            Ok::<_, DecodeError>(count(list) - erased.len())
        };
        let mut group_keys = 0;
        for group_type in snapshot.group_types() {
            group_keys += snapshot.keys(group_type)?.len();
        }
        let events_named: BTreeSet<EventId> =
            snapshot.segments().iter().flat_map(|segment| segment.tables().map(|table| table.event())).collect();
        Ok(Self {
            events,
            unsealed_events: events - sealed_events,
            accepted: snapshot.next_arrival().raw().saturating_sub(snapshot.erased_arrivals()),
            segments,
            user_ids: named(StoredName::User)?,
            event_names: events_named.len() as u64,
            property_names: named(StoredName::Property)?,
            group_types: count(StoredName::GroupType),
            group_keys,
            keep_days: snapshot.settings().keep_days,
            timezone: snapshot.settings().timezone.clone(),
            files: files.len() as u64,
            bytes,
            total_bytes,
            bytes_per_event: (events > 0).then(|| total_bytes as f64 / events as f64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::input::parse_line;
    use crate::model::Timestamp;
    use crate::store::{FixedEnvironment, Options, Store, StoreReader};
    use std::sync::Arc;

    #[test]
    fn every_byte_is_of_some_part_and_every_event_counts() {
        let disk = SimDisk::new();
        let environment = Arc::new(FixedEnvironment::new(Timestamp::from_millis(0).unwrap()));
        let store = Store::open_storage(Arc::new(disk.clone()), environment, Options::default()).unwrap();
        assert_eq!(store.stats().unwrap().bytes_per_event, None);
        for seal in [true, false] {
            let lines = (0..50).map(|i| {
                let line = format!(
                    r#"{{"type":"track","distinct_id":"u{}","event":"e","insert_id":"{seal}{i}","groups":{{"company":"k{}"}},"properties":{{"n":{i}}}}}"#,
                    i % 7,
                    i % 3
                );
                parse_line(line.as_bytes()).unwrap()
            });
            store.write(lines).unwrap();
            store.write([parse_line(br#"{"type":"identify","distinct_id":"u1"}"#).unwrap()]).unwrap();
            if seal {
                store.seal().unwrap();
            }
        }
        let live = store.stats().unwrap();
        assert_eq!(live, StoreReader::open_storage(&disk).unwrap().stats().unwrap());
        assert_eq!((live.events, live.unsealed_events, live.accepted, live.segments), (100, 50, 102, 1));
        assert_eq!((live.user_ids, live.event_names, live.group_types, live.group_keys), (7, 1, 1, 3));
        let PartBytes { manifest, logs, segments, dictionaries, profiles } = live.bytes;
        assert_eq!(live.total_bytes, manifest + logs + segments.total() + dictionaries + profiles);
        for part in [segments.users, segments.times, segments.groups, segments.properties, segments.insert_ids] {
            assert!(part > 0, "{segments:?}");
        }
        assert!(segments.unit_bitmaps > 0 && segments.key_rows > 0 && segments.framing > 0, "{segments:?}");
        assert_eq!(live.bytes_per_event, Some(live.total_bytes as f64 / 100.0));
    }
}
