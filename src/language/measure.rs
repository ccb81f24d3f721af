//! What a trends series measures.

use super::fraction::DecimalFraction;
use super::node::{Node, Writer};
use super::reader::At;
use super::span::{Span, SpanUnit};
use super::{DocumentError, Problem};

/// What is measured over a series' events. Paths are dotted paths of event properties; only numbers are measured.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Measure {
    /// Distinct units. The default.
    #[default]
    Unique,
    /// Events.
    Total,
    /// Events per distinct unit.
    PerUnit,
    /// The sum of a property; 0 of none.
    Sum(String),
    /// The average of a property.
    Avg(String),
    /// The least value of a property.
    Min(String),
    /// The greatest value of a property.
    Max(String),
    /// The value of a property at a rank among all.
    Percentile {
        /// The property.
        path: String,
        /// The rank as a fraction, by nearest rank.
        rank: DecimalFraction,
    },
    /// Distinct units in a window that ends with the bucket; hours, days or weeks.
    Active(Span),
}

/// What is measured over the properties of every key of a group type, or of every user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PropertyMeasure {
    /// The sum of a property's numbers.
    Sum(String),
    /// The average of a property's numbers.
    Avg(String),
    /// How many have each value of a property: one series per value.
    CountByValue(String),
}

/// The measures that are single words.
const WORDS: [&str; 3] = ["unique", "total", "per_unit"];
/// The measures that are objects.
const FIELDS: [&str; 6] = ["sum", "avg", "min", "max", "percentile", "active"];
const PROPERTY_FIELDS: [&str; 3] = ["sum", "avg", "count_by_value"];

impl Measure {
    /// The sum of a property.
    pub fn sum(path: impl Into<String>) -> Self {
        Self::Sum(path.into())
    }

    /// The average of a property.
    pub fn avg(path: impl Into<String>) -> Self {
        Self::Avg(path.into())
    }

    /// The least value of a property.
    pub fn min(path: impl Into<String>) -> Self {
        Self::Min(path.into())
    }

    /// The greatest value of a property.
    pub fn max(path: impl Into<String>) -> Self {
        Self::Max(path.into())
    }

    /// The value of a property at this rank, from 0 to 1; it is taken as the shortest decimal that reads so.
    pub fn percentile(path: impl Into<String>, rank: f64) -> Self {
        Self::Percentile { path: path.into(), rank: DecimalFraction::from_f64_or_kept(rank) }
    }

    /// The property it measures, when it measures one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Sum(path) | Self::Avg(path) | Self::Min(path) | Self::Max(path) | Self::Percentile { path, .. } => {
                Some(path)
            }
            Self::Unique | Self::Total | Self::PerUnit | Self::Active(_) => None,
        }
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        if let Node::String(word) = at.node() {
            return match word.as_str() {
                "unique" => Ok(Self::Unique),
                "total" => Ok(Self::Total),
                "per_unit" => Ok(Self::PerUnit),
                _ => Err(unknown(at, word, &WORDS, &FIELDS)),
            };
        }
        let kind = at.kind(&FIELDS, "a measure such as \"unique\" or {\"sum\":\"price\"}")?;
        let field = at.only(kind)?;
        let path = |at: &At<'_>| at.text("the name of a property").map(str::to_owned);
        match kind {
            "sum" => path(&field).map(Self::Sum),
            "avg" => path(&field).map(Self::Avg),
            "min" => path(&field).map(Self::Min),
            "max" => path(&field).map(Self::Max),
            "active" => Span::read(&field, &[SpanUnit::Hour, SpanUnit::Day, SpanUnit::Week]).map(Self::Active),
            _ => {
                let items: Vec<At<'_>> = field.items("a property and a rank such as [\"price\",0.9]")?.collect();
                let [name, rank] = items.as_slice() else {
                    return Err(field.rule("must hold a property and a rank, such as [\"price\",0.9]"));
                };
                Ok(Self::Percentile { path: path(name)?, rank: DecimalFraction::read(rank)? })
            }
        }
    }
}

impl PropertyMeasure {
    /// The property it measures.
    pub fn path(&self) -> &str {
        match self {
            Self::Sum(path) | Self::Avg(path) | Self::CountByValue(path) => path,
        }
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        if let Node::String(word) = at.node() {
            return Err(unknown(at, word, &[], &PROPERTY_FIELDS));
        }
        let kind = at.kind(&PROPERTY_FIELDS, "a measure of properties such as {\"sum\":\"seats\"}")?;
        let path = at.only(kind)?.text("the name of a property")?.to_owned();
        Ok(Self::of_kind(kind, path))
    }

    /// Reads the word of a measure whose property is a field of its own.
    pub(super) fn read_with_path(at: &At<'_>, path: &At<'_>) -> Result<Self, DocumentError> {
        let path = path.text("the name of a property")?.to_owned();
        let word = at.text("\"sum\", \"avg\" or \"count_by_value\"")?;
        match PROPERTY_FIELDS.iter().find(|kind| **kind == word) {
            Some(kind) => Ok(Self::of_kind(kind, path)),
            None => Err(unknown(at, word, &PROPERTY_FIELDS, &[])),
        }
    }

    fn of_kind(kind: &str, path: String) -> Self {
        match kind {
            "sum" => Self::Sum(path),
            "avg" => Self::Avg(path),
            _ => Self::CountByValue(path),
        }
    }
}

/// A word that is no measure, or one that needs its property.
fn unknown(at: &At<'_>, word: &str, words: &[&str], fields: &[&str]) -> DocumentError {
    if fields.contains(&word) {
        let example = match word {
            "percentile" => "[\"price\",0.9]",
            "active" => "\"7d\"",
            _ => "\"price\"",
        };
        return at.rule(format!("`{word}` needs to know of what; write {{\"{word}\":{example}}}"));
    }
    let known: Vec<&str> = words.iter().chain(fields).copied().collect();
    at.problem(Problem::UnknownWord {
        word: word.to_owned(),
        nearest: super::error::nearest(word, known.iter().copied()).map(str::to_owned),
        known: known.into_iter().map(str::to_owned).collect(),
    })
}

impl From<&Measure> for Node {
    fn from(measure: &Measure) -> Self {
        let object = |name: &str, value: Node| Writer::new().put(name, value).done();
        match measure {
            Measure::Unique => "unique".into(),
            Measure::Total => "total".into(),
            Measure::PerUnit => "per_unit".into(),
            Measure::Sum(path) => object("sum", path.as_str().into()),
            Measure::Avg(path) => object("avg", path.as_str().into()),
            Measure::Min(path) => object("min", path.as_str().into()),
            Measure::Max(path) => object("max", path.as_str().into()),
            Measure::Percentile { path, rank } => {
                object("percentile", [Node::from(path.as_str()), rank.into()].into_iter().collect())
            }
            Measure::Active(span) => object("active", (*span).into()),
        }
    }
}

impl From<&PropertyMeasure> for Node {
    fn from(measure: &PropertyMeasure) -> Self {
        let (name, path) = match measure {
            PropertyMeasure::Sum(path) => ("sum", path),
            PropertyMeasure::Avg(path) => ("avg", path),
            PropertyMeasure::CountByValue(path) => ("count_by_value", path),
        };
        Writer::new().put(name, path.as_str()).done()
    }
}
