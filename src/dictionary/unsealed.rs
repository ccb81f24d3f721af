//! Names on their way into a part, copied so that nobody waits while the part is built.

use super::part::PartWriter;
use crate::codec::{DecodeError, FileId};
use crate::model::StoredName;
use bytes::Bytes;

/// Names of one list with ids from `first_id`, one after another.
#[derive(Debug)]
struct Section {
    list: StoredName,
    first_id: u32,
    text: String,
    /// Where each name ends.
    ends: Vec<usize>,
}

/// See the module.
#[derive(Debug)]
pub struct UnsealedNames(Vec<Section>);

impl UnsealedNames {
    /// A copy of names by list, each with its first id.
    pub(super) fn new<'a, N: Iterator<Item = &'a str>>(lists: impl Iterator<Item = (StoredName, u32, N)>) -> Self {
        let copy = |(list, first_id, names): (StoredName, u32, N)| {
            let mut section = Section { list, first_id, text: String::new(), ends: Vec::new() };
            for name in names {
                section.text.push_str(name);
                section.ends.push(section.text.len());
            }
            section
        };
        Self(lists.map(copy).collect())
    }

    /// The names as a part; `None` when there are none.
    ///
    /// # Errors
    /// When the part is too large.
    pub fn seal(&self, id: FileId) -> Result<Option<Bytes>, DecodeError> {
        let mut part = PartWriter::new(id);
        for section in &self.0 {
            let starts = std::iter::once(0).chain(section.ends.iter().copied());
            let names = starts.zip(&section.ends).map(|(start, end)| Some(&section.text[start..*end]));
            part.add(section.list, section.first_id, names);
        }
        part.finish()
    }
}
