//! How long requests took, all of them kept.

use std::time::{Duration, Instant};

/// See the module.
pub struct Times {
    begin: Instant,
    /// Until the last request ended.
    span: Duration,
    each: Vec<Duration>,
}

impl Times {
    pub fn start() -> Self {
        Self { begin: Instant::now(), span: Duration::ZERO, each: Vec::new() }
    }

    pub fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Does a thing and keeps how long it took.
    pub fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let done = work();
        self.each.push(begin.elapsed());
        self.span = self.begin.elapsed();
        done
    }

    /// Adds what ran beside these.
    pub fn add(&mut self, other: Self) {
        self.each.extend(other.each);
        self.span = self.span.max(other.begin.duration_since(self.begin) + other.span);
    }

    pub fn count(&self) -> usize {
        self.each.len()
    }

    pub fn per_second(&self) -> f64 {
        self.count() as f64 / self.span.as_secs_f64()
    }

    /// The time within which this share of them was done: the least with so many at or below it.
    pub fn at(&self, share: f64) -> Duration {
        let mut sorted = self.each.clone();
        sorted.sort_unstable();
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}
