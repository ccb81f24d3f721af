//! Sealing: what the logs hold becomes a segment, a part of the profiles and a part of the dictionary.
//!
//! It begins and ends under the writer's lock, shortly. In between the files are built and written beside the writer,
//! which goes on in a new log.

use super::engine::Engine;
use super::error::StoreError;
use super::gathering::{Gathering, Progress, Ungathered};
use super::load::{self, damaged};
use super::maintenance::{Written, write_file, write_file_with};
use super::manifest::{LogEntry, Settings, dictionary_name, log_name, profiles_name, segment_name};
use super::outdated::Outdated;
use super::seal::Collected;
use crate::codec::FileId;
use crate::codec::text::Compression;
use crate::dictionary::{DictionaryPart, UnsealedNames};
use crate::files::Storage;
use crate::log::{BatchKeyRecord, ImportRecord};
use crate::profiles::{Profiles, ProfilesPart};
use crate::segment::{Segment, SegmentRows};
use bytes::Bytes;
use std::io;
use std::sync::Arc;

/// What is to be sealed: everything in the logs up to an instant.
pub(super) struct Sealing {
    storage: Arc<dyn Storage>,
    payloads: Vec<Bytes>,
    /// Where rows of them may be gathered already.
    gathering: Arc<Gathering>,
    names: UnsealedNames,
    /// Room for rows, if none are gathered.
    rows: SegmentRows,
    ids: [FileId; 3],
    /// The first of three.
    number: u64,
    then: Then,
}

/// What the manifest is to say about that instant.
struct Then {
    /// So many logs, the oldest, are sealed.
    logs: usize,
    arrivals: u64,
    settings: Settings,
    imports: Vec<ImportRecord>,
    batch_keys: Vec<BatchKeyRecord>,
}

/// The files that it became, in no manifest yet.
pub(super) struct Sealed {
    segment: Option<Written<Segment>>,
    profiles: Option<Written<ProfilesPart>>,
    names: Option<Written<DictionaryPart>>,
    /// Room for rows.
    rows: SegmentRows,
    then: Then,
}

impl Sealing {
    /// Builds and writes the files; their names last.
    pub fn run(self) -> Result<Sealed, StoreError> {
        let storage = &*self.storage;
        let damage = |damage| damaged(storage, damage);
        let [segment_id, profiles_id, names_id] = self.ids;
        let ids = [segment_id, profiles_id];
        let gathered = self.gathering.take(&self.payloads);
        let (mut collected, done) = gathered.unwrap_or_else(|| (Collected::new(self.rows), 0));
        self.payloads[done..].iter().try_for_each(|payload| collected.add(payload)).map_err(damage)?;
        let sealed = collected.finish(ids, Compression::Zstd).map_err(damage)?;
        let mut rows = SegmentRows::default();
        let segment = sealed.segment.map(|segment| {
            let write = |output: &mut dyn io::Write| {
                let (_, room) = segment.write_into(output)?;
                rows = room;
                Ok(())
            };
            write_file_with(storage, segment_name, self.number, segment_id, load::open_segment, write)
        });
        let segment = segment.transpose()?;
        let profiles = sealed
            .profiles
            .map(|bytes| write_file(storage, profiles_name, self.number + 1, profiles_id, &bytes, load::open_profiles));
        let profiles = profiles.transpose()?;
        let names = self.names.seal(names_id).map_err(damage)?.map(|bytes| {
            write_file(storage, dictionary_name, self.number + 2, names_id, &bytes, load::open_dictionary)
        });
        let names = names.transpose()?;
        storage.sync_dir("sealed file name")?;
        Ok(Sealed { segment, profiles, names, rows, then: self.then })
    }
}

impl Engine {
    /// Seals everything in the logs, now.
    pub fn seal(&mut self) -> Result<Outdated, StoreError> {
        match self.begin_seal()? {
            Some(sealing) => self.finish_seal(sealing.run()),
            None => Ok(Outdated::files(&self.storage, [])),
        }
    }

    /// What is to be gathered next of the batches that are in no segment and on their way into none.
    pub fn ungathered(&mut self, progress: &Progress) -> Option<Ungathered> {
        let Self { state, room, logs_in_sealing, .. } = self;
        let logs = state.logs.get(*logs_in_sealing..).unwrap_or_default();
        progress.next(logs.iter().flat_map(|log| &log.batches).map(|batch| &batch.payload), || room.take_rows())
    }

    /// However a sealing ended, nothing is being sealed.
    pub fn end_sealing(&mut self) {
        self.logs_in_sealing = 0;
    }

    /// Goes over to a new log, so that those before can be sealed; `None` when they hold nothing.
    pub fn begin_seal(&mut self) -> Result<Option<Sealing>, StoreError> {
        let result = self.sync().and_then(|()| self.begin_seal_synced());
        self.poison_if_sync_failed(result)
    }

    fn begin_seal_synced(&mut self) -> Result<Option<Sealing>, StoreError> {
        if self.state.logs.iter().all(|log| log.batches.is_empty()) {
            return Ok(None);
        }
        let number = self.take_file_numbers(3);
        let ids = [self.environment.file_id(), self.environment.file_id(), self.environment.file_id()];
        if self.state.logs.last().is_some_and(|log| !log.batches.is_empty()) {
            self.start_log()?;
        }
        self.state.batch_keys.forget_old(self.environment.now().micros());
        let logs = self.state.logs.len() - 1;
        let batches = self.state.logs[..logs].iter().flat_map(|log| &log.batches);
        let payloads: Vec<Bytes> = batches.map(|batch| batch.payload.clone()).collect();
        self.logs_in_sealing = logs;
        let rows = if self.gathering.is_idle() { self.room.take_rows() } else { SegmentRows::default() };
        let names = self.state.names.read();
        Ok(Some(Sealing {
            storage: Arc::clone(&self.storage),
            payloads,
            gathering: Arc::clone(&self.gathering),
            names: names.unsealed(&names.counts()),
            rows,
            ids,
            number,
            then: Then {
                logs,
                arrivals: self.state.next_arrival.raw(),
                settings: (*self.state.settings).clone(),
                imports: self.state.imports.clone(),
                batch_keys: self.state.batch_keys.records(),
            },
        }))
    }

    /// Takes what was sealed into use, in place of the logs that it was in, which are to be removed.
    pub fn finish_seal(&mut self, sealed: Result<Sealed, StoreError>) -> Result<Outdated, StoreError> {
        self.end_sealing();
        let result = sealed.and_then(|sealed| self.use_sealed(sealed));
        self.poison_if_sync_failed(result)
    }

    fn use_sealed(&mut self, sealed: Sealed) -> Result<Outdated, StoreError> {
        self.check_usable()?;
        let Sealed { segment, profiles, names, rows, then } = sealed;
        let mut old_logs: Vec<LogEntry> = Vec::new();
        self.publish(|manifest| {
            manifest.sealed_arrivals = then.arrivals;
            manifest.segments.extend(segment.iter().map(|written| written.entry.clone()));
            manifest.profiles.extend(profiles.iter().map(|written| written.entry.clone()));
            manifest.dictionaries.extend(names.iter().map(|written| written.entry.clone()));
            old_logs = manifest.logs.drain(..then.logs).collect();
            manifest.settings = then.settings;
            manifest.imports = then.imports;
            manifest.batch_keys = then.batch_keys;
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
        self.keep_rows(rows);
        let files = Outdated::files(&self.storage, old_logs.iter().map(|log| log_name(log.number)));
        Ok(files.and_logs(self.state.logs.drain(..then.logs)))
    }
}
