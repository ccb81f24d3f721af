//! Instants as they are written: RFC 3339 or integer milliseconds in, RFC 3339 out.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};
use serde_json::Value;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
/// 0001-01-01T00:00:00Z
const FIRST: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999Z
const LAST: i64 = 253_402_300_799_999_999;

/// The timestamp of an input line.
pub(super) fn of_json(json: &Value) -> Result<i64, String> {
    match json {
        Value::String(text) => of_text(text),
        Value::Number(number) => of_millis(number),
        _ => Err("a timestamp is RFC 3339 text or integer milliseconds".into()),
    }
}

fn of_millis(number: &serde_json::Number) -> Result<i64, String> {
    let millis = match super::value::Plain::of(&Value::Number(number.clone())) {
        super::value::Plain::Int(millis) => millis,
        _ => return Err(format!("timestamp {number} is not integer milliseconds")),
    };
    in_range(millis * 1000)
}

fn in_range(micros: i128) -> Result<i64, String> {
    match i64::try_from(micros) {
        Ok(micros) if (FIRST..=LAST).contains(&micros) => Ok(micros),
        _ => Err("the timestamp lies outside the years 0001 to 9999".into()),
    }
}

/// Strict RFC 3339: date, T, time with seconds, optional fraction, Z or offset.
pub(super) fn of_text(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not an RFC 3339 timestamp");
    if !text.is_ascii() || text.len() < 20 {
        return Err(wrong());
    }
    let date = date_of(&text[..10]).ok_or_else(wrong)?;
    if !matches!(&text[10..11], "T" | "t") {
        return Err(wrong());
    }
    let time = time_of(&text[11..19]).ok_or_else(wrong)?;
    let (fraction, zone) = fraction_of(&text[19..]).ok_or_else(wrong)?;
    let offset = offset_seconds(zone).ok_or_else(wrong)?;
    let seconds = EPOCH.duration_until(date.to_datetime(time)).as_secs();
    in_range(i128::from(seconds - offset) * 1_000_000 + i128::from(fraction))
}

/// `YYYY-MM-DD` exactly.
pub(super) fn date_of(text: &str) -> Option<Date> {
    let (year, rest) = (text.get(..4)?, text.get(4..)?);
    let (month, day) = (rest.strip_prefix('-')?.get(..2)?, rest.get(3..)?.strip_prefix('-')?);
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    Date::new(year as i16, month as i8, day as i8).ok()
}

fn time_of(text: &str) -> Option<Time> {
    let parts: Vec<&str> = text.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return None };
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    Time::new(hour as i8, minute as i8, second as i8, 0).ok()
}

/// Microseconds of an optional fraction (further digits are cut) and what follows it.
fn fraction_of(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    if end == 0 {
        return None;
    }
    let six: String = rest[..end].chars().chain("000000".chars()).take(6).collect();
    Some((six.parse().ok()?, &rest[end..]))
}

fn offset_seconds(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str, len: usize) -> Option<i64> {
    let good = text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

/// RFC 3339 in UTC, with as many fraction digits as needed.
pub(super) fn text(micros: i64) -> String {
    let time = EPOCH.checked_add(SignedDuration::from_micros(micros)).expect("within the years 0001 to 9999");
    format!("{time}Z")
}
