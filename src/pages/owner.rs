//! Whose properties are asked for: those of events, of users, or of the keys of a group type.

use super::error::{PageError, damaged, find_type};
use super::events::unknown_event;
use super::holders::Holders;
use crate::model::UserId;
use crate::segment::Table;
use crate::store::Snapshot;
use roaring::RoaringBitmap;

/// Most users or keys whose properties are looked at.
pub(super) const HOLDERS_MAX: u64 = 100_000;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Events of this name, or of any.
    Events(Option<String>),
    /// Users.
    Users,
    /// The keys of this group type.
    Group(String),
}

impl Owner {
    /// The users or keys; `None` where events are meant.
    pub(super) fn holders(&self, snapshot: &Snapshot) -> Result<Option<Holders>, PageError> {
        match self {
            Self::Events(_) => Ok(None),
            Self::Users => Ok(Some(Holders::Users)),
            Self::Group(name) => find_type(snapshot, name).map(|group_type| Some(Holders::Keys(group_type))),
        }
    }

    /// The tables of the events; none where others are meant.
    pub(super) fn tables<'s>(&self, snapshot: &'s Snapshot) -> Result<Vec<Table<'s>>, PageError> {
        let segments = snapshot.segments().iter();
        match self {
            Self::Events(None) => Ok(segments.flat_map(|segment| segment.tables()).collect()),
            Self::Events(Some(name)) => {
                let id = snapshot.event(name).map_err(damaged(snapshot))?;
                let tables: Vec<Table<'_>> = segments.filter_map(|segment| segment.table(id?)).collect();
                if tables.is_empty() { Err(unknown_event(snapshot, name)) } else { Ok(tables) }
            }
            Self::Users | Self::Group(_) => Ok(Vec::new()),
        }
    }
}

/// The users or keys that came last, few enough to be looked at one by one.
pub(super) struct LatestHolders {
    /// Those that no id below this names.
    pub from: u32,
    /// How many they are.
    pub counted: u64,
    /// How many there are.
    pub of: u64,
}

impl LatestHolders {
    pub fn new(snapshot: &Snapshot, holders: Holders) -> Result<Self, PageError> {
        Self::with_most(snapshot, holders, HOLDERS_MAX)
    }

    /// No more of them than that.
    pub fn with_most(snapshot: &Snapshot, holders: Holders, most: u64) -> Result<Self, PageError> {
        let mut all = holders.all(snapshot)?;
        let of = all.len();
        let skipped = u32::try_from(of.saturating_sub(most)).unwrap_or(u32::MAX);
        let from = if skipped == 0 { 0 } else { all.select(skipped).unwrap_or(0) };
        all.remove_range(..from);
        if holders == Holders::Users {
            // One of several ids came before.
            all -= joined_before(snapshot, from);
        }
        Ok(Self { from, counted: all.len(), of })
    }
}

/// The users that are shown under an id, and also have one that is below `from`.
fn joined_before(snapshot: &Snapshot, from: u32) -> RoaringBitmap {
    let joined = snapshot.joined_ids().iter().take_while(|id| *id < from);
    joined.map(|id| snapshot.aliases().shown(UserId::new(id)).raw()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::model::{AliasCall, Event, Timestamp};
    use crate::store::{Environment, FixedEnvironment, Options, Store};
    use std::sync::Arc;

    #[test]
    fn the_users_that_came_last_are_taken_whole() {
        let environment: Arc<dyn Environment> = Arc::new(FixedEnvironment::new(Timestamp::clamped(0)));
        let store = Store::open_storage(Arc::new(SimDisk::new()), environment, Options::default()).unwrap();
        for user in 0..6 {
            store.write([Event::new(format!("u{user}"), "e").unwrap().into()]).unwrap();
        }
        let latest = |most| {
            let latest = LatestHolders::with_most(&store.snapshot().unwrap(), Holders::Users, most).unwrap();
            (latest.from, latest.counted, latest.of)
        };
        assert_eq!([latest(9), latest(6), latest(4), latest(1)], [(0, 6, 6), (0, 6, 6), (2, 4, 6), (5, 1, 6)]);
        // The last user has the first one's id too, so that it is not among the last any more.
        store.write([AliasCall::new("u5", "u0").unwrap().into()]).unwrap();
        assert_eq!([latest(9), latest(5), latest(2)], [(0, 5, 5), (0, 5, 5), (4, 1, 5)]);
    }
}
