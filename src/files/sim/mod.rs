//! A disk in memory that counts its calls, fails on request and loses power.
//!
//! [`SimDisk`] is a handle; its clones are the same disk. [`SimDisk::fork`] copies the disk, and
//! [`SimDisk::crash_image`] gives the disk as it is found after a loss of power under a [`LossPolicy`].
//! Compiled always, as tests of the crate, integration tests and fuzz targets use it.
//!
//! Invariants: it answers as `DiskStorage` does, down to the kinds of error; the same calls on the same
//! disk under the same plan give the same answers; nothing is read from clock, environment or system.

mod faults;
mod handles;
mod policy;
mod state;
#[cfg(test)]
mod tests;

pub use faults::{CallRecord, FailAt, Fault, Repeat};
pub use policy::LossPolicy;

use super::error::{FileError, LockError, Operation, SimulatedCrash};
use super::storage::{LockProbe, Storage, StorageFile, StorageLock};
use super::transfer::INTERRUPTIONS_MAX;
use super::{lock, name};
use bytes::Bytes;
use faults::{Gate, Verdict};
use handles::{SimFile, SimLock};
use state::{Content, State};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A simulated disk with one directory. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

/// Plans: what is to go wrong.
impl SimDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::holding(State::settled(BTreeMap::new(), BTreeSet::new()))
    }

    /// Makes a call fail. Plans add up; of several that concern one call the first made decides.
    pub fn fail_plan(&self, at: FailAt, fault: Fault, repeat: Repeat) {
        self.state().gate.add_rule(at, fault, repeat);
    }

    /// Ends all plans made by [`SimDisk::fail_plan`]: the space is back, the limit is raised.
    pub fn clear_faults(&self) {
        self.state().gate.clear_rules();
    }

    /// Loses power at call `number`, counted from 1: it and all later calls fail with an error for which
    /// [`FileError::is_simulated_crash`] holds. If it is an append, its bytes count as written but not
    /// synced; otherwise it does nothing.
    pub fn crash_after(&self, number: u64) {
        self.state().gate.crash_from(number);
    }

    /// Whether the power has gone.
    pub fn is_crashed(&self) -> bool {
        self.state().gate.is_crashed()
    }

    /// Makes every sync with this label answer `Ok` without doing anything.
    pub fn omit_sync(&self, label: &str) {
        self.state().gate.omit(label);
    }

    /// Makes every call that changes anything fail with EROFS, as on read-only media.
    pub fn set_read_only(&self, read_only: bool) {
        self.state().gate.set_read_only(read_only);
    }

    /// How many calls were made, failed ones included.
    pub fn calls(&self) -> u64 {
        self.state().gate.calls()
    }

    /// The calls in order, up to the one that lost power.
    pub fn log(&self) -> Vec<CallRecord> {
        self.state().gate.log().to_vec()
    }
}

/// Copies: other disks made from this one. None of them holds a lock.
impl SimDisk {
    /// The disk as it is found after a loss of power now: a fresh one, without calls or plans.
    pub fn crash_image(&self, policy: LossPolicy, seed: u64) -> Self {
        Self::holding(policy::image(&self.state(), policy, seed))
    }

    /// The disk as the next process finds it when this one is killed now, without a loss of power: it sees
    /// everything, but what was not synced still is not. Without calls or plans.
    pub fn kill_image(&self) -> Self {
        let copy = self.fork();
        copy.state().gate = Gate::default();
        copy
    }

    /// A copy with everything but locks and handles: the calls counted, the plans, what is not synced.
    pub fn fork(&self) -> Self {
        let mut state = self.state().clone();
        state.forget_handles();
        Self::holding(state)
    }
}

/// The hands of a test: they count as no call and never fail. Those that change anything first make all
/// that was done so far durable, so use them on a disk at rest.
impl SimDisk {
    /// The names a program sees, sorted.
    pub fn names(&self) -> Vec<String> {
        self.state().visible.keys().cloned().collect()
    }

    /// The content a program sees under this name.
    pub fn contents(&self, name: &str) -> Option<Bytes> {
        self.state().content(name).ok().map(shared_bytes)
    }

    /// A number that tells one visible state from another: of all names and contents but the notes in lock
    /// files. The same in every run of one build.
    pub fn fingerprint(&self) -> u64 {
        let state = self.state();
        let mut hasher = DefaultHasher::new();
        for name in state.visible.keys() {
            name.hash(&mut hasher);
            if !state.lock_files().contains(name) {
                state.content(name).ok().hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// Gives a name a content, replacing what it stood for.
    pub fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.state().put(name, Some(bytes.into()));
    }

    /// Takes a file away; answers whether there was one.
    pub fn delete(&self, name: &str) -> bool {
        let mut state = self.state();
        let present = state.find(name).is_ok();
        state.put(name, None);
        present
    }

    /// Flips the bits of `xor_mask` in the byte at `offset`; answers whether there is such a byte.
    pub fn damage(&self, name: &str, offset: u64, xor_mask: u8) -> bool {
        self.edit(name, |content| {
            let byte = usize::try_from(offset).ok().and_then(|offset| content.get_mut(offset));
            byte.map(|byte| *byte ^= xor_mask).is_some()
        })
    }

    /// Cuts the file to `len` bytes; answers whether it had more.
    pub fn truncate(&self, name: &str, len: u64) -> bool {
        self.edit(name, |content| {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let longer = content.len() > len;
            content.truncate(len);
            longer
        })
    }

    fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let mut state = self.state();
        let Ok(content) = state.content(name) else { return false };
        let mut content = content.to_vec();
        let changed = change(&mut content);
        state.put(name, Some(content));
        changed
    }
}

impl SimDisk {
    fn holding(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// A test that panicked while holding the state left it whole: no change here is in several steps
    /// that could panic in between.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.location())
    }

    /// Makes one call about a file: admits it, does it, and names the file should it fail.
    fn call<T>(
        &self,
        operation: Operation,
        name: &str,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T, FileError> {
        let mut state = self.state();
        admit(&mut state.gate, operation, name)
            .and_then(|()| act(&mut state))
            .map_err(|error| FileError::io(operation, self.path(name), error))
    }

    fn handle(&self, name: &str, inode: state::InodeId, end: u64) -> Box<dyn StorageFile> {
        Box::new(SimFile::new(self.clone(), name, inode, end))
    }
}

/// Asks the gate, again when interrupted as `std` does, for a call that moves no bytes.
fn admit(gate: &mut Gate, operation: Operation, label: &str) -> io::Result<()> {
    for _ in 0..INTERRUPTIONS_MAX {
        match gate.admit(operation, label) {
            Verdict::Proceed | Verdict::Half => return Ok(()),
            Verdict::PowerLost => return Err(SimulatedCrash::error()),
            Verdict::Fail(error) | Verdict::HalfThenFail(error) => {
                if error.kind() != ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Err(ErrorKind::Interrupted.into())
}

/// Shares the content as it is now; a later change copies it first.
fn shared_bytes(content: Content) -> Bytes {
    struct Shared(Content);
    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    Bytes::from_owner(Shared(content))
}

impl Storage for SimDisk {
    fn list(&self) -> Result<Vec<String>, FileError> {
        self.call(Operation::List, "", |state| Ok(state.visible.keys().cloned().collect()))
    }

    fn exists(&self, name: &str) -> Result<bool, FileError> {
        name::check(name)?;
        self.call(Operation::Exists, name, |state| Ok(state.find(name).is_ok()))
    }

    fn file_len(&self, name: &str) -> Result<u64, FileError> {
        name::check(name)?;
        self.call(Operation::Measure, name, |state| Ok(state.content(name)?.len() as u64))
    }

    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError> {
        name::check(name)?;
        let created = self.call(Operation::Create, name, |state| {
            let inode = state.create(name)?;
            state.open_handle(inode)?;
            Ok(inode)
        });
        match created {
            Ok(inode) => Ok(self.handle(name, inode, 0)),
            Err(FileError::Io { path, source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
                Err(FileError::AlreadyExists { path })
            }
            Err(error) => Err(error),
        }
    }

    fn open_append(&self, name: &str) -> Result<Box<dyn StorageFile>, FileError> {
        name::check(name)?;
        let (inode, end) = self.call(Operation::OpenAppend, name, |state| {
            let inode = state.find(name)?;
            state.open_handle(inode)?;
            Ok((inode, state.inode(inode)?.visible.len() as u64))
        })?;
        Ok(self.handle(name, inode, end))
    }

    fn read(&self, name: &str) -> Result<Bytes, FileError> {
        name::check(name)?;
        self.call(Operation::Read, name, |state| state.content(name).map(shared_bytes))
    }

    fn map(&self, name: &str, expected_len: u64) -> Result<Bytes, FileError> {
        name::check(name)?;
        let content = self.call(Operation::Map, name, |state| state.content(name))?;
        let found = content.len() as u64;
        if found != expected_len {
            return Err(FileError::LengthDiffers { path: self.path(name), expected: expected_len, found });
        }
        Ok(shared_bytes(content))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        name::check(from)?;
        name::check(to)?;
        self.call(Operation::Rename, from, |state| state.rename(from, to))
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        name::check(name)?;
        self.call(Operation::Remove, name, |state| state.remove(name))
    }

    fn sync_dir(&self, label: &'static str) -> Result<(), FileError> {
        let mut state = self.state();
        match admit(&mut state.gate, Operation::SyncDirectory, label) {
            Ok(()) if state.gate.omits(label) => Ok(()),
            Ok(()) => {
                state.sync_names();
                Ok(())
            }
            Err(error) => {
                if !state.gate.is_crashed() {
                    state.doubt_names();
                }
                Err(FileError::io(Operation::SyncDirectory, self.location(), error))
            }
        }
    }

    fn lock(&self, name: &str) -> Result<Box<dyn StorageLock>, LockError> {
        name::check(name)?;
        let rival_note = self.call(Operation::Lock, name, |state| {
            if state.held_locks.contains(name) {
                return Ok(Some(note_of(state, name)?));
            }
            if state.find(name).is_err() {
                state.create(name)?;
            }
            state.set_note(name, Vec::new())?;
            state.held_locks.insert(name.to_owned());
            Ok(None)
        })?;
        match rival_note {
            None => Ok(Box::new(SimLock::new(self.clone(), name))),
            Some(note) => Err(LockError::Held { path: self.path(name), holder: lock::holder_of(&note) }),
        }
    }

    fn probe_lock(&self, name: &str) -> Result<LockProbe, FileError> {
        name::check(name)?;
        self.call(Operation::ProbeLock, name, |state| {
            if !state.held_locks.contains(name) {
                return Ok(LockProbe::Free);
            }
            note_of(state, name).map(LockProbe::Held)
        })
    }

    fn location(&self) -> String {
        "simulated-disk".to_owned()
    }
}

/// The note of the holder, empty when there is none.
fn note_of(state: &State, name: &str) -> io::Result<Vec<u8>> {
    Ok(lock::decode_note(&state.content(name)?).unwrap_or_default())
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let sizes = state.visible.keys().map(|name| (name, state.content(name).map_or(0, |content| content.len())));
        f.debug_struct("SimDisk")
            .field("calls", &state.gate.calls())
            .field("crashed", &state.gate.is_crashed())
            .field("bytes_by_name", &sizes.collect::<BTreeMap<_, _>>())
            .finish()
    }
}
