//! Rows that may pass a filter, as the index of group keys says: blocks without one are not read.

use super::query::Units;
use super::row_filter::FilterPart;
use crate::codec::DecodeError;
use crate::segment::Table;
use roaring::RoaringBitmap;
use std::ops::Range;

/// Keys of a filter up to which the index is asked. Of more, nearly every block has one.
const KEYS_MAX: u64 = 64;

/// Rows of a segment; `None` for all of them.
#[derive(Debug)]
pub(super) struct Candidates(Option<RoaringBitmap>);

impl Candidates {
    /// Every row.
    const ALL: Self = Self(None);

    /// No row.
    pub fn none() -> Self {
        Self(Some(RoaringBitmap::new()))
    }

    /// The rows of a table that may pass; others may pass too, in other tables only.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn new(table: Table<'_>, filter: Option<&FilterPart>) -> Result<Self, DecodeError> {
        filter.map_or(Ok(Self::ALL), |filter| of_part(table, filter).map(Self))
    }

    /// Rows of either.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self(self.0.zip(other.0.as_ref()).map(|(rows, other)| rows | other))
    }

    /// Whether one of the rows is among these, counted through the segment.
    pub fn has_any(&self, rows: Range<u32>) -> bool {
        self.0.as_ref().is_none_or(|all| all.range_cardinality(rows) > 0)
    }
}

fn of_part(table: Table<'_>, part: &FilterPart) -> Result<Option<RoaringBitmap>, DecodeError> {
    Ok(match part {
        FilterPart::Constant(false) => Some(RoaringBitmap::new()),
        FilterPart::Member { units: Units::Keys(group_type), members } if members.members.len() <= KEYS_MAX => {
            Some(table.segment().rows_of_keys(*group_type, &members.members)?)
        }
        FilterPart::All(parts) => {
            let mut both: Option<RoaringBitmap> = None;
            for part in parts {
                let Some(rows) = of_part(table, part)? else { continue };
                both = Some(match both {
                    Some(both) => both & rows,
                    None => rows,
                });
            }
            both
        }
        FilterPart::Any(parts) => {
            let mut either = RoaringBitmap::new();
            for part in parts {
                let Some(rows) = of_part(table, part)? else { return Ok(None) };
                either |= rows;
            }
            Some(either)
        }
        _ => None,
    })
}
