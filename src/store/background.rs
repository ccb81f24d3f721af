//! Maintenance beside the writer: a thread that seals, and one that merges.
//!
//! Invariants:
//! - At most one of each runs, and neither while a call holds the writer that needs the files as they are
//!   ([`Core::idle_writer`]).
//! - What is not sealed takes bounded memory: while a log is being sealed, writing waits once the next log is full twice.
//! - The store is closed only after both have ended.

use super::engine::Engine;
use super::hot::HotChunks;
use super::merging::Merging;
use super::sealing::Sealing;
use crate::saved::Saved;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Where maintenance is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maintenance {
    /// By the thread whose write filled the log, before it goes on: the same calls give the same files.
    Inline,
    /// By threads of its own.
    Background,
}

/// The engine, and who is at work on it.
pub(super) struct Writer {
    pub engine: Engine,
    /// A thread is syncing; others wait for it and share the next sync.
    pub is_syncing: bool,
    /// So many syncs made batches durable.
    pub syncs: u64,
    is_sealing: bool,
    is_merging: bool,
    /// So many calls wait until nobody is at work; nothing new is begun before them.
    pub waiting: usize,
}

/// What all handles of a store and its threads share.
pub(super) struct Core {
    writer: Mutex<Writer>,
    /// Told whenever something at work on the engine ended.
    ended: Condvar,
    pub hot: Mutex<HotChunks>,
    /// What is saved beside the store, once it was asked for.
    pub saved: Mutex<Option<Arc<Saved>>>,
    maintenance: Maintenance,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    sealing: Option<JoinHandle<()>>,
    merging: Option<JoinHandle<()>>,
}

impl Core {
    pub fn new(engine: Engine, maintenance: Maintenance) -> Self {
        let writer = Writer { engine, is_syncing: false, syncs: 0, is_sealing: false, is_merging: false, waiting: 0 };
        Self {
            writer: Mutex::new(writer),
            ended: Condvar::new(),
            hot: Mutex::default(),
            saved: Mutex::default(),
            maintenance,
            threads: Mutex::default(),
        }
    }

    pub fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something at work on the engine has ended.
    pub fn wait<'a>(&'a self, writer: MutexGuard<'a, Writer>) -> MutexGuard<'a, Writer> {
        self.ended.wait(writer).unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who wait.
    pub fn tell(&self) {
        self.ended.notify_all();
    }

    /// The writer while nothing else is at work on the store's files; nothing begins before it is given back.
    pub fn idle_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer_once(|writer| !writer.is_syncing && !writer.is_sealing && !writer.is_merging)
    }

    fn writer_once(&self, is_free: impl Fn(&Writer) -> bool) -> MutexGuard<'_, Writer> {
        let mut writer = self.writer();
        writer.waiting += 1;
        while !is_free(&writer) {
            writer = self.wait(writer);
        }
        writer.waiting -= 1;
        self.tell();
        writer
    }

    /// After a write: begins what is due. Waits where rows that are not sealed would take more and more memory.
    pub fn maintain<'a>(self: &'a Arc<Self>, mut writer: MutexGuard<'a, Writer>) {
        match self.maintenance {
            Maintenance::Inline => {
                writer.engine.maintain();
                self.tell();
            }
            Maintenance::Background => {
                if writer.engine.is_seal_due() && !writer.is_sealing && writer.waiting == 0 {
                    self.begin_seal(&mut writer);
                    // It synced what others wait for.
                    self.tell();
                }
                while writer.is_sealing && writer.engine.is_overfull() {
                    writer = self.wait(writer);
                }
            }
        }
    }

    fn begin_seal(self: &Arc<Self>, writer: &mut Writer) {
        let begun = writer.engine.begin_seal().map_err(|error| error.to_string());
        let begun = begun.and_then(|sealing| {
            let Some(sealing) = sealing else { return Ok(()) };
            let core = Arc::clone(self);
            self.threads().sealing = Some(spawn("seal", move || core.seal(sealing))?);
            writer.is_sealing = true;
            Ok(())
        });
        if let Err(problem) = begun {
            writer.engine.note_maintenance(Some(problem));
        }
    }

    /// The thread that seals. It leaves merging to another, so that the next log need not wait for it.
    fn seal(self: &Arc<Self>, sealing: Sealing) {
        let _turn = Turn { core: self, end: |writer| writer.is_sealing = false };
        let sealed = sealing.run();
        let mut writer = self.writer();
        let problem = writer.engine.finish_seal(sealed).err().map(|error| error.to_string());
        writer.engine.note_maintenance(problem);
        if writer.is_merging || writer.waiting > 0 {
            return;
        }
        let core = Arc::clone(self);
        match spawn("merge", move || core.merge()) {
            Ok(thread) => {
                self.threads().merging = Some(thread);
                writer.is_merging = true;
            }
            Err(problem) => writer.engine.note_maintenance(Some(problem)),
        }
    }

    /// The thread that merges, and takes out what is too old, until nothing is due.
    fn merge(&self) {
        let _turn = Turn { core: self, end: |writer| writer.is_merging = false };
        let is_expired = self.writer().engine.is_expiry_due();
        if is_expired {
            let mut writer = self.writer_once(|writer| !writer.is_syncing && !writer.is_sealing);
            if let Err(error) = writer.engine.expire_due() {
                writer.engine.note_maintenance(Some(error.to_string()));
                return;
            }
        }
        while let Some(merging) = self.begin_merge() {
            let merged = merging.run();
            let mut writer = self.writer();
            if let Err(error) = writer.engine.finish_merge(merged) {
                writer.engine.note_maintenance(Some(error.to_string()));
                return;
            }
        }
    }

    /// The next merge, unless somebody waits for this to end.
    fn begin_merge(&self) -> Option<Merging> {
        let mut writer = self.writer();
        if writer.waiting > 0 { None } else { writer.engine.begin_due_merge() }
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread's turn; at its end, however it ends, others may have theirs.
struct Turn<'a> {
    core: &'a Core,
    end: fn(&mut Writer),
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        (self.end)(&mut self.core.writer());
        self.core.tell();
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, String> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(body);
    spawned.map_err(|error| format!("cannot start a thread to {name} what was written: {error}"))
}

/// What the handles of a store share; the last one closes it.
pub(super) struct Handle(Arc<Core>);

impl Handle {
    pub fn new(core: Core) -> Self {
        Self(Arc::new(core))
    }
}

impl Deref for Handle {
    type Target = Arc<Core>;

    fn deref(&self) -> &Arc<Core> {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Nothing acknowledged is lost if this fails: the next opening recovers.
        let _ = self.0.idle_writer().engine.close();
        let Threads { sealing, merging } = std::mem::take(&mut *self.0.threads());
        // They have had their turns, and let go of the store, and with it of its lock, as they end.
        for thread in sealing.into_iter().chain(merging) {
            let _ = thread.join();
        }
    }
}
