//! Helpers: threads that wait to share large work.
//!
//! They are begun when they are first wanted, for the whole process, and wait. Each has a core where it waits, and those
//! of other cores than the caller's are woken, as both would take turns on one core otherwise: Linux leaves a new or
//! woken thread on its maker's core until one of them waits or some milliseconds have passed, where idle cores of a
//! virtual machine look as if they were taken away from it. That is longer than most reports take. While a helper works
//! it may be moved as any other thread.
//!
//! Nobody waits for a helper that is busy with the work of others: who finds none does everything alone, so that no more
//! threads work than there are reports and helpers.

mod cores;

use self::cores::Core;
use crate::codec::reading;
use rayon_core::{ThreadPool, ThreadPoolBuilder};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// The most threads of one report: others want to be answered too.
const THREADS_MAX: usize = 8;

/// How many threads there are for one report at best: at least one.
pub(crate) fn threads_at_best() -> usize {
    static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));
    (*CORES).clamp(1, THREADS_MAX)
}

/// Does each part of some work, here and on helpers that are free; answers come in the order of parts. What helpers read
/// counts as read by this thread.
pub(crate) fn in_parallel<P: Sync, R: Send>(parts: &[P], work: impl Fn(&P) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take_parts = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(place) else { return done };
            done.push((place, work(part)));
        }
    };
    let (mut done, of_helpers) = share(parts.len().saturating_sub(1), take_parts, take_parts);
    done.extend(of_helpers.into_iter().flatten());
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, done)| done).collect()
}

/// Does both, the first on a helper if it `is_worth` one and one is free.
pub(crate) fn beside<A: Send, B>(is_worth: bool, first: impl Fn() -> A + Sync, second: impl FnOnce() -> B) -> (A, B) {
    let is_begun = AtomicBool::new(false);
    // Whoever comes first begins it.
    let begin_first = || (!is_begun.swap(true, Ordering::Relaxed)).then(&first);
    let ((second, here), of_helper) = share(usize::from(is_worth), begin_first, || {
        let second = second();
        (second, begin_first())
    });
    let first = here.or_else(|| of_helper.into_iter().flatten().next()).unwrap_or_else(first);
    (first, second)
}

/// Does `own` here, and `help` on as many helpers as are free and wanted; waits until all is done.
fn share<A: Send, B>(wanted: usize, help: impl Fn() -> A + Sync, own: impl FnOnce() -> B) -> (B, Vec<A>) {
    let taken = Taken::of(wanted);
    let done = Mutex::new(Vec::new());
    let help = || {
        let before = reading::so_far();
        let helped = help();
        let read = reading::so_far() - before;
        done.lock().unwrap_or_else(PoisonError::into_inner).push((helped, read));
    };
    let own = beside_all(&taken.0, &help, own);
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
    let done = done.map(|(helped, read)| {
        reading::add(read);
        helped
    });
    (own, done.collect())
}

/// Does `own` here, and `help` on each of these helpers.
fn beside_all<B>(helpers: &[&'static Helper], help: &(impl Fn() + Sync), own: impl FnOnce() -> B) -> B {
    let Some((helper, others)) = helpers.split_first() else { return own() };
    helper.pool.in_place_scope(|scope| {
        scope.spawn(|_| {
            let _away = Away::from(helper.home);
            help();
        });
        beside_all(others, help, own)
    })
}

/// See the module.
struct Helper {
    /// Where it waits; none where the system does not say.
    home: Option<Core>,
    /// Of one thread.
    pool: ThreadPool,
    is_taken: AtomicBool,
}

/// One for each core, as far as there may be so many; none where there is one core.
static HELPERS: LazyLock<Vec<Helper>> = LazyLock::new(|| {
    let count = threads_at_best();
    let mut homes: Vec<Option<Core>> = Core::all().into_iter().map(Some).collect();
    if homes.len() < count {
        homes = vec![None; count - 1];
    }
    homes.truncate(if count > 1 { count } else { 0 });
    homes.into_iter().map_while(|home| Helper::begin(home).ok()).collect()
});

impl Helper {
    fn begin(home: Option<Core>) -> Result<Self, rayon_core::ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(1)
            .thread_name(|_| "trackcrumb-help".to_owned())
            .start_handler(move |_| home.into_iter().for_each(Core::stay));
        Ok(Self { home, pool: pool.build()?, is_taken: AtomicBool::new(false) })
    }

    /// Whether it was free, and is the caller's now.
    fn take(&self) -> bool {
        !self.is_taken.swap(true, Ordering::Acquire)
    }
}

/// Helpers that nobody else has, until this is dropped.
struct Taken(Vec<&'static Helper>);

impl Taken {
    /// Up to so many, of other cores than this thread's.
    fn of(wanted: usize) -> Self {
        if wanted == 0 {
            return Self(Vec::new());
        }
        let here = Core::here();
        let others = HELPERS.iter().filter(|helper| helper.home.is_none() || helper.home != here);
        Self(others.filter(|helper| helper.take()).take(wanted).collect())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.iter().for_each(|helper| helper.is_taken.store(false, Ordering::Release));
    }
}

/// A helper at work, which may run on any core until this is dropped.
struct Away(Option<Core>);

impl Away {
    fn from(home: Option<Core>) -> Self {
        home.into_iter().for_each(Core::leave);
        Self(home)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        self.0.into_iter().for_each(Core::stay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_done_in_any_order_and_answered_in_theirs() {
        assert_eq!(in_parallel(&[3, 1, 2], |part| part * 2), [6, 2, 4]);
        assert!(in_parallel(&[], |part: &u32| *part).is_empty());
        let before = reading::so_far();
        in_parallel(&[3, 1, 2], |part| reading::decoded(*part));
        assert_eq!((reading::so_far() - before).decoded, 6);
    }

    #[test]
    fn parts_have_parts() {
        let of_part = |part: &u32| in_parallel(&[1, 2, 3], |inner| part * inner).into_iter().sum::<u32>();
        let all: Vec<u32> = (0..50).collect();
        assert_eq!(in_parallel(&all, of_part), all.iter().map(|part| part * 6).collect::<Vec<_>>());
    }

    #[test]
    fn work_that_panics_ends_as_it_would_alone() {
        for _ in 0..20 {
            let panicked = std::panic::catch_unwind(|| in_parallel(&[1, 2, 3, 4], |part| assert!(*part < 3)));
            assert!(panicked.is_err());
        }
        assert_eq!(in_parallel(&[1, 2], |part| *part), [1, 2]);
    }

    #[test]
    fn what_is_taken_is_nobody_elses_until_it_is_given_back() {
        let helper = Helper::begin(None).unwrap();
        assert!(helper.take() && !helper.take());
        let helper = Box::leak(Box::new(helper));
        drop(Taken(vec![helper]));
        assert!(helper.take());
    }

    #[test]
    fn two_things_are_done_once_each() {
        for is_worth in [true, false] {
            let begun = AtomicUsize::new(0);
            let both = beside(is_worth, || begun.fetch_add(1, Ordering::Relaxed), || "second");
            assert_eq!((both, begun.into_inner()), ((0, "second"), 1));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn helpers_wait_at_home_and_may_leave_it() {
        let Some(home) = Core::all().into_iter().last() else { return };
        let helper = Helper::begin(Some(home)).unwrap();
        let where_to = || rustix::thread::sched_getaffinity(None).unwrap().count();
        assert_eq!(helper.pool.install(where_to), 1);
        assert_eq!(helper.pool.install(Core::here), Some(home));
        let away = helper.pool.install(|| {
            let _away = Away::from(helper.home);
            where_to()
        });
        assert_eq!((away as usize, helper.pool.install(where_to)), (Core::all().len(), 1));
    }
}
