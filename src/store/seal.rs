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
    said: SaidOfUsers,
}

/// That a user belongs to a key, as an event said.
#[derive(Clone, Copy)]
struct Said {
    group_type: GroupTypeId,
    user: UserId,
    moment: Moment,
    key: GroupKeyId,
}

/// What events said of who belongs to what, of which the latest word on each user counts. Users come back within minutes,
/// and mostly say the same: the latest words stay in the processor's cache, and those that give way to others are put down
/// one after the other, where a table of all users would be somewhere else in memory for each.
#[derive(Default)]
struct SaidOfUsers {
    /// The latest word on users of whom something was said lately; empty until much was said.
    lately: Vec<Option<Said>>,
    /// What was said before, or on others.
    before: Vec<Said>,
    /// How many of these are the latest on their users, sorted.
    sorted: usize,
}

/// A power of two; 80 kilobytes.
const SAID_LATELY: usize = 2048;
/// So much is put down before it is sorted, or twice as much as was left of it the last time.
const UNSORTED_MAX: usize = 1 << 15;

impl SaidOfUsers {
    /// Takes what is said.
    #[inline]
    fn say(&mut self, said: Said) {
        if self.lately.is_empty() {
            self.put_down(said);
            // Few batches, as a snapshot is made of, do without.
            if self.before.len() >= SAID_LATELY {
                self.lately.resize(SAID_LATELY, None);
            }
            return;
        }
        // Two types of a user lie side by side.
        let place = (said.user.raw() as usize).wrapping_mul(2).wrapping_add(said.group_type.raw() as usize);
        let slot = &mut self.lately[place % SAID_LATELY];
        match slot {
            Some(known) if (known.user, known.group_type) == (said.user, said.group_type) => {
                if known.moment < said.moment {
                    *known = said;
                }
            }
            _ => {
                if let Some(before) = slot.replace(said) {
                    self.put_down(before);
                }
            }
        }
    }

    #[inline]
    fn put_down(&mut self, said: Said) {
        self.before.push(said);
        if self.before.len() >= UNSORTED_MAX + 2 * self.sorted {
            self.sort();
        }
    }

    /// Leaves the latest word on each user.
    #[inline(never)]
    fn sort(&mut self) {
        // Of two words in one event, which damage alone can bring about, the first counts everywhere.
        self.before.sort_by_key(|said| (said.group_type, said.user, said.moment));
        self.before.dedup_by(|later, said| {
            let is_same = (said.group_type, said.user) == (later.group_type, later.user);
            if is_same && said.moment < later.moment {
                *said = *later;
            }
            is_same
        });
        self.sorted = self.before.len();
    }

    /// The latest word on each user, by type and user.
    fn finish(mut self) -> Vec<Said> {
        self.before.extend(self.lately.drain(..).flatten());
        self.sort();
        self.before
    }
}

impl<'a> RecordTaker<'a> for Collected {
    fn event(&mut self, arrival: Arrival, head: &EventHead<'a>) {
        self.rows.begin_row(head.event, head.user, Moment { time: head.time, arrival }, head.insert_id);
    }

    fn group(&mut self, arrival: Arrival, head: &EventHead<'a>, group_type: GroupTypeId, key: GroupKeyId) {
        let said = Said { group_type, user: head.user, moment: Moment { time: head.time, arrival }, key };
        self.said.say(said);
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
        let (profiles, said) = (ProfilesBuilder::default(), SaidOfUsers::default());
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
        for Said { group_type, user, moment, key } in said.finish() {
            profiles.associate(group_type, user, moment, key);
        }
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
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

        #[test]
        fn the_latest_word_on_each_user_is_left(
            said in prop::collection::vec((0u32..4, 0u32..3000, 0i64..50, 0u32..9), 0..200),
            times in 1usize..20_000,
        ) {
            let (mut of_users, mut expected) = (SaidOfUsers::default(), BTreeMap::new());
            // Others each time, so that they give way to one another.
            let said = (0..times as u32).flat_map(|time| said.iter().map(move |said| (time, said))).take(100_000);
            for (arrival, (round, (group_type, user, time, key))) in said.enumerate() {
                let moment = Moment { time: Timestamp::clamped(*time), arrival: Arrival::new(arrival as u64) };
                let user = UserId::new((user + round * 7) % 3000);
                let (group_type, key) = (GroupTypeId::new(*group_type), GroupKeyId::new(*key));
                of_users.say(Said { group_type, user, moment, key });
                prop_assert!(of_users.before.len() < UNSORTED_MAX + 2 * 4 * 3000);
                let latest = expected.entry((group_type, user)).or_insert((moment, key));
                *latest = (*latest).max((moment, key));
            }
            let found = of_users.finish().into_iter();
            let found = found.map(|Said { group_type, user, moment, key }| ((group_type, user), (moment, key)));
            prop_assert!(found.eq(expected));
        }
    }

    #[test]
    fn of_two_words_in_one_event_the_first_counts() {
        let moment = |arrival: u64| Moment { time: Timestamp::clamped(0), arrival: Arrival::new(arrival) };
        let said = |arrival: u64, key: u32| Said {
            group_type: GroupTypeId::new(0),
            user: UserId::new(0),
            moment: moment(arrival),
            key: GroupKeyId::new(key),
        };
        for before in [0, 2 * SAID_LATELY as u64] {
            let mut of_users = SaidOfUsers::default();
            (0..before).for_each(|arrival| of_users.say(said(arrival, 0)));
            [5, 7].into_iter().for_each(|key| of_users.say(said(before, key)));
            assert_eq!(of_users.finish().into_iter().map(|said| said.key.raw()).collect::<Vec<u32>>(), [5]);
        }
    }
}
