//! The simulated disk answers as the real one does.
//!
//! Goal: what is shown on the simulated disk holds on the real one. Method: random calls are made on both,
//! and every answer and the whole content must be alike.

use super::super::sim::SimDisk;
use super::super::{FileError, Storage, StorageFile};
use super::disk;
use proptest::prelude::*;
use std::collections::BTreeMap;

const NAMES: [&str; 4] = ["a", "b", "c", "../x"];

#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    OpenAppend(usize),
    Close(usize),
    Append(usize, Vec<u8>),
    ReadAt(usize, u64, usize),
    SetLen(usize, u64),
    Sync(usize),
    Len(usize),
    Read(usize),
    Map(usize, u64),
    FileLen(usize),
    Exists(usize),
    Rename(usize, usize),
    Remove(usize),
    SyncDir,
    Lock,
    Unlock,
    Probe,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    let handle = 0..3usize;
    prop_oneof![
        name.clone().prop_map(Step::Create),
        name.clone().prop_map(Step::OpenAppend),
        handle.clone().prop_map(Step::Close),
        (handle.clone(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(handle, bytes)| Step::Append(handle, bytes)),
        (handle.clone(), 0..60u64, 0..60usize).prop_map(|(handle, offset, len)| Step::ReadAt(handle, offset, len)),
        (handle.clone(), 0..60u64).prop_map(|(handle, len)| Step::SetLen(handle, len)),
        handle.clone().prop_map(Step::Sync),
        handle.prop_map(Step::Len),
        name.clone().prop_map(Step::Read),
        (name.clone(), 0..20u64).prop_map(|(name, len)| Step::Map(name, len)),
        name.clone().prop_map(Step::FileLen),
        name.clone().prop_map(Step::Exists),
        (name.clone(), name.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
        name.prop_map(Step::Remove),
        Just(Step::SyncDir),
        Just(Step::Lock),
        Just(Step::Unlock),
        Just(Step::Probe),
    ]
}

/// A storage with the files and locks that the steps so far opened.
struct Actor<'a> {
    storage: &'a dyn Storage,
    files: BTreeMap<usize, Box<dyn StorageFile>>,
    opened: usize,
    lock: Option<Box<dyn super::super::StorageLock>>,
}

/// An answer without what may differ: the place.
fn plain<T: std::fmt::Debug>(result: Result<T, FileError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(FileError::Io { operation, source, .. }) => format!("{operation:?} {:?}", source.kind()),
        Err(FileError::LengthDiffers { expected, found, .. }) => format!("{found} for {expected}"),
        Err(FileError::AlreadyExists { .. }) => "exists".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

impl Actor<'_> {
    fn opened(&mut self, result: Result<Box<dyn StorageFile>, FileError>) -> String {
        plain(result.map(|file| {
            self.files.insert(self.opened % 3, file);
            self.opened += 1;
        }))
    }

    fn with(&self, handle: usize, act: impl FnOnce(&dyn StorageFile) -> String) -> String {
        self.files.get(&handle).map_or_else(String::new, |file| act(file.as_ref()))
    }

    fn take(&mut self, step: &Step) -> String {
        let storage = self.storage;
        match step {
            Step::Create(name) => self.opened(storage.create(NAMES[*name])),
            Step::OpenAppend(name) => self.opened(storage.open_append(NAMES[*name])),
            Step::Close(handle) => format!("{}", self.files.remove(handle).is_some()),
            Step::Append(handle, bytes) => self.with(*handle, |file| plain(file.append(bytes))),
            Step::ReadAt(handle, offset, len) => self.with(*handle, |file| plain(file.read_at(*offset, *len))),
            Step::SetLen(handle, len) => self.with(*handle, |file| plain(file.set_len(*len))),
            Step::Sync(handle) => self.with(*handle, |file| plain(file.sync("file"))),
            Step::Len(handle) => self.with(*handle, |file| plain(file.len())),
            Step::Read(name) => plain(storage.read(NAMES[*name])),
            Step::Map(name, len) => plain(storage.map(NAMES[*name], *len)),
            Step::FileLen(name) => plain(storage.file_len(NAMES[*name])),
            Step::Exists(name) => plain(storage.exists(NAMES[*name])),
            Step::Rename(from, to) => plain(storage.rename(NAMES[*from], NAMES[*to])),
            Step::Remove(name) => plain(storage.remove(NAMES[*name])),
            Step::SyncDir => plain(storage.sync_dir("names")),
            Step::Lock if self.lock.is_some() => String::new(),
            Step::Lock => {
                self.lock = storage.lock("LOCK").ok();
                format!("{}", self.lock.is_some())
            }
            Step::Unlock => format!("{}", self.lock.take().is_some()),
            Step::Probe => plain(storage.probe_lock("LOCK")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn simulated_and_real_disk_agree(steps in prop::collection::vec(step(), 1..60)) {
        let (_directory, real) = disk();
        let sim = SimDisk::new();
        let actor = |storage| Actor { storage, files: BTreeMap::new(), opened: 0, lock: None };
        let (mut on_real, mut on_sim) = (actor(&real as &dyn Storage), actor(&sim as &dyn Storage));
        for step in &steps {
            prop_assert_eq!(on_real.take(step), on_sim.take(step), "{:?}", step);
            prop_assert_eq!(real.list().unwrap(), sim.names());
        }
        for name in sim.names().iter().filter(|name| *name != "LOCK") {
            prop_assert_eq!(&real.read(name).unwrap(), &sim.contents(name).unwrap());
        }
    }
}
