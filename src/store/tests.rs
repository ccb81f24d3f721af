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

#[test]
fn a_directory_of_other_files_is_refused_and_left_as_it_is() {
    let disk = SimDisk::new();
    disk.put("notes.txt", *b"mine");
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    let error = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default()).unwrap_err();
    assert!(error.to_string().contains("is not a trackcrumb store"), "{error}");
    assert_eq!(disk.names(), ["notes.txt"]);
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let disk = SimDisk::new();
    let store = open(&disk);
    let environment = Arc::new(FixedEnvironment::new(Timestamp::from_millis(0).unwrap()));
    let second = Store::open_storage(Arc::new(disk.clone()), environment, Options::default()).unwrap_err();
    let pid = std::process::id().to_string();
    assert!(matches!(second, StoreError::Lock(_)) && second.to_string().contains(&pid), "{second}");
    drop(store);
    open(&disk);
}

#[test]
fn a_snapshot_never_changes() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    let snapshot = store.snapshot().unwrap();
    let seen = |snapshot: &Snapshot| {
        let names = snapshot.name_count(StoredName::User);
        (rows(snapshot), names, snapshot.aliases().is_empty(), snapshot.next_arrival())
    };
    let before = seen(&snapshot);
    for i in 2..12 {
        store.write([track(&format!("u{i}"), i, &i.to_string())]).unwrap();
        store.write([line(&format!(r#"{{"type":"alias","distinct_id":"a","alias":"u{i}"}}"#))]).unwrap();
        store.seal().unwrap();
        assert_eq!(seen(&snapshot), before);
    }
    assert_eq!(rows(&store.snapshot().unwrap()), 11);
}

#[test]
fn one_sync_covers_all_that_was_appended_before_it() {
    use super::engine::Engine;
    let disk = SimDisk::new();
    let environment = Arc::new(FixedEnvironment::new(Timestamp::from_millis(0).unwrap()));
    let mut engine = Engine::open(Arc::new(disk.clone()), environment, Options::default()).unwrap();
    let append = |engine: &mut Engine, user: &str| {
        let (draft, _) = engine.draft(|drafting| drafting.add(&track(user, 1, user))).unwrap();
        engine.append(draft).unwrap()
    };
    let (first, second) = (append(&mut engine, "a"), append(&mut engine, "b"));
    let job = engine.begin_sync().unwrap();
    let third = append(&mut engine, "c");
    let syncs = || disk.log().iter().filter(|call| call.label == "log").count();
    let before = syncs();
    let result = job.run();
    engine.finish_sync(&job, result).unwrap();
    assert_eq!(syncs() - before, 1);
    assert!(engine.is_durable(first) && engine.is_durable(second) && !engine.is_durable(third));
    assert_eq!(engine.published.batches, 2, "what is not durable is not visible");
    engine.sync().unwrap();
    assert!(engine.is_durable(third));
    assert_eq!(engine.published.batches, 3);
}

#[test]
fn threads_that_write_at_once_all_get_durable_answers() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = store.clone();
            scope.spawn(move || {
                for i in 0..25 {
                    store.write([track(&format!("u{thread}"), i, &format!("{thread}-{i}"))]).unwrap();
                }
            });
        }
    });
    assert_eq!(rows(&store.snapshot().unwrap()), 200);
    store.close().unwrap();
    assert_eq!(rows(StoreReader::open(directory.path()).unwrap().snapshot()), 200);
}

#[test]
fn a_failed_sync_is_never_repeated() {
    use crate::files::sim::{FailAt, Fault, Repeat};
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    disk.fail_plan(FailAt::Label { label: "log".to_owned(), nth: 1 }, Fault::InputOutput, Repeat::Once);
    store.write([track("b", 2, "2")]).unwrap_err();
    let error = store.write([track("c", 3, "3")]).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    assert_eq!(rows(&store.snapshot().unwrap()), 1, "reads go on with what is durable");
}

#[test]
fn writing_goes_on_when_a_full_disk_has_room_again() {
    use crate::files::sim::{FailAt, Fault, Repeat};
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    let operation = crate::files::Operation::Append;
    disk.fail_plan(FailAt::Operation { operation, nth: 1 }, Fault::NoSpace, Repeat::Once);
    let alias = line(r#"{"type":"alias","distinct_id":"a","alias":"b"}"#);
    let error = store.write([alias, track("b", 2, "2")]).unwrap_err();
    assert!(error.to_string().contains("free some space"), "{error}");
    assert!(store.snapshot().unwrap().aliases().is_empty());
    assert_eq!(store.write([track("b", 2, "2")]).unwrap().accepted, 1);
    assert_eq!(rows(StoreReader::open_storage(&disk).unwrap().snapshot()), 2);
}

#[test]
fn a_store_that_lost_its_manifest_is_damaged_and_not_made_anew() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    drop(store);
    disk.delete("MANIFEST");
    let before = disk.fingerprint();
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    let again = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default());
    assert!(again.unwrap_err().is_damage());
    assert!(StoreReader::open_storage(&disk).unwrap_err().is_damage());
    assert_eq!(disk.fingerprint(), before, "the log that holds what was written is still there");
}
