//! Several parts into one.

use super::part::{DictionaryPart, PartNames, PartWriter};
use crate::codec::{DecodeError, FileId};
use crate::model::StoredName;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of these parts, neighbours with the oldest first, in one part that can take their place. Erased names stay
/// erased. `None` when there are none.
///
/// # Errors
/// When a part is damaged, or the ids of one do not follow those of the part before.
pub fn merge_parts(parts: &[Arc<DictionaryPart>], id: FileId) -> Result<Option<Bytes>, DecodeError> {
    let mut lists: BTreeMap<StoredName, Vec<(u32, u32, PartNames)>> = BTreeMap::new();
    for part in parts {
        for (position, (list, first_id, count)) in part.sections().enumerate() {
            lists.entry(list).or_default().push((first_id, count, part.names(position)?));
        }
    }
    let mut merged = PartWriter::new(id);
    for (list, sections) in lists {
        let first_id = sections.first().map_or(0, |(first_id, ..)| *first_id);
        let mut all = Vec::new();
        for (next_id, count, names) in &sections {
            if first_id as usize + all.len() != *next_id as usize {
                return Err(DecodeError::new("a part of the dictionary does not follow the one before", 0));
            }
            let erased = names.erased()?;
            let name = |index| erased.binary_search(&index).is_err().then(|| names.get(index)).transpose();
            let names = (0..*count).map(name).collect::<Result<Vec<_>, _>>()?;
            all.extend(names);
        }
        merged.add(list, first_id, all);
    }
    merged.finish()
}
