//! Trails: the events of each unit in order, from an anchor on.

use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::footprint::list_bytes;
use super::look::Look;
use super::query::{NO_UNIT, Query};
use super::row_moments::RowMoments;
use super::row_test::RowTest;
use super::scan::visit_rows;
use crate::model::{EventId, Moment};

/// Which way a trail is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the unit's first anchor to later events.
    Forward,
    /// From the unit's last anchor to earlier events.
    Backward,
}

/// One unit's trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Whose it is.
    pub unit: u32,
    /// Its events, the anchor first.
    pub events: Vec<EventId>,
}

/// A row on its way into a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TrailRow {
    unit: u32,
    moment: Moment,
    event: EventId,
    is_anchor: bool,
}

/// The trail of every unit with an anchor: up to `steps` events after it. `seen` and `anchor` are of one range;
/// anchors are among the rows seen.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub fn trails(
    query: Query<'_>,
    seen: &Look,
    anchor: &Look,
    direction: Direction,
    steps: usize,
) -> Result<Charged<Vec<Trail>>, ExecutionError> {
    let mut rows: Vec<TrailRow> = Vec::new();
    let mut rows_charge = Charge::none(query.guard);
    visit_rows(
        query,
        seen,
        |table| {
            let test = match anchor.names(table.event()) {
                true => Some(RowTest::compile(query, table, anchor.filter.as_deref())?),
                false => None,
            };
            Ok((table.event(), RowMoments::open(table)?, test))
        },
        |(event, moments, test), block, mask, buffer| {
            let anchors = test.as_ref().map(|test| test.select(block.number, block.times.len(), buffer));
            let moments = moments.decode(block.number);
            for row in mask.rows().filter(|row| block.units[*row] != NO_UNIT) {
                let is_anchor = anchors.as_ref().is_some_and(|anchors| anchors.has(row));
                rows.push(TrailRow { unit: block.units[row], moment: moments.get(row), event: *event, is_anchor });
            }
            rows_charge.set(list_bytes(&rows))
        },
    )?;
    query.guard.sort_by(&mut rows, &TrailRow::cmp)?;
    let of_unit = |rows: &[TrailRow]| -> Option<Trail> {
        let unit = rows.first()?.unit;
        let events = match direction {
            Direction::Forward => {
                let first = rows.iter().position(|row| row.is_anchor)?;
                rows[first..].iter().take(steps + 1).map(|row| row.event).collect()
            }
            Direction::Backward => {
                let last = rows.iter().rposition(|row| row.is_anchor)?;
                rows[..=last].iter().rev().take(steps + 1).map(|row| row.event).collect()
            }
        };
        Some(Trail { unit, events })
    };
    let (mut trails, mut events_bytes, mut charge) = (Vec::new(), 0, Charge::none(query.guard));
    for rows in query.guard.watch(rows.chunk_by(|a, b| a.unit == b.unit)) {
        if let Some(trail) = of_unit(rows?) {
            events_bytes += list_bytes(&trail.events);
            trails.push(trail);
            charge.set(list_bytes(&trails) + events_bytes)?;
        }
    }
    Ok(Charged::with(trails, charge))
}
