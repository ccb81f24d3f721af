//! Several segments into one, or one without some of its rows: a table at a time, and of each table a column at a time.
//!
//! Invariants:
//! - The file has the bytes that [`super::SegmentWriter`] makes of the same rows.
//! - What is kept in memory: the order of a table's rows (about a byte each) and their days (two bytes
//!   each), a block of each input, the column that is
//!   being written, compressed as it will be, and of the whole segment the runs of group keys, the hashes of insert ids
//!   (twelve bytes each) and where arrivals are expected (a byte a row at most).

mod cursor;
mod order;
mod property;
mod table;
#[cfg(test)]
mod tests;

use super::file::SegmentFile;
use super::pace::{MomentRows, Pace};
use super::{Segment, Table};
use crate::codec::{DecodeError, FileId, WriteError};
use crate::model::{Arrival, Erasure, EventId};
use bytes::Bytes;
use cursor::MomentCursor;
use order::RowOrder;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use table::TableMerge;

/// Writes the rows of these segments, neighbours in order of arrival, as one segment with this identity. Answers its
/// length in bytes.
///
/// # Errors
/// When one of them is damaged, or `output` fails.
pub fn merge_segments_into(
    segments: &[Arc<Segment>],
    id: FileId,
    first_arrival: Arrival,
    output: &mut dyn io::Write,
) -> Result<u64, WriteError> {
    let mut file = SegmentFile::new(output, id, first_arrival);
    write_tables(segments, None, &mut file)?;
    file.close()
}

/// The same in memory.
///
/// # Errors
/// When one of them is damaged.
pub fn merge_segments(segments: &[Arc<Segment>], id: FileId, first_arrival: Arrival) -> Result<Bytes, DecodeError> {
    let mut file = SegmentFile::new(Vec::new(), id, first_arrival);
    write_tables(segments, None, &mut file)?;
    file.finish()
}

/// Writes the segment without what an erasure takes, with this identity; some row must stay. Answers its length in
/// bytes.
///
/// # Errors
/// When the segment is damaged, or `output` fails.
pub fn erase_segment_into(
    segment: &Arc<Segment>,
    erasure: &Erasure,
    id: FileId,
    output: &mut dyn io::Write,
) -> Result<u64, WriteError> {
    let mut file = SegmentFile::new(output, id, segment.arrivals().0);
    write_tables(std::slice::from_ref(segment), Some(erasure), &mut file)?;
    file.close()
}

/// The moments of all rows but those that an erasure takes.
struct KeptMoments<'a> {
    segments: &'a [Arc<Segment>],
    erasure: Option<&'a Erasure>,
    first_arrival: u64,
}

impl KeptMoments<'_> {
    /// Calls `take` with a table and neighbouring rows of it that are kept.
    fn visit(&self, mut take: impl FnMut(&Table<'_>, &mut MomentCursor, usize)) -> Result<(), DecodeError> {
        for table in self.segments.iter().flat_map(|segment| segment.tables()) {
            let mut moments = MomentCursor::new(table.arrivals().map_err(|error| error.in_file(table.file()))?);
            let Some(erasure) = self.erasure else {
                take(&table, &mut moments, table.rows());
                continue;
            };
            for run in RowOrder::without(&table, erasure)?.runs() {
                if run.kept { take(&table, &mut moments, run.rows) } else { moments.skip(run.rows) }
            }
        }
        Ok(())
    }
}

impl MomentRows for KeptMoments<'_> {
    fn visit_times(&self, visit: &mut dyn FnMut(i64)) -> Result<(), DecodeError> {
        self.visit(|_, moments, rows| moments.take_times(rows, &mut *visit))
    }

    fn visit_moments(&self, visit: &mut dyn FnMut(i64, u64)) -> Result<(), DecodeError> {
        self.visit(|table, moments, rows| {
            let base = table.arrival_base().raw().wrapping_sub(self.first_arrival);
            moments.take(rows, |time, arrival| visit(time, base.wrapping_add(arrival as u64)));
        })
    }
}

/// Writes the tables of these segments; an erasure is from one segment.
fn write_tables<W: io::Write>(
    segments: &[Arc<Segment>],
    erasure: Option<&Erasure>,
    file: &mut SegmentFile<W>,
) -> Result<(), DecodeError> {
    if !segments.is_empty() {
        let moments = KeptMoments { segments, erasure, first_arrival: file.first_arrival() };
        file.pace = Some(Pace::of(&moments)?);
    }
    let events: BTreeSet<EventId> =
        segments.iter().flat_map(|segment| segment.tables().map(|table| table.event())).collect();
    for event in events {
        // Why it failed is told when the file is closed.
        if file.container.has_failed() {
            break;
        }
        let tables: Vec<Table<'_>> = segments.iter().filter_map(|segment| segment.table(event)).collect();
        let order = match (erasure, &tables[..]) {
            (Some(erasure), [table]) => RowOrder::without(table, erasure)?,
            _ => RowOrder::of(&tables)?,
        };
        if order.rows() > 0 {
            TableMerge { tables, order, erasure }.write(event, file)?;
        }
    }
    Ok(())
}
