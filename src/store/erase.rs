//! Deletion and expiry: what is touched is written anew, without what goes.
//!
//! As with sealing and merging, segments are written beside the writer. The end needs its lock: what arrived meanwhile
//! is sealed and looked at too, so that all that arrived before the end goes; then come calls and names.
//!
//! Invariants:
//! - One manifest publishes all of it: before, everything is there, and after, nothing of what went is in any file.
//! - Arrivals and ids of what stays do not change. An erased name leaves its id behind, which is never given again.
//! - Snapshots taken before keep their names and rows.

use super::engine::Engine;
use super::environment::Environment;
use super::error::StoreError;
use super::handle::View;
use super::load::{self, damaged};
use super::maintenance::{Written, write_file, write_file_with};
use super::manifest::{FileEntry, dictionary_name, profiles_name, segment_name};
use super::outdated::Outdated;
use super::published::Published;
use super::removal::{Plan, Removal, kept_since};
use super::snapshot::Snapshot;
use super::state::{HotLog, SharedNames, State};
use crate::codec::DecodeError;
use crate::codec::text::Compression;
use crate::dictionary::{Dictionaries, DictionaryPart};
use crate::files::Storage;
use crate::model::{Erasure, IdSets};
use crate::profiles::{Profiles, ProfilesPart, ProfilesTouched};
use crate::segment::{RowsTouched, Segment, erase_segment_into};
use std::io;
use std::sync::Arc;

/// Says what goes, when asked with everything that is sealed. Asked twice: before segments are written, and at the end.
pub(super) type Choose<'a> = dyn Fn(&Snapshot) -> Result<Plan, StoreError> + 'a;

/// Files that may be listed or not yet, with their content.
type Files<T> = Vec<(FileEntry, Arc<T>)>;

/// Segments that are to be without something.
pub(super) struct Erasing {
    storage: Arc<dyn Storage>,
    environment: Arc<dyn Environment>,
    erasure: Erasure,
    segments: Vec<Arc<Segment>>,
    /// The first of as many as there are segments.
    number: u64,
}

/// The segments that they became, in no manifest yet.
pub(super) struct Erased {
    erasure: Erasure,
    segments: Vec<ErasedSegment>,
    /// The ids in what is left of them.
    in_use: IdSets,
}

struct ErasedSegment {
    old: Arc<Segment>,
    touched: RowsTouched,
    /// Absent where nothing is touched, or nothing is left.
    new: Option<Written<Segment>>,
}

/// The store as it will be.
struct Rest {
    segments: Files<Segment>,
    profiles: Files<ProfilesPart>,
    dictionaries: Files<DictionaryPart>,
    /// Names of files that are needed no more.
    old: Vec<String>,
    removal: Removal,
}

impl Erasing {
    /// Builds and writes the files.
    pub fn run(self) -> Result<Erased, StoreError> {
        let mut erased = Erased { erasure: self.erasure.clone(), segments: Vec::new(), in_use: IdSets::new() };
        for (number, segment) in (self.number..).zip(&self.segments) {
            let done = self.erase(number, segment);
            let done = done.and_then(|done| erased.add(done).map_err(|damage| damaged(&*self.storage, damage)));
            if let Err(error) = done {
                erased.remove_files(&*self.storage);
                return Err(error);
            }
        }
        Ok(erased)
    }

    fn erase(&self, number: u64, segment: &Arc<Segment>) -> Result<ErasedSegment, StoreError> {
        let touched = segment.rows_touched(&self.erasure).map_err(|damage| damaged(&*self.storage, damage))?;
        let is_written = touched != RowsTouched::default() && touched.erased < segment.rows();
        let new = is_written.then(|| {
            let id = self.environment.file_id();
            let write = |output: &mut dyn io::Write| erase_segment_into(segment, &self.erasure, id, output).map(|_| ());
            write_file_with(&*self.storage, segment_name, number, id, load::open_segment, write)
        });
        Ok(ErasedSegment { old: Arc::clone(segment), touched, new: new.transpose()? })
    }
}

impl Erased {
    fn add(&mut self, segment: ErasedSegment) -> Result<(), DecodeError> {
        let left = segment.left().cloned();
        self.segments.push(segment);
        left.map_or(Ok(()), |left| left.add_ids(&mut self.in_use))
    }

    /// Adds others of the same erasure.
    fn join(&mut self, others: Self) {
        self.segments.extend(others.segments);
        for (list, ids) in others.in_use {
            *self.in_use.entry(list).or_default() |= ids;
        }
    }

    fn find(&self, segment: &Arc<Segment>) -> Option<&ErasedSegment> {
        self.segments.iter().find(|erased| Arc::ptr_eq(&erased.old, segment))
    }

    /// Removes what was written, as nothing will list it. What stays is removed when the store is opened next.
    fn remove_files(&self, storage: &dyn Storage) {
        for written in self.segments.iter().filter_map(|segment| segment.new.as_ref()) {
            let _ = storage.remove(&segment_name(written.entry.number));
        }
    }
}

impl ErasedSegment {
    fn is_touched(&self) -> bool {
        self.touched != RowsTouched::default()
    }

    /// What is left, if anything.
    fn left(&self) -> Option<&Arc<Segment>> {
        match &self.new {
            Some(written) => Some(&written.opened),
            None => (!self.is_touched()).then_some(&self.old),
        }
    }
}

impl Engine {
    /// Takes out what `choose` says, now.
    pub fn erase(&mut self, choose: &Choose<'_>) -> Result<Removal, StoreError> {
        drop(self.seal()?);
        let erasing = self.begin_erase(choose)?;
        let (mut removal, outdated) = self.finish_erase(choose, erasing.run())?;
        removal.files_left = outdated.remove();
        Ok(removal)
    }

    /// What `choose` says of what is sealed, to be written anew.
    pub fn begin_erase(&mut self, choose: &Choose<'_>) -> Result<Erasing, StoreError> {
        self.check_usable()?;
        let plan = choose(&View::of(self).sealed())?;
        Ok(self.erasing(plan.erasure, self.segments.clone()))
    }

    fn erasing(&mut self, erasure: Erasure, segments: Vec<Arc<Segment>>) -> Erasing {
        let number = self.take_file_numbers(segments.len() as u64);
        let (storage, environment) = (Arc::clone(&self.storage), Arc::clone(&self.environment));
        Erasing { storage, environment, erasure, segments, number }
    }

    /// Takes what was written into use, with what arrived meanwhile looked at too. Everything is gone from answers then,
    /// and what held it is to be removed; should the power go, it is removed when the store is opened next.
    pub fn finish_erase(
        &mut self,
        choose: &Choose<'_>,
        erased: Result<Erased, StoreError>,
    ) -> Result<(Removal, Outdated), StoreError> {
        let result = erased.and_then(|erased| self.use_erased(choose, erased));
        self.poison_if_sync_failed(result)
    }

    fn use_erased(&mut self, choose: &Choose<'_>, mut erased: Erased) -> Result<(Removal, Outdated), StoreError> {
        match self.erase_what_came(choose, &mut erased) {
            Ok((plan, sealed)) => {
                let (removal, outdated) = self.erase_planned(plan, &erased)?;
                Ok((removal, outdated.and_before(sealed)))
            }
            Err(error) => {
                erased.remove_files(&*self.storage);
                Err(error)
            }
        }
    }

    /// Adds the segments that came since it began, or all where something else is to go by now. What is left behind is of
    /// the logs that were sealed for this.
    fn erase_what_came(&mut self, choose: &Choose<'_>, erased: &mut Erased) -> Result<(Plan, Outdated), StoreError> {
        self.check_usable()?;
        let sealed = self.seal()?;
        let plan = choose(&View::of(self).sealed())?;
        if erased.erasure != plan.erasure {
            // An id was joined to a user that goes, or midnight went by.
            erased.remove_files(&*self.storage);
            *erased = Erased { erasure: plan.erasure.clone(), segments: Vec::new(), in_use: IdSets::new() };
        }
        let missing = self.segments.iter().filter(|segment| erased.find(segment).is_none()).cloned().collect();
        erased.join(self.erasing(plan.erasure.clone(), missing).run()?);
        Ok((plan, sealed))
    }

    /// Takes out events that are older than they are to be kept, now.
    pub fn expire_due(&mut self) -> Result<(), StoreError> {
        match self.due_expiry() {
            Some(choose) => self.erase(&choose).map(drop),
            None => Ok(()),
        }
    }

    /// What to take out, where a sealed event is older than events are to be kept.
    pub fn due_expiry(&self) -> Option<impl Fn(&Snapshot) -> Result<Plan, StoreError> + use<>> {
        let days = self.state.settings.keep_days?;
        let kept_since = kept_since(self.environment.now(), days);
        let is_due = self.segments.iter().any(|segment| segment.first_time() < kept_since);
        is_due.then(|| self.older_than(days))
    }

    /// Chooses events that are older than so many days.
    pub fn older_than(&self, days: u32) -> impl Fn(&Snapshot) -> Result<Plan, StoreError> + use<> {
        let environment = Arc::clone(&self.environment);
        move |_: &Snapshot| Ok(Plan::older_than(environment.now(), days))
    }

    fn erase_planned(&mut self, plan: Plan, erased: &Erased) -> Result<(Removal, Outdated), StoreError> {
        let rest = self.rest_of(plan, erased)?;
        if rest.old.is_empty() {
            return Ok((rest.removal, Outdated::files(&self.storage, [])));
        }
        let (state, profiles) = self.state_of(&rest).map_err(|damage| self.damage(damage))?;
        self.storage.sync_dir("erased file name")?;
        self.publish(|manifest| {
            manifest.erased_arrivals += rest.removal.arrivals();
            manifest.segments = rest.segments.iter().map(|(entry, _)| entry.clone()).collect();
            manifest.profiles = rest.profiles.iter().map(|(entry, _)| entry.clone()).collect();
            manifest.dictionaries = rest.dictionaries.iter().map(|(entry, _)| entry.clone()).collect();
        })?;
        self.segments = rest.segments.into_iter().map(|(_, segment)| segment).collect();
        self.dictionaries = rest.dictionaries.into_iter().map(|(_, part)| part).collect();
        self.profiles = profiles;
        self.state = state;
        self.published = Published::whole(&self.state);
        Ok((rest.removal, Outdated::files(&self.storage, rest.old)))
    }

    /// The store without what goes: segments as they were written, calls and names written now.
    fn rest_of(&mut self, plan: Plan, erased: &Erased) -> Result<Rest, StoreError> {
        let mut rest = Rest {
            segments: Vec::new(),
            profiles: self.manifest.profiles.iter().cloned().zip(self.profiles.parts().iter().cloned()).collect(),
            dictionaries: self.manifest.dictionaries.iter().cloned().zip(self.dictionaries.iter().cloned()).collect(),
            old: Vec::new(),
            removal: Removal::default(),
        };
        for (entry, segment) in self.manifest.segments.iter().zip(&self.segments) {
            rest.add_segment(entry, segment, erased.find(segment));
        }
        self.erase_calls(&mut rest, &plan)?;
        if !rest.old.is_empty() {
            self.erase_names(&mut rest, &erased.in_use)?;
        }
        rest.removal.names = plan.names;
        Ok(rest)
    }

    fn erase_calls(&mut self, rest: &mut Rest, plan: &Plan) -> Result<(), StoreError> {
        let (builder, touched) = plan.profiles(&self.segments, &self.profiles).map_err(|damage| self.damage(damage))?;
        rest.removal.add_profiles(&touched);
        // An earlier part may repeat what a row said that goes, though a later part has another word on the user.
        let is_outdated = !rest.old.is_empty() && rest.profiles.len() > 1;
        if touched == ProfilesTouched::default() && !is_outdated {
            return Ok(());
        }
        rest.old.extend(rest.profiles.drain(..).map(|(entry, _)| profiles_name(entry.number)));
        let id = self.environment.file_id();
        let bytes = builder.finish(id, Compression::Zstd).map_err(|damage| self.damage(damage))?;
        if let Some(bytes) = bytes {
            let number = self.take_file_numbers(1);
            let written = write_file(&*self.storage, profiles_name, number, id, &bytes, load::open_profiles)?;
            rest.profiles.push(written.pair());
        }
        Ok(())
    }

    /// Erases the names that nothing refers to any more: of users, keys, events and properties.
    fn erase_names(&mut self, rest: &mut Rest, in_segments: &IdSets) -> Result<(), StoreError> {
        let mut in_use = in_segments.clone();
        let added = rest.profiles.iter().try_for_each(|(_, part)| part.add_ids(&mut in_use));
        added.map_err(|damage| self.damage(damage))?;
        let id = self.environment.file_id();
        let bytes = self.state.names.read().erase_unused(&in_use, id).map_err(|damage| self.damage(damage))?;
        if let Some(bytes) = bytes {
            rest.old.extend(rest.dictionaries.drain(..).map(|(entry, _)| dictionary_name(entry.number)));
            let number = self.take_file_numbers(1);
            let written = write_file(&*self.storage, dictionary_name, number, id, &bytes, load::open_dictionary)?;
            rest.dictionaries.push(written.pair());
        }
        Ok(())
    }

    /// The state and profiles that opening the rest would give.
    fn state_of(&self, rest: &Rest) -> Result<(State, Profiles), DecodeError> {
        let mut names = Dictionaries::default();
        rest.dictionaries.iter().try_for_each(|(_, part)| names.attach(part))?;
        let log = self.state.logs.last().map_or(0, |log| log.number);
        let mut state = State {
            names: SharedNames::new(names),
            settings: Arc::clone(&self.state.settings),
            imports: self.state.imports.clone(),
            batch_keys: self.state.batch_keys.clone(),
            next_arrival: self.state.next_arrival,
            logs: vec![HotLog::empty(log)],
            ..State::default()
        };
        let profiles = rest.all_profiles();
        state.load_sealed(&profiles)?;
        Ok((state, profiles))
    }
}

impl Rest {
    fn add_segment(&mut self, entry: &FileEntry, segment: &Arc<Segment>, erased: Option<&ErasedSegment>) {
        match erased.filter(|erased| erased.is_touched()) {
            None => self.segments.push((entry.clone(), Arc::clone(segment))),
            Some(erased) => {
                self.removal.add_rows(erased.touched);
                self.old.push(segment_name(entry.number));
                self.segments.extend(erased.new.as_ref().map(Written::pair));
            }
        }
    }

    fn all_profiles(&self) -> Profiles {
        Profiles::new(self.profiles.iter().map(|(_, part)| Arc::clone(part)).collect())
    }
}

impl<T> Written<T> {
    fn pair(&self) -> (FileEntry, Arc<T>) {
        (self.entry.clone(), Arc::clone(&self.opened))
    }
}
