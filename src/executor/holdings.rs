//! A property of all users or keys over time: measured as of an instant.

use super::exact_sum::ExactSum;
use super::figure::Figure;
use super::holder_values::HolderValues;
use super::query::Query;
use super::units::universe;
use super::value_ids::{NULL, ValueIds};
use crate::codec::DecodeError;
use crate::model::Value;
use roaring::RoaringBitmap;

/// What every user or key (what the query counts) held as a property, at any time.
pub struct Holdings {
    holders: RoaringBitmap,
    values: HolderValues<u32>,
    ids: ValueIds,
}

impl Holdings {
    /// The number of null, for those without the property.
    pub const NULL: u32 = NULL;

    /// Folds the calls of all holders.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn new(query: Query<'_>, path: &str) -> Result<Self, DecodeError> {
        let mut ids = ValueIds::new();
        let id = |value: Option<&Value>| value.map_or(NULL, |value| ids.id(value));
        let values = HolderValues::fold(query, query.units, path, id)?;
        Ok(Self { holders: universe(query)?, values, ids })
    }

    /// How many users or keys there are.
    pub fn holders(&self) -> u64 {
        self.holders.len()
    }

    /// All values ever held, by number.
    pub fn values(&self) -> &[Value] {
        self.ids.values()
    }

    /// What all held before any call.
    pub fn walk(&self) -> HoldingsWalk<'_> {
        let mut steps = Vec::new();
        for holder in &self.holders {
            let mut from = self.values.at_first();
            steps.extend(self.values.steps(holder).map(|(micros, to)| {
                let from = std::mem::replace(&mut from, to);
                Step { micros, from, to }
            }));
        }
        // Stable, so that the steps of one holder stay in order.
        steps.sort_by_key(|step| step.micros);
        let mut counts = vec![0; self.values().len()];
        counts[self.values.at_first() as usize] = self.holders.len();
        HoldingsWalk { values: self.values(), steps, gone_from: 0, past: 0, counts, sum: ExactSum::default() }
    }

    /// Those who held a value before an instant that is wanted, by the value's number.
    pub fn holders_of(&self, instant_micros: i64, wanted: impl Fn(u32) -> bool) -> RoaringBitmap {
        self.holders.iter().filter(|holder| wanted(self.values.before_instant(*holder, instant_micros))).collect()
    }
}

/// A holder goes from one value, by number, to another.
#[derive(Clone, Copy, Debug)]
struct Step {
    micros: i64,
    from: u32,
    to: u32,
}

/// What all hold, carried on from instant to instant.
pub struct HoldingsWalk<'a> {
    values: &'a [Value],
    steps: Vec<Step>,
    /// How many steps were past before the last [`Self::go_to`], and how many are now.
    gone_from: usize,
    past: usize,
    counts: Vec<u64>,
    sum: ExactSum,
}

impl HoldingsWalk<'_> {
    /// Goes on to what was held before an instant, in microseconds.
    pub fn go_to(&mut self, instant_micros: i64) {
        self.gone_from = self.past;
        while let Some(step) = self.steps.get(self.past).filter(|step| step.micros < instant_micros) {
            let number = |value: u32| self.values[value as usize].as_number();
            self.counts[step.from as usize] -= 1;
            self.counts[step.to as usize] += 1;
            number(step.from).into_iter().for_each(|number| self.sum.subtract(number));
            number(step.to).into_iter().for_each(|number| self.sum.add(number));
            self.past += 1;
        }
    }

    /// The values that anyone took up in the last [`Self::go_to`], by number, some more than once.
    pub fn taken_up(&self) -> impl Iterator<Item = u32> {
        self.steps[self.gone_from..self.past].iter().map(|step| step.to)
    }

    /// How many hold a value, by its number.
    pub fn count(&self, value: u32) -> u64 {
        self.counts[value as usize]
    }

    /// The sum of the numbers held; 0 of none.
    pub fn sum(&self) -> Figure {
        Figure::of(self.sum.sum())
    }

    /// The average of the numbers held; null of none.
    pub fn average(&self) -> Figure {
        Figure::of(self.sum.average())
    }
}
