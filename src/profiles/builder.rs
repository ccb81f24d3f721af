//! Builds a part from what arrived.

use super::changes::write_changes;
use super::part::{
    AliasColumns, Association, AssociationColumns, Call, CallColumns, CohortColumns, Content, SavedCohort, StoredAlias,
};
use crate::codec::text::Compression;
use crate::codec::{BlobIndex, ContainerWriter, DecodeError, FileId, FileKind, packed, text};
use crate::model::{GroupKeyId, GroupTypeId, Moment, UserId};
use bytes::Bytes;
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Collects calls, associations, aliases and cohorts in any order.
#[derive(Clone, Debug, Default)]
pub struct ProfilesBuilder {
    pub(super) user_calls: Vec<Call>,
    pub(super) group_calls: BTreeMap<GroupTypeId, Vec<Call>>,
    pub(super) associations: BTreeMap<GroupTypeId, HashMap<UserId, (Moment, GroupKeyId)>>,
    pub(super) aliases: Vec<StoredAlias>,
    cohorts: Vec<SavedCohort>,
}

impl ProfilesBuilder {
    /// An identify() call.
    pub fn identify(&mut self, user: UserId, moment: Moment, ops: &str) {
        self.user_calls.push(Call { entity: user.raw(), moment, user: None, ops: ops.to_owned() });
    }

    /// A group() call.
    pub fn group(&mut self, group_type: GroupTypeId, key: GroupKeyId, user: Option<UserId>, moment: Moment, ops: &str) {
        let call = Call { entity: key.raw(), moment, user, ops: ops.to_owned() };
        self.group_calls.entry(group_type).or_default().push(call);
        if let Some(user) = user {
            self.associate(group_type, user, moment, key);
        }
    }

    /// A user belongs to a key: a group() call or an event said so.
    pub fn associate(&mut self, group_type: GroupTypeId, user: UserId, moment: Moment, key: GroupKeyId) {
        let latest = self.associations.entry(group_type).or_default().entry(user).or_insert((moment, key));
        if latest.0 < moment {
            *latest = (moment, key);
        }
    }

    /// An alias() call.
    pub fn alias(&mut self, alias: StoredAlias) {
        self.aliases.push(alias);
    }

    /// A cohort line.
    pub fn cohort(&mut self, cohort: SavedCohort) {
        self.cohorts.push(cohort);
    }

    /// Takes everything of an opened part.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn add_part(&mut self, part: &super::ProfilesPart) -> Result<(), DecodeError> {
        if let Some(calls) = part.user_calls()? {
            calls.visit(0..calls.entities.len(), |call| self.user_calls.push(call))?;
        }
        for group_type in part.called_types() {
            let into = self.group_calls.entry(group_type).or_default();
            if let Some(calls) = part.group_calls(group_type)? {
                calls.visit(0..calls.entities.len(), |call| into.push(call))?;
            }
        }
        for group_type in part.associated_types() {
            part.associations(group_type, |association| {
                self.associate(group_type, association.user, association.moment, association.key);
            })?;
        }
        self.aliases.extend(part.aliases()?);
        self.cohorts.extend(part.cohorts()?);
        Ok(())
    }

    /// The part's bytes; `None` when nothing was collected.
    ///
    /// # Errors
    /// When the part is too large, or a call cannot be read.
    pub fn finish(mut self, id: FileId, compression: Compression) -> Result<Option<Bytes>, DecodeError> {
        let mut container = ContainerWriter::new(FileKind::Profiles, id);
        let mut content = Content::default();
        if !self.user_calls.is_empty() {
            content.users = Some(write_calls(&mut container, &mut self.user_calls, false, compression)?);
        }
        for (group_type, calls) in &mut self.group_calls {
            if !calls.is_empty() {
                content.groups.push((group_type.raw(), write_calls(&mut container, calls, true, compression)?));
            }
        }
        for (group_type, latest) in &self.associations {
            let mut rows: Vec<Association> = latest
                .iter()
                .map(|(user, (moment, key))| Association { user: *user, moment: *moment, key: *key })
                .collect();
            rows.sort_unstable_by_key(|row| row.user);
            content.associations.push((group_type.raw(), write_associations(&mut container, &rows)));
        }
        if !self.aliases.is_empty() {
            self.aliases.sort_unstable_by_key(|alias| alias.arrival);
            content.aliases = Some(write_aliases(&mut container, &self.aliases));
        }
        if !self.cohorts.is_empty() {
            self.cohorts.sort_unstable_by_key(|cohort| cohort.arrival);
            content.cohorts = Some(write_cohorts(&mut container, &self.cohorts, compression));
        }
        let empty = content.users.is_none()
            && content.groups.is_empty()
            && content.associations.is_empty()
            && content.aliases.is_none()
            && content.cohorts.is_none();
        if empty { Ok(None) } else { container.finish(&content).map(Some) }
    }
}

fn column<T>(container: &mut ContainerWriter, rows: &[T], value: impl Fn(&T) -> i64) -> BlobIndex {
    container.add(&packed::encode(&rows.iter().map(value).collect::<Vec<_>>()))
}

fn write_calls(
    container: &mut ContainerWriter,
    calls: &mut [Call],
    of_groups: bool,
    compression: Compression,
) -> Result<CallColumns, DecodeError> {
    calls.sort_unstable_by_key(|call| (call.entity, call.moment));
    let user = |call: &Call| call.user.map_or(0, |user| i64::from(user.raw()) + 1);
    Ok(CallColumns {
        entities: column(container, calls, |call| i64::from(call.entity)),
        times: column(container, calls, |call| call.moment.time.micros()),
        arrivals: column(container, calls, |call| call.moment.arrival.raw() as i64),
        users: of_groups.then(|| column(container, calls, user)),
        ops: container.add(&text::encode(calls.iter().map(|call| call.ops.as_bytes()), compression)),
        changes: write_changes(container, calls, compression)?,
    })
}

fn write_associations(container: &mut ContainerWriter, rows: &[Association]) -> AssociationColumns {
    AssociationColumns {
        users: column(container, rows, |row| i64::from(row.user.raw())),
        times: column(container, rows, |row| row.moment.time.micros()),
        arrivals: column(container, rows, |row| row.moment.arrival.raw() as i64),
        keys: column(container, rows, |row| i64::from(row.key.raw())),
    }
}

fn write_aliases(container: &mut ContainerWriter, rows: &[StoredAlias]) -> AliasColumns {
    AliasColumns {
        arrivals: column(container, rows, |row| row.arrival.raw() as i64),
        users: column(container, rows, |row| i64::from(row.user.raw())),
        aliases: column(container, rows, |row| i64::from(row.alias.raw())),
        timed: column(container, rows, |row| i64::from(row.time.is_some())),
        times: column(container, rows, |row| row.time.map_or(0, |time| time.micros())),
    }
}

fn write_cohorts(container: &mut ContainerWriter, rows: &[SavedCohort], compression: Compression) -> CohortColumns {
    let texts = rows.iter().flat_map(|row| [row.name.as_bytes(), row.report.as_bytes()]);
    CohortColumns {
        arrivals: column(container, rows, |row| row.arrival.raw() as i64),
        texts: container.add(&text::encode(texts, compression)),
    }
}
