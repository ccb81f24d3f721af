//! What a store knows beside its sealed files: names, aliases, settings, cohorts, imports, keys of batches, and batches
//! not sealed yet.
//! Built by applying batch payloads in order, the same way when they arrive and when a log is read again.

use super::batch_keys::BatchKeys;
use super::cohorts::{CohortDefinition, Cohorts};
use super::manifest::Settings;
use super::name_table::NameTable;
use crate::codec::DecodeError;
use crate::dictionary::Dictionaries;
use crate::log::{Batch, BuiltBatch, ImportRecord, Record};
use crate::model::{Arrival, StoredName, Timestamp, UserId};
use crate::profiles::{Aliases, Profiles};
use bytes::Bytes;
use hashbrown::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// A batch that is in a log and in no segment yet.
#[derive(Clone, Debug)]
pub(crate) struct HotBatch {
    pub payload: Bytes,
    /// The offset in its log after it.
    pub end: u64,
    /// Its records with an arrival.
    pub arrivals: u64,
    /// The offsets in the payload of the records that [`Record::concerns_others`].
    pub concerning: Vec<usize>,
}

/// The batches of one log file.
#[derive(Debug, Default)]
pub(crate) struct HotLog {
    pub number: u64,
    pub batches: Vec<HotBatch>,
    /// Users and times by insert id, for what is in this log.
    insert_ids: HashMap<String, Vec<(UserId, Timestamp)>>,
    /// Records with an arrival.
    pub records: u64,
}

impl HotLog {
    /// A log without batches.
    pub fn empty(number: u64) -> Self {
        Self { number, ..Self::default() }
    }
}

/// The names of the store, shared by the writer and all readers. Names are only ever added, so a reader that sees
/// newer ones than its snapshot is not disturbed; where names are erased, the writer goes over to others.
#[derive(Clone, Debug, Default)]
pub struct SharedNames(Arc<RwLock<Dictionaries>>);

impl SharedNames {
    pub(crate) fn new(names: Dictionaries) -> Self {
        Self(Arc::new(RwLock::new(names)))
    }

    /// The names as they are now.
    pub fn read(&self) -> RwLockReadGuard<'_, Dictionaries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Dictionaries) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub names: SharedNames,
    /// Some of these names, those that lines gave lately: found without a lock and a walk through sealed parts.
    pub recent_names: NameTable,
    pub aliases: Arc<Aliases>,
    pub settings: Arc<Settings>,
    /// Saved cohorts by name.
    pub cohorts: Arc<Cohorts>,
    pub imports: Vec<ImportRecord>,
    pub batch_keys: BatchKeys,
    pub next_arrival: Arrival,
    /// Logs in order; the last is written to.
    pub logs: Vec<HotLog>,
}

impl State {
    /// Takes over what sealed profiles say.
    pub fn load_sealed(&mut self, profiles: &Profiles) -> Result<(), DecodeError> {
        let aliases = Arc::make_mut(&mut self.aliases);
        for alias in profiles.aliases()? {
            aliases.join(alias.user, alias.alias);
        }
        for cohort in profiles.cohorts()? {
            self.save_cohort(&cohort.name, &cohort.report)?;
        }
        Ok(())
    }

    /// Takes a batch in. `end` is the offset in the last log after it.
    pub fn apply(&mut self, payload: Bytes, end: u64) -> Result<(), DecodeError> {
        let batch = self.define(&payload, end)?;
        let mut log = self.logs.pop().unwrap_or_default();
        let (mut arrivals, mut concerning) = (0, Vec::new());
        let result = batch.visit(|_, offset, record| {
            self.remember(&mut log, &record)?;
            arrivals += u64::from(record.has_arrival());
            concerning.extend(record.concerns_others().then_some(offset));
            Ok(())
        });
        self.add(log, HotBatch { payload, end, arrivals, concerning });
        result
    }

    /// The same of a batch that was built here: of its records only those are read that anything is remembered of.
    pub fn apply_built(&mut self, built: BuiltBatch, end: u64) -> Result<(), DecodeError> {
        let BuiltBatch { payload, arrivals, remembered } = built;
        self.define(&payload, end)?;
        let mut log = self.logs.pop().unwrap_or_default();
        let mut concerning = Vec::new();
        let result = remembered.into_iter().try_for_each(|offset| {
            let record = Batch::record_at(&payload, offset)?;
            concerning.extend(record.concerns_others().then_some(offset));
            self.remember(&mut log, &record)
        });
        self.add(log, HotBatch { payload, end, arrivals, concerning });
        result
    }

    /// Opens a batch and takes in the names that it defines.
    fn define<'a>(&self, payload: &'a Bytes, end: u64) -> Result<Batch<'a>, DecodeError> {
        let batch = Batch::open(payload)?;
        if batch.first_arrival != self.next_arrival {
            let problem = format!(
                "a batch begins with arrival {} instead of {}",
                batch.first_arrival.raw(),
                self.next_arrival.raw()
            );
            return Err(DecodeError::new(problem, end));
        }
        self.names
            .change(|names| batch.definitions.iter().try_for_each(|new| names.push(new.list, new.text).map(|_| ())))?;
        Ok(batch)
    }

    /// Adds a batch to the last log, which was taken out.
    fn add(&mut self, mut log: HotLog, batch: HotBatch) {
        log.records += batch.arrivals;
        self.next_arrival = self.next_arrival.plus(batch.arrivals);
        log.batches.push(batch);
        self.logs.push(log);
    }

    fn remember(&mut self, log: &mut HotLog, record: &Record<'_>) -> Result<(), DecodeError> {
        match record {
            Record::Event(event) => {
                if let Some(insert_id) = event.insert_id {
                    log.insert_ids.entry_ref(insert_id).or_default().push((event.user, event.time));
                }
            }
            Record::Identify(_) | Record::Group(_) => {}
            Record::Alias(alias) => {
                Arc::make_mut(&mut self.aliases).join(alias.user, alias.alias);
            }
            Record::Cohort(cohort) => self.save_cohort(cohort.name, cohort.report)?,
            Record::DeclareGroupType { group_type, display_name } => {
                let declared = &mut Arc::make_mut(&mut self.settings).declared;
                match declared.binary_search_by_key(&group_type.raw(), |(id, _)| *id) {
                    Ok(place) => declared[place].1 = (*display_name).to_owned(),
                    Err(place) => declared.insert(place, (group_type.raw(), (*display_name).to_owned())),
                }
            }
            Record::OnlyDeclared(on) => Arc::make_mut(&mut self.settings).only_declared = *on,
            Record::KeepDays(days) => Arc::make_mut(&mut self.settings).keep_days = *days,
            Record::Timezone(name) => (*name).clone_into(&mut Arc::make_mut(&mut self.settings).timezone),
            Record::Import(import) => self.remember_import(*import),
            Record::BatchKey(key) => self.batch_keys.remember(*key),
        }
        Ok(())
    }

    /// Keeps a cohort under its name; what it says was judged when it was accepted.
    pub fn save_cohort(&mut self, name: &str, report: &str) -> Result<(), DecodeError> {
        let cohort = CohortDefinition::parse(report)
            .map_err(|problem| DecodeError::new(format!("cohort `{name}`: {problem}"), 0))?;
        Arc::make_mut(&mut self.cohorts).insert(name.to_owned(), Arc::new(cohort));
        Ok(())
    }

    /// An import replaces the one it continues.
    fn remember_import(&mut self, import: ImportRecord) {
        self.imports.retain(|known| known.digest != import.continues && known.digest != import.digest);
        self.imports.push(import);
    }

    /// Whether an event of a user (under its shown id) with this insert id and a time in the window is in a log.
    pub fn has_hot_insert_id(&self, insert_id: &str, user: UserId, window: (i64, i64)) -> bool {
        self.logs
            .iter()
            .filter_map(|log| log.insert_ids.get(insert_id))
            .flatten()
            .any(|(other, time)| self.aliases.shown(*other) == user && (window.0..=window.1).contains(&time.micros()))
    }

    /// Builds aliases and cohorts again from what is stored, after a batch was given up.
    pub fn rebuild_shared(&mut self, profiles: &Profiles) -> Result<(), DecodeError> {
        self.aliases = Arc::default();
        self.cohorts = Arc::default();
        self.load_sealed(profiles)?;
        let batches: Vec<HotBatch> = self.logs.iter().flat_map(|log| &log.batches).cloned().collect();
        for batch in &batches {
            for offset in &batch.concerning {
                match Batch::record_at(&batch.payload, *offset)? {
                    Record::Alias(alias) => {
                        Arc::make_mut(&mut self.aliases).join(alias.user, alias.alias);
                    }
                    Record::Cohort(cohort) => self.save_cohort(cohort.name, cohort.report)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// How many names each list has.
    pub fn name_counts(&self) -> Vec<(StoredName, u32)> {
        self.names.read().counts()
    }
}
