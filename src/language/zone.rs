//! Time zones: names that passed their check, and the two ways between instants and wall clocks.
//!
//! A wall-clock time is kept as `wall micros`: the microseconds from 1970-01-01T00:00:00 to it as if its zone
//! were UTC. Civil arithmetic on it is plain arithmetic, and it reaches further than the time library's instants.

use super::calendar::civil_from_days;
use super::error::nearest;
use super::node::Node;
use super::range::{MICROS_PER_DAY, ResolvedRange};
use super::reader::At;
use super::{DocumentError, Problem};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use std::fmt;

/// A time zone of the IANA database.
#[derive(Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
    utc: bool,
}

/// A stretch of time under one UTC offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// First instant.
    pub start_micros: i64,
    /// First instant after it.
    pub end_micros: i64,
    /// East of UTC.
    pub offset_micros: i64,
}

impl Segment {
    /// Whether the instant lies in it.
    pub fn contains(&self, time_micros: i64) -> bool {
        (self.start_micros..self.end_micros).contains(&time_micros)
    }
}

/// The names under which the database knows UTC itself.
const UTC_NAMES: [&str; 8] = ["UTC", "Etc/UTC", "Etc/UCT", "UCT", "Etc/Universal", "Universal", "Etc/Zulu", "Zulu"];

/// 1970-01-01T00:00:00.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Zone {
    /// UTC, the default.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC, utc: true }
    }

    /// The zone of this name, such as `Europe/Berlin`; letter case does not matter.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        let utc = UTC_NAMES.contains(&name.as_str());
        Some(Self { name, zone, utc })
    }

    /// A zone for a builder: an unknown name is kept, to be refused when the document is built.
    pub(super) fn named_or_kept(name: &str) -> Self {
        Self::named(name).unwrap_or_else(|| Self { name: name.to_owned(), ..Self::utc() })
    }

    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = String> {
        jiff::tz::db().available().map(|name| name.to_string())
    }

    /// The name in the database's spelling.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is UTC under any of its names; its times are then written with `Z`.
    pub fn is_utc(&self) -> bool {
        self.utc
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let name = at.text("a time zone name such as \"Europe/Berlin\"")?;
        Self::named(name).ok_or_else(|| {
            let known: Vec<String> = Self::names().collect();
            match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => at.problem(Problem::UnknownWord {
                    word: name.to_owned(),
                    nearest: Some(near.to_owned()),
                    known: Vec::new(),
                }),
                None => at.rule(format!("`{name}` is no IANA time zone; use one such as `Europe/Berlin` or `UTC`")),
            }
        })
    }

    /// The offset from UTC in force at this instant, east positive. Beyond the reach of the time library
    /// (9999-12-30T22:00Z), the last one it knows.
    pub(super) fn offset_micros(&self, time_micros: i64) -> i64 {
        if self.utc {
            return 0;
        }
        offset_to_micros(self.zone.to_offset(instant(time_micros)))
    }

    /// What a clock of the zone shows at this instant.
    pub(super) fn wall_micros(&self, time_micros: i64) -> i64 {
        time_micros + self.offset_micros(time_micros)
    }

    /// What a clock of the zone shows at this instant, as a date and a time.
    #[cfg(feature = "server")]
    pub(crate) fn clock_at(&self, time_micros: i64) -> DateTime {
        civil(self.wall_micros(time_micros))
    }

    /// The first instant at which a clock of the zone shows this time or a later one. A time shown twice is its
    /// first showing; a time never shown, because clocks jumped over it, is the instant of the jump.
    pub fn first_instant(&self, wall_micros: i64) -> i64 {
        if self.utc {
            return wall_micros;
        }
        if let AmbiguousOffset::Unambiguous { offset } = self.zone.to_ambiguous_timestamp(civil(wall_micros)).offset() {
            // Checked, as the library sees a jump in Nuuk in October 2023 where the clocks stood still.
            let offset_micros = offset_to_micros(offset);
            if self.offset_micros(wall_micros - offset_micros) == offset_micros {
                return wall_micros - offset_micros;
            }
        }
        // No offset is as long as two days, so the clocks of this stretch, or of one after it, reach the time.
        let mut segment = self.segment(wall_micros - 2 * MICROS_PER_DAY);
        loop {
            let reached = (wall_micros - segment.offset_micros).max(segment.start_micros);
            if reached < segment.end_micros {
                return reached;
            }
            segment = self.segment(segment.end_micros);
        }
    }

    /// The stretch under one offset that holds this instant.
    pub(super) fn segment(&self, time_micros: i64) -> Segment {
        let offset_micros = self.offset_micros(time_micros);
        if self.utc {
            return Segment { start_micros: i64::MIN, end_micros: i64::MAX, offset_micros };
        }
        let end_micros = self.changes_after(time_micros).next().unwrap_or(i64::MAX);
        // The library's own search backwards misses the right moment in Winamac in March 2007, so this goes
        // forwards from ever further back; most zones change twice a year.
        let mut reach_micros = 200 * MICROS_PER_DAY;
        let start_micros = loop {
            let anchor = time_micros.saturating_sub(reach_micros);
            let last = self.changes_after(anchor).take_while(|change| *change <= time_micros).last();
            if last.is_some() || anchor < ResolvedRange::ALL.from_micros {
                break last.unwrap_or(i64::MIN);
            }
            reach_micros *= 8;
        };
        Segment { start_micros, end_micros, offset_micros }
    }

    /// The instants after this one at which the offset changes. Not every transition changes it: some change only
    /// the name or the daylight flag.
    fn changes_after(&self, time_micros: i64) -> impl Iterator<Item = i64> + '_ {
        self.zone
            .following(instant(time_micros))
            .map(|transition| transition.timestamp().as_microsecond())
            .filter(|change| self.offset_micros(change - 1) != self.offset_micros(*change))
    }

    /// The instant as RFC 3339 on the zone's clock: `Z` for UTC, else the offset. An offset with seconds, as
    /// before standard time, is cut to minutes and the clock with it, so that the label still names the instant.
    /// Where the clock shows a year that RFC 3339 cannot write, it is the instant in UTC.
    pub fn label(&self, time_micros: i64) -> String {
        let minutes = self.offset_micros(time_micros).div_euclid(60_000_000);
        if self.utc || !ResolvedRange::ALL.contains(time_micros + minutes * 60_000_000) {
            return written(time_micros, "Z");
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        written(time_micros + minutes * 60_000_000, &format!("{sign}{hours:02}:{rest:02}"))
    }

    /// The wall-clock time from which whole days are counted back from this instant: its own, except where the
    /// instant is the start of a day whose midnight does not exist, which is then counted as that midnight.
    pub(super) fn nominal_wall_micros(&self, time_micros: i64) -> i64 {
        let wall = self.wall_micros(time_micros);
        let midnight = wall - wall.rem_euclid(MICROS_PER_DAY);
        if midnight != wall && self.first_instant(midnight) == time_micros { midnight } else { wall }
    }
}

/// The library's instant, moved into its range.
fn instant(time_micros: i64) -> jiff::Timestamp {
    // By seconds, as the library's microseconds do not reach its own maximum.
    let nanos = time_micros.rem_euclid(1_000_000) as i32 * 1000;
    let outside = if time_micros < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::new(time_micros.div_euclid(1_000_000), nanos).unwrap_or(outside)
}

/// The library's civil time, moved into its range.
fn civil(wall_micros: i64) -> DateTime {
    EPOCH.saturating_add(SignedDuration::from_micros(wall_micros))
}

/// What a clock shows, as RFC 3339 writes it, and the offset. Of an answer from bitmaps a hundred starts of buckets would
/// take a third of the time if the library wrote them, so that full seconds of years with four digits are written here.
fn written(wall_micros: i64, offset: &str) -> String {
    let (year, month, day) = civil_from_days(wall_micros.div_euclid(MICROS_PER_DAY));
    let second = wall_micros.div_euclid(1_000_000).rem_euclid(86_400);
    if wall_micros % 1_000_000 != 0 || !(0..10_000).contains(&year) {
        return format!("{}{offset}", civil(wall_micros));
    }
    let mut text = *b"0000-00-00T00:00:00";
    let (minutes, seconds) = (second / 60, second % 60);
    let parts = [year / 100, year % 100, month, day, minutes / 60, minutes % 60, seconds];
    for (place, number) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(parts) {
        text[place] += (number / 10) as u8;
        text[place + 1] += (number % 10) as u8;
    }
    let mut written = String::with_capacity(text.len() + offset.len());
    written.push_str(std::str::from_utf8(&text).unwrap_or_default());
    written.push_str(offset);
    written
}

fn offset_to_micros(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl From<&Zone> for Node {
    fn from(zone: &Zone) -> Self {
        Self::String(zone.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use proptest::prelude::*;

    fn micros(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().micros()
    }

    /// A wall-clock time, written as if it were UTC.
    #[track_caller]
    fn check_first(zone: &str, wall: &str, expected: &str) {
        let zone = Zone::named(zone).unwrap();
        assert_eq!(zone.label(zone.first_instant(micros(wall))), expected);
    }

    #[test]
    fn the_first_instant_of_a_time_that_is_skipped_or_repeated() {
        check_first("America/New_York", "2026-03-08T01:59:59Z", "2026-03-08T01:59:59-05:00");
        check_first("America/New_York", "2026-03-08T02:30:00Z", "2026-03-08T03:00:00-04:00");
        check_first("America/New_York", "2026-11-01T01:30:00Z", "2026-11-01T01:30:00-04:00");
        check_first("America/Sao_Paulo", "2018-11-04T00:00:00Z", "2018-11-04T01:00:00-02:00");
        check_first("Pacific/Apia", "2011-12-30T00:00:00Z", "2011-12-31T00:00:00+14:00");
        check_first("America/Nuuk", "2023-10-28T23:00:00Z", "2023-10-28T23:00:00-02:00");
        check_first("America/Indiana/Winamac", "2007-03-11T02:00:00Z", "2007-03-11T04:00:00-04:00");
        check_first("Australia/Lord_Howe", "2026-10-04T02:10:00Z", "2026-10-04T02:30:00+11:00");
    }

    #[test]
    fn the_largest_and_smallest_times_have_offsets_and_labels() {
        for name in ["UTC", "America/New_York", "Pacific/Kiritimati", "Europe/Berlin"] {
            let zone = Zone::named(name).unwrap();
            for time in [Timestamp::MIN.micros(), Timestamp::MAX.micros()] {
                assert!(zone.segment(time).contains(time), "{name}");
                assert_eq!(zone.first_instant(zone.wall_micros(time)), time, "{name}");
            }
        }
        let zone = Zone::named("America/New_York").unwrap();
        assert_eq!(zone.label(micros("9999-12-31T23:59:59Z")), "9999-12-31T18:59:59-05:00");
    }

    #[test]
    fn a_label_reads_back_as_its_instant_even_under_offsets_with_seconds() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let time = zone.first_instant(micros("1880-01-01T00:00:00Z"));
        assert_eq!(zone.label(time), "1879-12-31T23:59:32+00:53");
        assert_eq!(micros(&zone.label(time)), time);
        assert_eq!(Zone::named("Etc/UTC").unwrap().label(0), "1970-01-01T00:00:00Z");
        assert_eq!(
            Zone::named("Europe/London").unwrap().label(micros("2026-01-01T00:00:00Z")),
            "2026-01-01T00:00:00+00:00"
        );
    }

    proptest! {
        #[test]
        fn full_seconds_are_written_as_the_library_does(second in -62_200_000_000i64..253_500_000_000) {
            prop_assert_eq!(written(second * 1_000_000, "Z"), format!("{}Z", civil(second * 1_000_000)));
        }
    }

    #[test]
    fn names_ignore_case_and_take_the_spelling_of_the_database() {
        assert_eq!(Zone::named("europe/berlin").map(|zone| zone.to_string()), Some("Europe/Berlin".to_owned()));
        assert!(Zone::named("Etc/Unknown").is_none());
        assert!(Zone::named("Europe/Nowhere").is_none());
        assert!(Zone::named("").is_none());
    }

    #[test]
    fn only_changes_of_the_offset_end_a_segment() {
        let zone = Zone::named("America/New_York").unwrap();
        let segment = zone.segment(micros("2026-03-08T07:00:00Z"));
        assert_eq!(segment.start_micros, micros("2026-03-08T07:00:00Z"));
        assert_eq!(segment.end_micros, micros("2026-11-01T06:00:00Z"));
        assert_eq!(segment.offset_micros, -4 * 3_600_000_000);
    }
}
