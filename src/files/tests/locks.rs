//! The lock of the one writer, alike on the real and on the simulated disk.

use super::super::sim::SimDisk;
use super::super::{DiskStorage, FileError, LockError, LockProbe, NOTE_BYTES_MAX, Storage};
use super::{disk, write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Two handles on one directory, as two processes would have.
fn check_lock(first: &dyn Storage, second: &dyn Storage) {
    assert_eq!(second.probe_lock("LOCK").unwrap(), LockProbe::Free);
    assert!(!second.exists("LOCK").unwrap(), "probing creates nothing");

    let held = first.lock("LOCK").unwrap();
    assert_eq!(second.probe_lock("LOCK").unwrap(), LockProbe::Held(Vec::new()));
    held.set_note(b"4711\nlog-000002.tcl 4096").unwrap();
    assert_eq!(second.probe_lock("LOCK").unwrap(), LockProbe::Held(b"4711\nlog-000002.tcl 4096".to_vec()));
    held.set_note(b"4711\n").unwrap();
    assert_eq!(
        second.probe_lock("LOCK").unwrap(),
        LockProbe::Held(b"4711\n".to_vec()),
        "nothing is left of the longer"
    );
    held.set_note(&[0xee; NOTE_BYTES_MAX]).unwrap();
    assert_eq!(second.probe_lock("LOCK").unwrap(), LockProbe::Held(vec![0xee; NOTE_BYTES_MAX]));
    assert!(held.set_note(&[0; NOTE_BYTES_MAX + 1]).is_err());

    held.set_note(b"4711\nmore").unwrap();
    for storage in [first, second] {
        let error = storage.lock("LOCK").unwrap_err();
        assert!(matches!(&error, LockError::Held { holder, .. } if holder == "4711"), "{error}");
        let path = format!("{}/LOCK", storage.location());
        assert_eq!(
            error.to_string(),
            format!(
                "another process (pid 4711) is writing here and holds `{path}`; \
                 stop it, or use a command that only reads"
            )
        );
    }

    drop(held);
    assert_eq!(first.probe_lock("LOCK").unwrap(), LockProbe::Free);
    let next = second.lock("LOCK").unwrap();
    assert_eq!(first.probe_lock("LOCK").unwrap(), LockProbe::Held(Vec::new()), "the note of the last holder is gone");
    let other = first.lock("OTHER").unwrap();
    drop((next, other));
    assert_eq!(first.list().unwrap(), ["LOCK", "OTHER"]);
}

#[test]
fn one_writer_on_the_real_disk() {
    let (directory, storage) = disk();
    check_lock(&storage, &DiskStorage::open(directory.path()).unwrap());
}

#[test]
fn one_writer_on_the_simulated_disk() {
    let sim = SimDisk::new();
    check_lock(&sim, &sim.clone());
}

#[test]
fn copies_of_a_simulated_disk_hold_no_lock() {
    let sim = SimDisk::new();
    let held = sim.lock("LOCK").unwrap();
    held.set_note(b"1\n").unwrap();
    for copy in [sim.fork(), sim.kill_image(), sim.crash_image(super::super::sim::LossPolicy::AllKept, 0)] {
        assert_eq!(copy.probe_lock("LOCK").unwrap(), LockProbe::Free);
        copy.lock("LOCK").unwrap();
    }
    assert_eq!(sim.probe_lock("LOCK").unwrap(), LockProbe::Held(b"1\n".to_vec()));
}

#[test]
fn a_reader_that_probes_does_not_keep_a_writer_out() {
    let (directory, storage) = disk();
    write(&storage, "LOCK", b"");
    // A probe at its worst moment, held far longer than any real one.
    let reader = std::fs::File::open(directory.path().join("LOCK")).unwrap();
    reader.lock_shared().unwrap();
    assert_eq!(storage.probe_lock("LOCK").unwrap(), LockProbe::Free, "readers do not take each other for writers");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| storage.lock("LOCK").map(drop));
        std::thread::sleep(Duration::from_millis(20));
        drop(reader);
        writer.join().unwrap().unwrap();
    });
}

#[test]
fn readers_that_probe_see_whole_notes_of_a_busy_writer() {
    let (directory, storage) = disk();
    let held = storage.lock("LOCK").unwrap();
    held.set_note(&[0; 200]).unwrap();
    let reader = DiskStorage::open(directory.path()).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..20_000u32).for_each(|turn| held.set_note(&[turn as u8; 200]).unwrap()));
        while !writer.is_finished() {
            match reader.probe_lock("LOCK").unwrap() {
                LockProbe::Held(note) => assert!(note.iter().all(|byte| *byte == note[0])),
                LockProbe::Free => panic!("the writer is alive"),
            }
        }
    });
}

#[test]
fn a_lock_on_a_file_that_was_removed_is_not_taken_for_the_lock() {
    let (directory, storage) = disk();
    let held = storage.lock("LOCK").unwrap();
    std::fs::remove_file(directory.path().join("LOCK")).unwrap();
    let second = storage.lock("LOCK").unwrap();
    assert!(matches!(storage.lock("LOCK").unwrap_err(), LockError::Held { .. }));
    drop((held, second));
}

#[test]
fn nonsense_in_the_lock_file_is_no_note() {
    let (directory, storage) = disk();
    let held = storage.lock("LOCK").unwrap();
    for nonsense in [&b""[..], b"1234", &[0xff; 262], &[0; 100_000]] {
        std::fs::write(directory.path().join("LOCK"), nonsense).unwrap();
        assert_eq!(storage.probe_lock("LOCK").unwrap(), LockProbe::Held(Vec::new()));
        assert!(matches!(storage.lock("LOCK").unwrap_err(), LockError::Held { holder, .. } if holder == "unknown"));
    }
    held.set_note(b"1\n").unwrap();
    assert_eq!(storage.probe_lock("LOCK").unwrap(), LockProbe::Held(b"1\n".to_vec()), "what follows a note is ignored");
}

#[test]
fn a_name_is_checked_before_locking() {
    let error = SimDisk::new().lock("../LOCK").unwrap_err();
    assert!(matches!(error, LockError::File(FileError::NotAFileName { .. })));
}

/// Runs the same test binary as a process of its own, which takes the lock and is then killed.
#[test]
fn a_killed_writer_is_no_obstacle() {
    let (directory, storage) = disk();
    let mut holder = spawn_holder(directory.path());
    let deadline = Instant::now() + Duration::from_secs(20);
    let note = format!("{}\n", holder.id()).into_bytes();
    while storage.probe_lock("LOCK").unwrap() != LockProbe::Held(note.clone()) {
        assert!(Instant::now() < deadline, "the other process did not take the lock");
        std::thread::sleep(Duration::from_millis(10));
    }
    let error = storage.lock("LOCK").unwrap_err();
    assert!(matches!(error, LockError::Held { holder: named, .. } if named == holder.id().to_string()));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(storage.probe_lock("LOCK").unwrap(), LockProbe::Free);
    storage.lock("LOCK").unwrap();
}

const HOLDER_DIRECTORY: &str = "FILES_TEST_HOLDER_DIRECTORY";

fn spawn_holder(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--test-threads=1"])
        .arg(concat!(module_path!(), "::hold_the_lock").split_once("::").unwrap().1)
        .env(HOLDER_DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the other process of `a_killed_writer_is_no_obstacle`"]
fn hold_the_lock() {
    let Some(directory) = std::env::var_os(HOLDER_DIRECTORY) else { return };
    let storage = DiskStorage::open(Path::new(&directory)).unwrap();
    let held = storage.lock("LOCK").unwrap();
    held.set_note(format!("{}\n", std::process::id()).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}
