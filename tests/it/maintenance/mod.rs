//! Deletion, expiry, compacting and backups.

mod agree;
mod backup;
mod gone;
mod keep;

use serde_json::Value;
use trackcrumb::input::write_line;
use trackcrumb::store::{Snapshot, StoreError};

/// Every line of the store, in order of arrival.
fn export(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    let exported = snapshot.export::<StoreError>(|line| {
        let mut text = String::new();
        write_line(&line, &mut text);
        lines.push(text);
        Ok(())
    });
    exported.unwrap();
    lines
}

/// Lines that arrived at one time.
fn arrived(lines: impl IntoIterator<Item = Value>, arrival_us: i64) -> Vec<(Value, i64)> {
    lines.into_iter().map(|line| (line, arrival_us)).collect()
}
