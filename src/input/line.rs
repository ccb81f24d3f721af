//! Parses one input line: reads its fields, then judges them in a fixed order, so that a line with several faults
//! is always refused for the same one.
//!
//! The order: what is not JSON or not within the limits of reading; the type; unknown fields; missing fields; then
//! field by field in the order of [`Field`], and last the bytes of all properties together.

use super::canonical::Canonical;
use super::check::check_bytes;
use super::field::{Field, FieldSet, Kind};
use super::fields::{Content, Fields};
use super::object::{Found, Given, RawGroups, Scalar};
use super::refusal::{Refusal, names, shown};
use crate::model::limits::{COHORT_NAME_BYTES_MAX, PROPERTIES_BYTES_MAX};
use crate::model::timestamp::TimestampError;
use crate::model::{
    AliasCall, CohortCall, Event, EventName, GroupCall, GroupKey, GroupType, IdentifyCall, InsertId, Line, NameError,
    Number, Properties, PropertyOps, Timestamp, UserName, Value,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Parses one line of an import or a batch: a JSON object with a field `type`.
///
/// ```
/// # use trackcrumb::input::parse_line;
/// # use trackcrumb::model::Line;
/// let line = parse_line(br#"{"type":"track","distinct_id":"user_42","event":"feature_used"}"#);
/// assert!(matches!(line, Ok(Line::Track(event)) if event.name.as_str() == "feature_used"));
///
/// let refusal = parse_line(br#"{"type":"identify","distinct_id":"user_42","plan":"pro"}"#).unwrap_err();
/// assert_eq!(
///     refusal.to_string(),
///     "unknown field `plan`; identify() takes `type`, `distinct_id`, `timestamp`, `properties`, `set_once`, `add`, \
///      `append` and `union`"
/// );
/// ```
///
/// # Errors
/// Why the line cannot be taken as a whole. Of several reasons always the same one: first what is not JSON or beyond
/// the limits of reading, then the type, unknown fields, missing fields, the fields one by one, and last the size of
/// the properties.
pub fn parse_line(bytes: &[u8]) -> Result<Line, Refusal> {
    let mut fields = Fields::read(utf8(bytes)?)?;
    let kind = match fields.take(Field::Type) {
        None | Some(Content::Scalar(Scalar::Other(Found::Null))) => return Err(Refusal::TypeMissing),
        Some(content) => {
            let name = text(content, Field::Type)?;
            Kind::from_name(&name).ok_or_else(|| Refusal::TypeUnknown { found: shown(&name) })?
        }
    };
    Checks::new(fields, kind, &[Field::Type])?.line(bytes.len())
}

/// Parses one JSON object that is known to be of this kind and has no field `type`.
///
/// # Errors
/// As [`parse_line`].
pub fn parse_object(kind: Kind, bytes: &[u8]) -> Result<Line, Refusal> {
    let fields = Fields::read(utf8(bytes)?)?;
    Checks::new(fields, kind, &[])?.line(bytes.len())
}

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| Refusal::NotUtf8 { offset: error.valid_up_to() })
}

/// A line whose fields are those of its kind, the required ones among them.
struct Checks<'de> {
    fields: Fields<'de>,
    kind: Kind,
}

impl<'de> Checks<'de> {
    /// Refuses fields that the kind does not take, and the lack of those it needs.
    fn new(fields: Fields<'de>, kind: Kind, also_allowed: &[Field]) -> Result<Self, Refusal> {
        let allowed = FieldSet::of(kind.fields()).and(FieldSet::of(also_allowed));
        let foreign = fields.present.without(allowed).next();
        if let Some(field) = fields.unknown.as_deref().or(foreign.map(Field::name)) {
            let allowed = names(&[also_allowed, kind.fields()].concat());
            return Err(Refusal::UnknownField { field: shown(field), kind, allowed });
        }
        let missing: Vec<Field> = FieldSet::of(kind.required()).without(fields.present).collect();
        if !missing.is_empty() {
            return Err(Refusal::Missing { fields: names(&missing), kind });
        }
        Ok(Self { fields, kind })
    }

    /// Judges the values. `length` is that of the whole line in bytes.
    fn line(mut self, length: usize) -> Result<Line, Refusal> {
        let line = match self.kind {
            Kind::Track => Line::Track(Event {
                user: self.required(Field::DistinctId, UserName::new)?,
                name: self.required(Field::Event, EventName::new)?,
                time: self.timestamp()?,
                insert_id: self.optional(Field::InsertId, InsertId::new)?,
                groups: self.groups()?,
                properties: self.properties(Field::Properties)?,
            }),
            Kind::Identify => Line::Identify(IdentifyCall {
                user: self.required(Field::DistinctId, UserName::new)?,
                time: self.timestamp()?,
                ops: self.changes()?,
            }),
            Kind::Group => Line::Group(GroupCall {
                user: self.optional(Field::DistinctId, UserName::new)?,
                group_type: self.required(Field::GroupType, GroupType::new)?,
                key: self.required(Field::GroupKey, GroupKey::new)?,
                time: self.timestamp()?,
                ops: self.changes()?,
            }),
            Kind::Alias => Line::Alias(AliasCall {
                user: self.required(Field::DistinctId, joinable)?,
                alias: self.required(Field::Alias, joinable)?,
                time: self.timestamp()?,
            }),
            Kind::Cohort => {
                Line::Cohort(CohortCall { name: self.required(Field::Name, cohort_name)?, report: self.report()? })
            }
        };
        check_size(&line, length)?;
        Ok(line)
    }

    /// The content of a field; `null` is none.
    fn given(&mut self, field: Field) -> Option<Content<'de>> {
        self.fields.take(field).filter(|content| content.found() != Found::Null)
    }

    /// The name in a field that must be there; `null` is no name.
    fn required<T>(&mut self, field: Field, make: impl Fn(String) -> Result<T, NameError>) -> Result<T, Refusal> {
        match self.fields.take(field) {
            Some(content) => name(text(content, field)?, field, make),
            None => Err(Refusal::Missing { fields: vec![field.name()], kind: self.kind }),
        }
    }

    /// The name in a field that may be absent.
    fn optional<T>(
        &mut self,
        field: Field,
        make: impl Fn(String) -> Result<T, NameError>,
    ) -> Result<Option<T>, Refusal> {
        self.given(field).map(|content| name(text(content, field)?, field, make)).transpose()
    }

    fn timestamp(&mut self) -> Result<Option<Timestamp>, Refusal> {
        let Some(content) = self.given(Field::Timestamp) else { return Ok(None) };
        let time = match content {
            Content::Scalar(Scalar::Text(text)) => Timestamp::parse(&text),
            Content::Scalar(Scalar::Integer(millis)) => Timestamp::from_millis(millis),
            Content::Scalar(Scalar::Large) => Err(TimestampError::Range),
            // Integers beyond 64 bits come as doubles too; no fraction is written in so few digits.
            Content::Scalar(Scalar::Double(millis)) if millis.abs() >= i64::MAX as f64 => Err(TimestampError::Range),
            Content::Scalar(Scalar::Double(_)) => return Err(Refusal::FractionalMilliseconds),
            other => return Err(wrong_value(Field::Timestamp, "RFC 3339 text or whole milliseconds", other.found())),
        };
        time.map(Some).map_err(|error| Refusal::Timestamp { error })
    }

    fn groups(&mut self) -> Result<BTreeMap<GroupType, GroupKey>, Refusal> {
        let raw = match self.given(Field::Groups) {
            None => return Ok(BTreeMap::new()),
            Some(Content::Groups(Given::Fit(RawGroups(raw)))) => raw,
            Some(other) => return Err(wrong_value(Field::Groups, "an object of group types and keys", other.found())),
        };
        let mut groups = BTreeMap::new();
        for (group_type, key) in raw {
            let path = || format!("groups.{}", shown(&group_type));
            let key = match key {
                Scalar::Text(key) => {
                    GroupKey::new(key.into_owned()).map_err(|error| Refusal::of_name(format!("`{}`", path()), error))?
                }
                other => return Err(Refusal::WrongValue { path: path(), expected: "a string", found: other.found() }),
            };
            let group_type = GroupType::new(group_type.into_owned())
                .map_err(|error| Refusal::of_name("a group type in `groups`", error))?;
            groups.insert(group_type, key);
        }
        Ok(groups)
    }

    /// The object of a field such as `properties`; absent is empty.
    fn properties(&mut self, field: Field) -> Result<Properties, Refusal> {
        match self.given(field) {
            None => Ok(Properties::new()),
            Some(Content::Properties(Given::Fit(properties))) => Ok(properties),
            Some(other) => Err(wrong_value(field, "an object", other.found())),
        }
    }

    fn changes(&mut self) -> Result<PropertyOps, Refusal> {
        Ok(PropertyOps {
            properties: self.properties(Field::Properties)?,
            set_once: self.without_null(Field::SetOnce)?,
            add: self.numbers(Field::Add)?,
            append: self.without_null(Field::Append)?,
            union: self.without_null(Field::Union)?,
        })
    }

    /// The object of a field whose values are not `null`.
    fn without_null(&mut self, field: Field) -> Result<Properties, Refusal> {
        let properties = self.properties(field)?;
        match properties.iter().find(|(_, value)| value.is_null()) {
            Some((name, _)) => Err(Refusal::NullChange { path: path(field, name) }),
            None => Ok(properties),
        }
    }

    /// The object of a field whose values are numbers.
    fn numbers(&mut self, field: Field) -> Result<BTreeMap<String, Number>, Refusal> {
        let number = |(name, value): (String, Value)| match value {
            Value::Number(number) => Ok((name, number)),
            other => {
                Err(Refusal::WrongValue { path: path(field, &name), expected: "a number", found: Found::of(&other) })
            }
        };
        self.properties(field)?.into_iter().map(number).collect()
    }

    fn report(&mut self) -> Result<String, Refusal> {
        match self.fields.take(Field::Report) {
            Some(Content::Report(Given::Fit(Canonical(report)))) => Ok(report),
            other => Err(wrong_value(Field::Report, "an object", other.map_or(Found::Null, |other| other.found()))),
        }
    }
}

impl Content<'_> {
    /// The kind of value it is.
    fn found(&self) -> Found {
        match self {
            Self::Scalar(scalar) => scalar.found(),
            Self::Groups(Given::Unfit(found))
            | Self::Properties(Given::Unfit(found))
            | Self::Report(Given::Unfit(found)) => *found,
            Self::Groups(_) | Self::Properties(_) | Self::Report(_) => Found::Object,
        }
    }
}

/// The string that a field holds.
fn text<'de>(content: Content<'de>, field: Field) -> Result<Cow<'de, str>, Refusal> {
    match content {
        Content::Scalar(Scalar::Text(text)) => Ok(text),
        other => Err(wrong_value(field, "a string", other.found())),
    }
}

fn name<T>(text: Cow<'_, str>, field: Field, make: impl Fn(String) -> Result<T, NameError>) -> Result<T, Refusal> {
    make(text.into_owned()).map_err(|error| Refusal::of_name(format!("`{}`", field.name()), error))
}

/// A user id that alias() may join.
fn joinable(text: String) -> Result<UserName, NameError> {
    let user = UserName::new(text)?;
    user.check_joinable()?;
    Ok(user)
}

fn cohort_name(text: String) -> Result<String, NameError> {
    let (field, max) = (Field::Name.name(), COHORT_NAME_BYTES_MAX);
    if text.chars().all(char::is_whitespace) {
        return Err(NameError::Blank { field, max });
    }
    if text.len() > max {
        return Err(NameError::TooLong { field, length: text.len(), max });
    }
    Ok(text)
}

#[cold]
fn wrong_value(field: Field, expected: &'static str, found: Found) -> Refusal {
    Refusal::WrongValue { path: field.name().to_owned(), expected, found }
}

fn path(field: Field, name: &str) -> String {
    format!("{}.{}", field.name(), shown(name))
}

/// Compact JSON has at most five times the bytes of what was sent (`1e19` becomes 20 digits; nothing else grows as
/// much), so the properties of a line shorter than this are within their limit.
pub(super) const MEASURED_FROM: usize = PROPERTIES_BYTES_MAX / 5;

/// Refuses more properties than one event or call may carry, measuring only where the line is long enough for it.
fn check_size(line: &Line, length: usize) -> Result<(), Refusal> {
    if length < MEASURED_FROM { Ok(()) } else { check_bytes(line) }
}
