//! Instants in microseconds since the Unix epoch, UTC, and the strict reading of RFC 3339.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use thiserror::Error;

/// An instant: microseconds since 1970-01-01T00:00:00Z, within the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a timestamp is refused. Shown after the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimestampError {
    /// Not of the form `2026-01-03T10:00:00Z`.
    #[error("is not RFC 3339 with an offset, such as 2026-01-03T10:00:00.123456Z")]
    Form,
    /// Of the right form, but no such day or time of day exists.
    #[error("names a day or a time of day that does not exist")]
    NoSuchTime,
    /// Outside the years 1 to 9999.
    #[error("is outside 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z")]
    Range,
}

/// 1970-01-01T00:00:00.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The instant so many microseconds after the epoch.
    ///
    /// # Errors
    /// When it is outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        let time = Self(micros);
        if (Self::MIN..=Self::MAX).contains(&time) { Ok(time) } else { Err(TimestampError::Range) }
    }

    /// The instant so many milliseconds after the epoch.
    ///
    /// # Errors
    /// When it is outside the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, TimestampError> {
        millis.checked_mul(1000).map_or(Err(TimestampError::Range), Self::from_micros)
    }

    /// The instant so many microseconds after the epoch, moved to the nearest allowed one.
    pub fn clamped(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Microseconds since the epoch.
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339: a date, `T`, a time of day and an offset. Digits beyond microseconds are cut;
    /// `24:00` and second `:60` do not exist.
    ///
    /// # Errors
    /// See [`TimestampError`].
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        // Bounds are checked once: imports parse millions of them.
        let Some((civil, rest)) = text.as_bytes().split_first_chunk::<19>() else { return Err(TimestampError::Form) };
        let separators = [civil[4], civil[7], civil[10] & !0x20, civil[13], civil[16]];
        if separators != *b"--T::" {
            return Err(TimestampError::Form);
        }
        let mut all_digits = true;
        let mut two = |at: usize| {
            let (tens, ones) = (civil[at].wrapping_sub(b'0'), civil[at + 1].wrapping_sub(b'0'));
            all_digits &= tens < 10 && ones < 10;
            tens.wrapping_mul(10).wrapping_add(ones) as i8
        };
        let year = i16::from(two(0)) * 100 + i16::from(two(2));
        let fields = [two(5), two(8), two(11), two(14), two(17)];
        if !all_digits || rest.is_empty() {
            return Err(TimestampError::Form);
        }
        let (micros, zone) = fraction(rest)?;
        let offset_seconds = offset(zone)?;
        let seconds = civil_seconds(year, fields)?;
        Self::from_micros((seconds - offset_seconds) * 1_000_000 + micros)
    }
}

/// Seconds from the epoch to a day and a time of day, told as month, day, hour, minute and second.
fn civil_seconds(year: i16, rest: [i8; 5]) -> Result<i64, TimestampError> {
    let [month, day, hour, minute, second] = rest;
    if !matches!((month, day, hour, minute, second), (1..=12, 1..=28, 0..24, 0..60, 0..60)) {
        let local = DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| TimestampError::NoSuchTime)?;
        return Ok(local.duration_since(EPOCH).as_secs());
    }
    // Days that every month has need no calendar: imports parse millions of them. Years are counted from March on, so
    // that leap days come last, and from the year 0 on.
    let [month, day, hour, minute, second] = rest.map(i64::from);
    let year = i64::from(year) - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year;
    Ok(((days - DAYS_TO_EPOCH) * 24 + hour) * 3600 + minute * 60 + second)
}

/// From the first of March of the year 0 to the epoch.
const DAYS_TO_EPOCH: i64 = 719_468;

/// A whole number of ASCII digits.
fn digits(bytes: &[u8]) -> Result<i64, TimestampError> {
    bytes.iter().try_fold(0, |number, byte| match byte {
        b'0'..=b'9' => Ok(number * 10 + i64::from(byte - b'0')),
        _ => Err(TimestampError::Form),
    })
}

/// The microseconds of an optional fraction, and what follows it.
fn fraction(bytes: &[u8]) -> Result<(i64, &[u8]), TimestampError> {
    let Some(rest) = bytes.strip_prefix(b".") else { return Ok((0, bytes)) };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return Err(TimestampError::Form);
    }
    let micros = (0..6).fold(0, |number, i| number * 10 + if i < length { i64::from(rest[i] - b'0') } else { 0 });
    Ok((micros, &rest[length..]))
}

/// Seconds east of UTC: `Z` or `+hh:mm`.
fn offset(bytes: &[u8]) -> Result<i64, TimestampError> {
    match bytes {
        [b'Z' | b'z'] => Ok(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return Err(TimestampError::NoSuchTime);
            }
            let seconds = hours * 3600 + minutes * 60;
            Ok(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => Err(TimestampError::Form),
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with a fraction only where there is one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Civil arithmetic reaches the last day of year 9999, which instants of the time library do not.
        match EPOCH.checked_add(SignedDuration::from_micros(self.0)) {
            Ok(civil) => write!(f, "{civil}Z"),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<i64, TimestampError>) {
        assert_eq!(Timestamp::parse(text).map(Timestamp::micros), expected, "{text}");
    }

    #[test]
    fn rfc_3339_is_read_to_the_microsecond() {
        check("1970-01-01T00:00:00Z", Ok(0));
        check("1970-01-01t00:00:01.5z", Ok(1_500_000));
        check("1970-01-01T01:00:00.123456789+01:00", Ok(123_456));
        check("1969-12-31T23:30:00-00:30", Ok(0));
        check("0001-01-01T00:00:00Z", Ok(Timestamp::MIN.micros()));
        check("9999-12-31T23:59:59.9999999Z", Ok(Timestamp::MAX.micros()));
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "2026-01-03",
            "2026-01-03T10:00:00",
            "2026-01-03 10:00:00Z",
            "2026-01-03T10:00Z",
            "2026-01-03T10:00:00.Z",
            "2026-01-03T10:00:00+0100",
            "+026-01-03T10:00:00Z",
            "2026-01-03T10:00:00Z ",
            "２026-01-03T10:00:00Z",
        ] {
            check(text, Err(TimestampError::Form));
        }
        for text in
            ["2026-02-29T00:00:00Z", "2026-01-03T24:00:00Z", "2026-01-03T23:59:60Z", "2026-01-03T10:00:00+24:00"]
        {
            check(text, Err(TimestampError::NoSuchTime));
        }
        check("0001-01-01T00:00:00+00:01", Err(TimestampError::Range));
        check("9999-12-31T23:59:59-00:01", Err(TimestampError::Range));
        assert_eq!(Timestamp::from_millis(i64::MAX), Err(TimestampError::Range));
    }

    /// Days are those of the time library.
    #[test]
    fn every_day_has_its_place() {
        for year in (0..=9999).step_by(37).chain([1, 4, 99, 100, 400, 1600, 1900, 1970, 2000, 2024, 2100]) {
            for (month, day) in (1..=12).flat_map(|month| [(month, 1), (month, 28), (month, 29)]) {
                let expected = DateTime::new(year, month, day, 23, 59, 1, 0).ok();
                let expected = expected.map(|local| local.duration_since(EPOCH).as_secs());
                assert_eq!(civil_seconds(year, [month, day, 23, 59, 1]).ok(), expected, "{year}-{month}-{day}");
            }
        }
    }

    #[test]
    fn shown_times_read_back() {
        for micros in [0, 1, 123_400, -1, Timestamp::MIN.micros(), Timestamp::MAX.micros()] {
            let shown = Timestamp(micros).to_string();
            assert_eq!(Timestamp::parse(&shown), Ok(Timestamp(micros)), "{shown}");
        }
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
    }
}
