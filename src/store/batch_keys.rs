//! The keys that batches were sent under: a batch that comes again under its key is stored once.
//!
//! Invariants:
//! - A key is remembered exactly when its batch is: both are one batch of the log.
//! - Keys are bounded by number and age; one that is forgotten may be used anew.

use super::error::StoreError;
use crate::log::BatchKeyRecord;
use crate::model::Timestamp;
use crate::model::limits::{BATCH_KEY_MICROS, BATCH_KEYS_MAX};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use thiserror::Error;

/// What a batch is known by when it is sent again: its sender's key, and what was sent under it. Both are kept as
/// 128 bits of their BLAKE3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchKey {
    key: [u8; 16],
    body: [u8; 16],
}

impl BatchKey {
    /// The key of a batch, and the body that was sent to an address. The body is best given unpacked, so that packing
    /// it anew makes no other body of it; the address counts, as the same bytes may mean something else elsewhere.
    pub fn new(key: &[u8], address: &str, body: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(address.len() as u64).to_le_bytes());
        hasher.update(address.as_bytes());
        hasher.update(body);
        Self { key: half(&blake3::hash(key)), body: half(&hasher.finalize()) }
    }

    /// What is stored of a batch that arrived at this time.
    pub(super) fn record(&self, now: Timestamp) -> BatchKeyRecord {
        BatchKeyRecord { key: self.key, body: self.body, time_micros: now.micros() }
    }

    /// Whether this is what came before under the same key.
    pub(super) fn repeats(&self, known: &BatchKeyRecord) -> bool {
        (self.key, self.body) == (known.key, known.body)
    }
}

/// The first 128 bits.
fn half(hash: &blake3::Hash) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    half
}

/// Why a batch with a key is not stored.
#[derive(Debug, Error)]
pub enum WriteOnceError {
    /// Another batch came under the same key.
    #[error("this key was used with another body at {time}; use a new one")]
    KeyReused {
        /// When the other batch arrived.
        time: Timestamp,
    },
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The keys that are remembered, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchKeys {
    in_order: BTreeMap<u64, BatchKeyRecord>,
    /// The place in the order, by key.
    places: HashMap<[u8; 16], u64>,
    next_place: u64,
}

impl BatchKeys {
    /// The keys that were remembered before, oldest first.
    pub fn of(records: &[BatchKeyRecord]) -> Self {
        let mut keys = Self::default();
        records.iter().for_each(|record| keys.push(*record));
        keys
    }

    /// What came under a key, if that is still remembered.
    pub fn find(&self, key: &BatchKey, now: Timestamp) -> Option<BatchKeyRecord> {
        let known = self.places.get(&key.key).and_then(|place| self.in_order.get(place))?;
        (!is_over(known, now.micros())).then_some(*known)
    }

    /// Remembers a key, in the place of the same one, and forgets what is too much or too old by then.
    pub fn remember(&mut self, record: BatchKeyRecord) {
        self.push(record);
        self.forget_old(record.time_micros);
    }

    /// Forgets the oldest as long as they are too old.
    pub fn forget_old(&mut self, now_micros: i64) {
        while self.in_order.first_key_value().is_some_and(|(_, oldest)| is_over(oldest, now_micros)) {
            self.forget_oldest();
        }
    }

    /// All of them, oldest first.
    pub fn records(&self) -> Vec<BatchKeyRecord> {
        self.in_order.values().copied().collect()
    }

    fn push(&mut self, record: BatchKeyRecord) {
        if let Some(place) = self.places.insert(record.key, self.next_place) {
            self.in_order.remove(&place);
        }
        self.in_order.insert(self.next_place, record);
        self.next_place += 1;
        if self.in_order.len() > BATCH_KEYS_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, oldest)) = self.in_order.pop_first() {
            self.places.remove(&oldest.key);
        }
    }
}

/// Whether a key is too old to be remembered. One from the future, as the clock was set back, is not.
fn is_over(record: &BatchKeyRecord, now_micros: i64) -> bool {
    now_micros.saturating_sub(record.time_micros) > BATCH_KEY_MICROS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> BatchKey {
        BatchKey::new(&number.to_le_bytes(), "/v1/batch", b"body")
    }

    fn time(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    #[test]
    fn so_many_keys_are_remembered_and_no_more() {
        let mut keys = BatchKeys::default();
        let max = BATCH_KEYS_MAX as u64;
        (0..max).for_each(|number| keys.remember(key(number).record(time(0))));
        assert!((0..max).all(|number| keys.find(&key(number), time(0)).is_some()));
        keys.remember(key(max).record(time(0)));
        assert_eq!(keys.find(&key(0), time(0)), None);
        assert!((1..=max).all(|number| keys.find(&key(number), time(0)).is_some()));
        assert_eq!(keys.records().len(), BATCH_KEYS_MAX);
        // One that comes again is the newest, and takes no place of another.
        keys.remember(key(1).record(time(1)));
        assert_eq!(keys.records().len(), BATCH_KEYS_MAX);
        assert_eq!(keys.records().last(), Some(&key(1).record(time(1))));
        keys.remember(key(max + 1).record(time(1)));
        assert_eq!(keys.find(&key(2), time(1)), None);
        assert!(keys.find(&key(1), time(1)).is_some());
        assert_eq!(BatchKeys::of(&keys.records()).records(), keys.records());
    }

    #[test]
    fn keys_are_remembered_for_a_day_and_no_longer() {
        let mut keys = BatchKeys::default();
        keys.remember(key(1).record(time(5)));
        let last = 5 + BATCH_KEY_MICROS;
        assert!(keys.find(&key(1), time(last)).is_some());
        assert_eq!(keys.find(&key(1), time(last + 1)), None);
        assert!(keys.find(&key(1), Timestamp::MIN).is_some(), "the clock was set back");
        keys.remember(key(2).record(time(last)));
        assert_eq!(keys.records().len(), 2);
        keys.remember(key(3).record(time(last + 1)));
        assert_eq!(keys.records(), [key(2).record(time(last)), key(3).record(time(last + 1))]);
        keys.forget_old(i64::MAX);
        assert_eq!(keys.records(), []);
    }

    #[test]
    fn the_key_the_address_and_the_body_make_the_difference() {
        let known = BatchKey::new(b"k", "/v1/track", b"body").record(time(0));
        assert!(BatchKey::new(b"k", "/v1/track", b"body").repeats(&known));
        for other in [
            BatchKey::new(b"l", "/v1/track", b"body"),
            BatchKey::new(b"k", "/v1/group", b"body"),
            BatchKey::new(b"k", "/v1/track", b"body "),
            BatchKey::new(b"k", "/v1/trackb", b"ody"),
        ] {
            assert!(!other.repeats(&known), "{other:?}");
        }
    }
}
