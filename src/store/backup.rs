//! A copy of a store that others may be writing to meanwhile.
//!
//! Invariants:
//! - The copy holds everything that was durable when it began, up to one arrival and nothing after it.
//! - What is copied was checked, byte by byte; damage is told and not handed on.
//! - The copy is a closed store from the instant its manifest is there, and no store before.

use super::environment::Environment;
use super::error::StoreError;
use super::load::{self, damaged};
use super::manifest::{LOCK, LogEntry, Manifest};
use super::opening::{write_log, write_manifest};
use super::read;
use crate::codec::DecodeError;
use crate::files::{Storage, publish_file};
use crate::log::{Batch, LogEnd};
use crate::model::Arrival;
use crate::saved::{SAVED, Saved, read_saved, write_saved};
use bytes::Bytes;
use serde::Serialize;

/// Bytes of a file that are written in one call.
const CHUNK_BYTES: usize = 4 << 20;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Files of the copy, without the lock.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The copy holds what has an arrival below this, and nothing else.
    pub next_arrival: u64,
}

/// The files of a store at one instant. They stay readable though a writer removes them.
struct Opened {
    manifest: Manifest,
    /// Name and content of each sealed file.
    sealed: Vec<(String, Bytes)>,
    /// The batches of each log.
    logs: Vec<Vec<Bytes>>,
    /// What is saved beside it.
    saved: Saved,
}

/// Copies a store, beside a live writer or without one, into an empty directory. A lock that nobody holds, as a copy
/// that failed leaves it, may be there. `notice` is told how many bytes of how many are written.
///
/// # Errors
/// When `to` is not empty, `from` is no store or is damaged, or files cannot be read or written.
pub fn backup(
    from: &dyn Storage,
    to: &dyn Storage,
    environment: &dyn Environment,
    mut notice: impl FnMut(u64, u64),
) -> Result<Backup, StoreError> {
    refuse_content(to)?;
    let opened = read::with_manifest(from, |manifest, end| open(from, manifest, end), |_| true)?;
    opened.verify(from)?;
    let _lock = to.lock(LOCK)?;
    refuse_content(to)?;
    let copied = opened.copy(from, to, environment, &mut notice);
    if copied.is_err() {
        // Nothing but what was written here is there. The first error is the one worth telling.
        let _ = to.list().map(|names| names.iter().filter(|name| *name != LOCK).try_for_each(|name| to.remove(name)));
    }
    copied
}

fn refuse_content(to: &dyn Storage) -> Result<(), StoreError> {
    match to.list()?.into_iter().find(|name| name != LOCK) {
        Some(example) => Err(StoreError::NotEmpty { location: to.location(), example }),
        None => Ok(()),
    }
}

fn open(from: &dyn Storage, manifest: Manifest, last_end: LogEnd) -> Result<Opened, StoreError> {
    let mut sealed = Vec::new();
    for (name, entry) in manifest.sealed() {
        let bytes = from.map(&name, entry.length)?;
        sealed.push((name, bytes));
    }
    let mut logs = Vec::new();
    for (place, entry) in manifest.logs.iter().enumerate() {
        let is_last = place + 1 == manifest.logs.len();
        let end = if is_last && !entry.is_closed { last_end } else { entry.end() };
        let found = load::read_log(from, entry, end)?;
        logs.push(found.batches.into_iter().map(|(payload, _)| payload).collect());
    }
    Ok(Opened { manifest, sealed, logs, saved: read_saved(from)? })
}

impl Opened {
    /// Checks every byte.
    fn verify(&self, from: &dyn Storage) -> Result<(), StoreError> {
        for (name, bytes) in &self.sealed {
            let found = super::verify::verify_sealed(from, name, bytes.clone())?;
            if let Some(damage) = found.into_iter().next() {
                return Err(damaged(from, damage));
            }
        }
        Ok(())
    }

    fn copy(
        &self,
        from: &dyn Storage,
        to: &dyn Storage,
        environment: &dyn Environment,
        notice: &mut dyn FnMut(u64, u64),
    ) -> Result<Backup, StoreError> {
        let total = self.sealed.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let mut done = 0;
        notice(done, total);
        for (name, bytes) in &self.sealed {
            let chunks = bytes.chunks(CHUNK_BYTES).inspect(|chunk| {
                done += chunk.len() as u64;
                notice(done, total);
            });
            publish_file(to, name, chunks, "copied file")?;
        }
        let mut logs = Vec::new();
        for (entry, batches) in self.manifest.logs.iter().zip(&self.logs) {
            // This also syncs the directory, and with it the names of the files above.
            let (log, _) = write_log(to, environment, entry.number, batches)?;
            logs.push(LogEntry { is_closed: true, ..log });
        }
        let mut names = Vec::new();
        if self.saved != Saved::default() {
            write_saved(to, &self.saved)?;
            names.push(SAVED.to_owned());
        }
        let manifest = Manifest { logs, ..self.manifest.clone() };
        let next_arrival = self.next_arrival().map_err(|damage| damaged(from, damage))?.raw();
        write_manifest(to, environment, &manifest)?;
        names.extend(manifest.all_names());
        let lengths = names.iter().map(|name| to.file_len(name)).collect::<Result<Vec<u64>, _>>()?;
        Ok(Backup { files: names.len() as u64, bytes: lengths.iter().sum(), next_arrival })
    }

    /// The arrival after everything that is copied.
    fn next_arrival(&self) -> Result<Arrival, DecodeError> {
        let Some(last) = self.logs.iter().flatten().last() else {
            return Ok(Arrival::new(self.manifest.sealed_arrivals));
        };
        let batch = Batch::open(last)?;
        let mut next = batch.first_arrival;
        batch.visit::<DecodeError>(|arrival, _, record| {
            next = arrival.plus(u64::from(record.has_arrival()));
            Ok(())
        })?;
        Ok(next)
    }
}
