//! Batches into segment and profiles: compressed for the disk, plain for what lives in memory only.

use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::log::{Batch, Record};
use crate::model::{Arrival, EventId, Moment};
use crate::profiles::{ProfilesBuilder, SavedCohort, StoredAlias};
use crate::segment::{SegmentWriter, TableRows};
use bytes::Bytes;
use std::collections::BTreeMap;

/// What batches become.
pub(super) struct Sealed {
    /// Absent without events.
    pub segment: Option<Bytes>,
    /// Absent without calls and associations.
    pub profiles: Option<Bytes>,
}

/// Builds a segment and a part of the profiles from batches in order of arrival.
pub(super) fn seal<'a>(
    payloads: impl IntoIterator<Item = &'a Bytes>,
    ids: [FileId; 2],
    compression: Compression,
) -> Result<Sealed, DecodeError> {
    let mut tables: BTreeMap<EventId, TableRows> = BTreeMap::new();
    let mut profiles = ProfilesBuilder::default();
    let mut first_arrival: Option<Arrival> = None;
    for payload in payloads {
        let batch = Batch::open(payload)?;
        first_arrival.get_or_insert(batch.first_arrival);
        batch.visit::<DecodeError>(|arrival, _, record| {
            match record {
                Record::Event(event) => {
                    let moment = Moment { time: event.time, arrival };
                    for (group_type, key) in event.groups.iter() {
                        profiles.associate(group_type, event.user, moment, key);
                    }
                    let rows = tables.entry(event.event).or_default();
                    let properties = event.properties.iter().map(|(name, value)| (name, value.bytes()));
                    rows.push_stored(event.user, moment, event.groups.iter(), properties, event.insert_id)?;
                }
                Record::Identify(call) => {
                    profiles.identify(call.user, Moment { time: call.time, arrival }, call.ops);
                }
                Record::Group(call) => {
                    let moment = Moment { time: call.time, arrival };
                    profiles.group(call.group_type, call.key, call.user, moment, call.ops);
                }
                Record::Alias(call) => {
                    profiles.alias(StoredAlias { arrival, user: call.user, alias: call.alias, time: call.time });
                }
                Record::Cohort(call) => {
                    profiles.cohort(SavedCohort {
                        arrival,
                        name: call.name.to_owned(),
                        report: call.report.to_owned(),
                    });
                }
                Record::DeclareGroupType { .. }
                | Record::OnlyDeclared(_)
                | Record::KeepDays(_)
                | Record::Timezone(_)
                | Record::Import(_)
                | Record::BatchKey(_) => {}
            }
            Ok(())
        })?;
    }
    let segment = if tables.is_empty() {
        None
    } else {
        let mut writer = SegmentWriter::new(ids[0], first_arrival.unwrap_or_default(), compression);
        for (event, rows) in tables {
            writer.add_table(event, rows);
        }
        Some(writer.finish()?)
    };
    Ok(Sealed { segment, profiles: profiles.finish(ids[1], compression)? })
}
