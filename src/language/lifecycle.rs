//! Lifecycle: new, returning, resurrecting and dormant units per bucket.

use super::DocumentError;
use super::bound::TimeBound;
use super::calendar::{Interval, WeekDay};
use super::matcher::Matcher;
use super::node::{Node, Writer};
use super::reader::{At, Fields};
use super::report::builders;
use super::scope::{SCOPE_FIELDS, Scope};
use super::units::Page;
use super::words::words;

/// A lifecycle report.
///
/// ```
/// use trackcrumb::language::{Interval, Lifecycle};
///
/// let report = Lifecycle::new("-12w", "now", "login").interval(Interval::Week).build()?;
/// assert_eq!(report.kind(), "lifecycle");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Lifecycle {
    /// What all reports have.
    pub scope: Scope,
    /// The event by which a unit is active.
    pub event: Matcher,
    /// The length of a bucket.
    pub interval: Interval,
    /// On which day weeks start.
    pub week_start: WeekDay,
    /// The one number whose units are wanted.
    pub units: Option<LifecycleUnits>,
}

words! {
    /// What a unit is in a bucket.
    pub enum LifecycleState = New; {
        /// Its first event in all history lies in the bucket.
        New = "new",
        /// Active in the bucket and in the one before.
        Returning = "returning",
        /// Active in the bucket, not in the one before, and not new.
        Resurrecting = "resurrecting",
        /// Active in the bucket before, not in this one.
        Dormant = "dormant",
    }
}

/// One number of a lifecycle result: the units in one state in one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleUnits {
    /// The bucket's start.
    pub bucket: TimeBound,
    /// The state.
    pub state: LifecycleState,
    /// The page of units.
    pub page: Page,
}

builders!(Lifecycle);

impl Lifecycle {
    /// A report over the buckets of [from, to).
    pub fn new(from: impl Into<TimeBound>, to: impl Into<TimeBound>, event: impl Into<Matcher>) -> Self {
        Self {
            scope: Scope::new(from, to),
            event: event.into(),
            interval: Interval::default(),
            week_start: WeekDay::default(),
            units: None,
        }
    }

    /// The length of a bucket.
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
    pub fn units(mut self, units: LifecycleUnits) -> Self {
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
            units: LifecycleUnits::read(&fields)?,
        })
    }
}

impl LifecycleUnits {
    fn read(report: &Fields<'_>) -> Result<Option<Self>, DocumentError> {
        let units = report.get_optional("units", |at| at.fields(&["bucket", "state", "limit", "cursor"]))?;
        let page = Page::read_units(units.as_ref(), report, true)?;
        let Some(fields) = units else { return Ok(None) };
        Ok(Some(Self {
            bucket: TimeBound::read_fixed(&fields.need("bucket", "the start of a bucket")?)?,
            state: At::word(&fields.need("state", "a state such as \"new\"")?)?,
            page,
        }))
    }
}

impl From<&Lifecycle> for Node {
    fn from(report: &Lifecycle) -> Self {
        report
            .scope
            .write("lifecycle")
            .put("event", &report.event)
            .put_unless("interval", report.interval, Interval::default())
            .put_unless("week_start", report.week_start, WeekDay::default())
            .put_some("units", report.units.as_ref().map(Node::from))
            .done()
    }
}

impl From<&LifecycleUnits> for Node {
    fn from(units: &LifecycleUnits) -> Self {
        units.page.write(Writer::new().put_some("bucket", &units.bucket).put("state", units.state)).done()
    }
}
