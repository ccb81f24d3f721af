//! Names and their dense ids, append-only. Layout of a part: `format-spec/dictionary.md`.
//!
//! Invariants:
//! - Ids of a list count from 0 without gaps, in order of arrival; a name has one id for ever.
//! - Sealed names live in immutable mapped parts with their hash table on disk, so opening a store reads no name;
//!   names since the last seal live in memory.

mod merge;
mod names;
mod order;
mod part;
#[cfg(test)]
mod tests;
mod unsealed;

pub use merge::merge_parts;
pub use names::{Dictionaries, NameList};
pub use order::{Between, SortedNames, Wanted};
pub use part::{DictionaryPart, PartWriter};
pub use unsealed::UnsealedNames;
