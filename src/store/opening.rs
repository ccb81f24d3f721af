//! The files that a writer makes, finds or removes before it takes anything: the manifest, the log, and what a crash left.
//! Manifests and logs are written in the same way later.

use super::environment::Environment;
use super::error::StoreError;
use super::load::{self, Loaded, damaged};
use super::manifest::{LOCK, LogEntry, MANIFEST, Manifest, is_own_name, log_name, stands_beside};
use crate::codec::{FileHeader, FileKind};
use crate::files::{Storage, publish_file};
use crate::log::{LogEnd, encode_frames, framed_bytes};
use bytes::Bytes;

/// Writes a manifest and makes it last.
pub(super) fn write_manifest(
    storage: &dyn Storage,
    environment: &dyn Environment,
    manifest: &Manifest,
) -> Result<(), StoreError> {
    let bytes = manifest.encode(environment.file_id()).map_err(|damage| damaged(storage, damage))?;
    publish_file(storage, MANIFEST, [bytes], "manifest")?;
    storage.sync_dir("manifest name")?;
    Ok(())
}

/// Writes a log file that holds these batches; answers its entry and next sequence.
pub(super) fn write_log(
    storage: &dyn Storage,
    environment: &dyn Environment,
    number: u64,
    batches: &[Bytes],
) -> Result<(LogEntry, u64), StoreError> {
    let id = environment.file_id();
    let mut bytes = FileHeader { kind: FileKind::Log, id }.encode();
    // The file gets its name only when all of it is synced, and every frame says so.
    let length = bytes.len() as u64 + batches.iter().map(|batch| framed_bytes(batch.len())).sum::<u64>();
    let mut sequence = 0;
    for batch in batches {
        sequence = encode_frames(batch, id, sequence, length, &mut bytes);
    }
    publish_file(storage, &log_name(number), [bytes], "new log")?;
    storage.sync_dir("new log name")?;
    Ok((LogEntry { number, id, length, is_closed: false }, sequence))
}

/// The names in a directory without a manifest; an error where some are not a store's.
pub(super) fn refuse_foreign(storage: &dyn Storage) -> Result<Vec<String>, StoreError> {
    let names = storage.list()?;
    match names.iter().find(|name| !is_own_name(name) && !stands_beside(name)) {
        Some(foreign) => Err(StoreError::NotAStore { location: storage.location(), example: foreign.clone() }),
        None => Ok(names),
    }
}

/// Makes a store in an empty directory.
pub(super) fn create(storage: &dyn Storage, environment: &dyn Environment) -> Result<Manifest, StoreError> {
    let names = refuse_foreign(storage)?;
    if let Some(damage) = load::lost_manifest(storage, &names)? {
        return Err(damaged(storage, damage));
    }
    for name in names.iter().filter(|name| *name != LOCK && is_own_name(name)) {
        storage.remove(name)?;
    }
    let (mut entry, _) = write_log(storage, environment, 1, &[])?;
    entry.is_closed = true;
    let manifest = Manifest::first(entry);
    write_manifest(storage, environment, &manifest)?;
    Ok(manifest)
}

/// Puts the intact batches of a log that was not closed into a new file, which takes its place.
pub(super) fn rewrite_last_log(
    storage: &dyn Storage,
    environment: &dyn Environment,
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    let Some(hot) = loaded.state.logs.last_mut() else { return Ok(()) };
    let batches: Vec<Bytes> = hot.batches.iter().map(|batch| batch.payload.clone()).collect();
    let number = loaded.manifest.next_file;
    let (entry, sequence) = write_log(storage, environment, number, &batches)?;
    let length = entry.length;
    let mut manifest = loaded.manifest.clone();
    manifest.generation += 1;
    manifest.next_file = number + 1;
    manifest.logs.pop();
    manifest.logs.push(LogEntry { is_closed: true, ..entry });
    write_manifest(storage, environment, &manifest)?;
    // The ends of the batches are those of the new file from now on.
    let found = load::read_log(storage, &manifest.logs[manifest.logs.len() - 1], LogEnd::Known(length))?;
    hot.number = number;
    for (batch, (_, end)) in hot.batches.iter_mut().zip(found.batches) {
        batch.end = end;
    }
    loaded.manifest = manifest;
    loaded.last_log = load::LogFound { end: length, sequence, torn_bytes: 0 };
    Ok(())
}

/// Removes files under the store's own names that the manifest does not list: what a crash left.
pub(super) fn remove_unlisted(storage: &dyn Storage, manifest: &Manifest) -> Result<(), StoreError> {
    let listed = manifest.names();
    let mut unlisted = storage.list()?;
    unlisted.retain(|name| is_own_name(name) && name != MANIFEST && name != LOCK && !listed.contains(name));
    if !unlisted.is_empty() {
        // A process that was killed may have renamed the manifest without syncing the directory. Until that lasts, the
        // manifest before it may come back, and needs the files it lists.
        storage.sync_dir("found names")?;
    }
    unlisted.iter().try_for_each(|name| storage.remove(name))?;
    Ok(())
}
