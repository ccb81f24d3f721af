//! The changes of one property, part by part.

use super::super::part::{CallColumns, id, moment, same_length};
use super::super::{Profiles, ProfilesPart};
use super::{Changes, Extent};
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::value::read_value;
use crate::codec::{DecodeError, Packed, Reader, Texts};
use crate::model::{GroupTypeId, Moment, Value};
use std::ops::ControlFlow;

/// Calls to read between two looks at whether to go on.
const CALLS_AT_A_TIME: usize = 1024;

/// What the calls in one part do to a property.
pub struct PropertyChanges<'p> {
    pub(super) table: ChangedCalls<'p>,
    extent: Extent,
}

/// A call that does something to a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The user or key it is about, by its number.
    pub entity: u32,
    /// Its place in the order.
    pub moment: Moment,
    /// What it does.
    pub said: Said,
}

/// What a call does to a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The property becomes the value with this place among [`PropertyChanges::visit_values`]; null removes it.
    Value(u32),
    /// What these operations (JSON) do, which depends on what was before.
    Operations(String),
}

/// The calls of a table with their changes; what they say is read only where it must be.
pub(super) struct ChangedCalls<'p> {
    part: &'p ProfilesPart,
    columns: &'p CallColumns,
    pub changes: Changes,
    pub entities: Packed,
    times: Packed,
    arrivals: Packed,
}

impl<'p> ChangedCalls<'p> {
    /// The calls of users, or of keys of a type, if some of them change properties.
    pub fn open(part: &'p ProfilesPart, group_type: Option<GroupTypeId>) -> Result<Option<Self>, DecodeError> {
        let Some(columns) = part.call_columns(group_type) else { return Ok(None) };
        let Some(of_properties) = columns.changes else { return Ok(None) };
        let (entities, times) = (part.column(columns.entities)?, part.column(columns.times)?);
        let arrivals = part.column(columns.arrivals)?;
        let opened = same_length(&[entities.len(), times.len(), arrivals.len()])
            .and_then(|()| Changes::open(&part.container, of_properties, entities.len()));
        let changes = opened.map_err(|error| error.in_file(part.file()))?;
        Ok(Some(Self { part, columns, changes, entities, times, arrivals }))
    }

    /// The user or key of a row, and its place in the order.
    pub fn place_of(&self, row: usize) -> Result<(u32, Moment), DecodeError> {
        Ok((id(self.entities.get(row))?, moment(self.times.get(row), self.arrivals.get(row))?))
    }

    /// Calls `visit` with what the calls in these rows say, which ascend, until it fails.
    pub fn visit_operations<E: From<DecodeError>>(
        &self,
        rows: &[usize],
        mut visit: impl FnMut(usize, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        if rows.is_empty() {
            return Ok(());
        }
        let (container, blob) = (&self.part.container, self.columns.ops);
        let texts = container.read(blob, Texts::open)?;
        let located = |error: DecodeError| E::from(self.located(error.shifted(container.blob_offset(blob))));
        for rows in rows.chunks(CALLS_AT_A_TIME) {
            let mut outcome = Ok(());
            let visited = texts.visit_some(rows, |row, ops| {
                if outcome.is_ok() {
                    let ops = std::str::from_utf8(ops).map_err(|_| DecodeError::new("a call's text is not UTF-8", 0));
                    outcome = ops.map_err(located).and_then(|ops| visit(row, ops));
                }
            });
            visited.map_err(located).and(outcome)?;
        }
        Ok(())
    }

    /// The same damage, in this part.
    pub fn located(&self, error: DecodeError) -> DecodeError {
        error.in_file(self.part.file())
    }
}

/// Reads a stored value.
pub(super) fn value_of(bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = read_value(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

impl PropertyChanges<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.extent.changes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.extent.changes.is_empty()
    }

    /// Calls `visit` with the different values that the property is set to, until it fails.
    ///
    /// # Errors
    /// When the part is damaged, and what `visit` says.
    pub fn visit_values<E: From<DecodeError>>(&self, mut visit: impl FnMut(Value) -> Result<(), E>) -> Result<(), E> {
        let located = |error| E::from(self.table.located(self.table.changes.in_values(error)));
        let end = self.table.changes.values.visit_until(self.extent.values.clone(), |_, bytes| {
            match value_of(bytes).map_err(located).and_then(&mut visit) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        });
        match end.map_err(located)? {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// Calls `visit` with each change, in no order, until it fails.
    ///
    /// # Errors
    /// When the part is damaged, and what `visit` says.
    pub fn visit<E: From<DecodeError>>(&self, mut visit: impl FnMut(Change) -> Result<(), E>) -> Result<(), E> {
        let Self { table, extent } = self;
        let (changes, located) = (&table.changes, |error| E::from(table.located(error)));
        changes.rows.count_read(extent.changes.clone());
        changes.codes.count_read(extent.changes.clone());
        let mut in_calls = Vec::new();
        let mut counted = None;
        for index in extent.changes.clone() {
            let change = changes.change(extent, index).map_err(located)?;
            let row = change.row;
            if counted.replace(row / BLOCK_VALUES) != Some(row / BLOCK_VALUES) {
                let columns = [&table.entities, &table.times, &table.arrivals];
                columns.iter().for_each(|column| column.count_read(row..row + 1));
            }
            let Some(value) = change.value else {
                in_calls.push(row);
                continue;
            };
            let (entity, moment) = table.place_of(row).map_err(located)?;
            let said = Said::Value((value - extent.values.start) as u32);
            visit(Change { entity, moment, said })?;
        }
        table.visit_operations(&in_calls, |row, operations| {
            let (entity, moment) = table.place_of(row).map_err(located)?;
            visit(Change { entity, moment, said: Said::Operations(operations.to_owned()) })
        })
    }
}

impl Profiles {
    /// What the calls of users, or of keys of a type, do to a property, for each part in which a call names it.
    ///
    /// # Errors
    /// When a part is damaged.
    pub fn changes_of(
        &self,
        group_type: Option<GroupTypeId>,
        property: &str,
    ) -> Result<Vec<PropertyChanges<'_>>, DecodeError> {
        let mut found = Vec::new();
        for part in self.parts() {
            let Some(table) = ChangedCalls::open(part, group_type)? else { continue };
            let extent = table
                .changes
                .find(property)
                .and_then(|place| place.map(|place| table.changes.extent(place)).transpose());
            if let Some(extent) = extent.map_err(|error| table.located(error))? {
                found.push(PropertyChanges { table, extent });
            }
        }
        Ok(found)
    }
}
