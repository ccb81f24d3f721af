//! What all requests share.

use super::body::Budget;
use super::limits::{BODIES_BYTES_MAX, READS_WAITING_MAX, WRITES_MAX, WRITES_WAITING_MAX, WRITING_BYTES_MAX};
use super::metrics::Metrics;
use super::problem::Problem;
use super::serve::Settings;
use super::workers::Workers;
use super::workspaces::Workspaces;
use crate::reports::Limits;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::watch;

/// See the module.
#[derive(Debug)]
pub(super) struct Shared {
    pub workspaces: Arc<Workspaces>,
    /// Whether it listens where only this machine reaches it.
    pub is_private: bool,
    /// Names under which it may be asked, beside those of this machine itself.
    pub hosts: Vec<String>,
    pub report_time_max: Duration,
    /// In bytes.
    pub report_bytes_max: u64,
    pub metrics: Metrics,
    /// Memory of bodies as they are sent.
    pub bodies: Budget,
    /// Memory of bodies that are being unpacked, read and written.
    pub unpacked: Budget,
    pub writing: Workers,
    pub reading: Workers,
    /// Why the process must end.
    fatal: watch::Sender<Option<String>>,
}

/// A handle to it.
pub(super) type App = Arc<Shared>;

impl Shared {
    pub fn new(workspaces: Arc<Workspaces>, settings: &Settings) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            workspaces,
            is_private: settings.listen.ip().is_loopback(),
            hosts: settings.hosts.clone(),
            report_time_max: settings.report_time_max,
            report_bytes_max: settings.report_bytes_max,
            metrics: Metrics::default(),
            bodies: Budget::new(BODIES_BYTES_MAX),
            unpacked: Budget::new(WRITING_BYTES_MAX),
            writing: Workers::new(WRITES_MAX, WRITES_WAITING_MAX),
            reading: Workers::new(cores.max(2), READS_WAITING_MAX),
            fatal: watch::Sender::default(),
        }
    }

    /// What a report of a page may take.
    pub fn report_limits(&self) -> Limits {
        Limits { time: Some(self.report_time_max), bytes: Some(self.report_bytes_max), ..Limits::default() }
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
