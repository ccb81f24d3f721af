//! Names with their ids, in memory: those that a draft defines, and those that lines gave lately.

use crate::model::StoredName;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// See the module. Names of all lists lie in one text and one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameTable {
    text: String,
    entries: HashTable<Entry>,
    hasher: DefaultHashBuilder,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    list: StoredName,
    id: u32,
    start: u32,
    length: u32,
}

impl Entry {
    fn name(self, text: &str) -> &str {
        &text[self.start as usize..(self.start + self.length) as usize]
    }
}

/// Most names that are kept of what came lately, and most bytes of them.
const RECENT_NAMES_MAX: usize = 1 << 20;
const RECENT_BYTES_MAX: usize = 32 << 20;

impl NameTable {
    /// The id of a name of this list.
    pub fn get(&self, list: StoredName, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one((list, name));
        let is_it = |entry: &Entry| entry.list == list && entry.name(&self.text) == name;
        self.entries.find(hash, is_it).map(|entry| entry.id)
    }

    /// Adds a name that is not there; a list has fewer than 2³² bytes of them.
    pub fn insert(&mut self, list: StoredName, name: &str, id: u32) {
        let entry = Entry { list, id, start: self.text.len() as u32, length: name.len() as u32 };
        self.text.push_str(name);
        let Self { text, entries, hasher } = self;
        let hash = |entry: &Entry| hasher.hash_one((entry.list, entry.name(text)));
        entries.insert_unique(hash(&entry), entry, hash);
    }

    /// The same, where everything may be forgotten when it has become much.
    pub fn insert_recent(&mut self, list: StoredName, name: &str, id: u32) {
        if self.entries.len() >= RECENT_NAMES_MAX || self.text.len() + name.len() > RECENT_BYTES_MAX {
            self.entries.clear();
            self.text.clear();
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
        for (id, list) in [StoredName::User, StoredName::GroupKey(0), StoredName::GroupKey(1)].into_iter().enumerate() {
            names.insert(list, "a", id as u32);
        }
        assert_eq!(names.get(StoredName::GroupKey(1), "a"), Some(2));
        assert_eq!(names.get(StoredName::User, "a"), Some(0));
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
        assert!(names.text.len() <= RECENT_BYTES_MAX);
        assert_eq!(names.get(StoredName::GroupKey(2), &long), Some(2));
        assert_eq!(names.get(StoredName::GroupKey(0), &long), None);
    }
}
