//! What every report has in common: range, zone, what is counted, and which events are seen at all.

use super::bound::TimeBound;
use super::clock::Clock;
use super::filter::Filter;
use super::node::{Node, Writer};
use super::range::ResolvedRange;
use super::reader::{At, Fields};
use super::zone::Zone;
use super::{DocumentError, Problem};
use crate::model::{GroupType, Timestamp};

/// The fields common to all reports.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Scope {
    /// First instant of the range. Open only in cohorts.
    pub from: TimeBound,
    /// First instant after the range. Open only in cohorts.
    pub to: TimeBound,
    /// Whose calendar the dates, buckets and periods follow; the workspace's where there is none.
    pub timezone: Option<Zone>,
    /// Stands in for the instant of the call, so that relative documents repeat: an instant, or the start of a date.
    pub now: Option<TimeBound>,
    /// What is counted.
    pub count_by: CountBy,
    /// Which events the report sees at all.
    pub filter: Option<Filter>,
}

/// What a report counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum CountBy {
    /// Users under their shown ids.
    #[default]
    Users,
    /// Keys of a group type; events without a key of it are left out.
    Group(String),
}

/// The fields of [`Scope`], for the list of known fields of each report.
pub(super) const SCOPE_FIELDS: [&str; 7] = ["report", "from", "to", "timezone", "now", "count_by", "filter"];

impl Scope {
    /// A scope over [from, to), counting users on the workspace's calendar.
    pub fn new(from: impl Into<TimeBound>, to: impl Into<TimeBound>) -> Self {
        Self { from: from.into(), to: to.into(), ..Self::default() }
    }

    /// Whose calendar the document follows: that of its own `timezone`, else the workspace's.
    pub fn zone<'z>(&'z self, clock: Clock<'z>) -> &'z Zone {
        self.timezone.as_ref().unwrap_or(clock.zone)
    }

    /// The clock of documents inside this one: they share its `now`, and have time zones of their own.
    ///
    /// # Errors
    /// When the text of `now` means nothing.
    pub fn inner<'z>(&self, clock: Clock<'z>) -> Result<Clock<'z>, DocumentError> {
        let Some(now) = &self.now else { return Ok(clock) };
        let micros =
            now.micros(clock.now, self.zone(clock)).map_err(|sentence| DocumentError::rule("now", sentence))?;
        // The start of a date may be hours outside the years in some zones.
        Ok(Clock { now: micros.map_or(clock.now, Timestamp::clamped), zone: clock.zone })
    }

    /// The range in microseconds; open bounds reach to the first and last instant an event can have.
    ///
    /// # Errors
    /// When `from` is after `to`, or a bound lies before the year 1.
    pub fn resolve(&self, clock: Clock<'_>) -> Result<ResolvedRange, DocumentError> {
        self.resolve_within(&TimeBound::OPEN, &TimeBound::OPEN, clock)
    }

    /// The range of a part of the document with bounds of its own: an open one is the document's.
    ///
    /// # Errors
    /// When `from` is after `to`, or a bound lies before the year 1. The path is `from` or `to` of the part.
    pub fn resolve_within(
        &self,
        from: &TimeBound,
        to: &TimeBound,
        clock: Clock<'_>,
    ) -> Result<ResolvedRange, DocumentError> {
        let from = if from.is_open() { &self.from } else { from };
        let to = if to.is_open() { &self.to } else { to };
        let from_micros = self.instant(from, "from", clock)?.unwrap_or(ResolvedRange::ALL.from_micros);
        let to_micros = self.instant(to, "to", clock)?.unwrap_or(ResolvedRange::ALL.to_micros);
        if from_micros > to_micros {
            return Err(DocumentError::rule(
                "from",
                format!("`{from}` is after `to`, which is `{to}`; the range must not end before it begins"),
            ));
        }
        Ok(ResolvedRange { from_micros, to_micros })
    }

    /// The instant of one bound in microseconds; `None` when open. `field` names it in an error.
    ///
    /// # Errors
    /// When it lies before the year 1.
    pub fn instant(&self, bound: &TimeBound, field: &str, clock: Clock<'_>) -> Result<Option<i64>, DocumentError> {
        let now = self.inner(clock)?.now;
        bound.micros(now, self.zone(clock)).map_err(|sentence| DocumentError::rule(field, sentence))
    }

    pub(super) fn read(fields: &Fields<'_>, range_required: bool) -> Result<Self, DocumentError> {
        let timezone = fields.get_optional("timezone", Zone::read)?;
        let bound = |name: &str| match fields.get(name) {
            Some(at) => TimeBound::read(&at),
            None if range_required => Err(fields.missing(name, "a time such as \"2026-01-01\", \"-30d\" or \"now\"")),
            None => Ok(TimeBound::OPEN),
        };
        let (from, to) = (bound("from")?, bound("to")?);
        let now = fields.get_optional("now", TimeBound::read_fixed)?;
        let count_by = fields.get_or_else("count_by", CountBy::default, CountBy::read)?;
        let filter = fields.get_optional("filter", Filter::read)?;
        Ok(Self { from, to, timezone, now, count_by, filter })
    }

    pub(super) fn write(&self, report: &'static str) -> Writer {
        Writer::new()
            .put("report", report)
            .put_some("from", &self.from)
            .put_some("to", &self.to)
            .put_some("timezone", self.timezone.as_ref().map(Node::from))
            .put_some("now", self.now.as_ref().and_then(Option::<Node>::from))
            .put_unless("count_by", &self.count_by, &CountBy::Users)
            .put_some("filter", self.filter.as_ref().map(Node::from))
    }
}

impl CountBy {
    /// Keys of this group type.
    pub fn group(group_type: impl Into<String>) -> Self {
        Self::Group(group_type.into())
    }

    /// The group type, when keys of one are counted.
    pub fn group_type(&self) -> Option<&str> {
        match self {
            Self::Users => None,
            Self::Group(group_type) => Some(group_type),
        }
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.node() {
            Node::String(word) if word == "users" => Ok(Self::Users),
            Node::String(word) => Err(at.problem(Problem::UnknownWord {
                word: word.clone(),
                nearest: (word == "user").then(|| "users".to_owned()),
                known: vec!["users".to_owned(), "{\"group\":…}".to_owned()],
            })),
            Node::Object(_) => read_group(at).map(Self::Group),
            _ => Err(at.wrong_type("\"users\" or {\"group\":…}")),
        }
    }
}

/// `{"group":"company"}`.
pub(super) fn read_group(at: &At<'_>) -> Result<String, DocumentError> {
    let fields = at.fields(&["group"])?;
    group_type(&fields.need("group", "the name of a group type")?)
}

/// The name of a group type: not blank, not too long.
pub(super) fn group_type(at: &At<'_>) -> Result<String, DocumentError> {
    let name = at.text("the name of a group type")?;
    GroupType::new(name).map_err(|error| at.rule(error.to_string()))?;
    Ok(name.to_owned())
}

impl From<&CountBy> for Node {
    fn from(count_by: &CountBy) -> Self {
        match count_by {
            CountBy::Users => "users".into(),
            CountBy::Group(group_type) => Writer::new().put("group", group_type.as_str()).done(),
        }
    }
}
