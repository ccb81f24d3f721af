//! Bugs that were found, each as the shortest way to it.

use super::history::{History, Step};
use super::oracle::check;
use super::run::{Life, Progress, open, write};
use std::sync::Arc;
use trackcrumb::Store;
use trackcrumb::files::Operation;
use trackcrumb::files::sim::{FailAt, Fault, LossPolicy, Repeat, SimDisk};
use trackcrumb::input::parse_line;
use trackcrumb::store::{Options, StoreError};

/// A batch of one event.
fn step(insert_id: &str) -> Step {
    let line = format!(r#"{{"type":"track","distinct_id":"u","event":"e","timestamp":1,"insert_id":"{insert_id}"}}"#);
    Step::Write(vec![parse_line(line.as_bytes()).unwrap()])
}

/// Every batch of the history is acknowledged, and must be found.
#[track_caller]
fn check_all(disk: &SimDisk, history: &History) {
    let last = history.marks.len() - 1;
    check(disk, history, Progress { acknowledged: last, begun: last }, 0).unwrap();
}

/// The old log was removed while the manifest that no longer lists it could still be undone.
#[test]
fn a_manifest_that_a_killed_process_left_lasts_before_old_files_go() {
    let history = History::new(vec![step("1")]);
    let disk = SimDisk::new();
    let store = open(&disk, &Life::new(1)).unwrap();
    write(&store, &history.steps[0]).unwrap();
    let unclean = disk.kill_image();
    let probe = unclean.fork();
    open(&probe, &Life::new(2)).unwrap();
    let renamed =
        probe.log().into_iter().find(|call| call.operation == Operation::Rename && call.label.starts_with("MANIFEST"));
    unclean.crash_after(renamed.unwrap().number + 1);
    open(&unclean, &Life::new(2)).unwrap_err();
    let killed = unclean.kill_image();
    let _store = open(&killed, &Life::new(3)).unwrap();
    check_all(&killed.crash_image(LossPolicy::NewestOnly, 0), &history);
}

/// A store with one batch, and what it holds.
fn store_with_a_batch(disk: &SimDisk) -> (Store, History) {
    let history = History::new(vec![step("1"), step("2")]);
    let store = open(disk, &Life::new(1)).unwrap();
    write(&store, &history.steps[0]).unwrap();
    (store, history)
}

fn fail_next(disk: &SimDisk, operation: Operation, fault: Fault) {
    disk.fail_plan(FailAt::Operation { operation, nth: 1 }, fault, Repeat::Once);
}

/// A batch was durable, but refused as the log that it filled could not be sealed.
#[test]
fn a_full_log_that_cannot_be_sealed_refuses_nothing() {
    let disk = SimDisk::new();
    let options = Options { log_bytes_max: 100, ..Options::default() };
    let store = Store::open_storage(Arc::new(disk.clone()), Life::new(1), options).unwrap();
    let history = History::new(vec![step("1"), step("2")]);
    disk.fail_plan(FailAt::Label { label: "segment-00000002.tmp".to_owned(), nth: 1 }, Fault::NoSpace, Repeat::Once);
    write(&store, &history.steps[0]).unwrap();
    assert!(store.maintenance_error().unwrap().contains("free some space"));
    write(&store, &history.steps[1]).unwrap();
    assert_eq!(store.maintenance_error(), None);
    assert!(disk.names().iter().any(|name| name.starts_with("segment-")), "sealing is tried again");
    assert_eq!(disk.names().iter().filter(|name| name.starts_with("log-")).count(), 1, "of both logs");
    check_all(&disk.kill_image(), &history);
}

/// Only failed syncs of the log and of the manifest's name ended writing.
#[test]
fn any_failed_sync_ends_writing() {
    for label in ["sealed file", "sealed file name", "new log", "new log name", "manifest", "manifest name"] {
        let disk = SimDisk::new();
        let (store, history) = store_with_a_batch(&disk);
        disk.fail_plan(FailAt::Label { label: label.to_owned(), nth: 1 }, Fault::InputOutput, Repeat::Once);
        assert!(matches!(store.seal(), Err(StoreError::File(error)) if error.is_failed_sync()), "{label}");
        assert!(matches!(write(&store, &history.steps[1]), Err(StoreError::Poisoned { .. })), "{label}");
    }
}

/// A durable batch was refused as readers could not be told of it.
#[test]
fn a_note_that_cannot_be_written_refuses_nothing() {
    let disk = SimDisk::new();
    let (store, history) = store_with_a_batch(&disk);
    fail_next(&disk, Operation::SetNote, Fault::InputOutput);
    write(&store, &history.steps[1]).unwrap();
    check_all(&disk.kill_image(), &history);
}

/// A disk that had no room to cut the log either ended writing for good.
#[test]
fn a_log_that_cannot_be_cut_is_cut_later() {
    let disk = SimDisk::new();
    let (store, history) = store_with_a_batch(&disk);
    fail_next(&disk, Operation::Append, Fault::ShortWrite);
    fail_next(&disk, Operation::SetLen, Fault::NoSpace);
    write(&store, &step("longer than what comes after it")).unwrap_err();
    write(&store, &history.steps[1]).unwrap();
    store.close().unwrap();
    check_all(&disk.kill_image(), &history);
}

/// A sealed file was opened only when there was no way back.
#[test]
fn a_sealed_file_that_cannot_be_opened_changes_nothing() {
    let disk = SimDisk::new();
    let (store, history) = store_with_a_batch(&disk);
    fail_next(&disk, Operation::Map, Fault::TooManyFiles);
    store.seal().unwrap_err();
    write(&store, &history.steps[1]).unwrap();
    store.seal().unwrap();
    check_all(&disk.kill_image(), &history);
}
