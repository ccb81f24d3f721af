//! Which users there are, and when each of them did something last.

use super::error::{PageError, damaged};
use crate::codec::DecodeError;
use crate::model::UserId;
use crate::store::Snapshot;
use roaring::RoaringBitmap;

/// Users as stored become users as shown: joined ids move to the shown one.
pub(super) fn shown(snapshot: &Snapshot, stored: RoaringBitmap) -> RoaringBitmap {
    let joined = &stored & snapshot.joined_ids();
    if joined.is_empty() {
        return stored;
    }
    let shown: RoaringBitmap = joined.iter().map(|id| snapshot.aliases().shown(UserId::new(id)).raw()).collect();
    (stored - joined) | shown
}

/// No event.
const NEVER: i64 = i64::MIN;

/// All users, under their shown ids.
pub(super) struct Seen {
    /// Everyone with an event, identify() or group().
    pub users: RoaringBitmap,
    /// By id: the latest timestamp of an event, [`NEVER`] without one.
    last_micros: Vec<i64>,
}

impl Seen {
    /// Looks at one row of each user in each table.
    pub fn read(snapshot: &Snapshot) -> Result<Self, PageError> {
        Self::scan(snapshot).map_err(damaged(snapshot))
    }

    fn scan(snapshot: &Snapshot) -> Result<Self, DecodeError> {
        let mut last_micros = vec![NEVER; snapshot.user_count() as usize];
        for table in snapshot.segments().iter().flat_map(|segment| segment.tables()) {
            let times = table.times()?;
            table.users()?.visit_ends(|user, last_row| {
                if let Some(last) = last_micros.get_mut(user.index()) {
                    *last = (*last).max(times.get(last_row));
                }
            });
        }
        let mut users = shown(snapshot, snapshot.profiles().users()?);
        for joined in snapshot.joined_ids() {
            let shown = snapshot.aliases().shown(UserId::new(joined));
            let time = last_micros.get_mut(joined as usize).map_or(NEVER, |time| std::mem::replace(time, NEVER));
            if let Some(last) = last_micros.get_mut(shown.index()) {
                *last = (*last).max(time);
            }
        }
        let with_events = (0..).zip(&last_micros).filter(|(_, time)| **time != NEVER).map(|(user, _)| user);
        // They ascend, so that nothing fails.
        users |= RoaringBitmap::from_sorted_iter(with_events).unwrap_or_default();
        Ok(Self { users, last_micros })
    }

    /// The latest event of a user, in microseconds; `None` where there is none.
    pub fn last_micros(&self, user: u32) -> Option<i64> {
        self.last_micros.get(user as usize).copied().filter(|time| *time != NEVER)
    }
}
