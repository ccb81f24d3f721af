//! The arrivals of a table's rows: as far as they follow from times, only how far off each is.
//! Layout: `format-spec/segment.md`, "Arrivals".

use super::file::SegmentFile;
use super::layout::{ArrivalLayout, LateLayout};
use super::pace::Pace;
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{BlobParts, Packed, PackedEncoder};
use std::io;

/// Stands for a row whose arrival is listed.
const LISTED: i64 = 0;
/// About what it takes to list a row.
const LISTED_BITS: usize = 48;
/// About what it takes to have one blob more.
const BLOB_BYTES: usize = 32;

/// The arrivals of a table's rows, relative to [`super::Table::arrival_base`].
#[derive(Clone, Debug)]
pub struct Arrivals {
    pub(super) times: Packed,
    pub(super) form: ArrivalForm,
    /// Of the segment, where it has one.
    pub(super) pace: Option<Pace>,
}

/// How arrivals are stored.
#[derive(Clone, Debug)]
pub(super) enum ArrivalForm {
    /// The arrival of each row.
    Each(Packed),
    /// How far it is from where it is expected, as a code for each row; and the rows whose arrival is listed.
    Paced { codes: Packed, late: Option<(Packed, Packed)> },
}

/// 1 + the distance, with small codes for small distances in both directions.
fn code_of(distance: i64) -> u64 {
    ((distance << 1 ^ distance >> 63) as u64).wrapping_add(1)
}

#[inline]
fn distance_of(code: i64) -> i64 {
    let code = (code as u64).wrapping_sub(1);
    (code >> 1) as i64 ^ -((code & 1) as i64)
}

fn listed(late: Option<&(Packed, Packed)>, row: usize) -> i64 {
    late.map_or(0, |(rows, arrivals)| {
        let place = rows.lower_bound(row as i64);
        if place < arrivals.len() { arrivals.get(place) } else { 0 }
    })
}

/// Calls `visit` with the rows of a block that are listed, among its first `rows`, counted from its first, and their
/// arrivals.
fn visit_late(late: Option<&(Packed, Packed)>, block: usize, rows: usize, mut visit: impl FnMut(usize, i64)) {
    let Some((listed, arrivals)) = late else { return };
    let first = (block * BLOCK_VALUES) as i64;
    let place = listed.lower_bound(first);
    for (row, arrival) in listed.iter_from(place).zip(arrivals.iter_from(place)) {
        match usize::try_from(row.wrapping_sub(first)) {
            Ok(row) if row < rows => visit(row, arrival),
            _ => return,
        }
    }
}

impl Arrivals {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// How many blocks of rows there are.
    pub fn blocks(&self) -> usize {
        self.times.blocks()
    }

    /// The arrival that is expected of a row of this time; what distances are from.
    #[inline]
    fn expected(&self, time: i64) -> i64 {
        self.pace.as_ref().map_or(0, |pace| pace.at(time))
    }

    /// The arrival of one row.
    pub fn get(&self, row: usize) -> i64 {
        match &self.form {
            ArrivalForm::Each(arrivals) => arrivals.get(row),
            ArrivalForm::Paced { codes, late } => match codes.get(row) {
                LISTED => listed(late.as_ref(), row),
                code => self.expected(self.times.get(row)).wrapping_add(distance_of(code)),
            },
        }
    }

    /// Decodes a block into the front of `out`; answers how many rows it has.
    pub fn decode_block(&self, block: usize, out: &mut [i64; BLOCK_VALUES]) -> usize {
        let mut times = [0; BLOCK_VALUES];
        if matches!(self.form, ArrivalForm::Paced { .. }) {
            self.times.decode_block(block, &mut times);
        }
        self.decode_with(block, &times, out)
    }

    /// The same with the times beside it.
    pub(super) fn decode_moments(
        &self,
        block: usize,
        times: &mut [i64; BLOCK_VALUES],
        out: &mut [i64; BLOCK_VALUES],
    ) -> usize {
        self.times.decode_block(block, times);
        self.decode_with(block, times, out)
    }

    /// The same for a block whose times are decoded.
    pub fn decode_with(&self, block: usize, times: &[i64; BLOCK_VALUES], out: &mut [i64; BLOCK_VALUES]) -> usize {
        match &self.form {
            ArrivalForm::Each(arrivals) => arrivals.decode_block(block, out),
            ArrivalForm::Paced { codes, late } => {
                let rows = codes.decode_block(block, out);
                for (slot, time) in out[..rows].iter_mut().zip(times) {
                    *slot = self.expected(*time).wrapping_add(distance_of(*slot));
                }
                visit_late(late.as_ref(), block, rows, |place, arrival| out[place] = arrival);
                rows
            }
        }
    }

    /// For a block whose times are decoded, numbers by which rows of one time are in order of arrival, through all
    /// tables of the segment. Mostly that is read faster than the arrivals are.
    pub fn decode_order(&self, block: usize, times: &[i64], out: &mut [i64; BLOCK_VALUES]) {
        match &self.form {
            ArrivalForm::Each(arrivals) => {
                arrivals.decode_block(block, out);
                if let Some(pace) = &self.pace {
                    out.iter_mut().zip(times).for_each(|(slot, time)| *slot = slot.wrapping_sub(pace.at(*time)));
                }
            }
            ArrivalForm::Paced { codes, late } => {
                let rows = codes.decode_block(block, out).min(times.len());
                out[..rows].iter_mut().for_each(|slot| *slot = distance_of(*slot));
                visit_late(late.as_ref(), block, rows, |place, arrival| {
                    out[place] = arrival.wrapping_sub(self.expected(times[place]));
                });
            }
        }
    }

    /// Calls `visit` with every row that arrived at `since` or later, and some others, and its arrival. It answers from
    /// which arrival on rows are wanted henceforth. Most rows of long ago are told from their times.
    pub fn visit_since(&self, mut since: i64, mut visit: impl FnMut(usize, i64) -> i64) {
        let (mut times, mut codes) = ([0; BLOCK_VALUES], [0; BLOCK_VALUES]);
        for block in 0..self.blocks() {
            let first = block * BLOCK_VALUES;
            match (&self.form, &self.pace) {
                (ArrivalForm::Paced { codes: column, late }, Some(pace)) => {
                    let (_, widest) = column.block_bounds(block);
                    let earliest = pace.earliest(since.saturating_sub(widest));
                    let rows = self.times.decode_block(block, &mut times);
                    column.decode_block(block, &mut codes);
                    for (place, (time, code)) in times[..rows].iter().zip(&codes).enumerate() {
                        if *code == LISTED {
                            since = visit(first + place, listed(late.as_ref(), first + place));
                        } else if *time >= earliest {
                            since = visit(first + place, pace.at(*time).wrapping_add(distance_of(*code)));
                        }
                    }
                }
                _ => {
                    let rows = self.decode_block(block, &mut codes);
                    for (place, arrival) in codes[..rows].iter().enumerate() {
                        if *arrival >= since {
                            since = visit(first + place, *arrival);
                        }
                    }
                }
            }
        }
    }

    /// The times from a row on.
    pub(super) fn times_from(&self, row: usize) -> impl Iterator<Item = i64> + '_ {
        self.times.iter_from(row)
    }

    /// All of them.
    pub fn to_vec(&self) -> Vec<i64> {
        let mut all = Vec::with_capacity(self.len());
        let mut buffer = [0; BLOCK_VALUES];
        for block in 0..self.blocks() {
            let rows = self.decode_block(block, &mut buffer);
            all.extend_from_slice(&buffer[..rows]);
        }
        all
    }

    /// Whether exactly the rows without a distance are listed, ascending.
    pub(super) fn is_sound(&self) -> bool {
        let ArrivalForm::Paced { codes, late } = &self.form else { return true };
        let codes = codes.to_vec();
        let unpaced = codes.iter().enumerate().filter(|(_, code)| **code == LISTED).map(|(row, _)| row as i64);
        let rows = late.as_ref().map_or(Vec::new(), |(rows, _)| rows.to_vec());
        codes.iter().all(|code| *code >= LISTED) && unpaced.eq(rows)
    }
}

/// The rows of a table on their way into either form; what is smaller is written.
pub(super) struct ArrivalEncoder {
    pace: Option<Pace>,
    each: PackedEncoder,
    codes: PackedEncoder,
    late_rows: PackedEncoder,
    late: PackedEncoder,
    is_late: bool,
    rows: usize,
    /// Code and arrival of the rows of the current block.
    block: Vec<(u64, i64)>,
}

impl ArrivalEncoder {
    pub fn new(pace: Option<Pace>) -> Self {
        Self {
            pace,
            each: PackedEncoder::default(),
            codes: PackedEncoder::default(),
            late_rows: PackedEncoder::default(),
            late: PackedEncoder::default(),
            is_late: false,
            rows: 0,
            block: Vec::with_capacity(BLOCK_VALUES),
        }
    }

    /// Takes the next row; `arrival` is less the segment's first.
    pub fn push(&mut self, time: i64, arrival: i64) {
        self.each.push(arrival);
        let Some(pace) = &self.pace else { return };
        self.block.push((code_of(arrival.wrapping_sub(pace.at(time))), arrival));
        if self.block.len() == BLOCK_VALUES {
            self.close_block();
        }
    }

    /// Chooses the width that takes the fewest bits, and lists what is wider.
    fn close_block(&mut self) {
        let mut by_width = [0; 65];
        let width_of = |code: u64| (64 - code.leading_zeros()) as usize;
        self.block.iter().for_each(|(code, _)| by_width[width_of(*code)] += 1);
        let (mut best, mut least_bits, mut wider) = (0, usize::MAX, self.block.len());
        for (width, rows) in by_width.iter().enumerate().take(64) {
            wider -= rows;
            let bits = width * self.block.len() + wider * LISTED_BITS;
            if bits < least_bits {
                (best, least_bits) = (width, bits);
            }
        }
        for (code, arrival) in self.block.drain(..) {
            let is_paced = (1..=best).contains(&width_of(code));
            self.codes.push(if is_paced { code as i64 } else { LISTED });
            if !is_paced {
                self.late_rows.push(self.rows as i64);
                self.late.push(arrival);
                self.is_late = true;
            }
            self.rows += 1;
        }
    }

    pub fn finish<W: io::Write>(mut self, file: &mut SegmentFile<W>) -> ArrivalLayout {
        self.close_block();
        let length = |parts: &BlobParts| parts.iter().map(Vec::len).sum::<usize>() + BLOB_BYTES;
        let each = self.each.finish();
        if self.pace.is_some() {
            let codes = self.codes.finish();
            let late = self.is_late.then(|| [self.late_rows.finish(), self.late.finish()]);
            if length(&codes) + late.iter().flatten().map(length).sum::<usize>() < length(&each) {
                let codes = file.paced(codes);
                let late = late.map(|[rows, arrivals]| LateLayout {
                    rows: file.container.add_parts(rows),
                    arrivals: file.container.add_parts(arrivals),
                });
                return ArrivalLayout::Paced { codes, late };
            }
        }
        ArrivalLayout::Each(file.container.add_parts(each))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Segment, SegmentRows, SegmentWriter};
    use super::*;
    use crate::codec::FileId;
    use crate::codec::text::Compression;
    use crate::model::{Arrival, EventId, Moment, Timestamp, UserId};
    use proptest::prelude::*;

    /// A segment of rows that arrive every `pace` microseconds, some of them late, in two tables.
    fn segment(draws: &[u64], pace: i64, late: i64) -> Segment {
        let mut rows = SegmentRows::default();
        for (place, draw) in draws.iter().enumerate() {
            let delay = if draw % 40 == 0 { (draw / 40) as i64 % late } else { 0 };
            let time = Timestamp::from_micros(place as i64 * pace - delay).unwrap();
            let moment = Moment { time, arrival: Arrival::new(7 + place as u64) };
            let user = UserId::new((draw >> 20) as u32 % 50);
            let event = EventId::new((draw >> 40) as u32 % 8 / 7);
            rows.push(event, user, moment, None, None, None).unwrap();
        }
        let writer = SegmentWriter::new(FileId([1; 16]), Arrival::new(7), Compression::Zstd, rows);
        Segment::open(writer.finish().unwrap(), "s").unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn all_ways_of_reading_arrivals_agree(
            draws in prop::collection::vec(any::<u64>(), 1..9000),
            pace in prop_oneof![Just(0i64), 1i64..5, 1000i64..3_000_000],
            late in 1i64..200_000_000_000,
            since in 0i64..9000,
        ) {
            let segment = segment(&draws, pace, late);
            prop_assert_eq!(segment.verify(), []);
            let mut orders = Vec::new();
            for table in segment.tables() {
                let (arrivals, times) = (table.arrivals().unwrap(), table.times().unwrap().to_vec());
                let all = arrivals.to_vec();
                let mut found = Vec::new();
                arrivals.visit_since(since, |row, arrival| {
                    found.push((row, arrival));
                    since
                });
                prop_assert!(found.iter().all(|(row, arrival)| all[*row] == *arrival));
                found.retain(|(_, arrival)| *arrival >= since);
                prop_assert_eq!(found.len(), all.iter().filter(|arrival| **arrival >= since).count());
                let mut order = [0; BLOCK_VALUES];
                for (block, times) in times.chunks(BLOCK_VALUES).enumerate() {
                    arrivals.decode_order(block, times, &mut order);
                    for (place, time) in times.iter().enumerate() {
                        let row = block * BLOCK_VALUES + place;
                        prop_assert_eq!(arrivals.get(row), all[row]);
                        orders.push((*time, order[place], all[row]));
                    }
                }
            }
            orders.sort_unstable();
            let ascend = |pair: &[(i64, i64, i64)]| pair[0].0 < pair[1].0 || pair[0].2 < pair[1].2;
            prop_assert!(orders.windows(2).all(ascend));
            orders.sort_unstable_by_key(|(_, _, arrival)| *arrival);
            prop_assert!(orders.iter().enumerate().all(|(place, (_, _, arrival))| place as i64 == *arrival));
        }
    }

    #[test]
    fn arrivals_in_order_of_time_take_few_bits() {
        let draws: Vec<u64> = (0..50_000u64).map(|place| (place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let bytes = segment(&draws, 800_000, 3_600_000_000).bytes();
        assert!(bytes.arrivals < 50_000, "{bytes:?}");
    }
}
