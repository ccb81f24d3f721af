//! What all requests share.

use super::body::Budget;
use super::keys::{KeyError, KeyStorage, Keys};
use super::limits::{BODIES_BYTES_MAX, READS_WAITING_MAX, WRITES_MAX, WRITES_WAITING_MAX};
use super::metrics::Metrics;
use super::problem::Problem;
use super::workers::Workers;
use crate::Store;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// For so long keys are taken as they were read.
const KEYS_FRESH: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Shared {
    pub store: Store,
    pub keys: LiveKeys,
    /// Names under which it may be asked while no keys are needed, beside those of this machine itself.
    pub hosts: Vec<String>,
    pub report_time_max: Duration,
    pub metrics: Metrics,
    pub bodies: Budget,
    pub writing: Workers,
    pub reading: Workers,
    /// Why the process must end.
    fatal: watch::Sender<Option<String>>,
}

/// A handle to it.
pub(super) type App = Arc<Shared>;

impl Shared {
    pub fn new(store: Store, keys: LiveKeys, hosts: Vec<String>, report_time_max: Duration) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            store,
            keys,
            hosts,
            report_time_max,
            metrics: Metrics::default(),
            bodies: Budget::new(BODIES_BYTES_MAX),
            writing: Workers::new(WRITES_MAX, WRITES_WAITING_MAX),
            reading: Workers::new(cores.max(2), READS_WAITING_MAX),
            fatal: watch::Sender::default(),
        }
    }

    /// Hands a problem on; one after which nothing more can be acknowledged also ends the process.
    pub fn judge(&self, problem: Problem) -> Problem {
        if problem.is_failed_sync() {
            self.fatal.send_replace(Some(problem.to_string()));
        }
        problem
    }

    /// Tells when the process must end.
    pub fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.fatal.subscribe()
    }
}

/// The keys as the file has them, read again now and then.
pub(super) struct LiveKeys {
    storage: KeyStorage,
    /// Whether a key is needed though there may be none.
    always_needed: bool,
    read: Mutex<Option<(Instant, Arc<Keys>)>>,
}

impl LiveKeys {
    pub fn new(storage: KeyStorage, always_needed: bool) -> Self {
        Self { storage, always_needed, read: Mutex::default() }
    }

    /// The keys that a request must show one of; `None` when it needs none.
    pub fn needed(&self) -> Result<Option<Arc<Keys>>, KeyError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = match &*read {
            Some((at, keys)) if at.elapsed() < KEYS_FRESH => Arc::clone(keys),
            _ => {
                // Where they cannot be read, nobody is let in.
                let keys = Arc::new(Keys::read(&*self.storage)?);
                *read = Some((Instant::now(), Arc::clone(&keys)));
                keys
            }
        };
        Ok((self.always_needed || !keys.entries.is_empty()).then_some(keys))
    }
}
