//! All units there are, and their names.

use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::query::{Query, Units};
use crate::codec::DecodeError;
use crate::model::{GroupTypeId, Moment, StoredName};
use roaring::RoaringBitmap;

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
) -> Result<(Vec<String>, bool), ExecutionError> {
    let list = match query.units {
        Units::Users => StoredName::User,
        Units::Keys(group_type) => StoredName::GroupKey(group_type.raw()),
    };
    let names = query.snapshot.names().read();
    let names = names.list(list);
    let _charge = Charge::of(query.guard, units.len() as usize * size_of::<(Rank, &str)>())?;
    let (mut ranks, mut texts): (Vec<Rank>, Vec<&str>) = Default::default();
    ranks.reserve(units.len() as usize);
    texts.reserve(units.len() as usize);
    for unit in query.guard.watch(units) {
        let name = names.name(unit?)?;
        if after.is_none_or(|after| after < name) {
            ranks.push(rank(name, texts.len()));
            texts.push(name);
        }
    }
    let has_more = keep_first(&mut ranks, &texts, limit);
    query.guard.sort_by(&mut ranks, &Ord::cmp)?;
    for same in ranks.chunk_by_mut(|a, b| first_bytes_of(*a) == first_bytes_of(*b)).filter(|same| same.len() > 1) {
        query.guard.sort_by(same, &|a, b| texts[place_of(*a)].cmp(texts[place_of(*b)]))?;
    }
    let found = query.guard.watch(ranks).map(|rank| rank.map(|rank| texts[place_of(rank)].to_owned()));
    Ok((found.collect::<Result<_, _>>()?, has_more))
}

/// The first bytes of a name, and its place in a list: a number, which sorts much faster than text.
type Rank = u128;

fn rank(name: &str, place: usize) -> Rank {
    Rank::from(first_bytes(name)) << 64 | place as Rank
}

fn first_bytes_of(rank: Rank) -> u64 {
    (rank >> 64) as u64
}

fn place_of(rank: Rank) -> usize {
    rank as u64 as usize
}

/// The first bytes of a name as a number in the order of names, which tells most names apart without their text.
fn first_bytes(name: &str) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(name.bytes()).for_each(|(slot, byte)| *slot = byte);
    u64::from_be_bytes(first)
}

/// Keeps the first in the order of names, in any order, and answers whether there were more.
fn keep_first(ranks: &mut Vec<Rank>, texts: &[&str], limit: usize) -> bool {
    let has_more = ranks.len() > limit;
    if has_more {
        let text = |rank: &Rank| texts[place_of(*rank)];
        let by_first = |a: &Rank, b: &Rank| first_bytes_of(*a).cmp(&first_bytes_of(*b));
        ranks.select_nth_unstable_by(limit, |a, b| by_first(a, b).then_with(|| text(a).cmp(text(b))));
        ranks.truncate(limit);
    }
    has_more
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_are_in_the_order_of_names() {
        let mut names = ["", "\u{1}", "a", "ab", "abcdefgh", "abcdefghi", "b", "é", "日本語の名前"];
        names.sort_unstable();
        assert!(names.is_sorted_by_key(|name| first_bytes(name)));
    }

    #[test]
    fn the_first_names_are_kept_and_whether_there_are_more_is_told() {
        let first = |limit| {
            let texts = ["same first d", "same first b", "same first e", "a", "same first c"];
            let mut ranks: Vec<Rank> = texts.iter().enumerate().map(|(place, name)| rank(name, place)).collect();
            let has_more = keep_first(&mut ranks, &texts, limit);
            let mut names: Vec<&str> = ranks.into_iter().map(|rank| texts[place_of(rank)]).collect();
            names.sort_unstable();
            (names, has_more)
        };
        assert_eq!(first(2), (vec!["a", "same first b"], true));
        assert_eq!(first(4), (vec!["a", "same first b", "same first c", "same first d"], true));
        assert_eq!(first(5), (vec!["a", "same first b", "same first c", "same first d", "same first e"], false));
        assert_eq!(first(0), (vec![], true));
    }
}
