//! Event matchers: which events a report asks for.

use super::filter::Filter;
use super::node::{Node, Writer};
use super::reader::At;
use super::{DocumentError, Problem};
use crate::model::EventName;

/// Which events: by name, and by a filter of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher {
    /// By name.
    pub events: Events,
    /// Among these, the ones that pass. What it rejects stays visible to the rest of the report.
    pub filter: Option<Filter>,
}

/// Events by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Events {
    /// Every event.
    Any,
    /// Events of any of these names: at least one, none twice.
    Named(Vec<String>),
}

impl Matcher {
    /// Events of one name; `*` is any event.
    pub fn event(name: impl Into<String>) -> Self {
        let name = name.into();
        if name == "*" { Self::any_event() } else { Self { events: Events::Named(vec![name]), filter: None } }
    }

    /// Events of any of these names.
    pub fn events<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { events: Events::Named(without_repeats(names.into_iter().map(Into::into))), filter: None }
    }

    /// Every event.
    pub fn any_event() -> Self {
        Self { events: Events::Any, filter: None }
    }

    /// Only those that pass this filter too.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(Filter::both(self.filter, filter));
        self
    }

    /// Whether events of this name are asked for, the filter aside.
    pub fn names(&self, name: &str) -> bool {
        match &self.events {
            Events::Any => true,
            Events::Named(names) => names.iter().any(|own| own == name),
        }
    }

    /// The names as a label: `a`, `a or b`, `*`.
    pub fn label(&self) -> String {
        match &self.events {
            Events::Any => "*".to_owned(),
            Events::Named(names) => names.join(" or "),
        }
    }

    /// The matcher as a document writes it, for results that echo it.
    pub fn to_value(&self) -> serde_json::Value {
        Node::from(self).to_serde()
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.node() {
            Node::Object(_) => {
                let fields = at.fields(&["event", "filter"])?;
                let events = Events::read(&fields.need("event", EXPECTED)?)?;
                Ok(Self { events, filter: fields.get_optional("filter", Filter::read)? })
            }
            _ => Ok(Self { events: Events::read(at)?, filter: None }),
        }
    }
}

const EXPECTED: &str = "an event name, a list of names, or \"*\" for any event";

impl Events {
    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.node() {
            Node::String(name) if name == "*" => Ok(Self::Any),
            Node::String(_) => Ok(Self::Named(vec![event_name(at)?])),
            Node::List(_) => {
                let names =
                    at.items("a list of event names")?.map(|item| event_name(&item)).collect::<Result<Vec<_>, _>>()?;
                if names.is_empty() {
                    return Err(at.rule("the list names no event; name at least one, or write \"*\" for any event"));
                }
                Ok(Self::Named(without_repeats(names)))
            }
            _ => Err(at.wrong_type(EXPECTED)),
        }
    }
}

fn event_name(at: &At<'_>) -> Result<String, DocumentError> {
    let name = at.text("an event name")?;
    if name == "*" {
        return Err(at.problem(Problem::Rule {
            sentence: "\"*\" stands alone for any event; take it out of the list, or write only \"*\"".to_owned(),
        }));
    }
    EventName::new(name).map_err(|error| at.rule(error.to_string()))?;
    Ok(name.to_owned())
}

fn without_repeats(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

impl From<&Events> for Node {
    fn from(events: &Events) -> Self {
        match events {
            Events::Any => "*".into(),
            Events::Named(names) => match names.as_slice() {
                [name] => name.as_str().into(),
                names => names.iter().map(|name| name.as_str().into()).collect(),
            },
        }
    }
}

impl From<&Matcher> for Node {
    fn from(matcher: &Matcher) -> Self {
        match &matcher.filter {
            None => (&matcher.events).into(),
            Some(filter) => Writer::new().put("event", &matcher.events).put("filter", filter).done(),
        }
    }
}

impl From<&str> for Matcher {
    fn from(name: &str) -> Self {
        Self::event(name)
    }
}
