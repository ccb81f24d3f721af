//! Merging: neighbours among the sealed files of a kind become one.
//!
//! As with sealing, only the beginning and the end need the writer's lock.

use super::engine::Engine;
use super::error::StoreError;
use super::load;
use super::maintenance::{Written, write_file_with};
use super::manifest::{FileEntry, Manifest, dictionary_name, profiles_name, segment_name};
use super::outdated::Outdated;
use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileId, WriteError};
use crate::dictionary::{DictionaryPart, merge_parts};
use crate::files::Storage;
use crate::profiles::{Profiles, ProfilesBuilder, ProfilesPart};
use crate::segment::{Segment, merge_segments_into};
use bytes::Bytes;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of the files that one segment may be merged from: half of what the offsets inside a column reach, as a column
/// may take another form when it is merged.
const SEGMENT_BYTES_MAX: u64 = 1 << 31;
/// Insert ids that one segment may be merged from: merging holds twelve bytes of each.
const INSERT_IDS_MAX: u64 = 1 << 25;

/// Neighbours that are to become one file.
pub(super) enum Merging {
    Segments(Neighbours<Segment>),
    Names(Neighbours<DictionaryPart>),
    Profiles(Neighbours<ProfilesPart>),
}

/// Neighbours of one kind, and the number and identity of the file that they become.
pub(super) struct Neighbours<T> {
    storage: Arc<dyn Storage>,
    number: u64,
    id: FileId,
    old: Vec<Arc<T>>,
}

/// The file that neighbours became, in no manifest yet.
pub(super) enum Merged {
    Segments(Replacement<Segment>),
    Names(Replacement<DictionaryPart>),
    Profiles(Replacement<ProfilesPart>),
}

/// A file that takes the place of neighbours.
pub(super) struct Replacement<T> {
    old: Vec<Arc<T>>,
    new: Written<T>,
}

/// A run of neighbours of about one size, oldest first, that should be one file and fit one.
///
/// Sizes go in steps of a factor of `width`, so that each byte is merged once a step. What came after the first of the
/// run is at least as small as it, so that large files are left alone.
fn due_run(sizes: &[u64], width: usize, fit_one: impl Fn(Range<usize>) -> bool) -> Option<Range<usize>> {
    let width = width.max(2);
    let steps: Vec<u32> = sizes.iter().map(|size| (*size).max(1).ilog(width as u64)).collect();
    (0..(sizes.len() + 1).saturating_sub(width)).map(|start| start..start + width).find(|run| {
        let highest = steps[run.clone()].iter().max().copied().unwrap_or(0);
        steps[run.start] == highest && steps[run.end - 1] + 1 >= highest && fit_one(run.clone())
    })
}

impl<T> Neighbours<T> {
    /// Writes what they became under a name, and opens it; the name lasts.
    fn replace(
        self,
        name: fn(u64) -> String,
        open: fn(&dyn Storage, &FileEntry) -> Result<Arc<T>, StoreError>,
        merge: impl FnOnce(&[Arc<T>], &mut dyn io::Write) -> Result<(), WriteError>,
    ) -> Result<Replacement<T>, StoreError> {
        let (storage, number, id) = (&*self.storage, self.number, self.id);
        let new = write_file_with(storage, name, number, id, open, |output| merge(&self.old, output))?;
        storage.sync_dir("merged file name")?;
        Ok(Replacement { old: self.old, new })
    }
}

impl Merging {
    /// Builds and writes the file.
    pub fn run(self) -> Result<Merged, StoreError> {
        Ok(match self {
            Self::Segments(run) => {
                let id = run.id;
                let merge = |old: &[Arc<Segment>], output: &mut dyn io::Write| {
                    let first_arrival = old.first().map(|segment| segment.arrivals().0).unwrap_or_default();
                    merge_segments_into(old, id, first_arrival, output).map(|_| ())
                };
                Merged::Segments(run.replace(segment_name, load::open_segment, merge)?)
            }
            Self::Names(run) => {
                let id = run.id;
                let merge = |old: &[Arc<DictionaryPart>], output: &mut dyn io::Write| {
                    Ok(output.write_all(&needed(merge_parts(old, id)?)?)?)
                };
                Merged::Names(run.replace(dictionary_name, load::open_dictionary, merge)?)
            }
            Self::Profiles(run) => {
                let id = run.id;
                let merge = |old: &[Arc<ProfilesPart>], output: &mut dyn io::Write| {
                    Ok(output.write_all(&merge_profiles(old, id)?)?)
                };
                Merged::Profiles(run.replace(profiles_name, load::open_profiles, merge)?)
            }
        })
    }
}

fn merge_profiles(parts: &[Arc<ProfilesPart>], id: FileId) -> Result<Bytes, DecodeError> {
    let mut builder = ProfilesBuilder::default();
    parts.iter().try_for_each(|part| builder.add_part(part))?;
    needed(builder.finish(id, Compression::Zstd)?)
}

/// A part is written only where it holds something, and so do several.
fn needed(bytes: Option<Bytes>) -> Result<Bytes, DecodeError> {
    bytes.ok_or_else(|| DecodeError::new("there is nothing in the parts that are to be merged", 0))
}

/// The places of neighbours in a list.
fn places<T>(all: &[Arc<T>], neighbours: &[Arc<T>]) -> Range<usize> {
    let start = all.iter().position(|one| neighbours.first().is_some_and(|first| Arc::ptr_eq(one, first)));
    let start = start.unwrap_or(all.len());
    start..(start + neighbours.len()).min(all.len())
}

impl Engine {
    /// What should be merged next, if anything.
    pub fn begin_due_merge(&mut self) -> Option<Merging> {
        let width = self.options.merge_width;
        let rows: Vec<u64> = self.segments.iter().map(|segment| segment.rows()).collect();
        if let Some(run) = due_run(&rows, width, |run| self.fit_one_segment(run, self.options.segment_rows_max)) {
            return Some(self.begin_merge_segments(run));
        }
        let bytes = |entries: &[FileEntry]| entries.iter().map(|entry| entry.length).collect::<Vec<u64>>();
        if let Some(run) = due_run(&bytes(&self.manifest.dictionaries), width, |_| true) {
            return Some(self.begin_merge_names(run));
        }
        let run = due_run(&bytes(&self.manifest.profiles), width, |_| true)?;
        Some(self.begin_merge_profiles(run))
    }

    /// Whether these neighbours may become one segment of at most so many rows.
    pub(super) fn fit_one_segment(&self, run: Range<usize>, rows_max: u64) -> bool {
        let bytes: u64 = self.manifest.segments[run.clone()].iter().map(|entry| entry.length).sum();
        let segments = &self.segments[run];
        segments.iter().map(|segment| segment.rows()).sum::<u64>() <= rows_max
            && segments.iter().map(|segment| segment.insert_ids()).sum::<u64>() <= INSERT_IDS_MAX
            && bytes <= SEGMENT_BYTES_MAX
    }

    pub fn begin_merge_segments(&mut self, run: Range<usize>) -> Merging {
        let old = self.segments[run].to_vec();
        Merging::Segments(self.neighbours(old))
    }

    pub fn begin_merge_names(&mut self, run: Range<usize>) -> Merging {
        let old = self.dictionaries[run].to_vec();
        Merging::Names(self.neighbours(old))
    }

    pub fn begin_merge_profiles(&mut self, run: Range<usize>) -> Merging {
        let old = self.profiles.parts()[run].to_vec();
        Merging::Profiles(self.neighbours(old))
    }

    fn neighbours<T>(&mut self, old: Vec<Arc<T>>) -> Neighbours<T> {
        let (number, id) = (self.take_file_numbers(1), self.environment.file_id());
        Neighbours { storage: Arc::clone(&self.storage), number, id, old }
    }

    /// Merges, now.
    pub fn merge(&mut self, merging: Merging) -> Result<(), StoreError> {
        self.finish_merge(merging.run()).map(drop)
    }

    /// Takes a merged file into use, in place of those that went into it, which are to be removed.
    pub fn finish_merge(&mut self, merged: Result<Merged, StoreError>) -> Result<Outdated, StoreError> {
        let result = merged.and_then(|merged| self.use_merged(merged));
        self.poison_if_sync_failed(result)
    }

    fn use_merged(&mut self, merged: Merged) -> Result<Outdated, StoreError> {
        self.check_usable()?;
        let (name, unlisted): (fn(u64) -> String, _) = match merged {
            Merged::Segments(Replacement { old, new }) => {
                let run = places(&self.segments, &old);
                let unlisted = self.list_instead(|manifest| &mut manifest.segments, &run, &new.entry)?;
                self.segments.splice(run, [new.opened]);
                (segment_name, unlisted)
            }
            Merged::Names(Replacement { old, new }) => {
                let run = places(&self.dictionaries, &old);
                let unlisted = self.list_instead(|manifest| &mut manifest.dictionaries, &run, &new.entry)?;
                let replaced = self.state.names.change(|names| names.replace_parts(&old, &new.opened));
                let replaced = replaced.map_err(|damage| self.damage(damage));
                self.poison_unless_ok(&replaced);
                replaced?;
                self.dictionaries.splice(run, [new.opened]);
                (dictionary_name, unlisted)
            }
            Merged::Profiles(Replacement { old, new }) => {
                let mut parts = self.profiles.parts().to_vec();
                let run = places(&parts, &old);
                let unlisted = self.list_instead(|manifest| &mut manifest.profiles, &run, &new.entry)?;
                parts.splice(run, [new.opened]);
                self.profiles = Profiles::new(parts);
                (profiles_name, unlisted)
            }
        };
        Ok(Outdated::files(&self.storage, unlisted.iter().map(|entry| name(entry.number))))
    }

    /// Lists a file in place of a run of others; answers those.
    fn list_instead(
        &mut self,
        list: fn(&mut Manifest) -> &mut Vec<FileEntry>,
        run: &Range<usize>,
        entry: &FileEntry,
    ) -> Result<Vec<FileEntry>, StoreError> {
        let mut unlisted = Vec::new();
        self.publish(|manifest| unlisted = list(manifest).splice(run.clone(), [entry.clone()]).collect())?;
        Ok(unlisted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_about_one_size_are_merged() {
        for (sizes, expected) in [
            (&[][..], None),
            (&[5, 5, 5], None),
            (&[5, 5, 5, 5], Some(0..4)),
            (&[900, 5, 5, 5, 5], Some(1..5)),
            (&[900, 100, 5, 5, 5], None),
            (&[900, 60, 5, 5, 5], Some(1..5)),
            (&[20, 5, 5, 5], Some(0..4)),
            (&[5, 5, 5, 20], None),
            (&[60, 60, 60, 60], None),
        ] {
            let fit_one = |run: Range<usize>| sizes[run].iter().sum::<u64>() <= 200;
            assert_eq!(due_run(sizes, 4, fit_one), expected, "{sizes:?}");
        }
        assert_eq!(due_run(&[7, 7], 0, |_| true), Some(0..2), "two at least");
    }
}
