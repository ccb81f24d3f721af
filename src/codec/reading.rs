//! How many stored bytes a thread has read so far: a clock to look at before some work and after it.
//!
//! What is read in blocks counts in whole blocks, however many of their values are used: packed integers, doubles,
//! texts (as stored, packed). Directories of lists count when they are opened, those of columns do not; bitmaps and
//! names count as long as they are. Single values, as a binary search asks for, count nothing, so that asking for one
//! stays as cheap as it is.
//! A blob's checksum, taken over all of it when it is first used after opening, counts apart.

use std::cell::Cell;
use std::ops::{Add, Sub};

/// So many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytesRead {
    /// Decoded, or unpacked: the same bytes count each time.
    pub decoded: u64,
    /// Held against their checksums, once for each blob.
    pub checked: u64,
}

impl Add for BytesRead {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { decoded: self.decoded + other.decoded, checked: self.checked + other.checked }
    }
}

impl Sub for BytesRead {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { decoded: self.decoded - earlier.decoded, checked: self.checked - earlier.checked }
    }
}

thread_local! {
    static READ: Cell<BytesRead> = const { Cell::new(BytesRead { decoded: 0, checked: 0 }) };
}

/// What this thread has read since it began.
pub fn so_far() -> BytesRead {
    READ.get()
}

/// Adds what another thread read on behalf of this one.
pub fn add(read: BytesRead) {
    READ.with(|so_far| so_far.set(so_far.get() + read));
}

/// So many bytes were decoded.
#[inline]
pub fn decoded(bytes: usize) {
    add(BytesRead { decoded: bytes as u64, checked: 0 });
}

/// So many bytes were held against their checksum.
pub(super) fn checked(bytes: usize) {
    add(BytesRead { decoded: 0, checked: bytes as u64 });
}
