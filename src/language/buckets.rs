//! The buckets of a range: starts, ends, labels, and which one holds an instant.

use super::DocumentError;
use super::bound::TimeBound;
use super::calendar::{Interval, Ruler, WeekDay};
use super::clock::Clock;
use super::range::{ResolvedRange, cut_at_utc_days};
use super::scope::Scope;
use super::zone::Zone;
use fearless_simd::{Level, Simd, dispatch, f64x8, i64x8, prelude::*, u64x8};
use fearless_simd_macros::simd;

/// The most buckets of one report.
pub const BUCKETS_MAX: usize = 100_000;

/// In the place of a bucket's position, where no bucket is.
const OUTSIDE: u32 = u32::MAX;

/// Below so many microseconds, 142 years, a time and a length are exact as floating point numbers, and what they are
/// divided to is never rounded up to the next whole number: it would have to lie less than half a step of such numbers
/// below it, and lies at least one length's part of it away, which is more.
const EXACT_MICROS: u64 = 1 << 52;

/// Consecutive calendar units of one zone. Each ends where the next begins.
///
/// The first may begin before the range it was made for and the last may end after it; reports count only what
/// lies inside the range as well ([`Buckets::inside`]).
#[derive(Clone, Debug)]
pub struct Buckets {
    /// The starts, and last the end of the last: one more than there are buckets, or none.
    edges: Vec<i64>,
    /// 2^64 over the mean length.
    per_micro: u64,
    /// The length of each, in microseconds, where all have one.
    equal_micros: Option<u64>,
    interval: Interval,
    week_start: WeekDay,
    zone: Zone,
}

/// Buckets that are equally long.
struct EqualBuckets {
    first: i64,
    /// Of each, in microseconds.
    length: u64,
    /// 2^64 over that.
    per_micro: u64,
    all_micros: u64,
}

impl EqualBuckets {
    /// How long an instant is after the first bucket's start. Before it this is beyond the last.
    #[inline]
    fn since(&self, time_micros: i64) -> u64 {
        time_micros.wrapping_sub(self.first) as u64
    }

    fn index_of(&self, time_micros: i64) -> u32 {
        let since = self.since(time_micros);
        let near = ((u128::from(since) * u128::from(self.per_micro)) >> 64) as u64;
        // Never too far, and at most one too near.
        let index = near + u64::from(since.wrapping_sub(near.wrapping_mul(self.length)) >= self.length);
        if since < self.all_micros { index as u32 } else { OUTSIDE }
    }

    /// [`Buckets::indexes_of`] with what a processor of this level can do, where all are shorter than [`EXACT_MICROS`].
    fn indexes_on(&self, level: Level, times_micros: &[i64], indexes: &mut [u32]) {
        debug_assert_eq!(times_micros.len(), indexes.len());
        dispatch!(level, simd => self.indexes_of(simd, times_micros, indexes));
    }

    /// Eight at a time: bound by the division, which takes some two cycles each.
    #[simd]
    fn indexes_of<S: Simd>(&self, simd: S, times_micros: &[i64], indexes: &mut [u32]) {
        let (first, length) = (i64x8::splat(simd, self.first), f64x8::splat(simd, self.length as f64));
        let (all_micros, outside) = (u64x8::splat(simd, self.all_micros), u64x8::splat(simd, OUTSIDE.into()));
        let ((times, last_times), (slots, last_slots)) = (times_micros.as_chunks::<8>(), indexes.as_chunks_mut::<8>());
        for (times, slots) in times.iter().zip(slots) {
            let since: u64x8<S> = (i64x8::from_slice(simd, times) - first).bitcast();
            let index: u64x8<S> = (since.to_float::<f64x8<S>>() / length).to_int();
            let index: [u64; 8] = since.simd_lt(all_micros).select(index, outside).into();
            *slots = index.map(|index| index as u32);
        }
        last_slots.iter_mut().zip(last_times).for_each(|(slot, time)| *slot = self.index_of(*time));
    }
}

impl Buckets {
    /// The buckets that touch the range. None when it is empty.
    ///
    /// # Errors
    /// When there are more than [`BUCKETS_MAX`].
    pub fn cover(
        range: ResolvedRange,
        interval: Interval,
        week_start: WeekDay,
        zone: &Zone,
    ) -> Result<Self, DocumentError> {
        let mut edges = Vec::new();
        if range.is_empty() {
            return Ok(Self {
                edges,
                per_micro: u64::MAX,
                equal_micros: None,
                interval,
                week_start,
                zone: zone.clone(),
            });
        }
        let mut ruler = Ruler::new(interval, week_start, zone);
        let (start, mut end) = ruler.bucket_at(range.from_micros);
        edges.extend([start, end]);
        while end < range.to_micros {
            if edges.len() > BUCKETS_MAX {
                return Err(too_many(interval));
            }
            end = ruler.bucket_at(end).1;
            edges.push(end);
        }
        Ok(Self { edges, per_micro: u64::MAX, equal_micros: None, interval, week_start, zone: zone.clone() }.measured())
    }

    /// Itself with the mean length of its buckets.
    fn measured(mut self) -> Self {
        if let (Some(first), Some(last)) = (self.edges.first(), self.edges.last()) {
            let mean_micros = ((last - first) / self.len() as i64).max(1) as u64;
            self.per_micro = u64::MAX / mean_micros;
            let is_equal = self.edges.windows(2).all(|pair| (pair[1] - pair[0]) as u64 == mean_micros);
            self.equal_micros = is_equal.then_some(mean_micros);
        }
        self
    }

    /// One bucket in their place, from the start of the first to the end of the last. None where these are none.
    pub fn as_one(&self) -> Self {
        let ends = self.edges.first().zip(self.edges.last());
        Self {
            edges: ends.map_or_else(Vec::new, |(first, last)| vec![*first, *last]),
            per_micro: u64::MAX,
            equal_micros: None,
            interval: self.interval,
            week_start: self.week_start,
            zone: self.zone.clone(),
        }
        .measured()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first instant of each, in microseconds.
    pub fn starts(&self) -> &[i64] {
        &self.edges[..self.len()]
    }

    /// The first instant after each, in microseconds.
    pub fn ends(&self) -> &[i64] {
        self.edges.get(1..).unwrap_or_default()
    }

    /// The bucket at this position as a range.
    ///
    /// # Panics
    /// When there is no such bucket.
    pub fn range(&self, index: usize) -> ResolvedRange {
        ResolvedRange { from_micros: self.edges[index], to_micros: self.edges[index + 1] }
    }

    /// The part of the bucket at this position that lies inside a range; empty when none does.
    ///
    /// # Panics
    /// When there is no such bucket.
    pub fn inside(&self, index: usize, range: ResolvedRange) -> ResolvedRange {
        let bucket = self.range(index);
        let from_micros = bucket.from_micros.max(range.from_micros);
        ResolvedRange { from_micros, to_micros: bucket.to_micros.min(range.to_micros).max(from_micros) }
    }

    /// The start of the bucket at this position as RFC 3339 with the zone's offset, `Z` for UTC.
    ///
    /// # Panics
    /// When there is no such bucket.
    pub fn label(&self, index: usize) -> String {
        self.zone.label(self.edges[index])
    }

    /// The starts of all as RFC 3339 with the zone's offset, `Z` for UTC.
    pub fn labels(&self) -> Vec<String> {
        self.starts().iter().map(|start| self.zone.label(*start)).collect()
    }

    /// The position of the bucket that holds this instant, whether or not the instant lies in the range that the
    /// buckets cover. Constant time where buckets are about equally long.
    #[inline]
    pub fn index_of(&self, time_micros: i64) -> Option<usize> {
        let (first, last) = (*self.edges.first()?, *self.edges.last()?);
        if time_micros < first || time_micros >= last {
            return None;
        }
        // Where the instant would lie among buckets of the same length, then a step or two from there.
        let since = (time_micros - first) as u128;
        let mut index = ((since * u128::from(self.per_micro)) >> 64) as usize;
        index = index.min(self.len() - 1);
        while self.edges[index] > time_micros {
            index -= 1;
        }
        while self.edges[index + 1] <= time_micros {
            index += 1;
        }
        Some(index)
    }

    /// The positions of the buckets that hold these instants, `u32::MAX` for those before the first or after the last:
    /// for as many at once as there is room for, and without a jump where buckets are equally long.
    pub fn indexes_of(&self, times_micros: &[i64], indexes: &mut [u32]) {
        let (Some(first), Some(length)) = (self.edges.first(), self.equal_micros) else {
            let index = |time: &i64| self.index_of(*time).map_or(OUTSIDE, |index| index as u32);
            indexes.iter_mut().zip(times_micros).for_each(|(slot, time)| *slot = index(time));
            return;
        };
        let all_micros = length * self.len() as u64;
        let equal = EqualBuckets { first: *first, length, per_micro: self.per_micro, all_micros };
        if self.len() == 1 {
            let index = |time: &i64| if equal.since(*time) < equal.all_micros { 0 } else { OUTSIDE };
            indexes.iter_mut().zip(times_micros).for_each(|(slot, time)| *slot = index(time));
            return;
        }
        match all_micros < EXACT_MICROS {
            true => equal.indexes_on(Level::new(), times_micros, indexes),
            false => indexes.iter_mut().zip(times_micros).for_each(|(slot, time)| *slot = equal.index_of(*time)),
        }
    }

    /// The position of the bucket that starts at this instant.
    pub fn position_of_start(&self, start_micros: i64) -> Option<usize> {
        self.starts().binary_search(&start_micros).ok()
    }

    /// The position of the bucket that a `units` names by its start.
    ///
    /// # Errors
    /// When no bucket starts there. The path is `field` of the `units`.
    pub fn named(
        &self,
        start: &TimeBound,
        scope: &Scope,
        field: &str,
        clock: Clock<'_>,
    ) -> Result<usize, DocumentError> {
        let place = format!("units.{field}");
        let micros = scope.instant(start, &place, clock)?;
        micros.and_then(|micros| self.position_of_start(micros)).ok_or_else(|| {
            let choice = match (self.starts().first(), self.starts().last()) {
                (Some(first), Some(last)) => {
                    format!("they start from {} to {}", self.zone.label(*first), self.zone.label(*last))
                }
                _ => "the range is empty".to_owned(),
            };
            DocumentError::rule(place, format!("no {} of the result starts at `{start}`; {choice}", self.interval))
        })
    }

    /// These and `count` more in front of them. None when these are none.
    ///
    /// # Errors
    /// When there would be more than [`BUCKETS_MAX`].
    pub fn with_before(&self, count: usize) -> Result<Self, DocumentError> {
        self.extended(count, |ruler, edges| {
            let mut start = edges[0];
            let mut before = Vec::with_capacity(count);
            for _ in 0..count {
                start = ruler.bucket_at(start - 1).0;
                before.push(start);
            }
            edges.splice(0..0, before.into_iter().rev());
        })
    }

    /// These and `count` more after them. None when these are none.
    ///
    /// # Errors
    /// When there would be more than [`BUCKETS_MAX`].
    pub fn with_after(&self, count: usize) -> Result<Self, DocumentError> {
        self.extended(count, |ruler, edges| {
            for _ in 0..count {
                let end = edges[edges.len() - 1];
                edges.push(ruler.bucket_at(end).1);
            }
        })
    }

    /// A copy to which `extend` adds so many edges; it is called only where there are buckets.
    fn extended(
        &self,
        count: usize,
        extend: impl FnOnce(&mut Ruler<'_>, &mut Vec<i64>),
    ) -> Result<Self, DocumentError> {
        let mut buckets = self.clone();
        if self.is_empty() {
            return Ok(buckets);
        }
        if count > BUCKETS_MAX - self.len() {
            return Err(too_many(self.interval));
        }
        extend(&mut Ruler::new(self.interval, self.week_start, &self.zone), &mut buckets.edges);
        Ok(buckets.measured())
    }

    /// Whether the parts of all buckets inside the range are made of whole UTC days, so that what is kept per UTC
    /// day answers for them.
    pub fn are_utc_days(&self, range: ResolvedRange) -> bool {
        cut_at_utc_days(&self.edges, range)
    }

    /// The length of the calendar units.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// Whose calendar it is.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }
}

fn too_many(interval: Interval) -> DocumentError {
    let longer = match interval {
        Interval::Month => "",
        _ => " or take a longer interval",
    };
    DocumentError::rule(
        "interval",
        format!("the range has more than {BUCKETS_MAX} buckets of one {interval}; shorten it{longer}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processor;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn instants_are_in_the_buckets_that_dividing_whole_numbers_says(
            first in -1_i64 << 60..1 << 60,
            (count, length) in (1..=BUCKETS_MAX as u64).prop_flat_map(|count| (Just(count), 1..EXACT_MICROS / count)),
            around in prop::collection::vec((any::<prop::sample::Index>(), -2_i64..=2), 0..40),
            anywhere in prop::collection::vec(prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>()], 0..10),
        ) {
            let equal = EqualBuckets { first, length, per_micro: u64::MAX / length, all_micros: length * count };
            let edge = |place: prop::sample::Index| first + (length * place.index(count as usize + 1) as u64) as i64;
            let edges = around.into_iter().map(|(place, distance)| edge(place) + distance);
            let times: Vec<i64> = anywhere.into_iter().chain(edges).collect();
            let expected = |time: &i64| {
                let since = i128::from(*time) - i128::from(first);
                u32::try_from(since.div_euclid(length.into())).ok().filter(|index| u64::from(*index) < count)
            };
            let expected: Vec<u32> = times.iter().map(|time| expected(time).unwrap_or(OUTSIDE)).collect();
            prop_assert_eq!(&times.iter().map(|time| equal.index_of(*time)).collect::<Vec<u32>>(), &expected);
            for level in processor::levels() {
                let mut indexes = vec![7; times.len()];
                equal.indexes_on(level, &times, &mut indexes);
                prop_assert_eq!(&indexes, &expected, "{:?}", level);
            }
        }
    }
}
