//! Helpers: threads that wait to share large work.
//!
//! They are begun when they are first wanted, for the whole process, and wait. Each has a core where it waits, and those
//! of other cores than the caller's are woken, as both would take turns on one core otherwise: Linux leaves a new or
//! woken thread on its maker's core until one of them waits or some milliseconds have passed, where idle cores of a
//! virtual machine look as if they were taken away from it. That is longer than most reports take. While a helper works
//! it may be moved as any other thread.
//!
//! Nobody waits for a helper that is busy with the work of others: who finds none does everything alone, so that no more
//! threads work than there are reports, logs that are sealed, and helpers.

mod cores;

use self::cores::Core;
use crate::codec::reading::{self, BytesRead};
use rayon_core::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// The most threads of one report, or of one log that is sealed: others want to be answered too.
const THREADS_MAX: usize = 8;

/// How many threads there are for one report at best: at least one.
pub(crate) fn threads_at_best() -> usize {
    CORES.threads
}

/// Does each part of some work on so many threads: here, and on helpers, as far as they are free. Answers come in the
/// order of parts. What helpers read counts as read by this thread.
pub(crate) fn in_parallel<P: Sync, R: Send>(threads: usize, parts: &[P], work: impl Fn(&P) -> R + Sync) -> Vec<R> {
    share(threads.min(parts.len()).saturating_sub(1), parts, work, || ()).0
}

/// The same beside `own`, which is done here before any part is.
pub(crate) fn beside<P: Sync, R: Send, B>(
    threads: usize,
    parts: &[P],
    work: impl Fn(&P) -> R + Sync,
    own: impl FnOnce() -> B,
) -> (Vec<R>, B) {
    share(threads.saturating_sub(1).min(parts.len()), parts, work, own)
}

/// Does `own` here, then parts; and parts on as many helpers as are free and wanted. Waits until all is done.
fn share<P: Sync, R: Send, B>(
    wanted: usize,
    parts: &[P],
    work: impl Fn(&P) -> R + Sync,
    own: impl FnOnce() -> B,
) -> (Vec<R>, B) {
    let next = AtomicUsize::new(0);
    let take_parts = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(place) else { return done };
            done.push((place, work(part)));
        }
    };
    let of_helpers = Mutex::new((Vec::new(), BytesRead::default()));
    let help = || {
        let before = reading::so_far();
        let done = take_parts();
        let read = reading::so_far() - before;
        let mut of_helpers = of_helpers.lock().unwrap_or_else(PoisonError::into_inner);
        of_helpers.0.extend(done);
        of_helpers.1 = of_helpers.1 + read;
    };
    let taken = Taken::of(wanted);
    let (own, mut done) = beside_all(&taken.0, &help, || (own(), take_parts()));
    let (of_helpers, read) = of_helpers.into_inner().unwrap_or_else(PoisonError::into_inner);
    reading::add(read);
    done.extend(of_helpers);
    done.sort_unstable_by_key(|(place, _)| *place);
    (done.into_iter().map(|(_, done)| done).collect(), own)
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

/// What this process may use, as it was when it was first asked for.
struct Cores {
    /// The most threads of one report.
    threads: usize,
    /// So many cores, the one that asked first; none where the system does not say, or there is one.
    homes: Vec<Core>,
}

static CORES: LazyLock<Cores> = LazyLock::new(|| {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
    let mut homes = if threads > 1 { Core::all() } else { Vec::new() };
    if let Some(here) = homes.iter().position(|home| Some(*home) == Core::here()) {
        homes.rotate_left(here);
    }
    homes.truncate(threads);
    Cores { threads, homes }
});

/// See the module.
struct Helper {
    /// Where it waits; none where the system does not say.
    home: Option<Core>,
    /// Of one thread.
    pool: ThreadPool,
    is_taken: AtomicBool,
}

/// One for each core, as each may be the caller's; none where there is one core.
static HELPERS: LazyLock<Vec<Helper>> = LazyLock::new(|| {
    let known = CORES.homes.iter().copied().map(Some);
    let unknown = if CORES.homes.is_empty() { CORES.threads - 1 } else { 0 };
    known.chain((0..unknown).map(|_| None)).map_while(|home| Helper::begin(home).ok()).collect()
});

impl Helper {
    fn begin(home: Option<Core>) -> Result<Self, ThreadPoolBuildError> {
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
        // A thread of a pool, ours or that of who embeds us, would do other work of its pool while it waits, and that may
        // want what this one holds. Those of the pool are cores enough.
        if wanted == 0 || rayon_core::current_thread_index().is_some() {
            return Self(Vec::new());
        }
        let here = Core::here();
        let others = HELPERS.iter().filter(|helper| helper.home.is_none() || helper.home != here);
        Self(others.filter(|helper| helper.take()).take(wanted.min(threads_at_best() - 1)).collect())
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
        if let Some(home) = self.0 {
            // Next, so that nobody waits for the way home.
            rayon_core::spawn(move || home.stay());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_done_in_any_order_and_answered_in_theirs() {
        assert_eq!(in_parallel(2, &[3, 1, 2], |part| part * 2), [6, 2, 4]);
        assert!(in_parallel(2, &[], |part: &u32| *part).is_empty());
        let before = reading::so_far();
        in_parallel(2, &[3, 1, 2], |part| reading::decoded(*part));
        assert_eq!((reading::so_far() - before).decoded, 6);
    }

    #[test]
    fn parts_have_parts() {
        let of_part = |part: &u32| in_parallel(2, &[1, 2, 3], |inner| part * inner).into_iter().sum::<u32>();
        let all: Vec<u32> = (0..50).collect();
        assert_eq!(in_parallel(8, &all, of_part), all.iter().map(|part| part * 6).collect::<Vec<_>>());
    }

    #[test]
    fn work_that_panics_ends_as_it_would_alone() {
        for _ in 0..20 {
            let panicked = std::panic::catch_unwind(|| in_parallel(2, &[1, 2, 3, 4], |part| assert!(*part < 3)));
            assert!(panicked.is_err());
        }
        assert_eq!(in_parallel(2, &[1, 2], |part| *part), [1, 2]);
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
    fn all_parts_are_done_beside_something_else() {
        for threads in [1, 2, 8] {
            assert_eq!(beside(threads, &[3, 1, 2], |part| part * 2, || "own"), (vec![6, 2, 4], "own"));
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
