//! The one writer: a synchronous core without threads, over a [`Storage`] and an [`Environment`].
//!
//! Invariants:
//! - A batch is in memory exactly when its frames are in the log; it is visible to readers once a sync covered it.
//! - A failed sync is never repeated: from then on the engine takes nothing more.
//! - Recovery never cuts or edits a file: the intact batches of a log that was not closed go into a new file.

use super::active_log::ActiveLog;
use super::draft::{Draft, Drafting};
use super::environment::Environment;
use super::error::StoreError;
use super::gathering::Gathering;
use super::load::{self, Loaded, damaged};
use super::manifest::{LOCK, MANIFEST, Manifest, log_name};
use super::opening::{create, refuse_foreign, remove_unlisted, rewrite_last_log, write_log, write_manifest};
use super::published::Published;
use super::room::Room;
use super::state::{HotLog, State};
use crate::dictionary::DictionaryPart;
use crate::files::{FileError, Storage, StorageFile, StorageLock};
use crate::log::{BuiltBatch, encode_frames};
use crate::profiles::Profiles;
use crate::saved::SavedError;
use crate::segment::{Segment, SegmentRows};
use std::sync::Arc;

/// Sizes at which the engine acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A log with this many bytes is sealed.
    pub log_bytes_max: u64,
    /// This many segments of about one size are merged into one.
    pub merge_width: usize,
    /// A segment that was merged in the background has at most this many rows.
    pub segment_rows_max: u64,
    /// A segment that compacting makes has at most this many rows, where events are kept for good. Where they expire,
    /// [`Self::segment_rows_max`] holds too: what expires is written anew a segment at a time.
    pub compacted_rows_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { log_bytes_max: 24 << 20, merge_width: 4, segment_rows_max: 1 << 24, compacted_rows_max: 1 << 27 }
    }
}

/// What opening a store that was not closed found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Whether the store was not closed before.
    pub unclean: bool,
    /// Bytes of an unfinished batch, never acknowledged, that were left out.
    pub torn_bytes: u64,
}

/// A place in the log; what was appended before it is durable once a sync covered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    log: u64,
    end: u64,
}

/// A sync to be done outside the engine's lock.
pub(crate) struct SyncJob {
    file: Arc<dyn StorageFile>,
    ticket: Ticket,
}

impl SyncJob {
    /// Syncs what was appended before the job was made.
    pub fn run(&self) -> Result<(), FileError> {
        self.file.sync("log")
    }
}

/// See the module.
pub(crate) struct Engine {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) environment: Arc<dyn Environment>,
    pub(super) options: Options,
    pub(super) manifest: Manifest,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) dictionaries: Vec<Arc<DictionaryPart>>,
    pub(super) profiles: Profiles,
    pub(super) state: State,
    pub(super) published: Published,
    active: ActiveLog,
    pub(super) room: Room,
    pub(super) gathering: Arc<Gathering>,
    /// So many logs, the oldest, are being sealed.
    pub(super) logs_in_sealing: usize,
    lock: Box<dyn StorageLock>,
    poisoned: Option<String>,
    recovery: Recovery,
    /// The length of the log at which it is sealed.
    seal_at: u64,
    maintenance_error: Option<String>,
}

impl Engine {
    /// Opens the store for writing; makes one where there is none yet.
    pub fn open(
        storage: Arc<dyn Storage>,
        environment: Arc<dyn Environment>,
        options: Options,
    ) -> Result<Self, StoreError> {
        // Asked before the lock is taken, so that no file is left in a directory that is none of ours.
        if !storage.exists(MANIFEST)? {
            refuse_foreign(&*storage)?;
        }
        let lock = storage.lock(LOCK)?;
        let manifest = match load::read_manifest(&*storage)? {
            Some(manifest) => manifest,
            None => create(&*storage, &*environment)?,
        };
        let end = manifest.last_log_end();
        let mut loaded = load::load(&*storage, manifest, end)?;
        let closed = loaded.manifest.logs.last().is_some_and(|log| log.is_closed);
        let recovery = Recovery { unclean: !closed, torn_bytes: loaded.last_log.torn_bytes };
        if !closed {
            rewrite_last_log(&*storage, &*environment, &mut loaded)?;
        }
        remove_unlisted(&*storage, &loaded.manifest)?;
        let Some(log) = loaded.manifest.logs.last().cloned() else {
            return Err(StoreError::Absent { location: storage.location() });
        };
        let file: Arc<dyn StorageFile> = storage.open_append(&log_name(log.number))?.into();
        let active = ActiveLog {
            number: log.number,
            id: log.id,
            file,
            length: loaded.last_log.end,
            synced: loaded.last_log.end,
            sequence: loaded.last_log.sequence,
            torn: false,
        };
        let Loaded { manifest, segments, dictionaries, profiles, state, .. } = loaded;
        let published = Published::whole(&state);
        let engine = Self {
            storage,
            environment,
            options,
            manifest,
            segments,
            dictionaries,
            profiles,
            state,
            published,
            active,
            room: Room::default(),
            gathering: Arc::default(),
            logs_in_sealing: 0,
            lock,
            poisoned: None,
            recovery,
            seal_at: options.log_bytes_max,
            maintenance_error: None,
        };
        engine.tell_readers();
        Ok(engine)
    }

    /// What opening found.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Where the store is, for messages.
    pub fn location(&self) -> String {
        self.storage.location()
    }

    /// Judges lines and turns them into a draft. Damage met on the way gives the draft up.
    pub fn draft<T>(
        &mut self,
        fill: impl FnOnce(&mut Drafting<'_>) -> Result<T, crate::codec::DecodeError>,
    ) -> Result<(Draft, T), StoreError> {
        self.check_usable()?;
        let now = self.environment.now();
        let draft = Draft::new(self.room.take_builder());
        let mut drafting = Drafting { draft, state: &mut self.state, segments: &self.segments, now };
        let result = fill(&mut drafting);
        let draft = drafting.draft;
        match result {
            Ok(value) => Ok((draft, value)),
            Err(damage) => {
                self.abandon(&draft)?;
                Err(damaged(&*self.storage, damage))
            }
        }
    }

    /// Gives a draft up: nothing of it is kept.
    pub fn abandon(&mut self, draft: &Draft) -> Result<(), StoreError> {
        if draft.touched_shared {
            let rebuilt = self.state.rebuild_shared(&self.profiles);
            rebuilt.map_err(|damage| damaged(&*self.storage, damage))?;
        }
        Ok(())
    }

    /// Appends a draft to the log. It is durable, and visible, once a sync covered the ticket.
    pub fn append(&mut self, mut draft: Draft) -> Result<Ticket, StoreError> {
        self.check_usable()?;
        if draft.builder.is_empty() {
            return Ok(self.ticket());
        }
        let touched_shared = draft.touched_shared;
        let batch = draft.builder.build(self.state.next_arrival);
        let mut frames = self.room.take_frames();
        let appended = self.append_built(batch, &mut frames);
        self.room.keep_batch(draft.builder, frames);
        match appended {
            Ok(()) => Ok(self.ticket()),
            Err(error) => {
                if touched_shared {
                    let rebuilt = self.state.rebuild_shared(&self.profiles);
                    rebuilt.map_err(|damage| damaged(&*self.storage, damage))?;
                }
                Err(error)
            }
        }
    }

    fn append_built(&mut self, batch: BuiltBatch, frames: &mut Vec<u8>) -> Result<(), StoreError> {
        self.mark_open()?;
        frames.clear();
        let sequence = encode_frames(&batch.payload, self.active.id, self.active.sequence, self.active.synced, frames);
        self.active.cut_torn()?;
        if let Err(error) = self.active.file.append(frames) {
            self.active.torn = true;
            // The space is given back at once if that is possible, else before the next append.
            let _ = self.active.cut_torn();
            return Err(error.into());
        }
        self.active.length += frames.len() as u64;
        self.active.sequence = sequence;
        self.state.apply_built(batch, self.active.length).map_err(|damage| damaged(&*self.storage, damage))
    }

    /// The place after everything appended so far.
    pub fn ticket(&self) -> Ticket {
        Ticket { log: self.active.number, end: self.active.length }
    }

    /// Whether everything before the ticket is durable.
    pub fn is_durable(&self, ticket: Ticket) -> bool {
        ticket.log < self.active.number || ticket.end <= self.active.synced
    }

    /// The sync that covers everything appended so far.
    pub fn begin_sync(&self) -> Result<SyncJob, StoreError> {
        self.check_usable()?;
        Ok(SyncJob { file: Arc::clone(&self.active.file), ticket: self.ticket() })
    }

    /// Takes the result of a sync in: what it covered becomes visible.
    pub fn finish_sync(&mut self, job: &SyncJob, result: Result<(), FileError>) -> Result<(), StoreError> {
        if let Err(error) = result {
            self.poison(&error);
            return Err(error.into());
        }
        if job.ticket.log == self.active.number && job.ticket.end > self.active.synced {
            self.active.synced = job.ticket.end;
            let whole = self.active.synced == self.active.length;
            self.published
                .advance(&self.state, self.active.synced, whole)
                .map_err(|damage| damaged(&*self.storage, damage))?;
            self.tell_readers();
        }
        Ok(())
    }

    /// Syncs everything appended so far.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        if self.active.synced == self.active.length {
            return self.check_usable();
        }
        let job = self.begin_sync()?;
        let result = job.run();
        self.finish_sync(&job, result)
    }

    /// Whether the log has grown to the size at which it is sealed.
    pub fn is_seal_due(&self) -> bool {
        self.active.length >= self.seal_at
    }

    /// Keeps the room of a segment that is written, where the next log filled meanwhile and so is soon sealed as well.
    pub fn keep_rows(&mut self, rows: SegmentRows) {
        if self.active.length >= self.seal_at / 2 {
            self.room.keep_rows(rows);
        }
    }

    /// Whether the log has grown so far beyond that size that writing should wait until earlier logs are sealed and gone.
    pub fn is_overfull(&self) -> bool {
        self.active.length >= self.options.log_bytes_max.saturating_mul(2)
    }

    /// Keeps in mind what went wrong with sealing and merging, if anything, and when sealing is tried next.
    pub fn note_maintenance(&mut self, problem: Option<String>) {
        let log_bytes_max = self.options.log_bytes_max;
        // After an error it is tried again when the log has grown some more.
        let grown = problem.as_ref().map_or(0, |_| self.active.length + log_bytes_max / 8);
        self.seal_at = log_bytes_max.max(grown);
        self.maintenance_error = problem;
    }

    /// Why the latest sealing or merging went wrong, if it did.
    pub fn maintenance_error(&self) -> Option<String> {
        self.maintenance_error.clone()
    }

    /// Closes the store: syncs, and notes that the log ends where it does.
    pub fn close(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        let is_open = self.manifest.logs.last().is_some_and(|log| !log.is_closed);
        if is_open {
            self.active.cut_torn()?;
            let length = self.active.length;
            self.publish(|manifest| {
                if let Some(log) = manifest.logs.last_mut() {
                    (log.length, log.is_closed) = (length, true);
                }
            })?;
        }
        Ok(())
    }

    /// Notes in the manifest that the log may grow from now on.
    fn mark_open(&mut self) -> Result<(), StoreError> {
        let is_closed = self.manifest.logs.last().is_some_and(|log| log.is_closed);
        if is_closed {
            self.publish(|manifest| {
                if let Some(log) = manifest.logs.last_mut() {
                    log.is_closed = false;
                }
            })?;
        }
        Ok(())
    }

    /// Puts a changed manifest in the place of the old one.
    pub(super) fn publish(&mut self, change: impl FnOnce(&mut Manifest)) -> Result<(), StoreError> {
        let mut manifest = self.manifest.clone();
        change(&mut manifest);
        manifest.generation += 1;
        let result = write_manifest(&*self.storage, &*self.environment, &manifest);
        self.poison_if_sync_failed(result)?;
        self.manifest = manifest;
        Ok(())
    }

    /// Numbers for so many files: the first of them. One that a crash leaves unused is given again.
    pub(super) fn take_file_numbers(&mut self, count: u64) -> u64 {
        let first = self.manifest.next_file;
        self.manifest.next_file += count;
        first
    }

    /// Closes the log, all of which is synced, and goes over to a new one.
    pub(super) fn start_log(&mut self) -> Result<(), StoreError> {
        self.active.cut_torn()?;
        let number = self.take_file_numbers(1);
        let entry = write_log(&*self.storage, &*self.environment, number, &[])?.0;
        let file: Arc<dyn StorageFile> = self.storage.open_append(&log_name(number))?.into();
        let (id, length, closed_length) = (entry.id, entry.length, self.active.length);
        self.publish(|manifest| {
            if let Some(log) = manifest.logs.last_mut() {
                (log.length, log.is_closed) = (closed_length, true);
            }
            manifest.logs.push(entry);
        })?;
        self.active = ActiveLog { number, id, file, length, synced: length, sequence: 0, torn: false };
        self.state.logs.push(HotLog::empty(number));
        self.published.restart(&self.state);
        self.tell_readers();
        Ok(())
    }

    /// Tells readers in other processes how far the log is durable.
    fn tell_readers(&self) {
        let note = super::note::Note { log: self.active.number, synced: self.active.synced };
        // What is durable stays so if this fails; readers beside the writer see it with the next note.
        let _ = self.lock.set_note(note.encode().as_bytes());
    }

    /// After an error from which there is no way back, nothing more is taken.
    pub(super) fn poison_unless_ok<T>(&mut self, result: &Result<T, StoreError>) {
        if let Err(error) = result {
            self.poisoned.get_or_insert(error.to_string());
        }
    }

    /// After a failed sync what the disk holds is not known, and nothing more is taken.
    pub(super) fn poison_if_sync_failed<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::File(error)) = &result
            && error.is_failed_sync()
        {
            self.poison(error);
        }
        result
    }

    /// The same for a change of what is saved beside the store.
    pub(super) fn poison_if_saving_failed(&mut self, result: &Result<(), StoreError>) {
        if let Err(StoreError::Saved(SavedError::File(error))) = result
            && error.is_failed_sync()
        {
            self.poison(error);
        }
    }

    fn poison(&mut self, cause: &FileError) {
        self.poisoned.get_or_insert(cause.to_string());
    }

    pub(super) fn check_usable(&self) -> Result<(), StoreError> {
        match &self.poisoned {
            Some(cause) => Err(StoreError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }
}
