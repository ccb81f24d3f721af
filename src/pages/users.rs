//! The users there are.

use super::error::{PageError, damaged};
use super::holders::Holders;
use super::list::{ListPage, ListQuery, page};
use super::seen::Seen;
use crate::model::{Properties, StoredName, Timestamp, UserId};
use crate::profiles::fold;
use crate::store::Snapshot;
use serde::Serialize;
use std::collections::BTreeMap;

/// One user of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserRow {
    /// The id under which the user is shown.
    pub id: String,
    /// The properties now.
    pub properties: Properties,
    /// The key of each group type to which the user currently belongs.
    pub groups: BTreeMap<String, String>,
    /// The timestamp of the latest event; null for one that only identify() or group() named.
    pub last_seen: Option<String>,
}

/// The users, last seen first unless told otherwise, a page at a time in both directions.
///
/// # Errors
/// When the cursor is none of this list, for a filter that no list takes, and when the store is damaged.
pub fn user_list(snapshot: &Snapshot, query: &ListQuery) -> Result<ListPage<UserRow>, PageError> {
    let seen = Seen::read(snapshot)?;
    let page = page(snapshot, Holders::Users, &seen.users, query, |user| seen.last_micros(user))?;
    let damage = damaged(snapshot);
    let shown: Vec<UserId> = page.rows.iter().copied().map(UserId::new).collect();
    let mut groups = vec![BTreeMap::new(); shown.len()];
    for group_type in snapshot.group_types() {
        let keys = snapshot.profiles().associations_of(group_type, &shown, snapshot.aliases()).map_err(damage)?;
        let named: Vec<_> = groups.iter_mut().zip(keys).filter_map(|(groups, key)| Some((groups, key?))).collect();
        if named.is_empty() {
            continue;
        }
        let type_name = snapshot.name(StoredName::GroupType, group_type.raw()).map_err(damage)?;
        for (groups, key) in named {
            let key = snapshot.name(StoredName::GroupKey(group_type.raw()), key.raw()).map_err(damage)?;
            groups.insert(type_name.clone(), key);
        }
    }
    let mut groups = groups.into_iter();
    page.try_map(|user| {
        let ids = snapshot.aliases().ids_of(UserId::new(user));
        let calls = snapshot.profiles().calls_of_user(&ids).map_err(damage)?;
        Ok(UserRow {
            id: snapshot.name(StoredName::User, user).map_err(damage)?,
            properties: fold(&calls).map_err(damage)?,
            groups: groups.next().unwrap_or_default(),
            last_seen: seen.last_micros(user).map(|micros| Timestamp::clamped(micros).to_string()),
        })
    })
}
