//! Hostile input lines.

use super::{sample, stored_lines};
use crate::files::sim::SimDisk;
use crate::input::{Kind, parse_line, parse_object, write_line};
use crate::model::Line;
use crate::store::{Outcome, StoreError};

const KINDS: [Kind; 5] = [Kind::Track, Kind::Identify, Kind::Group, Kind::Alias, Kind::Cohort];

/// These bytes as an input line, and as an object of each kind: what is accepted is written, read and stored without
/// a change; what is refused says why in one line.
///
/// # Panics
/// When a promise is broken.
pub fn check_input_line(bytes: &[u8]) {
    let objects = KINDS.map(|kind| parse_object(kind, bytes));
    for parsed in std::iter::once(parse_line(bytes)).chain(objects) {
        match parsed {
            Ok(line) => {
                check_written(&line);
                check_stored(line);
            }
            Err(refusal) => {
                let sentence = refusal.to_string();
                assert!(!sentence.is_empty() && !sentence.contains(char::is_control), "{sentence:?}");
            }
        }
    }
}

fn written(line: &Line) -> String {
    let mut text = String::new();
    write_line(line, &mut text);
    text
}

fn check_written(line: &Line) {
    let text = written(line);
    assert!(!text.contains('\n'));
    assert_eq!(parse_line(text.as_bytes()).as_ref(), Ok(line));
}

/// The line comes back from the log and from sealed files as it went in.
fn check_stored(line: Line) {
    let stored = store(line.clone()).unwrap_or_else(|error| panic!("{error}"));
    for found in stored {
        let mut expected = line.clone();
        let time = match &found {
            Line::Track(event) => event.time,
            Line::Identify(call) => call.time,
            Line::Group(call) => call.time,
            Line::Alias(call) => call.time,
            Line::Cohort(_) => None,
        };
        match &mut expected {
            Line::Track(event) => event.time = event.time.or(time),
            Line::Identify(call) => call.time = call.time.or(time),
            Line::Group(call) => call.time = call.time.or(time),
            Line::Alias(_) | Line::Cohort(_) => {}
        }
        assert_eq!(found, expected);
    }
}

/// Stores a line; answers what is found before and after it is sealed. Nothing when the store refuses the line.
fn store(line: Line) -> Result<Vec<Line>, StoreError> {
    let store = sample::open(&SimDisk::new())?;
    if store.write([line])?.outcomes != [Outcome::Accepted] {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for sealed in [false, true] {
        if sealed {
            store.seal()?;
        }
        let snapshot = store.snapshot()?;
        let lines = stored_lines(&snapshot).unwrap_or_else(|damage| panic!("{damage}"));
        assert_eq!(lines.len(), 1);
        snapshot.export(|exported| {
            assert_eq!(exported, lines[0], "the export differs");
            Ok::<(), StoreError>(())
        })?;
        found.extend(lines);
    }
    Ok(found)
}
