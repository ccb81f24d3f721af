//! Ranges of time with both ends known.

use super::calendar::{Interval, moved_wall};
use super::zone::Zone;

/// Microseconds in an hour.
pub const MICROS_PER_HOUR: i64 = 3_600_000_000;
/// Microseconds in 24 hours.
pub const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

/// The half-open range [from, to) in microseconds since the epoch; from is at most to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResolvedRange {
    /// The first instant inside.
    pub from_micros: i64,
    /// The first instant after it.
    pub to_micros: i64,
}

impl ResolvedRange {
    /// Every instant that an event can have: what open bounds resolve to.
    pub const ALL: Self = Self {
        from_micros: crate::model::Timestamp::MIN.micros(),
        to_micros: crate::model::Timestamp::MAX.micros() + 1,
    };

    /// Whether the instant lies inside.
    #[inline]
    pub const fn contains(&self, time_micros: i64) -> bool {
        self.from_micros <= time_micros && time_micros < self.to_micros
    }

    /// Whether nothing lies inside.
    pub const fn is_empty(&self) -> bool {
        self.from_micros >= self.to_micros
    }

    /// Whether both ends are midnights of UTC, so that the range is made of whole UTC days.
    pub const fn is_utc_day_aligned(&self) -> bool {
        is_utc_midnight(self.from_micros) && is_utc_midnight(self.to_micros)
    }

    /// The range with the same rows among those from `first` to `last`, both included: an end beyond them becomes the
    /// next midnight of UTC outwards.
    #[must_use]
    pub const fn widened_to_utc_days(mut self, (first, last): (i64, i64)) -> Self {
        if self.from_micros <= first {
            self.from_micros = self.from_micros.saturating_sub(self.from_micros.rem_euclid(MICROS_PER_DAY));
        }
        if self.to_micros > last {
            let over = self.to_micros.wrapping_neg().rem_euclid(MICROS_PER_DAY);
            self.to_micros = self.to_micros.saturating_add(over);
        }
        self
    }

    /// Both ends moved back by this many intervals on the zone's wall clock: what `compare` looks at. An end on a
    /// skipped time moves to the jump, one on a repeated time to its first showing; a day that the earlier month
    /// does not have becomes its last.
    #[must_use]
    pub fn moved_back(&self, count: usize, interval: Interval, zone: &Zone) -> Self {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let moved = |time: i64| {
            zone.first_instant(moved_wall(zone.nominal_wall_micros(time), interval, count.saturating_neg()))
        };
        Self { from_micros: moved(self.from_micros), to_micros: moved(self.to_micros) }
    }
}

/// Whether the pieces between ascending edges, as far as they lie inside a range, are made of whole UTC days, so that
/// what is kept per UTC day answers for them.
pub fn cut_at_utc_days(edges: &[i64], range: ResolvedRange) -> bool {
    let inner = edges.iter().filter(|edge| range.from_micros < **edge && **edge < range.to_micros);
    range.is_utc_day_aligned() && inner.copied().all(is_utc_midnight)
}

/// Whether the instant is a midnight of UTC.
pub const fn is_utc_midnight(time_micros: i64) -> bool {
    time_micros.rem_euclid(MICROS_PER_DAY) == 0
}
