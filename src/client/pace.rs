//! How long to wait after failures: longer each time, with chance in it, and as long as the server asks.

use super::options::ClientOptions;
use std::time::{Duration, Instant};

/// Nothing waits longer than this, whoever asks for it.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(3600);

/// When the next try may be.
#[derive(Debug)]
pub(super) struct Pace {
    first: Duration,
    most: Duration,
    failures: u32,
    wait: Option<Wait>,
}

/// A wait after a failure.
#[derive(Debug)]
struct Wait {
    until: Instant,
    /// A flush does not wait longer than until here.
    hurried_until: Instant,
}

impl Pace {
    /// No failure yet.
    pub fn new(options: &ClientOptions) -> Self {
        Self { first: options.retry_first, most: options.retry_most, failures: 0, wait: None }
    }

    /// It worked.
    pub fn succeed(&mut self) {
        self.failures = 0;
        self.wait = None;
    }

    /// It failed. `chance` is a random number of [0, 1).
    pub fn fail(&mut self, now: Instant, asked: Option<Duration>, needs_repair: bool, chance: f64) {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        let longest = if needs_repair { self.most } else { doubled.min(self.most) };
        self.failures = self.failures.saturating_add(1);
        let wait = longest.mul_f64(0.5 + chance / 2.0);
        // Many clients that were told the same moment are not to come all at once.
        let asked = asked.map(|asked| asked.min(WAIT_MAX).mul_f64(1.0 + chance / 5.0));
        let until = now + wait.max(asked.unwrap_or_default());
        let hurried = asked.unwrap_or_else(|| self.first.mul_f64(0.5 + chance / 2.0));
        self.wait = Some(Wait { until, hurried_until: until.min(now + hurried) });
    }

    /// No try is made before this.
    pub fn not_before(&self, hurried: bool) -> Option<Instant> {
        self.wait.as_ref().map(|wait| if hurried { wait.hurried_until } else { wait.until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace() -> Pace {
        Pace::new(&ClientOptions::default())
    }

    /// The waits after so many failures in a row, when chance gives the longest.
    fn waits(asked: Option<Duration>, needs_repair: bool, hurried: bool) -> Vec<Duration> {
        let (mut pace, now) = (pace(), Instant::now());
        let mut wait = || {
            pace.fail(now, asked, needs_repair, 1.0);
            pace.not_before(hurried).unwrap() - now
        };
        (0..40).map(|_| wait()).collect()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let expected = [1, 2, 4, 8, 16, 32, 60, 60].map(|seconds| SECOND * seconds);
        let waits = waits(None, false, false);
        assert_eq!(waits[..8], expected);
        assert_eq!(waits[39], SECOND * 60);
    }

    #[test]
    fn a_flush_waits_a_second_at_most_but_as_long_as_the_server_asks() {
        assert_eq!(waits(None, false, true)[39], SECOND);
        assert_eq!(waits(None, true, true)[0], SECOND);
        assert_eq!(waits(Some(SECOND * 10), false, true)[0], SECOND * 12);
    }

    #[test]
    fn what_needs_repair_is_tried_rarely() {
        assert_eq!(waits(None, true, false)[0], SECOND * 60);
    }

    #[test]
    fn the_server_is_never_asked_before_it_said() {
        let (mut pace, now) = (pace(), Instant::now());
        pace.fail(now, Some(SECOND * 10), false, 0.0);
        assert_eq!(pace.not_before(false), Some(now + SECOND * 10));
        pace.fail(now, Some(SECOND * 1_000_000), false, 0.0);
        assert_eq!(pace.not_before(false), Some(now + WAIT_MAX));
        pace.succeed();
        assert_eq!(pace.not_before(false), None);
    }
}
