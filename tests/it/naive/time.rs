//! Zones, relative times, durations and calendar buckets.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Span, Timestamp, ZonedDateTime};
use serde_json::Value;

use super::timestamp;

const HOUR: i64 = 3_600_000_000;

/// A time zone and the instant of the call.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) zone: TimeZone,
    pub(super) now: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Hour,
    Day,
    Week(Weekday),
    Month,
}

/// A calendar unit, whole: [start, end).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Clock {
    /// The local time; the last day of the year 9999, which jiff leaves to offsets, is cut short.
    pub(super) fn zoned(&self, micros: i64) -> ZonedDateTime {
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX).to_zoned_datetime(self.zone.clone())
    }

    fn offset_seconds(&self, micros: i64) -> i64 {
        i64::from(self.zoned(micros).offset().seconds())
    }

    /// The first instant of a local day, also where its midnight does not exist.
    pub(super) fn day_start(&self, date: Date) -> Result<i64, String> {
        let midnight = date.to_datetime(Time::midnight());
        let ambiguous = self.zone.to_ambiguous_timestamp(midnight);
        let AmbiguousOffset::Gap { before, after } = ambiguous.offset() else {
            // Where midnight comes twice, the day starts with the first.
            return Ok(ambiguous.compatible().map_err(|e| e.to_string())?.as_microsecond());
        };
        let at = |offset: Offset| offset.to_timestamp(midnight).map(|t| t.as_second()).map_err(|e| e.to_string());
        let (mut earlier, mut reached) = (at(after)? - 1, at(before)?);
        while reached - earlier > 1 {
            let middle = earlier + (reached - earlier) / 2;
            match self.zoned(middle * 1_000_000).datetime() >= midnight {
                true => reached = middle,
                false => earlier = middle,
            }
        }
        Ok(reached * 1_000_000)
    }

    pub(super) fn days_before(&self, date: Date, days: i64) -> Result<i64, String> {
        let span = Span::new().try_days(days).map_err(|e| e.to_string())?;
        self.day_start(date.checked_sub(span).map_err(|e| e.to_string())?)
    }

    /// `from` or `to`: RFC 3339, a date, `now`, or relative `-Nh`, `-Nd`, `-Nw`.
    pub(super) fn instant(&self, text: &str) -> Result<i64, String> {
        if text == "now" {
            return Ok(self.now);
        }
        if let Some(back) = text.strip_prefix('-') {
            let (amount, unit) = amount_and_unit(back).ok_or_else(|| wrong_time(text))?;
            let today = self.zoned(self.now).date();
            return match unit {
                'h' => amount.checked_mul(HOUR).and_then(|us| self.now.checked_sub(us)).ok_or_else(|| wrong_time(text)),
                'd' => self.days_before(today, amount),
                'w' => self.days_before(today, amount.checked_mul(7).ok_or_else(|| wrong_time(text))?),
                _ => Err(wrong_time(text)),
            };
        }
        match timestamp::date_of(text) {
            Some(date) => self.day_start(date),
            None => timestamp::of_text(text),
        }
    }

    /// RFC 3339 with the zone's offset, `Z` for UTC.
    pub(super) fn label(&self, micros: i64) -> String {
        let zoned = self.zoned(micros);
        let local = zoned.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        match self.zone.iana_name() {
            Some("UTC" | "Etc/UTC") => format!("{local}Z"),
            _ => format!("{local}{}", zoned.strftime("%:z")),
        }
    }

    /// The buckets that touch [from, to).
    pub(super) fn buckets(&self, interval: Interval, from: i64, to: i64) -> Result<Vec<Bucket>, String> {
        let mut buckets = Vec::new();
        if from >= to {
            return Ok(buckets);
        }
        let mut start = self.bucket_start(interval, from)?;
        while start < to {
            let end = self.bucket_end(interval, start)?;
            buckets.push(Bucket { start, end });
            start = end;
        }
        Ok(buckets)
    }

    /// The calendar unit before the one that starts at `start`.
    pub(super) fn bucket_before(&self, interval: Interval, start: i64) -> Result<Bucket, String> {
        Ok(Bucket { start: self.bucket_start(interval, start - 1)?, end: start })
    }

    fn bucket_start(&self, interval: Interval, at: i64) -> Result<i64, String> {
        let date = self.zoned(at).date();
        match interval {
            Interval::Hour => Ok(self.hour_start(at)),
            Interval::Day => self.day_start(date),
            Interval::Week(first) => self.days_before(date, i64::from(first.until(date.weekday()))),
            Interval::Month => self.day_start(date.first_of_month()),
        }
    }

    fn bucket_end(&self, interval: Interval, start: i64) -> Result<i64, String> {
        let date = self.zoned(start).date();
        let next = match interval {
            Interval::Hour => return Ok(self.hour_end(start)),
            Interval::Day => date.checked_add(Span::new().days(1)),
            Interval::Week(_) => date.checked_add(Span::new().days(7)),
            Interval::Month => date.first_of_month().checked_add(Span::new().months(1)),
        };
        self.day_start(next.map_err(|e| e.to_string())?)
    }

    /// A wall-clock hour under one UTC offset starts on the hour, or where its offset begins.
    fn hour_start(&self, at: i64) -> i64 {
        let offset = self.offset_seconds(at);
        let full = at - (at + offset * 1_000_000).rem_euclid(HOUR);
        if self.offset_seconds(full) == offset {
            return full;
        }
        self.first_instant(full, at, |seconds| seconds == offset)
    }

    /// It ends on the next hour, or where another offset begins.
    fn hour_end(&self, start: i64) -> i64 {
        let offset = self.offset_seconds(start);
        let full = start - (start + offset * 1_000_000).rem_euclid(HOUR) + HOUR;
        if self.offset_seconds(full - 1) == offset {
            return full;
        }
        self.first_instant(start, full, |seconds| seconds != offset)
    }

    /// The first whole second in (low, high] whose offset satisfies `test`, there being one switch.
    fn first_instant(&self, low: i64, high: i64, test: impl Fn(i64) -> bool) -> i64 {
        let low = low.div_euclid(1_000_000);
        let high = high.div_euclid(1_000_000);
        let found = (low + 1..=high).find(|second| test(self.offset_seconds(second * 1_000_000)));
        found.unwrap_or(high) * 1_000_000
    }

    /// The same wall-clock time `count` intervals earlier. The start of a day without midnight counts as its midnight;
    /// of a time that clocks jump over comes the jump.
    pub(super) fn moved_back(&self, at: i64, interval: Interval, count: i64) -> Result<i64, String> {
        let span = match interval {
            Interval::Hour => Span::new().try_hours(count),
            Interval::Day => Span::new().try_days(count),
            Interval::Week(_) => Span::new().try_weeks(count),
            Interval::Month => Span::new().try_months(count),
        };
        let zoned = self.zoned(at);
        let opens_day = zoned.start_of_day().is_ok_and(|start| start == zoned);
        let wall = if opens_day { zoned.date().at(0, 0, 0, 0) } else { zoned.datetime() };
        let earlier = span.and_then(|span| wall.checked_sub(span)).map_err(|e| e.to_string())?;
        if let AmbiguousOffset::Gap { before, after } = self.zone.to_ambiguous_timestamp(earlier).offset() {
            let under = |offset: Offset| offset.to_timestamp(earlier).map_err(|e| e.to_string());
            let [low, high] = [under(after)?.as_microsecond(), under(before)?.as_microsecond()];
            return Ok(self.first_instant(low, high, |seconds| seconds == i64::from(after.seconds())));
        }
        let zoned = earlier.to_zoned_datetime(self.zone.clone());
        zoned.map(|zoned| zoned.timestamp().as_microsecond()).map_err(|e| e.to_string())
    }
}

fn wrong_time(text: &str) -> String {
    format!("{text:?} is no time: RFC 3339, a date, now, or like -30d")
}

fn amount_and_unit(text: &str) -> Option<(i64, char)> {
    let unit = text.chars().last()?;
    let amount = &text[..text.len() - unit.len_utf8()];
    let good = !amount.is_empty() && amount.bytes().all(|b| b.is_ascii_digit());
    Some((if good { amount.parse().ok()? } else { return None }, unit))
}

/// A duration as written: an amount of at least 1, and its unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duration {
    pub(super) amount: i64,
    pub(super) unit: char,
}

impl Duration {
    pub(super) fn of(json: &Value, units: &str) -> Result<Duration, String> {
        let wrong = || format!("{json} is no duration: a number of at least 1 and one of {units}");
        let (amount, unit) = json.as_str().and_then(amount_and_unit).ok_or_else(wrong)?;
        let duration = Duration { amount, unit };
        let good = amount >= 1 && units.contains(unit) && duration.micros().is_some();
        if good { Ok(duration) } else { Err(wrong()) }
    }

    /// The exact length; a day is 86,400 s.
    pub(super) fn micros(self) -> Option<i64> {
        let seconds = match self.unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return None,
        };
        self.amount.checked_mul(seconds)?.checked_mul(1_000_000)
    }
}
