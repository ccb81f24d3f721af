//! Batches into segment and profiles: compressed for the disk, plain for what lives in memory only.

use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::log::{Batch, EventHead, Record, RecordTaker, StoredValue};
use crate::model::{Arrival, GroupKeyId, GroupTypeId, Moment, PropertyId};
use crate::profiles::{ProfilesBuilder, SavedCohort, StoredAlias};
use crate::segment::{SegmentRows, SegmentWriter};
use bytes::Bytes;

/// What batches become.
pub(super) struct Sealable {
    /// All rows, to be written; absent without events.
    pub segment: Option<SegmentWriter>,
    /// Absent without calls and associations.
    pub profiles: Option<Bytes>,
}

/// Rows and calls as they are taken out of batches.
struct Collected {
    rows: SegmentRows,
    profiles: ProfilesBuilder,
}

impl<'a> RecordTaker<'a> for Collected {
    fn event(&mut self, arrival: Arrival, head: &EventHead<'a>) {
        self.rows.begin_row(head.event, head.user, Moment { time: head.time, arrival }, head.insert_id);
    }

    fn group(&mut self, arrival: Arrival, head: &EventHead<'a>, group_type: GroupTypeId, key: GroupKeyId) {
        self.profiles.associate(group_type, head.user, Moment { time: head.time, arrival }, key);
        self.rows.set_key(group_type, key);
    }

    fn property(&mut self, name: PropertyId, value: StoredValue<'a>) -> Result<(), DecodeError> {
        self.rows.set_property(name, value.bytes())
    }

    fn other(&mut self, arrival: Arrival, record: Record<'a>) {
        let profiles = &mut self.profiles;
        match record {
            Record::Identify(call) => profiles.identify(call.user, Moment { time: call.time, arrival }, call.ops),
            Record::Group(call) => {
                let moment = Moment { time: call.time, arrival };
                profiles.group(call.group_type, call.key, call.user, moment, call.ops);
            }
            Record::Alias(call) => {
                profiles.alias(StoredAlias { arrival, user: call.user, alias: call.alias, time: call.time });
            }
            Record::Cohort(call) => {
                profiles.cohort(SavedCohort { arrival, name: call.name.to_owned(), report: call.report.to_owned() });
            }
            Record::Event(_)
            | Record::DeclareGroupType { .. }
            | Record::OnlyDeclared(_)
            | Record::KeepDays(_)
            | Record::Timezone(_)
            | Record::Import(_)
            | Record::BatchKey(_) => {}
        }
    }
}

impl Sealable {
    /// Takes what batches say, which come in order of arrival. `room` has no rows, and room for them.
    pub fn of<'a>(
        payloads: impl IntoIterator<Item = &'a Bytes>,
        ids: [FileId; 2],
        compression: Compression,
        room: SegmentRows,
    ) -> Result<Self, DecodeError> {
        let mut collected = Collected { rows: room, profiles: ProfilesBuilder::default() };
        let mut first_arrival: Option<Arrival> = None;
        for payload in payloads {
            let batch = Batch::open(payload)?;
            first_arrival.get_or_insert(batch.first_arrival);
            batch.hand_over(&mut collected)?;
        }
        let Collected { rows, profiles } = collected;
        let first_arrival = first_arrival.unwrap_or_default();
        let segment = (!rows.is_empty()).then(|| SegmentWriter::new(ids[0], first_arrival, compression, rows));
        Ok(Self { segment, profiles: profiles.finish(ids[1], compression)? })
    }
}
