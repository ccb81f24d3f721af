//! What calls made of the property at a path of users or keys, from all parts, in order.

use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::footprint::{Footprint, list_bytes};
use super::query::{Query, Units};
use super::split::threads_for;
use crate::codec::DecodeError;
use crate::helpers::in_parallel;
use crate::model::value::lookup_path;
use crate::model::{Moment, Properties, PropertyOps, Value};
use crate::profiles::{PropertyChanges, Said};

/// The operations of a call take about as long to read as so many rows.
const ROWS_A_CALL: usize = 64;

/// The changes of the property that has the path for its name, and of the one that may have it inside.
pub(super) struct PathHistory<'p> {
    names: Names<'p>,
    /// In order, holder by holder.
    steps: Vec<Step>,
    /// What properties are set to; null removes them.
    values: Vec<Value>,
    operations: Vec<PropertyOps>,
    _charges: [Charge; 2],
}

/// A path as names of properties.
#[derive(Clone, Copy)]
struct Names<'p> {
    path: &'p str,
    /// The property that may have the path inside, and what is left of the path there.
    outer: Option<(&'p str, &'p str)>,
}

/// Which of the two properties it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Own,
    Outer,
}

/// A change.
#[derive(Clone, Copy)]
struct Step {
    holder: u32,
    side: Side,
    moment: Moment,
    effect: Effect,
}

#[derive(Clone, Copy)]
enum Effect {
    /// The place of the value that is set.
    Value(u32),
    /// The place of the operations.
    Operations(u32),
}

/// What is at the path after a call.
pub(super) struct AtPath<'a> {
    pub holder: u32,
    pub moment: Moment,
    /// The value; `None` where it is absent.
    pub value: Option<&'a Value>,
    /// A number below [`PathHistory::places`] that stands for this value alone, where there is one.
    pub place: Option<usize>,
}

/// A property as the calls so far left it.
#[derive(Default)]
enum Held {
    #[default]
    Absent,
    /// As the value at this place.
    Stored(usize),
    Folded(Value),
}

impl<'p> Names<'p> {
    fn of(path: &'p str) -> Self {
        Self { path, outer: path.split_once('.') }
    }

    fn get(self, side: Side) -> &'p str {
        match (side, self.outer) {
            (Side::Outer, Some((outer, _))) => outer,
            _ => self.path,
        }
    }

    /// What is at the path where the outer property is this value.
    fn inside(self, value: &Value) -> Option<&Value> {
        match (value, self.outer) {
            (Value::Object(fields), Some((_, rest))) => lookup_path(fields, rest),
            _ => None,
        }
    }
}

impl<'p> PathHistory<'p> {
    /// Reads the changes of all users, or of all keys of a type.
    pub fn read(query: Query<'_>, holders: Units, path: &'p str) -> Result<Self, ExecutionError> {
        let names = Names::of(path);
        let mut reading = Reading::new(query, holders);
        reading.read(path, Side::Own)?;
        if let Some((outer, _)) = names.outer {
            reading.read(outer, Side::Outer)?;
        }
        let Reading { mut steps, values, texts, charge, .. } = reading;
        query.trace.count(|counts| counts.calls_folded += steps.len() as u64);
        query.guard.sort_by(&mut steps, &|a, b| (a.holder, a.moment, a.side).cmp(&(b.holder, b.moment, b.side)))?;
        let (operations, of_operations) = parse_all(query, names, &texts)?.into_parts();
        Ok(Self { names, steps, values, operations, _charges: [charge, of_operations] })
    }

    /// How many values have a place of their own.
    pub fn places(&self) -> usize {
        self.values.len()
    }

    /// Calls `visit` with what is at the path after each call, in order, holder by holder, until it fails.
    pub fn visit(
        mut self,
        query: Query<'_>,
        mut visit: impl FnMut(AtPath<'_>) -> Result<(), ExecutionError>,
    ) -> Result<(), ExecutionError> {
        let mut operations = std::mem::take(&mut self.operations);
        for steps in self.steps.chunk_by(|a, b| a.holder == b.holder) {
            let (mut own, mut outer) = (Held::Absent, Held::Absent);
            for (index, step) in steps.iter().enumerate() {
                query.guard.tick()?;
                let held = if step.side == Side::Own { &mut own } else { &mut outer };
                *held = match step.effect {
                    Effect::Value(place) if self.values[place as usize].is_null() => Held::Absent,
                    Effect::Value(place) => Held::Stored(place as usize),
                    Effect::Operations(place) => {
                        let operations = std::mem::take(&mut operations[place as usize]);
                        self.folded(std::mem::take(held), self.names.get(step.side), operations)
                    }
                };
                // A call that changes both properties is one.
                if steps.get(index + 1).is_some_and(|next| next.moment == step.moment) {
                    continue;
                }
                let (value, place) = self.at_path(&own, &outer);
                visit(AtPath { holder: step.holder, moment: step.moment, value, place })?;
            }
        }
        Ok(())
    }

    /// A property after these operations, which are on it alone.
    fn folded(&self, held: Held, name: &str, operations: PropertyOps) -> Held {
        let before = match held {
            Held::Absent => None,
            Held::Stored(place) => Some(self.values[place].clone()),
            Held::Folded(value) => Some(value),
        };
        let mut properties: Properties = before.map(|value| (name.to_owned(), value)).into_iter().collect();
        operations.apply(&mut properties);
        properties.remove(name).map_or(Held::Absent, Held::Folded)
    }

    /// What is at the path when both properties are so, with its place.
    fn at_path<'a>(&'a self, own: &'a Held, outer: &'a Held) -> (Option<&'a Value>, Option<usize>) {
        let (held, side) = if matches!(own, Held::Absent) { (outer, Side::Outer) } else { (own, Side::Own) };
        let (value, place) = match held {
            Held::Absent => return (None, None),
            Held::Stored(place) => (&self.values[*place], Some(*place)),
            Held::Folded(value) => (value, None),
        };
        (if side == Side::Own { Some(value) } else { self.names.inside(value) }, place)
    }
}

/// The changes that were read so far.
struct Reading<'q> {
    query: Query<'q>,
    holders: Units,
    steps: Vec<Step>,
    values: Vec<Value>,
    /// Operations, each with the property of which alone they are wanted.
    texts: Vec<(Side, String)>,
    /// What values and texts hold beyond themselves.
    held_bytes: usize,
    charge: Charge,
}

impl<'q> Reading<'q> {
    fn new(query: Query<'q>, holders: Units) -> Self {
        let (steps, values, texts) = (Vec::new(), Vec::new(), Vec::new());
        Self { query, holders, steps, values, texts, held_bytes: 0, charge: Charge::none(query.guard) }
    }

    /// Reads the changes of a property.
    fn read(&mut self, name: &str, side: Side) -> Result<(), ExecutionError> {
        let group_type = match self.holders {
            Units::Users => None,
            Units::Keys(group_type) => Some(group_type),
        };
        let profiles = self.query.snapshot.profiles();
        profiles.changes_of(group_type, name)?.iter().try_for_each(|changes| self.add(changes, side))
    }

    /// Adds the changes of a property in one part.
    fn add(&mut self, changes: &PropertyChanges<'_>, side: Side) -> Result<(), ExecutionError> {
        let first_value = self.values.len() as u32;
        changes.visit_values(|value| {
            self.held_bytes += value.footprint();
            self.values.push(value);
            self.settle()
        })?;
        self.steps.reserve(changes.len());
        changes.visit(|change| {
            let effect = match change.said {
                Said::Value(place) => Effect::Value(first_value + place),
                Said::Operations(text) => {
                    self.held_bytes += text.capacity();
                    self.texts.push((side, text));
                    Effect::Operations(self.texts.len() as u32 - 1)
                }
            };
            let holder = match self.holders {
                Units::Users => self.query.shown_user(change.entity),
                Units::Keys(_) => change.entity,
            };
            self.steps.push(Step { holder, side, moment: change.moment, effect });
            self.settle()
        })
    }

    fn settle(&mut self) -> Result<(), ExecutionError> {
        let lists = list_bytes(&self.steps) + list_bytes(&self.values) + list_bytes(&self.texts);
        self.charge.set(lists + self.held_bytes)?;
        Ok(self.query.guard.tick()?)
    }
}

/// Operations as they are applied, read on several threads where they are many.
fn parse_all(
    query: Query<'_>,
    names: Names<'_>,
    texts: &[(Side, String)],
) -> Result<Charged<Vec<PropertyOps>>, ExecutionError> {
    let threads = threads_for(query.guard, texts.len().saturating_mul(ROWS_A_CALL));
    let pieces: Vec<_> = texts.chunks(texts.len().div_ceil(threads).max(1)).collect();
    let (mut all, mut charge) = (Vec::new(), Charge::none(query.guard));
    for parsed in in_parallel(threads, &pieces, |texts| parse(query, names, texts)) {
        let (parsed, of_parsed) = parsed?.into_parts();
        charge.join(of_parsed);
        charge.add(parsed.len() * size_of::<PropertyOps>())?;
        all.extend(parsed);
    }
    Ok(Charged::with(all, charge))
}

fn parse(
    query: Query<'_>,
    names: Names<'_>,
    texts: &[(Side, String)],
) -> Result<Charged<Vec<PropertyOps>>, ExecutionError> {
    let (mut parsed, mut charge) = (Vec::new(), Charge::none(query.guard));
    for text in query.guard.watch(texts) {
        let (side, text) = text?;
        let operations = PropertyOps::from_json_of(text, Some(&[names.get(*side)]))
            .ok_or_else(|| DecodeError::new("a call's operations cannot be read", 0))?;
        charge.add(size_of::<PropertyOps>() + operations.footprint())?;
        parsed.push(operations);
    }
    Ok(Charged::with(parsed, charge))
}
