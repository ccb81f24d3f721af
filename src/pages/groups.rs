//! Group types, and the keys of one.

use super::error::{PageError, damaged, find_type};
use crate::model::{GroupKeyId, GroupTypeId, Properties, StoredName, Timestamp, Value};
use crate::profiles::fold;
use crate::store::Snapshot;
use serde::Serialize;
use std::cmp::Reverse;

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

/// A place in the list: the last row of a page.
type Place<'n> = (Reverse<Option<Timestamp>>, &'n str);

/// What a cursor stands before: the update and key of the row it follows.
fn write_cursor(updated: Option<Timestamp>, key: &str) -> String {
    match updated {
        Some(time) => format!("{}~{key}", time.micros()),
        None => format!("~{key}"),
    }
}

fn read_cursor(cursor: &str) -> Result<Place<'_>, PageError> {
    let refused = || PageError::Cursor { cursor: cursor.to_owned() };
    let (updated, key) = cursor.split_once('~').ok_or_else(refused)?;
    let updated = match updated {
        "" => None,
        micros => Some(Timestamp::from_micros(micros.parse().map_err(|_| refused())?).map_err(|_| refused())?),
    };
    Ok((Reverse(updated), key))
}

/// The properties of a key now.
pub(super) fn properties_now(
    snapshot: &Snapshot,
    group_type: GroupTypeId,
    key: GroupKeyId,
) -> Result<Properties, PageError> {
    let calls = snapshot.profiles().calls_of_key(group_type, key).map_err(damaged(snapshot))?;
    fold(&calls).map_err(damaged(snapshot))
}

/// Whether a value, or a part of it, contains a text that is in lower case.
fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => value.to_json().contains(text),
        Value::String(own) => own.to_lowercase().contains(text),
        Value::List(items) => items.iter().any(|item| contains(item, text)),
        Value::Object(fields) => fields.values().any(|field| contains(field, text)),
    }
}

/// The keys of a group type, a page at a time.
///
/// # Errors
/// When the type is neither used nor declared, the cursor is none of this list, or the store is damaged.
pub fn groups(snapshot: &Snapshot, group_type: &str, query: &GroupsQuery) -> Result<Groups, PageError> {
    let id = find_type(snapshot, group_type)?;
    let updated = snapshot.profiles().last_updated(id, snapshot.key_count(id)).map_err(damaged(snapshot))?;
    let existing = snapshot.keys(id).map_err(damaged(snapshot))?;
    let names = snapshot.names().read();
    let keys = names.keys(id);
    let mut order: Vec<(Place<'_>, u32)> = Vec::with_capacity(updated.len());
    for (key, time) in (0..).zip(&updated).filter(|(key, _)| existing.contains(*key)) {
        order.push(((Reverse(*time), keys.name(key).map_err(damaged(snapshot))?), key));
    }
    order.sort_unstable();
    let start = match &query.cursor {
        None => 0,
        Some(cursor) => {
            let after = read_cursor(cursor)?;
            order.partition_point(|(place, _)| *place <= after)
        }
    };
    let search = query.search.as_ref().map(|text| text.to_lowercase()).filter(|text| !text.is_empty());
    let mut rows: Vec<GroupRow> = Vec::new();
    let mut next_cursor = None;
    // The place of the last row taken, from which the next page goes on.
    let mut last: Option<Place<'_>> = None;
    for (place, key) in &order[start..] {
        let name_matches = search.as_ref().is_none_or(|text| place.1.to_lowercase().contains(text));
        let is_full = rows.len() >= query.limit;
        // One more row that matches says that there is a next page; its properties matter only for the search.
        let properties = if is_full && name_matches {
            Properties::new()
        } else {
            properties_now(snapshot, id, GroupKeyId::new(*key))?
        };
        let matches =
            name_matches || search.as_ref().is_some_and(|text| properties.values().any(|value| contains(value, text)));
        if !matches {
            continue;
        }
        if is_full {
            next_cursor = last.map(|(Reverse(time), key)| write_cursor(time, key));
            break;
        }
        last = Some(*place);
        rows.push(GroupRow {
            group_type: group_type.to_owned(),
            key: place.1.to_owned(),
            properties,
            last_updated: place.0.0.map(|time| time.to_string()),
        });
    }
    Ok(Groups { rows, next_cursor })
}
