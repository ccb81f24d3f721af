//! Reading what a manifest names: mapping sealed files, and replaying logs into the state.

use super::batch_keys::BatchKeys;
use super::error::StoreError;
use super::manifest::{
    FileEntry, LOCK, LogEntry, MANIFEST, Manifest, dictionary_name, is_own_name, log_name, profiles_name, segment_name,
};
use super::state::{HotLog, State};
use crate::codec::file_header::HEADER_BYTES;
use crate::codec::{DecodeError, FileId};
use crate::dictionary::DictionaryPart;
use crate::files::{Storage, is_temporary};
use crate::log::{LogEnd, Scan, scan};
use crate::model::Arrival;
use crate::profiles::{Profiles, ProfilesPart};
use crate::segment::Segment;
use bytes::Bytes;
use std::sync::Arc;

/// The largest manifest that is read into memory, in bytes.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;

/// Files and state of a store, as a manifest and its logs say.
pub(crate) struct Loaded {
    pub manifest: Manifest,
    pub segments: Vec<Arc<Segment>>,
    pub dictionaries: Vec<Arc<DictionaryPart>>,
    pub profiles: Profiles,
    pub state: State,
    /// What was found in the last log.
    pub last_log: LogFound,
}

/// How the last log ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogFound {
    pub end: u64,
    pub sequence: u64,
    pub torn_bytes: u64,
}

/// Wraps damage as an error of this store, telling a newer format from damage.
pub(crate) fn damaged(storage: &dyn Storage, damage: DecodeError) -> StoreError {
    let location = storage.location();
    if damage.problem.contains("use a newer trackcrumb") {
        return StoreError::Newer { location, damage };
    }
    StoreError::Damaged { location, damage }
}

/// Reads the manifest; `None` when the directory has none.
pub(crate) fn read_manifest(storage: &dyn Storage) -> Result<Option<Manifest>, StoreError> {
    if !storage.exists(MANIFEST)? {
        return Ok(None);
    }
    if storage.file_len(MANIFEST)? > MANIFEST_BYTES_MAX {
        let damage = DecodeError::new("the manifest is larger than a manifest can be", MANIFEST_BYTES_MAX);
        return Err(damaged(storage, damage.in_file(&Arc::from(MANIFEST))));
    }
    let bytes = storage.read(MANIFEST)?;
    Manifest::decode(&bytes).map(Some).map_err(|damage| damaged(storage, damage))
}

/// What a directory without a manifest lost, unless it never was a store: sealed files, or a log that holds anything,
/// are not what a crash while a store is made leaves.
pub(crate) fn lost_manifest(storage: &dyn Storage, names: &[String]) -> Result<Option<DecodeError>, StoreError> {
    for name in names.iter().filter(|name| is_own_name(name) && !is_temporary(name)) {
        let is_empty_log = name.starts_with("log-") && storage.file_len(name)? <= HEADER_BYTES as u64;
        if *name != MANIFEST && *name != LOCK && !is_empty_log {
            let damage = DecodeError::new(format!("MANIFEST is missing beside `{name}`"), 0);
            return Ok(Some(damage.in_file(&Arc::from(MANIFEST))));
        }
    }
    Ok(None)
}

/// Maps a file and opens it; its identity must be the one the manifest names.
fn open_file<T>(
    storage: &dyn Storage,
    entry: &FileEntry,
    name: &str,
    open: impl FnOnce(Bytes, &str) -> Result<T, DecodeError>,
    id: impl FnOnce(&T) -> FileId,
) -> Result<Arc<T>, StoreError> {
    let bytes = storage.map(name, entry.length)?;
    let opened = open(bytes, name).map_err(|damage| damaged(storage, damage))?;
    if id(&opened) != entry.id {
        let damage = DecodeError::new("the file is not the one that the manifest names", 24);
        return Err(damaged(storage, damage.in_file(&Arc::from(name))));
    }
    Ok(Arc::new(opened))
}

pub(crate) fn open_segment(storage: &dyn Storage, entry: &FileEntry) -> Result<Arc<Segment>, StoreError> {
    open_file(storage, entry, &segment_name(entry.number), Segment::open, Segment::id)
}

pub(crate) fn open_dictionary(storage: &dyn Storage, entry: &FileEntry) -> Result<Arc<DictionaryPart>, StoreError> {
    open_file(storage, entry, &dictionary_name(entry.number), DictionaryPart::open, DictionaryPart::id)
}

pub(crate) fn open_profiles(storage: &dyn Storage, entry: &FileEntry) -> Result<Arc<ProfilesPart>, StoreError> {
    open_file(storage, entry, &profiles_name(entry.number), ProfilesPart::open, ProfilesPart::id)
}

/// Reads a log to the end that is known, or to where a torn tail begins.
pub(crate) fn read_log(storage: &dyn Storage, entry: &LogEntry, end: LogEnd) -> Result<Scan, StoreError> {
    let name = log_name(entry.number);
    let file: Arc<str> = Arc::from(name.as_str());
    let bytes = storage.read(&name)?;
    if entry.closed_length().is_some_and(|length| end == LogEnd::Known(length) && length < bytes.len() as u64) {
        let damage = DecodeError::new("the log goes on after the end at which it was closed", bytes.len() as u64);
        return Err(damaged(storage, damage.in_file(&file)));
    }
    let found = scan(bytes, end).map_err(|damage| damaged(storage, damage.in_file(&file)))?;
    if found.id != entry.id {
        let damage = DecodeError::new("the file is not the one that the manifest names", 24);
        return Err(damaged(storage, damage.in_file(&file)));
    }
    Ok(found)
}

/// Loads everything that the manifest names. `last_end` says where the last log ends, if it was not closed.
pub(crate) fn load(storage: &dyn Storage, manifest: Manifest, last_end: LogEnd) -> Result<Loaded, StoreError> {
    let segments = manifest.segments.iter().map(|entry| open_segment(storage, entry)).collect::<Result<Vec<_>, _>>()?;
    let dictionaries =
        manifest.dictionaries.iter().map(|entry| open_dictionary(storage, entry)).collect::<Result<Vec<_>, _>>()?;
    let profiles = Profiles::new(
        manifest.profiles.iter().map(|entry| open_profiles(storage, entry)).collect::<Result<Vec<_>, _>>()?,
    );
    let mut state = State {
        settings: Arc::new(manifest.settings.clone()),
        imports: manifest.imports.clone(),
        batch_keys: BatchKeys::of(&manifest.batch_keys),
        next_arrival: Arrival::new(manifest.sealed_arrivals),
        ..State::default()
    };
    let shift = |damage| damaged(storage, damage);
    state
        .names
        .change(|names| dictionaries.iter().try_for_each(|part| names.attach(part)))
        .and_then(|()| state.load_sealed(&profiles))
        .map_err(shift)?;
    let mut last_log = LogFound { end: 0, sequence: 0, torn_bytes: 0 };
    for (place, entry) in manifest.logs.iter().enumerate() {
        let last = place + 1 == manifest.logs.len();
        let end = if last && !entry.is_closed { last_end } else { entry.end() };
        let found = read_log(storage, entry, end)?;
        state.logs.push(HotLog::empty(entry.number));
        let file: Arc<str> = Arc::from(log_name(entry.number).as_str());
        for (payload, batch_end) in found.batches {
            state.apply(payload, batch_end).map_err(|damage| shift(damage.in_file(&file)))?;
        }
        last_log = LogFound { end: found.end, sequence: found.sequence, torn_bytes: found.torn_bytes };
    }
    Ok(Loaded { manifest, segments, dictionaries, profiles, state, last_log })
}
