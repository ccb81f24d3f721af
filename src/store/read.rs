//! Opening a store for reading alone, beside a live writer or after one is gone.

use super::engine::Recovery;
use super::error::StoreError;
use super::handle::{StoreReader, View};
use super::hot::{HotChunks, VisibleLog};
use super::load::{Loaded, damaged, load, lost_manifest, read_manifest};
use super::manifest::{LOCK, Manifest, is_own_name, stands_beside};
use super::note::Note;
use super::published::Published;
use super::snapshot::Snapshot;
use crate::files::{LockProbe, Storage};
use crate::log::LogEnd;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// How often a reader begins anew because the writer changed files under it.
const ATTEMPTS: u32 = 50;
/// How long it waits before it does.
const PAUSE: Duration = Duration::from_millis(4);

/// Where the last log ends for a reader; `None` when the writer is in between two notes.
fn last_log_end(storage: &dyn Storage, manifest: &Manifest) -> Result<Option<LogEnd>, StoreError> {
    let Some(log) = manifest.logs.last() else { return Ok(None) };
    match storage.probe_lock(LOCK)? {
        LockProbe::Free => Ok(Some(log.end())),
        LockProbe::Held(note) => match Note::decode(&note) {
            Some(note) if note.log == log.number => Ok(Some(LogEnd::Known(note.synced))),
            // A closed log is whole, whatever the writer is about to do.
            _ => Ok(log.closed_length().map(LogEnd::Known)),
        },
    }
}

pub(super) fn open(storage: &dyn Storage) -> Result<StoreReader, StoreError> {
    let read = |manifest: Manifest, end| {
        let mut sizes = Vec::new();
        for name in manifest.all_names() {
            let length = storage.file_len(&name)?;
            sizes.push((name, length));
        }
        reader(storage, load(storage, manifest, end)?, sizes)
    };
    with_manifest(storage, read, |_| true)
}

/// Calls `read` with the manifest and where the last log ends. What fails, or is not sound, is read anew when the
/// writer replaced the manifest meanwhile: then it excuses what was missing or different.
pub(super) fn with_manifest<T>(
    storage: &dyn Storage,
    mut read: impl FnMut(Manifest, LogEnd) -> Result<T, StoreError>,
    is_sound: impl Fn(&T) -> bool,
) -> Result<T, StoreError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let Some(manifest) = read_manifest(storage)? else { return Err(absent(storage)?) };
        let generation = manifest.generation;
        let result = match last_log_end(storage, &manifest)? {
            Some(end) => read(manifest, end),
            None if attempt < ATTEMPTS => {
                thread::sleep(PAUSE);
                continue;
            }
            None => {
                let end = manifest.last_log_end();
                read(manifest, end)
            }
        };
        if attempt >= ATTEMPTS || result.as_ref().is_ok_and(&is_sound) {
            return result;
        }
        if read_manifest(storage)?.is_some_and(|now| now.generation == generation) {
            return result;
        }
        thread::sleep(PAUSE);
    }
}

fn absent(storage: &dyn Storage) -> Result<StoreError, StoreError> {
    let location = storage.location();
    let names = storage.list()?;
    if let Some(damage) = lost_manifest(storage, &names)? {
        return Ok(damaged(storage, damage));
    }
    let foreign = names.into_iter().find(|name| !is_own_name(name) && !stands_beside(name));
    Ok(match foreign {
        Some(example) => StoreError::NotAStore { location, example },
        None => StoreError::Absent { location },
    })
}

/// A reader of what was loaded.
pub(super) fn reader(
    storage: &dyn Storage,
    loaded: Loaded,
    sizes: Vec<(String, u64)>,
) -> Result<StoreReader, StoreError> {
    let published = Published::whole(&loaded.state);
    let erased_arrivals = loaded.manifest.erased_arrivals;
    let unclean = loaded.manifest.logs.last().is_some_and(|log| !log.is_closed);
    let recovery = Recovery { unclean, torn_bytes: loaded.last_log.torn_bytes };
    let visible = loaded.state.logs.iter().map(|log| VisibleLog {
        number: log.number,
        batches: log.batches.len(),
        new: log.batches.iter().map(|batch| batch.payload.clone()).collect(),
    });
    let visible = visible.collect();
    let snapshot = Snapshot {
        location: storage.location(),
        segments: loaded.segments,
        profiles: loaded.profiles,
        names: loaded.state.names.clone(),
        name_counts: published.name_counts,
        aliases: published.aliases,
        joined_ids: OnceLock::new(),
        settings: published.settings,
        cohorts: published.cohorts,
        next_arrival: published.next_arrival,
        erased_arrivals,
    };
    let snapshot = View::new(snapshot).snapshot(&mut HotChunks::default(), visible)?;
    Ok(StoreReader::new(snapshot, recovery, sizes))
}
