//! Which files make up the store, and what is small enough to be kept with the list. Layout: `format-spec/manifest.md`.

use crate::codec::file_header::HEADER_BYTES;
use crate::codec::{DecodeError, FileHeader, FileId, FileKind, Reader, Writer, record};
use crate::log::{BatchKeyRecord, ImportRecord, LogEnd};
use crate::model::GroupTypeId;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The manifest's name.
pub const MANIFEST: &str = "MANIFEST";
/// The lock's name.
pub const LOCK: &str = "LOCK";
/// The time zone of a workspace that was told none, and the only one whose days unit bitmaps follow so far.
const TIMEZONE: &str = "UTC";

/// An immutable file of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    pub number: u64,
    pub id: FileId,
    pub length: u64,
}

/// A log file. Only the last of the list may be written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogEntry {
    pub number: u64,
    pub id: FileId,
    /// Its length when it was closed. While it is not, so many bytes at least are synced.
    pub length: u64,
    /// Whether it was closed; not while it is written to, and after an unclean stop.
    pub is_closed: bool,
}

impl LogEntry {
    /// Where the log ends, as far as the manifest knows.
    pub fn end(&self) -> LogEnd {
        if self.is_closed { LogEnd::Known(self.length) } else { LogEnd::Unclean { synced: self.length } }
    }

    /// Its length if it was closed.
    pub fn closed_length(&self) -> Option<u64> {
        self.is_closed.then_some(self.length)
    }
}

/// What a workspace was told about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Declared group types by id, ascending, with their display names.
    pub declared: Vec<(u32, String)>,
    /// Whether undeclared group types are refused.
    pub only_declared: bool,
    /// Events are kept for so many days of UTC; `None` is for ever.
    pub keep_days: Option<u32>,
    /// The IANA name of the time zone whose calendar documents without `timezone` follow.
    pub timezone: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { declared: Vec::new(), only_declared: false, keep_days: None, timezone: TIMEZONE.to_owned() }
    }
}

impl Settings {
    /// Whether a group type is declared.
    pub fn is_declared(&self, group_type: GroupTypeId) -> bool {
        self.display_name(group_type).is_some()
    }

    /// The display name of a declared group type.
    pub fn display_name(&self, group_type: GroupTypeId) -> Option<&str> {
        let place = self.declared.binary_search_by_key(&group_type.raw(), |(id, _)| *id).ok()?;
        Some(&self.declared[place].1)
    }
}

/// Everything that makes up a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Counts up with every publication.
    pub generation: u64,
    /// The number that the next file takes.
    pub next_file: u64,
    /// The arrival that follows those in sealed files.
    pub sealed_arrivals: u64,
    /// How many of the arrivals in sealed files are there no more, as what arrived was deleted or expired.
    pub erased_arrivals: u64,
    /// The time zone whose days the unit bitmaps follow.
    pub timezone: String,
    /// In order of arrival, as all lists below.
    pub segments: Vec<FileEntry>,
    pub dictionaries: Vec<FileEntry>,
    pub profiles: Vec<FileEntry>,
    pub logs: Vec<LogEntry>,
    /// As of the end of the sealed files; logs may change them.
    pub settings: Settings,
    pub imports: Vec<ImportRecord>,
    pub batch_keys: Vec<BatchKeyRecord>,
}

impl Manifest {
    /// The manifest of a store that holds nothing but this log.
    pub fn first(log: LogEntry) -> Self {
        Self {
            generation: 1,
            next_file: log.number + 1,
            sealed_arrivals: 0,
            erased_arrivals: 0,
            timezone: TIMEZONE.to_owned(),
            segments: Vec::new(),
            dictionaries: Vec::new(),
            profiles: Vec::new(),
            logs: vec![log],
            settings: Settings::default(),
            imports: Vec::new(),
            batch_keys: Vec::new(),
        }
    }

    /// Where the last log ends, as far as the manifest knows.
    pub fn last_log_end(&self) -> LogEnd {
        self.logs.last().map_or(LogEnd::Unclean { synced: 0 }, LogEntry::end)
    }

    /// The manifest as a file.
    pub fn encode(&self, id: FileId) -> Result<Vec<u8>, DecodeError> {
        let body = record::encode(self)?;
        let mut bytes = FileHeader { kind: FileKind::Manifest, id }.encode();
        bytes.put_u64(body.len() as u64);
        bytes.put(&body);
        let checksum = id.checksum(&bytes[HEADER_BYTES..]);
        bytes.put_u32(checksum);
        Ok(bytes)
    }

    /// Reads a manifest.
    pub fn decode(bytes: &Bytes) -> Result<Self, DecodeError> {
        Self::read(bytes).map_err(|error| error.in_file(&Arc::from(MANIFEST)))
    }

    fn read(bytes: &Bytes) -> Result<Self, DecodeError> {
        let header = FileHeader::decode(bytes, FileKind::Manifest)?;
        let shift = |error: DecodeError| error.shifted(HEADER_BYTES as u64);
        let rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
        let mut reader = Reader::new(rest);
        let length = reader.u64().map_err(shift)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= reader.remaining());
        let Some(length) = length else {
            return Err(DecodeError::new("the manifest is longer than its file", HEADER_BYTES as u64));
        };
        let body = reader.take(length).map_err(shift)?;
        if reader.u32().map_err(shift)? != header.id.checksum(&rest[..8 + length]) {
            return Err(DecodeError::new("the manifest does not match its checksum", HEADER_BYTES as u64));
        }
        reader.finish().map_err(shift)?;
        let manifest: Self = record::decode(body).map_err(|error| error.shifted(HEADER_BYTES as u64 + 8))?;
        if manifest.logs.is_empty() {
            return Err(DecodeError::new("the manifest names no log", HEADER_BYTES as u64));
        }
        if manifest.timezone != TIMEZONE {
            let problem =
                format!("the days of this store are those of `{}`; use a newer trackcrumb", manifest.timezone);
            return Err(DecodeError::new(problem, HEADER_BYTES as u64));
        }
        Ok(manifest)
    }

    /// The names of all files of the store: those it lists, and its own.
    pub fn all_names(&self) -> Vec<String> {
        let mut names = self.names();
        names.push(MANIFEST.to_owned());
        names
    }

    /// The sealed files it lists, by name.
    pub fn sealed(&self) -> impl Iterator<Item = (String, &FileEntry)> {
        let segments = self.segments.iter().map(|entry| (segment_name(entry.number), entry));
        let dictionaries = self.dictionaries.iter().map(|entry| (dictionary_name(entry.number), entry));
        let profiles = self.profiles.iter().map(|entry| (profiles_name(entry.number), entry));
        segments.chain(dictionaries).chain(profiles)
    }

    /// The names of all files it lists.
    pub fn names(&self) -> Vec<String> {
        let logs = self.logs.iter().map(|log| log_name(log.number));
        self.sealed().map(|(name, _)| name).chain(logs).collect()
    }
}

/// The name of a log file.
pub(crate) fn log_name(number: u64) -> String {
    format!("log-{number:08}")
}

/// The name of a segment.
pub(crate) fn segment_name(number: u64) -> String {
    format!("segment-{number:08}")
}

/// The name of a dictionary part.
pub(crate) fn dictionary_name(number: u64) -> String {
    format!("dictionary-{number:08}")
}

/// The name of a profiles part.
pub(crate) fn profiles_name(number: u64) -> String {
    format!("profiles-{number:08}")
}

/// Whether a store may have made a file of this name: what a crash left under such a name is removed.
pub(crate) fn is_own_name(name: &str) -> bool {
    let name = name.strip_suffix(".tmp").unwrap_or(name);
    let numbered = ["log-", "segment-", "dictionary-", "profiles-"]
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix))
        .any(|number| number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_digit()));
    numbered || name == MANIFEST || name == LOCK
}

/// Whether this may stand in the directory of a store and is none of the files that the manifest lists: what is saved,
/// the keys of clients, and other workspaces.
pub(crate) fn stands_beside(name: &str) -> bool {
    ["keys.json", "keys.json.tmp", "keys.lock", "saved.json", "saved.json.tmp", "workspaces"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_damaged_byte_is_noticed() {
        let log = LogEntry { number: 1, id: FileId([2; 16]), length: 48, is_closed: true };
        let mut manifest = Manifest::first(log);
        manifest.settings.declared.push((0, "Companies".to_owned()));
        let bytes = manifest.encode(FileId([1; 16])).unwrap();
        assert_eq!(Manifest::decode(&bytes.clone().into()), Ok(manifest));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 2;
            assert!(Manifest::decode(&damaged.into()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn only_names_that_a_store_gives_are_its_own() {
        assert!(is_own_name("log-00000001") && is_own_name("segment-00000012.tmp") && is_own_name("MANIFEST.tmp"));
        assert!(!is_own_name("log-1") && !is_own_name("notes.txt") && !is_own_name("log-0000000a"));
    }
}
