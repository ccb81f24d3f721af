//! Reads every byte of a store, and compares everything with what it must agree with.
//!
//! Invariants:
//! - Every file is looked at, whatever is wrong with others; each damage names its file and offset.
//! - Nothing is written, and a live writer is not disturbed: a check during which the writer replaced the manifest
//!   counts only when it found nothing.
//! - What depends on a damaged file is not judged, so that one damage is not told many times.

mod cross;
mod logs;
#[cfg(test)]
mod tests;

use super::error::StoreError;
use super::load::{self, damaged, lost_manifest, read_manifest};
use super::manifest::{
    FileEntry, LOCK, MANIFEST, Manifest, dictionary_name, is_own_name, log_name, profiles_name, segment_name,
    stands_beside,
};
use super::read;
use super::salvage::as_damage;
use crate::codec::DecodeError;
use crate::dictionary::DictionaryPart;
use crate::files::{Storage, is_temporary};
use crate::log::{LogEnd, scan};
use crate::profiles::ProfilesPart;
use crate::saved::{SAVED, SavedError, read_saved};
use crate::segment::Segment;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is damaged, each with its file and offset. None means that all is well.
    pub damage: Vec<DecodeError>,
    /// What is worth knowing and no damage: files of others, what a crash left.
    pub notes: Vec<String>,
}

/// Verifies a store.
///
/// # Errors
/// When there is no store, or the system refuses to read it. Damage is no error but part of the report.
pub fn verify(storage: &dyn Storage) -> Result<VerifyReport, StoreError> {
    let lost = match read_manifest(storage) {
        Ok(Some(_)) => None,
        Ok(None) => lost_manifest(storage, &storage.list()?)?,
        Err(error) => Some(as_damage(error, MANIFEST)?),
    };
    if let Some(damage) = lost {
        return without_manifest(storage, damage);
    }
    read::with_manifest(
        storage,
        |manifest, end| Verifier::run(storage, &manifest, end),
        |report| report.damage.is_empty(),
    )
}

/// One pass over a store.
struct Verifier<'a> {
    storage: &'a dyn Storage,
    report: VerifyReport,
}

/// The files of a store that could be opened. They stay readable though a writer removes them.
#[derive(Default)]
struct Opened {
    segments: Vec<Arc<Segment>>,
    dictionaries: Vec<Arc<DictionaryPart>>,
    profiles: Vec<Arc<ProfilesPart>>,
    /// Content of the logs in the order of the manifest; `None` for one that cannot be read.
    logs: Vec<Option<Bytes>>,
}

impl<'a> Verifier<'a> {
    fn run(storage: &'a dyn Storage, manifest: &Manifest, last_end: LogEnd) -> Result<VerifyReport, StoreError> {
        let mut verifier = Self { storage, report: VerifyReport::default() };
        verifier.count(storage.file_len(MANIFEST)?);
        let mut opened = verifier.open(manifest)?;
        verifier.read_all(&opened);
        verifier.saved()?;
        verifier.note_others(&manifest.all_names())?;
        let logs = std::mem::take(&mut opened.logs);
        cross::check(&mut verifier.report, manifest, &opened, &logs, last_end);
        Ok(verifier.report)
    }

    fn count(&mut self, bytes: u64) {
        self.report.files += 1;
        self.report.bytes += bytes;
    }

    /// What was opened, or nothing with the damage noted.
    fn keep<T>(&mut self, opened: Result<T, StoreError>, file: &str) -> Result<Option<T>, StoreError> {
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(error) => {
                self.report.damage.push(as_damage(error, file)?);
                Ok(None)
            }
        }
    }

    fn sealed<T>(
        &mut self,
        entries: &[FileEntry],
        name: fn(u64) -> String,
        open: fn(&dyn Storage, &FileEntry) -> Result<Arc<T>, StoreError>,
    ) -> Result<Vec<Arc<T>>, StoreError> {
        let mut files = Vec::with_capacity(entries.len());
        for entry in entries {
            let opened = self.keep(open(self.storage, entry), &name(entry.number))?;
            self.count(entry.length);
            files.extend(opened);
        }
        Ok(files)
    }

    fn open(&mut self, manifest: &Manifest) -> Result<Opened, StoreError> {
        let mut opened = Opened {
            segments: self.sealed(&manifest.segments, segment_name, load::open_segment)?,
            dictionaries: self.sealed(&manifest.dictionaries, dictionary_name, load::open_dictionary)?,
            profiles: self.sealed(&manifest.profiles, profiles_name, load::open_profiles)?,
            logs: Vec::with_capacity(manifest.logs.len()),
        };
        for entry in &manifest.logs {
            let name = log_name(entry.number);
            let bytes = self.keep(self.storage.read(&name).map_err(StoreError::from), &name)?;
            self.count(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
            opened.logs.push(bytes);
        }
        Ok(opened)
    }

    /// Reads every byte of the sealed files.
    fn read_all(&mut self, opened: &Opened) {
        let damage = &mut self.report.damage;
        opened.segments.iter().for_each(|segment| damage.extend(segment.verify()));
        opened.dictionaries.iter().for_each(|part| damage.extend(part.verify()));
        opened.profiles.iter().for_each(|part| damage.extend(part.verify()));
    }

    /// Verifies a log by itself. Where it ends is not known, so that a tail that is not whole is only mentioned.
    fn log_alone(&mut self, name: &str) -> Result<Option<DecodeError>, StoreError> {
        match scan(self.storage.read(name)?, LogEnd::Unclean { synced: 0 }) {
            Ok(found) if found.torn_bytes > 0 => {
                let note = format!("the last {} bytes of `{name}` are no whole batch", found.torn_bytes);
                self.report.notes.push(note);
                Ok(None)
            }
            Ok(_) => Ok(None),
            Err(damage) => Ok(Some(damage.in_file(&Arc::from(name)))),
        }
    }

    /// Reads what is saved beside the store.
    fn saved(&mut self) -> Result<(), StoreError> {
        match self.storage.file_len(SAVED) {
            Err(error) if error.is_not_found() => return Ok(()),
            length => {
                let length = self.keep(length.map_err(StoreError::from), SAVED)?;
                let Some(length) = length else { return Ok(()) };
                self.count(length);
            }
        }
        match read_saved(self.storage) {
            Err(SavedError::Damaged { problem, .. }) => {
                self.report.damage.push(DecodeError::new(problem, 0).in_file(&Arc::from(SAVED)));
                Ok(())
            }
            Err(SavedError::File(error)) => self.keep(Err::<(), _>(error.into()), SAVED).map(|_| ()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Mentions files that the store does not use.
    fn note_others(&mut self, listed: &[String]) -> Result<(), StoreError> {
        let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        let is_other = |name: &String| name != LOCK && !listed.contains(name.as_str()) && !stands_beside(name);
        for name in self.storage.list()?.into_iter().filter(is_other) {
            let shown = name.escape_debug();
            self.report.notes.push(if is_own_name(&name) {
                format!("`{shown}` is not in use; the next program that writes here removes it")
            } else {
                format!("`{shown}` is not a file of the store")
            });
        }
        Ok(())
    }
}

/// Verifies each file by itself where the manifest, which tells how they belong together, cannot be read.
fn without_manifest(storage: &dyn Storage, damage: DecodeError) -> Result<VerifyReport, StoreError> {
    let mut verifier = Verifier { storage, report: VerifyReport { damage: vec![damage], ..VerifyReport::default() } };
    if let Ok(length) = storage.file_len(MANIFEST) {
        verifier.count(length);
    }
    verifier.saved()?;
    for name in storage.list()? {
        if !is_own_name(&name) || is_temporary(&name) || name == MANIFEST || name == LOCK {
            continue;
        }
        let length = storage.file_len(&name).map_err(StoreError::from);
        let Some(length) = verifier.keep(length, &name)? else { continue };
        verifier.count(length);
        let found = if name.starts_with("log-") {
            verifier.log_alone(&name).map(|found| found.into_iter().collect())
        } else {
            let bytes = storage.map(&name, length).map_err(StoreError::from);
            bytes.and_then(|bytes| verify_sealed(storage, &name, bytes))
        };
        if let Some(found) = verifier.keep(found, &name)? {
            verifier.report.damage.extend(found);
        }
    }
    Ok(verifier.report)
}

/// Verifies the content of one sealed file by itself.
pub(super) fn verify_sealed(storage: &dyn Storage, name: &str, bytes: Bytes) -> Result<Vec<DecodeError>, StoreError> {
    let found = if name.starts_with("segment-") {
        Segment::open(bytes, name).map(|segment| segment.verify())
    } else if name.starts_with("dictionary-") {
        DictionaryPart::open(bytes, name).map(|part| part.verify())
    } else {
        ProfilesPart::open(bytes, name).map(|part| part.verify())
    };
    found.map_err(|damage| damaged(storage, damage))
}
