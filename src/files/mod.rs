//! The files of a store: one flat directory of named files, seen through the [`Storage`] trait.
//!
//! Two implementations: [`DiskStorage`], a directory of the file system, and [`sim::SimDisk`], a disk in
//! memory that counts calls, fails on request and loses power. Everything above this module sees the
//! trait alone, so each crash and each failing call can be tried without a real disk.
//!
//! Invariants:
//! - This is the only module that names `std::fs`, and the memory map in `disk.rs` its only `unsafe`.
//! - A name never leaves the directory: `/`, `.`, `..` and the empty name are refused, as names are
//!   also read from files that may be damaged or hostile.
//! - Only plain files are opened. A symbolic link is not followed, and a FIFO is refused, not waited for.
//! - [`publish_file`], and [`publish_written`] for large ones, are the one way an immutable file comes into being.
//! - No clock, no threads and no environment, but for the short wait for a held lock.
//!
//! Unix only, as modes, positioned writes and inode numbers are used throughout.

mod directory;
mod disk;
mod error;
mod lock;
mod name;
mod plain;
mod publish;
pub mod sim;
mod storage;
#[cfg(test)]
mod tests;
mod transfer;

pub use directory::{publish_directory, remove_directory, subdirectories};
pub use disk::DiskStorage;
pub use error::{FileError, LockError, Operation};
pub use lock::NOTE_BYTES_MAX;
pub use name::{NAME_BYTES_MAX, TEMPORARY_SUFFIX, is_temporary};
pub use publish::{publish_file, publish_written};
pub use storage::{LockProbe, Storage, StorageFile, StorageLock};
