//! Hostile sealed files.

use super::check_indexes;
use super::sample::{file_of_kind, sample, use_store};
use crate::codec::file_header::{HEADER_BYTES, MAGIC};
use crate::codec::text::Compression;
use crate::codec::{DecodeError, FileHeader, FileId, FileKind};
use crate::dictionary::{Dictionaries, DictionaryPart, merge_parts};
use crate::model::{Arrival, GroupKeyId, GroupTypeId, StoredName, UserId};
use crate::profiles::{Aliases, Profiles, ProfilesBuilder, ProfilesPart};
use crate::segment::{Segment, merge_segments};
use bytes::Bytes;
use std::sync::Arc;

/// Bytes after the footer, and of a blob's entry in the footer.
const TRAILER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 20;

/// The kinds of sealed files, with the names that they begin with.
const KINDS: [(FileKind, &str); 3] =
    [(FileKind::Segment, "segment"), (FileKind::Dictionary, "dictionary"), (FileKind::Profiles, "profiles")];

/// These bytes as a segment, a part of the dictionary and a part of the profiles: as they are, and with everything
/// that is checked made right.
///
/// # Panics
/// When a promise is broken.
pub fn check_segment(bytes: &[u8]) {
    open_any(&Bytes::copy_from_slice(bytes));
    for (kind, prefix) in KINDS {
        let disk = sample();
        let name = file_of_kind(prefix);
        let own = disk.contents(&name).unwrap_or_default();
        let Ok(header) = FileHeader::decode(&own, kind) else { continue };
        let Some(repaired) = repair(bytes, kind, header.id) else { return };
        open_any(&Bytes::copy_from_slice(&repaired));
        if repaired.len() == own.len() {
            disk.put(&name, repaired);
            use_store(&disk);
        }
    }
}

/// Opens the bytes as each kind, and reads everything.
fn open_any(bytes: &Bytes) {
    if let Ok(segment) = Segment::open(bytes.clone(), "file") {
        let _ = read_segment(segment);
    }
    if let Ok(part) = DictionaryPart::open(bytes.clone(), "file") {
        let _ = read_dictionary(part);
    }
    if let Ok(part) = ProfilesPart::open(bytes.clone(), "file") {
        let _ = read_profiles(part);
    }
}

fn read_segment(segment: Segment) -> Result<(), DecodeError> {
    let sound = segment.verify().is_empty();
    let indexed = check_indexes(&segment);
    let _ = segment.find_insert_id("i", i64::MIN, i64::MAX);
    for table in segment.tables() {
        for row in [0, table.rows() - 1] {
            let place = segment.table_of_row(table.first_row() + row as u32);
            assert!(place.is_some_and(|(found, at)| found.event() == table.event() && at == row));
            let _ = table.row_properties(row);
        }
    }
    let merged = merge_segments(&[Arc::new(segment)], FileId([2; 16]), Arrival::new(0));
    if sound {
        // What is found sound can be worked with.
        indexed?;
        let merged = Segment::open(merged?, "merged")?;
        assert!(merged.verify().is_empty(), "a sound segment was merged into an unsound one");
    }
    Ok(())
}

fn read_dictionary(part: DictionaryPart) -> Result<(), DecodeError> {
    let _ = part.verify();
    let part = Arc::new(part);
    let mut names = Dictionaries::default();
    names.attach(&part)?;
    for list in [StoredName::User, StoredName::Event, StoredName::Property, StoredName::GroupType] {
        let list = names.list(list);
        for id in (0..list.len()).take(1000) {
            let _ = list.name(id).and_then(|name| list.find(name));
        }
    }
    names.push(StoredName::User, "one more")?;
    merge_parts(&[part], FileId([2; 16])).map(|_| ())
}

fn read_profiles(part: ProfilesPart) -> Result<(), DecodeError> {
    let _ = part.verify();
    let mut builder = ProfilesBuilder::default();
    if builder.add_part(&part).is_ok() {
        let _ = builder.finish(FileId([2; 16]), Compression::Zstd);
    }
    let profiles = Profiles::new(vec![Arc::new(part)]);
    let _ = profiles.visit_calls(|_, _| ());
    let _ = profiles.aliases();
    let _ = profiles.cohorts();
    let _ = profiles.users();
    let user = [UserId::new(0), UserId::new(1)];
    let _ = profiles.calls_of_user(&user).and_then(|calls| Profiles::versions(&calls));
    for group_type in [0, 1].map(GroupTypeId::new) {
        let _ = profiles.last_updated(group_type, 100);
        let _ = profiles.associations(group_type, 100, &Aliases::default());
        let _ = profiles.association_of(group_type, &user);
        let _ = profiles.history_of_key(group_type, GroupKeyId::new(0));
        let _ = profiles.properties_of_keys(group_type, &[0, 1].map(GroupKeyId::new));
    }
    for holders in [None, Some(GroupTypeId::new(0))] {
        for changes in ["role", "plan"].map(|name| profiles.changes_of(holders, name)).into_iter().flatten().flatten() {
            let _ = changes.visit_values::<DecodeError>(|_| Ok(()));
            let _ = changes.visit::<DecodeError>(|_| Ok(()));
        }
    }
    Ok(())
}

/// The file with the header of this kind and identity, a footer where the trailer says (or where it can be), and right
/// checksums for all blobs. `None` for what is too short to be a file.
fn repair(bytes: &[u8], kind: FileKind, id: FileId) -> Option<Vec<u8>> {
    let trailer_start = bytes.len().checked_sub(TRAILER_BYTES).filter(|start| *start >= HEADER_BYTES)?;
    let mut file = bytes.to_vec();
    file[..HEADER_BYTES].copy_from_slice(&FileHeader { kind, id }.encode());
    debug_assert!(file.starts_with(&MAGIC));
    let stated = usize::try_from(u64_at(&file, trailer_start)).unwrap_or(usize::MAX);
    let footer_start = stated.clamp(HEADER_BYTES, trailer_start);
    let blobs = usize::try_from(u64_at(&file[..trailer_start], footer_start)).unwrap_or(usize::MAX);
    let fitting = (trailer_start - footer_start).saturating_sub(8) / ENTRY_BYTES;
    for blob in 0..blobs.min(fitting) {
        let entry = footer_start + 8 + blob * ENTRY_BYTES;
        let range = usize::try_from(u64_at(&file, entry))
            .ok()
            .and_then(|start| Some(start..start.checked_add(usize::try_from(u64_at(&file, entry + 8)).ok()?)?));
        if let Some(content) = range.and_then(|range| file.get(range)) {
            let checksum = id.checksum(content).to_le_bytes();
            file[entry + 16..entry + 20].copy_from_slice(&checksum);
        }
    }
    let footer_bytes = (trailer_start - footer_start) as u64;
    let footer_checksum = id.checksum(&file[footer_start..trailer_start]).to_le_bytes();
    let trailer = &mut file[trailer_start..];
    trailer[..8].copy_from_slice(&(footer_start as u64).to_le_bytes());
    trailer[8..16].copy_from_slice(&footer_bytes.to_le_bytes());
    trailer[16..20].copy_from_slice(&footer_checksum);
    let checksum = id.checksum(&trailer[..20]).to_le_bytes();
    trailer[20..24].copy_from_slice(&checksum);
    trailer[24..].copy_from_slice(b"crumbend");
    Some(file)
}

/// Eight bytes at a place; 0 where there are fewer.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..).and_then(|rest| rest.first_chunk());
    eight.map_or(0, |eight| u64::from_le_bytes(*eight))
}
