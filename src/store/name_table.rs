//! Names with their ids, in memory: those that a draft defines, and those that lines gave lately.

use crate::codec::ByteMap;
use crate::model::StoredName;

/// See the module. Names of all lists lie in one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameTable(ByteMap);

/// Most names that are kept of what came lately, and most bytes of those that are long.
const RECENT_NAMES_MAX: usize = 1 << 20;
const RECENT_BYTES_MAX: usize = 32 << 20;

/// What tells names of this list from those of others.
#[inline]
fn tag(list: StoredName) -> u32 {
    match list {
        // Fewer than 2³² bytes of names do not number group types so high.
        StoredName::User => ByteMap::TAG_MAX,
        StoredName::Event => ByteMap::TAG_MAX - 1,
        StoredName::Property => ByteMap::TAG_MAX - 2,
        StoredName::GroupType => ByteMap::TAG_MAX - 3,
        StoredName::GroupKey(group_type) => group_type,
    }
}

impl NameTable {
    /// The id of a name of this list.
    #[inline]
    pub fn get(&self, list: StoredName, name: &str) -> Option<u32> {
        self.0.get(tag(list), name.as_bytes())
    }

    /// Adds a name that is not there; all lists have fewer than 2³² bytes of them.
    pub fn insert(&mut self, list: StoredName, name: &str, id: u32) {
        self.0.get_or_insert(tag(list), name.as_bytes(), id);
    }

    /// The same, where everything may be forgotten when it has become much.
    pub fn insert_recent(&mut self, list: StoredName, name: &str, id: u32) {
        if self.0.len() >= RECENT_NAMES_MAX || self.0.long_bytes() + name.len() > RECENT_BYTES_MAX {
            self.0.clear();
        }
        self.insert(list, name, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_different_lists_are_different() {
        let mut names = NameTable::default();
        let lists = [StoredName::User, StoredName::Property, StoredName::GroupKey(0), StoredName::GroupKey(1)];
        for (id, list) in lists.into_iter().enumerate() {
            names.insert(list, "a", id as u32);
        }
        assert!(lists.into_iter().enumerate().all(|(id, list)| names.get(list, "a") == Some(id as u32)));
        assert_eq!(names.get(StoredName::Event, "a"), None);
        assert_eq!(names.get(StoredName::User, "b"), None);
    }

    #[test]
    fn what_came_lately_is_bounded() {
        let mut names = NameTable::default();
        let long = "x".repeat(RECENT_BYTES_MAX / 2);
        for id in 0..3 {
            names.insert_recent(StoredName::GroupKey(id), &long, id);
        }
        assert!(names.0.long_bytes() <= RECENT_BYTES_MAX);
        assert_eq!(names.get(StoredName::GroupKey(2), &long), Some(2));
        assert_eq!(names.get(StoredName::GroupKey(0), &long), None);
    }
}
