//! What an erasure touches in a segment, found without reading properties; and what the rows refer to.

use super::{Segment, Table};
use crate::codec::DecodeError;
use crate::model::{Erasure, GroupKeyId, GroupTypeId, IdSets, Moment, StoredName, Timestamp, UserId};
use std::collections::BTreeSet;

/// Rows that an erasure touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowsTouched {
    /// Rows that go.
    pub erased: u64,
    /// Rows that stay and lose a key.
    pub changed: u64,
}

impl Segment {
    /// How many rows an erasure touches.
    ///
    /// # Errors
    /// When a column that is needed is damaged.
    pub fn rows_touched(&self, erasure: &Erasure) -> Result<RowsTouched, DecodeError> {
        let mut touched = RowsTouched::default();
        match erasure {
            Erasure::Users(users) => {
                for table in self.tables() {
                    let runs = table.users()?;
                    let found = users.iter().filter_map(|user| runs.run_of(*user));
                    touched.erased += found.map(|run| runs.rows(run).len() as u64).sum::<u64>();
                }
            }
            Erasure::Keys(group_type, keys) => {
                if let Some(index) = self.key_rows(*group_type)? {
                    for key in keys {
                        touched.changed += index.rows(*key)?.len();
                    }
                }
            }
            Erasure::EventsBefore(end) => {
                for table in self.tables() {
                    touched.erased += rows_before(table, *end)?;
                }
            }
        }
        Ok(touched)
    }

    /// The time of the earliest row.
    pub fn first_time(&self) -> Timestamp {
        Timestamp::clamped(self.content.min_time)
    }

    /// Adds what rows refer to: event names, users, group keys, names of properties.
    ///
    /// # Errors
    /// When a column that is needed is damaged.
    pub fn add_ids(&self, ids: &mut IdSets) -> Result<(), DecodeError> {
        let mut types = BTreeSet::new();
        for table in self.tables() {
            let runs = table.users()?;
            let users = ids.entry(StoredName::User).or_default();
            users.extend((0..runs.len()).map(|run| runs.user(run).raw()));
            ids.entry(StoredName::Event).or_default().insert(table.event().raw());
            ids.entry(StoredName::Property).or_default().extend(table.property_names().map(|name| name.raw()));
            types.extend(table.group_types());
        }
        for group_type in types {
            if let Some(index) = self.key_rows(group_type)? {
                let keys = ids.entry(StoredName::GroupKey(group_type.raw())).or_default();
                keys.extend(index.keys().map(|(key, _)| key.raw()));
            }
        }
        Ok(())
    }

    /// Calls `visit` with every row of these users that carries a key of the type.
    ///
    /// # Errors
    /// When a column that is needed is damaged.
    pub fn visit_keys_of(
        &self,
        users: &BTreeSet<UserId>,
        group_type: GroupTypeId,
        mut visit: impl FnMut(UserId, Moment, GroupKeyId),
    ) -> Result<(), DecodeError> {
        for table in self.tables() {
            let Some(keys) = table.group(group_type)? else { continue };
            let (runs, times, arrivals) = (table.users()?, table.times()?, table.arrivals()?);
            for (user, run) in users.iter().filter_map(|user| Some((*user, runs.run_of(*user)?))) {
                for row in runs.rows(run) {
                    let Some(key) = keys.get(row).checked_sub(1) else { continue };
                    let time = Timestamp::clamped(times.get(row));
                    let moment = Moment { time, arrival: table.arrival_base().plus(arrivals.get(row) as u64) };
                    visit(user, moment, GroupKeyId::new(key));
                }
            }
        }
        Ok(())
    }
}

fn rows_before(table: Table<'_>, end: Timestamp) -> Result<u64, DecodeError> {
    let (first, last) = table.time_range();
    if last < end {
        return Ok(table.rows() as u64);
    }
    if end <= first {
        return Ok(0);
    }
    Ok(table.times()?.to_vec().into_iter().filter(|time| *time < end.micros()).count() as u64)
}
