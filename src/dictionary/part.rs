//! An immutable part: a run of ids for some of the lists, with a hash table for each and the order of its names.

use super::order::order_of;
use crate::codec::packed::{self, Packed};
use crate::codec::{BlobIndex, Container, ContainerWriter, DecodeError, FileId, FileKind, Writer, reading};
use crate::model::{StoredName, TextList};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::sync::Arc;

/// What a part says about one list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Section {
    list: StoredName,
    first_id: u32,
    count: u32,
    /// Where each name begins, and where the last one ends.
    starts: BlobIndex,
    names: BlobIndex,
    /// Open addressing with linear probing: 0 is free, otherwise the id within the section plus 1.
    slots: BlobIndex,
    /// The places of the names in the order of their bytes.
    order: BlobIndex,
}

/// Builds a part.
pub struct PartWriter {
    container: ContainerWriter,
    id: FileId,
    sections: Vec<Section>,
}

impl PartWriter {
    /// A part in a file of this identity.
    pub fn new(id: FileId) -> Self {
        Self { container: ContainerWriter::new(FileKind::Dictionary, id), id, sections: Vec::new() }
    }

    /// Adds names of a list, which have the ids from `first_id`; `None` for one that is erased.
    pub fn add<'a>(&mut self, list: StoredName, first_id: u32, names: impl IntoIterator<Item = Option<&'a str>>) {
        let mut starts = vec![0i64];
        let mut bytes = Vec::new();
        let mut hashes = Vec::new();
        for name in names {
            bytes.put(name.unwrap_or_default().as_bytes());
            starts.push(bytes.len() as i64);
            hashes.push(name.map(|name| hash(self.id, name)));
        }
        if hashes.is_empty() {
            return;
        }
        let capacity = (hashes.len() * 2).next_power_of_two();
        let mut slots = vec![0u32; capacity];
        // An erased name has its id and cannot be found.
        for (index, hash) in hashes.iter().enumerate().filter_map(|(index, hash)| Some((index, (*hash)?))) {
            let mut at = hash as usize & (capacity - 1);
            while slots[at] != 0 {
                at = (at + 1) & (capacity - 1);
            }
            slots[at] = index as u32 + 1;
        }
        let name = |place: usize| &bytes[starts[place] as usize..starts[place + 1] as usize];
        let order = order_of(hashes.len(), name);
        let slot_bytes: Vec<u8> = slots.iter().flat_map(|slot| slot.to_le_bytes()).collect();
        let section = Section {
            list,
            first_id,
            count: hashes.len() as u32,
            starts: self.container.add(&packed::encode(&starts)),
            names: self.container.add(&bytes),
            slots: self.container.add(&slot_bytes),
            order: self.container.add(&packed::encode(&order)),
        };
        self.sections.push(section);
    }

    /// The part's bytes; `None` when no name was added.
    ///
    /// # Errors
    /// When the footer is too large.
    pub fn finish(self) -> Result<Option<Bytes>, DecodeError> {
        if self.sections.is_empty() { Ok(None) } else { self.container.finish(&self.sections).map(Some) }
    }
}

/// SipHash-1-3 keyed with the file's identity, so that nobody can prepare names that collide.
fn hash(id: FileId, name: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_key(&id.0);
    hasher.write(name.as_bytes());
    hasher.finish()
}

/// An opened part.
#[derive(Debug)]
pub struct DictionaryPart {
    container: Container,
    sections: Vec<Section>,
}

impl DictionaryPart {
    /// Opens a part of this file name; names are read when they are asked for.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn open(bytes: Bytes, file: &str) -> Result<Self, DecodeError> {
        let (container, sections) = Container::open(bytes, FileKind::Dictionary, file)?;
        Ok(Self { container, sections })
    }

    /// The lists in the part, each with its first id and how many names follow.
    pub fn sections(&self) -> impl Iterator<Item = (StoredName, u32, u32)> {
        self.sections.iter().map(|section| (section.list, section.first_id, section.count))
    }

    /// The names of the section at `position` among [`Self::sections`].
    ///
    /// # Errors
    /// When its bytes are damaged.
    pub fn names(&self, position: usize) -> Result<PartNames, DecodeError> {
        let Some(section) = self.sections.get(position) else {
            return Err(DecodeError::new("a dictionary has fewer lists than were asked for", 0));
        };
        let starts = self.container.column(section.starts)?;
        let names = self.container.blob(section.names)?;
        let offset = self.container.blob_offset(section.starts);
        let unsound = || {
            let problem = "a list of names has another length than it says";
            DecodeError::new(problem, offset).in_file(self.container.file())
        };
        if starts.len() != section.count as usize + 1 || starts.get(section.count as usize) != names.len() as i64 {
            return Err(unsound());
        }
        let slots = self.container.blob(section.slots).and_then(|slots| {
            let sound = slots.len() == (section.count as usize * 2).next_power_of_two() * 4;
            if sound { Ok(slots) } else { Err(unsound()) }
        });
        let order = self
            .container
            .column(section.order)
            .and_then(|order| if order.len() == section.count as usize { Ok(order) } else { Err(unsound()) });
        let file = Arc::clone(self.container.file());
        let (list, count) = (section.list, section.count);
        Ok(PartNames { file, id: self.container.id(), list, count, starts, names, slots, order, offset })
    }

    /// Checks every byte, and that every name is found under its id.
    pub fn verify(&self) -> Vec<DecodeError> {
        let mut damage = self.container.verify();
        if damage.is_empty() {
            for position in 0..self.sections.len() {
                if let Err(error) = self.names(position).and_then(|names| names.verify()) {
                    damage.push(error);
                }
            }
        }
        damage
    }

    /// The file's identity.
    pub fn id(&self) -> FileId {
        self.container.id()
    }

    /// The file's length in bytes.
    pub fn byte_len(&self) -> u64 {
        self.container.byte_len()
    }
}

/// The names of one section, checked and ready.
#[derive(Clone, Debug)]
pub struct PartNames {
    file: Arc<str>,
    id: FileId,
    list: StoredName,
    count: u32,
    starts: Packed,
    names: Bytes,
    /// Names can be read by id even where the hash table is damaged.
    slots: Result<Bytes, DecodeError>,
    order: Result<Packed, DecodeError>,
    offset: u64,
}

impl PartNames {
    /// How many names there are.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// The places of the names in the order of their bytes; erased ones come first.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn order(&self) -> Result<&Packed, DecodeError> {
        self.order.as_ref().map_err(Clone::clone)
    }

    /// The name with this place in the section.
    ///
    /// # Errors
    /// When there is none, or it is not UTF-8.
    pub fn get(&self, index: u32) -> Result<&str, DecodeError> {
        let name = self.bytes_of(index)?;
        reading::decoded(name.len());
        std::str::from_utf8(name).map_err(|_| self.unreadable(index))
    }

    /// The names with these places.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn read(&self, places: &[u32]) -> Result<TextList, DecodeError> {
        let (mut text, mut ends) = (Vec::new(), Vec::with_capacity(places.len()));
        for place in places {
            text.extend_from_slice(self.bytes_of(*place)?);
            ends.push(text.len());
        }
        reading::decoded(text.len());
        // All are looked at together: one by one that takes longer than all else.
        TextList::from_utf8(text, ends).ok_or_else(|| {
            let damaged = places.iter().find(|place| self.get(**place).is_err());
            self.unreadable(damaged.copied().unwrap_or(self.count))
        })
    }

    fn unreadable(&self, index: u32) -> DecodeError {
        DecodeError::new(format!("name {index} cannot be read"), self.offset).in_file(&self.file)
    }

    /// The bytes of the name with this place, not counted as read.
    #[inline]
    fn bytes_of(&self, index: u32) -> Result<&[u8], DecodeError> {
        if index >= self.count {
            return Err(self.unreadable(index));
        }
        let (start, end) = self.starts.get_pair(index as usize);
        self.names.get(start as usize..end as usize).ok_or_else(|| self.unreadable(index))
    }

    /// The place of a name in the section.
    ///
    /// # Errors
    /// When the hash table is damaged.
    pub fn find(&self, name: &str) -> Result<Option<u32>, DecodeError> {
        let slots = self.slots.as_ref().map_err(Clone::clone)?;
        let capacity = slots.len() / 4;
        let mut at = hash(self.id, name) as usize & (capacity - 1);
        // At most one turn around the table, whatever it holds.
        for _ in 0..capacity {
            let slot = &slots[at * 4..at * 4 + 4];
            match u32::from_le_bytes([slot[0], slot[1], slot[2], slot[3]]) {
                0 => return Ok(None),
                index if self.get(index - 1)? == name => return Ok(Some(index - 1)),
                _ => at = (at + 1) & (capacity - 1),
            }
        }
        Ok(None)
    }

    /// The places of the erased names, ascending.
    ///
    /// # Errors
    /// When the hash table is damaged and has to say which empty name is none of them.
    pub fn erased(&self) -> Result<Vec<u32>, DecodeError> {
        if !self.list.is_erasable() {
            return Ok(Vec::new());
        }
        let starts = self.starts.to_vec();
        let is_empty = starts.windows(2).map(|pair| pair[0] == pair[1]);
        let mut erased: Vec<u32> =
            (0..).zip(is_empty).filter(|(_, is_empty)| *is_empty).map(|(index, _)| index).collect();
        if self.list.may_be_empty() && !erased.is_empty() {
            let named = self.find("")?;
            erased.retain(|index| Some(*index) != named);
        }
        Ok(erased)
    }

    fn verify(&self) -> Result<(), DecodeError> {
        let erased = self.erased()?;
        for index in 0..self.count {
            let name = self.get(index)?;
            let is_erased = erased.binary_search(&index).is_ok();
            // Beside an erased name there may be one that is empty by right.
            if is_erased && self.list.may_be_empty() {
                continue;
            }
            if self.find(name)? != Some(index).filter(|_| !is_erased) {
                let problem = format!("name {index} is not found under its id");
                return Err(DecodeError::new(problem, self.offset).in_file(&self.file));
            }
        }
        if !self.is_in_order()? {
            let problem = "names are not in the order that is stored of them";
            return Err(DecodeError::new(problem, self.offset).in_file(&self.file));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_of_other_names_is_found() {
        let mut writer = PartWriter::new(FileId([1; 16]));
        writer.add(StoredName::User, 0, ["b", "a"].map(Some));
        writer.add(StoredName::Event, 0, ["a", "b"].map(Some));
        let mut part = DictionaryPart::open(writer.finish().unwrap().unwrap(), "part").unwrap();
        assert_eq!(part.verify(), []);
        part.sections[0].order = part.sections[1].order;
        let problems: Vec<String> = part.verify().into_iter().map(|error| error.problem.clone()).collect();
        assert_eq!(problems, ["names are not in the order that is stored of them"]);
    }
}
