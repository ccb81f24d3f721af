//! What the group() calls of one key say, of which only those are read that name a property.

use super::Profiles;
use super::part::{Call, ProfilesPart, moment};
use super::view::Version;
use crate::codec::DecodeError;
use crate::model::{GroupKeyId, GroupTypeId, Moment, Timestamp};

/// The properties of a key along time, and when it was last named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyHistory {
    /// The properties after the first call and after each that changed them, oldest first.
    pub versions: Vec<Version>,
    /// The latest timestamp of a call; `None` without calls.
    pub last_updated: Option<Timestamp>,
}

impl Profiles {
    /// The history of a key, from the group() calls that named it.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn history_of_key(&self, group_type: GroupTypeId, key: GroupKeyId) -> Result<KeyHistory, DecodeError> {
        let (mut calls, mut outer) = (Vec::new(), None);
        for part in self.parts() {
            let of_part = collect_changing(part, group_type, key, &mut calls).map_err(|error| part.located(error))?;
            outer = match (outer, of_part) {
                (Some((first, last)), Some((other_first, other_last))) => {
                    Some((Moment::min(first, other_first), Moment::max(last, other_last)))
                }
                (outer, of_part) => outer.or(of_part),
            };
        }
        let Some((first, last)) = outer else { return Ok(KeyHistory::default()) };
        calls.sort_unstable_by_key(|call| call.moment);
        // A version begins with the first call, whether it names a property or not.
        if calls.first().is_none_or(|call| call.moment != first) {
            calls.insert(0, Call { entity: key.raw(), moment: first, user: None, ops: String::new() });
        }
        Ok(KeyHistory { versions: Self::versions(&calls)?, last_updated: Some(last.time) })
    }
}

/// Appends the calls of a part about a key that name a property. Answers the moments of the first and the last that are
/// about it, if there are any.
fn collect_changing(
    part: &ProfilesPart,
    group_type: GroupTypeId,
    key: GroupKeyId,
    found: &mut Vec<Call>,
) -> Result<Option<(Moment, Moment)>, DecodeError> {
    let Some(calls) = part.group_calls(group_type)? else { return Ok(None) };
    let rows = calls.rows_of(key.raw());
    let Some(last) = rows.clone().last() else { return Ok(None) };
    if let Some(changes) = part.changes(Some(group_type))? {
        calls.visit_some(&changes.rows_among(rows.clone())?, |call| found.push(call))?;
    }
    let moment_of = |row: usize| moment(calls.times.get(row), calls.arrivals.get(row));
    Ok(Some((moment_of(rows.start)?, moment_of(last)?)))
}
