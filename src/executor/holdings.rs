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

    /// All values ever held, by number; number 0 is null, for those without the property.
    pub fn values(&self) -> &[Value] {
        self.ids.values()
    }

    /// How many held each value before an instant, by the value's number.
    pub fn counts(&self, instant_micros: i64) -> Vec<u64> {
        let mut counts = vec![0; self.values().len()];
        for holder in &self.holders {
            counts[self.values.before_instant(holder, instant_micros) as usize] += 1;
        }
        counts
    }

    fn sum_at(&self, instant_micros: i64) -> ExactSum {
        let mut sum = ExactSum::default();
        for holder in &self.holders {
            let value = &self.values()[self.values.before_instant(holder, instant_micros) as usize];
            value.as_number().into_iter().for_each(|number| sum.add(number));
        }
        sum
    }

    /// The sum of the numbers held before an instant; 0 of none.
    pub fn sum(&self, instant_micros: i64) -> Figure {
        Figure::of(self.sum_at(instant_micros).sum())
    }

    /// The average of the numbers held before an instant; null of none.
    pub fn average(&self, instant_micros: i64) -> Figure {
        Figure::of(self.sum_at(instant_micros).average())
    }

    /// Those who held a value before an instant that is wanted, by the value's number.
    pub fn holders_of(&self, instant_micros: i64, wanted: impl Fn(u32) -> bool) -> RoaringBitmap {
        self.holders.iter().filter(|holder| wanted(self.values.before_instant(*holder, instant_micros))).collect()
    }
}
