//! What a deletion or an expiry takes out: found and counted before anything is changed.

use super::error::StoreError;
use super::snapshot::Snapshot;
use crate::codec::DecodeError;
use crate::language::MICROS_PER_DAY;
use crate::model::{Erasure, GroupKeyId, GroupTypeId, StoredName, Timestamp, UserId};
use crate::profiles::{Profiles, ProfilesBuilder, ProfilesTouched};
use crate::segment::{RowsTouched, Segment};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is taken out of a store, or was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// All ids of the users, or the keys, that were named to go: sorted by their UTF-8 bytes. None for an expiry.
    pub names: Vec<String>,
    /// Events that go.
    pub events: u64,
    /// Events that stay and lose a key.
    pub events_changed: u64,
    /// identify() calls that go.
    pub identify_calls: u64,
    /// group() calls that go.
    pub group_calls: u64,
    /// group() calls that stay and lose their user.
    pub group_calls_changed: u64,
    /// alias() calls that go.
    pub aliases: u64,
    /// Ids of users that lose the key of a type to which they currently belong.
    pub associations: u64,
    /// Files with what went that could not be removed; the next opening of the store for writing removes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files_left: Vec<String>,
}

impl Removal {
    /// How many arrivals go.
    pub(super) fn arrivals(&self) -> u64 {
        self.events + self.identify_calls + self.group_calls + self.aliases
    }

    pub(super) fn add_rows(&mut self, touched: RowsTouched) {
        self.events += touched.erased;
        self.events_changed += touched.changed;
    }

    pub(super) fn add_profiles(&mut self, touched: &ProfilesTouched) {
        self.identify_calls += touched.identify_calls;
        self.group_calls += touched.group_calls;
        self.group_calls_changed += touched.group_calls_changed;
        self.aliases += touched.aliases;
        self.associations += touched.associations;
    }
}

/// The first instant from which events are kept, where they are kept for so many days: a midnight of UTC.
pub(super) fn kept_since(now: Timestamp, days: u32) -> Timestamp {
    let day = now.micros().div_euclid(MICROS_PER_DAY) - i64::from(days);
    Timestamp::clamped(day.saturating_mul(MICROS_PER_DAY))
}

/// An erasure, and the names that go.
pub(super) struct Plan {
    pub erasure: Erasure,
    pub names: Vec<String>,
}

impl Plan {
    /// All ids of these users.
    pub fn users<N: AsRef<str>>(snapshot: &Snapshot, ids: &[N]) -> Result<Self, StoreError> {
        let mut users = BTreeSet::new();
        for id in ids {
            let found = snapshot.known(StoredName::User, "user", id.as_ref())?;
            users.extend(snapshot.aliases().ids_of(UserId::new(found)));
        }
        let names = names(snapshot, StoredName::User, users.iter().map(|user| user.raw()))?;
        Ok(Self { erasure: Erasure::Users(users), names })
    }

    /// These keys of a type.
    pub fn keys<N: AsRef<str>>(snapshot: &Snapshot, group_type: &str, keys: &[N]) -> Result<Self, StoreError> {
        let group_type = GroupTypeId::new(snapshot.known(StoredName::GroupType, "group type", group_type)?);
        let list = StoredName::GroupKey(group_type.raw());
        let mut found = BTreeSet::new();
        for key in keys {
            found.insert(GroupKeyId::new(snapshot.known(list, "key", key.as_ref())?));
        }
        let names = names(snapshot, list, found.iter().map(|key| key.raw()))?;
        Ok(Self { erasure: Erasure::Keys(group_type, found), names })
    }

    /// Events that are older than so many days.
    pub fn older_than(now: Timestamp, days: u32) -> Self {
        Self { erasure: Erasure::EventsBefore(kept_since(now, days)), names: Vec::new() }
    }

    /// All profiles without what goes, and what that is.
    pub fn profiles(
        &self,
        segments: &[Arc<Segment>],
        profiles: &Profiles,
    ) -> Result<(ProfilesBuilder, ProfilesTouched), DecodeError> {
        let mut builder = ProfilesBuilder::default();
        profiles.parts().iter().try_for_each(|part| builder.add_part(part))?;
        let touched = match &self.erasure {
            Erasure::Users(users) => builder.erase_users(users),
            Erasure::Keys(group_type, keys) => {
                let (touched, left) = builder.erase_keys(*group_type, keys);
                // Who belonged to an erased key belongs to what the latest remaining call or event says.
                for segment in segments {
                    segment.visit_keys_of(&left, *group_type, |user, moment, key| {
                        if !keys.contains(&key) {
                            builder.associate(*group_type, user, moment, key);
                        }
                    })?;
                }
                touched
            }
            Erasure::EventsBefore(end) => builder.expire_associations(*end),
        };
        Ok((builder, touched))
    }

    /// Counts what goes.
    fn count(self, snapshot: &Snapshot) -> Result<Removal, StoreError> {
        let damaged = |damage| StoreError::damaged(snapshot.location(), damage);
        let mut removal = Removal::default();
        for segment in snapshot.segments() {
            removal.add_rows(segment.rows_touched(&self.erasure).map_err(damaged)?);
        }
        let (_, touched) = self.profiles(snapshot.segments(), snapshot.profiles()).map_err(damaged)?;
        removal.add_profiles(&touched);
        removal.names = self.names;
        Ok(removal)
    }
}

fn names(snapshot: &Snapshot, list: StoredName, ids: impl Iterator<Item = u32>) -> Result<Vec<String>, StoreError> {
    let damaged = |damage| StoreError::damaged(snapshot.location(), damage);
    let mut names = ids.map(|id| snapshot.name(list, id).map_err(damaged)).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    Ok(names)
}

impl Snapshot {
    /// What deleting these users, each named by any of its ids, would take out.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for one that does not exist; and when the store is damaged.
    pub fn removal_of_users<N: AsRef<str>>(&self, ids: &[N]) -> Result<Removal, StoreError> {
        Plan::users(self, ids)?.count(self)
    }

    /// What deleting these keys of a group type would take out.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for one that does not exist; and when the store is damaged.
    pub fn removal_of_keys<N: AsRef<str>>(&self, group_type: &str, keys: &[N]) -> Result<Removal, StoreError> {
        Plan::keys(self, group_type, keys)?.count(self)
    }

    /// What would be taken out if events were kept for so many days: see [`Store::expire`](crate::Store::expire).
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn removal_by_age(&self, now: Timestamp, days: u32) -> Result<Removal, StoreError> {
        Plan::older_than(now, days).count(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_are_kept() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let noon = at("2026-03-02T12:00:00Z");
        assert_eq!(kept_since(noon, 1), at("2026-03-01T00:00:00Z"));
        assert_eq!(kept_since(at("2026-03-02T00:00:00Z"), 400), at("2025-01-26T00:00:00Z"));
        assert_eq!(kept_since(at("1969-12-31T23:00:00Z"), 1), at("1969-12-30T00:00:00Z"));
        assert_eq!(kept_since(noon, u32::MAX), Timestamp::clamped(i64::MIN));
    }
}
