//! Opening a damaged store for its export: what cannot be read is left out and listed.
//!
//! Invariants:
//! - Nothing is made up: names whose ids are not sure stay without a name, and rows that need them are lost.
//! - What is intact is read as by any reader; a store without damage is read whole.

use super::batch_keys::BatchKeys;
use super::error::StoreError;
use super::handle::StoreReader;
use super::load::{self, Loaded, LogFound, damaged};
use super::manifest::{Manifest, dictionary_name, log_name, profiles_name, segment_name};
use super::read;
use super::state::{HotLog, State};
use crate::codec::DecodeError;
use crate::files::{FileError, Storage};
use crate::log::{Batch, LogEnd, scan_until_damage};
use crate::model::Arrival;
use crate::profiles::{Profiles, ProfilesPart};
use bytes::Bytes;
use std::sync::Arc;

/// What opening left out.
pub(super) type Damage = Vec<DecodeError>;

/// Opens what is intact.
pub(super) fn open(storage: &dyn Storage) -> Result<(StoreReader, Damage), StoreError> {
    read::with_manifest(storage, |manifest, end| salvage(storage, manifest, end), |(_, damage)| damage.is_empty())
}

fn salvage(storage: &dyn Storage, manifest: Manifest, end: LogEnd) -> Result<(StoreReader, Damage), StoreError> {
    let mut salvage = Salvage { storage, damage: Vec::new() };
    let names = manifest.all_names();
    let loaded = salvage.load(manifest, end)?;
    // What has no length is among the damage already.
    let sizes = names.into_iter().filter_map(|name| storage.file_len(&name).ok().map(|length| (name, length)));
    Ok((read::reader(storage, loaded, sizes.collect())?, salvage.damage))
}

/// The damage that an error is; any other error is handed back.
pub(super) fn as_damage(error: StoreError, file: &str) -> Result<DecodeError, StoreError> {
    let problem = |problem: String, offset: u64| DecodeError::new(problem, offset).in_file(&Arc::from(file));
    match error {
        StoreError::Damaged { damage, .. } => Ok(damage.in_file(&Arc::from(file))),
        StoreError::File(FileError::LengthDiffers { expected, found, .. }) => {
            Ok(problem(format!("the file has {found} bytes where {expected} are recorded"), found.min(expected)))
        }
        StoreError::File(FileError::NotAPlainFile { found, .. }) => {
            Ok(problem(format!("a {found} stands where the file belongs"), 0))
        }
        StoreError::File(error) if error.is_not_found() => Ok(problem("the file is missing".to_owned(), 0)),
        other => Err(other),
    }
}

/// A loader that goes on past damage.
struct Salvage<'a> {
    storage: &'a dyn Storage,
    damage: Damage,
}

impl Salvage<'_> {
    /// What was opened, or nothing with the damage noted.
    fn keep<T>(&mut self, opened: Result<T, StoreError>, file: &str) -> Result<Option<T>, StoreError> {
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(error) => {
                self.damage.push(as_damage(error, file)?);
                Ok(None)
            }
        }
    }

    fn load(&mut self, manifest: Manifest, last_end: LogEnd) -> Result<Loaded, StoreError> {
        let mut segments = Vec::new();
        for entry in &manifest.segments {
            segments.extend(self.keep(load::open_segment(self.storage, entry), &segment_name(entry.number))?);
        }
        let mut parts = Vec::new();
        for entry in &manifest.profiles {
            parts.extend(self.keep(load::open_profiles(self.storage, entry), &profiles_name(entry.number))?);
        }
        let mut state = State {
            settings: Arc::new(manifest.settings.clone()),
            imports: manifest.imports.clone(),
            batch_keys: BatchKeys::of(&manifest.batch_keys),
            next_arrival: Arrival::new(manifest.sealed_arrivals),
            ..State::default()
        };
        let dictionaries = self.names(&manifest, &state)?;
        for part in &parts {
            self.sealed_state(&mut state, part);
        }
        let last_log = self.logs(&manifest, &mut state, last_end)?;
        Ok(Loaded { manifest, segments, dictionaries, profiles: Profiles::new(parts), state, last_log })
    }

    /// Takes the dictionary parts into use that can be.
    fn names(
        &mut self,
        manifest: &Manifest,
        state: &State,
    ) -> Result<Vec<Arc<crate::dictionary::DictionaryPart>>, StoreError> {
        let mut parts = Vec::new();
        for entry in &manifest.dictionaries {
            let file = dictionary_name(entry.number);
            let attached = load::open_dictionary(self.storage, entry).and_then(|part| {
                let attached = state.names.change(|names| names.attach_after_loss(&part));
                attached.map(|()| part).map_err(|damage| damaged(self.storage, damage))
            });
            match self.keep(attached, &file)? {
                Some(part) => parts.push(part),
                None => state.names.change(|names| names.lose_part(&file)),
            }
        }
        Ok(parts)
    }

    /// Takes over the aliases and cohorts of a part.
    fn sealed_state(&mut self, state: &mut State, part: &ProfilesPart) {
        match part.aliases() {
            Ok(aliases) => {
                let joined = Arc::make_mut(&mut state.aliases);
                aliases.iter().for_each(|alias| {
                    joined.join(alias.user, alias.alias);
                });
            }
            Err(damage) => self.damage.push(damage),
        }
        match part.cohorts() {
            Ok(cohorts) => {
                for cohort in cohorts {
                    let saved = state.save_cohort(&cohort.name, &cohort.report);
                    self.damage.extend(saved.err().map(|damage| damage.in_file(part.file())));
                }
            }
            Err(damage) => self.damage.push(damage),
        }
    }

    /// Applies the batches up to the first damage; what follows it builds on what is lost.
    fn logs(&mut self, manifest: &Manifest, state: &mut State, last_end: LogEnd) -> Result<LogFound, StoreError> {
        let mut last_log = LogFound { end: 0, sequence: 0, torn_bytes: 0 };
        let count = manifest.logs.len();
        let mut cut = false;
        for (place, entry) in manifest.logs.iter().enumerate() {
            let file: Arc<str> = log_name(entry.number).as_str().into();
            if cut {
                let problem = "the log is left out, as it follows one that is damaged";
                self.damage.push(DecodeError::new(problem, 0).in_file(&file));
                continue;
            }
            let end = if place + 1 == count && !entry.is_closed { last_end } else { entry.end() };
            state.logs.push(HotLog::empty(entry.number));
            let found = self.storage.read(&file).map_err(StoreError::from).and_then(|bytes| {
                let (found, damage) = scan_until_damage(bytes, end).map_err(|error| damaged(self.storage, error))?;
                if found.id == entry.id {
                    return Ok((found, damage));
                }
                Err(damaged(self.storage, DecodeError::new("the file is not the one that the manifest names", 24)))
            });
            let Some((found, damage)) = self.keep(found, &file)? else {
                cut = true;
                continue;
            };
            let applied = found.batches.into_iter().try_for_each(|(payload, end)| apply(state, payload, end));
            let damage = applied.err().or(damage);
            cut = damage.is_some();
            self.damage.extend(damage.map(|damage| damage.in_file(&file)));
            last_log = LogFound { end: found.end, sequence: found.sequence, torn_bytes: found.torn_bytes };
        }
        Ok(last_log)
    }
}

/// Takes a batch in if all of it can be read.
fn apply(state: &mut State, payload: Bytes, end: u64) -> Result<(), DecodeError> {
    Batch::open(&payload)?.visit::<DecodeError>(|_, _, _| Ok(()))?;
    state.apply(payload, end)
}
