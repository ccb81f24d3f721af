//! Makes chunks that were appended durable, one after the other, while the next is parsed and appended.

use crate::store::engine::Ticket;
use crate::store::{LineRefusal, Store, StoreError};
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope};

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
pub(super) struct Syncing {
    /// The oldest first.
    chunks: VecDeque<Appended>,
    tickets: Sender<Ticket>,
    synced: Receiver<Result<(), StoreError>>,
}

impl Syncing {
    /// Begins the thread. It ends when this is dropped.
    pub fn begin<'scope>(scope: &'scope Scope<'scope, '_>, store: &'scope Store) -> io::Result<Self> {
        let (tickets, to_sync) = channel();
        let (done, synced) = channel();
        let sync = move || {
            for ticket in to_sync {
                if done.send(store.wait_for(ticket)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("sync".to_owned()).spawn_scoped(scope, sync)?;
        Ok(Self { chunks: VecDeque::new(), tickets, synced })
    }

    /// Takes a chunk that was appended, up to this ticket.
    pub fn push(&mut self, chunk: Appended, ticket: Ticket) {
        self.chunks.push_back(chunk);
        // The thread listens until this is dropped, unless it panicked, which its end tells.
        let _ = self.tickets.send(ticket);
    }

    /// The oldest chunk once it is durable: waits for it where more than `most` are not, else answers `None`.
    pub fn take(&mut self, most: usize) -> Option<Result<Appended, StoreError>> {
        let synced = match self.chunks.len() > most {
            true => self.synced.recv().ok()?,
            false => self.synced.try_recv().ok()?,
        };
        let chunk = self.chunks.pop_front()?;
        Some(synced.map(|()| chunk))
    }
}
