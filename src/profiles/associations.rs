//! Who belongs to which key: the associations of one type in a part, opened once for many look-ups.

use super::part::{Association, AssociationColumns, ProfilesPart, id, moment, same_length};
use super::{Aliases, Profiles};
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{DecodeError, Packed, set_of};
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
        let (mut keys, mut users) = ([0; BLOCK_VALUES], [0; BLOCK_VALUES]);
        let (mut places, mut is_common) = ([0; BLOCK_VALUES], false);
        for block in 0..self.keys.blocks() {
            let rows = self.keys.decode_block(block, &mut keys);
            // Behind the rows of the last block lies what an earlier one had.
            let found = if is_common { common(&keys[..rows], key, &mut places) } else { rare(&keys, key, &mut places) };
            let places = places[..found].iter().map(|place| usize::from(*place)).filter(|place| *place < rows);
            is_common = found >= COMMON;
            if is_common {
                self.users.decode_block(block, &mut users);
                places.map(|place| id(users[place])).try_for_each(|user| user.map(|user| visit(UserId::new(user))))?;
                continue;
            }
            for place in places {
                visit(UserId::new(id(self.users.get(block * BLOCK_VALUES + place))?));
            }
        }
        Ok(())
    }
}

/// How many keys are held against one at once.
const KEYS_AT_ONCE: usize = 16;
const _: () = assert!(BLOCK_VALUES.is_multiple_of(KEYS_AT_ONCE));
/// Of a key that comes so often in a block, all users of the block are read, and all keys of the next are looked at one by
/// one.
const COMMON: usize = BLOCK_VALUES / 32;

/// Puts down where a key is among others, and answers how often it is. Every place is put down, and stays if the key is
/// there: where it is cannot be foretold.
fn common(keys: &[i64], key: i64, places: &mut [u16; BLOCK_VALUES]) -> usize {
    let mut count = 0;
    for (place, found) in (0..).zip(keys) {
        places[count % BLOCK_VALUES] = place;
        count += usize::from(*found == key);
    }
    count
}

/// The same of a key that is mostly not there: several are held against it without a jump.
fn rare(keys: &[i64; BLOCK_VALUES], key: i64, places: &mut [u16; BLOCK_VALUES]) -> usize {
    let mut count = 0;
    for (piece, keys) in keys.as_chunks::<KEYS_AT_ONCE>().0.iter().enumerate() {
        if !keys.iter().fold(false, |is_any, found| is_any | (*found == key)) {
            continue;
        }
        for (place, found) in keys.iter().enumerate() {
            places[count % BLOCK_VALUES] = (piece * KEYS_AT_ONCE + place) as u16;
            count += usize::from(*found == key);
        }
    }
    count
}

/// Finds the rows of one user after the other, ascending, with a block of users decoded.
struct UserSearch<'a> {
    users: &'a Packed,
    /// The number of the block, how many rows it has, and the place among them to look at next.
    block: usize,
    rows: usize,
    next: usize,
    values: Box<[i64; BLOCK_VALUES]>,
}

impl<'a> UserSearch<'a> {
    fn new(users: &'a Packed) -> Self {
        Self { users, block: 0, rows: 0, next: 0, values: Box::new([0; BLOCK_VALUES]) }
    }

    /// The row of a user, as sent. A user asked for must be above those asked for before.
    fn row_of(&mut self, user: UserId) -> Option<usize> {
        let wanted = i64::from(user.raw());
        if self.values[..self.rows].last().is_none_or(|last| *last < wanted) {
            let passed = self.block * BLOCK_VALUES + self.rows;
            let row = self.users.lower_bound_in(passed..self.users.len(), wanted);
            if row >= self.users.len() {
                return None;
            }
            (self.block, self.next) = (row / BLOCK_VALUES, row % BLOCK_VALUES);
            self.rows = self.users.decode_block(self.block, &mut self.values);
        }
        // It is mostly one of the next few.
        self.next += self.values[self.next..self.rows].iter().take_while(|found| **found < wanted).count();
        let found = self.values[..self.rows].get(self.next)?;
        (*found == wanted).then_some(self.block * BLOCK_VALUES + self.next)
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
        let candidates = set_of(candidates);
        if parts.len() == 1 && aliases.is_empty() {
            // One part has one word on a user of one id.
            return Ok(candidates);
        }
        // Parts list users in ascending order, so that many are found in one walk.
        let mut ids: Vec<(UserId, usize)> = Vec::new();
        for (place, shown) in candidates.iter().enumerate() {
            ids.extend(aliases.ids_of(UserId::new(shown)).into_iter().map(|id| (id, place)));
        }
        ids.sort_unstable();
        let mut latest: Vec<Option<(Moment, GroupKeyId)>> = vec![None; candidates.len() as usize];
        for part in &parts {
            let mut search = UserSearch::new(&part.users);
            for (id, place) in &ids {
                let Some(row) = search.row_of(*id) else { continue };
                let Association { moment, key, .. } = part.get(row)?;
                let latest = &mut latest[*place];
                if latest.is_none_or(|(before, _)| before < moment) {
                    *latest = Some((moment, key));
                }
            }
        }
        let members = candidates.iter().zip(latest).filter(|(_, latest)| latest.is_some_and(|(_, found)| found == key));
        Ok(members.map(|(shown, _)| shown).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::packed::encode;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn searching_in_a_walk_finds_what_is_there(
            gaps in prop::collection::vec(1u32..4, 0..4000),
            wanted in prop::collection::btree_set(0u32..10_000, 0..60),
        ) {
            let users: Vec<i64> = gaps.iter().scan(0, |user, gap| { *user += i64::from(*gap); Some(*user) }).collect();
            let column = Packed::open(encode(&users).into()).unwrap();
            let mut search = UserSearch::new(&column);
            for user in &wanted {
                prop_assert_eq!(search.row_of(UserId::new(*user)), users.binary_search(&i64::from(*user)).ok());
            }
            let all: BTreeSet<u32> = users.iter().map(|user| *user as u32).chain(wanted).collect();
            let mut search = UserSearch::new(&column);
            let found = all.iter().filter_map(|user| search.row_of(UserId::new(*user)));
            prop_assert!(found.eq(0..users.len()), "each row once");
        }

        #[test]
        fn the_users_of_a_key_are_those_of_its_rows(
            runs in prop::collection::vec((0u32..4, 1usize..1500, 1usize..100), 0..12), wanted in 0u32..5,
        ) {
            // Several blocks, so that the keys of one lie behind the rows of the last; a key is in a run in one of so many
            // rows, which is often or seldom.
            let run = |(key, rows, share)| (0..rows).map(move |row| if row % share == 0 { key } else { 9 });
            let keys: Vec<u32> = runs.into_iter().flat_map(run).collect();
            let column = |value: &dyn Fn(usize) -> i64| {
                Packed::open(encode(&(0..keys.len()).map(value).collect::<Vec<i64>>()).into()).unwrap()
            };
            let users = |row: usize| row as u32 * 3 + 1;
            let associations = Associations {
                users: column(&|row| users(row).into()),
                times: column(&|_| 0),
                arrivals: column(&|_| 0),
                keys: column(&|row| keys[row].into()),
            };
            let mut found = Vec::new();
            associations.users_of_key(GroupKeyId::new(wanted), |user| found.push(user.raw())).unwrap();
            let expected = keys.iter().enumerate().filter(|(_, key)| **key == wanted).map(|(row, _)| users(row));
            prop_assert_eq!(found, expected.collect::<Vec<u32>>());
        }
    }
}
