//! The clock and the source of identities, handed in so that the core depends on neither.

use crate::codec::FileId;
use crate::model::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Time and randomness.
pub trait Environment: Send + Sync {
    /// The time of arrival of what arrives now.
    fn now(&self) -> Timestamp;
    /// An identity that no other file has.
    fn file_id(&self) -> FileId;
}

/// The machine's clock and random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
        };
        Timestamp::clamped(micros)
    }

    fn file_id(&self) -> FileId {
        let mut id = [0; 16];
        if getrandom::fill(&mut id).is_err() {
            // Identities need to differ, not to be secret.
            id[..8].copy_from_slice(&self.now().micros().to_le_bytes());
            id[8..12].copy_from_slice(&std::process::id().to_le_bytes());
        }
        FileId(id)
    }
}

/// The system has no random numbers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the system gives no random numbers: {0}")]
pub struct RandomError(String);

/// So many random bytes as hexadecimal digits: what nobody guesses and nobody else has.
///
/// # Errors
/// When the system has no random numbers.
pub fn random_hex<const BYTES: usize>() -> Result<String, RandomError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| RandomError(error.to_string()))?;
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect())
}

/// A clock that stands still and identities that count up: the same calls give the same bytes.
#[derive(Debug)]
pub struct FixedEnvironment {
    now: Timestamp,
    next: AtomicU64,
}

impl FixedEnvironment {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now, next: AtomicU64::new(1) }
    }
}

impl Environment for FixedEnvironment {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn file_id(&self) -> FileId {
        let mut id = *b"trackcrumb\0\0\0\0\0\0";
        id[10..].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes()[2..]);
        FileId(id)
    }
}
