//! Changing sealed files while writing and reading go on: sealing, merging, compacting, deletion and expiry.
//!
//! Invariants:
//! - Whoever changes sealed files has the turn. Sealing a log that is full only adds files, and needs none.
//! - The writer's lock is held at the beginning and at the end of a step, not while files are written or removed, but for
//!   what the end of a deletion has left to write.

use super::background::{Core, Writer};
use super::compact::{CompactStep, Compacted};
use super::erase::Choose;
use super::error::StoreError;
use super::merging::Merging;
use super::removal::Removal;

/// The turn to change sealed files; at its end, however it ends, others may have theirs.
pub(super) struct Turn<'a> {
    core: &'a Core,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.core.writer().end_turn();
        self.core.tell();
    }
}

impl<'a> Turn<'a> {
    /// Waits for the turn.
    pub fn wait_for(core: &'a Core) -> Self {
        core.wait_for_turn();
        Self { core }
    }

    /// The turn that was taken already, by the thread that seals for the one that merges.
    pub fn taken(core: &'a Core) -> Self {
        Self { core }
    }

    /// Seals what is in the logs.
    pub fn seal(&self) -> Result<(), StoreError> {
        self.core.seal_now()
    }

    /// Merges what is due, until there is a reason to stop.
    pub fn merge_due(&self, is_over: impl Fn(&Writer) -> bool) -> Result<(), StoreError> {
        loop {
            let mut writer = self.core.writer();
            let due = if is_over(&writer) { None } else { writer.engine.begin_due_merge() };
            drop(writer);
            match due {
                Some(merging) => self.merge(merging)?,
                None => return Ok(()),
            }
        }
    }

    /// Seals, takes out what is due to expire, and merges all that can be merged.
    pub fn compact(&self, mut notice: impl FnMut(CompactStep)) -> Result<Compacted, StoreError> {
        let before = {
            let writer = self.core.writer();
            writer.engine.check_usable()?;
            writer.engine.files()?
        };
        notice(CompactStep::Seal);
        self.seal()?;
        self.expire_due()?;
        let steps = self.core.writer().engine.begin_compact();
        for (step, merging) in steps {
            notice(step);
            self.merge(merging)?;
        }
        Ok(Compacted { before, after: self.core.writer().engine.files()? })
    }

    fn merge(&self, merging: Merging) -> Result<(), StoreError> {
        let merged = merging.run();
        // In a statement of its own, at whose end the writer's lock is given back.
        let outdated = self.core.writer().engine.finish_merge(merged)?;
        drop(outdated);
        Ok(())
    }

    /// Takes out events that are older than they are to be kept.
    pub fn expire_due(&self) -> Result<(), StoreError> {
        let due = self.core.writer().engine.due_expiry();
        due.map_or(Ok(()), |choose| self.erase(&choose).map(drop))
    }

    /// Takes out what `choose` says of all that arrived before this ends.
    pub fn erase(&self, choose: &Choose<'_>) -> Result<Removal, StoreError> {
        self.seal()?;
        let erasing = self.core.writer().engine.begin_erase(choose)?;
        let erased = erasing.run();
        // So that little is left to be sealed when this begins to hold up others. If it fails, so does the end.
        let _ = self.seal();
        let (mut removal, outdated) = self.core.quiet_writer().engine.finish_erase(choose, erased)?;
        removal.files_left = outdated.remove();
        Ok(removal)
    }
}
