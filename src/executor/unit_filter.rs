//! Filters that look at nothing but the unit that is counted: they choose units, whatever rows these have.

use super::charge::Charged;
use super::limits::Stop;
use super::query::{Query, Units};
use super::row_filter::{FilterPart, RowFilter};
use super::unit_set::{Keeping, UnitSet};
use crate::language::AsOf;

impl RowFilter {
    /// Whether it looks at nothing but units of this kind.
    pub(super) fn is_of_units(&self, units: Units) -> bool {
        self.part.is_of_units(units)
    }

    /// The counted units that pass, where [`Self::is_of_units`] says so.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub(super) fn passing_units(&self, query: Query<'_>) -> Result<Charged<UnitSet>, Stop> {
        Charged::new(query.guard, self.part.passing_units(query)?)
    }
}

impl FilterPart {
    fn is_of_units(&self, units: Units) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Event(_) => false,
            Self::Holder { holders, as_of, .. } => *holders == units && *as_of == AsOf::Now,
            Self::Member { units: of, .. } => *of == units,
            Self::All(filters) | Self::Any(filters) => filters.iter().all(|filter| filter.is_of_units(units)),
            Self::Not(inner) => inner.is_of_units(units),
        }
    }

    fn passing_units(&self, query: Query<'_>) -> Result<UnitSet, Stop> {
        query.guard.check()?;
        let none = || Keeping::bits(query.unit_count()).none();
        let all = || UnitSet::all(query.unit_count());
        Ok(match self {
            Self::Constant(true) => all(),
            // A row's own properties are none of a unit's.
            Self::Constant(false) | Self::Event(_) => none(),
            Self::Holder { passing, .. } => {
                let mut units = none();
                for unit in query.guard.watch(0..query.unit_count()) {
                    let unit = unit?;
                    if passing.now(unit) {
                        units.insert(unit);
                    }
                }
                units
            }
            Self::Member { members, .. } => {
                let mut units = none();
                units.add_all(&members.members);
                units
            }
            Self::All(filters) => {
                let mut units = all();
                for filter in filters {
                    units.keep(&filter.passing_units(query)?);
                }
                units
            }
            Self::Any(filters) => {
                let mut units = none();
                for filter in filters {
                    units.add(&filter.passing_units(query)?);
                }
                units
            }
            Self::Not(inner) => all().without(&inner.passing_units(query)?),
        })
    }
}
