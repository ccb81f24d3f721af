//! What the server counts, in the text form of Prometheus.

use super::body::Budget;
use super::problem::Problem;
use super::receive::Received;
use super::workspaces::Workspaces;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// Requests and the time they took, by route as it is declared and status: few, whatever clients ask.
    requests: Mutex<BTreeMap<(String, u16), (u64, Duration)>>,
    accepted: AtomicU64,
    duplicate: AtomicU64,
    refused: AtomicU64,
    connections: AtomicU64,
}

/// A connection that is counted while this lives.
#[derive(Debug)]
pub(super) struct Connected<'a>(&'a AtomicU64);

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub fn count_request(&self, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, time) = requests.entry((route.to_owned(), status)).or_default();
        *count += 1;
        *time += took;
    }

    /// Counts lines that were sent.
    pub fn count_lines(&self, received: &Received) {
        self.accepted.fetch_add(received.accepted, Ordering::Relaxed);
        self.duplicate.fetch_add(received.duplicate, Ordering::Relaxed);
        self.refused.fetch_add(received.refused.len() as u64, Ordering::Relaxed);
    }

    /// Counts a connection.
    pub fn connect(&self) -> Connected<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Connected(&self.connections)
    }

    /// Everything, with the memory that bodies take and with what the stores say of themselves.
    ///
    /// # Errors
    /// When a store cannot be read.
    pub fn text(&self, bodies: &Budget, workspaces: &Workspaces) -> Result<String, Problem> {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        let _ = write_head(&mut text, "body_bytes", "Memory of the bodies that are being received.", "gauge");
        let _ = writeln!(text, "trackcrumb_body_bytes {}", bodies.used());
        let mut rows = Vec::new();
        for (name, workspace) in &*workspaces.all() {
            let stats = workspace.store.stats()?;
            let failing = u64::from(workspace.store.maintenance_error().is_some());
            rows.push((name.clone(), [stats.total_bytes, stats.events, stats.unsealed_events, failing]));
        }
        for (place, (gauge, help)) in [
            ("store_bytes", "Bytes of all files of the store."),
            ("store_events", "Events in the store."),
            ("store_unsealed_events", "Events that are not sealed yet."),
            ("store_maintenance_failing", "1 while sealing or merging fails."),
        ]
        .into_iter()
        .enumerate()
        {
            let _ = write_head(&mut text, gauge, help, "gauge");
            for (workspace, values) in &rows {
                let _ = writeln!(text, "trackcrumb_{gauge}{{workspace=\"{workspace}\"}} {}", values[place]);
            }
        }
        Ok(text)
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        write_head(out, "requests_total", "Requests answered.", "counter")?;
        for ((route, status), (count, _)) in &requests {
            writeln!(out, "trackcrumb_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}")?;
        }
        write_head(out, "request_seconds_total", "Time that requests took.", "counter")?;
        for ((route, status), (_, took)) in &requests {
            let seconds = took.as_secs_f64();
            writeln!(out, "trackcrumb_request_seconds_total{{route=\"{route}\",status=\"{status}\"}} {seconds}")?;
        }
        write_head(out, "lines_total", "Lines received, by what became of them.", "counter")?;
        for (outcome, count) in
            [("accepted", &self.accepted), ("duplicate", &self.duplicate), ("refused", &self.refused)]
        {
            let count = count.load(Ordering::Relaxed);
            writeln!(out, "trackcrumb_lines_total{{outcome=\"{outcome}\"}} {count}")?;
        }
        write_head(out, "connections", "Connections that are open.", "gauge")?;
        writeln!(out, "trackcrumb_connections {}", self.connections.load(Ordering::Relaxed))
    }
}

fn write_head(out: &mut String, name: &str, help: &str, kind: &str) -> std::fmt::Result {
    writeln!(out, "# HELP trackcrumb_{name} {help}\n# TYPE trackcrumb_{name} {kind}")
}
