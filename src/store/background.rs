//! Maintenance beside the writer: a thread that seals, and one that merges.
//!
//! Invariants:
//! - At most one of each runs. Merging has the turn to change sealed files ([`Turn`]), as calls have that change them.
//! - Neither runs while a call holds the writer that needs the files as they are ([`Core::idle_writer`]).
//! - What is not sealed takes bounded memory: while a log is being sealed, writing waits once the next log is full twice.
//! - The store is closed only after both have ended.

use super::engine::Engine;
use super::error::StoreError;
use super::hot::HotChunks;
use super::sealing::Sealing;
use super::turn::Turn;
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
    /// Somebody has the turn to change sealed files.
    is_turn_taken: bool,
    /// So many calls wait for the turn.
    waiting_for_turn: usize,
    /// So many calls wait until nobody syncs or seals; nothing of the kind is begun before them.
    pub waiting: usize,
}

impl Writer {
    /// Whether the turn is free, and nobody waits for it or for an idle writer.
    fn is_turn_free(&self) -> bool {
        !self.is_turn_taken && !self.is_wanted()
    }

    fn is_wanted(&self) -> bool {
        self.waiting > 0 || self.waiting_for_turn > 0
    }

    pub fn end_turn(&mut self) {
        self.is_turn_taken = false;
    }
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
        let writer = Writer {
            engine,
            is_syncing: false,
            syncs: 0,
            is_sealing: false,
            is_turn_taken: false,
            waiting_for_turn: 0,
            waiting: 0,
        };
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

    /// Whether maintenance has threads of its own.
    pub fn has_threads(&self) -> bool {
        self.maintenance == Maintenance::Background
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
        self.writer_once(|writer| !writer.is_syncing && !writer.is_sealing && !writer.is_turn_taken)
    }

    /// The writer while nobody syncs or seals; for whoever has the turn.
    pub fn quiet_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer_once(|writer| !writer.is_syncing && !writer.is_sealing)
    }

    /// Waits for the turn to change sealed files, and takes it. Writing goes on meanwhile.
    pub fn wait_for_turn(&self) {
        let mut writer = self.writer();
        writer.waiting_for_turn += 1;
        while writer.is_turn_taken {
            writer = self.wait(writer);
        }
        writer.waiting_for_turn -= 1;
        writer.is_turn_taken = true;
    }

    /// Seals what is in the logs, beside the writer.
    pub fn seal_now(&self) -> Result<(), StoreError> {
        let mut writer = self.quiet_writer();
        let Some(sealing) = writer.engine.begin_seal()? else { return Ok(()) };
        writer.is_sealing = true;
        drop(writer);
        let _sealing = SealingNow { core: self };
        // It synced what others wait for.
        self.tell();
        let sealed = sealing.run();
        // In a statement of its own, at whose end the writer's lock is given back.
        let outdated = self.writer().engine.finish_seal(sealed)?;
        drop(outdated);
        Ok(())
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
                // Whoever has the turn may be another thread.
                if !writer.is_turn_taken && !writer.is_sealing {
                    writer.engine.maintain();
                    self.tell();
                }
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
            writer.engine.end_sealing();
            writer.engine.note_maintenance(Some(problem));
        }
    }

    /// The thread that seals. It leaves merging to another, so that the next log need not wait for it.
    fn seal(self: &Arc<Self>, sealing: Sealing) {
        let _sealing = SealingNow { core: self };
        let sealed = sealing.run();
        let mut writer = self.writer();
        let outdated = writer.engine.finish_seal(sealed);
        writer.engine.note_maintenance(outdated.as_ref().err().map(ToString::to_string));
        if writer.is_turn_free() {
            self.begin_merge(&mut writer);
        }
        drop(writer);
        drop(outdated);
    }

    fn begin_merge(self: &Arc<Self>, writer: &mut Writer) {
        let core = Arc::clone(self);
        match spawn("merge", move || core.merge()) {
            Ok(thread) => {
                self.threads().merging = Some(thread);
                writer.is_turn_taken = true;
            }
            Err(problem) => writer.engine.note_maintenance(Some(problem)),
        }
    }

    /// The thread that takes out what is too old and merges until nothing is due, or somebody waits for this to end.
    fn merge(&self) {
        let turn = Turn::taken(self);
        let done = turn.expire_due().and_then(|()| turn.merge_due(Writer::is_wanted));
        if let Err(error) = done {
            self.writer().engine.note_maintenance(Some(error.to_string()));
        }
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log is being sealed; at the end of it, however it ends, the next may be.
struct SealingNow<'a> {
    core: &'a Core,
}

impl Drop for SealingNow<'_> {
    fn drop(&mut self) {
        let mut writer = self.core.writer();
        writer.is_sealing = false;
        writer.engine.end_sealing();
        drop(writer);
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
