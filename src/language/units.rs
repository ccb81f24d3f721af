//! What the selectors of one number of a result have in common: the page of units wanted, and the breakdown value.

use super::DocumentError;
use super::node::{Node, Writer};
use super::reader::Fields;
use crate::model::Value;

/// A page of a list of units.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// The most units on it: at least 1, with no upper limit to allocate by.
    pub limit: usize,
    /// Where it begins: the `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The units on a page when a document does not say.
const PAGE_LIMIT_DEFAULT: usize = 100;

/// Which of a report's breakdown values a number belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum UnitsValue {
    /// All of them together: no value is named.
    #[default]
    Whole,
    /// This one: as many values as the report has breakdowns.
    Value(Vec<Value>),
    /// All beyond the report's limit together.
    Other,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: PAGE_LIMIT_DEFAULT, cursor: None }
    }
}

impl Page {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, DocumentError> {
        Ok(Self {
            limit: fields.get_or_else("limit", || PAGE_LIMIT_DEFAULT, |at| at.whole(1..=usize::MAX))?,
            cursor: fields.get_optional("cursor", |at| at.text("a `next_cursor`").map(str::to_owned))?,
        })
    }

    /// Reads the page of a `units`: its own fields, else those of the report around it. There `limit` may mean
    /// something else (`limit_is_page` is then false), and neither may stand without `units`.
    pub(super) fn read_units(
        units: Option<&Fields<'_>>,
        report: &Fields<'_>,
        limit_is_page: bool,
    ) -> Result<Self, DocumentError> {
        let Some(units) = units else {
            let stray = report.get("cursor").map(|at| ("cursor", at));
            let stray = stray.or_else(|| report.get("limit").filter(|_| limit_is_page).map(|at| ("limit", at)));
            return match stray {
                Some((name, at)) => Err(at.rule(format!("`{name}` pages through the units of `units`; leave it out"))),
                None => Ok(Self::default()),
            };
        };
        let around = Self::read(report)?;
        let own = Self::read(units)?;
        Ok(Self {
            limit: if units.get("limit").is_some() || !limit_is_page { own.limit } else { around.limit },
            cursor: own.cursor.or(around.cursor),
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        let writer = if self.limit == PAGE_LIMIT_DEFAULT { writer } else { writer.put("limit", self.limit) };
        writer.put_some("cursor", self.cursor.as_deref().map(Node::from))
    }

    /// Writes the page of a `units` inside a report with a `limit` of its own, for which it must not be taken.
    pub(super) fn write_beside_limit(&self, writer: Writer) -> Writer {
        writer.put("limit", self.limit).put_some("cursor", self.cursor.as_deref().map(Node::from))
    }
}

impl UnitsValue {
    /// Reads `breakdown` and `other` of a `units`, where a tuple has so many values.
    pub(super) fn read(fields: &Fields<'_>, value_count: usize) -> Result<Self, DocumentError> {
        let other = fields.get_or_else("other", || false, |at| at.truth())?;
        let Some(at) = fields.get("breakdown") else {
            return match other {
                true if value_count == 0 => Err(fields.rule("`other` needs a report with a breakdown; leave it out")),
                true => Ok(Self::Other),
                false => Ok(Self::Whole),
            };
        };
        let values: Vec<Value> = at.items("a list of values")?.map(|item| item.node().to_value()).collect();
        match values.len() {
            0 if value_count == 0 && !other => Ok(Self::Whole),
            // The series of all other values is the one whose tuple is empty.
            0 if value_count > 0 => Ok(Self::Other),
            given if given == value_count && !other => Ok(Self::Value(values)),
            given => Err(at.rule(match other {
                true => "is the tuple of a value, while `other` asks for all others; keep one of them".to_owned(),
                false => format!("holds {given} values; give {value_count}, one for each breakdown"),
            })),
        }
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        match self {
            Self::Whole => writer,
            Self::Value(values) => writer.put("breakdown", values.iter().map(Node::from).collect::<Node>()),
            Self::Other => writer.put("other", true),
        }
    }
}
