//! Breakdowns: which of the shown values each row belongs to.

use super::look::Look;
use super::path_values::PathValues;
use super::query::{NO_UNIT, Query};
use super::row_test::CompileError;
use super::scan::{Block, visit_rows};
use crate::codec::DecodeError;
use crate::language::{Breakdown, Of};
use crate::model::{GroupTypeId, Number, StoredName, Value};
use crate::segment::{BlockBuffer, GroupColumn, Table};
use hashbrown::HashMap;

/// By what rows are split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotSource {
    /// By the value of a property of the event.
    Property(String),
    /// By the event's key of a group type; a type that does not exist gives no key.
    Key(Option<GroupTypeId>),
}

/// The values of a breakdown that are shown, in rank order.
#[derive(Clone, Debug)]
pub struct Slots {
    source: SlotSource,
    ids: ValueIds,
    /// The shown values, best first.
    pub ranked: Vec<Value>,
    /// Whether there are values beyond those shown.
    pub has_other: bool,
    /// The slot of each value, by value id.
    slot_of: Vec<u32>,
}

/// Values of a breakdown as numbers. Number 0 is null.
#[derive(Clone, Debug)]
pub(super) struct ValueIds {
    values: Vec<Value>,
    ids: HashMap<Value, u32>,
}

/// The id of null.
const NULL: u32 = 0;

impl ValueIds {
    pub fn new() -> Self {
        Self { values: vec![Value::Null], ids: HashMap::from([(Value::Null, NULL)]) }
    }

    fn id(&mut self, value: &Value) -> u32 {
        if let Some(id) = self.ids.get(value) {
            return *id;
        }
        let id = self.values.len() as u32;
        self.values.push(value.clone());
        self.ids.insert(value.clone(), id);
        id
    }

    /// The value of a number.
    pub fn value(&self, id: u32) -> Option<&Value> {
        self.values.get(id as usize)
    }
}

impl SlotSource {
    /// What a document's breakdown splits by.
    ///
    /// # Errors
    /// When the dictionary is damaged, or the breakdown is not executed yet.
    pub fn new(query: Query<'_>, breakdown: &Breakdown) -> Result<Self, CompileError> {
        match breakdown {
            Breakdown::Property(property) if property.of == Of::Event => Ok(Self::Property(property.path.clone())),
            Breakdown::Property(_) => Err(CompileError::NotYet("breakdowns by properties of users and groups")),
            Breakdown::Group(group) => Ok(Self::Key(query.snapshot.group_type(group)?)),
            Breakdown::Cohort(_) => Err(CompileError::NotYet("breakdowns by cohort")),
        }
    }
}

/// A breakdown compiled for one table: value ids by row.
pub(super) enum TableValues {
    Property(PathValues<u32>),
    Key { column: GroupColumn, id_of: HashMap<u32, u32> },
    Null,
}

impl TableValues {
    pub fn open(
        query: Query<'_>,
        table: Table<'_>,
        source: &SlotSource,
        ids: &mut ValueIds,
    ) -> Result<Self, DecodeError> {
        let group_type = match source {
            SlotSource::Property(path) => {
                return PathValues::compile(query.snapshot, table, path, |value| ids.id(value)).map(Self::Property);
            }
            SlotSource::Key(None) => return Ok(Self::Null),
            SlotSource::Key(Some(group_type)) => *group_type,
        };
        let Some(column) = table.group(group_type)? else { return Ok(Self::Null) };
        let names = query.snapshot.names().read();
        let names = names.list(StoredName::GroupKey(group_type.raw()));
        let mut id_of = HashMap::new();
        for (_, key) in column.runs().filter(|(_, key)| *key > 0) {
            if !id_of.contains_key(&key) {
                id_of.insert(key, ids.id(&Value::string(names.name(key - 1)?)));
            }
        }
        Ok(Self::Key { column, id_of })
    }

    /// The value id of each row of a block.
    pub fn decode(&self, block: &Block<'_>, buffer: &mut BlockBuffer, ids: &mut ValueIds, out: &mut Vec<u32>) {
        let rows = block.times.len();
        out.clear();
        match self {
            Self::Null => out.resize(rows, NULL),
            Self::Key { column, id_of } => {
                out.resize(rows, NULL);
                column.decode(block.first_row..block.first_row + rows, out);
                out.iter_mut().for_each(|key| *key = id_of.get(key).copied().unwrap_or(NULL));
            }
            Self::Property(values) => {
                let mut found = Vec::new();
                let of = |number: Number| ids.id(&Value::Number(number));
                values.decode(block.number, rows, buffer, of, &mut found);
                out.extend(found.into_iter().map(|id| id.unwrap_or(NULL)));
            }
        }
    }
}

impl Slots {
    /// Ranks the values of the rows that the looks ask for: by rows, then by value. Rows without a unit are left out.
    ///
    /// # Errors
    /// When the store is damaged, or a filter is not executed yet.
    pub fn rank(query: Query<'_>, looks: &[Look], source: SlotSource, limit: usize) -> Result<Self, CompileError> {
        let mut ids = ValueIds::new();
        let mut counts: Vec<u64> = Vec::new();
        let mut row_values = Vec::new();
        for look in looks {
            // The ids are lent to the opening of tables and to the visit in turn.
            let shared = std::cell::RefCell::new(&mut ids);
            visit_rows(
                query,
                look,
                |table| Ok(TableValues::open(query, table, &source, &mut shared.borrow_mut())?),
                |values, block, mask, buffer| {
                    values.decode(block, buffer, &mut shared.borrow_mut(), &mut row_values);
                    for row in mask.rows().filter(|row| block.units[*row] != NO_UNIT) {
                        let id = row_values[row] as usize;
                        if counts.len() <= id {
                            counts.resize(id + 1, 0);
                        }
                        counts[id] += 1;
                    }
                },
            )?;
        }
        let mut order: Vec<usize> = (0..counts.len()).filter(|id| counts[*id] > 0).collect();
        order.sort_unstable_by(|a, b| counts[*b].cmp(&counts[*a]).then_with(|| ids.values[*a].cmp(&ids.values[*b])));
        let has_other = order.len() > limit;
        order.truncate(limit);
        let mut slot_of = vec![order.len() as u32; ids.values.len()];
        for (slot, id) in order.iter().enumerate() {
            slot_of[*id] = slot as u32;
        }
        let ranked = order.iter().map(|id| ids.values[*id].clone()).collect();
        Ok(Self { source, ids, ranked, has_other, slot_of })
    }

    /// How many slots there are: the shown values, and one for all others.
    pub fn len(&self) -> usize {
        self.ranked.len() + usize::from(self.has_other)
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reader of slots for the rows of one table.
    pub(super) fn open(&self, query: Query<'_>, table: Table<'_>) -> Result<TableSlots<'_>, CompileError> {
        let mut ids = self.ids.clone();
        let values = TableValues::open(query, table, &self.source, &mut ids)?;
        Ok(TableSlots { slots: self, values, ids, row_values: Vec::new() })
    }
}

/// Slots by row of one table.
pub(super) struct TableSlots<'a> {
    slots: &'a Slots,
    values: TableValues,
    ids: ValueIds,
    row_values: Vec<u32>,
}

impl TableSlots<'_> {
    /// The slot of each row of a block; [`Slots::ranked`]'s length stands for all other values.
    pub fn decode(&mut self, block: &Block<'_>, buffer: &mut BlockBuffer) -> &[u32] {
        self.values.decode(block, buffer, &mut self.ids, &mut self.row_values);
        let other = self.slots.ranked.len() as u32;
        for value in &mut self.row_values {
            *value = self.slots.slot_of.get(*value as usize).copied().unwrap_or(other);
        }
        &self.row_values
    }
}
