//! The workspace keeps its promises.

use super::*;
use crate::input::{parse_line, write_line};
use std::collections::BTreeMap;

fn all(end: &str) -> Vec<Line> {
    let mut workspace = Workspace::new(SEED, Timestamp::parse(end).unwrap());
    let mut lines = Vec::new();
    while let Some(day) = workspace.next_day().unwrap() {
        lines.extend(day);
    }
    lines
}

#[test]
fn the_same_lines_come_every_time_and_every_one_could_be_imported() {
    let end = "2026-04-01T00:00:00Z";
    let (once, twice) = (all(end), all(end));
    assert_eq!(once.len(), twice.len());
    let mut text = String::new();
    for (one, other) in once.iter().zip(&twice) {
        assert_eq!(one, other);
        text.clear();
        write_line(one, &mut text);
        assert_eq!(parse_line(text.as_bytes()).as_ref(), Ok(one));
    }
}

#[test]
fn the_workspace_has_the_size_and_the_variety_that_it_promises() {
    let end = Timestamp::parse("2026-04-01T00:00:00Z").unwrap();
    let mut events: BTreeMap<String, u64> = BTreeMap::new();
    let mut kinds = [0u64; 4];
    for line in all("2026-04-01T00:00:00Z") {
        match line {
            Line::Track(event) => {
                assert!(event.time.is_some_and(|time| time < end && end.micros() - time.micros() < 92 * DAY_MICROS));
                *events.entry(event.name.as_str().to_owned()).or_default() += 1;
                kinds[0] += 1;
            }
            Line::Identify(_) => kinds[1] += 1,
            Line::Group(_) => kinds[2] += 1,
            Line::Alias(_) => kinds[3] += 1,
            Line::Cohort(_) => panic!("a workspace has no cohorts of its own"),
        }
    }
    assert!((180_000..220_000).contains(&kinds[0]), "{kinds:?} {events:?}");
    assert!(kinds[1] > 1000 && kinds[2] > 1000 && kinds[3] > 50, "{kinds:?}");
    assert!(events.len() >= 12 && events.values().all(|count| *count > 50), "{events:?}");
}
