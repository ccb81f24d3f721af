//! Accepted batches as checksummed frames in append-only files. Layout: `format-spec/log.md`.
//!
//! Invariants:
//! - A batch is one frame, or several of which all but the last say that more follow; it counts only when whole.
//! - A frame's checksums are salted with its file's identity and cover its place in the sequence, so zeros, stale
//!   bytes and frames of another file never validate.
//! - A frame carries the offset below which the file was known to be synced when it was written: damage below the
//!   largest of these is damage, and never a torn tail.

pub mod batch;
pub mod event;
pub mod frame;
pub mod record;

pub use batch::{Batch, BatchBuilder, BuiltBatch, RecordTaker};
pub use event::{EventGroups, EventProperties, StoredValue};
pub use frame::{Frames, LogEnd, Scan, encode_frames, framed_bytes, scan, scan_until_damage};
pub use record::{
    AliasRecord, BatchKeyRecord, CohortRecord, Definition, EventHead, EventRecord, GroupRecord, IdentifyRecord,
    ImportRecord, Record,
};
