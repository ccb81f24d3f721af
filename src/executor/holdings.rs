//! A property of all users or keys over time: measured as of an instant.

use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::exact_sum::ExactSum;
use super::figure::Figure;
use super::footprint::list_bytes;
use super::guard::Guard;
use super::holder_values::HolderValues;
use super::limits::Stop;
use super::query::Query;
use super::units::universe;
use super::value_ids::{NULL, ValueIds};
use crate::model::Value;
use roaring::RoaringBitmap;

/// What every user or key (what the query counts) held as a property, at any time.
pub struct Holdings {
    holders: Charged<RoaringBitmap>,
    values: HolderValues<u32>,
    ids: Charged<ValueIds>,
}

impl Holdings {
    /// The number of null, for those without the property.
    pub const NULL: u32 = NULL;

    /// Folds the calls of all holders.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn new(query: Query<'_>, path: &str) -> Result<Self, ExecutionError> {
        let mut ids = Charged::new(query.guard, ValueIds::new())?;
        let id = |value: Option<&Value>| value.map_or(NULL, |value| ids.id(value));
        let values = HolderValues::fold(query, query.units, path, id)?;
        ids.settle()?;
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
    ///
    /// # Errors
    /// When the execution is stopped, as for all functions here.
    pub fn walk<'a>(&'a self, guard: &'a Guard) -> Result<HoldingsWalk<'a>, Stop> {
        let mut charge = Charge::of(guard, self.values().len() * size_of::<u64>())?;
        let mut counts = vec![0; self.values().len()];
        counts[self.values.at_first() as usize] = self.holders.len();
        let mut steps = Vec::new();
        for holder in guard.watch(&*self.holders) {
            let mut from = self.values.at_first();
            for (micros, to) in self.values.steps(holder?) {
                let from = std::mem::replace(&mut from, to);
                steps.push(Step { micros, place: steps.len() as u32, from, to });
            }
            charge.set(list_bytes(&counts) + list_bytes(&steps))?;
        }
        // The steps of one holder stay in order.
        guard.sort_by(&mut steps, &|a, b| (a.micros, a.place).cmp(&(b.micros, b.place)))?;
        let sum = ExactSum::default();
        Ok(HoldingsWalk { values: self.values(), guard, steps, gone_from: 0, past: 0, counts, sum, _charge: charge })
    }

    /// Those who held a value before an instant that is wanted, by the value's number.
    ///
    /// # Errors
    /// As [`Self::walk`].
    pub fn holders_of(
        &self,
        guard: &Guard,
        instant_micros: i64,
        wanted: impl Fn(u32) -> bool,
    ) -> Result<Charged<RoaringBitmap>, Stop> {
        let held = |holder: u32| wanted(self.values.before_instant(holder, instant_micros)).then_some(holder);
        Charged::collect(guard, self.holders.iter().map(held))
    }
}

/// A holder goes from one value, by number, to another.
#[derive(Clone, Copy, Debug)]
struct Step {
    micros: i64,
    /// The steps of one holder are in the order of their places.
    place: u32,
    from: u32,
    to: u32,
}

/// What all hold, carried on from instant to instant.
pub struct HoldingsWalk<'a> {
    values: &'a [Value],
    guard: &'a Guard,
    steps: Vec<Step>,
    /// How many steps were past before the last [`Self::go_to`], and how many are now.
    gone_from: usize,
    past: usize,
    counts: Vec<u64>,
    sum: ExactSum,
    _charge: Charge,
}

impl HoldingsWalk<'_> {
    /// Goes on to what was held before an instant, in microseconds.
    ///
    /// # Errors
    /// As [`Holdings::walk`].
    pub fn go_to(&mut self, instant_micros: i64) -> Result<(), Stop> {
        self.guard.check()?;
        self.gone_from = self.past;
        while let Some(step) = self.steps.get(self.past).filter(|step| step.micros < instant_micros) {
            self.guard.tick()?;
            let number = |value: u32| self.values[value as usize].as_number();
            self.counts[step.from as usize] -= 1;
            self.counts[step.to as usize] += 1;
            number(step.from).into_iter().for_each(|number| self.sum.subtract(number));
            number(step.to).into_iter().for_each(|number| self.sum.add(number));
            self.past += 1;
        }
        Ok(())
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
