//! Per property and day: how many rows of a table have each value. Layout: `format-spec/segment.md`, "Properties".

use super::unit_days::Day;
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{BlobParts, DecodeError, Packed, PackedEncoder};
use crate::model::Timestamp;
use bytes::Bytes;
use std::ops::Range;

/// The day of each row of a table.
pub struct RowDays {
    /// Its place among the days that have rows; until all rows are known, how many days it is after the first.
    of_rows: Vec<u16>,
    first: Day,
    days: usize,
}

impl RowDays {
    /// For rows from one instant to another; `None` when these are too many days.
    pub fn between(first: Timestamp, last: Timestamp) -> Option<Self> {
        let first = Day::of(first);
        let is_short = Day::of(last).since(first) <= i64::from(u16::MAX);
        is_short.then_some(Self { of_rows: Vec::new(), first, days: 0 })
    }

    /// Takes the time of the next row.
    #[inline]
    pub fn push(&mut self, time: Timestamp) {
        self.of_rows.push(Day::of(time).since(self.first) as u16);
    }

    /// All rows have come.
    #[must_use]
    pub fn finish(mut self) -> Self {
        let mut places = vec![None; usize::from(u16::MAX) + 1];
        self.of_rows.iter().for_each(|day| places[usize::from(*day)] = Some(0));
        let mut days = 0;
        for place in places.iter_mut().flatten() {
            *place = days as u16;
            days += 1;
        }
        self.of_rows.iter_mut().for_each(|day| *day = places[usize::from(*day)].unwrap_or(0));
        Self { days, ..self }
    }
}

/// Counts the rows of a table by value and day.
pub struct ValueDaysBuilder<'a> {
    days: &'a RowDays,
    row: usize,
    /// The days of the first value, then those of the next.
    counts: Vec<u32>,
}

impl<'a> ValueDaysBuilder<'a> {
    /// For rows with so many different values; `None` where there would be more counts than rows.
    pub fn new(days: &'a RowDays, values: usize) -> Option<Self> {
        let counts = values.checked_mul(days.days).filter(|counts| *counts <= days.of_rows.len())?;
        Some(Self { days, row: 0, counts: vec![0; counts] })
    }

    /// Takes the next row: 0 without a value, else 1 + the place of the value.
    #[inline]
    pub fn push(&mut self, code: usize) {
        if let (Some(place), Some(day)) = (code.checked_sub(1), self.days.of_rows.get(self.row))
            && let Some(count) = self.counts.get_mut(place * self.days.days + usize::from(*day))
        {
            *count += 1;
        }
        self.row += 1;
    }

    /// The index.
    pub fn finish(self) -> BlobParts {
        let mut counts = PackedEncoder::default();
        counts.extend(self.counts.iter().map(|count| i64::from(*count)));
        counts.finish()
    }
}

/// The counts of a property.
#[derive(Clone, Debug)]
pub struct ValueDays {
    counts: Packed,
    days: usize,
}

impl ValueDays {
    /// Opens the counts of so many values on so many days.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn open(bytes: Bytes, values: usize, days: usize) -> Result<Self, DecodeError> {
        let counts = Packed::open(bytes)?;
        match values.checked_mul(days) == Some(counts.len()) {
            true => Ok(Self { counts, days }),
            false => Err(DecodeError::new("the counts of values are not as many as values and days", 0)),
        }
    }

    /// Calls `visit` with how many rows have the value at a place of the list on each of these days, several days at a
    /// time: the first of them, by place among the days of the table, and the counts. `buffer` is room for them.
    pub fn visit(
        &self,
        value: usize,
        days: Range<usize>,
        buffer: &mut [i64; BLOCK_VALUES],
        mut visit: impl FnMut(usize, &[i64]),
    ) {
        let end = days.end.min(self.days);
        let mut day = days.start;
        while day < end {
            let some = (end - day).min(BLOCK_VALUES / 2);
            let first = value * self.days + day;
            visit(day, self.counts.decode_range(first..first + some, buffer));
            day += some;
        }
    }

    /// Whether both say the same.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.days == other.days && self.counts.to_vec() == other.counts.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000_000;

    fn row_days(hours: &[i64]) -> RowDays {
        let time = |hour: i64| Timestamp::from_micros(hour * HOUR).unwrap();
        let (first, last) = (hours.iter().min().unwrap(), hours.iter().max().unwrap());
        let mut days = RowDays::between(time(*first), time(*last)).unwrap();
        hours.iter().for_each(|hour| days.push(time(*hour)));
        days.finish()
    }

    proptest! {
        #[test]
        fn rows_are_counted_by_value_and_day(rows in prop::collection::vec((-9000i64..9000, 0usize..4), 1..400)) {
            let days = row_days(&rows.iter().map(|(hour, _)| *hour).collect::<Vec<_>>());
            let mut numbers: Vec<i64> = rows.iter().map(|(hour, _)| hour.div_euclid(24)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let builder = ValueDaysBuilder::new(&days, 3);
            prop_assert_eq!(builder.is_some(), numbers.len() * 3 <= rows.len());
            if let Some(mut builder) = builder {
                rows.iter().for_each(|(_, code)| builder.push(*code));
                let index = ValueDays::open(builder.finish().concat().into(), 3, numbers.len()).unwrap();
                for value in 0..3 {
                    let mut found = Vec::new();
                    index.visit(value, 0..numbers.len(), &mut [0; BLOCK_VALUES], |day, counts| {
                        found.extend(numbers[day..].iter().copied().zip(counts.iter().map(|count| *count as u64)));
                    });
                    let count = |day: i64| rows.iter().filter(|row| **row == (row.0, value + 1) && row.0.div_euclid(24) == day).count();
                    let expected: Vec<(i64, u64)> = numbers.iter().map(|day| (*day, count(*day) as u64)).collect();
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }

    #[test]
    fn days_that_are_too_far_apart_are_not_counted() {
        let time = |day: i64| Timestamp::from_micros(day * 24 * HOUR).unwrap();
        assert!(RowDays::between(time(-5), time(65_530)).is_some());
        assert!(RowDays::between(time(-5), time(65_531)).is_none());
        assert!(ValueDays::open(PackedEncoder::default().finish().concat().into(), 2, 1).is_err());
    }
}
