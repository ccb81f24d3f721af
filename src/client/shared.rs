//! What the handles of a client and its one thread share: the lock, who waits for whom, and the thread's life.
//!
//! The lock is never held while the network is waited for, and not while a call is synced to the spool; it is while
//! a file of the spool is begun or read back.

use super::body::Body;
use super::error::{FlushError, SendError};
use super::options::{ClientOptions, OnProblem};
use super::post::Post;
use super::problem::Problem;
use super::queue::Entry;
use super::spool::{Spool, SpoolError};
use super::state::{ClientStats, State, Step};
use super::verdict::judge;
use crate::codec::DecodeError;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// See the module.
pub(super) struct Shared {
    held: Mutex<Held>,
    /// There may be something to send.
    work: Condvar,
    /// Something was settled and told, or the thread ended.
    progress: Condvar,
    /// A sync of the spool has ended.
    synced: Condvar,
    /// Where the spool is, if there is one.
    location: Option<String>,
    interval: Duration,
    request_timeout: Duration,
    on_problem: Option<OnProblem>,
}

struct Held {
    state: State,
    /// Gone once the client is closed.
    spool: Option<Spool>,
    /// Lines that are in the spool and not durable yet, the first to come first.
    unsynced: VecDeque<String>,
    /// All lines before this one are dealt with, and what was to be told of them is told.
    told: u64,
    /// A thread is syncing the spool; others wait for it and share the next sync.
    syncing: bool,
    has_ended: bool,
}

impl Held {
    /// Hands on the lines that have become durable. Answers whether the thread should look.
    fn admit(&mut self) -> bool {
        let Some(spool) = &self.spool else { return false };
        let durable = spool.durable().saturating_sub(self.state.queue.next()) as usize;
        let texts: Vec<String> = self.unsynced.drain(..durable.min(self.unsynced.len())).collect();
        !texts.is_empty() && self.state.push(&texts, Instant::now())
    }

    /// What a flush answers.
    fn judge(&self, is_done: bool, refused_before: u64) -> Result<(), FlushError> {
        if !is_done {
            let lines = self.state.queue.waiting();
            return Err(FlushError::Waiting { lines, reason: self.state.reason().cloned() });
        }
        match self.state.stats().refused - refused_before {
            0 => Ok(()),
            lines => Err(FlushError::Refused { lines }),
        }
    }

    fn full(&self) -> SendError {
        SendError::Full { waiting: self.state.queue.waiting(), reason: self.state.reason().cloned() }
    }
}

/// For the calls.
impl Shared {
    /// Goes on with what the spool holds, if there is one.
    pub fn new(spool: Option<Spool>, options: &ClientOptions) -> Self {
        let mut state = State::new(options);
        if let Some(spool) = &spool {
            state.resume(spool.settled(), spool.durable(), Instant::now());
        }
        let told = state.queue.settled();
        Self {
            location: spool.as_ref().map(Spool::location),
            held: Mutex::new(Held { state, spool, unsynced: VecDeque::new(), told, syncing: false, has_ended: false }),
            work: Condvar::new(),
            progress: Condvar::new(),
            synced: Condvar::new(),
            interval: options.interval,
            request_timeout: options.request_timeout,
            on_problem: options.on_problem.clone(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stats(&self) -> ClientStats {
        self.held().state.stats()
    }

    pub fn is_closing(&self) -> bool {
        self.held().state.is_closing()
    }

    pub fn has_spool(&self) -> bool {
        self.location.is_some()
    }

    /// Takes lines, all or none.
    pub fn take(&self, texts: Vec<String>) -> Result<(), SendError> {
        let mut held = self.held();
        loop {
            if held.has_ended || held.state.is_closing() {
                return Err(SendError::Closed);
            }
            // A new file begins when the one before is synced.
            let must_wait = held.syncing && held.spool.as_ref().is_some_and(Spool::is_file_full);
            if !must_wait {
                break;
            }
            held = self.synced.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        if texts.is_empty() {
            return Ok(());
        }
        let Some(spool) = &mut held.spool else {
            let bytes = texts.iter().map(|text| text.len() + 1).sum();
            if !held.state.queue.has_room(texts.len(), bytes) {
                return Err(held.full());
            }
            if held.state.push(&texts, Instant::now()) {
                self.work.notify_one();
            }
            return Ok(());
        };
        let appended = spool.append(&texts);
        let sequence = spool.appended();
        if held.admit() {
            self.work.notify_one();
        }
        match appended {
            Err(SpoolError::Full { .. }) => return Err(held.full()),
            appended => appended.map_err(SendError::Spool)?,
        }
        held.unsynced.extend(texts);
        self.wait_until_durable(held, sequence)
    }

    /// Waits until all lines before this one are durable; one of the waiting threads syncs for all.
    fn wait_until_durable<'a>(&'a self, mut held: MutexGuard<'a, Held>, sequence: u64) -> Result<(), SendError> {
        loop {
            if held.state.queue.next() >= sequence {
                return Ok(());
            }
            let Some(spool) = &held.spool else { return Err(SendError::Closed) };
            spool.check_usable().map_err(SendError::Spool)?;
            if held.syncing {
                held = self.synced.wait(held).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let Some(job) = spool.begin_sync() else { return Err(SendError::Closed) };
            held.syncing = true;
            drop(held);
            let result = job.run();
            held = self.held();
            held.syncing = false;
            self.synced.notify_all();
            if let Some(spool) = &mut held.spool {
                spool.finish_sync(&job, result).map_err(|error| SendError::Spool(error.into()))?;
            }
            if held.admit() {
                self.work.notify_one();
            }
        }
    }

    /// As [`Client::flush`](super::Client::flush).
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let mut held = self.held();
        held.state.hurry();
        let (wanted, refused) = (held.state.queue.next(), held.state.stats().refused);
        self.work.notify_one();
        let is_done = |held: &Held| held.told >= wanted;
        let held = self.wait(held, deadline(timeout), |held| is_done(held) || held.has_ended);
        held.judge(is_done(&held), refused)
    }

    /// As [`Client::close`](super::Client::close).
    pub fn close(&self, timeout: Duration) -> Result<(), FlushError> {
        let mut held = self.held();
        let end = deadline(timeout);
        held.state.close(end);
        let refused = held.state.stats().refused;
        self.work.notify_one();
        held = self.wait(held, end, |held| held.has_ended);
        while held.syncing {
            held = self.synced.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        // Calls that are still waiting for a sync have it now.
        if let Some(spool) = &mut held.spool {
            spool.sync_all();
        }
        held.admit();
        self.synced.notify_all();
        // A request that is still under way does not keep the spool from the next client.
        if let Some(spool) = held.spool.take() {
            spool.close();
        }
        held.judge(held.state.queue.waiting() == 0, refused)
    }

    fn wait<'a>(
        &self,
        held: MutexGuard<'a, Held>,
        until: Instant,
        is_done: impl Fn(&Held) -> bool,
    ) -> MutexGuard<'a, Held> {
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.progress.wait_timeout_while(held, left, |held| !is_done(held));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Tells the application.
    pub fn tell(&self, problems: &[Problem]) {
        let Some(on_problem) = &self.on_problem else { return };
        for problem in problems {
            // What the application does with it must not end the sending.
            let _ = catch_unwind(AssertUnwindSafe(|| on_problem(problem)));
        }
    }

    /// Tells the application what is damaged in the spool.
    pub fn tell_damage(&self, damage: Vec<DecodeError>) {
        let location = self.location.clone().unwrap_or_default();
        let told = damage.into_iter().map(|damage| Problem::Damaged { location: location.clone(), damage });
        self.tell(&told.collect::<Vec<_>>());
    }
}

/// For the thread.
impl Shared {
    /// The life of the thread.
    pub fn run(&self, post: &impl Post) {
        let _end = End(self);
        while let Some(batch) = self.next_batch() {
            let verdict = judge(post.post(&Body::of(&batch), self.request_timeout), batch.len());
            let mut held = self.held();
            let problems = held.state.finish(&batch, verdict, Instant::now(), chance());
            let settled = held.state.queue.settled();
            if let Some(spool) = &mut held.spool {
                spool.settle(settled);
            }
            drop(held);
            self.tell(&problems);
            drop(self.be_told());
        }
    }

    /// Whoever waits for lines to be dealt with may go on, as everything about them is told.
    fn be_told(&self) -> MutexGuard<'_, Held> {
        let mut held = self.held();
        held.told = held.state.queue.settled();
        self.progress.notify_all();
        held
    }

    /// Waits for the next batch to send. `None` at the end.
    fn next_batch(&self) -> Option<Vec<Entry>> {
        let mut held = self.held();
        loop {
            let now = Instant::now();
            held = match held.state.step(now) {
                Step::Send(batch) => return Some(batch),
                Step::End => return None,
                Step::Load(_) if held.spool.is_none() => return None,
                Step::Load(from) => self.load(held, from),
                Step::Wait(None) if held.spool.as_ref().is_some_and(Spool::is_drained) => self.rest(held),
                Step::Wait(None) => self.work.wait(held).unwrap_or_else(PoisonError::into_inner),
                Step::Wait(Some(until)) => {
                    let waited = self.work.wait_timeout(held, until - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Reads what is to be sent next from the spool.
    fn load<'a>(&'a self, mut held: MutexGuard<'a, Held>, from: u64) -> MutexGuard<'a, Held> {
        let Held { state, spool, .. } = &mut *held;
        let Some(open) = spool else { return held };
        match open.load(from) {
            Ok((loaded, damage)) => {
                state.queue.load(loaded.entries, loaded.next);
                open.settle(state.queue.settled());
                drop(held);
                self.tell_damage(damage);
                self.be_told()
            }
            Err(error) => {
                let problem = state.fail_to_load(error.to_string(), Instant::now(), chance());
                drop(held);
                self.tell(problem.as_slice());
                self.held()
            }
        }
    }

    /// When nothing has come for a while, what was delivered leaves the disk.
    fn rest<'a>(&'a self, held: MutexGuard<'a, Held>) -> MutexGuard<'a, Held> {
        let waited = self.work.wait_timeout(held, self.interval);
        let (mut held, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out()
            && let Some(spool) = &mut held.spool
        {
            spool.clear();
        }
        held
    }
}

/// Tells everyone that the thread has ended, however it did.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.held().has_ended = true;
        self.0.progress.notify_all();
    }
}

/// The moment after this time; far away where it is longer than clocks go.
fn deadline(timeout: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);
    Instant::now() + timeout.min(FAR)
}

/// A random number of [0, 1); the middle where there are none.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / (f64::from(u32::MAX) + 1.0))
}
