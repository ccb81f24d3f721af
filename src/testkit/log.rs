//! Hostile logs.

use super::sample::{file_of_kind, sample, use_store};
use crate::codec::file_header::HEADER_BYTES;
use crate::codec::{DecodeError, FileHeader, FileId, FileKind, Writer};
use crate::log::{Batch, BatchBuilder, LogEnd, scan};
use bytes::Bytes;

/// Bytes of a frame beside its payload.
const FRAME_BYTES: usize = 36;

/// These bytes as a log file: as they are, and with frames whose checksums are right around the payloads in them.
///
/// # Panics
/// When a promise is broken.
pub fn check_log(bytes: &[u8]) {
    check_scan(&Bytes::copy_from_slice(bytes));
    let disk = sample();
    let name = file_of_kind("log");
    let own = disk.contents(&name).unwrap_or_default();
    if let Ok(header) = FileHeader::decode(&own, FileKind::Log) {
        let repaired = repair_log(bytes, header.id);
        check_scan(&Bytes::copy_from_slice(&repaired));
        disk.put(&name, repaired);
        use_store(&disk);
    }
}

/// Reads a log to all its ends.
fn check_scan(bytes: &Bytes) {
    let length = bytes.len() as u64;
    for end in [
        LogEnd::Unclean { synced: 0 },
        LogEnd::Unclean { synced: length / 2 },
        LogEnd::Known(length),
        LogEnd::Known(length / 2),
    ] {
        let Ok(found) = scan(bytes.clone(), end) else { continue };
        if matches!(end, LogEnd::Unclean { .. }) {
            assert_eq!(found.end + found.torn_bytes, length, "the torn tail is all that is left out");
        }
        let whole = scan(bytes.slice(..found.end as usize), LogEnd::Known(found.end));
        let same = whole.is_ok_and(|whole| whole.torn_bytes == 0 && whole.batches == found.batches);
        assert!(same, "the whole batches are a log");
        for (payload, _) in &found.batches {
            check_batch(payload);
        }
    }
}

/// What a batch says can be written again, and then says the same.
fn check_batch(payload: &[u8]) {
    let Ok(batch) = Batch::open(payload) else { return };
    let mut builder = BatchBuilder::default();
    batch.definitions.iter().for_each(|definition| builder.define(*definition));
    let mut records = Vec::new();
    let read = batch.visit::<DecodeError>(|_, offset, record| {
        assert_eq!(Batch::record_at(payload, offset)?, record);
        builder.push(&record);
        records.push(record);
        Ok(())
    });
    if read.is_err() {
        return;
    }
    let again = builder.finish(batch.first_arrival);
    let mut rest = records.iter();
    let same = Batch::open(&again).is_ok_and(|read| {
        read.definitions == batch.definitions
            && read
                .visit::<DecodeError>(|_, _, record| {
                    assert_eq!(Some(&record), rest.next());
                    Ok(())
                })
                .is_ok()
    });
    assert!(same && rest.next().is_none(), "a batch that was written again says something else");
}

/// A log of these bytes: lengths and flags of frames are taken from where they stand, so far as there are bytes, and
/// everything that is checked is made right.
fn repair_log(bytes: &[u8], id: FileId) -> Vec<u8> {
    let mut log = FileHeader { kind: FileKind::Log, id }.encode();
    let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let mut sequence = 0;
    while rest.len() >= FRAME_BYTES {
        let (header, after) = rest.split_at(FRAME_BYTES - 4);
        let stated = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
        let (payload, after) = after.split_at(stated % (after.len() - 3));
        let start = log.len();
        log.put(b"fram");
        log.put_u32(u32::from(header[4] & 1));
        log.put_u32(payload.len() as u32);
        log.put_u64(sequence);
        log.put(&header[20..28]);
        let checksum = id.checksum(&log[start..]);
        log.put_u32(checksum);
        log.put(payload);
        let checksum = id.checksum(&log[start..]);
        log.put_u32(checksum);
        sequence += 1;
        rest = after.get(4..).unwrap_or_default();
    }
    log.put(rest);
    log
}
