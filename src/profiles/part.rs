//! An immutable part: the calls, associations, aliases and cohorts of a run of arrivals.

use super::associations::Associations;
use super::changes::{ChangeColumns, Changes};
use crate::codec::{BlobIndex, Container, DecodeError, FileId, FileKind, Packed, Texts};
use crate::model::{Arrival, GroupKeyId, GroupTypeId, Moment, Timestamp, UserId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An identify() or group() call on some entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The user or key it is about, by its number.
    pub entity: u32,
    /// Its place in the order.
    pub moment: Moment,
    /// For group(): who belongs to the key from then on.
    pub user: Option<UserId>,
    /// The operations as JSON; empty when there are none.
    pub ops: String,
}

/// The latest word, in a part, on the key of a type to which a user belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Association {
    /// The user as sent.
    pub user: UserId,
    /// When it was said.
    pub moment: Moment,
    /// The key.
    pub key: GroupKeyId,
}

/// An alias() call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredAlias {
    /// Its place in the order of acceptance.
    pub arrival: Arrival,
    /// The id that stays.
    pub user: UserId,
    /// The id that joins it.
    pub alias: UserId,
    /// The timestamp that was sent.
    pub time: Option<Timestamp>,
}

/// A cohort line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCohort {
    /// Its place in the order of acceptance.
    pub arrival: Arrival,
    /// The name.
    pub name: String,
    /// The document as compact JSON.
    pub report: String,
}

/// Calls sorted by (entity, time, arrival), column by column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CallColumns {
    pub entities: BlobIndex,
    pub times: BlobIndex,
    pub arrivals: BlobIndex,
    /// The user of a group() call plus 1, 0 for none; absent for identify().
    pub users: Option<BlobIndex>,
    pub ops: BlobIndex,
    /// What they do to each property; absent where they change none.
    pub changes: Option<ChangeColumns>,
}

/// Associations sorted by user, column by column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AssociationColumns {
    pub users: BlobIndex,
    pub times: BlobIndex,
    pub arrivals: BlobIndex,
    pub keys: BlobIndex,
}

/// Aliases in order of arrival, column by column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AliasColumns {
    pub arrivals: BlobIndex,
    pub users: BlobIndex,
    pub aliases: BlobIndex,
    /// 1 where a timestamp was sent.
    pub timed: BlobIndex,
    pub times: BlobIndex,
}

/// Cohorts in order of arrival: name and report in turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CohortColumns {
    pub arrivals: BlobIndex,
    pub texts: BlobIndex,
}

/// What the footer of a part says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    pub users: Option<CallColumns>,
    /// By group type id, ascending.
    pub groups: Vec<(u32, CallColumns)>,
    /// By group type id, ascending.
    pub associations: Vec<(u32, AssociationColumns)>,
    pub aliases: Option<AliasColumns>,
    pub cohorts: Option<CohortColumns>,
}

/// An opened part.
#[derive(Debug)]
pub struct ProfilesPart {
    pub(super) container: Container,
    content: Content,
}

/// The calls of one kind in a part, ready to be searched.
pub(super) struct Calls {
    pub entities: Packed,
    pub times: Packed,
    pub arrivals: Packed,
    users: Option<Packed>,
    ops: Texts,
    /// Where they are, for errors.
    file: Arc<str>,
    ops_offset: u64,
}

/// A stored number that must be an id.
pub(super) fn id(value: i64) -> Result<u32, DecodeError> {
    u32::try_from(value).map_err(|_| DecodeError::new(format!("{value} is no id"), 0))
}

pub(super) fn moment(time: i64, arrival: i64) -> Result<Moment, DecodeError> {
    let time = Timestamp::from_micros(time).map_err(|error| DecodeError::new(format!("a timestamp {error}"), 0))?;
    let arrival = u64::try_from(arrival).map_err(|_| DecodeError::new("an arrival is negative", 0))?;
    Ok(Moment { time, arrival: Arrival::new(arrival) })
}

pub(super) fn same_length(columns: &[usize]) -> Result<(), DecodeError> {
    if columns.windows(2).all(|pair| pair[0] == pair[1]) {
        Ok(())
    } else {
        Err(DecodeError::new("columns of one table have different lengths", 0))
    }
}

impl Calls {
    /// The rows of an entity.
    pub fn rows_of(&self, entity: u32) -> std::ops::Range<usize> {
        let entity = i64::from(entity);
        self.entities.lower_bound(entity)..self.entities.lower_bound(entity + 1)
    }

    /// The rows of the entities from `from` to before `end`.
    pub fn rows_between(&self, from: u64, end: u64) -> std::ops::Range<usize> {
        let bound = |entity| self.entities.lower_bound(i64::try_from(entity).unwrap_or(i64::MAX));
        bound(from)..bound(end)
    }

    /// The number after that of the last entity; 0 without calls.
    pub fn end(&self) -> u64 {
        let last = self.entities.len().checked_sub(1).map(|row| self.entities.get(row));
        last.and_then(|last| u32::try_from(last).ok()).map_or(0, |last| u64::from(last) + 1)
    }

    /// Users plus 1 of all calls, 0 for none; absent for identify().
    pub fn users(&self) -> Option<&Packed> {
        self.users.as_ref()
    }

    /// Calls `visit` with the calls of these rows, in order.
    pub fn visit(&self, rows: std::ops::Range<usize>, visit: impl FnMut(Call)) -> Result<(), DecodeError> {
        self.visit_where(rows, |_| true, visit)
    }

    /// Calls `visit` with those of these rows that are wanted, in order.
    pub fn visit_where(
        &self,
        rows: std::ops::Range<usize>,
        mut wanted: impl FnMut(usize) -> bool,
        mut visit: impl FnMut(Call),
    ) -> Result<(), DecodeError> {
        self.count_read(rows.clone());
        let mut problem = None;
        let visited = self.ops.visit(rows, |row, ops| {
            if wanted(row) {
                match self.call(row, ops) {
                    Ok(call) => visit(call),
                    Err(error) => problem = Some(error),
                }
            }
        });
        visited.and(problem.map_or(Ok(()), Err)).map_err(|error| error.shifted(self.ops_offset).in_file(&self.file))
    }

    /// Calls `visit` with the calls of these rows, which ascend.
    pub fn visit_some(&self, rows: &[usize], mut visit: impl FnMut(Call)) -> Result<(), DecodeError> {
        let mut problem = None;
        let visited = self.ops.visit_some(rows, |row, ops| match self.call(row, ops) {
            Ok(call) => visit(call),
            Err(error) => problem = Some(error),
        });
        visited.and(problem.map_or(Ok(()), Err)).map_err(|error| error.shifted(self.ops_offset).in_file(&self.file))
    }

    /// Counts the columns of these rows as read; the texts count themselves.
    fn count_read(&self, rows: std::ops::Range<usize>) {
        let columns = [&self.entities, &self.times, &self.arrivals].into_iter().chain(&self.users);
        columns.for_each(|column| column.count_read(rows.clone()));
    }

    fn call(&self, row: usize, ops: &[u8]) -> Result<Call, DecodeError> {
        let user = match self.users.as_ref().map_or(0, |users| users.get(row)) {
            0 => None,
            user => Some(UserId::new(id(user.wrapping_sub(1))?)),
        };
        let ops = std::str::from_utf8(ops).map_err(|_| DecodeError::new("a call's text is not UTF-8", 0))?;
        Ok(Call {
            entity: id(self.entities.get(row))?,
            moment: moment(self.times.get(row), self.arrivals.get(row))?,
            user,
            ops: ops.to_owned(),
        })
    }
}

impl ProfilesPart {
    /// Opens a part of this file name; columns are read when they are asked for.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn open(bytes: Bytes, file: &str) -> Result<Self, DecodeError> {
        let (container, content) = Container::open(bytes, FileKind::Profiles, file)?;
        Ok(Self { container, content })
    }

    /// The same damage, in this file.
    pub(super) fn located(&self, error: DecodeError) -> DecodeError {
        error.in_file(self.container.file())
    }

    pub(super) fn column(&self, blob: BlobIndex) -> Result<Packed, DecodeError> {
        self.container.column(blob)
    }

    fn calls(&self, columns: &CallColumns) -> Result<Calls, DecodeError> {
        let calls = Calls {
            entities: self.column(columns.entities)?,
            times: self.column(columns.times)?,
            arrivals: self.column(columns.arrivals)?,
            users: columns.users.map(|blob| self.column(blob)).transpose()?,
            ops: self.container.read(columns.ops, Texts::open)?,
            file: Arc::clone(self.container.file()),
            ops_offset: self.container.blob_offset(columns.ops),
        };
        let users = calls.users.as_ref().map_or(calls.entities.len(), Packed::len);
        same_length(&[calls.entities.len(), calls.times.len(), calls.arrivals.len(), users, calls.ops.len()])
            .map_err(|error| self.located(error))?;
        Ok(calls)
    }

    /// The columns of identify() calls (no type), or of the group() calls of a type, if there are any.
    pub(super) fn call_columns(&self, group_type: Option<GroupTypeId>) -> Option<&CallColumns> {
        match group_type {
            None => self.content.users.as_ref(),
            Some(group_type) => {
                let columns = self.content.groups.iter().find(|(id, _)| *id == group_type.raw());
                columns.map(|(_, columns)| columns)
            }
        }
    }

    /// identify() calls, if there are any.
    pub(super) fn user_calls(&self) -> Result<Option<Calls>, DecodeError> {
        self.call_columns(None).map(|columns| self.calls(columns)).transpose()
    }

    /// group() calls of a type, if there are any.
    pub(super) fn group_calls(&self, group_type: GroupTypeId) -> Result<Option<Calls>, DecodeError> {
        self.call_columns(Some(group_type)).map(|columns| self.calls(columns)).transpose()
    }

    /// What the calls of users, or of keys of a type, do to each property; `None` where they change none.
    pub(super) fn changes(&self, group_type: Option<GroupTypeId>) -> Result<Option<Changes>, DecodeError> {
        let Some(columns) = self.call_columns(group_type) else { return Ok(None) };
        let Some(of_properties) = columns.changes else { return Ok(None) };
        let calls = self.column(columns.entities)?.len();
        Changes::open(&self.container, of_properties, calls).map(Some).map_err(|error| self.located(error))
    }

    /// The group types of which the part has calls.
    pub(super) fn called_types(&self) -> impl Iterator<Item = GroupTypeId> {
        self.content.groups.iter().map(|(id, _)| GroupTypeId::new(*id))
    }

    /// The group types of which the part has associations.
    pub(super) fn associated_types(&self) -> impl Iterator<Item = GroupTypeId> {
        self.content.associations.iter().map(|(id, _)| GroupTypeId::new(*id))
    }

    /// The associations of a type, if there are any.
    pub(super) fn association_table(&self, group_type: GroupTypeId) -> Result<Option<Associations>, DecodeError> {
        let columns = self.content.associations.iter().find(|(id, _)| *id == group_type.raw());
        columns.map(|(_, columns)| Associations::open(self, columns)).transpose().map_err(|error| self.located(error))
    }

    /// Calls `visit` with the associations of a type, by user.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn associations(&self, group_type: GroupTypeId, mut visit: impl FnMut(Association)) -> Result<(), DecodeError> {
        let Some(associations) = self.association_table(group_type)? else { return Ok(()) };
        associations.count_read();
        for row in 0..associations.len() {
            visit(associations.get(row).map_err(|error| self.located(error))?);
        }
        Ok(())
    }

    /// The alias() calls in order of arrival.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn aliases(&self) -> Result<Vec<StoredAlias>, DecodeError> {
        self.read_aliases().map_err(|error| self.located(error))
    }

    fn read_aliases(&self) -> Result<Vec<StoredAlias>, DecodeError> {
        let Some(columns) = &self.content.aliases else { return Ok(Vec::new()) };
        let (arrivals, users) = (self.column(columns.arrivals)?, self.column(columns.users)?);
        let (aliases, timed) = (self.column(columns.aliases)?, self.column(columns.timed)?);
        let times = self.column(columns.times)?;
        same_length(&[arrivals.len(), users.len(), aliases.len(), timed.len(), times.len()])?;
        (0..arrivals.len())
            .map(|row| {
                let when = moment(times.get(row), arrivals.get(row))?;
                Ok(StoredAlias {
                    arrival: when.arrival,
                    user: UserId::new(id(users.get(row))?),
                    alias: UserId::new(id(aliases.get(row))?),
                    time: (timed.get(row) != 0).then_some(when.time),
                })
            })
            .collect()
    }

    /// The cohort lines in order of arrival.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn cohorts(&self) -> Result<Vec<SavedCohort>, DecodeError> {
        self.read_cohorts().map_err(|error| self.located(error))
    }

    fn read_cohorts(&self) -> Result<Vec<SavedCohort>, DecodeError> {
        let Some(columns) = &self.content.cohorts else { return Ok(Vec::new()) };
        let arrivals = self.column(columns.arrivals)?;
        let texts = self.container.read(columns.texts, Texts::open)?.strings()?;
        same_length(&[arrivals.len() * 2, texts.len()])?;
        let pairs = texts.chunks_exact(2).zip(arrivals.to_vec());
        pairs
            .map(|(pair, arrival)| {
                let arrival = moment(0, arrival)?.arrival;
                Ok(SavedCohort { arrival, name: pair[0].clone(), report: pair[1].clone() })
            })
            .collect()
    }

    /// The file's name, for errors.
    pub fn file(&self) -> &Arc<str> {
        self.container.file()
    }

    /// The file's identity.
    pub fn id(&self) -> FileId {
        self.container.id()
    }

    /// The file's length in bytes.
    pub fn byte_len(&self) -> u64 {
        self.container.byte_len()
    }
}
