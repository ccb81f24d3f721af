//! The profile of a group key.

use super::error::{PageError, damaged, find, find_type};
use super::recent::{Newest, RecentEvent};
use crate::codec::DecodeError;
use crate::dictionary::Wanted;
use crate::helpers::{beside, threads_at_best};
use crate::model::{GroupKeyId, Properties, StoredName, TextList};
use crate::store::Snapshot;
use serde::Serialize;
use std::sync::Arc;

/// Among so many users the members are looked for beside the key's history, which needs none of them.
const SHARED_USERS: u32 = 50_000;
/// The names of so many members are read on other threads too, while the members' latest events are sought.
const SHARED_MEMBERS: u64 = 2_000;
/// In so many parts, for whoever has nothing else to do.
const NAME_PARTS: usize = 8;

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
    let aliases = snapshot.aliases();
    let profiles = snapshot.profiles();
    let users = snapshot.names().read().list(StoredName::User).len();
    let (history, member_ids) = beside(
        if users < SHARED_USERS { 1 } else { threads_at_best() },
        &[()],
        |()| profiles.history_of_key(type_id, key_id).map_err(damaged(snapshot)),
        || profiles.members_of(type_id, key_id, aliases).map_err(damaged(snapshot)),
    );
    let (history, member_ids) = (history.into_iter().next().transpose()?.unwrap_or_default(), member_ids?);
    let threads = if member_ids.len() < SHARED_MEMBERS { 1 } else { threads_at_best() };
    let parts = name_parts(snapshot, if threads > 1 { NAME_PARTS } else { 1 }).map_err(damaged(snapshot))?;
    let wanted = Wanted::new(&member_ids);
    let (named, newest) = beside(
        threads,
        &parts,
        |part| names_in_order(snapshot, &wanted, part).map_err(damaged(snapshot)),
        || Newest::find(snapshot, &aliases.ids_of_all(&member_ids)),
    );
    let recent = newest?.show(snapshot)?;
    let mut members = TextList::new();
    for named in named {
        members.append(&named?);
    }
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
        members,
        recent,
    })
}

/// Names that others come after, and until which they come.
type NamePart = (Option<String>, Option<String>);

/// The names of all users in so many parts. They are copied, so that the lock on names is held by nobody who asks for it
/// again.
fn name_parts(snapshot: &Snapshot, count: usize) -> Result<Vec<NamePart>, DecodeError> {
    let names = snapshot.names().read();
    let parts = names.list(StoredName::User).parts(count)?.into_iter();
    Ok(parts.map(|(after, until)| (after.map(str::to_owned), until.map(str::to_owned))).collect())
}

/// The names of these users in one part, by their bytes.
fn names_in_order(snapshot: &Snapshot, users: &Wanted<'_>, part: &NamePart) -> Result<TextList, DecodeError> {
    let (names, mut found) = (snapshot.names().read(), TextList::new());
    let mut sorted = names.list(StoredName::User).sorted(users, (part.0.as_deref(), part.1.as_deref()))?;
    while !sorted.is_at_end() {
        sorted.take_some(usize::MAX, &mut found)?;
    }
    Ok(found)
}
