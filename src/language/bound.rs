//! One end of a range, as documents write it.

use super::DocumentError;
use super::calendar::civil_from_days;
use super::node::Node;
use super::range::{MICROS_PER_DAY, MICROS_PER_HOUR, ResolvedRange};
use super::reader::At;
use super::span::SPAN_DAYS_MAX;
use super::zone::Zone;
use crate::model::Timestamp;
use crate::model::timestamp::TimestampError;

/// One end of a range: an instant, a date, a relative time, `now`, or open.
///
/// Made from text (`"2026-01-01"`, `"2026-01-01T00:00:00Z"`, `"-30d"`, `"now"`), [`TimeBound::OPEN`] or a
/// [`Timestamp`]. Text that means nothing is kept and refused when the document is built.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TimeBound(Form);

#[derive(Clone, Debug, PartialEq, Eq, Default)]
enum Form {
    /// No bound.
    #[default]
    Open,
    /// The instant of the call.
    Now,
    /// So many exact hours before now.
    HoursAgo(u32),
    /// The start of the local day so many days before today.
    DaysAgo(u32),
    /// The start of the local day so many times seven days before today.
    WeeksAgo(u32),
    /// The first instant of a date: days since 1970-01-01.
    Date(i64),
    /// An instant.
    Instant(Timestamp),
    /// Text that a builder was given and that means nothing.
    Unread(String),
}

impl TimeBound {
    /// No bound: only in cohorts.
    pub const OPEN: Self = Self(Form::Open);
    /// The instant of the call.
    pub const NOW: Self = Self(Form::Now);

    /// Whether there is no bound.
    pub fn is_open(&self) -> bool {
        self.0 == Form::Open
    }

    /// Whether it moves with the instant of the call.
    pub fn is_relative(&self) -> bool {
        matches!(self.0, Form::Now | Form::HoursAgo(_) | Form::DaysAgo(_) | Form::WeeksAgo(_))
    }

    /// Reads the text of a bound; the sentence says what is wrong with it.
    fn parse(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::NOW);
        }
        if text.starts_with('-') {
            return relative(text).map(Self);
        }
        if text.len() == 10 {
            return date(text).map(|days| Self(Form::Date(days)));
        }
        Timestamp::parse(text).map(|time| Self(Form::Instant(time))).map_err(|error| match error {
            TimestampError::Form => not_a_bound(text),
            other => format!("`{text}` {other}"),
        })
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        Self::parse(at.text("a time such as \"2026-01-01\" or \"-30d\"")?).map_err(|sentence| at.rule(sentence))
    }

    /// Reads a bound that stands still: the name of a bucket or period, or a document's `now`.
    pub(super) fn read_fixed(at: &At<'_>) -> Result<Self, DocumentError> {
        let bound = Self::read(at)?;
        if bound.is_relative() {
            return Err(at.rule("must be an RFC 3339 time or a date; relative times are for `from` and `to`"));
        }
        Ok(bound)
    }

    /// The instant in microseconds since the epoch; `None` when open.
    ///
    /// # Errors
    /// A sentence, when it lies outside the years 1 to 9999 or its text means nothing.
    pub(super) fn micros(&self, now: Timestamp, zone: &Zone) -> Result<Option<i64>, String> {
        let today = || zone.wall_micros(now.micros()).div_euclid(MICROS_PER_DAY);
        let micros = match &self.0 {
            Form::Open => return Ok(None),
            Form::Now => now.micros(),
            Form::HoursAgo(hours) => now.micros() - i64::from(*hours) * MICROS_PER_HOUR,
            Form::DaysAgo(days) => zone.first_instant((today() - i64::from(*days)) * MICROS_PER_DAY),
            Form::WeeksAgo(weeks) => zone.first_instant((today() - 7 * i64::from(*weeks)) * MICROS_PER_DAY),
            // A date is within the years by its form; its midnight may be hours outside them in some zones.
            Form::Date(days) => return Ok(Some(zone.first_instant(days * MICROS_PER_DAY))),
            Form::Instant(time) => time.micros(),
            Form::Unread(text) => return Err(not_a_bound(text)),
        };
        if micros < ResolvedRange::ALL.from_micros {
            return Err(format!("`{self}` reaches back before the year 1"));
        }
        Ok(Some(micros))
    }
}

/// `-30d`, `-12w`, `-6h`.
fn relative(text: &str) -> Result<Form, String> {
    let digits = text.get(1..text.len() - 1).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_a_bound(text));
    }
    let (form, max): (fn(u32) -> Form, u32) = match text.as_bytes()[text.len() - 1] {
        b'h' => (Form::HoursAgo, SPAN_DAYS_MAX * 24),
        b'd' => (Form::DaysAgo, SPAN_DAYS_MAX),
        b'w' => (Form::WeeksAgo, SPAN_DAYS_MAX / 7),
        _ => return Err(not_a_bound(text)),
    };
    match digits.parse() {
        Ok(count) if count <= max => Ok(form(count)),
        _ => Err(format!("`{text}` reaches back before the year 1")),
    }
}

/// `2026-01-31`, as days since 1970-01-01.
fn date(text: &str) -> Result<i64, String> {
    // Of the form of a date exactly when a time of day makes it an instant.
    let midnight = Timestamp::parse(&format!("{text}T00:00:00Z")).map_err(|error| match error {
        TimestampError::Form => not_a_bound(text),
        TimestampError::NoSuchTime => format!("`{text}` is a day that does not exist"),
        TimestampError::Range => format!("`{text}` {error}"),
    })?;
    Ok(midnight.micros().div_euclid(MICROS_PER_DAY))
}

fn not_a_bound(text: &str) -> String {
    format!(
        "`{text}` is no time; write RFC 3339 with an offset such as `2026-01-01T00:00:00Z`, a date such as \
         `2026-01-01`, a relative time such as `-30d`, `-12w` or `-6h`, or `now`"
    )
}

impl std::fmt::Display for TimeBound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Form::Open => f.write_str("open"),
            Form::Now => f.write_str("now"),
            Form::HoursAgo(count) => write!(f, "-{count}h"),
            Form::DaysAgo(count) => write!(f, "-{count}d"),
            Form::WeeksAgo(count) => write!(f, "-{count}w"),
            Form::Date(days) => {
                let (year, month, day) = civil_from_days(*days);
                write!(f, "{year:04}-{month:02}-{day:02}")
            }
            Form::Instant(time) => write!(f, "{time}"),
            Form::Unread(text) => f.write_str(text),
        }
    }
}

impl From<&str> for TimeBound {
    fn from(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self(Form::Unread(text.to_owned())))
    }
}

impl From<String> for TimeBound {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<Timestamp> for TimeBound {
    fn from(time: Timestamp) -> Self {
        Self(Form::Instant(time))
    }
}

/// An open bound is left out of documents.
impl From<&TimeBound> for Option<Node> {
    fn from(bound: &TimeBound) -> Self {
        if bound.is_open() { None } else { Some(Node::String(bound.to_string())) }
    }
}
