//! Breakdown values as numbers: to which tuple of values each row belongs.

use super::query::Query;
use super::row_test::CompileError;
use super::scan::Block;
use super::slots::{SlotSource, TableValues, ValueIds};
use crate::language::Breakdown;
use crate::model::Value;
use crate::segment::{BlockBuffer, Table};
use std::cell::RefCell;

/// The tuples of a report's breakdowns. Each gets a number when a row first has it.
#[derive(Debug)]
pub struct BreakdownValues<'a> {
    query: Query<'a>,
    source: SlotSource,
    /// Lent in turn to the opening of tables and to the reading of their rows.
    ids: RefCell<ValueIds>,
}

impl<'a> BreakdownValues<'a> {
    /// The tuples of these breakdowns, of which there is at least one.
    ///
    /// # Errors
    /// When the dictionary is damaged, or a breakdown is not executed yet.
    pub fn new(query: Query<'a>, breakdowns: &[Breakdown]) -> Result<Self, CompileError> {
        let [breakdown] = breakdowns else { return Err(CompileError::NotYet("several breakdowns")) };
        let source = SlotSource::new(query, breakdown)?;
        Ok(Self { query, source, ids: RefCell::new(ValueIds::new()) })
    }

    /// A reader of tuples for the rows of one table.
    pub(super) fn open(&self, table: Table<'_>) -> Result<TableTuples<'_>, CompileError> {
        let values = TableValues::open(self.query, table, &self.source, &mut self.ids.borrow_mut())?;
        Ok(TableTuples { all: self, values, ids: Vec::new() })
    }

    /// The tuple of a number: a value for each breakdown.
    pub fn tuple(&self, number: u32) -> Vec<Value> {
        self.ids.borrow().value(number).cloned().into_iter().collect()
    }
}

/// Tuples by row of one table.
pub(super) struct TableTuples<'a> {
    all: &'a BreakdownValues<'a>,
    values: TableValues,
    ids: Vec<u32>,
}

impl TableTuples<'_> {
    /// The number of the tuple of each row of a block.
    pub fn decode(&mut self, block: &Block<'_>, buffer: &mut BlockBuffer) -> &[u32] {
        self.values.decode(block, buffer, &mut self.all.ids.borrow_mut(), &mut self.ids);
        &self.ids
    }
}
