//! How arrivals follow from times through a segment: most events arrive in the order in which they happened.
//! Layout: `format-spec/segment.md`, "Arrivals".

use super::layout::PaceLayout;
use crate::codec::packed::encode;
use crate::codec::{Container, DecodeError, Packed};
use std::ops::Range;

/// Rows of a slice, on average, at least; at most twice as many.
const SLICE_ROWS: u64 = 16;
/// How many parts of equal length the time of a segment is cut into, to find where its rows are.
const SPANS: usize = 1 << 14;
/// Rows are left outside of the slices where those are so many times shorter then.
const WORTH_LEAVING: i64 = 4;
/// One in so many rows may lie before the slices, and one after them.
const OUTSIDE: u64 = 256;
/// Stands for a slice without rows.
const NO_ROW: u32 = u32::MAX;

/// Where arrivals are expected: the time of a segment in slices of one length, and the arrival at which each begins.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    first_time: i64,
    /// A slice takes two to the power of this, in microseconds.
    slice_bits: u32,
    /// One for each slice, and where the last one ends.
    arrivals: Packed,
}

/// Rows that can be walked several times, in any order.
pub(super) trait MomentRows {
    /// Calls `visit` with the time of each row in microseconds.
    fn visit_times(&self, visit: &mut dyn FnMut(i64)) -> Result<(), DecodeError>;

    /// Calls `visit` with time and arrival of each row; arrivals are less the segment's first.
    fn visit_moments(&self, visit: &mut dyn FnMut(i64, u64)) -> Result<(), DecodeError>;
}

impl Pace {
    /// Opens what a segment says.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn open(container: &Container, layout: &PaceLayout) -> Result<Self, DecodeError> {
        let arrivals = container.column(layout.arrivals)?;
        if arrivals.len() < 2 || layout.slice_bits >= 63 {
            let at = container.blob_offset(layout.arrivals);
            return Err(DecodeError::new("the pace of a segment has no slices", at));
        }
        Ok(Self { first_time: layout.first_time, slice_bits: layout.slice_bits, arrivals })
    }

    /// The same for all that are given the same rows, in whatever order.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn of(rows: &dyn MomentRows) -> Result<Self, DecodeError> {
        let (times, count) = busy_times(rows)?;
        let slices_most = (count / SLICE_ROWS).max(1);
        let span = (times.end - times.start - 1) as u64;
        let mut slice_bits = 0;
        while (span >> slice_bits) + 1 > slices_most {
            slice_bits += 1;
        }
        let mut firsts = vec![NO_ROW; (span >> slice_bits) as usize + 1];
        let mut last = 0;
        rows.visit_moments(&mut |time, arrival| {
            // Rows that far from the first are where nothing is expected.
            let arrival = u32::try_from(arrival).unwrap_or(NO_ROW);
            if times.contains(&time) {
                let first = &mut firsts[((time - times.start) >> slice_bits) as usize];
                *first = arrival.min(*first);
            }
            if arrival != NO_ROW {
                last = last.max(arrival);
            }
        })?;
        let arrivals = Packed::open(encode(&starts(&firsts, last)).into())?;
        Ok(Self { first_time: times.start, slice_bits, arrivals })
    }

    /// First time, bits of a slice, and the arrivals as bytes.
    pub fn parts(&self) -> (i64, u32, &[u8]) {
        (self.first_time, self.slice_bits, self.arrivals.as_bytes())
    }

    /// The arrival that is expected of a row of this time.
    #[inline]
    pub fn at(&self, time: i64) -> i64 {
        let into = time.wrapping_sub(self.first_time);
        let last = self.arrivals.len() - 1;
        if time < self.first_time {
            return self.arrivals.get(0);
        }
        let slice = usize::try_from(into as u64 >> self.slice_bits).unwrap_or(usize::MAX);
        if slice >= last {
            return self.arrivals.get(last);
        }
        let (start, end) = self.arrivals.get_pair(slice);
        let part = into & ((1 << self.slice_bits) - 1);
        start.wrapping_add(end.wrapping_sub(start).wrapping_mul(part) >> self.slice_bits)
    }

    /// A time before which no row is expected to have this arrival or a later one.
    pub fn earliest(&self, arrival: i64) -> i64 {
        let slice = self.arrivals.lower_bound(arrival).saturating_sub(1);
        if slice == 0 { i64::MIN } else { self.first_time.saturating_add((slice as i64) << self.slice_bits) }
    }

    /// Whether slices begin in order of arrival.
    pub fn is_sound(&self) -> bool {
        self.arrivals.to_vec().is_sorted()
    }
}

/// When nearly all rows happened, so that a clock which is years off makes no slices of years; and how many rows there
/// are.
fn busy_times(rows: &dyn MomentRows) -> Result<(Range<i64>, u64), DecodeError> {
    let (mut least, mut most, mut count) = (i64::MAX, i64::MIN, 0u64);
    rows.visit_times(&mut |time| {
        least = least.min(time);
        most = most.max(time);
        count += 1;
    })?;
    if count == 0 {
        return Ok((0..1, 0));
    }
    let mut times = least..most + 1;
    loop {
        let busy = without_outside(rows, &times, count / OUTSIDE)?;
        // What it costs to leave rows outside is only worth much time.
        if busy.end - busy.start > (times.end - times.start) / WORTH_LEAVING {
            return Ok((times, count));
        }
        times = busy;
    }
}

/// These times, from where more than so many rows lie before, and to where more than so many lie after.
fn without_outside(rows: &dyn MomentRows, times: &Range<i64>, outside: u64) -> Result<Range<i64>, DecodeError> {
    let length = (times.end - times.start) / SPANS as i64 + 1;
    let mut spans = vec![0u64; SPANS];
    let (mut earlier, mut later) = (0, 0);
    rows.visit_times(&mut |time| {
        let rows = if time < times.start {
            &mut earlier
        } else if time >= times.end {
            &mut later
        } else {
            &mut spans[((time - times.start) / length) as usize]
        };
        *rows += 1;
    })?;
    let spare = |mut sum: u64, spans: &mut dyn Iterator<Item = &u64>| {
        let is_spare = |rows: &&u64| {
            sum += **rows;
            sum <= outside
        };
        spans.take_while(is_spare).count() as i64 * length
    };
    let start = times.start + spare(earlier, &mut spans.iter());
    // The last span may reach beyond the end.
    let end = times.start + SPANS as i64 * length - spare(later, &mut spans.iter().rev());
    Ok(start..end.min(times.end))
}

/// Where slices begin: from the first arrival of a row of each, as far as these ascend, and the last of all.
fn starts(firsts: &[u32], last: u32) -> Vec<i64> {
    let mut starts = vec![i64::from(last) + 1; firsts.len() + 1];
    let (before, mut kept) = longest_ascending(firsts);
    for slice in (0..firsts.len()).rev() {
        let next = starts[slice + 1];
        let first = i64::from(firsts[slice]);
        if kept == Some(slice as u32) {
            kept = Some(before[slice]).filter(|before| *before != NO_ROW);
            starts[slice] = first;
        } else if first >= next {
            // Without rows, or with late ones only.
            starts[slice] = next;
        } else {
            // The first came before its time; others may have come in time.
            let left = kept.map_or(0, |kept| i64::from(firsts[kept as usize]));
            starts[slice] = left + (next - left) / 2;
        }
    }
    starts
}

/// The longest sequence of ascending numbers among these: its last place, and from each place the one before.
fn longest_ascending(numbers: &[u32]) -> (Vec<u32>, Option<u32>) {
    let mut before = vec![NO_ROW; numbers.len()];
    // By length, the place of the least number with which a sequence of that length ends.
    let mut ends: Vec<u32> = Vec::new();
    for (place, number) in numbers.iter().enumerate().filter(|(_, number)| **number != NO_ROW) {
        let is_less = |end: &u32| numbers[*end as usize] < *number;
        let length = if ends.last().is_none_or(is_less) { ends.len() } else { ends.partition_point(is_less) };
        if let Some(end) = length.checked_sub(1) {
            before[place] = ends[end];
        }
        match ends.get_mut(length) {
            Some(end) => *end = place as u32,
            None => ends.push(place as u32),
        }
    }
    (before, ends.last().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Listed(Vec<(i64, u64)>);

    impl MomentRows for Listed {
        fn visit_times(&self, visit: &mut dyn FnMut(i64)) -> Result<(), DecodeError> {
            self.0.iter().for_each(|(time, _)| visit(*time));
            Ok(())
        }

        fn visit_moments(&self, visit: &mut dyn FnMut(i64, u64)) -> Result<(), DecodeError> {
            self.0.iter().for_each(|(time, arrival)| visit(*time, *arrival));
            Ok(())
        }
    }

    #[test]
    fn arrivals_are_expected_near_where_they_are_however_wrong_some_clocks_are() {
        let time_of = |arrival: i64| arrival * 800_000 + arrival % 7 * 50_000;
        let mut rows: Vec<(i64, u64)> = (0..20_000).map(|arrival| (time_of(arrival), arrival as u64)).collect();
        for (place, row) in rows.iter_mut().enumerate() {
            match place % 500 {
                7 => row.0 -= 3_600_000_000,
                77 => row.0 += 3_600_000_000,
                _ => {}
            }
        }
        rows[5].0 = 50_000_000_000_000_000;
        rows[6].0 = -50_000_000_000_000_000;
        let pace = Pace::of(&Listed(rows.clone())).unwrap();
        assert!(pace.is_sound());
        let near = rows.iter().filter(|(time, arrival)| (pace.at(*time) - *arrival as i64).abs() <= 8).count();
        assert!(near > 19_850, "{near}");
        rows.reverse();
        assert_eq!(pace.parts(), Pace::of(&Listed(rows)).unwrap().parts());
        for (time, arrival) in (1000..20_000).map(|arrival| (time_of(arrival), arrival)) {
            assert!(pace.earliest(pace.at(time)) <= time && pace.earliest(arrival) > time_of(arrival - 300));
        }
        for time in [i64::MIN, i64::MAX] {
            assert!((0..=20_000).contains(&pace.at(time)));
        }
    }

    #[test]
    fn any_rows_have_a_pace() {
        for rows in
            [vec![], vec![(i64::MIN / 4, 9)], vec![(3, 1), (3, 0), (3, u64::MAX)], vec![(-9, 0), (i64::MAX / 4, 1)]]
        {
            let pace = Pace::of(&Listed(rows)).unwrap();
            assert!(pace.is_sound() && pace.at(0) >= 0);
        }
    }
}
