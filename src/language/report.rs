//! A report document as a whole.

use super::cohort::Cohort;
use super::funnel::Funnel;
use super::lifecycle::Lifecycle;
use super::node::Node;
use super::paths::Paths;
use super::reader::At;
use super::retention::Retention;
use super::scope::{CountBy, Scope};
use super::series::Source;
use super::stickiness::Stickiness;
use super::trends::Trends;
use super::units::Page;
use super::{DocumentError, Problem};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A report document that obeys every rule of the language, when it came from [`Report::parse`],
/// [`Report::checked`] or a builder's `build`.
///
/// ```
/// use trackcrumb::language::Report;
///
/// let report = Report::parse(r#"{"report":"trends","from":"-30d","to":"now","series":[{"event":"login"}]}"#)?;
/// assert_eq!(Report::parse(&report.to_json())?, report);
///
/// let error = Report::parse(r#"{"report":"trends","from":"-30d","to":"now","serie":[]}"#).unwrap_err();
/// assert_eq!(error.to_string(), "unknown field `serie`; did you mean `series`?");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Measures of events per bucket of time.
    Trends(Trends),
    /// How far units come through a sequence of steps.
    Funnel(Funnel),
    /// How many units come back in the periods after they started.
    Retention(Retention),
    /// The units that meet a condition.
    Cohort(Cohort),
    /// In how many intervals each unit was active.
    Stickiness(Stickiness),
    /// New, returning, resurrecting and dormant units per bucket.
    Lifecycle(Lifecycle),
    /// What units do next.
    Paths(Paths),
}

/// The values of the field `report`.
const KINDS: [&str; 7] = ["trends", "funnel", "retention", "cohort", "stickiness", "lifecycle", "paths"];

impl Report {
    /// Reads a document.
    ///
    /// # Errors
    /// See [`DocumentError`]. Whether `from` is after `to` is found when the range is resolved
    /// ([`Report::check_times`]).
    pub fn parse(json: &str) -> Result<Self, DocumentError> {
        Self::read(&At::root(&Node::parse(json)?))
    }

    /// Reads a document that was parsed before. Fields given twice, and digits of numbers beyond doubles, were
    /// lost then; prefer [`Report::parse`].
    ///
    /// # Errors
    /// As [`Report::parse`].
    pub fn from_value(value: &serde_json::Value) -> Result<Self, DocumentError> {
        Self::read(&At::root(&Node::from_serde(value)?))
    }

    /// The same report, after every rule was checked: for reports put together field by field.
    ///
    /// # Errors
    /// As [`Report::parse`].
    pub fn checked(&self) -> Result<Self, DocumentError> {
        Self::parse(&self.to_json())
    }

    /// The document in its canonical form: compact JSON, keys sorted, defaults left out.
    pub fn to_json(&self) -> String {
        Node::from(self).to_json()
    }

    /// The canonical document as a `serde_json` tree.
    pub fn to_value(&self) -> serde_json::Value {
        Node::from(self).to_serde()
    }

    /// The kind of report: the value of the field `report`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Trends(_) => "trends",
            Self::Funnel(_) => "funnel",
            Self::Retention(_) => "retention",
            Self::Cohort(_) => "cohort",
            Self::Stickiness(_) => "stickiness",
            Self::Lifecycle(_) => "lifecycle",
            Self::Paths(_) => "paths",
        }
    }

    /// What all reports have.
    pub fn scope(&self) -> &Scope {
        match self {
            Self::Trends(report) => &report.scope,
            Self::Funnel(report) => &report.scope,
            Self::Retention(report) => &report.scope,
            Self::Cohort(report) => &report.scope,
            Self::Stickiness(report) => &report.scope,
            Self::Lifecycle(report) => &report.scope,
            Self::Paths(report) => &report.scope,
        }
    }

    /// The page of units asked for: of a cohort's members, or of `units`. `None` when numbers are asked for.
    pub fn page(&self) -> Option<&Page> {
        match self {
            Self::Trends(report) => report.units.as_ref().map(|units| &units.page),
            Self::Funnel(report) => report.units.as_ref().map(|units| &units.page),
            Self::Retention(report) => report.units.as_ref().map(|units| &units.page),
            Self::Cohort(report) => Some(&report.page),
            Self::Stickiness(report) => report.units.as_ref().map(|units| &units.page),
            Self::Lifecycle(report) => report.units.as_ref().map(|units| &units.page),
            Self::Paths(report) => report.units.as_ref().map(|units| &units.page),
        }
    }

    /// The kind of units behind its numbers: what is counted, except that the `units` of a `property_of` series
    /// are the ones whose properties it reads.
    pub fn units_kind(&self) -> &CountBy {
        if let Self::Trends(report) = self
            && let Some(units) = &report.units
            && let Some(Source::PropertyOf { of, .. }) = report.series.get(units.series).map(|series| &series.source)
        {
            return of;
        }
        &self.scope().count_by
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let Node::Object(entries) = at.node() else { return Err(at.wrong_type("an object")) };
        let Some(kind) = at.field("report") else {
            let known = KINDS.map(|kind| format!("\"{kind}\"")).join(", ");
            let slip = entries.iter().find(|(name, _)| super::error::nearest(name, ["report"]).is_some());
            return Err(at.problem(match slip {
                Some((name, _)) => Problem::UnknownField {
                    field: name.clone(),
                    nearest: Some("report".to_owned()),
                    known: vec!["report".to_owned()],
                },
                None => Problem::Missing { field: "report".to_owned(), expected: format!("one of {known}") },
            }));
        };
        match kind.choice(&KINDS, |kind| kind)? {
            "trends" => Trends::read(at).map(Self::Trends),
            "funnel" => Funnel::read(at).map(Self::Funnel),
            "retention" => Retention::read(at).map(Self::Retention),
            "cohort" => Cohort::read(at).map(Self::Cohort),
            "stickiness" => Stickiness::read(at).map(Self::Stickiness),
            "lifecycle" => Lifecycle::read(at).map(Self::Lifecycle),
            _ => Paths::read(at).map(Self::Paths),
        }
    }
}

impl From<&Report> for Node {
    fn from(report: &Report) -> Self {
        match report {
            Report::Trends(report) => report.into(),
            Report::Funnel(report) => report.into(),
            Report::Retention(report) => report.into(),
            Report::Cohort(report) => report.into(),
            Report::Stickiness(report) => report.into(),
            Report::Lifecycle(report) => report.into(),
            Report::Paths(report) => report.into(),
        }
    }
}

impl std::str::FromStr for Report {
    type Err = DocumentError;

    fn from_str(json: &str) -> Result<Self, DocumentError> {
        Self::parse(json)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

/// Prefer [`Report::parse`], which keeps the digits of numbers as written.
impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        node.checked().and_then(|node| Self::read(&At::root(&node))).map_err(de::Error::custom)
    }
}

/// Gives a report the setters of its scope, `build`, and its place in [`Report`].
macro_rules! builders {
    ($name:ident) => {
        impl $name {
            /// Follows the calendar of this IANA time zone, and not that of the workspace.
            #[must_use]
            pub fn timezone(mut self, name: &str) -> Self {
                self.scope.timezone = Some($crate::language::Zone::named_or_kept(name));
                self
            }

            /// Counts keys of a group type instead of users.
            #[must_use]
            pub fn count_by_group(mut self, group_type: impl Into<String>) -> Self {
                self.scope.count_by = $crate::language::CountBy::group(group_type);
                self
            }

            /// Sees only events that pass this filter, and those given before.
            #[must_use]
            pub fn filter(mut self, filter: $crate::language::Filter) -> Self {
                self.scope.filter = Some($crate::language::Filter::both(self.scope.filter.take(), filter));
                self
            }

            /// Takes this instant for now.
            #[must_use]
            pub fn now(mut self, now: $crate::model::Timestamp) -> Self {
                self.scope.now = Some(now.into());
                self
            }

            /// The report, when it obeys every rule of the language.
            ///
            /// # Errors
            /// The first rule broken, and where.
            pub fn build(self) -> Result<$crate::language::Report, $crate::language::DocumentError> {
                $crate::language::Report::from(self).checked()
            }
        }

        impl From<$name> for $crate::language::Report {
            fn from(report: $name) -> Self {
                Self::$name(report)
            }
        }
    };
}

pub(super) use builders;
