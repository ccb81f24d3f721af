//! What a snapshot's parts say together.

use super::part::{Call, Calls};
use super::{ProfilesPart, SavedCohort, StoredAlias};
use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::model::{GroupTypeId, Moment, Properties, PropertyOps, Timestamp, UserId};
use std::sync::Arc;

/// The parts of a snapshot, in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    parts: Vec<Arc<ProfilesPart>>,
}

/// The properties that a call left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The call's place in the order.
    pub moment: Moment,
    /// Everything set from then on; calls that change nothing share it with the call before.
    pub properties: Arc<Properties>,
}

/// The properties after these calls, in their order.
///
/// # Errors
/// When a call's operations cannot be read.
pub fn fold<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Result<Properties, DecodeError> {
    fold_of(calls, None)
}

/// The same; of these properties alone, if any are named.
pub(super) fn fold_of<'a>(
    calls: impl IntoIterator<Item = &'a Call>,
    names: Option<&[&str]>,
) -> Result<Properties, DecodeError> {
    let mut properties = Properties::new();
    for call in calls {
        parse_ops_of(call, names)?.apply(&mut properties);
    }
    Ok(properties)
}

fn parse_ops(call: &Call) -> Result<PropertyOps, DecodeError> {
    parse_ops_of(call, None)
}

fn parse_ops_of(call: &Call, names: Option<&[&str]>) -> Result<PropertyOps, DecodeError> {
    PropertyOps::from_json_of(&call.ops, names).ok_or_else(|| DecodeError::new("a call's operations cannot be read", 0))
}

/// So many rows are looked at one after the other before the end of an entity's rows is searched.
const NEAR_ROWS: usize = 4;

/// Calls `visit` with each entity and the last of its rows, which lie together, in order of entity.
fn visit_last_rows(entities: &Packed, mut visit: impl FnMut(i64, usize)) {
    let mut values = [0; BLOCK_VALUES];
    for block in 0..entities.blocks() {
        let rows = entities.decode_block(block, &mut values);
        let next_block = (block + 1) * BLOCK_VALUES;
        let next = (next_block < entities.len()).then(|| entities.get(next_block));
        let mut place = 0;
        while let Some(rest @ [entity, ..]) = values.get(place..rows) {
            let is_same = |other: &i64| other == entity;
            place += match rest.iter().take(NEAR_ROWS).take_while(|other| is_same(other)).count() {
                NEAR_ROWS => rest.partition_point(is_same),
                near => near,
            };
            if place < rows || next != Some(*entity) {
                visit(*entity, block * BLOCK_VALUES + place - 1);
            }
        }
    }
}

/// The rows of `calls` that belong to `entities`, appended to `found`.
fn collect(calls: Option<Calls>, entities: &[u32], found: &mut Vec<Call>) -> Result<(), DecodeError> {
    if let Some(calls) = calls {
        for entity in entities {
            calls.visit(calls.rows_of(*entity), |call| found.push(call))?;
        }
    }
    Ok(())
}

impl Profiles {
    /// These parts, in order of arrival.
    pub fn new(parts: Vec<Arc<ProfilesPart>>) -> Self {
        Self { parts }
    }

    /// The parts.
    pub fn parts(&self) -> &[Arc<ProfilesPart>] {
        &self.parts
    }

    /// The identify() calls that named one of these ids of one user, in order.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn calls_of_user(&self, ids: &[UserId]) -> Result<Vec<Call>, DecodeError> {
        let entities: Vec<u32> = ids.iter().map(|id| id.raw()).collect();
        let mut found = Vec::new();
        for part in &self.parts {
            collect(part.user_calls()?, &entities, &mut found)?;
        }
        found.sort_unstable_by_key(|call| call.moment);
        Ok(found)
    }

    /// The properties after the first of these calls, which come in order, and after each that changed them, oldest
    /// first.
    ///
    /// # Errors
    /// When a call's operations cannot be read.
    pub fn versions(calls: &[Call]) -> Result<Vec<Version>, DecodeError> {
        let mut versions: Vec<Version> = Vec::new();
        let mut properties = Properties::new();
        for call in calls {
            if !call.ops.is_empty() {
                parse_ops(call)?.apply(&mut properties);
            }
            let is_known = |last: &Version| call.ops.is_empty() || *last.properties == properties;
            if !versions.last().is_some_and(is_known) {
                versions.push(Version { moment: call.moment, properties: Arc::new(properties.clone()) });
            }
        }
        Ok(versions)
    }

    /// The latest timestamp of a group() call for each of the first `keys` keys of a type.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn last_updated(&self, group_type: GroupTypeId, keys: u32) -> Result<Vec<Option<Timestamp>>, DecodeError> {
        let mut latest = vec![None; keys as usize];
        for part in &self.parts {
            let Some(calls) = part.group_calls(group_type)? else { continue };
            // The calls of an entity lie together, in order of time.
            visit_last_rows(&calls.entities, |entity, row| {
                if let Some(slot) = usize::try_from(entity).ok().and_then(|entity| latest.get_mut(entity)) {
                    *slot = (*slot).max(Some(Timestamp::clamped(calls.times.get(row))));
                }
            });
        }
        Ok(latest)
    }

    /// Every alias() call, in order of arrival.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn aliases(&self) -> Result<Vec<StoredAlias>, DecodeError> {
        let mut all = Vec::new();
        for part in &self.parts {
            all.extend(part.aliases()?);
        }
        Ok(all)
    }

    /// Every cohort line, in order of arrival.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn cohorts(&self) -> Result<Vec<SavedCohort>, DecodeError> {
        let mut all = Vec::new();
        for part in &self.parts {
            all.extend(part.cohorts()?);
        }
        Ok(all)
    }

    /// Calls `visit` with every identify() call (no type) and every group() call (its type), part by part.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn visit_calls(&self, mut visit: impl FnMut(Option<GroupTypeId>, Call)) -> Result<(), DecodeError> {
        for part in &self.parts {
            if let Some(calls) = part.user_calls()? {
                calls.visit(0..calls.entities.len(), |call| visit(None, call))?;
            }
            for group_type in part.called_types() {
                if let Some(calls) = part.group_calls(group_type)? {
                    calls.visit(0..calls.entities.len(), |call| visit(Some(group_type), call))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Aliases, ProfilesBuilder};
    use super::*;
    use crate::codec::FileId;
    use crate::codec::packed::encode;
    use crate::codec::text::Compression;
    use crate::model::{Arrival, GroupKeyId, property};
    use proptest::prelude::*;

    fn at(time: i64, arrival: u64) -> Moment {
        Moment { time: Timestamp::from_micros(time).unwrap(), arrival: Arrival::new(arrival) }
    }

    fn part(build: impl FnOnce(&mut ProfilesBuilder)) -> Arc<ProfilesPart> {
        let mut builder = ProfilesBuilder::default();
        build(&mut builder);
        let bytes = builder.finish(FileId([5; 16]), Compression::Zstd).unwrap().unwrap();
        let part = ProfilesPart::open(bytes, "part").unwrap();
        assert_eq!(part.verify(), []);
        Arc::new(part)
    }

    #[test]
    fn a_late_call_changes_the_past_and_not_the_present() {
        let (company, acme) = (GroupTypeId::new(0), GroupKeyId::new(3));
        let first = part(|b| b.group(company, acme, None, at(20, 0), r#"{"properties":{"plan":"pro"}}"#));
        let late = part(|b| b.group(company, acme, None, at(10, 1), r#"{"properties":{"plan":"free","seats":3}}"#));
        let profiles = Profiles::new(vec![first, late]);
        let history = profiles.history_of_key(company, acme).unwrap();
        let shown: Vec<String> =
            history.versions.iter().map(|version| property::object_json(&version.properties)).collect();
        assert_eq!(shown, [r#"{"plan":"free","seats":3}"#, r#"{"plan":"pro","seats":3}"#]);
        assert_eq!(history.last_updated, Some(Timestamp::from_micros(20).unwrap()));
        let updated = profiles.last_updated(company, 4).unwrap();
        assert_eq!(updated, [None, None, None, Some(Timestamp::from_micros(20).unwrap())]);
    }

    #[test]
    fn the_latest_word_on_any_of_a_users_ids_decides_where_it_belongs() {
        let company = GroupTypeId::new(0);
        let (user, joined) = (UserId::new(0), UserId::new(1));
        let mut aliases = Aliases::default();
        aliases.join(user, joined);
        let first = part(|b| {
            b.group(company, GroupKeyId::new(0), Some(user), at(20, 0), "");
            b.associate(company, joined, at(20, 1), GroupKeyId::new(1));
        });
        let late = part(|b| b.associate(company, user, at(19, 2), GroupKeyId::new(2)));
        let profiles = Profiles::new(vec![first, late]);
        let expected = Some((at(20, 1), GroupKeyId::new(1)));
        assert_eq!(profiles.associations(company, 2, &aliases).unwrap(), [expected, None]);
        assert_eq!(profiles.association_of(company, &aliases.ids_of(joined)).unwrap(), expected);
        let members = |key| profiles.members_of(company, GroupKeyId::new(key), &aliases).unwrap();
        assert_eq!([0, 1, 2].map(|key| members(key).iter().collect::<Vec<_>>()), [vec![], vec![0], vec![]]);
        assert_eq!(profiles.users().unwrap().into_iter().collect::<Vec<_>>(), [0]);
    }

    proptest! {
        #[test]
        fn the_last_row_of_each_entity_is_found(runs in prop::collection::vec((1u32..3, 1usize..1500), 0..12)) {
            let mut entity = 0;
            let mut rows = Vec::new();
            for (step, count) in &runs {
                entity += i64::from(*step);
                rows.extend(std::iter::repeat_n(entity, *count));
            }
            let column = Packed::open(encode(&rows).into()).unwrap();
            let mut found = Vec::new();
            visit_last_rows(&column, |entity, row| found.push((entity, row)));
            let lasts = rows.chunk_by(|a, b| a == b).scan(0, |end, rows| {
                *end += rows.len();
                Some((rows[0], *end - 1))
            });
            prop_assert_eq!(found, lasts.collect::<Vec<_>>());
        }
    }
}
