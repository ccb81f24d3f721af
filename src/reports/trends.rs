//! Trends: measures of events per bucket of time.

use super::answer::{Coverage, Figure};
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Look, SlotSource, Slots, measure};
use crate::language::{Buckets, Matcher, Measure, Source, Trends};
use crate::model::Value;
use serde::Serialize;

/// The answer to a trends report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendsAnswer {
    /// The start of each bucket, RFC 3339.
    pub buckets: Vec<String>,
    /// In the order of the document; inside each of its series the breakdown values in rank order, the rest last.
    pub series: Vec<TrendsSeries>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// One line of the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendsSeries {
    /// The label of the document's series, or the names of its events.
    pub label: String,
    /// The breakdown value; empty without a breakdown, and for the rest.
    pub breakdown: Vec<Value>,
    /// Whether this is the rest: all values beyond the limit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
    /// The measure in each bucket.
    pub values: Vec<Figure>,
    /// The measure over the whole range.
    pub total: Figure,
}

/// A series of events, ready to be measured.
struct Measured<'d> {
    label: String,
    look: Look,
    measure: &'d Measure,
}

fn check_supported(report: &Trends) -> Result<(), ReportError> {
    let not_yet = |what| Err(ReportError::NotYet(what));
    if report.cumulative {
        return not_yet("cumulative trends");
    }
    if report.compare {
        return not_yet("comparisons with the previous range");
    }
    if report.formula.is_some() {
        return not_yet("formulas");
    }
    if report.units.is_some() {
        return not_yet("the units behind a number");
    }
    if report.breakdown.len() > 1 {
        return not_yet("several breakdowns");
    }
    Ok(())
}

pub(super) fn run(context: &Context<'_>, report: &Trends) -> Result<TrendsAnswer, ReportError> {
    check_supported(report)?;
    let buckets = Buckets::cover(context.range, report.interval, report.week_start, &report.scope.timezone)?;
    let mut all = Vec::with_capacity(report.series.len());
    for series in &report.series {
        let Source::Events { event, measure } = &series.source else {
            return Err(ReportError::NotYet("measures of properties over time"));
        };
        let label = series.label.clone().unwrap_or_else(|| Matcher::label(event));
        all.push(Measured { label, look: context.look(event)?, measure });
    }
    let looks: Vec<Look> = all.iter().map(|series| series.look.clone()).collect();
    let slots = match report.breakdown.first() {
        None => None,
        Some(breakdown) => {
            let source = SlotSource::new(context.query, breakdown).map_err(|error| context.failed(error))?;
            let slots = Slots::rank(context.query, &looks, source, report.limit);
            Some(slots.map_err(|error| context.failed(error))?)
        }
    };
    let mut series = Vec::new();
    for measured in &all {
        let figures = measure(context.query, &measured.look, &buckets, slots.as_ref(), measured.measure)
            .map_err(|error| context.failed(error))?;
        for (place, figures) in figures.into_iter().enumerate() {
            let value = slots.as_ref().and_then(|slots| slots.ranked.get(place));
            series.push(TrendsSeries {
                label: measured.label.clone(),
                breakdown: value.into_iter().cloned().collect(),
                other: slots.is_some() && value.is_none(),
                values: figures.values,
                total: figures.total,
            });
        }
    }
    Ok(TrendsAnswer { buckets: buckets.labels(), series, coverage: context.coverage(&looks)? })
}
