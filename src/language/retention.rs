//! Retention: how many units come back in the periods after they started.

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

/// A retention report.
///
/// ```
/// use trackcrumb::language::{Interval, Retention};
///
/// let report = Retention::new("2026-01-01", "2026-04-01", "signed_up")
///     .return_event("feature_used")
///     .interval(Interval::Week)
///     .periods(8)
///     .build()?;
/// assert_eq!(report.kind(), "retention");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Retention {
    /// What all reports have.
    pub scope: Scope,
    /// The event by which a unit joins a cohort.
    pub start: Matcher,
    /// The event by which it comes back; the start event when a document does not say.
    pub return_: Matcher,
    /// The length of a period.
    pub interval: Interval,
    /// On which day weeks start.
    pub week_start: WeekDay,
    /// How many periods are looked at, the one of the start included: 1 to 1,000.
    pub periods: usize,
    /// Which cohorts a unit belongs to.
    pub mode: RetentionMode,
    /// When a unit must come back to count for a period.
    pub bound: RetentionBound,
    /// The one number whose units are wanted.
    pub units: Option<RetentionUnits>,
}

words! {
    /// Which cohorts a unit belongs to.
    pub enum RetentionMode = FirstTime; {
        /// That of its first start event in all history. The default.
        FirstTime = "first_time",
        /// Those of every period in which it starts.
        Recurring = "recurring",
    }
}

words! {
    /// When a unit must come back to count for a period.
    pub enum RetentionBound = On; {
        /// In that period. The default.
        On = "on",
        /// In that period or later.
        OnOrAfter = "on_or_after",
    }
}

/// One number of a retention result: a cohort, or those of it who came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionUnits {
    /// The start of the cohort's period.
    pub period: TimeBound,
    /// How many periods later they came back, less than `periods`; `None` is the whole cohort.
    pub k: Option<usize>,
    /// The page of units.
    pub page: Page,
}

const PERIODS_DEFAULT: usize = 12;
const PERIODS_MAX: usize = 1000;

builders!(Retention);

impl Retention {
    /// A report over cohorts that start in [from, to).
    pub fn new(from: impl Into<TimeBound>, to: impl Into<TimeBound>, start: impl Into<Matcher>) -> Self {
        let start = start.into();
        Self {
            scope: Scope::new(from, to),
            return_: start.clone(),
            start,
            interval: Interval::default(),
            week_start: WeekDay::default(),
            periods: PERIODS_DEFAULT,
            mode: RetentionMode::default(),
            bound: RetentionBound::default(),
            units: None,
        }
    }

    /// The event by which a unit comes back.
    #[must_use]
    pub fn return_event(mut self, event: impl Into<Matcher>) -> Self {
        self.return_ = event.into();
        self
    }

    /// The length of a period.
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

    /// How many periods are looked at.
    #[must_use]
    pub fn periods(mut self, periods: usize) -> Self {
        self.periods = periods;
        self
    }

    /// Which cohorts a unit belongs to.
    #[must_use]
    pub fn mode(mut self, mode: RetentionMode) -> Self {
        self.mode = mode;
        self
    }

    /// When a unit must come back to count for a period.
    #[must_use]
    pub fn bound(mut self, bound: RetentionBound) -> Self {
        self.bound = bound;
        self
    }

    /// Asks for the units behind one number.
    #[must_use]
    pub fn units(mut self, units: RetentionUnits) -> Self {
        self.units = Some(units);
        self
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        const OWN: [&str; 10] =
            ["start", "return", "interval", "week_start", "periods", "mode", "bound", "units", "limit", "cursor"];
        let fields = at.fields(&[&SCOPE_FIELDS[..], &OWN].concat())?;
        let scope = Scope::read(&fields, true)?;
        let start = Matcher::read(&fields.need("start", "the event by which units start")?)?;
        let return_ = fields.get_or_else("return", || start.clone(), Matcher::read)?;
        let periods = fields.get_or_else("periods", || PERIODS_DEFAULT, |at| at.whole(1..=PERIODS_MAX))?;
        Ok(Self {
            scope,
            start,
            return_,
            interval: fields.get_or_else("interval", Interval::default, At::word)?,
            week_start: fields.get_or_else("week_start", WeekDay::default, At::word)?,
            periods,
            mode: fields.get_or_else("mode", RetentionMode::default, At::word)?,
            bound: fields.get_or_else("bound", RetentionBound::default, At::word)?,
            units: RetentionUnits::read(&fields, periods)?,
        })
    }
}

impl RetentionUnits {
    fn read(report: &Fields<'_>, periods: usize) -> Result<Option<Self>, DocumentError> {
        let units = report.get_optional("units", |at| at.fields(&["period", "k", "limit", "cursor"]))?;
        let page = Page::read_units(units.as_ref(), report, true)?;
        let Some(fields) = units else { return Ok(None) };
        Ok(Some(Self {
            period: TimeBound::read_fixed(&fields.need("period", "the start of a row's period")?)?,
            k: fields.get_optional("k", |at| at.whole(0..=periods - 1))?,
            page,
        }))
    }
}

impl From<&Retention> for Node {
    fn from(report: &Retention) -> Self {
        report
            .scope
            .write("retention")
            .put("start", &report.start)
            .put_unless("return", &report.return_, &report.start)
            .put_unless("interval", report.interval, Interval::default())
            .put_unless("week_start", report.week_start, WeekDay::default())
            .put_unless("periods", report.periods, PERIODS_DEFAULT)
            .put_unless("mode", report.mode, RetentionMode::default())
            .put_unless("bound", report.bound, RetentionBound::default())
            .put_some("units", report.units.as_ref().map(Node::from))
            .done()
    }
}

impl From<&RetentionUnits> for Node {
    fn from(units: &RetentionUnits) -> Self {
        let writer = Writer::new().put_some("period", &units.period).put_some("k", units.k.map(Node::from));
        units.page.write(writer).done()
    }
}
