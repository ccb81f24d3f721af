//! What a simulated disk holds: what programs see, what would survive a loss of power for sure, and the
//! changes in between.
//!
//! Contents and names are apart, as on a real file system: an inode is a content, the directory maps
//! names to inodes. A sync of a file makes its content last, not its name; a sync of the directory makes
//! names last, not contents.
//!
//! Invariants, for each inode and for the directory:
//! - `visible` is `durable` with all entries of the journal applied in order.
//! - Without a failed sync the journal holds exactly what was done since the last sync. After one, what
//!   it covered stays doubtful for ever, and what later syncs made firm waits in order behind it.
//!
//! The note of a lock is outside of all this: it means nothing without a holder, so it has no journal.

use super::faults::Gate;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// A mistaken length must not take the memory of the machine that runs the tests.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// How many contents of removed files are kept as a source of stale bytes.
const DISCARDED_MAX: usize = 16;

/// Which content a name stands for.
pub(super) type InodeId = u64;

/// A content, shared between copies of the disk until one of them changes it.
pub(super) type Content = Arc<Vec<u8>>;

/// Names and the contents they stand for.
pub(super) type Directory = BTreeMap<String, InodeId>;

/// How sure it is that a change survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// Not synced.
    Open,
    /// A sync of it failed, so that it may be on the disk or not, whatever is synced later.
    Doubtful,
    /// Synced, but after something doubtful.
    Firm,
}

/// A change that is not yet part of the durable state.
#[derive(Clone, Debug)]
pub(super) struct Entry<T> {
    /// The order among all changes of the disk.
    pub(super) order: u64,
    pub(super) settlement: Settlement,
    pub(super) change: T,
}

/// Changes in order.
#[derive(Clone, Debug)]
pub(super) struct Journal<T> {
    pub(super) entries: Vec<Entry<T>>,
}

impl<T> Journal<T> {
    fn new() -> Self {
        Self { entries: Vec::new() }
    }

    fn push(&mut self, order: u64, change: T) {
        self.entries.push(Entry { order, settlement: Settlement::Open, change });
    }

    /// After a sync that succeeded: takes out what is now part of the durable state.
    fn settle(&mut self) -> Vec<T> {
        if self.entries.iter().any(|entry| entry.settlement == Settlement::Doubtful) {
            self.turn_open(Settlement::Firm);
            return Vec::new();
        }
        self.entries.drain(..).map(|entry| entry.change).collect()
    }

    /// After a sync that failed.
    fn doubt(&mut self) {
        self.turn_open(Settlement::Doubtful);
    }

    fn turn_open(&mut self, settlement: Settlement) {
        for entry in self.entries.iter_mut().filter(|entry| entry.settlement == Settlement::Open) {
            entry.settlement = settlement;
        }
    }

    /// The entries that a loss of power may undo.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = &Entry<T>> {
        self.entries.iter().filter(|entry| entry.settlement != Settlement::Firm)
    }
}

/// A change to the content of a file.
#[derive(Clone, Debug)]
pub(super) enum DataChange {
    Write { offset: usize, bytes: Bytes },
    SetLen(usize),
}

impl DataChange {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write_at(content, *offset, bytes),
            Self::SetLen(len) => content.resize(*len, 0),
        }
    }
}

/// Writes into the content, extending it with zeros as needed.
pub(super) fn write_at(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// A change to the directory; each is one indivisible step of the file system.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Create { name: String, inode: InodeId },
    Rename { from: String, to: String, inode: InodeId },
    Remove { name: String },
}

impl NameChange {
    pub(super) fn apply(&self, directory: &mut Directory) {
        match self {
            Self::Create { name, inode } => {
                directory.insert(name.clone(), *inode);
            }
            Self::Rename { from, to, inode } => {
                directory.remove(from);
                directory.insert(to.clone(), *inode);
            }
            Self::Remove { name } => {
                directory.remove(name);
            }
        }
    }
}

/// A content with its history since the last sync.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) durable: Content,
    pub(super) visible: Content,
    pub(super) journal: Journal<DataChange>,
    /// Open handles, which keep a removed file alive.
    handles: u32,
}

impl Inode {
    fn settled(content: Content) -> Self {
        Self { durable: content.clone(), visible: content, journal: Journal::new(), handles: 0 }
    }
}

/// The whole disk but for its lock on itself.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) gate: Gate,
    inodes: BTreeMap<InodeId, Inode>,
    pub(super) visible: Directory,
    pub(super) durable: Directory,
    pub(super) name_journal: Journal<NameChange>,
    /// Contents nobody can reach any more, the newest last.
    pub(super) discarded: VecDeque<Content>,
    pub(super) held_locks: BTreeSet<String>,
    lock_files: BTreeSet<String>,
    next_inode: InodeId,
    next_order: u64,
}

impl State {
    /// A disk that holds these files for sure and nothing else.
    pub(super) fn settled(files: BTreeMap<String, Content>, lock_files: BTreeSet<String>) -> Self {
        let mut state = Self {
            gate: Gate::default(),
            inodes: BTreeMap::new(),
            visible: Directory::new(),
            durable: Directory::new(),
            name_journal: Journal::new(),
            discarded: VecDeque::new(),
            held_locks: BTreeSet::new(),
            lock_files,
            next_inode: 0,
            next_order: 0,
        };
        for (name, content) in files {
            let inode = state.add_inode(content);
            state.visible.insert(name, inode);
        }
        state.durable = state.visible.clone();
        state
    }

    fn add_inode(&mut self, content: Content) -> InodeId {
        self.next_inode += 1;
        self.inodes.insert(self.next_inode, Inode::settled(content));
        self.next_inode
    }

    fn take_order(&mut self) -> u64 {
        self.next_order += 1;
        self.next_order
    }

    /// The content a name stands for.
    pub(super) fn find(&self, name: &str) -> io::Result<InodeId> {
        self.visible.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn inodes(&self) -> impl Iterator<Item = (InodeId, &Inode)> {
        self.inodes.iter().map(|(id, inode)| (*id, inode))
    }

    pub(super) fn inode(&self, id: InodeId) -> io::Result<&Inode> {
        self.inodes.get(&id).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn inode_mut(&mut self, id: InodeId) -> io::Result<&mut Inode> {
        self.inodes.get_mut(&id).ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// What programs read under this name.
    pub(super) fn content(&self, name: &str) -> io::Result<Content> {
        Ok(self.inode(self.find(name)?)?.visible.clone())
    }

    pub(super) fn create(&mut self, name: &str) -> io::Result<InodeId> {
        if self.visible.contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let inode = self.add_inode(Content::default());
        self.change_names(NameChange::Create { name: name.to_owned(), inode });
        Ok(inode)
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let inode = self.find(from)?;
        self.change_names(NameChange::Rename { from: from.to_owned(), to: to.to_owned(), inode });
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        self.find(name)?;
        self.change_names(NameChange::Remove { name: name.to_owned() });
        Ok(())
    }

    fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.visible);
        let order = self.take_order();
        self.name_journal.push(order, change);
    }

    pub(super) fn write(&mut self, id: InodeId, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        let offset = allowed_len(end)? - bytes.len();
        self.change_data(id, DataChange::Write { offset, bytes: Bytes::copy_from_slice(bytes) })
    }

    pub(super) fn set_len(&mut self, id: InodeId, len: u64) -> io::Result<()> {
        let len = allowed_len(len)?;
        self.change_data(id, DataChange::SetLen(len))
    }

    fn change_data(&mut self, id: InodeId, change: DataChange) -> io::Result<()> {
        let order = self.take_order();
        let inode = self.inode_mut(id)?;
        change.apply(Arc::make_mut(&mut inode.visible));
        inode.journal.push(order, change);
        Ok(())
    }

    pub(super) fn sync(&mut self, id: InodeId) -> io::Result<()> {
        let inode = self.inode_mut(id)?;
        for change in inode.journal.settle() {
            change.apply(Arc::make_mut(&mut inode.durable));
        }
        Ok(())
    }

    /// A sync of the file failed.
    pub(super) fn doubt(&mut self, id: InodeId) {
        if let Some(inode) = self.inodes.get_mut(&id) {
            inode.journal.doubt();
        }
    }

    pub(super) fn sync_names(&mut self) {
        for change in self.name_journal.settle() {
            change.apply(&mut self.durable);
        }
        self.discard_unreachable();
    }

    /// A sync of the directory failed.
    pub(super) fn doubt_names(&mut self) {
        self.name_journal.doubt();
    }

    /// Everything becomes durable: the ground for changes by the hand of a test.
    pub(super) fn settle_all(&mut self) {
        for inode in self.inodes.values_mut() {
            inode.durable = inode.visible.clone();
            inode.journal.entries.clear();
        }
        self.durable = self.visible.clone();
        self.name_journal.entries.clear();
    }

    /// Gives a name a content, both durable at once, or takes the name away.
    pub(super) fn put(&mut self, name: &str, content: Option<Vec<u8>>) {
        self.settle_all();
        match content {
            Some(content) => {
                let inode = self.add_inode(Arc::new(content));
                self.visible.insert(name.to_owned(), inode);
            }
            None => {
                self.visible.remove(name);
            }
        }
        self.durable = self.visible.clone();
        self.discard_unreachable();
    }

    pub(super) fn open_handle(&mut self, id: InodeId) -> io::Result<()> {
        self.inode_mut(id)?.handles += 1;
        Ok(())
    }

    pub(super) fn close_handle(&mut self, id: InodeId) {
        if let Some(inode) = self.inodes.get_mut(&id) {
            inode.handles = inode.handles.saturating_sub(1);
        }
    }

    /// Handles belong to the disk they were opened on: a copy has none.
    pub(super) fn forget_handles(&mut self) {
        self.held_locks.clear();
        for inode in self.inodes.values_mut() {
            inode.handles = 0;
        }
    }

    /// Forgets inodes that no name or handle leads to; entries of the journal may still give them a name.
    fn discard_unreachable(&mut self) {
        let mut reachable: BTreeSet<InodeId> = self.visible.values().chain(self.durable.values()).copied().collect();
        for entry in &self.name_journal.entries {
            if let NameChange::Create { inode, .. } | NameChange::Rename { inode, .. } = &entry.change {
                reachable.insert(*inode);
            }
        }
        let gone = self.inodes.extract_if(.., |id, inode| inode.handles == 0 && !reachable.contains(id));
        self.discarded.extend(gone.map(|(_, inode)| inode.visible));
        while self.discarded.len() > DISCARDED_MAX {
            self.discarded.pop_front();
        }
    }

    /// Replaces the note in a lock file, outside of the model of loss.
    pub(super) fn set_note(&mut self, name: &str, note: Vec<u8>) -> io::Result<()> {
        let id = self.find(name)?;
        self.lock_files.insert(name.to_owned());
        let content = Arc::new(note);
        let inode = self.inode_mut(id)?;
        inode.durable = content.clone();
        inode.visible = content;
        inode.journal.entries.clear();
        Ok(())
    }

    /// The names that were ever locked: their contents differ without meaning anything.
    pub(super) fn lock_files(&self) -> &BTreeSet<String> {
        &self.lock_files
    }
}

fn allowed_len(len: u64) -> io::Result<usize> {
    usize::try_from(len).ok().filter(|_| len <= FILE_BYTES_MAX).ok_or_else(|| ErrorKind::FileTooLarge.into())
}
