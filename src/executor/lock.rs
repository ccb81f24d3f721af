//! Locks whose contents are whole whenever they are taken, so that a panic elsewhere does not matter.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a lock holds.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
