//! The account of what an execution holds: charged when it grows, given back when it is dropped.

use super::footprint::Footprint;
use super::guard::Guard;
use super::limits::Stop;
use roaring::RoaringBitmap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of one execution.
#[derive(Debug)]
pub(super) struct Account {
    held: AtomicU64,
    peak: AtomicU64,
    limit: u64,
}

impl Account {
    pub fn new(limit: Option<u64>) -> Self {
        Self { held: AtomicU64::new(0), peak: AtomicU64::new(0), limit: limit.unwrap_or(u64::MAX) }
    }

    pub fn peak_bytes(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<(), Stop> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held > self.limit {
            self.give_back(bytes);
            return Err(Stop::Memory);
        }
        if held > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(held, Ordering::Relaxed);
        }
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes that are charged for as long as this lives.
#[derive(Debug)]
pub struct Charge {
    account: Arc<Account>,
    bytes: u64,
}

impl Charge {
    /// Nothing yet.
    pub fn none(guard: &Guard) -> Self {
        Self { account: Arc::clone(&guard.account), bytes: 0 }
    }

    /// So much.
    ///
    /// # Errors
    /// When that is too much, as for all functions here.
    pub fn of(guard: &Guard, bytes: usize) -> Result<Self, Stop> {
        let mut charge = Self::none(guard);
        charge.set(bytes)?;
        Ok(charge)
    }

    /// So much in all from now on.
    ///
    /// # Errors
    /// As [`Self::of`].
    #[inline]
    pub fn set(&mut self, bytes: usize) -> Result<(), Stop> {
        let bytes = bytes as u64;
        if bytes > self.bytes {
            self.account.take(bytes - self.bytes)?;
        } else if bytes < self.bytes {
            self.account.give_back(self.bytes - bytes);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// So much more.
    ///
    /// # Errors
    /// As [`Self::of`].
    #[inline]
    pub fn add(&mut self, bytes: usize) -> Result<(), Stop> {
        self.account.take(bytes as u64)?;
        self.bytes += bytes as u64;
        Ok(())
    }

    /// All that another one charges for, too.
    pub(super) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.give_back(self.bytes);
    }
}

/// Something with the charge for what it holds.
#[derive(Debug)]
pub struct Charged<T> {
    value: T,
    charge: Charge,
}

impl<T: Footprint> Charged<T> {
    /// Charges for what is there.
    ///
    /// # Errors
    /// As [`Charge::of`].
    pub fn new(guard: &Guard, value: T) -> Result<Self, Stop> {
        let charge = Charge::of(guard, value.footprint())?;
        Ok(Self { value, charge })
    }

    /// Charges for what is there now, after it was changed.
    ///
    /// # Errors
    /// As [`Charge::of`].
    #[inline]
    pub fn settle(&mut self) -> Result<(), Stop> {
        self.charge.set(self.value.footprint())
    }

    /// The value without its charge, when it becomes something else.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Charged<T> {
    /// Charges for so much more, by which the value has grown.
    ///
    /// # Errors
    /// As [`Charge::of`].
    #[inline]
    pub fn grow(&mut self, bytes: usize) -> Result<(), Stop> {
        self.charge.add(bytes)
    }

    /// The thing, and what was charged for it.
    pub(super) fn into_parts(self) -> (T, Charge) {
        (self.value, self.charge)
    }

    /// Something for which is charged already.
    pub fn with(value: T, charge: Charge) -> Self {
        Self { value, charge }
    }
}

impl<T: Clone> Charged<Vec<T>> {
    /// A list of so many of the same, none of which holds anything itself. It is charged before it is made.
    ///
    /// # Errors
    /// As [`Charge::of`].
    pub fn list(guard: &Guard, value: T, count: usize) -> Result<Self, Stop> {
        let charge = Charge::of(guard, count * size_of::<T>())?;
        Ok(Self { value: vec![value; count], charge })
    }
}

impl Charged<RoaringBitmap> {
    /// The numbers of those items that have one.
    ///
    /// # Errors
    /// As [`Charge::of`], and when the execution may not go on.
    pub fn collect(guard: &Guard, items: impl IntoIterator<Item = Option<u32>>) -> Result<Self, Stop> {
        // Numbers are dense, so that bits take little room, and become a bitmap faster than numbers do.
        let mut words = Charged::new(guard, Vec::<u64>::new())?;
        for number in guard.watch(items) {
            let Some(number) = number? else { continue };
            let place = number as usize / 64;
            if place >= words.len() {
                words.resize(place + 1, 0);
                words.settle()?;
            }
            words[place] |= 1 << (number % 64);
        }
        Self::of_words(guard, &words)
    }

    /// The numbers below `count` that pass.
    ///
    /// # Errors
    /// As [`Self::collect`].
    pub fn passing(guard: &Guard, count: usize, passes: impl Fn(usize) -> bool) -> Result<Self, Stop> {
        let mut words = Charged::list(guard, 0u64, count.div_ceil(64))?;
        for pair in guard.watch(words.iter_mut().enumerate()) {
            let (place, word) = pair?;
            let numbers = place * 64..count.min(place * 64 + 64);
            *word = numbers.rev().fold(0, |bits, number| bits << 1 | u64::from(passes(number)));
        }
        Self::of_words(guard, &words)
    }

    fn of_words(guard: &Guard, words: &[u64]) -> Result<Self, Stop> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Self::new(guard, RoaringBitmap::from_lsb0_bytes(0, &bytes))
    }
}

impl<T> Deref for Charged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Charged<T> {
    /// What is changed is to be settled by [`Charged::settle`].
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;

    #[test]
    fn so_much_is_held_and_no_byte_more() {
        let guard = Guard::new(&Limits { bytes: Some(100), ..Limits::default() });
        let mut first = Charge::of(&guard, 60).unwrap();
        assert_eq!(Charge::of(&guard, 41).err(), Some(Stop::Memory));
        let second = Charge::of(&guard, 40).unwrap();
        assert_eq!(first.add(1), Err(Stop::Memory));
        drop(second);
        assert_eq!((first.add(40), first.set(10), guard.peak_bytes()), (Ok(()), Ok(()), 100));
        assert!(Charge::of(&guard, 90).is_ok() && Charge::of(&guard, 91).is_err());
    }

    #[test]
    fn what_grows_is_settled_and_what_is_dropped_given_back() {
        let guard = Guard::new(&Limits::default());
        let mut numbers = Charged::list(&guard, 0u64, 4).unwrap();
        numbers.extend([1; 60]);
        numbers.settle().unwrap();
        assert_eq!(guard.peak_bytes(), numbers.capacity() as u64 * 8);
        drop(numbers);
        assert_eq!(guard.account.held.load(Ordering::Relaxed), 0);
    }
}
