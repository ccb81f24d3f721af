//! Exports of a small store with everything in it: whole, in windows of any size, and around every damaged byte.

use super::*;
use crate::files::Storage;
use crate::files::sim::SimDisk;
use crate::input::{parse_line, write_line};
use crate::model::Timestamp;
use crate::store::{FixedEnvironment, Options, Store, StoreReader};

/// Some of everything, with late and early times, large and repeated values.
fn history() -> Vec<String> {
    let mut lines = Vec::new();
    for i in 0..60u64 {
        let time = 1_700_000_000_000 + (i * 37 % 60) * 1000;
        let track =
            format!(r#""type":"track","distinct_id":"user {}","event":"event {}","timestamp":{time}"#, i % 7, i % 3);
        lines.push(match i % 10 {
            0 => format!(r#"{{{track}}}"#),
            1 => format!(r#"{{{track},"insert_id":"id-{i}","groups":{{"company":"acme","team":"t{}"}}}}"#, i % 4),
            2 => format!(r#"{{{track},"properties":{{"n":{i},"half":{i}.5,"mixed":{i},"null":null}}}}"#),
            3 => format!(r#"{{{track},"properties":{{"mixed":"{i}","list":[1,{{"a":"é"}}],"object":{{"b":{{}}}}}}}}"#),
            4 => format!(r#"{{"type":"identify","distinct_id":"user {}","timestamp":{time},"add":{{"n":{i}}}}}"#, i % 5),
            5 => format!(
                r#"{{"type":"group","group_type":"company","group_key":"acme","timestamp":{time},"properties":{{"plan":"p{i}"}},"union":{{"tags":["{i}"]}}}}"#
            ),
            6 => format!(r#"{{"type":"group","distinct_id":"user {i}","group_type":"team","group_key":"t{i}"}}"#),
            7 => format!(r#"{{"type":"alias","distinct_id":"user {}","alias":"device {}"}}"#, i % 7, i % 9),
            8 => format!(
                r#"{{"type":"cohort","name":"c{}","report":{{"report":"cohort","where":{{"did":"event 1"}}}}}}"#,
                i % 4
            ),
            _ => format!(r#"{{{track},"properties":{{"long":"{}"}}}}"#, "x".repeat(i as usize * 5)),
        });
    }
    lines
        .push(r#"{"type":"alias","distinct_id":"a","alias":"b","timestamp":"2026-01-01T00:00:00.000001Z"}"#.to_owned());
    lines
}

fn options() -> Options {
    Options { log_bytes_max: u64::MAX, merge_width: 2, segment_rows_max: 1000, compacted_rows_max: 1000 }
}

/// Writes the lines and seals after every so many of them.
fn store_of(disk: &SimDisk, lines: &[String], sealed_every: usize) -> Store {
    let environment = FixedEnvironment::new(Timestamp::from_millis(1_700_000_000_000).unwrap());
    let store = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), options()).unwrap();
    for (place, line) in lines.iter().enumerate() {
        let written = store.write([parse_line(line.as_bytes()).unwrap()]).unwrap();
        assert_eq!(written.accepted, 1, "{line}");
        if (place + 1).is_multiple_of(sealed_every) {
            store.seal().unwrap();
        }
    }
    store
}

fn written(line: &Line) -> String {
    let mut text = String::new();
    write_line(line, &mut text);
    text
}

fn exported(snapshot: &Snapshot, window: u64) -> Vec<String> {
    let mut lines = Vec::new();
    let visit = |line: Line| {
        lines.push(written(&line));
        Ok::<(), StoreError>(())
    };
    Exporter::new(snapshot, visit, false, window).run().unwrap();
    lines
}

#[test]
fn an_export_is_what_was_written_however_it_is_stored() {
    let lines = history();
    let mut first: Option<Vec<String>> = None;
    for sealed_every in [1, 7, 60, usize::MAX] {
        let store = store_of(&SimDisk::new(), &lines, sealed_every);
        let snapshot = store.snapshot().unwrap();
        for window in [1, 5, WINDOW_ARRIVALS] {
            let found = exported(&snapshot, window);
            assert_eq!(found.len(), lines.len());
            assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "{sealed_every} {window}");
        }
    }
    let first = first.unwrap();
    let again = store_of(&SimDisk::new(), &first, 9);
    assert_eq!(exported(&again.snapshot().unwrap(), 4), first);
}

#[test]
fn a_visit_that_fails_ends_the_export_with_its_error() {
    let store = store_of(&SimDisk::new(), &history(), 7);
    let mut left = 3;
    let result: Result<(), StoreError> = store.snapshot().unwrap().export(|_| {
        left -= 1;
        if left > 0 { Ok(()) } else { Err(StoreError::Poisoned { cause: "enough".to_owned() }) }
    });
    assert!(matches!(result, Err(StoreError::Poisoned { .. })) && left == 0);
}

/// What is exported around damage, and whether any was met.
fn salvaged(disk: &SimDisk) -> (Vec<String>, Salvaged) {
    let (reader, mut damage) = StoreReader::open_skipping(disk).unwrap();
    let mut lines = Vec::new();
    let mut found = reader
        .snapshot()
        .export_intact(|line| {
            lines.push(written(&line));
            Ok::<(), StoreError>(())
        })
        .unwrap();
    damage.append(&mut found.damage);
    assert!(damage.iter().all(|damage| damage.file.is_some()), "{damage:?}");
    (lines, Salvaged { damage, ..found })
}

fn is_subsequence(part: &[String], whole: &[String]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|line| whole.any(|other| other == line))
}

/// Every seventh byte of every sealed file and of the log, one at a time: nothing is made up, and what is lost is
/// listed.
#[test]
fn what_is_exported_around_a_damaged_byte_was_written() {
    let disk = SimDisk::new();
    let store = store_of(&disk, &history(), 25);
    let whole = exported(&store.snapshot().unwrap(), WINDOW_ARRIVALS);
    store.close().unwrap();
    let names: Vec<String> = disk.names().into_iter().filter(|name| *name != "MANIFEST" && *name != "LOCK").collect();
    assert!(names.len() >= 4, "{names:?}");
    let mut kept = 0;
    let mut trials = 0;
    for name in names {
        for offset in (0..disk.file_len(&name).unwrap()).step_by(7) {
            let damaged = disk.fork();
            damaged.damage(&name, offset, 0x20);
            let (lines, found) = salvaged(&damaged);
            assert!(is_subsequence(&lines, &whole), "{name} {offset}");
            assert!(lines == whole || !found.damage.is_empty(), "{name} {offset}");
            assert_eq!(found.lines, lines.len() as u64);
            kept += lines.len();
            trials += 1;
            let strict = StoreReader::open_storage(&damaged).and_then(|reader| {
                let mut lines = Vec::new();
                reader.snapshot().export(|line| {
                    lines.push(written(&line));
                    Ok::<(), StoreError>(())
                })?;
                Ok(lines)
            });
            match strict {
                Ok(lines) => assert_eq!(lines, whole, "{name} {offset}"),
                Err(error) => assert!(error.is_damage(), "{name} {offset}: {error}"),
            }
        }
    }
    assert!(kept > trials * whole.len() / 2, "most of the store survives a single damaged byte: {kept} of {trials}");
}

#[test]
fn files_that_are_missing_cut_or_of_another_kind_are_listed() {
    let disk = SimDisk::new();
    let store = store_of(&disk, &history(), 25);
    let whole = exported(&store.snapshot().unwrap(), WINDOW_ARRIVALS);
    store.close().unwrap();
    for name in disk.names().into_iter().filter(|name| *name != "MANIFEST" && *name != "LOCK") {
        let file: Arc<str> = name.as_str().into();
        for change in 0..3 {
            let damaged = disk.fork();
            match change {
                0 => assert!(damaged.delete(&name)),
                1 => assert!(damaged.truncate(&name, 60)),
                _ => damaged.put(&name, b"nonsense".to_vec()),
            }
            let (lines, found) = salvaged(&damaged);
            assert!(is_subsequence(&lines, &whole), "{name}");
            assert!(found.damage.iter().any(|damage| damage.file.as_ref() == Some(&file)), "{name} {found:?}");
            assert!(lines.len() < whole.len(), "{name}");
        }
    }
}
