//! Breakdowns: by what the numbers of a report are split.

use super::DocumentError;
use super::filter::{PROPERTY_FIELDS, Property, cohort_name};
use super::node::{Node, Writer};
use super::reader::{At, Fields};
use super::scope::group_type;
use super::words::words;

/// How many values of a breakdown are shown when a document does not say.
pub const LIMIT_DEFAULT: usize = 10;
/// The most breakdowns of one report.
pub(super) const BREAKDOWNS_MAX: usize = 3;

words! {
    /// What decides about the order of the values of a trends breakdown, and so which of them are shown.
    pub enum RankBy = Events; {
        /// How many events the series of the document match with them.
        Events = "events",
        /// The `total` of the first series, or of the formula: the greatest first, those without one last.
        Total = "total",
    }
}

/// One element of the tuple that a series stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Breakdown {
    /// By the whole value of a property; absent is null.
    Property(Property),
    /// By the event's key of this group type.
    Group(String),
    /// By membership of a saved cohort: true or false.
    Cohort(String),
}

impl Breakdown {
    /// By a property of the event.
    pub fn property(path: impl Into<String>) -> Self {
        Self::Property(Property::event(path))
    }

    /// By the event's key of this group type.
    pub fn group(group_type: impl Into<String>) -> Self {
        Self::Group(group_type.into())
    }

    /// By membership of a saved cohort.
    pub fn cohort(name: impl Into<String>) -> Self {
        Self::Cohort(name.into())
    }

    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let kinds = ["property", "group", "cohort"];
        match at.kind(&kinds, "a breakdown such as {\"property\":\"country\"}")? {
            "property" => Property::read(&at.fields(&PROPERTY_FIELDS)?).map(Self::Property),
            "group" => group_type(&at.only("group")?).map(Self::Group),
            _ => cohort_name(&at.only("cohort")?).map(Self::Cohort),
        }
    }
}

impl From<Property> for Breakdown {
    fn from(property: Property) -> Self {
        Self::Property(property)
    }
}

impl From<&Breakdown> for Node {
    fn from(breakdown: &Breakdown) -> Self {
        match breakdown {
            Breakdown::Property(property) => property.write().done(),
            Breakdown::Group(group) => Writer::new().put("group", group.as_str()).done(),
            Breakdown::Cohort(name) => Writer::new().put("cohort", name.as_str()).done(),
        }
    }
}

/// Reads `breakdown` and `limit` of a report.
pub(super) fn read_breakdowns(fields: &Fields<'_>) -> Result<(Vec<Breakdown>, usize), DocumentError> {
    let limit = fields.get_or_else("limit", || LIMIT_DEFAULT, |at| at.whole(1..=usize::MAX))?;
    let Some(at) = fields.get("breakdown") else { return Ok((Vec::new(), limit)) };
    let breakdowns = at
        .items("a list such as [{\"property\":\"country\"}]")?
        .map(|item| Breakdown::read(&item))
        .collect::<Result<Vec<_>, _>>()?;
    if breakdowns.len() > BREAKDOWNS_MAX {
        return Err(at.rule(format!("has {} breakdowns; at most {BREAKDOWNS_MAX} are allowed", breakdowns.len())));
    }
    Ok((breakdowns, limit))
}

/// Writes `breakdown` and `limit` of a report.
pub(super) fn write_breakdowns(writer: Writer, breakdowns: &[Breakdown], limit: usize) -> Writer {
    let list = (!breakdowns.is_empty()).then(|| breakdowns.iter().map(Node::from).collect::<Node>());
    writer.put_some("breakdown", list).put_unless("limit", limit, LIMIT_DEFAULT)
}
