//! Whether changes are those that the calls make.

use super::write::visit_changes;
use super::{Changes, Extent};
use crate::codec::DecodeError;
use hashbrown::{HashMap, HashSet};

/// Follows the calls of a table, row by row, along its changes.
pub struct ChangesCheck<'c> {
    changes: &'c Changes,
    /// The places of properties by name.
    places: HashMap<String, usize>,
    properties: Vec<Seen>,
    values: Vec<Vec<u8>>,
}

/// How far one property was followed.
struct Seen {
    extent: Extent,
    /// The changes that calls made so far.
    changes: usize,
    /// The values that they used.
    values: usize,
}

/// What is wrong with changes.
fn wrong(what: &str) -> DecodeError {
    DecodeError::new(format!("changes of properties {what}"), 0)
}

impl<'c> ChangesCheck<'c> {
    /// Before the first row.
    pub fn new(changes: &'c Changes) -> Result<Self, DecodeError> {
        let names = changes.all_names()?;
        if !names.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(wrong("are not sorted by name"));
        }
        let mut values = Vec::new();
        let read = changes.values.visit(0..changes.values.len(), |_, value| values.push(value.to_vec()));
        read.map_err(|error| changes.in_values(error))?;
        let mut properties: Vec<Seen> = Vec::with_capacity(names.len());
        let mut ends = (0, 0);
        for place in 0..names.len() {
            let extent = changes.extent(place)?;
            if (extent.changes.start, extent.values.start) != ends || extent.changes.is_empty() {
                return Err(wrong("are not one after the other"));
            }
            let own: HashSet<&Vec<u8>> = values[extent.values.clone()].iter().collect();
            if own.len() != extent.values.len() {
                return Err(wrong("have a value twice"));
            }
            ends = (extent.changes.end, extent.values.end);
            properties.push(Seen { extent, changes: 0, values: 0 });
        }
        if ends != (changes.rows.len(), values.len()) {
            return Err(wrong("are of no property"));
        }
        let places = names.into_iter().enumerate().map(|(place, name)| (name, place)).collect();
        Ok(Self { changes, places, properties, values })
    }

    /// The next row says this.
    pub fn follow(&mut self, row: usize, ops: &str) -> Result<(), DecodeError> {
        visit_changes(ops, |name, value| {
            let seen = self.places.get(name).and_then(|place| self.properties.get_mut(*place));
            let Some(seen) = seen.filter(|seen| seen.changes < seen.extent.changes.len()) else {
                return Err(wrong("lack one that a call makes"));
            };
            let change = self.changes.change(&seen.extent, seen.extent.changes.start + seen.changes)?;
            let next = seen.extent.values.start + seen.values;
            let is_same = match (change.value, value) {
                (None, None) => true,
                // Values come in the order of their first use.
                (Some(place), Some(value)) => place <= next && self.values.get(place) == Some(&value),
                _ => false,
            };
            if change.row != row || !is_same {
                return Err(wrong("are not those that the calls make"));
            }
            seen.changes += 1;
            seen.values += usize::from(change.value == Some(next));
            Ok(())
        })
    }

    /// After the last row.
    pub fn finish(self) -> Result<(), DecodeError> {
        let is_whole =
            |seen: &Seen| (seen.changes, seen.values) == (seen.extent.changes.len(), seen.extent.values.len());
        if self.properties.iter().all(is_whole) { Ok(()) } else { Err(wrong("are more than the calls make")) }
    }
}

impl Changes {
    /// That there are none, as a table of which these are the calls needs them.
    pub fn check_absent(ops: &str) -> Result<(), DecodeError> {
        visit_changes(ops, |_, _| Err(wrong("are missing")))
    }
}
