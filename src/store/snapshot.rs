//! What one reader sees: everything durable at one instant, unchanged for as long as it is held.

use super::cohorts::Cohorts;
use super::error::StoreError;
use super::manifest::Settings;
use super::state::SharedNames;
use super::unknown::UnknownName;
use crate::codec::DecodeError;
use crate::language::Zone;
use crate::model::{Arrival, EventId, GroupKeyId, GroupTypeId, PropertyId, StoredName, UserId};
use crate::profiles::{Aliases, Profiles};
use crate::segment::Segment;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// An immutable view of a store. Segments and profiles are in order of arrival; what is not sealed yet is among them,
/// in the same form.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) location: String,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) profiles: Profiles,
    pub(super) names: SharedNames,
    pub(super) name_counts: BTreeMap<StoredName, u32>,
    pub(super) aliases: Arc<Aliases>,
    /// Made when it is first asked for.
    pub(super) joined_ids: OnceLock<RoaringBitmap>,
    pub(super) settings: Arc<Settings>,
    pub(super) cohorts: Arc<Cohorts>,
    pub(super) next_arrival: Arrival,
    pub(super) erased_arrivals: u64,
}

impl Snapshot {
    /// The directory, for messages.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The events, in order of arrival from segment to segment.
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// Calls, associations and aliases.
    pub fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// The names. They may hold later ones than the snapshot: see [`Self::name_count`].
    pub fn names(&self) -> &SharedNames {
        &self.names
    }

    /// How many ids a list of the snapshot has; their ids are below. Some may have no name any more.
    pub fn name_count(&self, list: StoredName) -> u32 {
        self.name_counts.get(&list).copied().unwrap_or(0)
    }

    /// Which ids are one user.
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// The ids that are shown under another: those that [`Self::aliases`] lists.
    pub fn joined_ids(&self) -> &RoaringBitmap {
        self.joined_ids.get_or_init(|| self.aliases.iter().map(|(id, _)| id.raw()).collect())
    }

    /// What the workspace was told about itself.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time zone whose calendar documents without `timezone` follow.
    ///
    /// # Errors
    /// When it is none that this program knows.
    pub fn zone(&self) -> Result<Zone, StoreError> {
        let name = &self.settings.timezone;
        Zone::named(name).ok_or_else(|| StoreError::Newer {
            location: self.location.clone(),
            damage: DecodeError::new(format!("the workspace's time zone `{name}` is not known here"), 0),
        })
    }

    /// Saved cohorts by name.
    pub fn cohorts(&self) -> &Cohorts {
        &self.cohorts
    }

    /// The arrival that follows the last of the snapshot.
    pub fn next_arrival(&self) -> Arrival {
        self.next_arrival
    }

    /// How many arrivals before that are there no more, as what arrived was deleted or expired.
    pub fn erased_arrivals(&self) -> u64 {
        self.erased_arrivals
    }

    /// The id of a name, if the snapshot has it.
    ///
    /// # Errors
    /// When the dictionary is damaged.
    pub fn find(&self, list: StoredName, text: &str) -> Result<Option<u32>, DecodeError> {
        Ok(self.names.read().list(list).find(text)?.filter(|id| *id < self.name_count(list)))
    }

    /// The id of a name, or an error with near names.
    pub(super) fn known(&self, list: StoredName, kind: &'static str, text: &str) -> Result<u32, StoreError> {
        let found = self.find(list, text).map_err(|damage| StoreError::damaged(&self.location, damage))?;
        found.ok_or_else(|| self.unknown(list, kind, text).into())
    }

    /// The error for a name that a list does not have.
    pub fn unknown(&self, list: StoredName, kind: &'static str, text: &str) -> UnknownName {
        let names = self.names.read();
        let known = (0..self.name_count(list)).filter_map(|id| names.list(list).name(id).ok());
        UnknownName::new(kind, text, known)
    }

    /// The id of a user, as sent.
    ///
    /// # Errors
    /// When the dictionary is damaged, as for all look-ups below.
    pub fn user(&self, text: &str) -> Result<Option<UserId>, DecodeError> {
        Ok(self.find(StoredName::User, text)?.map(UserId::new))
    }

    /// The id of an event name.
    ///
    /// # Errors
    /// When the dictionary is damaged.
    pub fn event(&self, text: &str) -> Result<Option<EventId>, DecodeError> {
        Ok(self.find(StoredName::Event, text)?.map(EventId::new))
    }

    /// The id of an event property's name.
    ///
    /// # Errors
    /// When the dictionary is damaged.
    pub fn property(&self, text: &str) -> Result<Option<PropertyId>, DecodeError> {
        Ok(self.find(StoredName::Property, text)?.map(PropertyId::new))
    }

    /// The id of a group type.
    ///
    /// # Errors
    /// When the dictionary is damaged.
    pub fn group_type(&self, text: &str) -> Result<Option<GroupTypeId>, DecodeError> {
        Ok(self.find(StoredName::GroupType, text)?.map(GroupTypeId::new))
    }

    /// The id of a key of a group type.
    ///
    /// # Errors
    /// When the dictionary is damaged.
    pub fn group_key(&self, group_type: GroupTypeId, text: &str) -> Result<Option<GroupKeyId>, DecodeError> {
        Ok(self.find(StoredName::GroupKey(group_type.raw()), text)?.map(GroupKeyId::new))
    }

    /// The name with an id.
    ///
    /// # Errors
    /// When there is none, or the dictionary is damaged.
    pub fn name(&self, list: StoredName, id: u32) -> Result<String, DecodeError> {
        self.names.read().list(list).name(id).map(str::to_owned)
    }

    /// How many ids of users, as sent, there are; those of erased users are among them.
    pub fn user_count(&self) -> u32 {
        self.name_count(StoredName::User)
    }

    /// The keys that a group type has: those that an event or a group() call names.
    ///
    /// # Errors
    /// When the dictionary is damaged.
    pub fn keys(&self, group_type: GroupTypeId) -> Result<RoaringBitmap, DecodeError> {
        // A key comes into being by an event or a group() call, and is erased when nothing names it any more.
        let mut all = RoaringBitmap::new();
        all.insert_range(0..self.key_count(group_type));
        Ok(all - self.names.read().keys(group_type).erased()?)
    }

    /// How many ids keys of a group type have; those of erased keys are among them.
    pub fn key_count(&self, group_type: GroupTypeId) -> u32 {
        self.name_count(StoredName::GroupKey(group_type.raw()))
    }

    /// The group types by id.
    pub fn group_types(&self) -> impl Iterator<Item = GroupTypeId> + use<> {
        (0..self.name_count(StoredName::GroupType)).map(GroupTypeId::new)
    }
}
