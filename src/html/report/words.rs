//! How a report is put into words: what is counted, when, by how much it changed, which value is meant.

use crate::figure::{count, number, percent};
use crate::html::Visit;
use crate::html::moment::{MONTHS, WEEKDAYS};
use crate::language::{CountBy, Interval, Scope};
use crate::model::Value;
use crate::reports::Figure;
use jiff::civil::DateTime;
use maud::{Markup, html};
use std::borrow::Cow;

/// What one counted unit is called: `user`, `company`.
pub fn unit(count_by: &CountBy) -> &str {
    count_by.group_type().unwrap_or("user")
}

/// What several are called: `users`, `companies`.
pub fn units(count_by: &CountBy) -> String {
    plural(unit(count_by))
}

/// With a large letter at its beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// `3 companies`.
pub fn counted_units(number: u64, count_by: &CountBy) -> String {
    let name = if number == 1 { unit(count_by).to_owned() } else { units(count_by) };
    format!("{} {name}", count(number))
}

/// Several of what a word names; for words that are no English, what comes out is still understood.
pub fn plural(singular: &str) -> String {
    let is_vowel = |letter: Option<char>| letter.is_some_and(|letter| "aeiou".contains(letter));
    match singular.strip_suffix('y') {
        Some(stem) if !stem.is_empty() && !is_vowel(stem.chars().last()) => format!("{stem}ies"),
        _ if ["s", "x", "ch", "sh"].iter().any(|end| singular.ends_with(end)) => format!("{singular}es"),
        _ => format!("{singular}s"),
    }
}

/// A figure as people read it; nothing is a dash.
pub fn figure(figure: Figure) -> String {
    match figure {
        Figure::Null => "–".to_owned(),
        Figure::Count(value) => count(value),
        Figure::Number(value) => signed(number(value)),
    }
}

/// A share from 0 to 1.
pub fn share(figure: Figure) -> String {
    figure.to_f64().map_or_else(|| "–".to_owned(), percent)
}

/// With a real minus.
fn signed(text: String) -> String {
    if text.starts_with('-') { text.replacen('-', "−", 1) } else { text }
}

/// By how much a figure changed, in percent; nothing where there was nothing before.
pub fn change(now: Figure, before: Figure) -> Option<(String, bool)> {
    let (now, before) = (now.to_f64()?, before.to_f64()?);
    if before == 0.0 {
        return None;
    }
    let ratio = (now - before) / before.abs() * 100.0;
    let rises = ratio >= 0.0;
    Some((format!("{}{:.1}%", if rises { "+" } else { "−" }, ratio.abs()), rises))
}

/// A cell with a change.
pub fn change_cell(now: Figure, before: Option<Figure>) -> Markup {
    match before.and_then(|before| change(now, before)) {
        Some((text, rises)) => html! { td class={ "num " (if rises { "up" } else { "down" }) } { (text) } },
        None => html! { td class="num muted" { "–" } },
    }
}

/// A breakdown value as people read it.
pub fn value(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "not set".into(),
        Value::String(text) if text.trim().is_empty() => format!("\"{text}\"").into(),
        Value::String(text) => (&**text).into(),
        other => other.to_json().into(),
    }
}

/// The values of a tuple, `enterprise, DE`.
pub fn tuple(values: &[Value], is_other: bool) -> String {
    if is_other {
        return "Other".to_owned();
    }
    values.iter().map(value).collect::<Vec<_>>().join(", ")
}

/// The start of a bucket, by the clock of the report.
fn clock(label: &str) -> Option<DateTime> {
    label.get(..19)?.parse().ok()
}

/// `15 Nov`, `14:00`, `Nov 2026`: a bucket where there is little room.
pub fn bucket(label: &str, interval: Interval) -> String {
    let Some(at) = clock(label) else { return label.to_owned() };
    let month = month(at);
    match interval {
        Interval::Hour if at.hour() == 0 => format!("{} {month}", at.day()),
        Interval::Hour => format!("{:02}:00", at.hour()),
        Interval::Month => format!("{month} {}", at.year()),
        _ => format!("{} {month}", at.day()),
    }
}

/// `Sun 15 Nov 2026`: a bucket in full.
pub fn bucket_in_full(label: &str, interval: Interval) -> String {
    let Some(at) = clock(label) else { return label.to_owned() };
    let day = &WEEKDAYS[usize::from(at.weekday().to_monday_zero_offset().unsigned_abs()) % 7][..3];
    let date = format!("{} {} {}", at.day(), month(at), at.year());
    match interval {
        Interval::Hour => format!("{day} {date}, {:02}:00", at.hour()),
        Interval::Day => format!("{day} {date}"),
        Interval::Week => format!("Week of {date}"),
        Interval::Month => format!("{} {}", month(at), at.year()),
    }
}

fn month(at: DateTime) -> &'static str {
    MONTHS[usize::from(at.month().unsigned_abs()) - 1]
}

/// `2026-11-15`, for an input of a date.
pub fn date_input(visit: &Visit, micros: i64) -> String {
    visit.zone.clock_at(micros).date().to_string()
}

/// A date in words.
pub fn date(visit: &Visit, micros: i64) -> String {
    let at = visit.zone.clock_at(micros);
    format!("{} {} {}", at.day(), month(at), at.year())
}

/// An interval: `day`.
pub fn interval(interval: Interval) -> &'static str {
    match interval {
        Interval::Hour => "hour",
        Interval::Day => "day",
        Interval::Week => "week",
        Interval::Month => "month",
    }
}

/// A range as a name, `Last 30 days`, and in a sentence, `in the last 30 days`.
pub fn range(visit: &Visit, scope: &Scope) -> (String, String) {
    let (from, to) = (scope.from.to_string(), scope.to.to_string());
    let span = |length: &str, name: &str| {
        let span = if length == "1" { name.trim_end_matches('s').to_owned() } else { format!("{length} {name}") };
        (format!("Last {span}"), format!("in the last {span}"))
    };
    match (from.as_str(), to.as_str()) {
        ("-0d", "now") => ("Today".to_owned(), "today".to_owned()),
        ("-1d", "-0d") => ("Yesterday".to_owned(), "yesterday".to_owned()),
        ("-365d", "now") => span("12", "months"),
        (from, "now") if from.starts_with('-') => {
            let (length, name) = ago(from);
            span(length, name)
        }
        (from, _) if scope.to.is_open() && from.starts_with('-') => {
            let (length, name) = ago(from);
            let name = if length == "1" { name.trim_end_matches('s') } else { name };
            (format!("Since {length} {name} ago"), format!("since {length} {name} ago"))
        }
        _ => dates(visit, scope),
    }
}

/// How many of what a relative time goes back: `-30d`.
fn ago(time: &str) -> (&str, &'static str) {
    let name = match time.chars().last() {
        Some('w') => "weeks",
        Some('h') => "hours",
        _ => "days",
    };
    (&time[1..time.len() - 1], name)
}

fn dates(visit: &Visit, scope: &Scope) -> (String, String) {
    let clock = crate::language::Clock { now: visit.now, zone: &visit.zone };
    let Ok(range) = scope.resolve(clock) else { return (String::new(), String::new()) };
    let (first, last) = (date(visit, range.from_micros), date(visit, range.to_micros.saturating_sub(1)));
    match (scope.from.is_open(), scope.to.is_open()) {
        (true, true) => return ("At any time".to_owned(), "at any time".to_owned()),
        (true, false) => return (format!("Until {last}"), format!("until {last}")),
        (false, true) => return (format!("Since {first}"), format!("since {first}")),
        (false, false) => {}
    }
    if first == last {
        return (first.clone(), format!("on {first}"));
    }
    (format!("{first} – {last}"), format!("from {first} to {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::TimeBound;

    #[test]
    fn units_are_called_by_their_type() {
        for (one, many) in [("company", "companies"), ("team", "teams"), ("box", "boxes"), ("day", "days")] {
            assert_eq!(units(&CountBy::group(one)), many);
        }
        assert_eq!(counted_units(1, &CountBy::Users), "1 user");
        assert_eq!(counted_units(1284, &CountBy::group("company")), "1,284 companies");
    }

    #[test]
    fn changes_have_a_sign_and_none_comes_from_nothing() {
        let told = |now, before| change(Figure::Count(now), Figure::Count(before));
        assert_eq!(told(1284, 1181), Some(("+8.7%".to_owned(), true)));
        assert_eq!(told(98, 100), Some(("−2.0%".to_owned(), false)));
        assert_eq!(told(3, 0), None);
    }

    #[test]
    fn buckets_are_told_by_the_clock_they_carry() {
        let label = "2026-11-15T00:00:00+01:00";
        assert_eq!(bucket(label, Interval::Day), "15 Nov");
        assert_eq!(bucket_in_full(label, Interval::Day), "Sun 15 Nov 2026");
        assert_eq!(bucket("2026-11-15T14:00:00Z", Interval::Hour), "14:00");
        assert_eq!(bucket_in_full(label, Interval::Month), "Nov 2026");
    }

    #[test]
    fn ranges_have_names() {
        let visit = Visit::sample();
        let told = |from: &str, to: &str| range(&visit, &Scope::new(from, to)).1;
        assert_eq!(told("-30d", "now"), "in the last 30 days");
        assert_eq!(told("-0d", "now"), "today");
        assert_eq!(told("-12w", "now"), "in the last 12 weeks");
        assert_eq!(told("-1d", "now"), "in the last day");
        assert_eq!(told("2026-11-01", "2026-11-03"), "from 1 Nov 2026 to 2 Nov 2026");
        let open = |from: Option<&str>, to: Option<&str>| {
            let bound = |text: Option<&str>| text.map_or(TimeBound::OPEN, TimeBound::from);
            range(&visit, &Scope::new(bound(from), bound(to))).0
        };
        assert_eq!(open(None, None), "At any time");
        assert_eq!(open(Some("-30d"), None), "Since 30 days ago");
        assert_eq!(open(Some("2026-11-01"), None), "Since 1 Nov 2026");
        assert_eq!(open(None, Some("2026-11-03")), "Until 2 Nov 2026");
    }
}
