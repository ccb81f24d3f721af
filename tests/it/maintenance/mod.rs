//! Sealing and merging in the background, deletion, expiry, compacting and backups.

mod agree;
mod background;
mod backup;
mod gone;
mod keep;

use serde_json::Value;

/// Lines that arrived at one time.
fn arrived(lines: impl IntoIterator<Item = Value>, arrival_us: i64) -> Vec<(Value, i64)> {
    lines.into_iter().map(|line| (line, arrival_us)).collect()
}
