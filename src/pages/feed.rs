//! The events that arrived last, as they come.

use super::error::{PageError, damaged};
use super::recent::{Found, RecentEvent, show};
use crate::codec::DecodeError;
use crate::model::{Arrival, Moment, Timestamp};
use crate::segment::Table;
use crate::store::Snapshot;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The events that arrived last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Feed {
    /// The last to arrive first.
    pub events: Vec<RecentEvent>,
    /// What to ask for next: whatever arrives from now on has this number or a greater one.
    pub next: u64,
}

/// Up to `limit` of the events that arrived last, none of them before `since`.
///
/// # Errors
/// When the store is damaged.
pub fn feed(snapshot: &Snapshot, since: u64, limit: usize) -> Result<Feed, PageError> {
    let events = read(snapshot, Arrival::new(since), limit).map_err(damaged(snapshot))?;
    Ok(Feed { events, next: snapshot.next_arrival().raw() })
}

/// An event on its way into the feed: the last to arrive is the greatest.
type Arrived = (Arrival, Timestamp, usize, usize);

fn read(snapshot: &Snapshot, since: Arrival, limit: usize) -> Result<Vec<RecentEvent>, DecodeError> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    // The first to arrive of those kept is on top.
    let mut kept: BinaryHeap<Reverse<Arrived>> = BinaryHeap::new();
    // Segments follow one another in order of arrival.
    for segment in snapshot.segments().iter().rev() {
        if segment.arrivals().1 < since || kept.len() >= limit {
            break;
        }
        for table in segment.tables() {
            keep_last(table, tables.len(), since, limit, &mut kept)?;
            tables.push(table);
        }
    }
    let found = kept.into_sorted_vec().into_iter();
    let found: Vec<Found> =
        found.map(|Reverse((arrival, time, place, row))| (Moment { time, arrival }, place, row)).collect();
    show(snapshot, &tables, &found)
}

fn keep_last(
    table: Table<'_>,
    place: usize,
    since: Arrival,
    limit: usize,
    kept: &mut BinaryHeap<Reverse<Arrived>>,
) -> Result<(), DecodeError> {
    let (arrivals, times, base) = (table.arrivals()?, table.times()?, table.arrival_base());
    let wanted = |kept: &BinaryHeap<Reverse<Arrived>>| {
        let last = kept.peek().filter(|_| kept.len() >= limit).map_or(since, |Reverse((first, ..))| since.max(*first));
        i64::try_from(last.raw().saturating_sub(base.raw())).unwrap_or(i64::MAX)
    };
    arrivals.visit_since(wanted(kept), |row, arrival| {
        let arrival = base.plus(arrival as u64);
        let is_full = kept.len() >= limit;
        let is_late = !is_full || kept.peek().is_some_and(|Reverse((first, ..))| *first < arrival);
        if arrival >= since && is_late {
            kept.push(Reverse((arrival, Timestamp::clamped(times.get(row)), place, row)));
            if is_full {
                kept.pop();
            }
        }
        wanted(kept)
    });
    Ok(())
}
