//! Tests of the module as a whole: the real disk, its lock, the publish protocol, and that the simulated
//! disk answers as the real one does.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod agreement;
mod locks;
mod on_disk;
mod publishing;

use super::{DiskStorage, Storage};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// A storage in a directory that goes away with the first value.
fn disk() -> (TempDir, DiskStorage) {
    let directory = tempfile::tempdir().unwrap();
    let storage = DiskStorage::open(directory.path()).unwrap();
    (directory, storage)
}

/// Puts a file there through the trait.
fn write(storage: &dyn Storage, name: &str, bytes: &[u8]) {
    storage.create(name).unwrap().append(bytes).unwrap();
}

/// Runs the closure in a thread and fails if it does not end: for calls that could wait for ever.
fn within_seconds<T: Send + 'static>(seconds: u64, act: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(act()));
    receiver.recv_timeout(Duration::from_secs(seconds)).expect("the call hangs or panicked")
}
