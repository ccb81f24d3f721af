//! The newest rows of a segment: the latest events of many users are found among them without looking at each user.

use super::file::SegmentFile;
use super::reader::Segment;
use super::table::Table;
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{DecodeError, Packed, PackedEncoder};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

/// The most rows that are listed.
const ROWS_MAX: usize = 4096;
/// One in so many rows of a segment is listed at most, so that the list takes next to nothing.
const ROWS_SHARE: u64 = 16;

/// The newest of the rows seen so far: time, arrival, and the number through the segment. The oldest is on top.
#[derive(Default)]
pub(super) struct NewestRows {
    kept: BinaryHeap<Reverse<(i64, u64, u32)>>,
    seen: u64,
}

impl NewestRows {
    /// Takes a row in, with its time in microseconds and its arrival.
    #[inline]
    pub fn push(&mut self, time: i64, arrival: u64, row: u32) {
        self.seen += 1;
        if self.kept.len() < ROWS_MAX {
            self.kept.push(Reverse((time, arrival, row)));
        } else if let Some(mut oldest) = self.kept.peek_mut()
            && (oldest.0.0, oldest.0.1) < (time, arrival)
        {
            *oldest = Reverse((time, arrival, row));
        }
    }

    /// The numbers of the rows to be listed, the newest first.
    pub fn finish(self) -> PackedEncoder {
        let listed = usize::try_from(self.seen.div_ceil(ROWS_SHARE)).unwrap_or(ROWS_MAX);
        let mut column = PackedEncoder::default();
        column.extend(self.kept.into_sorted_vec().iter().take(listed).map(|Reverse((.., row))| i64::from(*row)));
        column
    }
}

impl<W: io::Write> SegmentFile<W> {
    /// A row of the next table, counted through the table, with its time and arrival.
    #[inline]
    pub fn see_moment(&mut self, row: u32, time: i64, arrival: u64) {
        let row = self.next_row() + row;
        self.newest.push(time, arrival, row);
    }
}

fn damage(segment: &Segment, problem: &str) -> DecodeError {
    let offset = segment.container.blob_offset(segment.content.newest_rows);
    DecodeError::new(problem, offset).in_file(segment.container.file())
}

/// Some of the newest rows of a segment, by time and then arrival, the newest first. No other row of the segment is
/// newer than one of them.
pub struct NewestList<'a> {
    segment: &'a Segment,
    rows: Packed,
}

impl<'a> NewestList<'a> {
    /// How many are listed.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table of the one at a place below [`Self::len`], and the row in it.
    ///
    /// # Errors
    /// When the list is damaged.
    pub fn get(&self, place: usize) -> Result<(Table<'a>, usize), DecodeError> {
        let row = u32::try_from(self.rows.get(place)).ok().and_then(|row| self.segment.table_of_row(row));
        row.ok_or_else(|| damage(self.segment, "the newest rows are not among the rows"))
    }
}

impl Segment {
    /// The newest rows that are listed.
    ///
    /// # Errors
    /// When the list is damaged.
    pub fn newest_rows(&self) -> Result<NewestList<'_>, DecodeError> {
        let rows = self.container.column(self.content.newest_rows)?;
        // Whoever asks may stop early, in one of few blocks.
        rows.count_read(0..rows.len());
        Ok(NewestList { segment: self, rows })
    }

    pub(super) fn verify_newest_rows(&self) -> Result<(), DecodeError> {
        let mut expected = NewestRows::default();
        let (mut times, mut arrivals) = ([0; BLOCK_VALUES], [0; BLOCK_VALUES]);
        for table in self.tables() {
            let columns = table.arrivals()?;
            for block in 0..columns.blocks() {
                let rows = columns.decode_moments(block, &mut times, &mut arrivals);
                let first = table.first_row() + (block * BLOCK_VALUES) as u32;
                for (row, (time, arrival)) in (first..).zip(times.iter().zip(&arrivals).take(rows)) {
                    expected.push(*time, *arrival as u64, row);
                }
            }
        }
        let right = self.container.blob(self.content.newest_rows)? == expected.finish().finish().concat();
        if right { Ok(()) } else { Err(damage(self, "the newest rows are others")) }
    }
}
