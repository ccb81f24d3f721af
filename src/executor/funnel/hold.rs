//! Parts: the events of a unit within which attempts are judged. With `hold` there is one for each held value.

use super::super::error::ExecutionError;
use super::super::footprint::{Footprint, list_bytes, map_bytes};
use super::super::path_values::PathValues;
use super::super::query::Query;
use super::super::scan::Block;
use crate::language::Hold;
use crate::model::{Number, Value};
use crate::segment::{BlockBuffer, Table, UserRuns};
use hashbrown::HashMap;
use std::cell::{Cell, RefCell};

/// Stands for "no value" among held values: such a row is in no part.
pub(super) const NO_VALUE: u32 = u32::MAX;

/// What is held, with a number for each value of a held property.
pub(super) struct Held<'a> {
    query: Query<'a>,
    hold: Option<&'a Hold>,
    /// Lent in turn to the opening of tables and to the reading of their rows.
    numbers: RefCell<HashMap<Value, u32>>,
    /// What these values hold beyond themselves.
    held_bytes: Cell<usize>,
}

impl<'a> Held<'a> {
    pub fn new(query: Query<'a>, hold: Option<&'a Hold>) -> Self {
        Self { query, hold, numbers: RefCell::default(), held_bytes: Cell::new(0) }
    }

    /// A reader of held values for the rows of one table.
    pub fn open(&self, table: Table<'_>) -> Result<TableHeld<'_>, ExecutionError> {
        let column = match self.hold {
            None => HeldColumn::Nothing,
            Some(Hold::User) => HeldColumn::Users(table.users()?),
            Some(Hold::Property(path)) => {
                HeldColumn::Values(PathValues::compile(self.query, table, path, |value| self.number(value))?)
            }
        };
        Ok(TableHeld { held: self, column, values: Vec::new(), found: Vec::new() })
    }

    fn number(&self, value: &Value) -> u32 {
        let mut numbers = self.numbers.borrow_mut();
        let next = numbers.len() as u32;
        match numbers.get(value) {
            Some(number) => *number,
            None => {
                self.held_bytes.set(self.held_bytes.get() + value.footprint());
                *numbers.entry(value.clone()).or_insert(next)
            }
        }
    }
}

impl Footprint for Held<'_> {
    fn footprint(&self) -> usize {
        map_bytes(&self.numbers.borrow()) + self.held_bytes.get()
    }
}

/// What yields the held value of each row.
enum HeldColumn {
    Nothing,
    Users(UserRuns),
    Values(PathValues<u32>),
}

/// Held values by row of one table.
pub(super) struct TableHeld<'a> {
    held: &'a Held<'a>,
    column: HeldColumn,
    values: Vec<u32>,
    found: Vec<Option<u32>>,
}

impl TableHeld<'_> {
    /// The held value of each row of a block, [`NO_VALUE`] where it has none; `None` when nothing is held.
    pub fn decode(&mut self, block: &Block<'_>, buffer: &mut BlockBuffer) -> Option<&[u32]> {
        let rows = block.times.len();
        self.values.clear();
        match &self.column {
            HeldColumn::Nothing => return None,
            HeldColumn::Users(users) => {
                self.values.resize(rows, NO_VALUE);
                users.decode(block.first_row..block.first_row + rows, &mut self.values);
                self.values.iter_mut().for_each(|user| *user = self.held.query.shown_user(*user));
            }
            HeldColumn::Values(values) => {
                let of = |number: Number| self.held.number(&Value::Number(number));
                values.decode(block.number, rows, buffer, of, &mut self.found);
                self.values.extend(self.found.iter().map(|value| value.unwrap_or(NO_VALUE)));
            }
        }
        Some(&self.values)
    }
}

/// Units of a pass: every so manieth from the first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EveryUnit {
    pub first: u32,
    /// At least 1.
    pub step: u32,
    /// How many they are.
    pub count: u32,
}

impl EveryUnit {
    /// The place of a unit among these, if it is one.
    #[inline]
    fn place(self, unit: u32) -> Option<u32> {
        let from_first = unit.wrapping_sub(self.first);
        let place = if self.step == 1 { from_first } else { from_first / self.step };
        (place < self.count && place * self.step == from_first).then_some(place)
    }
}

/// The parts in which an attempt opens, by number. The depth of a part is how many steps, one after the other, have
/// an event in it, whenever that happened: no attempt can come further.
pub(super) struct Parts {
    numbers: Numbers,
    /// The units that have parts.
    of_units: EveryUnit,
    /// By part; 0 where no attempt opens.
    depths: Vec<u8>,
}

/// Which part is which.
enum Numbers {
    /// The parts are the units, by their places.
    Units {
        /// By place, whether a pass before has found what was to be found of the unit; empty as long as there is none.
        decided: Vec<bool>,
    },
    /// One for each held value of a unit.
    Held {
        by_value: HashMap<(u32, u32), u32>,
        /// The unit of each part.
        units: Vec<u32>,
    },
}

impl Parts {
    pub fn new(hold: Option<&Hold>) -> Self {
        let numbers = match hold {
            None => Numbers::Units { decided: Vec::new() },
            Some(_) => Numbers::Held { by_value: HashMap::new(), units: Vec::new() },
        };
        Self { numbers, of_units: EveryUnit { first: 0, step: 1, count: 0 }, depths: Vec::new() }
    }

    /// Begins anew with these units; what was decided stays when they are the same as before.
    pub fn begin(&mut self, of_units: EveryUnit) {
        self.depths.clear();
        match &mut self.numbers {
            Numbers::Units { decided } => {
                if of_units != self.of_units {
                    decided.clear();
                }
                self.depths.resize(of_units.count as usize, 0);
            }
            Numbers::Held { by_value, units } => {
                by_value.clear();
                units.clear();
            }
        }
        self.of_units = of_units;
    }

    /// The part of a row, which is made if it is new; `None` where nothing is left to be found.
    #[inline]
    pub fn find_or_add(&mut self, unit: u32, value: u32) -> Option<u32> {
        let place = self.of_units.place(unit)?;
        match &mut self.numbers {
            Numbers::Units { decided } => {
                let is_decided = decided.get(place as usize).copied().unwrap_or(false);
                (!is_decided).then_some(place)
            }
            Numbers::Held { by_value, units } => Some(*by_value.entry((unit, value)).or_insert_with(|| {
                units.push(unit);
                self.depths.push(0);
                units.len() as u32 - 1
            })),
        }
    }

    /// The part of any other row, if it is at least so deep.
    #[inline]
    pub fn find(&self, unit: u32, value: u32, depth_min: u8) -> Option<u32> {
        let part = match &self.numbers {
            Numbers::Units { .. } => self.of_units.place(unit)?,
            Numbers::Held { by_value, .. } => *by_value.get(&(unit, value))?,
        };
        (*self.depths.get(part as usize)? >= depth_min).then_some(part)
    }

    /// The part is at least so deep.
    #[inline]
    pub fn deepen(&mut self, part: u32, depth_min: u8) {
        let depth = &mut self.depths[part as usize];
        *depth = (*depth).max(depth_min);
    }

    /// Nothing is left to be found of a part's unit. Of a unit with several parts that is never so.
    pub fn decide(&mut self, part: usize) {
        if let Numbers::Units { decided } = &mut self.numbers {
            decided.resize(self.of_units.count as usize, false);
            decided[part] = true;
        }
    }

    /// How deep a part is.
    pub fn depth(&self, part: usize) -> usize {
        usize::from(self.depths[part])
    }

    /// The unit of a part.
    pub fn unit(&self, part: usize) -> u32 {
        match &self.numbers {
            Numbers::Units { .. } => self.of_units.first + part as u32 * self.of_units.step,
            Numbers::Held { units, .. } => units[part],
        }
    }

    /// How many part numbers there are; all are below.
    pub fn len(&self) -> usize {
        self.depths.len()
    }
}

impl Footprint for Parts {
    fn footprint(&self) -> usize {
        let numbers = match &self.numbers {
            Numbers::Units { decided } => list_bytes(decided),
            Numbers::Held { by_value, units } => map_bytes(by_value) + list_bytes(units),
        };
        list_bytes(&self.depths) + numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_at_one_place_of_one_pass() {
        let passes: Vec<EveryUnit> =
            (0..3).map(|first| EveryUnit { first, step: 3, count: (11 - first).div_ceil(3) }).collect();
        for unit in 0..11 {
            let places: Vec<u32> = passes.iter().filter_map(|pass| pass.place(unit)).collect();
            assert_eq!(places, [unit / 3]);
        }
        assert!(passes.iter().all(|pass| pass.place(11).is_none() && pass.place(u32::MAX).is_none()));
    }
}
