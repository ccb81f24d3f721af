//! Paths: what units do next, or did before.

use super::DocumentError;
use super::bound::TimeBound;
use super::breakdown::LIMIT_DEFAULT;
use super::matcher::Matcher;
use super::node::Node;
use super::reader::At;
use super::report::builders;
use super::scope::{SCOPE_FIELDS, Scope};

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
        Self { scope: Scope::new(from, to), anchor: Anchor::First, steps: STEPS_DEFAULT, limit: LIMIT_DEFAULT }
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

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let fields = at.fields(&[&SCOPE_FIELDS[..], &["start", "end", "steps", "limit"]].concat())?;
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
        Ok(Self {
            scope,
            anchor,
            steps: fields.get_or_else("steps", || STEPS_DEFAULT, |at| at.whole(1..=STEPS_MAX))?,
            limit: fields.get_or_else("limit", || LIMIT_DEFAULT, |at| at.whole(1..=usize::MAX))?,
        })
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
        writer.put_unless("steps", report.steps, STEPS_DEFAULT).put_unless("limit", report.limit, LIMIT_DEFAULT).done()
    }
}
