//! All units there are, and their names.

use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::query::{Query, Units};
use super::split::threads_for;
use crate::codec::DecodeError;
use crate::codec::packed::BLOCK_VALUES;
use crate::dictionary::{Between, NameList, Wanted};
use crate::helpers::in_parallel;
use crate::model::{GroupTypeId, Moment, StoredName, TextList};
use roaring::RoaringBitmap;

/// A name costs so much more to read than a row to count.
const NAME_WORK: usize = 32;

/// Every user with an event, identify() or group(); every key with an event or group().
///
/// # Errors
/// When the store is damaged, or the execution stopped; as for all functions here that read much.
pub fn universe(query: Query<'_>) -> Result<Charged<RoaringBitmap>, ExecutionError> {
    match query.units {
        Units::Keys(group_type) => Ok(Charged::new(query.guard, query.snapshot.keys(group_type)?)?),
        Units::Users => {
            let mut users = Charged::new(query.guard, RoaringBitmap::new())?;
            for part in query.snapshot.profiles().parts() {
                query.guard.check()?;
                part.add_users(&mut users)?;
                users.settle()?;
            }
            for segment in query.snapshot.segments() {
                query.guard.check()?;
                *users |= segment.user_days()?.units_ever().to_bitmap()?;
                users.settle()?;
            }
            Ok(Charged::new(query.guard, query.shown(users.into_inner()))?)
        }
    }
}

/// The names of up to `limit` of these units, of those that come `after` one if it is given: the first ones, sorted by
/// their bytes, and whether there are more.
///
/// # Errors
/// As [`universe`].
pub fn members(
    query: Query<'_>,
    units: &RoaringBitmap,
    after: Option<&str>,
    limit: usize,
) -> Result<(TextList, bool), ExecutionError> {
    let list = match query.units {
        Units::Users => StoredName::User,
        Units::Keys(group_type) => StoredName::GroupKey(group_type.raw()),
    };
    let names = query.snapshot.names().read();
    let (names, count) = (names.list(list), usize::try_from(units.len()).unwrap_or(usize::MAX));
    let wanted = Wanted::new(units);
    let _charge = Charge::of(query.guard, wanted.byte_len() + count.min(limit) * size_of::<usize>())?;
    let threads = threads_for(query.guard, count.saturating_mul(NAME_WORK));
    if count > limit || threads == 1 {
        return names_between(query, names, &wanted, (after, None), limit);
    }
    let part = |(from, until): &Between<'_>| names_between(query, names, &wanted, ((*from).max(after), *until), limit);
    let mut found = TextList::new();
    for of_part in in_parallel(threads, &names.parts(threads)?, part) {
        found.append(&of_part?.0);
    }
    Ok((found, false))
}

/// The names of up to `limit` of these units that come after the first of two names, and not after the second: the first
/// ones, and whether there are more.
fn names_between(
    query: Query<'_>,
    names: &NameList,
    wanted: &Wanted<'_>,
    between: Between<'_>,
    limit: usize,
) -> Result<(TextList, bool), ExecutionError> {
    let mut sorted = names.sorted(wanted, between)?;
    let mut charge = Charge::none(query.guard);
    let (mut found, mut unchecked_until) = (TextList::new(), 0);
    while found.len() < limit && !sorted.is_at_end() {
        // Some come by the block, and some one by one.
        if found.len() >= unchecked_until {
            query.guard.check()?;
            unchecked_until = found.len() + BLOCK_VALUES;
        }
        charge.set(sorted.byte_len())?;
        sorted.take_some(limit - found.len(), &mut found)?;
    }
    Ok((found, !sorted.is_at_end()))
}

/// The keys with these names; names that no key has are passed over.
///
/// # Errors
/// When the dictionary is damaged.
pub fn keys_named(query: Query<'_>, group_type: GroupTypeId, names: &[String]) -> Result<RoaringBitmap, DecodeError> {
    let mut keys = RoaringBitmap::new();
    for name in names {
        keys.extend(query.snapshot.group_key(group_type, name)?.map(|key| key.raw()));
    }
    Ok(keys)
}

/// The key of a type to which each user belongs now, by the user's number under its shown id.
///
/// # Errors
/// As [`universe`].
pub fn associated_keys(query: Query<'_>, group_type: GroupTypeId) -> Result<Charged<Vec<Option<u32>>>, ExecutionError> {
    let (snapshot, guard) = (query.snapshot, query.guard);
    let mut latest: Charged<Vec<Option<Moment>>> = Charged::list(guard, None, snapshot.user_count() as usize)?;
    let mut keys = Charged::list(guard, None, latest.len())?;
    for part in snapshot.profiles().parts() {
        guard.check()?;
        part.associations(group_type, |association| {
            let user = snapshot.aliases().shown(association.user).index();
            if let Some(slot) = latest.get_mut(user)
                && slot.is_none_or(|moment| moment < association.moment)
            {
                *slot = Some(association.moment);
                keys[user] = Some(association.key.raw());
            }
        })?;
    }
    Ok(keys)
}
