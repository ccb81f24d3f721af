//! The properties that some keys have now, from no more calls than say so.

use super::super::Profiles;
use super::read::{ChangedCalls, value_of};
use crate::codec::DecodeError;
use crate::model::{GroupKeyId, GroupTypeId, Moment, Properties, PropertyOps, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Where a table has more properties than this, the calls of a key are read instead of looking for each property.
const PROPERTIES_MAX: usize = 128;

/// Something that a call did to a key.
struct Step {
    /// The place of the key among those that are asked for.
    key: usize,
    moment: Moment,
    said: Effect,
}

/// What it did.
enum Effect {
    /// A property was set; null removes it.
    Set(Arc<str>, Value),
    Operations(PropertyOps),
}

/// What is to be read in calls: by row, the place of the key, and the properties that matter; all where none is named.
type InCalls = BTreeMap<usize, (usize, Vec<Arc<str>>)>;

impl Profiles {
    /// The properties of keys now, in the order of the keys.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn properties_of_keys(
        &self,
        group_type: GroupTypeId,
        keys: &[GroupKeyId],
    ) -> Result<Vec<Properties>, DecodeError> {
        let mut steps = Vec::new();
        for part in self.parts() {
            if let Some(table) = ChangedCalls::open(part, Some(group_type))? {
                table.add_steps(keys, &mut steps).map_err(|error| table.located(error))?;
            }
        }
        steps.sort_by_key(|step| (step.key, step.moment));
        let mut found = vec![Properties::new(); keys.len()];
        for step in steps {
            let properties = &mut found[step.key];
            match step.said {
                Effect::Set(name, Value::Null) => {
                    properties.remove(&*name);
                }
                Effect::Set(name, value) => {
                    properties.insert(name.as_ref().to_owned(), value);
                }
                Effect::Operations(operations) => operations.apply(properties),
            }
        }
        Ok(found)
    }
}

impl ChangedCalls<'_> {
    /// Adds what the table's calls did to keys, without what later ones of them made up for.
    fn add_steps(&self, keys: &[GroupKeyId], steps: &mut Vec<Step>) -> Result<(), DecodeError> {
        let rows: Vec<Range<usize>> = keys.iter().map(|key| self.rows_of(*key)).collect();
        let mut in_calls = InCalls::new();
        if self.changes.len() > PROPERTIES_MAX {
            let all =
                rows.iter().enumerate().flat_map(|(key, rows)| rows.clone().map(move |row| (row, (key, Vec::new()))));
            in_calls.extend(all);
        } else {
            self.add_sets(&rows, steps, &mut in_calls)?;
        }
        let wanted: Vec<usize> = in_calls.keys().copied().collect();
        self.visit_operations(&wanted, |row, operations| {
            let Some((key, names)) = in_calls.get(&row) else { return Ok(()) };
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            let names = (!names.is_empty()).then_some(names.as_slice());
            let operations = PropertyOps::from_json_of(operations, names)
                .ok_or_else(|| DecodeError::new("a call's operations cannot be read", 0))?;
            let (_, moment) = self.place_of(row)?;
            steps.push(Step { key: *key, moment, said: Effect::Operations(operations) });
            Ok(())
        })
    }

    /// Adds the values that calls in these rows, those of each key, set, and what else is to be read in calls.
    fn add_sets(
        &self,
        rows: &[Range<usize>],
        steps: &mut Vec<Step>,
        in_calls: &mut InCalls,
    ) -> Result<(), DecodeError> {
        // The places of values, with the key, the row and the property.
        let mut sets: Vec<(usize, usize, usize, Arc<str>)> = Vec::new();
        for (place, name) in self.changes.all_names()?.into_iter().enumerate() {
            let (extent, name) = (self.changes.extent(place)?, Arc::<str>::from(name));
            for (key, rows) in rows.iter().enumerate() {
                let bound = |row: usize| self.changes.rows.lower_bound_in(extent.changes.clone(), row as i64);
                // What comes before a value that is set has no effect any more.
                for index in (bound(rows.start)..bound(rows.end)).rev() {
                    let change = self.changes.change(&extent, index)?;
                    match change.value {
                        Some(value) => {
                            sets.push((value, key, change.row, Arc::clone(&name)));
                            break;
                        }
                        None => {
                            in_calls.entry(change.row).or_insert_with(|| (key, Vec::new())).1.push(Arc::clone(&name))
                        }
                    }
                }
            }
        }
        sets.sort_unstable();
        let places: Vec<usize> = sets.iter().map(|(value, ..)| *value).collect();
        let (mut sets, mut outcome) = (sets.into_iter(), Ok(()));
        let visited = self.changes.values.visit_some(&places, |_, bytes| {
            let Some((_, key, row, name)) = sets.next() else { return };
            match value_of(bytes).and_then(|value| Ok((value, self.place_of(row)?))) {
                Ok((value, (_, moment))) => steps.push(Step { key, moment, said: Effect::Set(name, value) }),
                Err(error) => outcome = Err(error),
            }
        });
        visited.and(outcome).map_err(|error| self.changes.in_values(error))
    }

    /// The rows of a key.
    fn rows_of(&self, key: GroupKeyId) -> Range<usize> {
        let key = i64::from(key.raw());
        self.entities.lower_bound(key)..self.entities.lower_bound(key + 1)
    }
}
