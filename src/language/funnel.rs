//! Funnels: how far units come through a sequence of steps.

use super::bound::TimeBound;
use super::breakdown::{Breakdown, LIMIT_DEFAULT, read_breakdowns, write_breakdowns};
use super::calendar::{Interval, WeekDay};
use super::matcher::Matcher;
use super::node::{Node, Writer};
use super::reader::{At, Fields};
use super::report::builders;
use super::scope::{SCOPE_FIELDS, Scope};
use super::span::{Span, SpanUnit};
use super::units::{Page, UnitsValue};
use super::words::words;
use super::{DocumentError, Problem};

/// A funnel report.
///
/// ```
/// use trackcrumb::language::{Funnel, Span};
///
/// let report = Funnel::new("2026-01-01", "2026-02-01")
///     .count_by_group("company")
///     .step("signed_up")
///     .step("invited")
///     .step("paid")
///     .window(Span::days(30))
///     .build()?;
/// assert_eq!(report.kind(), "funnel");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// What all reports have.
    pub scope: Scope,
    /// 2 to 20 steps.
    pub steps: Vec<Matcher>,
    /// How long after its first event an attempt may take; inclusive.
    pub window: Span,
    /// In which order the steps must happen.
    pub order: FunnelOrder,
    /// Which attempt of a unit counts.
    pub entry: FunnelEntry,
    /// Events that end an attempt.
    pub exclude: Vec<Exclusion>,
    /// By what units are split, at their first step; at most three.
    pub breakdown: Vec<Breakdown>,
    /// How many breakdown values are shown; at least 1.
    pub limit: usize,
    /// Adds the conversion by the bucket in which attempts start.
    pub interval: Option<Interval>,
    /// On which day weeks start.
    pub week_start: WeekDay,
    /// What must be the same throughout an attempt.
    pub hold: Option<Hold>,
    /// The one number whose units are wanted.
    pub units: Option<FunnelUnits>,
}

words! {
    /// In which order the steps of a funnel must happen.
    pub enum FunnelOrder = Ordered; {
        /// One after the other, other events in between. The default.
        Ordered = "ordered",
        /// One after the other, no other event of the unit in between.
        Strict = "strict",
        /// In any order inside a window that opens with the first of them.
        Any = "any",
    }
}

words! {
    /// Which attempt of a unit counts.
    pub enum FunnelEntry = Best; {
        /// The earliest that reaches the unit's best level. The default.
        Best = "best",
        /// The unit's first.
        First = "first",
    }
}

/// Events that must not fall between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    /// Which events.
    pub event: Matcher,
    /// The step after whose event they count, from 1.
    pub from: usize,
    /// The step before whose event they count; greater than `from`.
    pub to: usize,
}

/// What must be the same throughout an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// The user.
    User,
    /// The value of this property of the events.
    Property(String),
}

/// One number of a funnel result: the units that reached a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelUnits {
    /// The step, from 1.
    pub step: usize,
    /// Only those that did not reach the next step.
    pub dropped: bool,
    /// The breakdown value.
    pub value: UnitsValue,
    /// The page of units.
    pub page: Page,
}

/// How many steps a funnel has.
const STEPS: std::ops::RangeInclusive<usize> = 2..=20;
const WINDOW_DEFAULT: Span = Span::days(14);

builders!(Funnel);

impl Funnel {
    /// A funnel of attempts that open in [from, to), to which at least two steps must be added.
    pub fn new(from: impl Into<TimeBound>, to: impl Into<TimeBound>) -> Self {
        Self {
            scope: Scope::new(from, to),
            steps: Vec::new(),
            window: WINDOW_DEFAULT,
            order: FunnelOrder::default(),
            entry: FunnelEntry::default(),
            exclude: Vec::new(),
            breakdown: Vec::new(),
            limit: LIMIT_DEFAULT,
            interval: None,
            week_start: WeekDay::default(),
            hold: None,
            units: None,
        }
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: impl Into<Matcher>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// How long an attempt may take.
    #[must_use]
    pub fn window(mut self, window: Span) -> Self {
        self.window = window;
        self
    }

    /// In which order the steps must happen.
    #[must_use]
    pub fn order(mut self, order: FunnelOrder) -> Self {
        self.order = order;
        self
    }

    /// Which attempt of a unit counts.
    #[must_use]
    pub fn entry(mut self, entry: FunnelEntry) -> Self {
        self.entry = entry;
        self
    }

    /// Ends attempts in which such an event falls between these steps, counted from 1.
    #[must_use]
    pub fn exclude(mut self, event: impl Into<Matcher>, from: usize, to: usize) -> Self {
        self.exclude.push(Exclusion { event: event.into(), from, to });
        self
    }

    /// Splits units by one more thing.
    #[must_use]
    pub fn breakdown(mut self, breakdown: impl Into<Breakdown>) -> Self {
        self.breakdown.push(breakdown.into());
        self
    }

    /// How many breakdown values are shown.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Adds the conversion by the bucket in which attempts start.
    #[must_use]
    pub fn interval(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// On which day weeks start.
    #[must_use]
    pub fn week_start(mut self, week_start: WeekDay) -> Self {
        self.week_start = week_start;
        self
    }

    /// Asks for the same throughout an attempt.
    #[must_use]
    pub fn hold(mut self, hold: Hold) -> Self {
        self.hold = Some(hold);
        self
    }

    /// Asks for the units behind one number.
    #[must_use]
    pub fn units(mut self, units: FunnelUnits) -> Self {
        self.units = Some(units);
        self
    }

    /// The window in microseconds: a day is 86,400 s. At most `SPAN_DAYS_MAX` days.
    pub fn window_micros(&self) -> i64 {
        self.window.micros()
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        const OWN: [&str; 12] = [
            "steps",
            "window",
            "order",
            "entry",
            "exclude",
            "breakdown",
            "limit",
            "interval",
            "week_start",
            "hold",
            "units",
            "cursor",
        ];
        let fields = at.fields(&[&SCOPE_FIELDS[..], &OWN].concat())?;
        let scope = Scope::read(&fields, true)?;
        let steps = read_steps(&fields)?;
        let order = fields.get_or_else("order", FunnelOrder::default, At::word)?;
        let exclude = match fields.get("exclude") {
            Some(at) => read_exclude(&at, order, steps.len())?,
            None => Vec::new(),
        };
        let (breakdown, limit) = read_breakdowns(&fields)?;
        let units = read_units(&fields, steps.len(), breakdown.len())?;
        Ok(Self {
            scope,
            steps,
            window: fields.get_or_else("window", || WINDOW_DEFAULT, |at| Span::read(at, SpanUnit::ALL))?,
            order,
            entry: fields.get_or_else("entry", FunnelEntry::default, At::word)?,
            exclude,
            breakdown,
            limit,
            interval: fields.get_optional("interval", At::word)?,
            week_start: fields.get_or_else("week_start", WeekDay::default, At::word)?,
            hold: fields.get_optional("hold", Hold::read)?,
            units,
        })
    }
}

fn read_steps(fields: &Fields<'_>) -> Result<Vec<Matcher>, DocumentError> {
    let (min, max) = (STEPS.start(), STEPS.end());
    let at = fields.need("steps", &format!("a list of {min} to {max} events"))?;
    let steps: Vec<Matcher> =
        at.items("a list of events")?.map(|item| Matcher::read(&item)).collect::<Result<_, _>>()?;
    match steps.len() {
        count if STEPS.contains(&count) => Ok(steps),
        1 => Err(at.rule(format!("has 1 step; a funnel has {min} to {max}"))),
        count => Err(at.rule(format!("has {count} steps; a funnel has {min} to {max}"))),
    }
}

fn read_exclude(at: &At<'_>, order: FunnelOrder, step_count: usize) -> Result<Vec<Exclusion>, DocumentError> {
    let exclude: Vec<Exclusion> = at
        .items("a list such as [{\"event\":\"refund\"}]")?
        .map(|item| Exclusion::read(&item, step_count))
        .collect::<Result<_, _>>()?;
    if order == FunnelOrder::Any && !exclude.is_empty() {
        return Err(at.rule("steps in any order have nothing between them; leave `exclude` out, or order the steps"));
    }
    Ok(exclude)
}

fn read_units(
    report: &Fields<'_>,
    step_count: usize,
    value_count: usize,
) -> Result<Option<FunnelUnits>, DocumentError> {
    let known = ["step", "dropped", "breakdown", "other", "limit", "cursor"];
    let units = report.get_optional("units", |at| at.fields(&known))?;
    let page = Page::read_units(units.as_ref(), report, units.is_some() && value_count == 0)?;
    let Some(fields) = units else { return Ok(None) };
    let at = fields.need("step", "the number of a step, counted from 1")?;
    let step = at.whole(1..=step_count)?;
    let dropped = fields.get_or_else("dropped", || false, |at| at.truth())?;
    if dropped && step == step_count {
        return Err(at.rule("no step follows the last, so nobody dropped off after it; name an earlier step"));
    }
    Ok(Some(FunnelUnits { step, dropped, value: UnitsValue::read(&fields, value_count)?, page }))
}

impl Exclusion {
    fn read(at: &At<'_>, step_count: usize) -> Result<Self, DocumentError> {
        let fields = at.fields(&["event", "from", "to"])?;
        let event = Matcher::read(&fields.need("event", "an event")?)?;
        let from = fields.get_or_else("from", || 1, |at| at.whole(1..=step_count - 1))?;
        let to = fields.get_or_else("to", || step_count, |at| at.whole(2..=step_count))?;
        if from >= to {
            return Err(fields.rule(format!("`from` is step {from} and `to` step {to}; `from` must come before `to`")));
        }
        Ok(Self { event, from, to })
    }
}

impl Hold {
    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.node() {
            Node::String(word) if word == "user" => Ok(Self::User),
            Node::String(word) => Err(at.problem(Problem::UnknownWord {
                word: word.clone(),
                nearest: None,
                known: vec!["user".to_owned(), "{\"property\":…}".to_owned()],
            })),
            Node::Object(_) => Ok(Self::Property(at.only("property")?.text("the name of a property")?.to_owned())),
            _ => Err(at.wrong_type("\"user\" or {\"property\":…}")),
        }
    }
}

impl From<&Hold> for Node {
    fn from(hold: &Hold) -> Self {
        match hold {
            Hold::User => "user".into(),
            Hold::Property(path) => Writer::new().put("property", path.as_str()).done(),
        }
    }
}

impl From<&Funnel> for Node {
    fn from(report: &Funnel) -> Self {
        let last = report.steps.len();
        let exclude = report.exclude.iter().map(|exclusion| {
            Writer::new()
                .put("event", &exclusion.event)
                .put_unless("from", exclusion.from, 1)
                .put_unless("to", exclusion.to, last)
                .done()
        });
        let writer = report
            .scope
            .write("funnel")
            .put("steps", report.steps.iter().map(Node::from).collect::<Node>())
            .put_unless("window", report.window, WINDOW_DEFAULT)
            .put_unless("order", report.order, FunnelOrder::default())
            .put_unless("entry", report.entry, FunnelEntry::default())
            .put_some("exclude", (!report.exclude.is_empty()).then(|| exclude.collect::<Node>()));
        write_breakdowns(writer, &report.breakdown, report.limit)
            .put_some("interval", report.interval.map(Node::from))
            .put_unless("week_start", report.week_start, WeekDay::default())
            .put_some("hold", report.hold.as_ref().map(Node::from))
            .put_some("units", report.units.as_ref().map(Node::from))
            .done()
    }
}

impl From<&FunnelUnits> for Node {
    fn from(units: &FunnelUnits) -> Self {
        let writer = Writer::new().put("step", units.step).put_unless("dropped", units.dropped, false);
        units.page.write_beside_limit(units.value.write(writer)).done()
    }
}
