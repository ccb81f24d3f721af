//! Makes chunks that were appended durable, one after the other, while the next is parsed and appended; and gathers their
//! rows for sealing.

use crate::store::engine::Ticket;
use crate::store::{LineRefusal, Store, StoreError};
use std::collections::VecDeque;
use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, Scope, ScopedJoinHandle};

/// A chunk that is in the log, and what is to be told once it is durable.
#[derive(Debug)]
pub(super) struct Appended {
    /// Lines that are stored.
    pub accepted: u64,
    /// Events that were stored before.
    pub duplicate: u64,
    /// Lines done before this import.
    pub done_before: u64,
    /// Lines that were refused, by number.
    pub refused: Vec<(u64, LineRefusal)>,
    /// Bytes of the input that were read.
    pub input_bytes: u64,
    /// Lines passed, from the beginning of the input.
    pub lines: u64,
}

/// Chunks that are not known to be durable, and the thread that makes them so.
pub(super) struct Syncing<'scope> {
    /// The oldest first.
    chunks: VecDeque<Appended>,
    thread: Option<ScopedJoinHandle<'scope, ()>>,
    tickets: Sender<Ticket>,
    synced: Receiver<Result<(), StoreError>>,
}

/// Begins a thread that gathers rows of what was appended each time that it is told to. It ends when nobody can.
pub(super) fn gather_aside<'scope>(
    scope: &'scope Scope<'scope, '_>,
    store: &'scope Store,
) -> io::Result<Sender<Gather>> {
    let (sender, told) = channel();
    let gather = move || {
        for Gather in told {
            while store.gather() {}
        }
    };
    thread::Builder::new().name("gather".to_owned()).spawn_scoped(scope, gather)?;
    Ok(sender)
}

/// Something was appended.
pub(super) struct Gather;

impl<'scope> Syncing<'scope> {
    /// Begins the thread. It ends when this is dropped.
    pub fn begin(scope: &'scope Scope<'scope, '_>, store: &'scope Store) -> io::Result<Self> {
        let (tickets, to_sync) = channel();
        let (done, synced) = channel();
        let sync = move || {
            for ticket in to_sync {
                if done.send(store.wait_for(ticket)).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("sync".to_owned()).spawn_scoped(scope, sync)?;
        Ok(Self { chunks: VecDeque::new(), thread: Some(thread), tickets, synced })
    }

    /// Takes a chunk that was appended, up to this ticket.
    pub fn push(&mut self, chunk: Appended, ticket: Ticket) {
        self.chunks.push_back(chunk);
        // The thread listens until this is dropped, unless it panicked, which its end tells.
        let _ = self.tickets.send(ticket);
    }

    /// The oldest chunk if it is durable by now. Where more than `most` are not known to be, it is waited for. After an
    /// error nothing is said of those after it.
    pub fn take(&mut self, most: usize) -> Option<Result<Appended, StoreError>> {
        if self.chunks.is_empty() {
            return None;
        }
        let synced = match self.chunks.len() > most {
            true => self.synced.recv().map_err(|_| TryRecvError::Disconnected),
            false => self.synced.try_recv(),
        };
        let chunk = match synced {
            Ok(Ok(())) => Ok(self.chunks.pop_front()?),
            Ok(Err(error)) => {
                self.chunks.clear();
                Err(error)
            }
            Err(TryRecvError::Empty) => return None,
            // It ends before this only when it panics, which must not pass for the end of the chunks.
            Err(TryRecvError::Disconnected) => {
                let Some(Err(panic)) = self.thread.take().map(ScopedJoinHandle::join) else { return None };
                resume_unwind(panic)
            }
        };
        Some(chunk)
    }
}
