//! Deletion and expiry: one step that writes what is touched anew, without what goes.
//!
//! Invariants:
//! - One manifest publishes all of it: before, everything is there, and after, nothing of what went is in any file.
//! - Arrivals and ids of what stays do not change. An erased name leaves its id behind, which is never given again.
//! - Snapshots taken before keep their names and rows.

use super::engine::Engine;
use super::error::StoreError;
use super::handle::View;
use super::load;
use super::maintenance::{Written, write_file, write_file_with};
use super::manifest::{FileEntry, dictionary_name, profiles_name, segment_name};
use super::published::Published;
use super::removal::{Plan, Removal, kept_since};
use super::snapshot::Snapshot;
use super::state::{HotLog, SharedNames, State};
use crate::codec::DecodeError;
use crate::codec::text::Compression;
use crate::dictionary::{Dictionaries, DictionaryPart};
use crate::model::{Erasure, IdSets};
use crate::profiles::{Profiles, ProfilesPart, ProfilesTouched};
use crate::segment::{RowsTouched, Segment, erase_segment_into};
use std::io;
use std::sync::Arc;

/// Files that may be listed or not yet, with their content.
type Files<T> = Vec<(FileEntry, Arc<T>)>;

/// The store as it will be.
struct Rest {
    next_file: u64,
    segments: Files<Segment>,
    profiles: Files<ProfilesPart>,
    dictionaries: Files<DictionaryPart>,
    /// Names of files that are needed no more.
    old: Vec<String>,
    removal: Removal,
}

impl Engine {
    /// Takes out what `choose` says of the store, all of which is sealed by then.
    pub fn erase(&mut self, choose: impl FnOnce(&Snapshot) -> Result<Plan, StoreError>) -> Result<Removal, StoreError> {
        self.check_usable()?;
        self.seal()?;
        let plan = choose(&View::of(self).sealed())?;
        let erased = self.erase_planned(plan);
        self.poison_if_sync_failed(erased)
    }

    /// Takes out events that are older than they are to be kept.
    pub fn expire_due(&mut self) -> Result<(), StoreError> {
        match self.state.settings.keep_days {
            Some(days) if self.is_expiry_due() => {
                let now = self.environment.now();
                self.erase(|_| Ok(Plan::older_than(now, days))).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Whether a sealed event is older than events are to be kept.
    pub fn is_expiry_due(&self) -> bool {
        self.state.settings.keep_days.is_some_and(|days| {
            let kept_since = kept_since(self.environment.now(), days);
            self.segments.iter().any(|segment| segment.first_time() < kept_since)
        })
    }

    fn erase_planned(&mut self, plan: Plan) -> Result<Removal, StoreError> {
        let rest = self.rest_of(plan)?;
        if rest.old.is_empty() {
            return Ok(rest.removal);
        }
        let (state, profiles) = self.state_of(&rest).map_err(|damage| self.damage(damage))?;
        self.storage.sync_dir("erased file name")?;
        self.publish(|manifest| {
            manifest.next_file = rest.next_file;
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
        // Everything is gone from answers by now. A file that stays, or comes back as the power goes, is removed when the
        // store is opened next.
        let mut removal = rest.removal;
        removal.files_left = rest.old.into_iter().filter(|name| self.storage.remove(name).is_err()).collect();
        Ok(removal)
    }

    /// Writes anew what an erasure touches.
    fn rest_of(&self, plan: Plan) -> Result<Rest, StoreError> {
        let mut rest = Rest {
            next_file: self.manifest.next_file,
            segments: Vec::new(),
            profiles: self.manifest.profiles.iter().cloned().zip(self.profiles.parts().iter().cloned()).collect(),
            dictionaries: self.manifest.dictionaries.iter().cloned().zip(self.dictionaries.iter().cloned()).collect(),
            old: Vec::new(),
            removal: Removal::default(),
        };
        for (entry, segment) in self.manifest.segments.iter().zip(&self.segments) {
            self.erase_rows(&mut rest, &plan.erasure, entry, segment)?;
        }
        self.erase_calls(&mut rest, &plan)?;
        if !rest.old.is_empty() {
            self.erase_names(&mut rest)?;
        }
        rest.removal.names = plan.names;
        Ok(rest)
    }

    fn erase_rows(
        &self,
        rest: &mut Rest,
        erasure: &Erasure,
        entry: &FileEntry,
        segment: &Arc<Segment>,
    ) -> Result<(), StoreError> {
        let touched = segment.rows_touched(erasure).map_err(|damage| self.damage(damage))?;
        if touched == RowsTouched::default() {
            rest.segments.push((entry.clone(), Arc::clone(segment)));
            return Ok(());
        }
        rest.removal.add_rows(touched);
        rest.old.push(segment_name(entry.number));
        if touched.erased < segment.rows() {
            let (number, id) = (rest.take_number(), self.environment.file_id());
            let write = |output: &mut dyn io::Write| erase_segment_into(segment, erasure, id, output).map(|_| ());
            let written = write_file_with(&*self.storage, segment_name, number, id, load::open_segment, write)?;
            rest.segments.push(written.into_pair());
        }
        Ok(())
    }

    fn erase_calls(&self, rest: &mut Rest, plan: &Plan) -> Result<(), StoreError> {
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
            let written =
                write_file(&*self.storage, profiles_name, rest.take_number(), id, &bytes, load::open_profiles)?;
            rest.profiles.push(written.into_pair());
        }
        Ok(())
    }

    /// Erases the names that nothing refers to any more: of users, keys, events and properties.
    fn erase_names(&self, rest: &mut Rest) -> Result<(), StoreError> {
        let in_use = self.ids_in_use(rest).map_err(|damage| self.damage(damage))?;
        let id = self.environment.file_id();
        let bytes = self.state.names.read().erase_unused(&in_use, id).map_err(|damage| self.damage(damage))?;
        if let Some(bytes) = bytes {
            rest.old.extend(rest.dictionaries.drain(..).map(|(entry, _)| dictionary_name(entry.number)));
            let written =
                write_file(&*self.storage, dictionary_name, rest.take_number(), id, &bytes, load::open_dictionary)?;
            rest.dictionaries.push(written.into_pair());
        }
        Ok(())
    }

    /// The ids to which something refers.
    fn ids_in_use(&self, rest: &Rest) -> Result<IdSets, DecodeError> {
        let mut in_use = IdSets::new();
        rest.segments.iter().try_for_each(|(_, segment)| segment.add_ids(&mut in_use))?;
        rest.profiles.iter().try_for_each(|(_, part)| part.add_ids(&mut in_use))?;
        Ok(in_use)
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
    fn take_number(&mut self) -> u64 {
        self.next_file += 1;
        self.next_file - 1
    }

    fn all_profiles(&self) -> Profiles {
        Profiles::new(self.profiles.iter().map(|(_, part)| Arc::clone(part)).collect())
    }
}

impl<T> Written<T> {
    fn into_pair(self) -> (FileEntry, Arc<T>) {
        (self.entry, self.opened)
    }
}
