//! The logs: every frame, and batches that follow one another and name nothing unknown.

use super::VerifyReport;
use super::cross::{Names, log_file};
use crate::codec::DecodeError;
use crate::codec::file_header::HEADER_BYTES;
use crate::log::frame::FRAME_HEADER_BYTES;
use crate::log::{Batch, LogEnd, Record, scan_until_damage};
use crate::model::{Arrival, GroupKeyId, GroupTypeId, PropertyOps, StoredName, UserId};
use crate::store::cohorts::CohortDefinition;
use crate::store::manifest::{LogEntry, Manifest};
use bytes::Bytes;

/// Checks all logs, in order.
pub(super) fn check_logs(
    report: &mut VerifyReport,
    manifest: &Manifest,
    logs: &[Option<Bytes>],
    last_end: LogEnd,
    names: &mut Names,
) {
    let mut follower = Follower { names, next: Some(Arrival::new(manifest.sealed_arrivals)) };
    for (place, (entry, bytes)) in manifest.logs.iter().zip(logs).enumerate() {
        let file = log_file(entry.number);
        let is_last = place + 1 == manifest.logs.len();
        let end = if is_last && !entry.is_closed { last_end } else { entry.end() };
        let found = match bytes {
            Some(bytes) => check_log(report, entry, bytes.clone(), end, &mut follower),
            // It was told already why it cannot be read.
            None => Ok(false),
        };
        let is_whole = found.unwrap_or_else(|error| {
            report.damage.push(error.in_file(&file));
            false
        });
        if !is_whole {
            // What comes after cannot be compared with what was lost.
            follower.next = None;
            follower.names.are_known = false;
        }
    }
}

/// Checks a log; answers whether all its batches are known.
fn check_log(
    report: &mut VerifyReport,
    entry: &LogEntry,
    bytes: Bytes,
    end: LogEnd,
    follower: &mut Follower<'_>,
) -> Result<bool, DecodeError> {
    let length = bytes.len() as u64;
    if entry.closed_length().is_some_and(|closed| closed < length) {
        return Err(DecodeError::new("the log goes on after the end at which it was closed", length));
    }
    let (found, damage) = scan_until_damage(bytes, end)?;
    if found.id != entry.id {
        return Err(DecodeError::new("the file is not the one that the manifest names", 24));
    }
    let mut start = HEADER_BYTES as u64;
    for (payload, batch_end) in &found.batches {
        let payload_start = start + FRAME_HEADER_BYTES as u64;
        follower.batch(payload).map_err(|error| error.shifted(payload_start))?;
        start = *batch_end;
    }
    if found.torn_bytes > 0 && damage.is_none() {
        let file = log_file(entry.number);
        report.notes.push(format!(
            "`{file}` ends with {} bytes of a batch that was never acknowledged; they are left out",
            found.torn_bytes
        ));
    }
    damage.map_or(Ok(true), Err)
}

/// What the next batch must agree with.
struct Follower<'a> {
    names: &'a mut Names,
    /// Its first arrival, where that is known.
    next: Option<Arrival>,
}

impl Follower<'_> {
    fn batch(&mut self, payload: &Bytes) -> Result<(), DecodeError> {
        let batch = Batch::open(payload)?;
        if let Some(next) = self.next.filter(|next| *next != batch.first_arrival) {
            let found = batch.first_arrival.raw();
            return Err(DecodeError::new(format!("a batch begins with arrival {found} instead of {}", next.raw()), 0));
        }
        for new in batch.definitions.iter().filter(|_| self.names.are_known) {
            if self.names.dictionaries.list(new.list).find(new.text).unwrap_or_default().is_some() {
                return Err(DecodeError::new(format!("the name `{}` comes twice", new.text.escape_debug()), 0));
            }
            self.names.dictionaries.push(new.list, new.text)?;
        }
        let mut end = batch.first_arrival;
        batch.visit::<DecodeError>(|arrival, offset, record| {
            end = arrival.plus(u64::from(record.has_arrival()));
            self.record(&record).map_err(|problem| DecodeError::new(problem, offset as u64))
        })?;
        self.next = Some(end);
        Ok(())
    }

    fn known(&self, list: StoredName, id: u32) -> Result<(), String> {
        let is_erased = self.names.erased.get(&list).is_some_and(|erased| erased.contains(id));
        if !self.names.are_known || (id < self.names.dictionaries.list(list).len() && !is_erased) {
            return Ok(());
        }
        Err(format!("a record names the id {id} of a list that has no such name"))
    }

    fn user(&self, user: UserId) -> Result<(), String> {
        self.known(StoredName::User, user.raw())
    }

    fn key(&self, group_type: GroupTypeId, key: GroupKeyId) -> Result<(), String> {
        self.known(StoredName::GroupType, group_type.raw())?;
        self.known(StoredName::GroupKey(group_type.raw()), key.raw())
    }

    fn record(&self, record: &Record<'_>) -> Result<(), String> {
        let ops = |ops: &str| match PropertyOps::from_json(ops) {
            Some(_) => Ok(()),
            None => Err("the operations of a call cannot be read".to_owned()),
        };
        match record {
            Record::Event(event) => {
                self.user(event.user)?;
                self.known(StoredName::Event, event.event.raw())?;
                event.groups.iter().try_for_each(|(group_type, key)| self.key(group_type, key))?;
                event.properties.iter().try_for_each(|(name, value)| {
                    self.known(StoredName::Property, name.raw())?;
                    value.value().map(|_| ()).map_err(|damage| damage.to_string())
                })
            }
            Record::Identify(call) => self.user(call.user).and_then(|()| ops(call.ops)),
            Record::Group(call) => {
                call.user.map_or(Ok(()), |user| self.user(user))?;
                self.key(call.group_type, call.key).and_then(|()| ops(call.ops))
            }
            Record::Alias(alias) => self.user(alias.user).and_then(|()| self.user(alias.alias)),
            Record::Cohort(cohort) => CohortDefinition::parse(cohort.report).map(|_| ()),
            Record::DeclareGroupType { group_type, .. } => self.known(StoredName::GroupType, group_type.raw()),
            Record::OnlyDeclared(_)
            | Record::KeepDays(_)
            | Record::Timezone(_)
            | Record::Import(_)
            | Record::BatchKey(_) => Ok(()),
        }
    }
}
