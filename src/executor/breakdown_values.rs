//! Breakdowns: the tuple of values of each row, as a number.

use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::footprint::{Footprint, list_bytes, map_bytes};
use super::holder_values::HolderValues;
use super::limits::Stop;
use super::lock::lock;
use super::path_values::PathValues;
use super::query::{NO_UNIT, Query, Units};
use super::row_filter::{CohortSets, CohortUnits, holders};
use super::row_moments::RowMoments;
use super::unit_column::UnitColumn;
use super::value_ids::{NULL, ValueIds};
use crate::codec::packed::BLOCK_VALUES;
use crate::language::{AsOf, Breakdown, Of, Property};
use crate::model::{GroupTypeId, Number, StoredName, Value};
use crate::segment::{BlockBuffer, GroupColumn, Table};
use hashbrown::HashMap;
use std::cmp::Ordering;
use std::sync::{Arc, Mutex};

/// The most breakdowns of one document.
const PARTS_MAX: usize = 3;

/// Tuples of value numbers as numbers. With one part the two are the same and nothing is kept.
#[derive(Debug, Default)]
struct TupleIds {
    tuples: Vec<[u32; PARTS_MAX]>,
    ids: HashMap<[u32; PARTS_MAX], u32>,
}

impl TupleIds {
    fn id(&mut self, tuple: [u32; PARTS_MAX]) -> u32 {
        let next = self.tuples.len() as u32;
        *self.ids.entry(tuple).or_insert_with(|| {
            self.tuples.push(tuple);
            next
        })
    }
}

impl Footprint for TupleIds {
    fn footprint(&self) -> usize {
        list_bytes(&self.tuples) + map_bytes(&self.ids)
    }
}

/// By what rows are split.
#[derive(Debug)]
enum Part {
    /// The same for all rows.
    Constant(u32),
    /// A property of the event itself.
    Event(String),
    /// The event's key of a group type.
    Key(GroupTypeId),
    /// A property of the row's user or key.
    Holder { holders: Units, as_of: AsOf, values: HolderValues<u32> },
    /// Whether the row's user or key is in a cohort.
    Member { cohort: Arc<CohortUnits>, inside: u32, outside: u32 },
}

/// Numbers for the tuples of a document's breakdowns. Equal tuples have one number, whatever table they came from.
#[derive(Debug)]
pub struct BreakdownValues {
    parts: Vec<Part>,
    values: Mutex<Charged<ValueIds>>,
    tuples: Mutex<Charged<TupleIds>>,
}

impl BreakdownValues {
    /// Resolves what a document splits by: one to three breakdowns.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn new(query: Query<'_>, cohorts: &CohortSets, breakdowns: &[Breakdown]) -> Result<Self, ExecutionError> {
        let mut values = ValueIds::new();
        let parts = breakdowns
            .iter()
            .map(|breakdown| Part::resolve(query, cohorts, breakdown, &mut values))
            .collect::<Result<Vec<_>, _>>()?;
        let values = Mutex::new(Charged::new(query.guard, values)?);
        Ok(Self { parts, values, tuples: Mutex::new(Charged::new(query.guard, TupleIds::default())?) })
    }

    /// The path of the event's property that alone makes the tuples, which then are its values' numbers.
    pub(super) fn event_path(&self) -> Option<&str> {
        match &self.parts[..] {
            [Part::Event(path)] => Some(path),
            _ => None,
        }
    }

    /// The number of a value.
    pub(super) fn value_id(&self, value: Option<&Value>) -> u32 {
        value.map_or(NULL, |value| lock(&self.values).id(value))
    }

    /// Charges for the values that got numbers.
    ///
    /// # Errors
    /// When there are more than may be kept.
    pub(super) fn settle(&self) -> Result<(), Stop> {
        lock(&self.values).settle()
    }

    /// A reader for the rows of one table.
    pub(super) fn open<'a>(&'a self, query: Query<'a>, table: Table<'_>) -> Result<TableBreakdown<'a>, ExecutionError> {
        let mut values = lock(&self.values);
        let parts = self.parts.iter().map(|part| TablePart::open(query, table, part, &mut values));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        values.settle()?;
        Ok(TableBreakdown { query, of: self, parts, decoded: Default::default(), tuples: Vec::new() })
    }

    /// The tuple of each unit, where it is the same for all rows of a counted unit; else `None`.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub(super) fn of_units(&self, query: Query<'_>) -> Result<Option<Charged<Vec<u32>>>, Stop> {
        let [part] = &self.parts[..] else { return Ok(None) };
        let of_unit: &dyn Fn(u32) -> u32 = match part {
            Part::Constant(id) => &|_| *id,
            Part::Holder { holders, as_of: AsOf::Now, values } if *holders == query.units => &|unit| values.now(unit),
            Part::Member { cohort, inside, outside } if cohort.units == query.units => {
                &|unit| if cohort.members.contains(unit) { *inside } else { *outside }
            }
            _ => return Ok(None),
        };
        let mut tuples = Charged::list(query.guard, NULL, query.unit_count() as usize)?;
        for pair in query.guard.watch((0..).zip(tuples.iter_mut())) {
            let (unit, tuple) = pair?;
            *tuple = of_unit(unit);
        }
        Ok(Some(tuples))
    }

    /// The tuple of each unit along time, where it depends on nothing else.
    pub(super) fn in_force(&self, query: Query<'_>) -> Option<&HolderValues<u32>> {
        match &self.parts[..] {
            [Part::Holder { holders, as_of: AsOf::Event, values }] if *holders == query.units => Some(values),
            _ => None,
        }
    }

    fn value_ids(&self, tuple: u32) -> [u32; PARTS_MAX] {
        if self.parts.len() == 1 {
            return [tuple, NULL, NULL];
        }
        lock(&self.tuples).tuples.get(tuple as usize).copied().unwrap_or_default()
    }

    /// The values of a tuple, one for each breakdown.
    pub fn tuple(&self, tuple: u32) -> Vec<Value> {
        let values = lock(&self.values);
        let ids = self.value_ids(tuple);
        ids[..self.parts.len()].iter().map(|id| values.values()[*id as usize].clone()).collect()
    }

    /// The order of two tuples, element by element.
    pub fn compare(&self, a: u32, b: u32) -> Ordering {
        let values = lock(&self.values);
        let of = |id: u32| &values.values()[id as usize];
        let (a, b) = (self.value_ids(a), self.value_ids(b));
        a.iter().zip(&b).map(|(a, b)| of(*a).cmp(of(*b))).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl Part {
    fn resolve(
        query: Query<'_>,
        cohorts: &CohortSets,
        breakdown: &Breakdown,
        values: &mut ValueIds,
    ) -> Result<Self, ExecutionError> {
        Ok(match breakdown {
            Breakdown::Property(property) if property.of == Of::Event => Self::Event(property.path.clone()),
            Breakdown::Property(property) => Self::holder(query, property, values)?,
            Breakdown::Group(group) => match query.snapshot.group_type(group)? {
                Some(group_type) => Self::Key(group_type),
                None => Self::Constant(NULL),
            },
            Breakdown::Cohort(name) => {
                let (inside, outside) = (values.id(&Value::Bool(true)), values.id(&Value::Bool(false)));
                match cohorts.get(name) {
                    Some(cohort) => Self::Member { cohort: Arc::clone(cohort), inside, outside },
                    None => Self::Constant(outside),
                }
            }
        })
    }

    fn holder(query: Query<'_>, property: &Property, values: &mut ValueIds) -> Result<Self, ExecutionError> {
        let Some(holders) = holders(query, property)? else { return Ok(Self::Constant(NULL)) };
        let id = |value: Option<&Value>| value.map_or(NULL, |value| values.id(value));
        let values = HolderValues::fold(query, holders, &property.path, id)?;
        Ok(Self::Holder { holders, as_of: property.as_of, values })
    }
}

/// One part, ready for the rows of one table.
enum TablePart<'a> {
    Constant(u32),
    Event {
        values: PathValues<u32>,
        /// The value of each code, where rows have codes.
        by_code: Option<Vec<u32>>,
        _charge: Charge,
    },
    Key {
        column: GroupColumn,
        /// The value of each key plus 1 that the table has.
        id_of: HashMap<u32, u32>,
        _charge: Charge,
    },
    Holder {
        column: UnitColumn,
        values: &'a HolderValues<u32>,
        moments: Option<Box<RowMoments>>,
    },
    Member {
        column: UnitColumn,
        cohort: &'a CohortUnits,
        inside: u32,
        outside: u32,
    },
}

impl<'a> TablePart<'a> {
    fn open(
        query: Query<'_>,
        table: Table<'_>,
        part: &'a Part,
        ids: &mut Charged<ValueIds>,
    ) -> Result<Self, ExecutionError> {
        Ok(match part {
            Part::Constant(id) => Self::Constant(*id),
            Part::Event(path) => {
                let values = PathValues::compile(query, table, path, |value| ids.id(value))?;
                let by_code = values.by_code(NULL);
                let charge = Charge::of(query.guard, by_code.as_ref().map_or(0, list_bytes))?;
                Self::Event { values, by_code, _charge: charge }
            }
            Part::Key(group_type) => match table.group(*group_type)? {
                None => Self::Constant(NULL),
                Some(column) => {
                    let id_of = ids_of_keys(query, *group_type, &column, ids)?;
                    let charge = Charge::of(query.guard, map_bytes(&id_of))?;
                    Self::Key { column, id_of, _charge: charge }
                }
            },
            Part::Holder { holders, as_of, values } => Self::Holder {
                column: UnitColumn::open(table, *holders)?,
                values,
                moments: (*as_of == AsOf::Event).then(|| RowMoments::open(table).map(Box::new)).transpose()?,
            },
            Part::Member { cohort, inside, outside } => Self::Member {
                column: UnitColumn::open(table, cohort.units)?,
                cohort,
                inside: *inside,
                outside: *outside,
            },
        })
    }

    /// The value of each row of a block.
    fn decode(
        &self,
        query: Query<'_>,
        block: usize,
        count: usize,
        buffer: &mut BlockBuffer,
        ids: &Mutex<Charged<ValueIds>>,
        out: &mut Vec<u32>,
    ) {
        let rows = block * BLOCK_VALUES..block * BLOCK_VALUES + count;
        // Every value is written below.
        out.resize(count, NULL);
        match self {
            Self::Constant(id) => out.fill(*id),
            Self::Event { values, by_code: Some(by_code), .. } => values.look_up(block, buffer, by_code, out),
            Self::Event { values, by_code: None, .. } => {
                let mut held = None;
                let of = |number: Number| held.get_or_insert_with(|| lock(ids)).id(&Value::Number(number));
                values.decode_or(block, buffer, NULL, of, out);
            }
            Self::Key { column, id_of, .. } => {
                column.decode(rows, out);
                out.iter_mut().for_each(|key| *key = id_of.get(key).copied().unwrap_or(NULL));
            }
            Self::Holder { column, values, moments } => {
                column.decode(query.snapshot.aliases(), rows, out);
                let moments = moments.as_ref().map(|moments| moments.decode(block));
                let mut known = None;
                for (row, holder) in out.iter_mut().enumerate() {
                    *holder = match (&moments, *holder) {
                        (_, NO_UNIT) => NULL,
                        (None, unit) => values.now(unit),
                        (Some(moments), unit) => {
                            values.at_event(&mut known, unit, moments.time(row), || moments.get(row))
                        }
                    };
                }
            }
            Self::Member { column, cohort, inside, outside } => {
                column.decode(query.snapshot.aliases(), rows, out);
                for unit in out {
                    *unit = if cohort.members.contains(*unit) { *inside } else { *outside };
                }
            }
        }
    }
}

fn ids_of_keys(
    query: Query<'_>,
    group_type: GroupTypeId,
    column: &GroupColumn,
    ids: &mut Charged<ValueIds>,
) -> Result<HashMap<u32, u32>, ExecutionError> {
    let names = query.snapshot.names().read();
    let names = names.list(StoredName::GroupKey(group_type.raw()));
    let mut id_of = HashMap::new();
    for run in query.guard.watch(column.runs()) {
        let (_, key) = run?;
        if key > 0 && !id_of.contains_key(&key) {
            id_of.insert(key, ids.id(&Value::string(names.name(key - 1)?)));
            ids.settle()?;
        }
    }
    Ok(id_of)
}

/// The tuples of one table's rows.
pub(super) struct TableBreakdown<'a> {
    query: Query<'a>,
    of: &'a BreakdownValues,
    parts: Vec<TablePart<'a>>,
    decoded: [Vec<u32>; PARTS_MAX],
    tuples: Vec<u32>,
}

impl TableBreakdown<'_> {
    /// Lets rows be numbered otherwise: by what `of` says of their tuples, which is asked once for each code. Answers
    /// whether it was; not where rows have no codes that alone make the tuples.
    pub fn number_codes(&mut self, of: impl Fn(u32) -> u32) -> bool {
        let [TablePart::Event { by_code: Some(by_code), .. }] = &mut self.parts[..] else { return false };
        by_code.iter_mut().for_each(|tuple| *tuple = of(*tuple));
        true
    }

    /// The number of the tuple of each row of a block that has so many.
    ///
    /// # Errors
    /// When there are more values and tuples than may be kept.
    pub fn decode(&mut self, block: usize, rows: usize, buffer: &mut BlockBuffer) -> Result<&[u32], Stop> {
        for (part, out) in self.parts.iter().zip(&mut self.decoded) {
            part.decode(self.query, block, rows, buffer, &self.of.values, out);
        }
        lock(&self.of.values).settle()?;
        if self.parts.len() == 1 {
            return Ok(&self.decoded[0]);
        }
        let mut ids = lock(&self.of.tuples);
        self.tuples.clear();
        // Rows of one tuple often come together.
        let mut last = None;
        for row in 0..rows {
            let mut tuple = [NULL; PARTS_MAX];
            tuple.iter_mut().zip(&self.decoded[..self.parts.len()]).for_each(|(id, column)| *id = column[row]);
            let id = match last {
                Some((known, id)) if known == tuple => id,
                _ => ids.id(tuple),
            };
            last = Some((tuple, id));
            self.tuples.push(id);
        }
        ids.settle()?;
        Ok(&self.tuples)
    }
}
