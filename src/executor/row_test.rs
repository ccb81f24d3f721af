//! A filter compiled for one table: what depends on distinct values only is decided once per value.

use super::candidates::Candidates;
use super::error::ExecutionError;
use super::holder_values::HolderValues;
use super::mask::Mask;
use super::path_values::PathValues;
use super::query::{NO_UNIT, Query};
use super::row_filter::{CohortUnits, FilterPart, RowFilter};
use super::row_moments::RowMoments;
use super::unit_column::UnitColumn;
use crate::codec::packed::BLOCK_VALUES;
use crate::language::{AsOf, PropertyFilter, Test};
use crate::model::Value;
use crate::segment::{BlockBuffer, Table};

/// A test of one property of the event.
pub(super) struct PropertyTest<'a> {
    values: PathValues<bool>,
    test: &'a Test,
    /// Whether an absent value passes.
    absent: bool,
}

/// A compiled filter.
pub(super) struct RowTest<'a> {
    query: Query<'a>,
    /// The rows that may pass.
    pub candidates: Candidates,
    part: Part<'a>,
}

enum Part<'a> {
    Constant(bool),
    Property(PropertyTest<'a>),
    Holder {
        column: UnitColumn,
        passing: &'a HolderValues<bool>,
        without: bool,
        /// Present where the version in force at the event decides.
        moments: Option<Box<RowMoments>>,
    },
    Member {
        column: UnitColumn,
        members: &'a CohortUnits,
    },
    All(Vec<Part<'a>>),
    Any(Vec<Part<'a>>),
    Not(Box<Part<'a>>),
}

impl<'a> PropertyTest<'a> {
    fn compile(query: Query<'_>, table: Table<'_>, filter: &'a PropertyFilter) -> Result<Self, ExecutionError> {
        let test = &filter.test;
        let passes = |value: &Value| test.passes(Some(value));
        let values = PathValues::compile(query, table, &filter.property.path, passes)?;
        Ok(Self { values, absent: test.passes(None), test })
    }

    fn select(&self, block: usize, rows: usize, buffer: &mut BlockBuffer) -> Mask {
        let passes = |number| self.test.passes(Some(&Value::Number(number)));
        self.values.select(block, rows, buffer, self.absent, passes)
    }
}

impl<'a> RowTest<'a> {
    /// Compiles a filter for one table; no filter lets all rows pass.
    pub fn compile(query: Query<'a>, table: Table<'_>, filter: Option<&'a RowFilter>) -> Result<Self, ExecutionError> {
        let part = match filter {
            None => Part::Constant(true),
            Some(filter) => Part::compile(query, table, &filter.part)?,
        };
        let candidates = Candidates::new(table, filter.map(|filter| &filter.part))?;
        Ok(Self { query, candidates, part })
    }

    /// The rows of a block that pass, among its first `rows`.
    pub fn select(&self, block: usize, rows: usize, buffer: &mut BlockBuffer) -> Mask {
        self.part.select(self.query, block, rows, buffer)
    }
}

impl<'a> Part<'a> {
    fn compile(query: Query<'a>, table: Table<'_>, filter: &'a FilterPart) -> Result<Self, ExecutionError> {
        query.guard.check()?;
        let each = |filters: &'a [FilterPart]| {
            filters.iter().map(|filter| Self::compile(query, table, filter)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match filter {
            FilterPart::Constant(passes) => Self::Constant(*passes),
            FilterPart::Event(filter) => Self::Property(PropertyTest::compile(query, table, filter)?),
            FilterPart::Holder { holders, as_of, passing, without } => Self::Holder {
                column: UnitColumn::open(table, *holders)?,
                passing,
                without: *without,
                moments: (*as_of == AsOf::Event).then(|| RowMoments::open(table).map(Box::new)).transpose()?,
            },
            FilterPart::Member { units, members } => Self::Member { column: UnitColumn::open(table, *units)?, members },
            FilterPart::All(filters) => Self::All(each(filters)?),
            FilterPart::Any(filters) => Self::Any(each(filters)?),
            FilterPart::Not(inner) => Self::Not(Box::new(Self::compile(query, table, inner)?)),
        })
    }

    fn select(&self, query: Query<'_>, block: usize, rows: usize, buffer: &mut BlockBuffer) -> Mask {
        let all = Mask::first(rows);
        let units_of = |column: &UnitColumn| {
            let first = block * BLOCK_VALUES;
            let mut units = [NO_UNIT; BLOCK_VALUES];
            column.decode(query.snapshot.aliases(), first..first + rows, &mut units[..rows]);
            units
        };
        match self {
            Self::Constant(true) => all,
            Self::Constant(false) => Mask::NONE,
            Self::Property(test) => test.select(block, rows, buffer),
            Self::Holder { column, passing, without, moments: None } => {
                let units = units_of(column);
                Mask::from_fn(rows, |row| if units[row] == NO_UNIT { *without } else { passing.now(units[row]) })
            }
            Self::Holder { column, passing, without, moments: Some(moments) } => {
                let units = units_of(column);
                let moments = moments.decode(block);
                let mut known = None;
                Mask::from_fn(rows, |row| match units[row] {
                    NO_UNIT => *without,
                    unit => passing.at_event(&mut known, unit, moments.time(row), || moments.get(row)),
                })
            }
            Self::Member { column, members } => {
                let units = units_of(column);
                // Rows of one unit come together, so the set is asked once a run.
                let mut last = (NO_UNIT, false);
                Mask::from_fn(rows, |row| {
                    if units[row] != last.0 {
                        last = (units[row], members.members.contains(units[row]));
                    }
                    last.1
                })
            }
            Self::All(tests) => tests.iter().fold(all, |mask, test| {
                if mask.is_empty() { mask } else { mask.and(&test.select(query, block, rows, buffer)) }
            }),
            Self::Any(tests) => {
                tests.iter().fold(Mask::NONE, |mask, test| mask.or(&test.select(query, block, rows, buffer)))
            }
            Self::Not(test) => test.select(query, block, rows, buffer).complement(&all),
        }
    }
}
