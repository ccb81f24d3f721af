//! What several tests share: a clock that a test sets, and stores filled from generated histories.

pub mod counting;

use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use trackcrumb::codec::FileId;
use trackcrumb::files::sim::SimDisk;
use trackcrumb::input::{parse_line, write_line};
use trackcrumb::model::Timestamp;
use trackcrumb::store::{Environment, Options, Outcome, Snapshot, Store, StoreError};

/// A clock that stands where the test puts it, and identities that count up.
#[derive(Debug, Default)]
pub struct TestEnvironment {
    now_us: AtomicI64,
    next: AtomicU64,
}

impl TestEnvironment {
    /// Puts the clock.
    pub fn set_now(&self, micros: i64) {
        self.now_us.store(micros, Ordering::Relaxed);
    }
}

impl Environment for TestEnvironment {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(self.now_us.load(Ordering::Relaxed))
    }

    fn file_id(&self) -> FileId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        FileId(id)
    }
}

/// How a history comes into a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Lines in a batch, at most.
    pub batch: usize,
    /// The log is sealed after this many batches; 0 is never.
    pub seal_every: usize,
    /// The store is closed and opened again after this many batches; 0 is never.
    pub reopen_every: usize,
}

/// A store on a simulated disk, with what became of each line of a history.
pub struct Filled {
    pub store: Store,
    pub disk: SimDisk,
    pub outcomes: Vec<Outcome>,
    pub environment: Arc<TestEnvironment>,
}

fn open(disk: &SimDisk, environment: &Arc<TestEnvironment>) -> Store {
    let options = Options { merge_width: 3, ..Options::default() };
    Store::open_storage(Arc::new(disk.clone()), environment.clone(), options).unwrap()
}

/// Fills a store with a history: lines, each with the time of its arrival in microseconds.
pub fn fill(history: &[(Value, i64)], arrivals: Arrivals) -> Filled {
    let mut filled = Filled::empty();
    filled.add(history, arrivals);
    filled
}

impl Filled {
    /// A store without anything.
    pub fn empty() -> Self {
        let disk = SimDisk::new();
        let environment = Arc::new(TestEnvironment::default());
        Self { store: open(&disk, &environment), disk, outcomes: Vec::new(), environment }
    }

    /// Closes the store and opens it again.
    pub fn reopen(&mut self) {
        // The first must be closed before the second is opened.
        let spare = Self::empty().store;
        drop(std::mem::replace(&mut self.store, spare));
        self.store = open(&self.disk, &self.environment);
    }

    /// Adds more of the history.
    pub fn add(&mut self, history: &[(Value, i64)], arrivals: Arrivals) {
        let mut batches = 0;
        let mut rest = history;
        while let Some((_, arrival_us)) = rest.first() {
            // One batch arrives at one time.
            let same_time = rest.iter().take_while(|(_, other)| other == arrival_us).count();
            let (batch, after) = rest.split_at(same_time.min(arrivals.batch.max(1)));
            rest = after;
            self.environment.set_now(*arrival_us);
            let parsed: Vec<_> = batch.iter().map(|(line, _)| parse_line(line.to_string().as_bytes())).collect();
            let lines: Vec<_> = parsed.iter().filter_map(|line| line.clone().ok()).collect();
            let mut written = self.store.write(lines).unwrap().outcomes.into_iter();
            self.outcomes.extend(parsed.into_iter().map(|line| match line {
                Ok(_) => written.next().unwrap(),
                Err(refusal) => Outcome::Refused(refusal.into()),
            }));
            batches += 1;
            if arrivals.seal_every > 0 && batches % arrivals.seal_every == 0 {
                self.store.seal().unwrap();
            }
            if arrivals.reopen_every > 0 && batches % arrivals.reopen_every == 0 {
                self.reopen();
            }
        }
    }
}

/// Every line of a store, in order of arrival.
pub fn exported(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    let export = snapshot.export::<StoreError>(|line| {
        let mut text = String::new();
        write_line(&line, &mut text);
        lines.push(text);
        Ok(())
    });
    export.unwrap();
    lines
}

/// The same, read as JSON.
pub fn exported_json(snapshot: &Snapshot) -> Vec<Value> {
    exported(snapshot).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}
