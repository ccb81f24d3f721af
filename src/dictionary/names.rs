//! All lists of names of a store: sealed parts, and what came since.

use super::order::{Between, SortedNames, Wanted};
use super::part::{DictionaryPart, PartNames, PartWriter};
use super::unsealed::UnsealedNames;
use crate::codec::{DecodeError, FileId};
use crate::model::{GroupTypeId, IdSets, StoredName};
use bytes::Bytes;
use hashbrown::HashTable;
use roaring::RoaringBitmap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A run of sealed ids.
#[derive(Debug)]
struct SealedRun {
    first_id: u32,
    count: u32,
    source: RunSource,
}

/// The ids of a run, and the section that has their names; `None` for those in memory or lost.
pub(super) type RunIds<'a> = (Range<u32>, Option<&'a PartNames>);

/// Where the names of a run are.
#[derive(Debug)]
enum RunSource {
    /// A section of a part. Its names are opened at the first use.
    Part { part: Arc<DictionaryPart>, position: usize, names: OnceLock<Box<PartNames>> },
    /// In a part that cannot be read: this file.
    Lost(Arc<str>),
}

impl SealedRun {
    fn of_part(part: &Arc<DictionaryPart>, position: usize, first_id: u32, count: u32) -> Self {
        let source = RunSource::Part { part: Arc::clone(part), position, names: OnceLock::new() };
        Self { first_id, count, source }
    }

    /// Whether it is of one of these parts.
    fn is_of(&self, parts: &[Arc<DictionaryPart>]) -> bool {
        match &self.source {
            RunSource::Part { part, .. } => parts.iter().any(|one| Arc::ptr_eq(one, part)),
            RunSource::Lost(_) => false,
        }
    }

    fn names(&self) -> Result<&PartNames, DecodeError> {
        match &self.source {
            RunSource::Part { part, position, names } => {
                if let Some(names) = names.get() {
                    return Ok(names);
                }
                let opened = part.names(*position)?;
                Ok(names.get_or_init(|| Box::new(opened)))
            }
            RunSource::Lost(file) => {
                let (first, end) = (self.first_id, u64::from(self.first_id) + u64::from(self.count));
                let problem = format!("the names with the ids {first} to {} are lost", end - 1);
                Err(DecodeError::new(problem, 0).in_file(file))
            }
        }
    }
}

/// One list of names: sealed runs, oldest first, then names in memory.
#[derive(Debug, Default)]
pub struct NameList {
    sealed: Vec<SealedRun>,
    sealed_count: u32,
    /// Names since the last seal, one after another.
    recent: String,
    /// Where each of them ends.
    recent_ends: Vec<usize>,
    /// Places among the recent names, by hash of the name.
    recent_index: HashTable<u32>,
    hasher: RandomState,
    /// A part that cannot be read and may have held more names, so that nobody knows the ids of later ones.
    lost_end: Option<Arc<str>>,
}

impl NameList {
    /// How many names there are; ids are below.
    pub fn len(&self) -> u32 {
        self.sealed_count + self.recent_ends.len() as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn recent_name(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.recent_ends[index - 1] };
        &self.recent[start..self.recent_ends[index]]
    }

    /// The name with this id.
    ///
    /// # Errors
    /// When there is none, or its part is damaged.
    pub fn name(&self, id: u32) -> Result<&str, DecodeError> {
        if id >= self.sealed_count
            && let Some(file) = &self.lost_end
        {
            let problem = format!("the names with the id {} and above are lost", self.sealed_count);
            return Err(DecodeError::new(problem, 0).in_file(file));
        }
        if id >= self.len() {
            return Err(DecodeError::new(format!("there is no name with the id {id}"), 0));
        }
        if id >= self.sealed_count {
            return Ok(self.recent_name((id - self.sealed_count) as usize));
        }
        let run = &self.sealed[self.sealed.partition_point(|run| run.first_id + run.count <= id)];
        run.names()?.get(id - run.first_id)
    }

    /// The id of a name.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn find(&self, name: &str) -> Result<Option<u32>, DecodeError> {
        let hash = self.hasher.hash_one(name);
        if let Some(index) = self.recent_index.find(hash, |index| self.recent_name(*index as usize) == name) {
            return Ok(Some(self.sealed_count + index));
        }
        for run in self.sealed.iter().rev() {
            if let Some(index) = run.names()?.find(name)? {
                return Ok(Some(run.first_id + index));
            }
        }
        Ok(None)
    }

    /// The names of the wanted ids that come after the first of two names, and not after the second, all of them without
    /// these; in the order of their bytes.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn sorted<'a>(&'a self, wanted: &'a Wanted<'_>, between: Between<'_>) -> Result<SortedNames<'a>, DecodeError> {
        SortedNames::new(self, wanted, between)
    }

    /// So many parts of all names, ascending, as [`Self::sorted`] takes them: of about the same size in the largest
    /// section, and so mostly in the list. One where no section is left.
    ///
    /// # Errors
    /// When a section is damaged.
    pub fn parts(&self, count: usize) -> Result<Vec<Between<'_>>, DecodeError> {
        let sections = self.runs()?.into_iter().filter_map(|(_, names)| names);
        let largest = sections.max_by_key(|names| names.len());
        let dividers = largest.map_or(Ok(Vec::new()), |names| names.dividers(count))?;
        let ends = dividers.iter().copied().map(Some).chain([None]);
        Ok([None].into_iter().chain(dividers.iter().copied().map(Some)).zip(ends).collect())
    }

    /// All ids, run by run; those in memory come last.
    pub(super) fn runs(&self) -> Result<Vec<RunIds<'_>>, DecodeError> {
        let sealed = self.sealed.iter().map(|run| {
            let names = match &run.source {
                RunSource::Part { .. } => Some(run.names()?),
                RunSource::Lost(_) => None,
            };
            Ok((run.first_id..run.first_id + run.count, names))
        });
        sealed.chain([Ok((self.sealed_count..self.len(), None))]).collect()
    }

    /// The ids whose names are erased.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn erased(&self) -> Result<RoaringBitmap, DecodeError> {
        let mut erased = RoaringBitmap::new();
        for run in &self.sealed {
            // Nobody knows which of the lost ones were.
            if matches!(run.source, RunSource::Part { .. }) {
                erased.extend(run.names()?.erased()?.into_iter().map(|index| run.first_id + index));
            }
        }
        Ok(erased)
    }

    /// Adds a name that the list does not have; returns its id.
    pub fn push(&mut self, name: &str) -> u32 {
        let index = self.recent_ends.len();
        self.recent.push_str(name);
        self.recent_ends.push(self.recent.len());
        let hash = self.hasher.hash_one(name);
        let Self { recent, recent_ends, recent_index, hasher, .. } = self;
        let name_at = |index: &u32| {
            let index = *index as usize;
            let start = if index == 0 { 0 } else { recent_ends[index - 1] };
            &recent[start..recent_ends[index]]
        };
        recent_index.insert_unique(hash, index as u32, |other| hasher.hash_one(name_at(other)));
        self.sealed_count + index as u32
    }

    fn recent_names(&self, count: usize) -> impl Iterator<Item = &str> {
        (0..count).map(|index| self.recent_name(index))
    }

    /// Replaces the first `count` names in memory by the same names in a part.
    fn attach(&mut self, run: SealedRun) -> Result<(), DecodeError> {
        if run.first_id != self.sealed_count {
            let problem = format!("names from id {} follow those below {}", run.first_id, self.sealed_count);
            return Err(DecodeError::new(problem, 0));
        }
        let kept: Vec<String> =
            (run.count as usize..self.recent_ends.len()).map(|index| self.recent_name(index).to_owned()).collect();
        let Some(sealed_count) = self.sealed_count.checked_add(run.count) else {
            return Err(DecodeError::new("a list has more names than ids", 0));
        };
        self.sealed_count = sealed_count;
        self.sealed.push(run);
        self.recent.clear();
        self.recent_ends.clear();
        self.recent_index.clear();
        for name in kept {
            self.push(&name);
        }
        Ok(())
    }
}

/// The most group types that are assumed where their names are lost.
const LOST_GROUP_TYPES_MAX: u32 = 1 << 16;

/// All lists of a store.
#[derive(Debug, Default)]
pub struct Dictionaries {
    users: NameList,
    events: NameList,
    properties: NameList,
    group_types: NameList,
    /// By group type id.
    keys: Vec<NameList>,
    /// An empty list, for types without keys.
    no_keys: NameList,
}

impl Dictionaries {
    /// User ids.
    pub fn users(&self) -> &NameList {
        &self.users
    }
    /// Event names.
    pub fn events(&self) -> &NameList {
        &self.events
    }
    /// Names of event properties.
    pub fn properties(&self) -> &NameList {
        &self.properties
    }
    /// Group types.
    pub fn group_types(&self) -> &NameList {
        &self.group_types
    }
    /// Keys of a group type.
    pub fn keys(&self, group_type: GroupTypeId) -> &NameList {
        self.keys.get(group_type.index()).unwrap_or(&self.no_keys)
    }

    /// A list by its stored name.
    pub fn list(&self, list: StoredName) -> &NameList {
        match list {
            StoredName::User => &self.users,
            StoredName::Event => &self.events,
            StoredName::Property => &self.properties,
            StoredName::GroupType => &self.group_types,
            StoredName::GroupKey(group_type) => self.keys(GroupTypeId::new(group_type)),
        }
    }

    /// A list to change. A group type's keys need the type to exist.
    fn list_mut(&mut self, list: StoredName) -> Result<&mut NameList, DecodeError> {
        Ok(match list {
            StoredName::User => &mut self.users,
            StoredName::Event => &mut self.events,
            StoredName::Property => &mut self.properties,
            StoredName::GroupType => &mut self.group_types,
            StoredName::GroupKey(group_type) => {
                // Where the names of types are lost, any id may be one, within reason.
                let lost = self.group_types.lost_end.is_some() && group_type < LOST_GROUP_TYPES_MAX;
                if group_type >= self.group_types.len() && !lost {
                    return Err(DecodeError::new(format!("there is no group type with the id {group_type}"), 0));
                }
                if self.keys.len() <= group_type as usize {
                    let lost_end = self.no_keys.lost_end.clone();
                    let list = || NameList { lost_end: lost_end.clone(), ..NameList::default() };
                    self.keys.resize_with(group_type as usize + 1, list);
                }
                &mut self.keys[group_type as usize]
            }
        })
    }

    /// Adds a name that its list does not have.
    ///
    /// # Errors
    /// When it is a key of a group type that does not exist.
    pub fn push(&mut self, list: StoredName, name: &str) -> Result<u32, DecodeError> {
        let list = self.list_mut(list)?;
        // The id that the name had cannot be known, and no other may be made up.
        Ok(if list.lost_end.is_some() { list.len() } else { list.push(name) })
    }

    fn lists(&self) -> impl Iterator<Item = StoredName> + use<> {
        let types = self.group_types.len();
        [StoredName::User, StoredName::Event, StoredName::Property, StoredName::GroupType]
            .into_iter()
            .chain((0..types).map(StoredName::GroupKey))
    }

    /// How many names each list has.
    pub fn counts(&self) -> Vec<(StoredName, u32)> {
        self.lists().map(|list| (list, self.list(list).len())).collect()
    }

    /// A copy of the names that are in no part yet, up to these counts.
    pub fn unsealed(&self, counts: &[(StoredName, u32)]) -> UnsealedNames {
        UnsealedNames::new(counts.iter().map(|(list, count)| {
            let names = self.list(*list);
            let unsealed = count.saturating_sub(names.sealed_count) as usize;
            (*list, names.sealed_count, names.recent_names(unsealed))
        }))
    }

    /// Takes a part into use; its names leave memory.
    ///
    /// # Errors
    /// When its ids do not follow those of the parts before.
    pub fn attach(&mut self, part: &Arc<DictionaryPart>) -> Result<(), DecodeError> {
        for (position, (list, first_id, count)) in part.sections().enumerate() {
            self.list_mut(list)?.attach(SealedRun::of_part(part, position, first_id, count))?;
        }
        Ok(())
    }

    /// A part, of which nothing is known, cannot be read: the ids that follow in each list may have been in it.
    pub fn lose_part(&mut self, file: &str) {
        let file: Arc<str> = file.into();
        for list in [&mut self.users, &mut self.events, &mut self.properties, &mut self.group_types, &mut self.no_keys]
        {
            list.lost_end = Some(Arc::clone(&file));
        }
        self.keys.iter_mut().for_each(|list| list.lost_end = Some(Arc::clone(&file)));
    }

    /// As [`Self::attach`], where parts before may have been lost: ids that are missing stay without names.
    ///
    /// # Errors
    /// When ids come twice, or of a group type that cannot exist.
    pub fn attach_after_loss(&mut self, part: &Arc<DictionaryPart>) -> Result<(), DecodeError> {
        for (position, (list, first_id, count)) in part.sections().enumerate() {
            let names = self.list_mut(list)?;
            if first_id > names.sealed_count
                && let Some(file) = &names.lost_end
            {
                let source = RunSource::Lost(Arc::clone(file));
                let (first_id, count) = (names.sealed_count, first_id - names.sealed_count);
                names.attach(SealedRun { first_id, count, source })?;
            }
            names.attach(SealedRun::of_part(part, position, first_id, count))?;
            names.lost_end = None;
        }
        Ok(())
    }

    /// Takes one part into use in place of these, which are neighbours; it must hold the same ids.
    ///
    /// # Errors
    /// When it does not.
    pub fn replace_parts(
        &mut self,
        old: &[Arc<DictionaryPart>],
        part: &Arc<DictionaryPart>,
    ) -> Result<(), DecodeError> {
        let other = || DecodeError::new("a merged dictionary does not hold the names of its parts", 0);
        let names_in = |part: &DictionaryPart| part.sections().map(|(_, _, count)| u64::from(count)).sum::<u64>();
        if names_in(part) != old.iter().map(|part| names_in(part)).sum::<u64>() {
            return Err(other());
        }
        let mut places = Vec::new();
        for (list, first_id, count) in part.sections() {
            let runs = &self.list(list).sealed;
            let start = runs.iter().position(|run| run.is_of(old)).ok_or_else(other)?;
            let end = start + runs[start..].iter().take_while(|run| run.is_of(old)).count();
            let found: u32 = runs[start..end].iter().map(|run| run.count).sum();
            if (runs[start].first_id, found) != (first_id, count) {
                return Err(other());
            }
            places.push(start..end);
        }
        for ((position, (list, first_id, count)), place) in part.sections().enumerate().zip(places) {
            self.list_mut(list)?.sealed.splice(place, [SealedRun::of_part(part, position, first_id, count)]);
        }
        Ok(())
    }

    /// All names of the parts in use, in one part that can take their place, with the names erased, of those that can
    /// be, whose ids are not in use; `None` when all are.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn erase_unused(&self, in_use: &IdSets, id: FileId) -> Result<Option<Bytes>, DecodeError> {
        let mut is_any_unused = false;
        for list in self.lists().filter(|list| list.is_erasable()) {
            let used = in_use.get(&list).map_or(0, RoaringBitmap::len);
            let named = u64::from(self.list(list).sealed_count) - self.list(list).erased()?.len();
            is_any_unused |= used < named;
        }
        if !is_any_unused {
            return Ok(None);
        }
        let mut written = PartWriter::new(id);
        for list in self.lists() {
            let names = self.list(list);
            let erased = names.erased()?;
            let in_use = |id| !list.is_erasable() || in_use.get(&list).is_some_and(|in_use| in_use.contains(id));
            let name = |id| (in_use(id) && !erased.contains(id)).then(|| names.name(id)).transpose();
            let all = (0..names.sealed_count).map(name).collect::<Result<Vec<_>, _>>()?;
            written.add(list, 0, all);
        }
        written.finish()
    }
}
