//! The user or the key of each row of a table.

use super::query::{NO_UNIT, Units};
use crate::codec::DecodeError;
use crate::model::UserId;
use crate::profiles::Aliases;
use crate::segment::{RunReader, Table};
use std::cell::RefCell;
use std::ops::Range;

/// What yields the unit of each row.
pub(super) enum UnitColumn {
    Users(RefCell<RunReader>),
    /// `None` where no row has a key.
    Keys(Option<RefCell<RunReader>>),
}

impl UnitColumn {
    pub fn open(table: Table<'_>, units: Units) -> Result<Self, DecodeError> {
        Ok(match units {
            Units::Users => Self::Users(RefCell::new(table.users()?.reader())),
            Units::Keys(group_type) => Self::Keys(table.group(group_type)?.map(|column| RefCell::new(column.reader()))),
        })
    }

    /// The unit of each of these rows, users under their shown ids; [`NO_UNIT`] where a row has no key.
    pub fn decode(&self, aliases: &Aliases, rows: Range<usize>, out: &mut [u32]) {
        match self {
            Self::Users(users) => {
                users.borrow_mut().fill(rows, out);
                if !aliases.is_empty() {
                    // A user's rows come together, so the map is asked once a run.
                    let mut last = (NO_UNIT, NO_UNIT);
                    for unit in out {
                        if *unit != last.0 {
                            last = (*unit, aliases.shown(UserId::new(*unit)).raw());
                        }
                        *unit = last.1;
                    }
                }
            }
            Self::Keys(Some(column)) => {
                column.borrow_mut().fill(rows, out);
                // Key plus 1 becomes the key, and 0 becomes NO_UNIT.
                out.iter_mut().for_each(|key| *key = key.wrapping_sub(1));
            }
            Self::Keys(None) => out.fill(NO_UNIT),
        }
    }
}
