//! Sealing a log into a segment, and merging what was sealed before.
//!
//! Every step follows one protocol: write new files, sync them and their names, publish the manifest, and only then
//! remove what it no longer lists.

use super::engine::Engine;
use super::error::StoreError;
use super::load::{self, damaged};
use super::manifest::{FileEntry, LogEntry, dictionary_name, log_name, profiles_name, segment_name};
use super::seal::seal;
use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId};
use crate::files::{Storage, publish_file};
use crate::model::Arrival;
use crate::profiles::{Profiles, ProfilesBuilder};
use crate::segment::{Segment, merge_segments};
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;

/// A file that was written and is in no manifest yet.
pub(super) struct Written<T> {
    pub entry: FileEntry,
    pub opened: Arc<T>,
}

impl Engine {
    pub(super) fn damage(&self, damage: DecodeError) -> StoreError {
        damaged(&*self.storage, damage)
    }

    /// Writes an immutable file and opens it; its name lasts after the next sync of the directory.
    pub(super) fn write_file<T>(
        &self,
        name: fn(u64) -> String,
        number: u64,
        id: FileId,
        bytes: &Bytes,
        open: fn(&dyn Storage, &FileEntry) -> Result<Arc<T>, StoreError>,
    ) -> Result<Written<T>, StoreError> {
        let length = publish_file(&*self.storage, &name(number), [bytes], "sealed file")?;
        let entry = FileEntry { number, id, length };
        // Opened before the manifest names it: from then on there is no way back from an error.
        let opened = open(&*self.storage, &entry)?;
        Ok(Written { entry, opened })
    }

    /// Seals everything in the logs, and goes over to a new one.
    pub fn seal(&mut self) -> Result<(), StoreError> {
        let result = self.seal_logs();
        self.poison_if_sync_failed(result)
    }

    fn seal_logs(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        if self.state.logs.iter().all(|log| log.batches.is_empty()) {
            return Ok(());
        }
        let mut number = self.manifest.next_file;
        let mut take_number = || {
            number += 1;
            number - 1
        };
        let ids = [self.environment.file_id(), self.environment.file_id(), self.environment.file_id()];
        let payloads = self.state.logs.iter().flat_map(|log| log.batches.iter().map(|batch| &batch.payload));
        let sealed = seal(payloads, [ids[0], ids[1]], Compression::Zstd).map_err(|damage| self.damage(damage))?;
        let counts = self.state.name_counts();
        let names = self.state.names.read().seal(&counts, ids[2]).map_err(|damage| self.damage(damage))?;

        let segment = sealed
            .segment
            .map(|bytes| self.write_file(segment_name, take_number(), ids[0], &bytes, load::open_segment))
            .transpose()?;
        let profiles = sealed
            .profiles
            .map(|bytes| self.write_file(profiles_name, take_number(), ids[1], &bytes, load::open_profiles))
            .transpose()?;
        let names = names
            .map(|bytes| self.write_file(dictionary_name, take_number(), ids[2], &bytes, load::open_dictionary))
            .transpose()?;
        // This also syncs the directory, and with it the names of the files above.
        let (log, file) = self.new_log(take_number())?;

        let old_logs: Vec<LogEntry> = self.manifest.logs.clone();
        let (settings, imports) = ((*self.state.settings).clone(), self.state.imports.clone());
        self.state.batch_keys.forget_old(self.environment.now().micros());
        let batch_keys = self.state.batch_keys.records();
        let sealed_arrivals = self.state.next_arrival.raw();
        self.publish(|manifest| {
            manifest.next_file = number;
            manifest.sealed_arrivals = sealed_arrivals;
            manifest.segments.extend(segment.iter().map(|written| written.entry.clone()));
            manifest.profiles.extend(profiles.iter().map(|written| written.entry.clone()));
            manifest.dictionaries.extend(names.iter().map(|written| written.entry.clone()));
            manifest.logs = vec![log.clone()];
            manifest.settings = settings;
            manifest.imports = imports;
            manifest.batch_keys = batch_keys;
        })?;

        self.segments.extend(segment.map(|written| written.opened));
        let parts = self.profiles.parts().iter().cloned().chain(profiles.map(|written| written.opened));
        self.profiles = Profiles::new(parts.collect());
        if let Some(Written { opened, .. }) = names {
            let attached = self.state.names.change(|names| names.attach(&opened));
            let attached = attached.map_err(|damage| self.damage(damage));
            self.poison_unless_ok(&attached);
            attached?;
            self.dictionaries.push(opened);
        }
        self.use_log(&log, file);
        self.remove_all(old_logs.iter().map(|log| log_name(log.number)));
        Ok(())
    }

    /// Takes out what is older than it is to be kept, and merges sealed files until no run of them is due.
    pub fn merge_due(&mut self) -> Result<(), StoreError> {
        self.expire_due()?;
        let result = self.merge_all_due();
        self.poison_if_sync_failed(result)
    }

    fn merge_all_due(&mut self) -> Result<(), StoreError> {
        while let Some(run) = self.segments_to_merge() {
            self.merge_segments(run)?;
        }
        let width = self.options.merge_width.max(2);
        self.merge_names(width)?;
        self.merge_profiles(width)
    }

    /// A run of neighbours of about one size, oldest first, that should be one segment.
    fn segments_to_merge(&self) -> Option<Range<usize>> {
        let width = self.options.merge_width.max(2);
        // Sizes in steps of a factor of the width, so that each row is merged once a step.
        let step = |segment: &Arc<Segment>| segment.rows().max(1).ilog(width as u64);
        let steps: Vec<u32> = self.segments.iter().map(step).collect();
        (0..self.segments.len().saturating_sub(width - 1)).map(|start| start..start + width).find(|run| {
            let largest = steps[run.clone()].iter().max().copied().unwrap_or(0);
            let rows: u64 = self.segments[run.clone()].iter().map(|segment| segment.rows()).sum();
            // What came after the first is at least as small as it, so that large segments are left alone.
            steps[run.start] == largest && steps[run.end - 1] + 1 >= largest && rows <= self.options.segment_rows_max
        })
    }

    pub(super) fn merge_segments(&mut self, run: Range<usize>) -> Result<(), StoreError> {
        let (number, id) = (self.manifest.next_file, self.environment.file_id());
        let first_arrival = self.segments[run.start].arrivals().0;
        let bytes = self.merged(&run, id, first_arrival)?;
        let Written { entry, opened } = self.write_file(segment_name, number, id, &bytes, load::open_segment)?;
        self.storage.sync_dir("merged file name")?;
        let old: Vec<FileEntry> = self.manifest.segments[run.clone()].to_vec();
        self.publish(|manifest| {
            manifest.next_file = number + 1;
            manifest.segments.splice(run.clone(), [entry.clone()]);
        })?;
        self.segments.splice(run, [opened]);
        self.remove_all(old.iter().map(|entry| segment_name(entry.number)));
        Ok(())
    }

    fn merged(&self, run: &Range<usize>, id: FileId, first_arrival: Arrival) -> Result<Bytes, StoreError> {
        merge_segments(&self.segments[run.clone()], id, first_arrival).map_err(|damage| self.damage(damage))
    }

    /// Merges all parts of the dictionary where there are so many or more.
    pub(super) fn merge_names(&mut self, parts_min: usize) -> Result<(), StoreError> {
        if self.dictionaries.len() < parts_min {
            return Ok(());
        }
        let (number, id) = (self.manifest.next_file, self.environment.file_id());
        let merged = self.state.names.read().merge_parts(id).map_err(|damage| self.damage(damage))?;
        let Some(bytes) = merged else { return Ok(()) };
        let Written { entry, opened } = self.write_file(dictionary_name, number, id, &bytes, load::open_dictionary)?;
        self.storage.sync_dir("merged file name")?;
        let old = self.manifest.dictionaries.clone();
        self.publish(|manifest| {
            manifest.next_file = number + 1;
            manifest.dictionaries = vec![entry.clone()];
        })?;
        let replaced = self.state.names.change(|names| names.replace_parts(&opened));
        let replaced = replaced.map_err(|damage| self.damage(damage));
        self.poison_unless_ok(&replaced);
        replaced?;
        self.dictionaries = vec![opened];
        self.remove_all(old.iter().map(|entry| dictionary_name(entry.number)));
        Ok(())
    }

    /// Merges all parts of the profiles where there are so many or more.
    pub(super) fn merge_profiles(&mut self, parts_min: usize) -> Result<(), StoreError> {
        if self.profiles.parts().len() < parts_min {
            return Ok(());
        }
        let (number, id) = (self.manifest.next_file, self.environment.file_id());
        let mut builder = ProfilesBuilder::default();
        for part in self.profiles.parts() {
            builder.add_part(part).map_err(|damage| self.damage(damage))?;
        }
        let merged = builder.finish(id, Compression::Zstd).map_err(|damage| self.damage(damage))?;
        let Some(bytes) = merged else { return Ok(()) };
        let Written { entry, opened } = self.write_file(profiles_name, number, id, &bytes, load::open_profiles)?;
        self.storage.sync_dir("merged file name")?;
        let old = self.manifest.profiles.clone();
        self.publish(|manifest| {
            manifest.next_file = number + 1;
            manifest.profiles = vec![entry.clone()];
        })?;
        self.profiles = Profiles::new(vec![opened]);
        self.remove_all(old.iter().map(|entry| profiles_name(entry.number)));
        Ok(())
    }

    /// Removes files that the manifest no longer lists. One that stays is removed when the store is opened next.
    fn remove_all(&self, names: impl IntoIterator<Item = String>) {
        for name in names {
            let _ = self.storage.remove(&name);
        }
    }
}
