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
use crate::files::publish_file;
use crate::model::Arrival;
use crate::profiles::{Profiles, ProfilesBuilder};
use crate::segment::{Segment, merge_segments};
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;

impl Engine {
    fn damage(&self, damage: DecodeError) -> StoreError {
        damaged(&*self.storage, damage)
    }

    /// Writes an immutable file; its name lasts after the next sync of the directory.
    fn write_file(&self, name: &str, number: u64, id: FileId, bytes: &Bytes) -> Result<FileEntry, StoreError> {
        let length = publish_file(&*self.storage, name, [bytes], "sealed file")?;
        Ok(FileEntry { number, id, length })
    }

    /// Seals everything in the logs, and goes over to a new one.
    pub fn seal(&mut self) -> Result<(), StoreError> {
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
            .map(|bytes| {
                let number = take_number();
                self.write_file(&segment_name(number), number, ids[0], &bytes)
            })
            .transpose()?;
        let profiles = sealed
            .profiles
            .map(|bytes| {
                let number = take_number();
                self.write_file(&profiles_name(number), number, ids[1], &bytes)
            })
            .transpose()?;
        let names = names
            .map(|bytes| {
                let number = take_number();
                self.write_file(&dictionary_name(number), number, ids[2], &bytes)
            })
            .transpose()?;
        // This also syncs the directory, and with it the names of the files above.
        let (log, file) = self.new_log(take_number())?;

        let old_logs: Vec<LogEntry> = self.manifest.logs.clone();
        let (settings, imports) = ((*self.state.settings).clone(), self.state.imports.clone());
        let sealed_arrivals = self.state.next_arrival.raw();
        self.publish(|manifest| {
            manifest.next_file = number;
            manifest.sealed_arrivals = sealed_arrivals;
            manifest.segments.extend(segment.clone());
            manifest.profiles.extend(profiles.clone());
            manifest.dictionaries.extend(names.clone());
            manifest.logs = vec![log.clone()];
            manifest.settings = settings;
            manifest.imports = imports;
        })?;

        let adopted = self.adopt_sealed(segment, profiles, names).and_then(|()| self.use_log(&log, file));
        self.poison_unless_ok(&adopted);
        adopted?;
        self.remove_all(old_logs.iter().map(|log| log_name(log.number)));
        Ok(())
    }

    /// Takes new sealed files into use. The manifest names them already, so there is no way back from an error.
    fn adopt_sealed(
        &mut self,
        segment: Option<FileEntry>,
        profiles: Option<FileEntry>,
        names: Option<FileEntry>,
    ) -> Result<(), StoreError> {
        if let Some(entry) = &segment {
            self.segments.push(load::open_segment(&*self.storage, entry)?);
        }
        if let Some(entry) = &profiles {
            let mut parts = self.profiles.parts().to_vec();
            parts.push(load::open_profiles(&*self.storage, entry)?);
            self.profiles = Profiles::new(parts);
        }
        if let Some(entry) = &names {
            let part = load::open_dictionary(&*self.storage, entry)?;
            let attached = self.state.names.change(|names| names.attach(&part));
            attached.map_err(|damage| self.damage(damage))?;
            self.dictionaries.push(part);
        }
        Ok(())
    }

    /// Merges sealed files until no run of them is due.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        while let Some(run) = self.segments_to_merge() {
            self.merge_segments(run)?;
        }
        self.merge_names()?;
        self.merge_profiles()
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

    fn merge_segments(&mut self, run: Range<usize>) -> Result<(), StoreError> {
        let (number, id) = (self.manifest.next_file, self.environment.file_id());
        let first_arrival = self.segments[run.start].arrivals().0;
        let bytes = self.merged(&run, id, first_arrival)?;
        let entry = self.write_file(&segment_name(number), number, id, &bytes)?;
        self.storage.sync_dir("merged file name")?;
        let old: Vec<FileEntry> = self.manifest.segments[run.clone()].to_vec();
        self.publish(|manifest| {
            manifest.next_file = number + 1;
            manifest.segments.splice(run.clone(), [entry.clone()]);
        })?;
        let opened = load::open_segment(&*self.storage, &entry);
        self.poison_unless_ok(&opened);
        self.segments.splice(run, [opened?]);
        self.remove_all(old.iter().map(|entry| segment_name(entry.number)));
        Ok(())
    }

    fn merged(&self, run: &Range<usize>, id: FileId, first_arrival: Arrival) -> Result<Bytes, StoreError> {
        merge_segments(&self.segments[run.clone()], id, first_arrival).map_err(|damage| self.damage(damage))
    }

    fn merge_names(&mut self) -> Result<(), StoreError> {
        if self.dictionaries.len() < self.options.merge_width.max(2) {
            return Ok(());
        }
        let (number, id) = (self.manifest.next_file, self.environment.file_id());
        let merged = self.state.names.read().merge_parts(id).map_err(|damage| self.damage(damage))?;
        let Some(bytes) = merged else { return Ok(()) };
        let entry = self.write_file(&dictionary_name(number), number, id, &bytes)?;
        self.storage.sync_dir("merged file name")?;
        let old = self.manifest.dictionaries.clone();
        self.publish(|manifest| {
            manifest.next_file = number + 1;
            manifest.dictionaries = vec![entry.clone()];
        })?;
        let opened = load::open_dictionary(&*self.storage, &entry).and_then(|part| {
            let replaced = self.state.names.change(|names| names.replace_parts(&part));
            replaced.map(|()| part).map_err(|damage| self.damage(damage))
        });
        self.poison_unless_ok(&opened);
        self.dictionaries = vec![opened?];
        self.remove_all(old.iter().map(|entry| dictionary_name(entry.number)));
        Ok(())
    }

    fn merge_profiles(&mut self) -> Result<(), StoreError> {
        if self.profiles.parts().len() < self.options.merge_width.max(2) {
            return Ok(());
        }
        let (number, id) = (self.manifest.next_file, self.environment.file_id());
        let mut builder = ProfilesBuilder::default();
        for part in self.profiles.parts() {
            builder.add_part(part).map_err(|damage| self.damage(damage))?;
        }
        let merged = builder.finish(id, Compression::Zstd).map_err(|damage| self.damage(damage))?;
        let Some(bytes) = merged else { return Ok(()) };
        let entry = self.write_file(&profiles_name(number), number, id, &bytes)?;
        self.storage.sync_dir("merged file name")?;
        let old = self.manifest.profiles.clone();
        self.publish(|manifest| {
            manifest.next_file = number + 1;
            manifest.profiles = vec![entry.clone()];
        })?;
        let opened = load::open_profiles(&*self.storage, &entry);
        self.poison_unless_ok(&opened);
        self.profiles = Profiles::new(vec![opened?]);
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
