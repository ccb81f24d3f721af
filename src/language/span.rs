//! Lengths of time as documents write them: `7d`, `36h`.

use super::DocumentError;
use super::calendar::{Interval, moved_wall};
use super::node::Node;
use super::range::{MICROS_PER_DAY, MICROS_PER_HOUR};
use super::reader::At;
use super::words::words;
use super::zone::Zone;

/// The longest span: a little over the 9,999 years that timestamps cover. So no time plus or minus a span
/// overflows 64 bits.
pub const SPAN_DAYS_MAX: u32 = 3_660_000;

words! {
    /// The unit of a span.
    pub enum SpanUnit = Day; {
        /// Seconds.
        Second = "s",
        /// Minutes.
        Minute = "m",
        /// Hours of 3,600 s.
        Hour = "h",
        /// Days: 86,400 s in a funnel's window, calendar days in `active`.
        Day = "d",
        /// Weeks of seven days.
        Week = "w",
    }
}

/// A count of units, at least 1, kept as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// How many units; at least 1.
    pub count: u64,
    /// Of what.
    pub unit: SpanUnit,
}

impl Span {
    /// So many seconds.
    pub const fn seconds(count: u64) -> Self {
        Self { count, unit: SpanUnit::Second }
    }

    /// So many minutes.
    pub const fn minutes(count: u64) -> Self {
        Self { count, unit: SpanUnit::Minute }
    }

    /// So many hours.
    pub const fn hours(count: u64) -> Self {
        Self { count, unit: SpanUnit::Hour }
    }

    /// So many days.
    pub const fn days(count: u64) -> Self {
        Self { count, unit: SpanUnit::Day }
    }

    /// So many weeks.
    pub const fn weeks(count: u64) -> Self {
        Self { count, unit: SpanUnit::Week }
    }

    /// The exact length in microseconds: a day is 86,400 s. At most `SPAN_DAYS_MAX` days.
    pub fn micros(self) -> i64 {
        let max = i64::from(SPAN_DAYS_MAX) * MICROS_PER_DAY;
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        count.saturating_mul(self.unit_micros()).min(max)
    }

    /// Where a window of this length that ends at `end_micros` begins: exact hours back, or at the start of the
    /// first of so many calendar days of the zone, the last being the one that the end closes or cuts.
    pub fn window_start(self, end_micros: i64, zone: &Zone) -> i64 {
        match self.unit {
            SpanUnit::Day | SpanUnit::Week => {
                let days = self.micros() / MICROS_PER_DAY;
                let into_day = zone.wall_micros(end_micros - 1).rem_euclid(MICROS_PER_DAY);
                let last_day = zone.wall_micros(end_micros - 1) - into_day;
                zone.first_instant(moved_wall(last_day, Interval::Day, 1 - days))
            }
            SpanUnit::Second | SpanUnit::Minute | SpanUnit::Hour => end_micros - self.micros(),
        }
    }

    const fn unit_micros(self) -> i64 {
        match self.unit {
            SpanUnit::Second => 1_000_000,
            SpanUnit::Minute => 60_000_000,
            SpanUnit::Hour => MICROS_PER_HOUR,
            SpanUnit::Day => MICROS_PER_DAY,
            SpanUnit::Week => 7 * MICROS_PER_DAY,
        }
    }

    /// Reads a span in one of these units.
    pub(super) fn read(at: &At<'_>, units: &[SpanUnit]) -> Result<Self, DocumentError> {
        let text = at.text("a length of time such as \"7d\"")?;
        let unit = units.iter().copied().find(|unit| text.ends_with(unit.as_str()));
        let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
        let (Some(unit), true) = (unit, !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())) else {
            let letters: Vec<String> = units.iter().map(|unit| format!("`{unit}`")).collect();
            return Err(at.rule(format!(
                "`{text}` is no length of time here; write a whole number and one of {}, such as `7d`",
                letters.join(", ")
            )));
        };
        let max = i64::from(SPAN_DAYS_MAX) * MICROS_PER_DAY / Self { count: 1, unit }.unit_micros();
        match digits.parse() {
            Ok(0) => Err(at.rule(format!("`{text}` is too short; a length of time is at least `1{unit}`"))),
            Ok(count) if i64::try_from(count).is_ok_and(|count| count <= max) => Ok(Self { count, unit }),
            _ => Err(at.rule(format!("`{text}` is too long; at most `{max}{unit}` are allowed"))),
        }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.count, self.unit)
    }
}

impl From<Span> for Node {
    fn from(span: Span) -> Self {
        Self::String(span.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn micros(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().micros()
    }

    #[test]
    fn days_are_exact_as_a_length_and_calendar_days_as_a_window() {
        let zone = Zone::named("America/New_York").unwrap();
        assert_eq!(Span::weeks(1).micros(), 7 * 86_400 * 1_000_000);
        let end = micros("2026-03-10T04:00:00Z");
        assert_eq!(Span::days(7).window_start(end, &zone), micros("2026-03-03T05:00:00Z"));
        assert_eq!(Span::weeks(1).window_start(end, &zone), micros("2026-03-03T05:00:00Z"));
        assert_eq!(Span::hours(168).window_start(end, &zone), micros("2026-03-03T04:00:00Z"));
    }

    #[test]
    fn a_window_that_ends_with_a_day_without_midnight_holds_whole_days() {
        let zone = Zone::named("America/Sao_Paulo").unwrap();
        let end = micros("2018-11-04T03:00:00Z");
        assert_eq!(zone.label(end), "2018-11-04T01:00:00-02:00");
        assert_eq!(zone.label(Span::days(7).window_start(end, &zone)), "2018-10-28T00:00:00-03:00");
        let noon = micros("2018-11-11T14:00:00Z");
        assert_eq!(zone.label(Span::days(7).window_start(noon, &zone)), "2018-11-05T00:00:00-02:00");
        assert_eq!(
            zone.label(Span::days(7).window_start(micros("2018-11-11T02:00:00Z"), &zone)),
            "2018-11-04T01:00:00-02:00"
        );
    }
}
