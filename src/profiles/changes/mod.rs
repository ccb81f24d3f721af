//! What the calls of a table do to each property: which change it, and to what. Who looks at one property reads no others.
//! Layout: `format-spec/profiles.md`, "Changes".
//!
//! Invariants:
//! - A property has a change for every call that names it, whatever the operation.
//! - A change of which the value is stored leaves that value, whatever was there before; any other has to be read in its
//!   call.

mod check;
mod keys;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use check::ChangesCheck;
pub use read::{Change, PropertyChanges, Said};
pub(super) use write::write_changes;

use super::part::same_length;
use crate::codec::{BlobIndex, Container, DecodeError, Packed, Texts};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::ops::Range;

/// The code of a change that has to be read in its call; others are the place of a value plus 1.
const IN_CALL: i64 = 0;

/// Changes sorted by (name of the property, row of the call), column by column.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct ChangeColumns {
    /// The names, by their bytes.
    names: BlobIndex,
    /// Where the changes of each name begin, and where those of the last end.
    starts: BlobIndex,
    /// The row of the call, of each change.
    rows: BlobIndex,
    /// The place of the value among those of the name plus 1, or [`IN_CALL`], of each change.
    codes: BlobIndex,
    /// Where the values of each name begin, and where those of the last end.
    value_starts: BlobIndex,
    /// The values of each name.
    values: BlobIndex,
}

/// The changes of a table of calls, ready to be searched.
pub(super) struct Changes {
    names: Texts,
    starts: Packed,
    rows: Packed,
    codes: Packed,
    value_starts: Packed,
    values: Texts,
    /// Where names and values lie in the file.
    texts_offsets: [u64; 2],
    /// How many calls the table has.
    calls: usize,
}

/// The part of the changes and of the values that one property has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Extent {
    changes: Range<usize>,
    values: Range<usize>,
}

/// A change as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StoredChange {
    row: usize,
    /// The place of the value among all values; `None` where the call has to be read.
    value: Option<usize>,
}

impl Changes {
    /// Opens the changes of a table of so many calls.
    pub fn open(container: &Container, columns: ChangeColumns, calls: usize) -> Result<Self, DecodeError> {
        let column = |blob| container.column(blob);
        let changes = Self {
            names: container.read(columns.names, Texts::open)?,
            starts: column(columns.starts)?,
            rows: column(columns.rows)?,
            codes: column(columns.codes)?,
            value_starts: column(columns.value_starts)?,
            values: container.read(columns.values, Texts::open)?,
            texts_offsets: [columns.names, columns.values].map(|blob| container.blob_offset(blob)),
            calls,
        };
        let ends = changes.names.len() + 1;
        same_length(&[ends, changes.starts.len(), changes.value_starts.len()])?;
        same_length(&[changes.rows.len(), changes.codes.len()])?;
        Ok(changes)
    }

    /// Damage of a name.
    fn in_names(&self, error: DecodeError) -> DecodeError {
        error.shifted(self.texts_offsets[0])
    }

    /// The names of the properties, in their order.
    fn all_names(&self) -> Result<Vec<String>, DecodeError> {
        self.names.strings().map_err(|error| self.in_names(error))
    }

    /// Damage of a value.
    fn in_values(&self, error: DecodeError) -> DecodeError {
        error.shifted(self.texts_offsets[1])
    }

    /// How many properties there are.
    fn len(&self) -> usize {
        self.names.len()
    }

    /// The place of a property, if a call names it.
    fn find(&self, name: &str) -> Result<Option<usize>, DecodeError> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.names.get(middle).map_err(|error| self.in_names(error))?;
            match found.as_slice().cmp(name.as_bytes()) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(Some(middle)),
            }
        }
        Ok(None)
    }

    /// What the property at a place below [`Self::len`] has.
    fn extent(&self, place: usize) -> Result<Extent, DecodeError> {
        let range = |starts: &Packed, end: usize| {
            let (from, to) = starts.get_pair(place);
            let range = usize::try_from(from).ok().zip(usize::try_from(to).ok()).map(|(from, to)| from..to);
            let range = range.filter(|range| range.start <= range.end && range.end <= end);
            range.ok_or_else(|| DecodeError::new("the changes of a property are out of place", 0))
        };
        Ok(Extent {
            changes: range(&self.starts, self.rows.len())?,
            values: range(&self.value_starts, self.values.len())?,
        })
    }

    /// Which of these rows name a property, ascending.
    pub fn rows_among(&self, rows: Range<usize>) -> Result<Vec<usize>, DecodeError> {
        let mut found = Vec::new();
        for place in 0..self.len() {
            let Extent { changes, .. } = self.extent(place)?;
            let first = self.rows.lower_bound_in(changes.clone(), rows.start as i64);
            let of_property = self.rows.iter_from(first).take(changes.end - first);
            let of_property = of_property.filter_map(|row| usize::try_from(row).ok());
            found.extend(of_property.take_while(|row| rows.contains(row)));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// A change of a property that has this extent.
    fn change(&self, extent: &Extent, index: usize) -> Result<StoredChange, DecodeError> {
        let row = usize::try_from(self.rows.get(index)).ok().filter(|row| *row < self.calls);
        let row = row.ok_or_else(|| DecodeError::new("a change is of a call that does not exist", 0))?;
        let value = match self.codes.get(index) {
            IN_CALL => None,
            code => {
                let place = usize::try_from(code).ok().map(|code| extent.values.start.saturating_add(code - 1));
                let place = place.filter(|place| extent.values.contains(place));
                Some(place.ok_or_else(|| DecodeError::new("a change has a value that does not exist", 0))?)
            }
        };
        Ok(StoredChange { row, value })
    }
}
