//! A filter compiled for one table: what depends on distinct values only is decided once per value.

use super::mask::Mask;
use super::path_values::PathValues;
use crate::codec::DecodeError;
use crate::language::{Filter, Of, PropertyFilter, Test};
use crate::model::Value;
use crate::segment::{BlockBuffer, GroupColumn, Table};
use crate::store::Snapshot;
use hashbrown::HashSet;

/// Why a filter cannot be compiled.
#[derive(Clone, Debug, PartialEq)]
pub enum CompileError {
    /// The store is damaged.
    Damage(DecodeError),
    /// A part of the language that is not executed yet.
    NotYet(&'static str),
}

impl From<DecodeError> for CompileError {
    fn from(damage: DecodeError) -> Self {
        Self::Damage(damage)
    }
}

/// A test of one property of the event.
pub(super) struct PropertyTest {
    values: PathValues<bool>,
    test: Test,
    /// Whether an absent value passes.
    absent: bool,
}

/// A compiled filter.
pub(super) enum RowTest {
    Constant(bool),
    Property(PropertyTest),
    /// Key plus 1 of each row is in the set.
    Key {
        column: GroupColumn,
        keys: HashSet<u32>,
    },
    All(Vec<RowTest>),
    Any(Vec<RowTest>),
    Not(Box<RowTest>),
}

impl PropertyTest {
    fn compile(snapshot: &Snapshot, table: Table<'_>, filter: &PropertyFilter) -> Result<Self, DecodeError> {
        let test = filter.test.clone();
        let values = PathValues::compile(snapshot, table, &filter.property.path, |value| test.passes(Some(value)))?;
        Ok(Self { values, absent: test.passes(None), test })
    }

    fn select(&self, block: usize, rows: usize, buffer: &mut BlockBuffer) -> Mask {
        let mut passing = Vec::new();
        let passes = |number| self.test.passes(Some(&Value::Number(number)));
        self.values.decode(block, rows, buffer, passes, &mut passing);
        Mask::from_fn(rows, |row| passing[row].unwrap_or(self.absent))
    }
}

impl RowTest {
    /// Compiles a filter for one table.
    pub fn compile(snapshot: &Snapshot, table: Table<'_>, filter: Option<&Filter>) -> Result<Self, CompileError> {
        let Some(filter) = filter else { return Ok(Self::Constant(true)) };
        let each = |filters: &[Filter]| {
            filters.iter().map(|filter| Self::compile(snapshot, table, Some(filter))).collect::<Result<Vec<_>, _>>()
        };
        Ok(match filter {
            Filter::All(filters) => Self::All(each(filters)?),
            Filter::Any(filters) => Self::Any(each(filters)?),
            Filter::Not(inner) => Self::Not(Box::new(Self::compile(snapshot, table, Some(inner))?)),
            Filter::Property(filter) if filter.property.of == Of::Event => {
                Self::Property(PropertyTest::compile(snapshot, table, filter)?)
            }
            Filter::Property(_) => return Err(CompileError::NotYet("filters by properties of users and groups")),
            Filter::Cohort(_) => return Err(CompileError::NotYet("filters by cohort")),
            Filter::GroupKey { group, keys } => {
                let Some(group_type) = snapshot.group_type(group)? else { return Ok(Self::Constant(false)) };
                let Some(column) = table.group(group_type)? else { return Ok(Self::Constant(false)) };
                let mut found = HashSet::new();
                for key in keys {
                    found.extend(snapshot.group_key(group_type, key)?.map(|key| key.raw() + 1));
                }
                Self::Key { column, keys: found }
            }
        })
    }

    /// The rows of a block that pass, among its first `rows`.
    pub fn select(&self, block: usize, rows: usize, buffer: &mut BlockBuffer) -> Mask {
        let all = Mask::first(rows);
        match self {
            Self::Constant(true) => all,
            Self::Constant(false) => Mask::NONE,
            Self::Property(test) => test.select(block, rows, buffer),
            Self::Key { column, keys } => {
                let first = block * crate::codec::packed::BLOCK_VALUES;
                let mut row_keys = vec![0; rows];
                column.decode(first..first + rows, &mut row_keys);
                Mask::from_fn(rows, |row| keys.contains(&row_keys[row]))
            }
            Self::All(tests) => tests.iter().fold(all, |mask, test| mask.and(&test.select(block, rows, buffer))),
            Self::Any(tests) => tests.iter().fold(Mask::NONE, |mask, test| mask.or(&test.select(block, rows, buffer))),
            Self::Not(test) => test.select(block, rows, buffer).complement(&all),
        }
    }
}
