//! All units there are, and their names.

use super::query::{Query, Units};
use crate::codec::DecodeError;
use crate::model::StoredName;
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
