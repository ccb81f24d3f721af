//! Trends: measures of events per bucket of time.

use super::DocumentError;
use super::bound::TimeBound;
use super::breakdown::{Breakdown, LIMIT_DEFAULT, RankBy, read_breakdowns, write_breakdowns};
use super::calendar::{Interval, WeekDay};
use super::formula::Formula;
use super::measure::{Measure, PropertyMeasure};
use super::node::{Node, Writer};
use super::reader::{At, Fields};
use super::report::builders;
use super::scope::{SCOPE_FIELDS, Scope};
use super::series::{Series, Source};
use super::units::{Page, UnitsValue};

/// A trends report.
///
/// ```
/// use trackcrumb::language::{Filter, Interval, Measure, Op, Series, Trends};
///
/// let report = Trends::new("2026-01-01", "2026-02-01")
///     .timezone("Europe/Berlin")
///     .count_by_group("company")
///     .filter(Filter::property("country", Op::Is, ["US", "DE"]))
///     .interval(Interval::Week)
///     .series("feature_used")
///     .series(Series::events("payment").measure(Measure::sum("amount")).label("Revenue"))
///     .build()?;
/// assert_eq!(report.kind(), "trends");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Trends {
    /// What all reports have.
    pub scope: Scope,
    /// The length of a bucket.
    pub interval: Interval,
    /// On which day weeks start.
    pub week_start: WeekDay,
    /// At least one.
    pub series: Vec<Series>,
    /// By what each series is split; at most three.
    pub breakdown: Vec<Breakdown>,
    /// How many breakdown values are shown: at least 1, with no upper limit to allocate by.
    pub limit: usize,
    /// By what the breakdown values are ranked.
    pub rank_by: RankBy,
    /// Measure from the start of the range to the end of each bucket.
    pub cumulative: bool,
    /// Set the range before beside each series (`"compare":"previous"`).
    pub compare: bool,
    /// Show this instead of the series.
    pub formula: Option<Formula>,
    /// The one number whose units are wanted.
    pub units: Option<TrendUnits>,
}

/// One number of a trends result: the units of a series in a bucket, or in the whole range.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TrendUnits {
    /// The position of the series in the document, from 0.
    pub series: usize,
    /// The bucket's start; `None` is the whole range.
    pub bucket: Option<TimeBound>,
    /// The breakdown value.
    pub value: UnitsValue,
    /// The page of units.
    pub page: Page,
}

builders!(Trends);

impl Trends {
    /// A report over [from, to), to which at least one series must be added.
    pub fn new(from: impl Into<TimeBound>, to: impl Into<TimeBound>) -> Self {
        Self {
            scope: Scope::new(from, to),
            interval: Interval::default(),
            week_start: WeekDay::default(),
            series: Vec::new(),
            breakdown: Vec::new(),
            limit: LIMIT_DEFAULT,
            rank_by: RankBy::default(),
            cumulative: false,
            compare: false,
            formula: None,
            units: None,
        }
    }

    /// Adds a series: an event name, a matcher or a [`Series`].
    #[must_use]
    pub fn series(mut self, series: impl Into<Series>) -> Self {
        self.series.push(series.into());
        self
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

    /// Splits each series by one more thing.
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

    /// By what the breakdown values are ranked.
    #[must_use]
    pub fn rank_by(mut self, rank_by: RankBy) -> Self {
        self.rank_by = rank_by;
        self
    }

    /// Measures from the start of the range to the end of each bucket.
    #[must_use]
    pub fn cumulative(mut self) -> Self {
        self.cumulative = true;
        self
    }

    /// Sets the range before beside each series.
    #[must_use]
    pub fn compare_with_previous(mut self) -> Self {
        self.compare = true;
        self
    }

    /// Shows a formula such as `A / B` instead of the series.
    #[must_use]
    pub fn formula(mut self, formula: impl Into<String>) -> Self {
        self.formula = Some(Formula::kept(formula));
        self
    }

    /// Asks for the units behind one number.
    #[must_use]
    pub fn units(mut self, units: TrendUnits) -> Self {
        self.units = Some(units);
        self
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        const OWN: [&str; 11] = [
            "interval",
            "week_start",
            "series",
            "breakdown",
            "limit",
            "rank_by",
            "cumulative",
            "compare",
            "formula",
            "units",
            "cursor",
        ];
        let fields = at.fields(&[&SCOPE_FIELDS[..], &OWN].concat())?;
        let scope = Scope::read(&fields, true)?;
        let interval = fields.get_or_else("interval", Interval::default, At::word)?;
        let week_start = fields.get_or_else("week_start", WeekDay::default, At::word)?;
        let series_at = fields.need("series", "a list such as [{\"event\":\"feature_used\"}]")?;
        let series: Vec<Series> =
            series_at.items("a list of series")?.map(|item| Series::read(&item)).collect::<Result<_, _>>()?;
        if series.is_empty() {
            return Err(series_at.rule("is empty; give at least one series"));
        }
        let (breakdown, limit) = read_breakdowns(&fields)?;
        let rank_by = fields.get_or_else("rank_by", RankBy::default, At::word)?;
        let cumulative = fields.get_or_else("cumulative", || false, |at| at.truth())?;
        let compare = fields.get_optional("compare", |at| at.choice(&["previous"], |word| word))?.is_some();
        let formula = fields.get_optional("formula", |at| Formula::read(at, series.len()))?;
        let mut report = Self {
            scope,
            interval,
            week_start,
            series,
            breakdown,
            limit,
            rank_by,
            cumulative,
            compare,
            formula,
            units: None,
        };
        report.check_series(&fields)?;
        report.units = report.read_units(&fields)?;
        Ok(report)
    }

    /// What cannot be combined with some kinds of series.
    fn check_series(&self, fields: &Fields<'_>) -> Result<(), DocumentError> {
        for series in &self.series {
            match (&series.source, fields.get("cumulative")) {
                (Source::Events { measure: Measure::Active(_), .. }, Some(at)) if self.cumulative => {
                    return Err(
                        at.rule("does not go with `active`, which has a window of its own; leave one of them out")
                    );
                }
                (Source::PropertyOf { .. }, _) => self.check_property_series(fields)?,
                _ => {}
            }
        }
        match (&self.formula, fields.get("formula")) {
            (Some(formula), Some(at)) if formula.series().into_iter().any(|index| self.is_split_by_value(index)) => {
                Err(at.rule("cannot use a `count_by_value` series, which is one series per value"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the series at this position is shown as one series per value of its own property.
    fn is_split_by_value(&self, index: usize) -> bool {
        let source = self.series.get(index).map(|series| &series.source);
        matches!(source, Some(Source::PropertyOf { measure: PropertyMeasure::CountByValue(_), .. }))
    }

    /// The fields about events, which say nothing about properties.
    fn check_property_series(&self, fields: &Fields<'_>) -> Result<(), DocumentError> {
        let given = ["count_by", "filter", "cumulative", "breakdown"].into_iter().find_map(|name| {
            let applies = match name {
                "cumulative" => self.cumulative,
                "breakdown" => !self.breakdown.is_empty(),
                _ => true,
            };
            fields.get(name).filter(|_| applies)
        });
        match given {
            Some(at) => {
                Err(at.rule("does not apply beside a `property_of` series, which sees no events; leave it out"))
            }
            None => Ok(()),
        }
    }

    /// The number of values in a breakdown tuple of a series.
    fn value_count(&self, series: &Series) -> usize {
        match &series.source {
            Source::Events { .. } => self.breakdown.len(),
            Source::PropertyOf { measure: PropertyMeasure::CountByValue(_), .. } => 1,
            Source::PropertyOf { .. } => 0,
        }
    }

    fn read_units(&self, report: &Fields<'_>) -> Result<Option<TrendUnits>, DocumentError> {
        let known = ["series", "bucket", "breakdown", "other", "limit", "cursor"];
        let units = report.get_optional("units", |at| at.fields(&known))?;
        let page = Page::read_units(units.as_ref(), report, units.is_some() && self.splits_nothing())?;
        let Some(fields) = units else { return Ok(None) };
        let series = match fields.get("series") {
            Some(at) => at.whole(0..=self.series.len() - 1)?,
            None if self.series.len() == 1 => 0,
            None => return Err(fields.missing("series", "the position of a series, counted from 0")),
        };
        Ok(Some(TrendUnits {
            series,
            bucket: fields.get_optional("bucket", TimeBound::read_fixed)?,
            value: UnitsValue::read(&fields, self.value_count(&self.series[series]))?,
            page,
        }))
    }

    /// Whether no series is split by a value, so that `limit` can only mean the page of `units`.
    fn splits_nothing(&self) -> bool {
        self.series.iter().all(|series| self.value_count(series) == 0)
    }
}

impl From<&Trends> for Node {
    fn from(report: &Trends) -> Self {
        let writer = report
            .scope
            .write("trends")
            .put_unless("interval", report.interval, Interval::default())
            .put_unless("week_start", report.week_start, WeekDay::default())
            .put("series", report.series.iter().map(Node::from).collect::<Node>());
        write_breakdowns(writer, &report.breakdown, report.limit)
            .put_unless("rank_by", report.rank_by, RankBy::default())
            .put_unless("cumulative", report.cumulative, false)
            .put_some("compare", report.compare.then(|| Node::from("previous")))
            .put_some("formula", report.formula.as_ref().map(Node::from))
            .put_some("units", report.units.as_ref().map(Node::from))
            .done()
    }
}

impl From<&TrendUnits> for Node {
    fn from(units: &TrendUnits) -> Self {
        let writer =
            Writer::new().put("series", units.series).put_some("bucket", units.bucket.as_ref().and_then(Option::from));
        units.page.write_beside_limit(units.value.write(writer)).done()
    }
}
