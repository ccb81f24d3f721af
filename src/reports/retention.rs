//! Retention: how many units come back in the periods after they started.

use super::answer::{Coverage, Figure};
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Look, first_units_by_bucket, units_by_bucket};
use crate::language::{Buckets, DocumentError, Retention, RetentionBound, RetentionMode, RetentionUnits, check_cells};
use roaring::RoaringBitmap;
use serde::Serialize;

/// The answer to a retention report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetentionAnswer {
    /// One row per period of the range.
    pub rows: Vec<RetentionRow>,
    /// By periods after the start: the share of all cohorts that have come so far, from 0 to 1.
    pub mean: Vec<Figure>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// One cohort: the units that started in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RetentionRow {
    /// The start of the period, RFC 3339.
    pub period: String,
    /// How many units started.
    pub size: u64,
    /// By periods after the start: how many came back; null where the period had not begun by the end of the range.
    pub values: Vec<Option<u64>>,
}

/// Who started and who came back, by period.
struct Table {
    periods: Buckets,
    cohorts: Vec<RoaringBitmap>,
    returns: Vec<RoaringBitmap>,
}

impl Table {
    fn new(context: &Context<'_>, report: &Retention) -> Result<Self, ReportError> {
        let periods = Buckets::cover(context.range, report.interval, report.week_start, &report.scope.timezone)?;
        let (start, back) = (context.look(&report.start)?, context.look(&report.return_)?);
        let cohorts = context.stage(
            || format!("starts: `{}`", report.start.label()),
            || match report.mode {
                RetentionMode::Recurring => units_by_bucket(context.query, &start, &periods),
                RetentionMode::FirstTime => first_units_by_bucket(context.query, &start, &periods),
            },
        )?;
        let mut returns = context.stage(
            || format!("returns: `{}`", report.return_.label()),
            || units_by_bucket(context.query, &back, &periods),
        )?;
        if report.bound == RetentionBound::OnOrAfter {
            for period in (1..returns.len()).rev() {
                let (earlier, later) = returns.split_at_mut(period);
                earlier[period - 1] |= &later[0];
            }
        }
        Ok(Self { periods, cohorts, returns })
    }
}

/// The rows that the report looks at.
pub(super) fn looks(context: &Context<'_>, report: &Retention) -> Result<Vec<Look>, ReportError> {
    Ok(vec![context.look(&report.start)?, context.look(&report.return_)?])
}

pub(super) fn run(context: &Context<'_>, report: &Retention) -> Result<RetentionAnswer, ReportError> {
    let table = Table::new(context, report)?;
    check_cells(
        &[(table.periods.len(), "rows"), (report.periods, "periods")],
        "periods",
        "give fewer `periods` or a longer `interval`",
    )?;
    let rows: Vec<RetentionRow> = table
        .cohorts
        .iter()
        .enumerate()
        .map(|(place, cohort)| RetentionRow {
            period: table.periods.label(place),
            size: cohort.len(),
            values: (place..place + report.periods)
                .map(|period| table.returns.get(period).map(|units| cohort.intersection_len(units)))
                .collect(),
        })
        .collect();
    let mean = (0..report.periods).map(|k| pooled_mean(&rows, k)).collect();
    Ok(RetentionAnswer { rows, mean, coverage: context.coverage(&looks(context, report)?)? })
}

/// The units of a cohort, or those of it who came back in a period.
pub(super) fn units(
    context: &Context<'_>,
    report: &Retention,
    asked: &RetentionUnits,
) -> Result<RoaringBitmap, ReportError> {
    let table = Table::new(context, report)?;
    let row = table.periods.named(&asked.period, context.scope, "period", context.now)?;
    let cohort = &table.cohorts[row];
    let Some(k) = asked.k else { return Ok(cohort.clone()) };
    let Some(returns) = table.returns.get(row + k) else {
        let sentence = format!("the period {k} after `{}` has not begun by the end of the range", asked.period);
        return Err(DocumentError::rule("units.k", sentence).into());
    };
    Ok(cohort & returns)
}

/// Those who came back over those who could, of all rows whose period has begun.
fn pooled_mean(rows: &[RetentionRow], k: usize) -> Figure {
    let known = rows.iter().filter_map(|row| Some((row.values[k]?, row.size)));
    let (came, size) = known.fold((0, 0), |(came, size), row| (came + row.0, size + row.1));
    Figure::ratio(came, size)
}
