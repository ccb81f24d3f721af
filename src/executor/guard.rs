//! What an execution asks whether it may go on.

use super::charge::Account;
use super::limits::{Cancel, Limits, Stop};
use std::cell::Cell;
use std::cmp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Small pieces of work between two checks.
const TICKS: u32 = 1024;
/// Checks between two looks at the clock, which takes longer than the rest of a check.
const CHECKS: u32 = 4;
/// So many rows are worth another thread, which takes some 10 to 100 microseconds to wake.
const THREAD_ROWS: usize = 1 << 17;
/// How many things are sorted at one go where that may be stopped.
pub(super) const SORTED_MAX: usize = 1 << 17;

thread_local! {
    /// Ticks of this thread, whatever it works on: threads that share an execution would wait for one another.
    static TICKED: Cell<u32> = const { Cell::new(0) };
}

/// Watches over the limits of one execution, on all of its threads.
#[derive(Debug)]
pub struct Guard {
    deadline: Option<Instant>,
    cancel: Option<Cancel>,
    checks: AtomicU32,
    thread_rows: usize,
    pub(super) account: Arc<Account>,
}

impl Guard {
    /// A guard of these limits; time counts from now on.
    pub fn new(limits: &Limits) -> Self {
        Self {
            // A time beyond all clocks is none.
            deadline: limits.time.and_then(|time| Instant::now().checked_add(time)),
            cancel: limits.cancel.clone(),
            checks: AtomicU32::new(0),
            thread_rows: limits.thread_rows.unwrap_or(THREAD_ROWS).max(1),
            account: Arc::new(Account::new(limits.bytes)),
        }
    }

    /// How many rows are worth another thread; at least 1.
    pub(super) fn thread_rows(&self) -> usize {
        self.thread_rows
    }

    /// The most bytes that were charged at a time.
    pub fn peak_bytes(&self) -> u64 {
        self.account.peak_bytes()
    }

    /// Whether the execution may go on: asked for every block of rows, every set, and all else that takes about as long.
    ///
    /// # Errors
    /// When it may not.
    #[inline]
    pub fn check(&self) -> Result<(), Stop> {
        if self.may_stop() { self.look() } else { Ok(()) }
    }

    fn may_stop(&self) -> bool {
        self.deadline.is_some() || self.cancel.is_some()
    }

    fn look(&self) -> Result<(), Stop> {
        if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(Stop::Cancelled);
        }
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks.is_multiple_of(CHECKS) && self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Stop::Time);
        }
        Ok(())
    }

    /// The same, asked for every row, call or unit: checks once in a thousand times.
    ///
    /// # Errors
    /// When the execution may not go on.
    #[inline]
    pub fn tick(&self) -> Result<(), Stop> {
        let ticks = TICKED.with(|ticked| {
            ticked.set(ticked.get().wrapping_add(1));
            ticked.get()
        });
        if ticks.is_multiple_of(TICKS) { self.check() } else { Ok(()) }
    }

    /// Ticks before each item.
    pub fn watch<I: IntoIterator>(&self, items: I) -> impl Iterator<Item = Result<I::Item, Stop>> {
        items.into_iter().map(|item| self.tick().map(|()| item))
    }

    /// Whether so many things are to be sorted at one go, by whatever means; others by [`Self::sort_by`].
    pub(super) fn sorts_at_once(&self, count: usize) -> bool {
        count <= SORTED_MAX || !self.may_stop()
    }

    /// Sorts, and checks now and then. `compare` should tell all apart whose order matters.
    ///
    /// # Errors
    /// When the execution may not go on; the order is then any.
    pub fn sort_by<T>(&self, items: &mut [T], compare: &impl Fn(&T, &T) -> cmp::Ordering) -> Result<(), Stop> {
        self.check()?;
        if self.sorts_at_once(items.len()) {
            items.sort_unstable_by(compare);
            return Ok(());
        }
        if items.is_sorted_by(|a, b| compare(a, b).is_le()) {
            return Ok(());
        }
        let middle = items.len() / 2;
        items.select_nth_unstable_by(middle, compare);
        let (low, high) = items.split_at_mut(middle);
        self.sort_by(low, compare)?;
        self.sort_by(high, compare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn no_time_is_over_at_the_first_check_and_all_time_never() {
        let guard = |time| Guard::new(&Limits { time, ..Limits::default() });
        assert_eq!(guard(Some(Duration::ZERO)).check(), Err(Stop::Time));
        assert_eq!(guard(Some(Duration::MAX)).check(), Ok(()));
        assert_eq!(guard(None).check(), Ok(()));
    }

    #[test]
    fn what_is_called_off_ends_within_a_thousand_ticks() {
        let cancel = Cancel::default();
        let guard = Guard::new(&Limits { cancel: Some(cancel.clone()), ..Limits::default() });
        assert_eq!(guard.watch(0..5000).count(), 5000);
        cancel.cancel();
        assert_eq!(guard.check(), Err(Stop::Cancelled));
        let watched = guard.watch(0..5000).take_while(Result::is_ok).count();
        assert!(watched < TICKS as usize, "{watched}");
    }

    #[test]
    fn many_things_are_sorted_as_few_are() {
        let guard = Guard::new(&Limits { cancel: Some(Cancel::default()), ..Limits::default() });
        let mixed = |place: u64| place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let mut items: Vec<u64> = (0..3 * SORTED_MAX as u64 + 5).map(mixed).collect();
        let mut expected = items.clone();
        expected.sort_unstable();
        guard.sort_by(&mut items, &u64::cmp).unwrap();
        assert!(items == expected);
    }
}
