//! The breakdown of a funnel: the values that are shown, and to which of them each tuple belongs.

use super::super::behind::no_such_series;
use crate::executor::{Attempts, BreakdownValues, Charge, Charged, ExecutionError, Footprint, Query};
use crate::language::{DocumentError, UnitsValue};
use crate::model::Value;

/// Stands for the place of a tuple that is not shown.
const NO_PLACE: u32 = u32::MAX;

/// The series of an answer, in order.
#[derive(Debug)]
pub(super) struct Split {
    /// The tuples that are shown, best first.
    pub ranked: Vec<Vec<Value>>,
    /// Whether there are tuples beyond those shown.
    has_other: bool,
    /// The place of each shown tuple, by its number; [`NO_PLACE`] of others.
    places: Vec<u32>,
    ranked_bytes: usize,
    _charge: Option<Charge>,
}

impl Split {
    /// Everything in one series.
    pub fn none() -> Self {
        Self { ranked: Vec::new(), has_other: true, places: Vec::new(), ranked_bytes: 0, _charge: None }
    }

    /// Ranks tuples by units, then by value.
    ///
    /// # Errors
    /// When the report is stopped.
    pub fn rank(
        query: Query<'_>,
        values: &BreakdownValues,
        attempts: &Attempts,
        limit: usize,
    ) -> Result<Self, ExecutionError> {
        let guard = query.guard;
        let mut counts: Charged<Vec<u64>> = Charged::list(guard, 0, 0)?;
        for reached in guard.watch(attempts.counting()) {
            let tuple = reached?.tuple as usize;
            if tuple >= counts.len() {
                counts.resize(tuple + 1, 0);
                counts.settle()?;
            }
            counts[tuple] += 1;
        }
        let counted = || (0..).zip(counts.iter()).filter(|(_, count)| **count > 0);
        let _order_charge = Charge::of(guard, counted().count() * size_of::<(u64, u32)>())?;
        let mut order: Vec<(u64, u32)> = counted().map(|(tuple, count)| (*count, tuple)).collect();
        guard.sort_by(&mut order, &|a, b| b.0.cmp(&a.0).then_with(|| values.compare(a.1, b.1)))?;
        let has_other = order.len() > limit;
        order.truncate(limit);
        let mut places = vec![NO_PLACE; counts.len()];
        (0..).zip(&order).for_each(|(place, (_, tuple))| places[*tuple as usize] = place);
        let (mut charge, mut ranked_bytes) = (Charge::of(guard, size_of_val(&places[..]))?, 0);
        let mut ranked = Vec::new();
        for one in guard.watch(&order) {
            let tuple = values.tuple(one?.1);
            let bytes = size_of::<Vec<Value>>() + tuple.footprint();
            ranked_bytes += bytes;
            charge.add(bytes)?;
            ranked.push(tuple);
        }
        Ok(Self { ranked, has_other, places, ranked_bytes, _charge: Some(charge) })
    }

    /// The bytes of the shown tuples.
    pub fn ranked_bytes(&self) -> usize {
        self.ranked_bytes
    }

    /// How many series there are: the tuples that are shown, and the rest.
    pub fn len(&self) -> usize {
        self.ranked.len() + usize::from(self.has_other)
    }

    /// The series of a tuple. Tuples with which no attempt that counts opened are in the rest, or in none.
    pub fn series_of(&self, tuple: u32) -> Option<usize> {
        let shown = self.places.get(tuple as usize).filter(|place| **place != NO_PLACE);
        shown.map(|place| *place as usize).or_else(|| self.has_other.then_some(self.ranked.len()))
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
