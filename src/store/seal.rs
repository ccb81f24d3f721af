//! Batches into segment and profiles: compressed for the disk, plain for what lives in memory only.

use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::log::{Batch, EventHead, Record, RecordTaker, StoredValue};
use crate::model::{Arrival, GroupKeyId, GroupTypeId, Moment, PropertyId, UserId};
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

/// Rows and calls as they are taken out of batches, which come in order of arrival.
pub(super) struct Collected {
    first_arrival: Option<Arrival>,
    rows: SegmentRows,
    profiles: ProfilesBuilder,
    said: SaidLately,
}

/// That a user belongs to a key, as an event said.
#[derive(Clone, Copy)]
struct Said {
    group_type: GroupTypeId,
    user: UserId,
    moment: Moment,
    key: GroupKeyId,
}

/// The latest word on users of whom events said something lately. Users come back within minutes, and mostly say the
/// same: what is here stays in the processor's cache, where the profiles' table of all users does not.
#[derive(Default)]
struct SaidLately {
    /// How often something was said, up to where room is worth its while.
    said: usize,
    /// Empty until then.
    latest: Vec<Option<Said>>,
}

/// A power of two; 64 kilobytes.
const SAID_LATELY: usize = 2048;

impl SaidLately {
    /// Takes what is said. Answers what is to be told now: what it takes the place of, if that is not of the same user and
    /// type. Few batches, as a snapshot is made of, have everything told at once.
    #[inline]
    fn say(&mut self, said: Said) -> Option<Said> {
        if self.said < SAID_LATELY {
            self.said += 1;
            return Some(said);
        }
        if self.latest.is_empty() {
            self.latest.resize(SAID_LATELY, None);
        }
        // Two types of a user lie side by side.
        let place = (said.user.raw() as usize).wrapping_mul(2).wrapping_add(said.group_type.raw() as usize);
        let slot = &mut self.latest[place % SAID_LATELY];
        match slot {
            Some(known) if (known.user, known.group_type) == (said.user, said.group_type) => {
                if known.moment < said.moment {
                    *known = said;
                }
                None
            }
            _ => slot.replace(said),
        }
    }
}

impl Said {
    fn tell(self, profiles: &mut ProfilesBuilder) {
        profiles.associate(self.group_type, self.user, self.moment, self.key);
    }
}

impl<'a> RecordTaker<'a> for Collected {
    fn event(&mut self, arrival: Arrival, head: &EventHead<'a>) {
        self.rows.begin_row(head.event, head.user, Moment { time: head.time, arrival }, head.insert_id);
    }

    fn group(&mut self, arrival: Arrival, head: &EventHead<'a>, group_type: GroupTypeId, key: GroupKeyId) {
        let said = Said { group_type, user: head.user, moment: Moment { time: head.time, arrival }, key };
        if let Some(due) = self.said.say(said) {
            due.tell(&mut self.profiles);
        }
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

impl Collected {
    /// Nothing so far. `room` has no rows, and room for them.
    pub fn new(room: SegmentRows) -> Self {
        let (profiles, said) = (ProfilesBuilder::default(), SaidLately::default());
        Self { first_arrival: None, rows: room, profiles, said }
    }

    /// Takes what the next batch says.
    pub fn add(&mut self, payload: &Bytes) -> Result<(), DecodeError> {
        let batch = Batch::open(payload)?;
        self.first_arrival.get_or_insert(batch.first_arrival);
        batch.hand_over(self)
    }

    /// What it becomes.
    pub fn finish(self, ids: [FileId; 2], compression: Compression) -> Result<Sealable, DecodeError> {
        let Self { first_arrival, rows, mut profiles, said } = self;
        said.latest.into_iter().flatten().for_each(|said| said.tell(&mut profiles));
        let first_arrival = first_arrival.unwrap_or_default();
        let segment = (!rows.is_empty()).then(|| SegmentWriter::new(ids[0], first_arrival, compression, rows));
        Ok(Sealable { segment, profiles: profiles.finish(ids[1], compression)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

        #[test]
        fn the_latest_word_on_a_user_is_told_last_or_alone(
            said in prop::collection::vec((0u32..4, 0u32..3000, 0i64..50, 0u32..9), 0..8000),
        ) {
            let (mut lately, mut told, mut expected) = (SaidLately::default(), Vec::new(), BTreeMap::new());
            for (arrival, (group_type, user, time, key)) in said.into_iter().enumerate() {
                let moment = Moment { time: Timestamp::clamped(time), arrival: Arrival::new(arrival as u64) };
                let (group_type, user, key) = (GroupTypeId::new(group_type), UserId::new(user), GroupKeyId::new(key));
                told.extend(lately.say(Said { group_type, user, moment, key }));
                let latest = expected.entry((group_type, user)).or_insert((moment, key));
                *latest = (*latest).max((moment, key));
            }
            told.extend(lately.latest.into_iter().flatten());
            let mut found = BTreeMap::new();
            for Said { group_type, user, moment, key } in told {
                let latest = found.entry((group_type, user)).or_insert((moment, key));
                *latest = (*latest).max((moment, key));
            }
            prop_assert_eq!(found, expected);
        }
    }
}
