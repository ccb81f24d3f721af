//! Bugs that were found, each as the shortest way to it.

use super::history::{History, Step};
use super::oracle::check;
use super::run::{Life, Progress, open, write};
use trackcrumb::files::Operation;
use trackcrumb::files::sim::{LossPolicy, SimDisk};
use trackcrumb::input::parse_line;

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
