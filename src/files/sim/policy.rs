//! What is left on a simulated disk after a loss of power: the nine ways of losing what was not synced.
//!
//! Invariants: what was synced survives every policy; the image depends on the state, the policy and the
//! seed alone; the image itself is settled, as a disk is when it is found after a restart.
//!
//! Two of the policies reorder changes of names, which journalling file systems rarely do. That is meant:
//! nothing promises an order without a sync, and only so does a missing `sync_dir` show.

use super::state::{Content, DataChange, Directory, Entry, Inode, InodeId, Settlement, State, write_at};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a disk writes as a whole or not at all.
pub(super) const SECTOR_BYTES: usize = 512;

/// How much of what was not synced survives a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossPolicy {
    /// Nothing.
    AllLost,
    /// Everything.
    AllKept,
    /// The changes of contents and names up to some moment, the last write up to some byte.
    Prefix,
    /// Of each file any of its 512-byte sectors, and any of the changes of names.
    Sectors,
    /// The names and sizes, but zeros where a file grew.
    Zeros,
    /// The names and sizes, but bytes of other files or noise where a file grew.
    Stale,
    /// The newest change of each file and the newest change of names.
    NewestOnly,
    /// The contents, but no change of names.
    DataKept,
    /// The names, but no content.
    NamesKept,
}

impl LossPolicy {
    /// All nine, for tests that try each.
    pub const ALL: [Self; 9] = [
        Self::AllLost,
        Self::AllKept,
        Self::Prefix,
        Self::Sectors,
        Self::Zeros,
        Self::Stale,
        Self::NewestOnly,
        Self::DataKept,
        Self::NamesKept,
    ];

    /// Whether different seeds can give different images.
    pub fn uses_seed(self) -> bool {
        matches!(self, Self::Prefix | Self::Sectors | Self::Stale)
    }
}

/// The disk as it is found after the loss of power.
pub(super) fn image(state: &State, policy: LossPolicy, seed: u64) -> State {
    let mut loss = Loss::new(state, policy, seed);
    let names = loss.surviving_names();
    let mut contents = BTreeMap::new();
    let mut files = BTreeMap::new();
    for (name, id) in names {
        if let Ok(inode) = state.inode(id) {
            let content = contents.entry(id).or_insert_with(|| loss.surviving_content(id, inode));
            files.insert(name, content.clone());
        }
    }
    let mut image = State::settled(files, state.lock_files().clone());
    image.discarded = state.discarded.clone();
    image
}

/// What becomes of a change.
#[derive(Clone, Copy)]
enum Fate {
    Kept,
    Lost,
    /// A write reaches the disk up to this many bytes.
    Cut(usize),
    /// A write changes the size, but its bytes do not arrive.
    SizeOnly,
}

struct Loss<'a> {
    state: &'a State,
    policy: LossPolicy,
    random: Random,
    /// For [`LossPolicy::Prefix`]: the first change that does not fully survive.
    cut: u64,
}

impl<'a> Loss<'a> {
    fn new(state: &'a State, policy: LossPolicy, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let cut = if policy == LossPolicy::Prefix { choose_cut(state, &mut random) } else { 0 };
        Self { state, policy, random, cut }
    }

    fn surviving_names(&mut self) -> Directory {
        let mut names = self.state.durable.clone();
        let journal = &self.state.name_journal;
        let newest = journal.unsettled().last().map(|entry| entry.order);
        for entry in &journal.entries {
            let kept = entry.settlement == Settlement::Firm
                || match self.policy {
                    LossPolicy::AllLost | LossPolicy::DataKept => false,
                    LossPolicy::AllKept | LossPolicy::Zeros | LossPolicy::Stale | LossPolicy::NamesKept => true,
                    LossPolicy::Prefix => entry.order < self.cut,
                    LossPolicy::Sectors => self.random.flip(),
                    LossPolicy::NewestOnly => Some(entry.order) == newest,
                };
            if kept {
                entry.change.apply(&mut names);
            }
        }
        names
    }

    fn surviving_content(&mut self, id: InodeId, inode: &Inode) -> Content {
        if inode.journal.entries.is_empty() {
            return inode.durable.clone();
        }
        match self.policy {
            LossPolicy::AllKept | LossPolicy::DataKept => inode.visible.clone(),
            LossPolicy::Sectors => Arc::new(self.mix_sectors(inode)),
            _ => Arc::new(self.replay(id, inode)),
        }
    }

    /// The content with each change of the journal kept, lost or in between.
    fn replay(&mut self, id: InodeId, inode: &Inode) -> Vec<u8> {
        let newest = inode.journal.unsettled().last().map(|entry| entry.order);
        let mut content = inode.durable.to_vec();
        for entry in &inode.journal.entries {
            let fate = self.fate(entry, newest);
            match (fate, &entry.change) {
                (Fate::Lost, _) | (Fate::Cut(_), DataChange::SetLen(_)) => {}
                (Fate::Kept, change) | (Fate::SizeOnly, change @ DataChange::SetLen(_)) => change.apply(&mut content),
                (Fate::Cut(count), DataChange::Write { offset, bytes }) => {
                    write_at(&mut content, *offset, &bytes.slice(..count.min(bytes.len())));
                }
                (Fate::SizeOnly, DataChange::Write { offset, bytes }) => {
                    let end = offset + bytes.len();
                    if let Some(growth) = end.checked_sub(content.len()) {
                        let filling = self.filling(id, content.len(), growth);
                        content.extend(filling);
                    }
                }
            }
        }
        content
    }

    fn fate(&mut self, entry: &Entry<DataChange>, newest: Option<u64>) -> Fate {
        if entry.settlement == Settlement::Firm {
            return Fate::Kept;
        }
        match self.policy {
            LossPolicy::AllLost | LossPolicy::NamesKept => Fate::Lost,
            LossPolicy::AllKept | LossPolicy::DataKept | LossPolicy::Sectors => Fate::Kept,
            LossPolicy::Prefix if entry.order < self.cut => Fate::Kept,
            LossPolicy::Prefix if entry.order > self.cut => Fate::Lost,
            LossPolicy::Prefix => match &entry.change {
                DataChange::Write { bytes, .. } => match self.random.below(bytes.len() + 1) {
                    0 => Fate::Lost,
                    count => Fate::Cut(count),
                },
                DataChange::SetLen(_) => Fate::Lost,
            },
            LossPolicy::Zeros | LossPolicy::Stale => Fate::SizeOnly,
            LossPolicy::NewestOnly if Some(entry.order) == newest => Fate::Kept,
            LossPolicy::NewestOnly => Fate::Lost,
        }
    }

    /// The bytes found where the file grew but its own bytes did not arrive.
    fn filling(&mut self, id: InodeId, at: usize, count: usize) -> Vec<u8> {
        if self.policy == LossPolicy::Zeros {
            return vec![0; count];
        }
        let mut filling = self.stale_bytes(id, at);
        filling.truncate(count);
        while filling.len() < count {
            filling.extend(self.random.next().to_le_bytes());
        }
        filling.truncate(count);
        filling
    }

    /// Bytes of another file, often from the same offset, where they fit best and deceive most.
    fn stale_bytes(&mut self, id: InodeId, at: usize) -> Vec<u8> {
        let others = self.state.inodes().filter(|(other, _)| *other != id).map(|(_, inode)| &inode.visible);
        let pool: Vec<&Content> = others.chain(&self.state.discarded).filter(|content| !content.is_empty()).collect();
        if pool.is_empty() {
            return Vec::new();
        }
        let source = pool[self.random.below(pool.len())];
        let from = match self.random.below(4) {
            0 => return Vec::new(),
            1 => self.random.below(source.len()),
            _ => at.min(source.len()),
        };
        source.get(from..).unwrap_or_default().to_vec()
    }

    /// Each sector of the file as before or as after all its changes.
    fn mix_sectors(&mut self, inode: &Inode) -> Vec<u8> {
        let before = replay_firm(inode);
        let after = &inode.visible;
        // A file that shrank did so or did not; one that grew ends with the last sector that arrived.
        let may_shrink = after.len() < before.len() && self.random.flip();
        let mut mixed = before.clone();
        if may_shrink {
            mixed.truncate(after.len());
        }
        for (index, sector) in after.chunks(SECTOR_BYTES).enumerate() {
            let start = index * SECTOR_BYTES;
            let end = start + sector.len();
            let unchanged = before.get(start..end) == Some(sector);
            if !unchanged && self.random.flip() {
                write_at(&mut mixed, start, sector);
            }
        }
        mixed
    }
}

/// The content without anything that a loss of power may undo.
fn replay_firm(inode: &Inode) -> Vec<u8> {
    let mut content = inode.durable.to_vec();
    for entry in inode.journal.entries.iter().filter(|entry| entry.settlement == Settlement::Firm) {
        entry.change.apply(&mut content);
    }
    content
}

/// Any change that may be undone, or one after all of them.
fn choose_cut(state: &State, random: &mut Random) -> u64 {
    let data = state.inodes().flat_map(|(_, inode)| inode.journal.unsettled().map(|entry| entry.order));
    let mut orders: Vec<u64> = data.chain(state.name_journal.unsettled().map(|entry| entry.order)).collect();
    orders.sort_unstable();
    let index = random.below(orders.len() + 1);
    orders.get(index).copied().unwrap_or(u64::MAX)
}

/// SplitMix64: small, and the same on every machine and in every version.
struct Random {
    state: u64,
}

impl Random {
    fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `bound`, which must not be zero.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn flip(&mut self) -> bool {
        self.next() & 1 == 1
    }
}
