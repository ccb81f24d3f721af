//! The store as programs hold it: one writer that many threads share, and snapshots for readers.

use super::background::{Core, Handle, Maintenance, Writer};
use super::backup::{Backup, backup};
use super::compact::{CompactStep, Compacted};
use super::engine::{Engine, Options, Recovery, Ticket};
use super::environment::{Environment, SystemEnvironment};
use super::error::StoreError;
use super::hot::{HotChunks, VisibleLog};
use super::removal::{Plan, Removal};
use super::snapshot::Snapshot;
use super::stats::StoreStats;
use super::turn::Turn;
use crate::codec::DecodeError;
use crate::files::{DiskStorage, Storage};
use crate::log::ImportRecord;
use crate::profiles::Profiles;
use crate::saved::Saved;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A store open for writing. Clones share it; the last one closes it.
///
/// A call that returns `Ok` is durable: the sync that covers it has returned. Threads that write at the same time
/// share syncs.
///
/// ```
/// use trackcrumb::{Event, Store};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = tempfile::tempdir()?;
/// let store = Store::open(directory.path())?;
/// let event = Event::new("user_42", "feature_used")?.group("company", "acme-corp")?.property("feature", "ai_chart");
/// store.write([event.into()])?;
/// assert_eq!(store.snapshot()?.user_count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Store {
    core: Arc<Handle>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.writer().engine.location())
    }
}

impl Store {
    /// Opens the store in a directory; makes both where they do not exist.
    ///
    /// # Errors
    /// When the directory holds something else, another process writes to it, or it is damaged.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(directory, Options::default())
    }

    /// Opens the store in a directory with other sizes than the usual ones.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(directory: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let storage = DiskStorage::create(directory.as_ref())?;
        let engine = Engine::open(Arc::new(storage), Arc::new(SystemEnvironment), options)?;
        Ok(Self::of(engine, Maintenance::Background))
    }

    /// Opens a store over any storage and environment. It has no threads: what maintenance is due is done by the thread
    /// whose write made it so, and the same calls give the same files.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_storage(
        storage: Arc<dyn Storage>,
        environment: Arc<dyn Environment>,
        options: Options,
    ) -> Result<Self, StoreError> {
        Ok(Self::of(Engine::open(storage, environment, options)?, Maintenance::Inline))
    }

    /// The same with threads for maintenance.
    #[cfg(test)]
    pub(super) fn open_with_threads(
        storage: Arc<dyn Storage>,
        environment: Arc<dyn Environment>,
        options: Options,
    ) -> Result<Self, StoreError> {
        Ok(Self::of(Engine::open(storage, environment, options)?, Maintenance::Background))
    }

    fn of(engine: Engine, maintenance: Maintenance) -> Self {
        Self { core: Arc::new(Handle::new(Core::new(engine, maintenance))) }
    }

    pub(super) fn saved_slot(&self) -> &Mutex<Option<Arc<Saved>>> {
        &self.core.saved
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.core.writer()
    }

    /// Whether maintenance has threads of its own.
    pub(super) fn has_threads(&self) -> bool {
        self.core.has_threads()
    }

    /// What opening found: whether the store was closed before, and what of an unfinished batch was left out.
    pub fn recovery(&self) -> Recovery {
        self.writer().engine.recovery()
    }

    /// Deletes users for good, each named by any of its ids: the events, identify() calls, associations and aliases of
    /// all its ids. Properties of groups that it wrote stay. Answers what was removed; afterwards no answer and no file
    /// of the store has anything of it. Writing and reading go on beside it; all that arrived before it ends goes, and
    /// what arrives later makes the user anew.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for one that does not exist, and when files cannot be read or written. Then nothing is
    /// deleted, unless it was a sync that failed.
    pub fn delete_users<N: AsRef<str>>(&self, ids: &[N]) -> Result<Removal, StoreError> {
        Turn::wait_for(&self.core).erase(&|snapshot| Plan::users(snapshot, ids))
    }

    /// Deletes keys of a group type for good: their group() calls and associations, and the key from events, which
    /// stay. Whoever belonged to one belongs to what the latest remaining group() call or event says.
    ///
    /// # Errors
    /// As [`Self::delete_users`].
    pub fn delete_keys<N: AsRef<str>>(&self, group_type: &str, keys: &[N]) -> Result<Removal, StoreError> {
        Turn::wait_for(&self.core).erase(&|snapshot| Plan::keys(snapshot, group_type, keys))
    }

    /// Deletes events that are older than so many days for good: those before the midnight of UTC that many days
    /// before today, whatever the time zone of the workspace. Calls stay; what only such events said goes with them: who
    /// belongs to which key, and users and keys that nothing else names.
    ///
    /// # Errors
    /// When files cannot be read or written, as [`Self::delete_users`].
    pub fn expire(&self, days: u32) -> Result<Removal, StoreError> {
        let turn = Turn::wait_for(&self.core);
        let choose = self.writer().engine.older_than(days);
        turn.erase(&choose)
    }

    /// How often the log was synced for calls that wait, since the store was opened: as they share syncs, less often than
    /// there were calls.
    pub fn syncs(&self) -> u64 {
        self.writer().syncs
    }

    /// How far imports got that ended or were interrupted.
    pub fn imports(&self) -> Vec<ImportRecord> {
        self.writer().engine.state.imports.clone()
    }

    /// Waits until everything before the ticket is durable; one of the waiting threads syncs for all.
    pub(super) fn wait_until_durable<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
        ticket: Ticket,
    ) -> Result<(), StoreError> {
        loop {
            if writer.engine.is_durable(ticket) {
                break;
            }
            if writer.is_syncing || writer.waiting > 0 {
                writer = self.core.wait(writer);
                writer.engine.check_usable()?;
                continue;
            }
            let job = writer.engine.begin_sync()?;
            writer.is_syncing = true;
            drop(writer);
            let result = job.run();
            writer = self.writer();
            writer.is_syncing = false;
            writer.syncs += 1;
            let finished = writer.engine.finish_sync(&job, result);
            self.core.tell();
            finished?;
        }
        if !writer.is_syncing {
            self.core.maintain(writer);
        }
        Ok(())
    }

    /// Seals what is in the log into a segment now, takes out events that are older than they are to be kept, and merges
    /// what is due.
    ///
    /// # Errors
    /// When files cannot be written. What was acknowledged stays.
    pub fn seal(&self) -> Result<(), StoreError> {
        let turn = Turn::wait_for(&self.core);
        turn.seal()?;
        turn.expire_due()?;
        turn.merge_due(|_| false)
    }

    /// Seals what is in the log, and merges what was sealed into as few files as the limits of [`Options`] allow, further
    /// than maintenance does. Writing and reading go on beside it. `notice` is told each step before it is taken. Answers
    /// never change by it, unless events are kept for so many days only ([`Self::set_keep_days`]): older ones go then.
    ///
    /// # Errors
    /// When files cannot be read or written. What was acknowledged stays.
    pub fn compact(&self, notice: impl FnMut(CompactStep)) -> Result<Compacted, StoreError> {
        Turn::wait_for(&self.core).compact(notice)
    }

    /// Copies the store into a directory that is empty or does not exist yet: everything that is durable when this
    /// begins, and a prefix of what arrives meanwhile. Writing goes on beside it. The copy is a store, closed.
    ///
    /// # Errors
    /// When the directory holds something, the store is damaged, or files cannot be written.
    pub fn backup(&self, directory: impl AsRef<Path>) -> Result<Backup, StoreError> {
        let from = Arc::clone(&self.writer().engine.storage);
        backup(&*from, &DiskStorage::create(directory.as_ref())?, &SystemEnvironment, |_, _| ())
    }

    /// Why the store could not seal or merge what it holds when that was last due, if so. What was acknowledged is
    /// durable all the same, and it is tried again; but the log grows until it succeeds.
    pub fn maintenance_error(&self) -> Option<String> {
        self.writer().engine.maintenance_error()
    }

    /// Everything durable at this instant.
    ///
    /// # Errors
    /// When what is in memory cannot be read, which is a bug.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut hot = self.core.hot.lock().unwrap_or_else(PoisonError::into_inner);
        let (view, visible) = {
            let writer = self.writer();
            let engine = &writer.engine;
            let visible = visible_logs(engine, &hot);
            (View::of(engine), visible)
        };
        view.snapshot(&mut hot, visible)
    }

    /// How much the store holds, and how many bytes each part takes.
    ///
    /// # Errors
    /// When the system does not tell the length of a file, or names cannot be read.
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let snapshot = self.snapshot()?;
        let writer = self.writer();
        let Engine { storage, manifest, .. } = &writer.engine;
        let mut files = Vec::new();
        for name in manifest.all_names() {
            let length = storage.file_len(&name)?;
            files.push((name, length));
        }
        StoreStats::new(&snapshot, &files).map_err(|damage| StoreError::damaged(snapshot.location(), damage))
    }

    /// Closes the store: everything is durable already; the next opening has nothing to recover.
    /// Dropping the last handle does the same but cannot report an error.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub fn close(self) -> Result<(), StoreError> {
        self.core.idle_writer().engine.close()
    }
}

/// What a snapshot takes from an engine under its lock.
pub(super) struct View {
    snapshot: Snapshot,
}

impl View {
    pub(super) fn of(engine: &Engine) -> Self {
        let published = engine.published.clone();
        Self {
            snapshot: Snapshot {
                location: engine.location(),
                segments: engine.segments.clone(),
                profiles: engine.profiles.clone(),
                names: engine.state.names.clone(),
                name_counts: published.name_counts,
                aliases: published.aliases,
                joined_ids: OnceLock::new(),
                settings: published.settings,
                cohorts: published.cohorts,
                next_arrival: published.next_arrival,
                erased_arrivals: engine.manifest.erased_arrivals,
            },
        }
    }

    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self { snapshot }
    }

    /// What is sealed.
    pub(super) fn sealed(self) -> Snapshot {
        self.snapshot
    }

    /// Adds what is not sealed.
    pub(super) fn snapshot(self, hot: &mut HotChunks, visible: Vec<VisibleLog>) -> Result<Snapshot, StoreError> {
        let mut snapshot = self.snapshot;
        hot.update(visible).map_err(|damage| StoreError::damaged(&snapshot.location, damage))?;
        let (segments, profiles) = hot.parts();
        snapshot.segments.extend(segments);
        let mut parts = snapshot.profiles.parts().to_vec();
        parts.extend(profiles);
        snapshot.profiles = Profiles::new(parts);
        Ok(snapshot)
    }
}

/// The batches that readers may see and that are in no chunk yet.
fn visible_logs(engine: &Engine, hot: &HotChunks) -> Vec<VisibleLog> {
    let last = engine.state.logs.len().saturating_sub(1);
    let logs = engine.state.logs.iter().enumerate();
    logs.map(|(place, log)| {
        let batches = if place == last { engine.published.batches } else { log.batches.len() };
        let seen = hot.seen(log.number).min(batches);
        let new = log.batches[seen..batches].iter().map(|batch| batch.payload.clone()).collect();
        VisibleLog { number: log.number, batches, new }
    })
    .collect()
}

/// A store open for reading, beside a writer or without one. It sees what is durable, and writes nothing.
#[derive(Debug)]
pub struct StoreReader {
    snapshot: Snapshot,
    recovery: Recovery,
    sizes: Vec<(String, u64)>,
}

impl StoreReader {
    /// Reads the store in a directory.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let location = directory.as_ref().display().to_string();
        match DiskStorage::open(directory.as_ref()) {
            Ok(storage) => Self::open_storage(&storage),
            Err(error) if error.is_not_found() => Err(StoreError::Absent { location }),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a store in any storage.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_storage(storage: &dyn Storage) -> Result<Self, StoreError> {
        super::read::open(storage)
    }

    /// Reads what is intact of a damaged store, and says what is not. What needs a lost name is still in the
    /// snapshot but has no name; only [`Snapshot::export_intact`] copes with that.
    ///
    /// # Errors
    /// When there is no store, or the system refuses to read it.
    pub fn open_skipping(storage: &dyn Storage) -> Result<(Self, Vec<DecodeError>), StoreError> {
        super::salvage::open(storage)
    }

    pub(super) fn new(snapshot: Snapshot, recovery: Recovery, sizes: Vec<(String, u64)>) -> Self {
        Self { snapshot, recovery, sizes }
    }

    /// What the store held when it was opened.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whether the store was not closed, and bytes of an unfinished batch that were left out.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// How much the store holds, and how many bytes each part takes.
    ///
    /// # Errors
    /// When names cannot be read.
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let Snapshot { location, .. } = &self.snapshot;
        StoreStats::new(&self.snapshot, &self.sizes).map_err(|damage| StoreError::damaged(location, damage))
    }

    /// The files of the store with their lengths in bytes.
    pub fn files(&self) -> &[(String, u64)] {
        &self.sizes
    }
}
