//! Taking users, keys or what expired events said out of profiles; and what profiles refer to.

use super::{Profiles, ProfilesBuilder, ProfilesPart};
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{DecodeError, Packed};
use crate::model::{GroupKeyId, GroupTypeId, IdSets, Moment, StoredName, Timestamp, UserId};
use hashbrown::HashMap;
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
    /// Associations of which the latest word is gone, while an earlier one says the same.
    pub associations_earlier: u64,
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
        if let Some(calls) = self.group_calls.get_mut(&group_type) {
            let before = calls.len();
            calls.retain(|call| !keys.contains(&GroupKeyId::new(call.entity)));
            touched.group_calls = (before - calls.len()) as u64;
        }
        self.group_calls.retain(|_, calls| !calls.is_empty());
        let left = self.recall(group_type, |_, key| keys.contains(&key)).into_keys().collect::<BTreeSet<_>>();
        touched.associations = left.len() as u64;
        (touched, left)
    }

    /// Takes out what events before `end` said of associations: who has no later word has the latest that group() calls
    /// say. All parts must have been added.
    pub fn expire_associations(&mut self, end: Timestamp) -> ProfilesTouched {
        let mut touched = ProfilesTouched::default();
        let types: Vec<GroupTypeId> = self.associations.keys().copied().collect();
        for group_type in types {
            // Where the latest word is so old, every word of an event is; only those of calls remain.
            let old = self.recall(group_type, |moment, _| moment.time < end);
            let latest = self.associations.get(&group_type);
            for (user, (moment, key)) in old {
                match latest.and_then(|latest| latest.get(&user)) {
                    Some((now, _)) if *now == moment => {}
                    Some((_, now)) if *now == key => touched.associations_earlier += 1,
                    _ => touched.associations += 1,
                }
            }
        }
        touched
    }

    /// Takes out the associations of a type that `goes` says, and puts the latest words of group() calls on the same
    /// users in their place. Answers what was taken out.
    fn recall(
        &mut self,
        group_type: GroupTypeId,
        goes: impl Fn(Moment, GroupKeyId) -> bool,
    ) -> HashMap<UserId, (Moment, GroupKeyId)> {
        let Some(latest) = self.associations.get_mut(&group_type) else { return HashMap::new() };
        let taken: HashMap<_, _> = latest.extract_if(|_, (moment, key)| goes(*moment, *key)).collect();
        let calls = self.group_calls.get(&group_type).into_iter().flatten();
        let of_taken = calls.filter_map(|call| Some((call.user.filter(|user| taken.contains_key(user))?, call)));
        let said: Vec<_> = of_taken.map(|(user, call)| (user, call.moment, GroupKeyId::new(call.entity))).collect();
        for (user, moment, key) in said {
            self.associate(group_type, user, moment, key);
        }
        self.associations.retain(|_, latest| !latest.is_empty());
        taken
    }
}

impl Profiles {
    /// Users, as sent, with an identify() or a group(). Associations name no others but those with events.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn users(&self) -> Result<RoaringBitmap, DecodeError> {
        let mut users = RoaringBitmap::new();
        self.parts().iter().try_for_each(|part| part.add_users(&mut users))?;
        Ok(users)
    }
}

/// Adds the ids of a column, each stored with so much added.
fn add(column: &Packed, added: i64, into: &mut RoaringBitmap) {
    let mut buffer = [0; BLOCK_VALUES];
    for block in 0..column.blocks() {
        let count = column.decode_block(block, &mut buffer);
        into.extend(buffer[..count].iter().filter_map(|stored| u32::try_from(stored.wrapping_sub(added)).ok()));
    }
}

impl ProfilesPart {
    /// Adds the users, as sent, of the part's identify() and group() calls.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn add_users(&self, users: &mut RoaringBitmap) -> Result<(), DecodeError> {
        if let Some(calls) = self.user_calls()? {
            add(&calls.entities, 0, users);
        }
        for group_type in self.called_types() {
            if let Some(calls) = self.group_calls(group_type)? {
                calls.users().into_iter().for_each(|column| add(column, 1, users));
            }
        }
        Ok(())
    }

    /// Adds the users and group keys that the part refers to.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn add_ids(&self, ids: &mut IdSets) -> Result<(), DecodeError> {
        let users = ids.entry(StoredName::User).or_default();
        self.add_users(users)?;
        users.extend(self.aliases()?.iter().flat_map(|alias| [alias.user.raw(), alias.alias.raw()]));
        for group_type in self.called_types() {
            if let Some(calls) = self.group_calls(group_type)? {
                add(&calls.entities, 0, ids.entry(StoredName::GroupKey(group_type.raw())).or_default());
            }
        }
        for group_type in self.associated_types() {
            if let Some(table) = self.association_table(group_type)? {
                add(table.users(), 0, ids.entry(StoredName::User).or_default());
                add(table.keys(), 0, ids.entry(StoredName::GroupKey(group_type.raw())).or_default());
            }
        }
        Ok(())
    }
}
