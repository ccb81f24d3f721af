//! The calendar: hours, days, weeks and months on the wall clock of a zone.
//!
//! Buckets partition time: each ends where the next begins. A day, week or month begins at the first instant at
//! which the zone's clock shows its midnight or a later time. An hour is a wall-clock hour under one UTC offset,
//! so a repeated hour is two buckets and an hour cut by a change of offset ends, or begins, at the change.

use super::range::{MICROS_PER_DAY, MICROS_PER_HOUR};
use super::words::words;
use super::zone::{Segment, Zone};

words! {
    /// The calendar unit of buckets and periods.
    pub enum Interval = Day; {
        /// A wall-clock hour under one UTC offset.
        Hour = "hour",
        /// A calendar day of the zone: 23 to 25 hours where clocks change. The default.
        Day = "day",
        /// Seven days from the document's first day of the week.
        Week = "week",
        /// A calendar month.
        Month = "month",
    }
}

words! {
    /// A day of the week, on which weeks may start.
    pub enum WeekDay = Monday; {
        /// The default.
        Monday = "monday",
        /// The day after Monday.
        Tuesday = "tuesday",
        /// The day after Tuesday.
        Wednesday = "wednesday",
        /// The day after Wednesday.
        Thursday = "thursday",
        /// The day after Thursday.
        Friday = "friday",
        /// The day after Friday.
        Saturday = "saturday",
        /// The day after Saturday.
        Sunday = "sunday",
    }
}

/// A way of cutting time into buckets.
#[derive(Clone, Debug)]
pub(super) struct Ruler<'a> {
    interval: Interval,
    week_start: WeekDay,
    zone: &'a Zone,
    /// The stretch of one offset met last: consecutive hours rarely leave it.
    segment: Option<Segment>,
}

impl<'a> Ruler<'a> {
    pub fn new(interval: Interval, week_start: WeekDay, zone: &'a Zone) -> Self {
        Self { interval, week_start, zone, segment: None }
    }

    /// The bucket that holds this instant: its first instant, and the first after it.
    pub fn bucket_at(&mut self, time_micros: i64) -> (i64, i64) {
        if self.interval == Interval::Hour {
            return self.hour_at(time_micros);
        }
        let mut unit = self.unit_start(self.zone.wall_micros(time_micros));
        let mut start = self.zone.first_instant(unit);
        loop {
            unit = self.next_unit(unit);
            let end = self.zone.first_instant(unit);
            // Not so where clocks went back over the unit's start, nor for a day that never was.
            if end > time_micros {
                return (start, end);
            }
            start = end;
        }
    }

    fn hour_at(&mut self, time_micros: i64) -> (i64, i64) {
        let segment = match self.segment {
            Some(segment) if segment.contains(time_micros) => segment,
            _ => self.zone.segment(time_micros),
        };
        self.segment = Some(segment);
        let into_hour = (time_micros + segment.offset_micros).rem_euclid(MICROS_PER_HOUR);
        let start = time_micros - into_hour;
        (start.max(segment.start_micros), (start + MICROS_PER_HOUR).min(segment.end_micros))
    }

    /// The wall-clock start of the day, week or month that holds this wall-clock time.
    fn unit_start(&self, wall_micros: i64) -> i64 {
        let day = wall_micros.div_euclid(MICROS_PER_DAY);
        let first_day = match self.interval {
            // 1970-01-01 was a Thursday, three days after a Monday.
            Interval::Week => day - (day + 3 - self.week_start as i64).rem_euclid(7),
            Interval::Month => {
                let (year, month, _) = civil_from_days(day);
                days_from_civil(year, month, 1)
            }
            Interval::Hour | Interval::Day => day,
        };
        first_day * MICROS_PER_DAY
    }

    fn next_unit(&self, unit_start: i64) -> i64 {
        moved_wall(unit_start, self.interval, 1)
    }
}

/// A wall-clock time moved by so many intervals on the wall clock. A day that the month reached does not have
/// becomes the month's last.
pub(super) fn moved_wall(wall_micros: i64, interval: Interval, count: i64) -> i64 {
    let step = match interval {
        Interval::Hour => MICROS_PER_HOUR,
        Interval::Day => MICROS_PER_DAY,
        Interval::Week => 7 * MICROS_PER_DAY,
        Interval::Month => {
            let (year, month, day) = civil_from_days(wall_micros.div_euclid(MICROS_PER_DAY));
            let months = (year * 12 + month - 1).saturating_add(count.clamp(-MONTHS_REACH, MONTHS_REACH));
            let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
            let moved = days_from_civil(year, month, day.min(days_in_month(year, month)));
            return moved * MICROS_PER_DAY + wall_micros.rem_euclid(MICROS_PER_DAY);
        }
    };
    wall_micros.saturating_add(count.saturating_mul(step)).clamp(-WALL_REACH, WALL_REACH)
}

/// Further than any time in a document, and small enough that arithmetic on it cannot overflow.
const MONTHS_REACH: i64 = 12 * 20_000;
const WALL_REACH: i64 = 1 << 60;

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last day of a year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date (year, month, day) so many days after 1970-01-01.
pub(super) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn civil_dates_agree_with_the_time_library() {
        let epoch = date(1970, 1, 1);
        let mut day = date(-1, 12, 25);
        for _ in 0..200_000 {
            let days = i64::from(epoch.until(day).unwrap().get_days());
            let parts = (i64::from(day.year()), i64::from(day.month()), i64::from(day.day()));
            assert_eq!(days_from_civil(parts.0, parts.1, parts.2), days);
            assert_eq!(civil_from_days(days), parts);
            day = day.checked_add(jiff::Span::new().days(17)).unwrap();
        }
    }

    #[test]
    fn moving_by_months_keeps_the_day_or_takes_the_last() {
        let wall = |y, m, d| days_from_civil(y, m, d) * MICROS_PER_DAY + 5;
        assert_eq!(moved_wall(wall(2026, 3, 31), Interval::Month, -1), wall(2026, 2, 28));
        assert_eq!(moved_wall(wall(2024, 3, 31), Interval::Month, -1), wall(2024, 2, 29));
        assert_eq!(moved_wall(wall(2026, 1, 15), Interval::Month, -13), wall(2024, 12, 15));
        assert_eq!(moved_wall(wall(2026, 1, 15), Interval::Week, -2), wall(2026, 1, 1));
        moved_wall(wall(2026, 1, 15), Interval::Month, i64::MIN);
        moved_wall(wall(2026, 1, 15), Interval::Week, i64::MIN);
    }
}
