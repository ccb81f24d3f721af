//! All units there are, and their names.

use super::query::{Query, Units};
use crate::codec::DecodeError;
use crate::model::{GroupTypeId, StoredName};
use roaring::RoaringBitmap;

/// Every user with an event, identify() or group(); every key with an event or group().
///
/// # Errors
/// When the store is damaged.
pub fn universe(query: Query<'_>) -> Result<RoaringBitmap, DecodeError> {
    match query.units {
        Units::Keys(group_type) => query.snapshot.keys(group_type),
        Units::Users => {
            let mut users = query.snapshot.profiles().users()?;
            for segment in query.snapshot.segments() {
                for table in segment.tables() {
                    let runs = table.users()?;
                    users.extend((0..runs.len()).map(|run| runs.user(run).raw()));
                }
            }
            Ok(query.shown(users))
        }
    }
}

/// The names of these units, sorted by their bytes.
///
/// # Errors
/// When the dictionary is damaged.
pub fn members(query: Query<'_>, units: &RoaringBitmap) -> Result<Vec<String>, DecodeError> {
    let list = match query.units {
        Units::Users => StoredName::User,
        Units::Keys(group_type) => StoredName::GroupKey(group_type.raw()),
    };
    let names = query.snapshot.names().read();
    let names = names.list(list);
    let mut found = units.iter().map(|unit| names.name(unit)).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable();
    Ok(found.into_iter().map(str::to_owned).collect())
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
/// When the store is damaged.
pub fn associated_keys(query: Query<'_>, group_type: GroupTypeId) -> Result<Vec<Option<u32>>, DecodeError> {
    let snapshot = query.snapshot;
    let found = snapshot.profiles().associations(group_type, snapshot.user_count(), snapshot.aliases())?;
    Ok(found.into_iter().map(|association| association.map(|(_, key)| key.raw())).collect())
}
