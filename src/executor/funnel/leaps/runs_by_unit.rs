//! Where the rows of each unit lie in a table whose rows are not in the order of these units.

use super::super::super::charge::{Charge, Charged};
use super::super::super::error::ExecutionError;
use super::super::super::footprint::{Footprint, list_bytes};
use super::super::super::query::Query;
use super::super::super::unit_runs::visit_runs_of_units;
use crate::segment::Table;
use std::ops::Range;

/// Runs of rows of one unit, in each of which rows are in order of time.
pub(super) struct RunsByUnit {
    /// The runs of unit u are `runs[starts[u]..starts[u + 1]]`.
    starts: Vec<u32>,
    /// First row, and the row after the last.
    runs: Vec<(u32, u32)>,
}

impl RunsByUnit {
    /// The runs of all units of a table.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn new(query: Query<'_>, table: Table<'_>) -> Result<Charged<Self>, ExecutionError> {
        let units = query.unit_count() as usize;
        let mut charge = Charge::of(query.guard, (units + 1) * size_of::<u32>())?;
        // Counted by unit, then each start moves with every run that is put there.
        let mut starts = vec![0u32; units + 1];
        visit_runs_of_units(query, table, None, |unit, _| {
            if let Some(count) = starts.get_mut(unit as usize + 1) {
                *count += 1;
            }
            Ok(())
        })?;
        for unit in 1..starts.len() {
            starts[unit] += starts[unit - 1];
        }
        let count = starts.last().map_or(0, |count| *count as usize);
        charge.add(count * size_of::<(u32, u32)>() + units * size_of::<u32>())?;
        let (mut runs, mut next) = (vec![(0, 0); count], starts.clone());
        visit_runs_of_units(query, table, None, |unit, rows| {
            if let Some(place) = next.get_mut(unit as usize)
                && let Some(run) = runs.get_mut(*place as usize)
            {
                *run = (rows.start as u32, rows.end as u32);
                *place += 1;
            }
            Ok(())
        })?;
        Ok(Charged::with(Self { starts, runs }, charge))
    }

    /// The runs of a unit.
    pub fn of(&self, unit: u32) -> impl Iterator<Item = Range<usize>> + '_ {
        let at = |unit: usize| self.starts.get(unit).map_or(self.runs.len(), |start| *start as usize);
        self.runs[at(unit as usize)..at(unit as usize + 1)].iter().map(|(start, end)| *start as usize..*end as usize)
    }

    /// The first unit from this one on that has rows.
    pub fn next_from(&self, unit: u32) -> Option<u32> {
        let first = *self.starts.get(unit as usize)?;
        let place = self.starts.get(unit as usize + 1..)?.iter().position(|end| *end > first)?;
        Some(unit + place as u32)
    }
}

impl Footprint for RunsByUnit {
    fn footprint(&self) -> usize {
        list_bytes(&self.starts) + list_bytes(&self.runs)
    }
}
