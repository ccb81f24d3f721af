//! Moments as people read them: how long ago, and the date and time behind it.

use super::visit::Visit;
use crate::model::Timestamp;
use jiff::civil::{Date, DateTime};
use maud::{Markup, html};

/// January is the first.
pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Monday is the first.
pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A day of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(Date);

impl Day {
    /// The day with which an instant of RFC 3339 begins, on the calendar that it is written in.
    pub fn parse(text: &str) -> Option<Self> {
        text.get(..10)?.parse().ok().map(Self)
    }

    /// The day of a moment.
    pub fn of(visit: &Visit, moment: Timestamp) -> Self {
        Self(visit.zone.clock_at(moment.micros()).date())
    }

    /// So many days on, as far as years are counted.
    pub fn plus(self, days: usize) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(i64::try_from(days).unwrap_or(0))))
    }

    /// `14 Nov`.
    pub fn short(&self) -> String {
        format!("{} {}", self.0.day(), MONTHS[usize::from(self.0.month().unsigned_abs()) - 1])
    }

    /// `Saturday`.
    pub fn weekday(&self) -> &'static str {
        WEEKDAYS[usize::from(self.0.weekday().to_monday_zero_offset().unsigned_abs())]
    }

    /// `Sat 14 Nov 2026`.
    pub fn long(&self) -> String {
        format!("{} {} {}", &self.weekday()[..3], self.short(), self.0.year())
    }
}

/// `14 Nov 2026`.
fn date(clock: DateTime) -> String {
    format!("{} {}", Day(clock.date()).short(), clock.year())
}

/// `14 Nov 2026, 14:16`.
fn whole(clock: DateTime) -> String {
    format!("{}, {}", date(clock), time(clock))
}

/// The date and time of a moment.
pub fn at(visit: &Visit, moment: Timestamp) -> Markup {
    html! { time datetime=(moment) { (whole(visit.zone.clock_at(moment.micros()))) } }
}

/// The date of a moment; its time too when pointed at.
pub fn on(visit: &Visit, moment: Timestamp) -> Markup {
    let clock = visit.zone.clock_at(moment.micros());
    html! { time datetime=(moment) title=(whole(clock)) { (date(clock)) } }
}

/// Now, with its weekday.
pub fn now(visit: &Visit) -> String {
    format!("{}, {}", Day::of(visit, visit.now).long(), time(visit.zone.clock_at(visit.now.micros())))
}

/// `14:16`.
fn time(clock: DateTime) -> String {
    format!("{:02}:{:02}", clock.hour(), clock.minute())
}

/// How long ago a moment was, in words up to a day, and then its date; the whole of it when pointed at.
pub fn ago(visit: &Visit, moment: Timestamp) -> Markup {
    let clock_at = |time: Timestamp| visit.zone.clock_at(time.micros());
    let clock = clock_at(moment);
    let whole = whole(clock);
    let passed = visit.now.micros().saturating_sub(moment.micros());
    let yesterday = clock_at(Timestamp::clamped(visit.now.micros().saturating_sub(DAY)));
    let words = match passed {
        // Clocks of those who send may be ahead.
        ..0 => whole.clone(),
        0..MINUTE => "just now".to_owned(),
        MINUTE..HOUR => format!("{} min ago", passed / MINUTE),
        HOUR..DAY => format!("{} h ago", passed / HOUR),
        _ if clock.date() == yesterday.date() => format!("yesterday, {}", time(clock)),
        _ => date(clock),
    };
    html! { time datetime=(moment) title=(whole) { (words) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_a_short_and_a_long_form() {
        let day = Day::parse("2026-11-29T00:00:00+01:00").unwrap();
        assert_eq!((day.short(), day.plus(2).long()), ("29 Nov".to_owned(), "Tue 1 Dec 2026".to_owned()));
        assert!(Day::parse("soon").is_none() && Day::parse("2026-02-30").is_none());
        assert_eq!(now(&Visit::sample()), "Thu 26 Nov 2026, 12:00");
    }

    #[test]
    fn moments_are_told_by_how_long_ago_they_were() {
        let visit = Visit::sample();
        for (moment, title, words) in [
            ("2026-11-26T10:59:30Z", "26 Nov 2026, 11:59", "just now"),
            ("2026-11-26T10:01:00Z", "26 Nov 2026, 11:01", "59 min ago"),
            ("2026-11-25T12:00:00Z", "25 Nov 2026, 13:00", "23 h ago"),
            ("2026-11-25T11:00:00Z", "25 Nov 2026, 12:00", "yesterday, 12:00"),
            ("2026-11-24T23:00:00Z", "25 Nov 2026, 00:00", "yesterday, 00:00"),
            ("2026-11-24T22:59:00Z", "24 Nov 2026, 23:59", "24 Nov 2026"),
            ("0001-01-01T00:00:00Z", "1 Jan 1, 00:53", "1 Jan 1"),
            ("2026-11-26T11:05:00Z", "26 Nov 2026, 12:05", "26 Nov 2026, 12:05"),
        ] {
            let shown = ago(&visit, Timestamp::parse(moment).unwrap()).into_string();
            assert_eq!(shown, format!(r#"<time datetime="{moment}" title="{title}">{words}</time>"#));
        }
    }
}
