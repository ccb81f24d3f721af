//! Taking users or keys out of profiles; and what profiles refer to.

use super::{Aliases, Profiles, ProfilesBuilder, ProfilesPart};
use crate::codec::DecodeError;
use crate::model::{GroupKeyId, GroupTypeId, IdSets, StoredName, UserId};
use roaring::RoaringBitmap;
use std::collections::BTreeSet;

/// What was taken out of profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilesTouched {
    /// identify() calls that are gone.
    pub identify_calls: u64,
    /// group() calls that are gone.
    pub group_calls: u64,
    /// group() calls that stay and lost their user.
    pub group_calls_changed: u64,
    /// alias() calls that are gone.
    pub aliases: u64,
    /// Associations that were the latest word on a user as sent, and are gone.
    pub associations: u64,
}

impl ProfilesBuilder {
    /// Takes users out: their identify() calls, associations and aliases. group() calls of theirs lose the user.
    pub fn erase_users(&mut self, users: &BTreeSet<UserId>) -> ProfilesTouched {
        let mut touched = ProfilesTouched::default();
        let before = self.user_calls.len();
        self.user_calls.retain(|call| !users.contains(&UserId::new(call.entity)));
        touched.identify_calls = (before - self.user_calls.len()) as u64;
        for call in self.group_calls.values_mut().flatten() {
            if call.user.is_some_and(|user| users.contains(&user)) {
                call.user = None;
                touched.group_calls_changed += 1;
            }
        }
        for latest in self.associations.values_mut() {
            let before = latest.len();
            latest.retain(|user, _| !users.contains(user));
            touched.associations += (before - latest.len()) as u64;
        }
        self.associations.retain(|_, latest| !latest.is_empty());
        let before = self.aliases.len();
        self.aliases.retain(|alias| !users.contains(&alias.user) && !users.contains(&alias.alias));
        touched.aliases = (before - self.aliases.len()) as u64;
        touched
    }

    /// Takes keys of a type out: their group() calls and associations. Answers also the users, as sent, whose latest
    /// association was with one of them. They have the one that the remaining group() calls say; what events say is to
    /// be added by [`Self::associate`].
    pub fn erase_keys(
        &mut self,
        group_type: GroupTypeId,
        keys: &BTreeSet<GroupKeyId>,
    ) -> (ProfilesTouched, BTreeSet<UserId>) {
        let mut touched = ProfilesTouched::default();
        let mut left = BTreeSet::new();
        if let Some(latest) = self.associations.get_mut(&group_type) {
            left.extend(latest.iter().filter(|(_, (_, key))| keys.contains(key)).map(|(user, _)| *user));
            latest.retain(|user, _| !left.contains(user));
        }
        touched.associations = left.len() as u64;
        let mut said = Vec::new();
        if let Some(calls) = self.group_calls.get_mut(&group_type) {
            let before = calls.len();
            calls.retain(|call| !keys.contains(&GroupKeyId::new(call.entity)));
            touched.group_calls = (before - calls.len()) as u64;
            let of_left = calls.iter().filter_map(|call| Some((call.user.filter(|user| left.contains(user))?, call)));
            said.extend(of_left.map(|(user, call)| (user, call.moment, GroupKeyId::new(call.entity))));
        }
        for (user, moment, key) in said {
            self.associate(group_type, user, moment, key);
        }
        self.group_calls.retain(|_, calls| !calls.is_empty());
        self.associations.retain(|_, latest| !latest.is_empty());
        (touched, left)
    }
}

impl Profiles {
    /// Users, as sent, with an identify(), a group() or an association. Those whose events are all gone are among them
    /// when an association stayed.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn users(&self) -> Result<RoaringBitmap, DecodeError> {
        let mut users = RoaringBitmap::new();
        self.parts().iter().try_for_each(|part| part.add_users(&mut users))?;
        Ok(users)
    }

    /// Adds the users and group keys that calls, aliases and the latest associations of the first `users` ids refer to.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn add_units(&self, users: u32, units: &mut IdSets) -> Result<(), DecodeError> {
        let mut types = BTreeSet::new();
        for part in self.parts() {
            part.add_all_users(units)?;
            part.add_called_keys(units)?;
            types.extend(part.associated_types());
        }
        for group_type in types {
            let latest = self.associations(group_type, users, &Aliases::default())?;
            let keys = units.entry(StoredName::GroupKey(group_type.raw())).or_default();
            keys.extend(latest.into_iter().flatten().map(|(_, key)| key.raw()));
        }
        Ok(())
    }
}

/// Adds the ids of a column.
fn add(column: Vec<i64>, into: &mut RoaringBitmap) {
    into.extend(column.into_iter().filter_map(|id| u32::try_from(id).ok()));
}

impl ProfilesPart {
    /// Adds the users of calls and associations.
    fn add_users(&self, users: &mut RoaringBitmap) -> Result<(), DecodeError> {
        if let Some(calls) = self.user_calls()? {
            add(calls.entities.to_vec(), users);
        }
        for group_type in self.called_types() {
            if let Some(calls) = self.group_calls(group_type)? {
                add(calls.users().into_iter().map(|user| user.wrapping_sub(1)).collect(), users);
            }
        }
        for group_type in self.associated_types() {
            if let Some(table) = self.association_table(group_type)? {
                add(table.users(), users);
            }
        }
        Ok(())
    }

    fn add_all_users(&self, units: &mut IdSets) -> Result<(), DecodeError> {
        let users = units.entry(StoredName::User).or_default();
        self.add_users(users)?;
        users.extend(self.aliases()?.iter().flat_map(|alias| [alias.user.raw(), alias.alias.raw()]));
        Ok(())
    }

    fn add_called_keys(&self, units: &mut IdSets) -> Result<(), DecodeError> {
        for group_type in self.called_types() {
            if let Some(calls) = self.group_calls(group_type)? {
                add(calls.entities.to_vec(), units.entry(StoredName::GroupKey(group_type.raw())).or_default());
            }
        }
        Ok(())
    }

    /// Adds the users and group keys that the part refers to. Another part may have a later word on an association.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn add_units(&self, units: &mut IdSets) -> Result<(), DecodeError> {
        self.add_all_users(units)?;
        self.add_called_keys(units)?;
        for group_type in self.associated_types() {
            if let Some(table) = self.association_table(group_type)? {
                add(table.keys(), units.entry(StoredName::GroupKey(group_type.raw())).or_default());
            }
        }
        Ok(())
    }
}
