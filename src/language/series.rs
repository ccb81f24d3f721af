//! The series of a trends report.

use super::DocumentError;
use super::matcher::Matcher;
use super::measure::{Measure, PropertyMeasure};
use super::node::{Node, Writer};
use super::reader::{At, Fields};
use super::scope::{CountBy, read_group};

/// One line of a trends report.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What is measured.
    pub source: Source,
    /// The name given to it.
    pub label: Option<String>,
}

/// What a series measures.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Events.
    Events {
        /// Which.
        event: Matcher,
        /// What of them.
        measure: Measure,
    },
    /// The properties of every key of a group type, or of every user, whatever the events.
    PropertyOf {
        /// Whose properties.
        of: CountBy,
        /// What of them.
        measure: PropertyMeasure,
    },
}

impl Series {
    /// Distinct units of these events, until another measure is chosen.
    pub fn events(event: impl Into<Matcher>) -> Self {
        Self { source: Source::Events { event: event.into(), measure: Measure::Unique }, label: None }
    }

    /// A measure over the properties of every key of a group type, or of every user.
    pub fn property_of(of: CountBy, measure: PropertyMeasure) -> Self {
        Self { source: Source::PropertyOf { of, measure }, label: None }
    }

    /// Measures this; a series of properties has its measure from the start and keeps it.
    #[must_use]
    pub fn measure(mut self, chosen: Measure) -> Self {
        if let Source::Events { measure, .. } = &mut self.source {
            *measure = chosen;
        }
        self
    }

    /// Names the series.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The label of the result: the one given, else the events or the property.
    pub fn shown_label(&self) -> String {
        match (&self.label, &self.source) {
            (Some(label), _) => label.clone(),
            (None, Source::Events { event, .. }) => event.label(),
            (None, Source::PropertyOf { measure, .. }) => measure.path().to_owned(),
        }
    }

    /// The matcher, when events are measured.
    pub fn event(&self) -> Option<&Matcher> {
        match &self.source {
            Source::Events { event, .. } => Some(event),
            Source::PropertyOf { .. } => None,
        }
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let expected = "a series such as {\"event\":\"feature_used\",\"measure\":\"unique\"}";
        let label = |at: &At<'_>| at.text("a label").map(str::to_owned);
        match at.kind(&["event", "property_of"], expected)? {
            "event" => {
                let fields = at.fields(&["event", "measure", "label"])?;
                let event = Matcher::read(&fields.need("event", "an event")?)?;
                let measure = fields.get_or_else("measure", Measure::default, Measure::read)?;
                Ok(Self { source: Source::Events { event, measure }, label: fields.get_optional("label", label)? })
            }
            _ => {
                let fields = at.fields(&["property_of", "measure", "property", "agg", "label"])?;
                let of = read_holder(&fields.need("property_of", "\"user\" or {\"group\":…}")?)?;
                let measure = read_property_measure(&fields)?;
                Ok(Self { source: Source::PropertyOf { of, measure }, label: fields.get_optional("label", label)? })
            }
        }
    }
}

/// `"measure":{"sum":"seats"}`, or the same in two fields: `"property":"seats","agg":"sum"`.
fn read_property_measure(fields: &Fields<'_>) -> Result<PropertyMeasure, DocumentError> {
    let Some(agg) = fields.get("agg").or_else(|| fields.get("property")) else {
        return PropertyMeasure::read(&fields.need("measure", "a measure such as {\"sum\":\"seats\"}")?);
    };
    if fields.get("measure").is_some() {
        return Err(agg.rule("stands beside `measure`, which says the same; keep one of them"));
    }
    let word = fields.need("agg", "\"sum\", \"avg\" or \"count_by_value\"")?;
    PropertyMeasure::read_with_path(&word, &fields.need("property", "the name of a property")?)
}

/// Whose properties: `"user"`, or `{"group":"company"}`.
fn read_holder(at: &At<'_>) -> Result<CountBy, DocumentError> {
    match at.node() {
        Node::String(word) if word == "user" || word == "users" => Ok(CountBy::Users),
        Node::Object(_) => read_group(at).map(CountBy::Group),
        _ => Err(at.wrong_type("\"user\" or {\"group\":…}")),
    }
}

impl From<Matcher> for Series {
    fn from(event: Matcher) -> Self {
        Self::events(event)
    }
}

impl From<&str> for Series {
    fn from(event: &str) -> Self {
        Self::events(event)
    }
}

impl From<&Series> for Node {
    fn from(series: &Series) -> Self {
        let writer = match &series.source {
            Source::Events { event, measure } => {
                Writer::new().put("event", event).put_unless("measure", measure, &Measure::Unique)
            }
            Source::PropertyOf { of, measure } => {
                let holder = match of {
                    CountBy::Users => Node::from("user"),
                    group @ CountBy::Group(_) => group.into(),
                };
                Writer::new().put("property_of", holder).put("measure", measure)
            }
        };
        writer.put_some("label", series.label.as_deref().map(Node::from)).done()
    }
}
