//! The store: a manifest, sealed files and logs in one directory; one writer, many readers.
//!
//! Invariants:
//! - What a call acknowledged is on disk: the sync that covers it has returned.
//! - A batch is there as a whole or not at all, after any crash.
//! - Every file comes into being by one protocol: written under another name, synced, renamed, the directory synced,
//!   the manifest published the same way; only then is what it replaces removed.
//! - A snapshot never changes, and never shows what is not durable.

mod active_log;
mod background;
mod backup;
mod batch_keys;
mod cohorts;
mod compact;
mod draft;
mod engine;
mod environment;
mod erase;
mod error;
mod export;
mod gathering;
mod handle;
mod hot;
pub mod import;
mod load;
mod maintenance;
mod manifest;
mod merging;
mod name_table;
mod note;
mod opening;
mod outdated;
mod published;
mod read;
mod removal;
mod room;
mod salvage;
mod saved;
mod seal;
mod sealing;
mod snapshot;
mod state;
mod stats;
#[cfg(test)]
mod tests;
mod turn;
mod unknown;
mod verify;
mod write;

pub use backup::{Backup, backup};
pub use batch_keys::{BatchKey, WriteOnceError};
pub use cohorts::{CohortDefinition, Cohorts};
pub use compact::{CompactStep, Compacted, StoreFiles};
pub use draft::{Outcome, WrittenLines};
pub use engine::{Options, Recovery};
pub use environment::{Environment, FixedEnvironment, RandomError, SystemEnvironment, random_hex};
pub use error::{LineRefusal, StoreError};
pub use export::Salvaged;
pub use handle::{Store, StoreReader};
pub use manifest::Settings;
pub use removal::Removal;
pub use snapshot::Snapshot;
pub use state::SharedNames;
pub use stats::{PartBytes, StoreStats};
pub use unknown::UnknownName;
pub use verify::{VerifyReport, verify};
pub use write::Written;
