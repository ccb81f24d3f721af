//! Paths: what units do next, or did before.

use super::DocumentError;
use super::bound::TimeBound;
use super::breakdown::LIMIT_DEFAULT;
use super::matcher::Matcher;
use super::node::{Node, Writer};
use super::reader::{At, Fields};
use super::report::builders;
use super::scope::{SCOPE_FIELDS, Scope};
use super::units::Page;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A paths report.
///
/// ```
/// use trackcrumb::language::Paths;
///
/// let report = Paths::new("-30d", "now").start("signed_up").steps(3).build()?;
/// assert_eq!(report.kind(), "paths");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// What all reports have.
    pub scope: Scope,
    /// Where a path begins, or ends.
    pub anchor: Anchor,
    /// How many events follow, or precede, the anchor: 1 to 100.
    pub steps: usize,
    /// How many event names are shown per step; at least 1.
    pub limit: usize,
    /// Asks for the units behind one number.
    pub units: Option<PathsUnits>,
}

/// The number of a paths report whose units are asked for: that of a node, or of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathsUnits {
    /// How many steps from the anchor; 0 is the anchor itself.
    pub step: usize,
    /// Where they were at this step.
    pub at: PathsEnd,
    /// Of a link: where they went from there.
    pub to: Option<PathsTo>,
    /// The page of units wanted.
    pub page: Page,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathsTo {
    /// To a node of the next step.
    Next(PathsEnd),
    /// Nowhere: the path ends.
    Nothing,
}

/// One end of a link: a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathsEnd {
    /// An event, by its name.
    Event(String),
    /// The rest of the step; written as `{"other":true}`.
    Other,
}

/// Where the path of a unit begins, or ends.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Anchor {
    /// It begins at the unit's first event of the range.
    #[default]
    First,
    /// It begins at the unit's first event of the range that passes.
    Start(Matcher),
    /// It ends at the unit's last event of the range that passes.
    End(Matcher),
}

const STEPS_DEFAULT: usize = 5;
const STEPS_MAX: usize = 100;

builders!(Paths);

impl Paths {
    /// A report over the events of [from, to).
    pub fn new(from: impl Into<TimeBound>, to: impl Into<TimeBound>) -> Self {
        Self {
            scope: Scope::new(from, to),
            anchor: Anchor::First,
            steps: STEPS_DEFAULT,
            limit: LIMIT_DEFAULT,
            units: None,
        }
    }

    /// Paths begin at such an event.
    #[must_use]
    pub fn start(mut self, event: impl Into<Matcher>) -> Self {
        self.anchor = Anchor::Start(event.into());
        self
    }

    /// Paths end at such an event.
    #[must_use]
    pub fn end(mut self, event: impl Into<Matcher>) -> Self {
        self.anchor = Anchor::End(event.into());
        self
    }

    /// How many events follow, or precede, the anchor.
    #[must_use]
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// How many event names are shown per step.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Asks for the units behind one number.
    #[must_use]
    pub fn units(mut self, units: PathsUnits) -> Self {
        self.units = Some(units);
        self
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        const OWN: [&str; 6] = ["start", "end", "steps", "limit", "units", "cursor"];
        let fields = at.fields(&[&SCOPE_FIELDS[..], &OWN].concat())?;
        let scope = Scope::read(&fields, true)?;
        let start = fields.get_optional("start", Matcher::read)?;
        let end = fields.get_optional("end", Matcher::read)?;
        let anchor = match (start, end) {
            (None, None) => Anchor::First,
            (Some(start), None) => Anchor::Start(start),
            (None, Some(end)) => Anchor::End(end),
            (Some(_), Some(_)) => {
                return Err(fields.rule("`start` and `end` cannot both be given; leave one of them out"));
            }
        };
        let steps = fields.get_or_else("steps", || STEPS_DEFAULT, |at| at.whole(1..=STEPS_MAX))?;
        let limit = fields.get_or_else("limit", || LIMIT_DEFAULT, |at| at.whole(1..=usize::MAX))?;
        Ok(Self { scope, anchor, steps, limit, units: PathsUnits::read(&fields, steps)? })
    }
}

impl PathsUnits {
    fn read(report: &Fields<'_>, steps: usize) -> Result<Option<Self>, DocumentError> {
        let known = ["step", "event", "other", "from", "to", "limit", "cursor"];
        let units = report.get_optional("units", |at| at.fields(&known))?;
        let page = Page::read_units(units.as_ref(), report, false)?;
        let Some(fields) = units else { return Ok(None) };
        let step = fields.need("step", "the number of a step, counted from 0")?.whole(0..=steps)?;
        let other = fields.get_or_else("other", || false, |at| at.truth())?;
        let event = fields.get_optional("event", |at| at.text("the name of an event").map(str::to_owned))?;
        let from = fields.get_optional("from", PathsEnd::read)?;
        let to = fields.get_even_null("to").map(|at| PathsTo::read(&at)).transpose()?;
        let (at, to) = match (event, other, from, to) {
            (Some(event), false, None, None) => (PathsEnd::Event(event), None),
            (None, true, None, None) => (PathsEnd::Other, None),
            (None, false, Some(from), Some(to)) if step < steps => (from, Some(to)),
            (None, false, Some(_), Some(_)) => {
                return Err(fields.rule("the last step has no links; name a node of it by its `event`"));
            }
            _ => {
                return Err(fields.rule(
                    "names no number; give the `event` of a node, `\"other\":true` for all others, or `from` and `to` of a link",
                ));
            }
        };
        Ok(Some(Self { step, at, to, page }))
    }
}

impl PathsEnd {
    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        const EXPECTED: &str = "the name of an event, or {\"other\":true}";
        match at.node() {
            Node::Object(_) => match at.only("other")?.truth()? {
                true => Ok(Self::Other),
                false => Err(at.wrong_type(EXPECTED)),
            },
            _ => Ok(Self::Event(at.text(EXPECTED)?.to_owned())),
        }
    }
}

impl PathsTo {
    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.node() {
            Node::Null => Ok(Self::Nothing),
            _ => PathsEnd::read(at).map(Self::Next),
        }
    }
}

impl Serialize for PathsEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Event(name) => serializer.serialize_str(name),
            Self::Other => BTreeMap::from([("other", true)]).serialize(serializer),
        }
    }
}

impl From<&Paths> for Node {
    fn from(report: &Paths) -> Self {
        let writer = report.scope.write("paths");
        let writer = match &report.anchor {
            Anchor::First => writer,
            Anchor::Start(event) => writer.put("start", event),
            Anchor::End(event) => writer.put("end", event),
        };
        writer
            .put_unless("steps", report.steps, STEPS_DEFAULT)
            .put_unless("limit", report.limit, LIMIT_DEFAULT)
            .put_some("units", report.units.as_ref().map(Node::from))
            .done()
    }
}

impl From<&PathsUnits> for Node {
    fn from(units: &PathsUnits) -> Self {
        let writer = Writer::new().put("step", units.step);
        let writer = match (&units.to, &units.at) {
            (Some(to), from) => writer.put("from", from).put("to", to),
            (None, PathsEnd::Event(name)) => writer.put("event", name.as_str()),
            (None, PathsEnd::Other) => writer.put("other", true),
        };
        units.page.write_beside_limit(writer).done()
    }
}

impl From<&PathsEnd> for Node {
    fn from(end: &PathsEnd) -> Self {
        match end {
            PathsEnd::Event(name) => name.as_str().into(),
            PathsEnd::Other => Writer::new().put("other", true).done(),
        }
    }
}

impl From<&PathsTo> for Node {
    fn from(to: &PathsTo) -> Self {
        match to {
            PathsTo::Next(end) => end.into(),
            PathsTo::Nothing => Self::Null,
        }
    }
}
