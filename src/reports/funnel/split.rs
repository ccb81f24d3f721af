//! The breakdown of a funnel: the values that are shown, and to which of them each tuple belongs.

use super::super::behind::no_such_series;
use crate::executor::{BreakdownValues, Reached};
use crate::language::{DocumentError, UnitsValue};
use crate::model::Value;
use hashbrown::HashMap;

/// The series of an answer, in order.
#[derive(Clone, Debug)]
pub(super) struct Split {
    /// The tuples that are shown, best first.
    pub ranked: Vec<Vec<Value>>,
    /// Whether there are tuples beyond those shown.
    has_other: bool,
    /// The place of each shown tuple, by its number.
    places: HashMap<u32, usize>,
}

impl Split {
    /// Everything in one series.
    pub fn none() -> Self {
        Self { ranked: Vec::new(), has_other: true, places: HashMap::new() }
    }

    /// Ranks tuples by units, then by value.
    pub fn rank(values: &BreakdownValues, counting: &[Reached], limit: usize) -> Self {
        let mut counts: HashMap<u32, u64> = HashMap::new();
        counting.iter().for_each(|reached| *counts.entry(reached.tuple).or_default() += 1);
        let mut order: Vec<(u64, Vec<Value>, u32)> =
            counts.into_iter().map(|(tuple, count)| (count, values.tuple(tuple), tuple)).collect();
        order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let has_other = order.len() > limit;
        order.truncate(limit);
        let places = order.iter().enumerate().map(|(place, (_, _, tuple))| (*tuple, place)).collect();
        Self { ranked: order.into_iter().map(|(_, values, _)| values).collect(), has_other, places }
    }

    /// How many series there are: the tuples that are shown, and the rest.
    pub fn len(&self) -> usize {
        self.ranked.len() + usize::from(self.has_other)
    }

    /// The series of a tuple. Tuples with which no attempt that counts opened are in the rest, or in none.
    pub fn series_of(&self, tuple: u32) -> Option<usize> {
        self.places.get(&tuple).copied().or_else(|| self.has_other.then_some(self.ranked.len()))
    }

    /// The series that a `units` names; `None` for all together.
    ///
    /// # Errors
    /// When the answer has no such series.
    pub fn named(&self, wanted: &UnitsValue) -> Result<Option<usize>, DocumentError> {
        let found = match wanted {
            UnitsValue::Whole => return Ok(None),
            UnitsValue::Value(values) => self.ranked.iter().position(|ranked| ranked == values),
            UnitsValue::Other => self.has_other.then_some(self.ranked.len()),
        };
        found.map(Some).ok_or_else(|| no_such_series(wanted))
    }
}
