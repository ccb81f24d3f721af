//! Who belongs to which key: the associations of one type in a part, opened once for many look-ups.

use super::part::{Association, AssociationColumns, ProfilesPart, id, moment, same_length};
use super::{Aliases, Profiles};
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{DecodeError, Packed};
use crate::model::{GroupKeyId, GroupTypeId, Moment, UserId};
use roaring::RoaringBitmap;

/// The associations of one type in a part, one a user, ascending by user.
pub(super) struct Associations {
    users: Packed,
    times: Packed,
    arrivals: Packed,
    keys: Packed,
}

impl Associations {
    pub fn open(part: &ProfilesPart, columns: &AssociationColumns) -> Result<Self, DecodeError> {
        let associations = Self {
            users: part.column(columns.users)?,
            times: part.column(columns.times)?,
            arrivals: part.column(columns.arrivals)?,
            keys: part.column(columns.keys)?,
        };
        let Self { users, times, arrivals, keys } = &associations;
        same_length(&[users.len(), times.len(), arrivals.len(), keys.len()])?;
        Ok(associations)
    }

    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Counts all rows as read.
    pub fn count_read(&self) {
        let columns = [&self.users, &self.times, &self.arrivals, &self.keys];
        columns.into_iter().for_each(|column| column.count_read(0..column.len()));
    }

    pub fn get(&self, row: usize) -> Result<Association, DecodeError> {
        Ok(Association {
            user: UserId::new(id(self.users.get(row))?),
            moment: moment(self.times.get(row), self.arrivals.get(row))?,
            key: GroupKeyId::new(id(self.keys.get(row))?),
        })
    }

    /// The users of all rows.
    pub fn users(&self) -> &Packed {
        &self.users
    }

    /// The keys of all rows.
    pub fn keys(&self) -> &Packed {
        &self.keys
    }

    /// The association of a user, as sent.
    pub fn of_user(&self, user: UserId) -> Result<Option<Association>, DecodeError> {
        let user = i64::from(user.raw());
        let row = self.users.lower_bound(user);
        if row < self.len() && self.users.get(row) == user { self.get(row).map(Some) } else { Ok(None) }
    }

    /// Calls `visit` with the users, as sent, whose latest key in this part this is.
    fn users_of_key(&self, key: GroupKeyId, mut visit: impl FnMut(UserId)) -> Result<(), DecodeError> {
        let key = i64::from(key.raw());
        let mut keys = [0; BLOCK_VALUES];
        for block in 0..self.keys.blocks() {
            let rows = self.keys.decode_block(block, &mut keys);
            for place in keys[..rows].iter().enumerate().filter(|(_, found)| **found == key).map(|(place, _)| place) {
                visit(UserId::new(id(self.users.get(block * BLOCK_VALUES + place))?));
            }
        }
        Ok(())
    }
}

/// The latest word of several parts on users under these ids.
fn latest(parts: &[Associations], ids: &[UserId]) -> Result<Option<(Moment, GroupKeyId)>, DecodeError> {
    let mut latest: Option<(Moment, GroupKeyId)> = None;
    for part in parts {
        for id in ids {
            if let Some(found) = part.of_user(*id)?
                && latest.is_none_or(|(moment, _)| moment < found.moment)
            {
                latest = Some((found.moment, found.key));
            }
        }
    }
    Ok(latest)
}

impl Profiles {
    fn association_tables(&self, group_type: GroupTypeId) -> Result<Vec<Associations>, DecodeError> {
        let mut tables = Vec::with_capacity(self.parts().len());
        for part in self.parts() {
            tables.extend(part.association_table(group_type)?);
        }
        Ok(tables)
    }

    /// The key of a type to which each user currently belongs, by the user's shown id.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn associations(
        &self,
        group_type: GroupTypeId,
        users: u32,
        aliases: &Aliases,
    ) -> Result<Vec<Option<(Moment, GroupKeyId)>>, DecodeError> {
        let mut latest: Vec<Option<(Moment, GroupKeyId)>> = vec![None; users as usize];
        for part in self.parts() {
            part.associations(group_type, |association| {
                if let Some(slot) = latest.get_mut(aliases.shown(association.user).index())
                    && slot.is_none_or(|(moment, _)| moment < association.moment)
                {
                    *slot = Some((association.moment, association.key));
                }
            })?;
        }
        Ok(latest)
    }

    /// The key of a type to which the user with these ids currently belongs.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn association_of(
        &self,
        group_type: GroupTypeId,
        ids: &[UserId],
    ) -> Result<Option<(Moment, GroupKeyId)>, DecodeError> {
        latest(&self.association_tables(group_type)?, ids)
    }

    /// The key of a type to which each of these users currently belongs, given by one of its ids.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn associations_of(
        &self,
        group_type: GroupTypeId,
        users: &[UserId],
        aliases: &Aliases,
    ) -> Result<Vec<Option<GroupKeyId>>, DecodeError> {
        let parts = self.association_tables(group_type)?;
        let key = |user: &UserId| Ok(latest(&parts, &aliases.ids_of(*user))?.map(|(_, key)| key));
        users.iter().map(key).collect()
    }

    /// The users, under their shown ids, that currently belong to a key.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn members_of(
        &self,
        group_type: GroupTypeId,
        key: GroupKeyId,
        aliases: &Aliases,
    ) -> Result<RoaringBitmap, DecodeError> {
        let parts = self.association_tables(group_type)?;
        // Whoever belongs to the key now is said to, in the part that has the last word on that user.
        let mut candidates: Vec<u32> = Vec::new();
        for part in &parts {
            part.users_of_key(key, |user| candidates.push(aliases.shown(user).raw()))?;
        }
        candidates.sort_unstable();
        candidates.dedup();
        // It takes nothing but numbers that ascend, as these do.
        let candidates = RoaringBitmap::from_sorted_iter(candidates).unwrap_or_default();
        if parts.len() == 1 && aliases.is_empty() {
            // One part has one word on a user of one id.
            return Ok(candidates);
        }
        let mut members = RoaringBitmap::new();
        for shown in candidates {
            let ids = aliases.ids_of(UserId::new(shown));
            if parts.len() == 1 && ids.len() == 1 || latest(&parts, &ids)?.is_some_and(|(_, found)| found == key) {
                members.insert(shown);
            }
        }
        Ok(members)
    }
}
