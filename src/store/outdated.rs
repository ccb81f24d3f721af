//! What a step of maintenance leaves behind once its manifest is published: files that are listed no more, and the batches
//! of logs that were sealed.
//!
//! Giving back their room takes long where there is much of it, and writing need not wait for that: whoever ends a step
//! lets go of them when the writer's lock is given back, and only then is the step over.

use super::state::HotLog;
use crate::files::Storage;
use std::sync::Arc;

/// See the module. It is removed when nobody has it any more, however the step goes on.
#[must_use = "it is removed at once otherwise, with the writer's lock held"]
pub(super) struct Outdated {
    storage: Arc<dyn Storage>,
    files: Vec<String>,
    logs: Vec<HotLog>,
}

impl Outdated {
    /// Files that no manifest lists any more.
    pub fn files(storage: &Arc<dyn Storage>, names: impl IntoIterator<Item = String>) -> Self {
        Self { storage: Arc::clone(storage), files: names.into_iter().collect(), logs: Vec::new() }
    }

    /// These logs too, which nothing is read from any more.
    pub fn and_logs(mut self, logs: impl IntoIterator<Item = HotLog>) -> Self {
        self.logs.extend(logs);
        self
    }

    /// What an earlier step left behind, too.
    pub fn and_before(mut self, mut before: Self) -> Self {
        self.files.splice(..0, std::mem::take(&mut before.files));
        self.and_logs(std::mem::take(&mut before.logs))
    }

    /// Removes all of it. Answers which files stay: they are removed when the store is opened next.
    pub fn remove(mut self) -> Vec<String> {
        self.remove_files()
    }

    fn remove_files(&mut self) -> Vec<String> {
        let files = std::mem::take(&mut self.files);
        files.into_iter().filter(|name| self.storage.remove(name).is_err()).collect()
    }
}

impl Drop for Outdated {
    fn drop(&mut self) {
        self.remove_files();
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{LOCK, MANIFEST};
    use crate::files::sim::SimDisk;
    use crate::files::{FileError, LockError, LockProbe, Storage, StorageFile, StorageLock};
    use crate::input::parse_line;
    use crate::model::Timestamp;
    use crate::store::{FixedEnvironment, Options, Store, verify};
    use bytes::Bytes;
    use std::collections::BTreeSet;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::Duration;

    /// A disk that removes a file only after somebody wrote meanwhile.
    struct Patient {
        disk: SimDisk,
        removing: Sender<String>,
        written: Mutex<Receiver<()>>,
        /// What was not written in time.
        held_up: Mutex<Vec<String>>,
    }

    impl Storage for Patient {
        fn list(&self) -> Result<Vec<String>, FileError> {
            self.disk.list()
        }
        fn exists(&self, name: &str) -> Result<bool, FileError> {
            self.disk.exists(name)
        }
        fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError> {
            self.disk.create(name)
        }
        fn open_append(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError> {
            self.disk.open_append(name)
        }
        fn read(&self, name: &str) -> Result<Bytes, FileError> {
            self.disk.read(name)
        }
        fn map(&self, name: &str, expected_len: u64) -> Result<Bytes, FileError> {
            self.disk.map(name, expected_len)
        }
        fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
            self.disk.rename(from, to)
        }
        fn remove(&self, name: &str) -> Result<(), FileError> {
            // What a file is called before it is whole is in nobody's way.
            if !name.ends_with(".tmp") && self.removing.send(name.to_owned()).is_ok() {
                let written = self.written.lock().unwrap().recv_timeout(Duration::from_secs(20));
                if written == Err(RecvTimeoutError::Timeout) {
                    self.held_up.lock().unwrap().push(name.to_owned());
                }
            }
            self.disk.remove(name)
        }
        fn sync_dir(&self, label: &'static str) -> Result<(), FileError> {
            self.disk.sync_dir(label)
        }
        fn lock(&self, name: &str) -> Result<Box<dyn StorageLock>, LockError> {
            self.disk.lock(name)
        }
        fn probe_lock(&self, name: &str) -> Result<LockProbe, FileError> {
            self.disk.probe_lock(name)
        }
        fn location(&self) -> String {
            self.disk.location()
        }
    }

    fn write(store: &Store, users: std::ops::Range<u32>) {
        let line = |user| format!(r#"{{"type":"track","distinct_id":"u{user}","event":"e","timestamp":{user}}}"#);
        store.write(users.map(|user| parse_line(line(user).as_bytes()).unwrap())).unwrap();
    }

    #[test]
    fn writing_goes_on_while_what_a_step_left_behind_is_removed() {
        let (disk, (removing, removed), (wrote, written)) = (SimDisk::new(), channel(), channel());
        let (written, held_up) = (Mutex::new(written), Mutex::default());
        let patient = Arc::new(Patient { disk: disk.clone(), removing: removing.clone(), written, held_up });
        let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
        let options = Options { log_bytes_max: 2_000, ..Options::default() };
        let store = Store::open_with_threads(patient.clone(), Arc::new(environment), options).unwrap();
        let (beside, (gone, went)) = (&store, channel());
        let all = thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut kinds = BTreeSet::new();
                for (name, user) in removed.iter().zip(1_000..).take_while(|(name, _)| !name.is_empty()) {
                    write(beside, user..user + 1);
                    wrote.send(()).unwrap();
                    gone.send(()).unwrap();
                    kinds.extend(name.split('-').next().map(str::to_owned));
                }
                kinds
            });
            // Enough for a log to be sealed beside the writer. Calls that wait for that hold up others.
            write(&store, 0..200);
            went.recv().unwrap();
            // Then by a call, merged, and written anew without a user.
            store.seal().unwrap();
            write(&store, 200..210);
            store.compact(|_| {}).unwrap();
            store.delete_users(&["u7"]).unwrap();
            removing.send(String::new()).unwrap();
            writer.join().unwrap()
        });
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
        assert_eq!(all, names(&["log", "segment", "dictionary"]));
        assert_eq!(*patient.held_up.lock().unwrap(), [""; 0]);
        drop(store);
        assert_eq!(verify(&disk).unwrap().damage, []);
        let files = disk.list().unwrap().into_iter().filter(|name| ![LOCK, MANIFEST].contains(&name.as_str()));
        let kinds: Vec<String> = files.map(|name| name.split('-').next().unwrap_or_default().to_owned()).collect();
        let count = |kind| kinds.iter().filter(|other| *other == kind).count();
        assert_eq!(count("log"), 1, "when the store is closed, it is gone: {kinds:?}");
    }
}
