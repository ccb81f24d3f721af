//! Everything that was accepted, as input lines in order of arrival.
//!
//! Invariants:
//! - The lines, written into an empty store, make a store whose export is the same lines.
//! - A line is handed out whole or not at all: an event of which one property cannot be read is lost.
//! - Memory is bounded by a window of arrivals, whatever the size of segments.

mod calls;
mod events;
#[cfg(test)]
mod tests;

use super::error::StoreError;
use super::snapshot::Snapshot;
use crate::codec::DecodeError;
use crate::model::{Arrival, Line};
use crate::segment::Segment;
use calls::OtherLines;
use events::EventWindow;
use std::collections::HashSet;
use std::sync::Arc;

/// Events of so many arrivals are in memory at once, or fewer when they are large.
const WINDOW_ARRIVALS: u64 = 1 << 17;

/// What an export of a damaged store gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Lines that were handed out.
    pub lines: u64,
    /// Lines that are known to have been accepted and could not be told.
    pub lost: u64,
    /// What is damaged, each place once.
    pub damage: Vec<DecodeError>,
}

impl Snapshot {
    /// Calls `visit` with everything that was accepted, in order of arrival.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for the first damage that is met, or what `visit` answers.
    pub fn export<E: From<StoreError>>(&self, visit: impl FnMut(Line) -> Result<(), E>) -> Result<(), E> {
        Exporter::new(self, visit, false, WINDOW_ARRIVALS).run().map(|_| ())
    }

    /// As [`Self::export`], but goes on past damage: what cannot be told whole is left out and listed.
    ///
    /// # Errors
    /// What `visit` answers.
    pub fn export_intact<E: From<StoreError>>(&self, visit: impl FnMut(Line) -> Result<(), E>) -> Result<Salvaged, E> {
        Exporter::new(self, visit, true, WINDOW_ARRIVALS).run()
    }
}

/// What is done about damage.
struct DamageList {
    location: String,
    skips: bool,
    found: Vec<DecodeError>,
    known: HashSet<(Option<Arc<str>>, u64, String)>,
}

impl DamageList {
    /// Takes damage in, or stops.
    fn meet(&mut self, damage: DecodeError) -> Result<(), StoreError> {
        if !self.skips {
            return Err(StoreError::damaged(&self.location, damage));
        }
        if self.known.insert((damage.file.clone(), damage.offset, damage.problem.clone())) {
            self.found.push(damage);
        }
        Ok(())
    }
}

/// An export on its way.
struct Exporter<'s, V> {
    snapshot: &'s Snapshot,
    visit: V,
    window_arrivals: u64,
    lines: u64,
    damage: DamageList,
}

impl<'s, V, E> Exporter<'s, V>
where
    V: FnMut(Line) -> Result<(), E>,
    E: From<StoreError>,
{
    fn new(snapshot: &'s Snapshot, visit: V, skips: bool, window_arrivals: u64) -> Self {
        let location = snapshot.location().to_owned();
        let damage = DamageList { location, skips, found: Vec::new(), known: HashSet::new() };
        Self { snapshot, visit, window_arrivals, lines: 0, damage }
    }

    fn run(mut self) -> Result<Salvaged, E> {
        let mut others = OtherLines::new(self.snapshot, &mut self.damage)?;
        for segment in self.snapshot.segments() {
            self.segment(segment, &mut others)?;
        }
        self.others_before(Arrival::new(u64::MAX), &mut others)?;
        let held = self.snapshot.next_arrival().raw().saturating_sub(self.snapshot.erased_arrivals());
        let lost = held.saturating_sub(self.lines);
        Ok(Salvaged { lines: self.lines, lost, damage: self.damage.found })
    }

    fn segment(&mut self, segment: &'s Segment, others: &mut OtherLines<'s>) -> Result<(), E> {
        let (first, last) = segment.arrivals();
        let (mut start, end) = (first.raw(), last.raw().saturating_add(1));
        let mut size = self.window_arrivals;
        let mut rows = 0;
        while start < end {
            let window_end = start.saturating_add(size).min(end);
            let window = EventWindow::load(self.snapshot, segment, start..window_end, &mut self.damage)?;
            let Some(mut window) = window else {
                size = (size / 2).max(1);
                continue;
            };
            rows += window.rows();
            while let Some((arrival, line)) = window.next() {
                self.others_before(arrival, others)?;
                self.hand_out(line)?;
            }
            start = window_end;
        }
        // Where damage is skipped, rows of tables that cannot be read are not among them.
        if rows != segment.rows() && !self.damage.skips {
            let problem = format!("{rows} of {} rows lie within the segment's arrivals", segment.rows());
            self.damage.meet(DecodeError::new(problem, 0).in_file(segment.file()))?;
        }
        Ok(())
    }

    /// Hands out what arrived before `arrival` and is no event.
    fn others_before(&mut self, arrival: Arrival, others: &mut OtherLines<'s>) -> Result<(), E> {
        while let Some(line) = others.next_before(arrival, &mut self.damage)? {
            self.hand_out(line)?;
        }
        Ok(())
    }

    fn hand_out(&mut self, line: Result<Line, DecodeError>) -> Result<(), E> {
        match line {
            Ok(line) => {
                self.lines += 1;
                (self.visit)(line)
            }
            Err(damage) => Ok(self.damage.meet(damage)?),
        }
    }
}
