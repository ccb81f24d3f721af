//! Batches into segment and profiles: compressed for the disk, plain for what lives in memory only.

use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::log::{Batch, EventHead, Record, RecordTaker, StoredValue};
use crate::model::{Arrival, EventId, GroupKeyId, GroupTypeId, Moment, PropertyId};
use crate::profiles::{ProfilesBuilder, SavedCohort, StoredAlias};
use crate::segment::{SegmentWriter, TableRows};
use bytes::Bytes;
use hashbrown::HashMap;

/// What batches become.
pub(super) struct Sealable {
    /// All rows, to be written; absent without events.
    pub segment: Option<SegmentWriter>,
    /// Absent without calls and associations.
    pub profiles: Option<Bytes>,
}

/// Rows and calls as they are taken out of batches.
#[derive(Default)]
struct Collected {
    tables: Vec<(EventId, TableRows)>,
    /// Places among the tables.
    places: HashMap<EventId, usize>,
    profiles: ProfilesBuilder,
    /// The place of the table of the event that is being taken.
    table: usize,
}

impl<'a> RecordTaker<'a> for Collected {
    fn event(&mut self, arrival: Arrival, head: &EventHead<'a>) {
        self.table = *self.places.entry(head.event).or_insert_with(|| {
            self.tables.push((head.event, TableRows::default()));
            self.tables.len() - 1
        });
        self.tables[self.table].1.begin_row(head.user, Moment { time: head.time, arrival }, head.insert_id);
    }

    fn group(&mut self, arrival: Arrival, head: &EventHead<'a>, group_type: GroupTypeId, key: GroupKeyId) {
        self.profiles.associate(group_type, head.user, Moment { time: head.time, arrival }, key);
        self.tables[self.table].1.set_key(group_type, key);
    }

    fn property(&mut self, name: PropertyId, value: StoredValue<'a>) -> Result<(), DecodeError> {
        self.tables[self.table].1.set_property(name, value.bytes())
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
    /// Takes what batches say, which come in order of arrival.
    pub fn of<'a>(
        payloads: impl IntoIterator<Item = &'a Bytes>,
        ids: [FileId; 2],
        compression: Compression,
    ) -> Result<Self, DecodeError> {
        let mut collected = Collected::default();
        let mut first_arrival: Option<Arrival> = None;
        for payload in payloads {
            let batch = Batch::open(payload)?;
            first_arrival.get_or_insert(batch.first_arrival);
            batch.hand_over(&mut collected)?;
        }
        let Collected { mut tables, profiles, .. } = collected;
        tables.sort_unstable_by_key(|(event, _)| *event);
        let mut writer = SegmentWriter::new(ids[0], first_arrival.unwrap_or_default(), compression);
        let segment = (!tables.is_empty()).then(|| {
            tables.into_iter().for_each(|(event, rows)| writer.add_table(event, rows));
            writer
        });
        Ok(Self { segment, profiles: profiles.finish(ids[1], compression)? })
    }
}
