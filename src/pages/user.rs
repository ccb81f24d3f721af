//! One user.

use super::error::{PageError, damaged, find, unknown};
use super::recent::{RecentEvent, recent};
use crate::model::{Properties, StoredName, UserId};
use crate::profiles::fold;
use crate::store::Snapshot;
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything about one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserProfile {
    /// The id under which the user is shown.
    pub id: String,
    /// All ids that are this user, sorted by their UTF-8 bytes.
    pub ids: Vec<String>,
    /// The properties now.
    pub properties: Properties,
    /// The key of each group type to which the user currently belongs.
    pub groups: BTreeMap<String, String>,
    /// The latest events, newest first.
    pub recent: Vec<RecentEvent>,
}

/// A user, found by any of its ids.
///
/// # Errors
/// When there is no such user, or the store is damaged. An id that only alias() named is no user.
pub fn user(snapshot: &Snapshot, id: &str) -> Result<UserProfile, PageError> {
    let found = UserId::new(find(snapshot, StoredName::User, "user", id)?);
    let ids = snapshot.aliases().ids_of(found);
    let damage = damaged(snapshot);
    let name = |user: UserId| snapshot.name(StoredName::User, user.raw()).map_err(damage);
    let calls = snapshot.profiles().calls_of_user(&ids).map_err(damage)?;
    let mut groups = BTreeMap::new();
    for group_type in snapshot.group_types() {
        let association = snapshot.profiles().association_of(group_type, &ids).map_err(damage)?;
        if let Some((_, key)) = association {
            let type_name = snapshot.name(StoredName::GroupType, group_type.raw()).map_err(damage)?;
            let key = snapshot.name(StoredName::GroupKey(group_type.raw()), key.raw()).map_err(damage)?;
            groups.insert(type_name, key);
        }
    }
    let recent = recent(snapshot, &ids.iter().map(|id| id.raw()).collect())?;
    if calls.is_empty() && groups.is_empty() && recent.is_empty() {
        return Err(unknown(snapshot, StoredName::User, "user", id));
    }
    let mut names = ids.iter().map(|id| name(*id)).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    Ok(UserProfile {
        id: name(snapshot.aliases().shown(found))?,
        ids: names,
        properties: fold(&calls).map_err(damage)?,
        groups,
        recent,
    })
}
