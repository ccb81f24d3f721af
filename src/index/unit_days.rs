//! Per event and day: which users, or which keys of a group type, did it, and in how many rows.

use super::keyed::{Keyed, KeyedEncoder};
use super::stored_bitmap::StoredBitmap;
use crate::codec::{BlobParts, DecodeError, set_of};
use crate::model::Timestamp;
use bytes::Bytes;
use hashbrown::HashMap;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;

/// A day of UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

impl Day {
    /// The day of an instant.
    pub fn of(time: Timestamp) -> Self {
        Self(time.micros().div_euclid(DAY_MICROS))
    }

    /// The day that begins at this instant, if one does.
    pub fn starting_at(micros: i64) -> Option<Self> {
        (micros.rem_euclid(DAY_MICROS) == 0).then(|| Self(micros.div_euclid(DAY_MICROS)))
    }

    /// The day so many days later.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// How many days after another it is.
    pub fn since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }

    /// Its first instant, in microseconds since the epoch.
    pub fn start_micros(self) -> i64 {
        self.0.saturating_mul(DAY_MICROS)
    }
}

/// Collects the units of one event.
#[derive(Default)]
pub struct UnitDaysBuilder {
    /// Days with their rows and units, in the order in which they came first.
    days: Vec<(Day, u64, Vec<u32>)>,
    /// Of each day that is near the first one, its place among the days plus 1, or 0: found without hashing.
    near: Vec<u32>,
    /// The places of other days.
    far: HashMap<Day, usize>,
    /// The day of the last row, and its place: most rows follow one of their day.
    last: Option<(Day, usize)>,
}

/// Days are near the first one up to so many before it and after it.
const NEAR_DAYS: i64 = 512;

impl UnitDaysBuilder {
    /// A row of this unit. Rows may come in any order.
    pub fn add(&mut self, day: Day, unit: u32) {
        let place = match self.last {
            Some((last, place)) if last == day => place,
            _ => self.place(day),
        };
        self.last = Some((day, place));
        let (_, rows, units) = &mut self.days[place];
        *rows += 1;
        // Rows of a user come together, which keeps the list near the number of distinct units.
        if units.last() != Some(&unit) {
            units.push(unit);
        }
    }

    #[inline]
    fn place(&mut self, day: Day) -> usize {
        let after = self.days.first().map_or(0, |(first, ..)| day.since(*first));
        let days = &mut self.days;
        let mut add = || {
            days.push((day, 0, Vec::new()));
            days.len() - 1
        };
        if !(-NEAR_DAYS..NEAR_DAYS).contains(&after) {
            return *self.far.entry(day).or_insert_with(add);
        }
        if self.near.is_empty() {
            self.near.resize(2 * NEAR_DAYS as usize, 0);
        }
        let near = &mut self.near[(after + NEAR_DAYS) as usize];
        if *near == 0 {
            *near = add() as u32 + 1;
        }
        *near as usize - 1
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// The index. What it says is added to `all`.
    pub fn finish(mut self, all: &mut UnitDaysUnion) -> BlobParts {
        let (mut encoder, mut ever) = (KeyedEncoder::default(), RoaringBitmap::new());
        self.days.sort_unstable_by_key(|(day, ..)| *day);
        for (day, rows, units) in self.days {
            let units = set_of(units);
            encoder.push(day.0, rows, &units);
            ever |= &units;
            all.add(day, rows, units);
        }
        encoder.finish_with(ever)
    }
}

/// Collects what the indexes of several events say, to say it of any event. It holds a bitmap for each day.
#[derive(Default)]
pub struct UnitDaysUnion {
    days: BTreeMap<Day, (u64, RoaringBitmap)>,
}

impl UnitDaysUnion {
    /// So many rows of these units.
    pub fn add(&mut self, day: Day, rows: u64, units: RoaringBitmap) {
        let (all_rows, all_units) = self.days.entry(day).or_default();
        *all_rows = all_rows.wrapping_add(rows);
        *all_units |= units;
    }

    /// The index of any event.
    pub fn finish(self) -> BlobParts {
        let (mut encoder, mut ever) = (KeyedEncoder::default(), RoaringBitmap::new());
        for (day, (rows, mut units)) in self.days {
            // So that the bytes do not depend on what was joined.
            units.remove_run_compression();
            encoder.push(day.0, rows, &units);
            ever |= units;
        }
        encoder.finish_with(ever)
    }
}

/// The units of one event by day.
#[derive(Clone, Debug)]
pub struct UnitDays(Keyed);

impl UnitDays {
    /// Opens an index.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn open(bytes: Bytes) -> Result<Self, DecodeError> {
        Keyed::open(bytes, 1).map(Self)
    }

    /// How many days have rows.
    pub fn len(&self) -> usize {
        self.0.numbers.len()
    }

    /// Whether no day has any.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The days with rows from `from` (included) to `to` (not included): each with its rows and its bitmap's place.
    pub fn days(&self, from: Option<Day>, to: Option<Day>) -> impl Iterator<Item = (Day, u64, usize)> + '_ {
        let start = from.map_or(0, |day| self.0.numbers.lower_bound(day.0));
        let end = to.map_or(self.0.numbers.len(), |day| self.0.numbers.lower_bound(day.0));
        let places = start..end.max(start);
        [&self.0.numbers, &self.0.counts].into_iter().for_each(|column| column.count_read(places.clone()));
        places.map(|place| (Day(self.0.numbers.get(place)), self.0.counts.get(place) as u64, place))
    }

    /// The units of the day at a place that [`Self::days`] gave.
    ///
    /// # Errors
    /// When the bitmap is damaged.
    pub fn units(&self, place: usize) -> Result<RoaringBitmap, DecodeError> {
        self.0.bitmap(place)
    }

    /// The same where they lie, as [`Self::units`].
    pub fn stored_units(&self, place: usize) -> StoredBitmap<'_> {
        self.0.stored(place)
    }

    /// The units of all days together.
    pub fn units_ever(&self) -> StoredBitmap<'_> {
        self.0.stored(self.0.numbers.len())
    }

    /// The index of all rows of several, none of which are in two of them. What it says is added to `all`.
    ///
    /// # Errors
    /// When one of them is damaged.
    pub fn merge(parts: &[Self], all: &mut UnitDaysUnion) -> Result<BlobParts, DecodeError> {
        let mut days: Vec<(Day, usize, usize, u64)> = Vec::new();
        for (part, index) in parts.iter().enumerate() {
            days.extend(index.days(None, None).map(|(day, rows, place)| (day, part, place, rows)));
        }
        days.sort_unstable();
        let (mut encoder, mut ever) = (KeyedEncoder::default(), RoaringBitmap::new());
        for same in days.chunk_by(|a, b| a.0 == b.0) {
            let mut units = RoaringBitmap::new();
            for (_, part, place, _) in same {
                units |= parts[*part].units(*place)?;
            }
            // As [`UnitDaysBuilder`] writes them, whoever wrote the parts.
            units.remove_run_compression();
            let rows = same.iter().fold(0u64, |sum, (_, _, _, rows)| sum.wrapping_add(*rows));
            encoder.push(same[0].0.0, rows, &units);
            ever |= &units;
            all.add(same[0].0, rows, units);
        }
        Ok(encoder.finish_with(ever))
    }

    /// Adds what it says to an index of several events.
    ///
    /// # Errors
    /// When a bitmap is damaged.
    pub fn add_to(&self, all: &mut UnitDaysUnion) -> Result<(), DecodeError> {
        self.days(None, None).try_for_each(|(day, rows, place)| {
            all.add(day, rows, self.units(place)?);
            Ok(())
        })
    }

    /// Whether both say the same.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn says_the_same(&self, other: &Self) -> Result<bool, DecodeError> {
        self.0.says_the_same(&other.0)
    }

    /// Reads everything once.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn verify(&self) -> Result<(), DecodeError> {
        self.0.verify()?;
        let mut ever = RoaringBitmap::new();
        for (_, _, place) in self.days(None, None) {
            ever |= self.units(place)?;
        }
        match self.units_ever().to_bitmap()? == ever {
            true => Ok(()),
            false => Err(DecodeError::new("the units of all days are others than those of each", 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_units_and_rows() {
        let mut builder = UnitDaysBuilder::default();
        for (day, unit) in [(-1, 9), (3, 5), (3, 2), (900, 1), (3, 5), (7, 70_000), (900, 1)] {
            builder.add(Day(day), unit);
        }
        let index = UnitDays::open(builder.finish(&mut UnitDaysUnion::default()).concat().into()).unwrap();
        let read = |from, to| -> Vec<(i64, u64, Vec<u32>)> {
            index
                .days(from, to)
                .map(|(day, rows, place)| (day.0, rows, index.units(place).unwrap().into_iter().collect()))
                .collect()
        };
        assert_eq!(read(None, None), [(-1, 1, vec![9]), (3, 3, vec![2, 5]), (7, 1, vec![70_000]), (900, 2, vec![1])]);
        assert_eq!(read(Some(Day(0)), Some(Day(7))).len(), 1);
        assert_eq!(read(Some(Day(8)), Some(Day(2))).len(), 0);
        assert_eq!(index.units_ever().to_bitmap().unwrap().into_iter().collect::<Vec<_>>(), [1, 2, 5, 9, 70_000]);
        assert_eq!(index.verify(), Ok(()));
    }

    #[test]
    fn any_event_has_the_units_of_all() {
        let mut all = UnitDaysUnion::default();
        for rows in [[(3, 5), (3, 2), (4, 5)], [(3, 5), (4, 5), (9, 1)]] {
            let mut builder = UnitDaysBuilder::default();
            rows.into_iter().for_each(|(day, unit)| builder.add(Day(day), unit));
            builder.finish(&mut all);
        }
        let index = UnitDays::open(all.finish().concat().into()).unwrap();
        let units = |place| index.units(place).unwrap().into_iter().collect::<Vec<_>>();
        let found: Vec<_> = index.days(None, None).map(|(day, rows, place)| (day.0, rows, units(place))).collect();
        assert_eq!(found, [(3, 3, vec![2, 5]), (4, 2, vec![5]), (9, 1, vec![1])]);
    }

    #[test]
    fn days_before_the_epoch_begin_at_midnight_too() {
        let time = Timestamp::from_micros(-1).unwrap();
        assert_eq!(Day::of(time), Day(-1));
        assert_eq!(Day::starting_at(-DAY_MICROS), Some(Day(-1)));
        assert_eq!(Day::starting_at(1), None);
    }
}
