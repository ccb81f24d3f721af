//! What was read for a report, what was skipped and why, stage by stage.

use super::super::output::{Canvas, Show};
use super::super::rows::{Column, Kind, Rows};
use super::super::text::{bytes, count, counted};
use crate::executor::{Counts, Stage};
use crate::store::Snapshot;
use serde::Serialize;
use serde_json::Value;

/// The stages of one report over one store.
#[derive(Debug, Serialize)]
pub struct Explanation {
    segments: u64,
    rows: u64,
    stages: Vec<Stage>,
}

impl Explanation {
    /// What happened for a report over this snapshot.
    pub fn new(snapshot: &Snapshot, stages: Vec<Stage>) -> Self {
        let rows = snapshot.segments().iter().flat_map(|segment| segment.tables()).map(|table| table.rows() as u64);
        Self { segments: snapshot.segments().len() as u64, rows: rows.sum(), stages }
    }
}

/// Those of these counts that are not 0, each with what it counts.
fn list<const N: usize>(counts: [(u64, &str, &str); N]) -> String {
    let parts = counts.into_iter().filter(|(number, ..)| *number > 0);
    let parts = parts.map(|(number, thing, suffix)| format!("{}{suffix}", counted(number, thing)));
    parts.collect::<Vec<_>>().join(", ")
}

fn read(counts: &Counts) -> String {
    let rows = match counts.rows_tested {
        0 => String::new(),
        tested => format!(" ({} of {} in range passed)", count(counts.rows_passed), counted(tested, "row")),
    };
    let blocks = counts.blocks_read + counts.blocks_filtered;
    list([
        (counts.calls_folded, "call", ""),
        (counts.tables_by_index, "table", " by the index of days"),
        (counts.bitmaps_read, "bitmap", ""),
        (counts.tables_read, "table", " by rows"),
        (blocks, "block", &rows),
    ])
}

fn skipped(counts: &Counts) -> String {
    list([
        (counts.tables_of_other_events, "table", " of other events"),
        (counts.tables_out_of_range, "table", " out of the range"),
        (counts.blocks_out_of_range, "block", " out of the range"),
        (counts.blocks_by_index, "block", " without these keys"),
    ])
}

impl Show for Explanation {
    fn to_json(&self) -> String {
        // It holds nothing that JSON cannot.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new([
            ("stage", Kind::Text),
            ("seconds", Kind::Seconds),
            ("bytes_decoded", Kind::Number),
            ("bytes_checked", Kind::Number),
            ("read", Kind::Text),
            ("skipped", Kind::Text),
        ]);
        for stage in &self.stages {
            let counts = &stage.counts;
            rows.push([
                stage.stage.as_str().into(),
                stage.seconds.into(),
                counts.bytes_decoded.into(),
                counts.bytes_checked.into(),
                read(counts).into(),
                skipped(counts).into(),
            ]);
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let mut rows = Rows::with_columns(vec![
            Column::new("stage", Kind::Text),
            Column { name: String::new(), title: "ms".to_owned(), kind: Kind::Number },
            Column::new("decoded", Kind::Text),
            Column::new("checked", Kind::Text),
            Column::new("read", Kind::Text),
            Column::new("skipped", Kind::Text),
        ]);
        let millis = |seconds: f64| Value::from((seconds * 1e5).round() / 100.0);
        for stage in &self.stages {
            let counts = &stage.counts;
            rows.push([
                stage.stage.as_str().into(),
                millis(stage.seconds),
                bytes(counts.bytes_decoded).into(),
                bytes(counts.bytes_checked).into(),
                read(counts).into(),
                skipped(counts).into(),
            ]);
        }
        let sum = |of: fn(&Counts) -> u64| bytes(self.stages.iter().map(|stage| of(&stage.counts)).sum());
        let all = format!(
            "{} in {}, {} decoded, {} checked for the first time\n\n",
            counted(self.rows, "event"),
            counted(self.segments, "segment"),
            sum(|counts| counts.bytes_decoded),
            sum(|counts| counts.bytes_checked)
        );
        all + &rows.to_table(canvas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_say_what_was_read_and_what_was_not() {
        let counts = Counts {
            tables_read: 1,
            tables_of_other_events: 3,
            blocks_read: 2,
            blocks_filtered: 1,
            blocks_out_of_range: 4,
            blocks_by_index: 5,
            rows_tested: 2048,
            rows_passed: 7,
            bytes_decoded: 5_000,
            bytes_checked: 600,
            ..Counts::default()
        };
        assert_eq!(read(&counts), "1 table by rows, 3 blocks (7 of 2,048 rows in range passed)");
        assert_eq!(
            skipped(&counts),
            "3 tables of other events, 4 blocks out of the range, 5 blocks without these keys"
        );
        let stage = Stage { stage: "series `a`".to_owned(), seconds: 0.00125, counts };
        let explanation = Explanation { segments: 1, rows: 10_000, stages: vec![stage] };
        let table = explanation.to_table(&Canvas { width: 160, colors: false });
        let all = "10,000 events in 1 segment, 4.9 KiB decoded, 600 B checked for the first time\n\n";
        assert!(table.starts_with(all), "{table}");
        assert!(table.contains(" series `a`  1.25  4.9 KiB  600 B    1 table by rows"), "{table}");
        assert!(explanation.to_json().contains(r#""stage":"series `a`","seconds":0.00125,"tables_read":1"#));
    }
}
