//! The store on a simulated disk.

use super::*;
use crate::files::sim::SimDisk;
use crate::input::parse_line;
use crate::model::{Line, StoredName, Timestamp};
use std::sync::Arc;

fn line(json: &str) -> Line {
    parse_line(json.as_bytes()).unwrap()
}

fn track(user: &str, time: i64, insert_id: &str) -> Line {
    line(&format!(
        r#"{{"type":"track","distinct_id":"{user}","event":"e","timestamp":{time},"insert_id":"{insert_id}","groups":{{"company":"acme"}}}}"#
    ))
}

fn open(disk: &SimDisk) -> Store {
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default()).unwrap()
}

fn rows(snapshot: &Snapshot) -> u64 {
    snapshot.segments().iter().map(|segment| segment.rows()).sum()
}

#[test]
fn what_is_written_is_there_after_sealing_and_opening_again() {
    let disk = SimDisk::new();
    let store = open(&disk);
    let written = store.write([track("a", 1, "1"), track("b", 2, "2"), track("a", 3, "1")]).unwrap();
    assert_eq!(written.outcomes, [Outcome::Accepted, Outcome::Accepted, Outcome::Duplicate]);
    assert_eq!(rows(&store.snapshot().unwrap()), 2);
    store.seal().unwrap();
    let written = store.write([track("b", 9, "2"), track("b", 9, "3")]).unwrap();
    assert_eq!((written.accepted, written.duplicate), (1, 1), "duplicates are found in segments");
    let snapshot = store.snapshot().unwrap();
    assert_eq!((rows(&snapshot), snapshot.segments().len()), (3, 2));
    drop(store);
    assert_eq!(rows(StoreReader::open_storage(&disk).unwrap().snapshot()), 3);
    let store = open(&disk);
    assert!(!store.recovery().unclean);
    assert_eq!(rows(&store.snapshot().unwrap()), 3);
    assert_eq!(store.snapshot().unwrap().name_count(StoredName::User), 2);
}

#[test]
fn an_unclean_stop_loses_nothing_acknowledged() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    let image = disk.kill_image();
    let reader = StoreReader::open_storage(&image).unwrap();
    assert!(reader.recovery().unclean);
    assert_eq!(rows(reader.snapshot()), 1);
    let again = open(&image);
    assert!(again.recovery().unclean);
    assert_eq!(again.write([track("a", 5, "1")]).unwrap().duplicate, 1);
}

#[test]
fn many_seals_are_merged() {
    let disk = SimDisk::new();
    let store = open(&disk);
    for i in 0..40 {
        store.write([track(&format!("u{i}"), i, &format!("{i}"))]).unwrap();
        store.seal().unwrap();
    }
    let snapshot = store.snapshot().unwrap();
    assert_eq!(rows(&snapshot), 40);
    assert!(snapshot.segments().len() < 10, "{}", snapshot.segments().len());
    assert!(disk.names().len() < 20, "{:?}", disk.names());
    for i in 0..40 {
        assert_eq!(store.write([track(&format!("u{i}"), i, &format!("{i}"))]).unwrap().duplicate, 1);
    }
}

#[test]
fn a_reader_beside_a_writer_sees_what_is_durable() {
    let disk = SimDisk::new();
    let store = open(&disk);
    for i in 0..5 {
        store.write([track("a", i, &i.to_string())]).unwrap();
        assert_eq!(rows(StoreReader::open_storage(&disk).unwrap().snapshot()), i as u64 + 1);
    }
}

#[test]
fn a_strict_batch_is_stored_whole_or_not_at_all() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.set_only_declared(true).unwrap();
    let alias = line(r#"{"type":"alias","distinct_id":"a","alias":"b"}"#);
    let error = store.write_strict([alias, track("a", 1, "1")]).unwrap_err();
    assert!(matches!(error, StoreError::Refused { index: 1, .. }), "{error}");
    assert!(store.snapshot().unwrap().aliases().is_empty());
    assert_eq!(store.snapshot().unwrap().user_count(), 0);
}
