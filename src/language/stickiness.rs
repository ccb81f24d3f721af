//! Stickiness: in how many intervals each unit was active.

use super::DocumentError;
use super::bound::TimeBound;
use super::calendar::{Interval, WeekDay};
use super::matcher::Matcher;
use super::node::{Node, Writer};
use super::reader::{At, Fields};
use super::report::builders;
use super::scope::{SCOPE_FIELDS, Scope};
use super::units::Page;

/// A stickiness report.
///
/// ```
/// use trackcrumb::language::Stickiness;
///
/// let report = Stickiness::new("2026-01-01", "2026-02-01", "login").build()?;
/// assert_eq!(report.kind(), "stickiness");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Stickiness {
    /// What all reports have.
    pub scope: Scope,
    /// The event by which a unit is active.
    pub event: Matcher,
    /// The length of an interval.
    pub interval: Interval,
    /// On which day weeks start.
    pub week_start: WeekDay,
    /// The one number whose units are wanted.
    pub units: Option<StickinessUnits>,
}

/// One number of a stickiness result: the units active in so many intervals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StickinessUnits {
    /// In exactly how many intervals; at least 1.
    pub intervals: usize,
    /// The page of units.
    pub page: Page,
}

builders!(Stickiness);

impl Stickiness {
    /// A report over the intervals of [from, to).
    pub fn new(from: impl Into<TimeBound>, to: impl Into<TimeBound>, event: impl Into<Matcher>) -> Self {
        Self {
            scope: Scope::new(from, to),
            event: event.into(),
            interval: Interval::default(),
            week_start: WeekDay::default(),
            units: None,
        }
    }

    /// The length of an interval.
    #[must_use]
    pub fn interval(mut self, interval: Interval) -> Self {
        self.interval = interval;
        self
    }

    /// On which day weeks start.
    #[must_use]
    pub fn week_start(mut self, week_start: WeekDay) -> Self {
        self.week_start = week_start;
        self
    }

    /// Asks for the units behind one number.
    #[must_use]
    pub fn units(mut self, units: StickinessUnits) -> Self {
        self.units = Some(units);
        self
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        const OWN: [&str; 6] = ["event", "interval", "week_start", "units", "limit", "cursor"];
        let fields = at.fields(&[&SCOPE_FIELDS[..], &OWN].concat())?;
        Ok(Self {
            scope: Scope::read(&fields, true)?,
            event: Matcher::read(&fields.need("event", "the event by which units are active")?)?,
            interval: fields.get_or_else("interval", Interval::default, At::word)?,
            week_start: fields.get_or_else("week_start", WeekDay::default, At::word)?,
            units: StickinessUnits::read(&fields)?,
        })
    }
}

impl StickinessUnits {
    fn read(report: &Fields<'_>) -> Result<Option<Self>, DocumentError> {
        let units = report.get_optional("units", |at| at.fields(&["intervals", "limit", "cursor"]))?;
        let page = Page::read_units(units.as_ref(), report, true)?;
        let Some(fields) = units else { return Ok(None) };
        let intervals = fields.need("intervals", "in how many intervals the units were active")?;
        Ok(Some(Self { intervals: intervals.whole(1..=usize::MAX)?, page }))
    }
}

impl From<&Stickiness> for Node {
    fn from(report: &Stickiness) -> Self {
        report
            .scope
            .write("stickiness")
            .put("event", &report.event)
            .put_unless("interval", report.interval, Interval::default())
            .put_unless("week_start", report.week_start, WeekDay::default())
            .put_some("units", report.units.as_ref().map(Node::from))
            .done()
    }
}

impl From<&StickinessUnits> for Node {
    fn from(units: &StickinessUnits) -> Self {
        units.page.write(Writer::new().put("intervals", units.intervals)).done()
    }
}
