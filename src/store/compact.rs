//! Compacting on demand: the store in its tidiest form, at once.

use super::engine::Engine;
use super::error::StoreError;
use super::merging::Merging;
use serde::Serialize;
use std::ops::Range;

/// What compacting is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompactStep {
    /// What is in the log becomes a segment.
    Seal,
    /// So many segments, with so many rows, become one.
    MergeSegments {
        /// How many.
        segments: usize,
        /// Their rows.
        rows: u64,
    },
    /// The parts of the dictionary become one.
    MergeNames,
    /// The parts of the profiles become one.
    MergeProfiles,
}

/// The files of a store in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreFiles {
    /// Sealed segments.
    pub segments: u64,
    /// All files, without the lock.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What compacting did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// The files before.
    pub before: StoreFiles,
    /// The files after.
    pub after: StoreFiles,
}

impl Engine {
    /// All that can be merged, in the order in which it is to be.
    pub fn begin_compact(&mut self) -> Vec<(CompactStep, Merging)> {
        let mut steps = Vec::new();
        for run in self.fewest_segments() {
            let rows = self.segments[run.clone()].iter().map(|segment| segment.rows()).sum();
            let step = CompactStep::MergeSegments { segments: run.len(), rows };
            steps.push((step, self.begin_merge_segments(run)));
        }
        if self.dictionaries.len() > 1 {
            steps.push((CompactStep::MergeNames, self.begin_merge_names(0..self.dictionaries.len())));
        }
        if self.profiles.parts().len() > 1 {
            steps.push((CompactStep::MergeProfiles, self.begin_merge_profiles(0..self.profiles.parts().len())));
        }
        steps
    }

    /// Runs of neighbours, each as long as one segment may be, that are to become one each.
    fn fewest_segments(&self) -> Vec<Range<usize>> {
        let rows_max = match self.state.settings.keep_days {
            None => self.options.compacted_rows_max,
            Some(_) => self.options.compacted_rows_max.min(self.options.segment_rows_max),
        };
        let mut runs: Vec<Range<usize>> = Vec::new();
        for place in 0..self.segments.len() {
            match runs.last_mut().filter(|run| self.fit_one_segment(run.start..place + 1, rows_max)) {
                Some(run) => run.end = place + 1,
                None => runs.push(place..place + 1),
            }
        }
        runs.retain(|run| run.len() > 1);
        runs
    }

    pub fn files(&self) -> Result<StoreFiles, StoreError> {
        let names = self.manifest.all_names();
        let lengths = names.iter().map(|name| self.storage.file_len(name)).collect::<Result<Vec<u64>, _>>()?;
        Ok(StoreFiles {
            segments: self.segments.len() as u64,
            files: lengths.len() as u64,
            bytes: lengths.iter().sum(),
        })
    }
}
