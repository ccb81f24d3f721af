//! The profile of a group key.

use super::error::{PageError, damaged, find, find_type};
use super::recent::{RecentEvent, recent};
use crate::codec::DecodeError;
use crate::helpers::beside;
use crate::model::{GroupKeyId, Properties, StoredName, TextList};
use crate::store::Snapshot;
use roaring::RoaringBitmap;
use serde::Serialize;
use std::sync::Arc;

/// The names of so many members are read on a second thread, beside the members' latest events: that takes as long.
const SHARED_MEMBERS: u64 = 2_000;

/// Everything about one key of a group type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupProfile {
    /// The type.
    #[serde(rename = "type")]
    pub group_type: String,
    /// The key.
    pub key: String,
    /// Its properties now.
    pub properties: Properties,
    /// The latest timestamp of a group() call that named it; null where only events did.
    pub last_updated: Option<String>,
    /// The properties after the first group() call and after each that changed them, newest first.
    pub versions: Vec<ProfileVersion>,
    /// The users who currently belong to it, by shown id, sorted by their UTF-8 bytes.
    pub members: TextList,
    /// The members' own latest events, newest first.
    pub recent: Vec<RecentEvent>,
}

/// Properties from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileVersion {
    /// From when, RFC 3339.
    pub at: String,
    /// The properties.
    pub properties: Arc<Properties>,
}

/// The profile of a key.
///
/// # Errors
/// When the type or the key does not exist, or the store is damaged.
pub fn group(snapshot: &Snapshot, group_type: &str, key: &str) -> Result<GroupProfile, PageError> {
    let type_id = find_type(snapshot, group_type)?;
    let key_id = GroupKeyId::new(find(snapshot, StoredName::GroupKey(type_id.raw()), "key", key)?);
    let history = snapshot.profiles().history_of_key(type_id, key_id).map_err(damaged(snapshot))?;
    let aliases = snapshot.aliases();
    let member_ids = snapshot.profiles().members_of(type_id, key_id, aliases).map_err(damaged(snapshot))?;
    let ids = aliases.ids_of_all(&member_ids);
    let (members, recent) = beside(
        member_ids.len() >= SHARED_MEMBERS,
        || names_in_order(snapshot, &member_ids).map_err(damaged(snapshot)),
        || recent(snapshot, &ids),
    );
    Ok(GroupProfile {
        group_type: group_type.to_owned(),
        key: key.to_owned(),
        properties: history.versions.last().map(|version| (*version.properties).clone()).unwrap_or_default(),
        last_updated: history.last_updated.map(|time| time.to_string()),
        versions: history
            .versions
            .into_iter()
            .rev()
            .map(|version| ProfileVersion { at: version.moment.time.to_string(), properties: version.properties })
            .collect(),
        members: members?,
        recent: recent?,
    })
}

/// The names of these users, by their bytes.
fn names_in_order(snapshot: &Snapshot, users: &RoaringBitmap) -> Result<TextList, DecodeError> {
    let names = snapshot.names().read();
    let sorted = names.list(StoredName::User).sorted(users, None, None)?;
    let mut found = TextList::new();
    for named in sorted {
        found.push(named?.1);
    }
    Ok(found)
}
