//! Moments as people read them: how long ago, and the date and time behind it.

use super::visit::Visit;
use crate::model::Timestamp;
use jiff::civil::DateTime;
use maud::{Markup, html};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `14 Nov 2026`.
fn date(clock: DateTime) -> String {
    let month = MONTHS[usize::from(clock.month().unsigned_abs()) - 1];
    format!("{} {month} {}", clock.day(), clock.year())
}

/// `14:16`.
fn time(clock: DateTime) -> String {
    format!("{:02}:{:02}", clock.hour(), clock.minute())
}

/// How long ago a moment was, in words up to a day, and then its date; the whole of it when pointed at.
pub fn ago(visit: &Visit, moment: Timestamp) -> Markup {
    let clock_at = |time: Timestamp| visit.zone.clock_at(time.micros());
    let clock = clock_at(moment);
    let whole = format!("{}, {}", date(clock), time(clock));
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
