//! What a property of users or keys says, now and along time: folded once for a report, then looked up by number.

use super::charge::{Charge, Charged};
use super::error::ExecutionError;
use super::footprint::{Footprint, list_bytes};
use super::path_history::PathHistory;
use super::query::{Query, Units};
use super::unit_runs::RowTimes;
use crate::model::{Moment, Value};
use roaring::RoaringBitmap;
use std::ops::Range;

/// A value for each user (under its shown id) or key, after each of the calls that changed it.
#[derive(Debug)]
pub(super) struct HolderValues<T> {
    /// What holds before its first call, and for those without calls.
    before: T,
    /// The changes of holder h are `changes[starts[h]..starts[h + 1]]`.
    starts: Vec<u32>,
    changes: Vec<Change<T>>,
    _charge: Charge,
}

/// From a moment on, another value.
#[derive(Clone, Copy, Debug)]
struct Change<T> {
    moment: Moment,
    value: T,
}

/// A value of a holder, and the times between which nothing changes it; at these times themselves arrival decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<T> {
    holder: u32,
    after_micros: i64,
    before_micros: i64,
    value: T,
}

impl<T: Copy + PartialEq> HolderValues<T> {
    /// Folds the calls of all users, or of all keys of a type. `of` says what the value at `path` means; it gets
    /// `None` where the property is absent.
    pub fn fold(
        query: Query<'_>,
        holders: Units,
        path: &str,
        mut of: impl FnMut(Option<&Value>) -> T,
    ) -> Result<Self, ExecutionError> {
        let count = query.counting(holders).unit_count() as usize;
        let history = PathHistory::read(query, holders, path)?;
        let before = of(None);
        let mut charge = Charge::of(query.guard, (count + 1) * size_of::<u32>())?;
        let mut starts = vec![0; count + 1];
        let mut changes: Vec<Change<T>> = Vec::new();
        // What values mean is asked once, where they have a place.
        let _of_meanings = Charge::of(query.guard, history.places() * size_of::<Option<T>>())?;
        let mut meanings: Vec<Option<T>> = vec![None; history.places()];
        let (mut of_folded, mut last) = (Charge::none(query.guard), (None, before));
        history.visit(query, |now| {
            let value = match (now.place.and_then(|place| meanings.get_mut(place)), now.value) {
                (Some(meaning), value) => *meaning.get_or_insert_with(|| of(value)),
                (None, None) => before,
                (None, Some(value)) => {
                    // `of` may keep what it gets.
                    of_folded.add(size_of::<Value>() + value.footprint())?;
                    of(Some(value))
                }
            };
            if last.0 != Some(now.holder) {
                last = (Some(now.holder), before);
            }
            if value != last.1 {
                changes.push(Change { moment: now.moment, value });
                last.1 = value;
                charge.set(list_bytes(&starts) + list_bytes(&changes))?;
            }
            if let Some(end) = starts.get_mut(now.holder as usize + 1) {
                *end = changes.len() as u32;
            }
            Ok(())
        })?;
        // Holders without calls begin and end where the one before ends.
        for holder in 1..starts.len() {
            starts[holder] = starts[holder].max(starts[holder - 1]);
        }
        Ok(Self { before, starts, changes, _charge: charge })
    }

    fn changes_of(&self, holder: u32) -> &[Change<T>] {
        let at = |holder: usize| self.starts.get(holder).map(|start| *start as usize);
        match (at(holder as usize), at(holder as usize + 1)) {
            (Some(start), Some(end)) => &self.changes[start..end],
            _ => &[],
        }
    }

    /// What a holder has before its first call.
    pub fn at_first(&self) -> T {
        self.before
    }

    /// The changes of a holder in order: from when on, in microseconds, and the value.
    pub fn steps(&self, holder: u32) -> impl Iterator<Item = (i64, T)> {
        self.changes_of(holder).iter().map(|change| (change.moment.time.micros(), change.value))
    }

    /// The value now; of no holder, what an absent property says.
    pub fn now(&self, holder: u32) -> T {
        self.changes_of(holder).last().map_or(self.before, |change| change.value)
    }

    /// The value in force for an event: after the calls that are before it in order. Events of a holder mostly come in
    /// order, so that `known`, the value of the event before, is often the one.
    #[inline]
    pub fn at_event(
        &self,
        known: &mut Option<Known<T>>,
        holder: u32,
        time_micros: i64,
        moment: impl FnOnce() -> Moment,
    ) -> T {
        if let Some(known) = known
            && known.holder == holder
            && known.after_micros < time_micros
            && time_micros < known.before_micros
        {
            return known.value;
        }
        let found = self.find_at_event(holder, time_micros, moment);
        *known = Some(found);
        found.value
    }

    fn find_at_event(&self, holder: u32, time_micros: i64, moment: impl FnOnce() -> Moment) -> Known<T> {
        let changes = self.changes_of(holder);
        let mut past = changes.partition_point(|change| change.moment.time.micros() < time_micros);
        // Only at one time does the arrival decide, which takes longer to read.
        if changes.get(past).is_some_and(|change| change.moment.time.micros() == time_micros) {
            let event = moment();
            past += changes[past..].partition_point(|change| change.moment < event);
        }
        let last = past.checked_sub(1).and_then(|last| changes.get(last));
        Known {
            holder,
            after_micros: last.map_or(i64::MIN, |change| change.moment.time.micros()),
            before_micros: changes.get(past).map_or(i64::MAX, |change| change.moment.time.micros()),
            value: last.map_or(self.before, |change| change.value),
        }
    }

    /// Calls `visit` with rows of a holder that are in order, those with one value in force at a time, and the value.
    pub fn visit_in_force(
        &self,
        holder: u32,
        rows_times: &RowTimes,
        rows: Range<usize>,
        mut visit: impl FnMut(T, Range<usize>),
    ) {
        let (times, mut value, mut start) = (&rows_times.times, self.before, rows.start);
        if rows.is_empty() {
            return;
        }
        // With no change among the table's times, none needs to be read.
        let (changes, (earliest, latest)) = (self.changes_of(holder), rows_times.bounds);
        match (changes.first(), changes.last()) {
            (None, _) => return visit(value, rows),
            (_, Some(change)) if change.moment.time.micros() < earliest => return visit(change.value, rows),
            (Some(change), _) if change.moment.time.micros() > latest => return visit(value, rows),
            _ => {}
        }
        let (mut first, mut last) = (times.get(rows.start), None);
        for change in changes {
            // Most changes are before the first row, or after the last.
            let at = change.moment.time.micros();
            let mut end = start;
            if at > first {
                if at > *last.get_or_insert_with(|| times.get(rows.end - 1)) {
                    break;
                }
                end = times.lower_bound_in(start..rows.end, at);
            }
            // Of events at the time of the change, arrival tells which came before.
            while at >= first && end < rows.end && times.get(end) <= at && rows_times.moment(end) < change.moment {
                end += 1;
            }
            if start < end {
                visit(value, start..end);
                if end == rows.end {
                    return;
                }
                first = times.get(end);
            }
            (value, start) = (change.value, end);
        }
        visit(value, start..rows.end);
    }

    /// The value after the changes that are past.
    fn after(&self, holder: u32, is_past: impl Fn(Moment) -> bool) -> T {
        let changes = self.changes_of(holder);
        let past = changes.partition_point(|change| is_past(change.moment));
        past.checked_sub(1).map_or(self.before, |last| changes[last].value)
    }

    /// The value after the calls before an instant, in microseconds.
    pub fn before_instant(&self, holder: u32, instant_micros: i64) -> T {
        self.after(holder, |moment| moment.time.micros() < instant_micros)
    }
}

/// The holders among `all` (users under their shown ids, or keys: what the query counts) whose property now passes.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub fn holders_passing(
    query: Query<'_>,
    all: &RoaringBitmap,
    path: &str,
    passes: impl Fn(Option<&Value>) -> bool,
) -> Result<Charged<RoaringBitmap>, ExecutionError> {
    let values = HolderValues::fold(query, query.units, path, passes)?;
    Ok(Charged::collect(query.guard, all.iter().map(|holder| values.now(holder).then_some(holder)))?)
}
