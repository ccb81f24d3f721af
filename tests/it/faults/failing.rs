//! T3: calls of the disk fail, once or for ever.
//!
//! Nothing panics; what was acknowledged stays and what was refused is not there; a store works again once the trouble
//! is over, unless a sync failed: then it takes nothing more until it is opened anew.

use super::history::{History, Model, Step};
use super::oracle::{View, check};
use super::run::{Life, Progress, open, same_fates, write};
use std::sync::atomic::{AtomicU64, Ordering};
use trackcrumb::Store;
use trackcrumb::files::Operation;
use trackcrumb::files::sim::{FailAt, Fault, LossPolicy, Repeat, SimDisk};
use trackcrumb::store::StoreError;

/// How many failing calls are tried.
const FAILURES: u64 = 5_000;

/// One way in which a call fails.
#[derive(Clone, Copy, Debug)]
struct Failure {
    call: u64,
    fault: Fault,
    repeat: Repeat,
}

/// A history on a disk that fails.
struct Trial {
    disk: SimDisk,
    failure: Failure,
    life: u64,
    /// What is acknowledged.
    model: Model,
    /// What may be there as well: a step whose sync failed.
    doubtful: Option<Model>,
}

impl Trial {
    fn new(failure: Failure) -> Self {
        let disk = SimDisk::new();
        disk.fail_plan(FailAt::Call(failure.call), failure.fault, failure.repeat);
        Self { disk, failure, life: 0, model: Model::default(), doubtful: None }
    }

    /// Whether a sync was among the calls that failed.
    fn sync_failed(&self) -> bool {
        let repeated = self.failure.repeat == Repeat::ForEver;
        let is_ours = |number| if repeated { number >= self.failure.call } else { number == self.failure.call };
        let harmless = match self.failure.fault {
            Fault::ShortTransfer => true,
            Fault::Interrupted => !repeated,
            _ => false,
        };
        let is_sync = |operation| matches!(operation, Operation::Sync | Operation::SyncDirectory);
        !harmless && self.disk.log().iter().any(|call| is_ours(call.number) && is_sync(call.operation))
    }

    /// The process starts again, on a disk that is sound.
    fn restart(&mut self) -> Result<Store, String> {
        self.disk = self.disk.kill_image();
        self.open()
    }

    fn open(&mut self) -> Result<Store, String> {
        self.life += 1;
        let mut opened = open(&self.disk, &Life::new(self.life));
        if opened.is_err() {
            // Whatever failed, the next process finds everything.
            self.disk = self.disk.kill_image();
            self.life += 1;
            opened = open(&self.disk, &Life::new(self.life));
        }
        let store = opened.map_err(|error| format!("cannot open: {error}"))?;
        let found = view(&store)?;
        if let Some(doubtful) = self.doubtful.take().filter(|doubtful| is(&found, doubtful)) {
            self.model = doubtful;
        }
        if is(&found, &self.model) { Ok(store) } else { Err("something else is there after opening".to_owned()) }
    }

    /// What the disk holds if the power goes now.
    fn check_power_loss(&self, policies: &[LossPolicy]) -> Result<(), String> {
        let mut history = History { steps: Vec::new(), marks: Vec::new() };
        history.marks.push(self.model.mark.clone());
        if let Some(doubtful) = &self.doubtful {
            history.marks.push(doubtful.mark.clone());
        }
        let progress = Progress { acknowledged: 0, begun: history.marks.len() - 1 };
        for policy in policies {
            check(&self.disk.crash_image(*policy, self.failure.call), &history, progress, 0)
                .map_err(|problem| format!("after {policy:?}: {problem}"))?;
        }
        Ok(())
    }

    fn take_steps(&mut self, steps: &[Step]) -> Result<(), String> {
        let mut store = self.open()?;
        for step in steps {
            store = match step {
                Step::Kill => self.restart()?,
                Step::Reopen => {
                    let closed = store.close();
                    if closed.is_err() { self.restart()? } else { self.open()? }
                }
                Step::Seal | Step::Compact => match tidy(&store, step) {
                    Ok(()) => store,
                    Err(_) => self.after_failure(store, step, None)?,
                },
                _ => {
                    let mut model = self.model.clone();
                    let expected = model.take(step);
                    match write(&store, step) {
                        Ok(said) if same_fates(step, &said, &expected) => {
                            self.model = model;
                            store
                        }
                        Ok(said) => return Err(format!("{said:?} was said of {expected:?}")),
                        Err(_) => self.after_failure(store, step, Some(model))?,
                    }
                }
            };
        }
        if !is(&view(&store)?, &self.model) {
            return Err("something else is there in the end".to_owned());
        }
        if store.close().is_err() {
            self.restart()?.close().map_err(|error| format!("cannot close: {error}"))?;
        }
        self.check_power_loss(&[LossPolicy::AllLost])
    }

    /// A step was refused; `after` is what it would have led to. Answers the store to go on with.
    fn after_failure(&mut self, store: Store, step: &Step, after: Option<Model>) -> Result<Store, String> {
        // Reading goes on.
        if !is(&view(&store)?, &self.model) {
            return Err("what was refused is there".to_owned());
        }
        let again = || match step {
            Step::Seal | Step::Compact => tidy(&store, step).map(|()| Vec::new()),
            _ => write(&store, step),
        };
        if self.sync_failed() {
            if !matches!(again(), Err(StoreError::Poisoned { .. })) {
                return Err("a sync failed, and the store takes more".to_owned());
            }
            self.doubtful = after;
            self.check_power_loss(&[LossPolicy::AllLost, LossPolicy::AllKept, LossPolicy::NewestOnly])?;
            drop(store);
            return self.restart();
        }
        self.disk.clear_faults();
        again().map_err(|error| format!("not even when the trouble is over: {error}"))?;
        self.model = after.unwrap_or_else(|| self.model.clone());
        Ok(store)
    }
}

/// Does a step that changes no answer.
fn tidy(store: &Store, step: &Step) -> Result<(), StoreError> {
    if matches!(step, Step::Compact) { store.compact(|_| ()).map(|_| ()) } else { store.seal() }
}

fn view(store: &Store) -> Result<View, String> {
    let snapshot = store.snapshot().map_err(|error| format!("no snapshot: {error}"))?;
    View::of(&snapshot).map_err(|error| format!("a snapshot: {error}"))
}

fn is(view: &View, model: &Model) -> bool {
    view.lines == model.lines && view.declared == model.mark.declared && view.only_declared == model.mark.only_declared
}

/// The failures of one call.
fn failures(call: u64) -> impl Iterator<Item = Failure> {
    let repeats = [Repeat::Once, Repeat::ForEver];
    Fault::ALL.into_iter().flat_map(move |fault| repeats.map(|repeat| Failure { call, fault, repeat }))
}

#[test]
fn t3_a_call_that_fails_loses_nothing() {
    let tried = AtomicU64::new(0);
    let next_seed = AtomicU64::new(100);
    let work = || {
        while tried.load(Ordering::Relaxed) < FAILURES {
            let seed = next_seed.fetch_add(1, Ordering::Relaxed);
            let steps = History::from_seed(seed).steps;
            let calls = super::run::run(&History::new(steps.clone()), Default::default()).calls;
            for failure in (1..=calls).flat_map(failures) {
                let tried = tried.fetch_add(1, Ordering::Relaxed);
                if tried >= FAILURES {
                    break;
                }
                Trial::new(failure)
                    .take_steps(&steps)
                    .unwrap_or_else(|problem| panic!("seed {seed}, {failure:?}: {problem}"));
            }
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work();
        other.join().unwrap();
    });
    assert!(tried.into_inner() >= FAILURES);
}
