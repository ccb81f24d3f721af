//! Group types, and the keys of one.

use super::error::{PageError, damaged, find_type};
use super::holders::Holders;
use super::list::{ListPage, ListQuery, page};
use crate::model::{GroupKeyId, GroupTypeId, Properties, StoredName, Timestamp};
use crate::store::Snapshot;
use serde::Serialize;

/// All group types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupTypes {
    /// Sorted by name.
    pub types: Vec<GroupTypeRow>,
}

/// One group type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupTypeRow {
    /// The type.
    #[serde(rename = "type")]
    pub group_type: String,
    /// How many keys it has.
    pub keys: u64,
}

/// All group types, and what the workspace was told about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredTypes {
    /// Sorted by name.
    pub types: Vec<DeclaredType>,
    /// Whether undeclared ones are refused.
    pub only_declared: bool,
}

/// A group type, and what the workspace was told about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredType {
    /// The type.
    #[serde(rename = "type")]
    pub group_type: String,
    /// The name for people; null when it is not declared.
    pub name: Option<String>,
    /// Whether it is declared.
    pub declared: bool,
    /// How many keys it has.
    pub keys: u64,
}

/// Keys of one group type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Groups {
    /// Last updated first, those that only events named last; then by the UTF-8 bytes of the key.
    pub rows: Vec<GroupRow>,
    /// Where the next page begins; null after the last.
    pub next_cursor: Option<String>,
}

/// One key of a group type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupRow {
    /// The type.
    #[serde(rename = "type")]
    pub group_type: String,
    /// The key.
    pub key: String,
    /// Its properties now.
    pub properties: Properties,
    /// The latest timestamp of a group() call that named it; null where only events did.
    pub last_updated: Option<String>,
}

/// Which keys of a type are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupsQuery {
    /// Only keys that contain this text, or have a property that does, in any case.
    pub search: Option<String>,
    /// The most rows of a page.
    pub limit: usize,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Default for GroupsQuery {
    fn default() -> Self {
        Self { search: None, limit: 50, cursor: None }
    }
}

/// All group types with how many keys each has.
///
/// # Errors
/// When the store is damaged.
pub fn group_types(snapshot: &Snapshot) -> Result<GroupTypes, PageError> {
    let mut types = Vec::new();
    for group_type in snapshot.group_types() {
        let name = snapshot.name(StoredName::GroupType, group_type.raw()).map_err(damaged(snapshot))?;
        let keys = snapshot.keys(group_type).map_err(damaged(snapshot))?;
        types.push(GroupTypeRow { group_type: name, keys: keys.len() });
    }
    types.sort_unstable_by(|a, b| a.group_type.cmp(&b.group_type));
    Ok(GroupTypes { types })
}

/// All group types with what the workspace was told about them.
///
/// # Errors
/// When the store is damaged.
pub fn declared_types(snapshot: &Snapshot) -> Result<DeclaredTypes, PageError> {
    let settings = snapshot.settings();
    let row = |id: GroupTypeId| {
        let name = settings.display_name(id).map(str::to_owned);
        let group_type = snapshot.name(StoredName::GroupType, id.raw()).map_err(damaged(snapshot))?;
        let keys = snapshot.keys(id).map_err(damaged(snapshot))?.len();
        Ok(DeclaredType { group_type, declared: name.is_some(), name, keys })
    };
    let mut types = snapshot.group_types().map(row).collect::<Result<Vec<_>, PageError>>()?;
    types.sort_by(|a, b| a.group_type.cmp(&b.group_type));
    Ok(DeclaredTypes { types, only_declared: settings.only_declared })
}

/// The keys of a group type, a page at a time.
///
/// # Errors
/// When the type is neither used nor declared, the cursor is none of this list, or the store is damaged.
pub fn groups(snapshot: &Snapshot, group_type: &str, query: &GroupsQuery) -> Result<Groups, PageError> {
    let GroupsQuery { search, limit, cursor } = query.clone();
    let page = group_list(snapshot, group_type, &ListQuery { search, limit, cursor, ..ListQuery::default() })?;
    Ok(Groups { rows: page.rows, next_cursor: page.next_cursor })
}

/// The keys of a group type in any order, filtered, a page at a time in both directions.
///
/// # Errors
/// As [`groups`], and for a filter that no list takes.
pub fn group_list(snapshot: &Snapshot, group_type: &str, query: &ListQuery) -> Result<ListPage<GroupRow>, PageError> {
    let id = find_type(snapshot, group_type)?;
    let holders = Holders::Keys(id);
    let damage = damaged(snapshot);
    let existing = snapshot.keys(id).map_err(damage)?;
    let updated = snapshot.profiles().last_updated(id, snapshot.key_count(id)).map_err(damage)?;
    let updated = |key: u32| updated.get(key as usize).copied().flatten();
    let page = page(snapshot, holders, &existing, query, |key| updated(key).map(Timestamp::micros))?;
    let keys: Vec<GroupKeyId> = page.rows.iter().copied().map(GroupKeyId::new).collect();
    let mut properties = snapshot.profiles().properties_of_keys(id, &keys).map_err(damage)?.into_iter();
    let names = snapshot.names().read();
    let names = names.list(holders.list());
    let row = |key: u32| {
        Ok(GroupRow {
            group_type: group_type.to_owned(),
            key: names.name(key).map_err(damage)?.to_owned(),
            properties: properties.next().unwrap_or_default(),
            last_updated: updated(key).map(|time| time.to_string()),
        })
    };
    page.try_map(row)
}
