//! Retention: how many units come back in the periods after they started.

use super::answer::{Coverage, Figure};
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Look, first_times, units_by_bucket};
use crate::language::{Buckets, ResolvedRange, Retention, RetentionBound, RetentionMode};
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

pub(super) fn run(context: &Context<'_>, report: &Retention) -> Result<RetentionAnswer, ReportError> {
    if report.units.is_some() {
        return Err(ReportError::NotYet("the units behind a number"));
    }
    let periods = Buckets::cover(context.range, report.interval, report.week_start, &report.scope.timezone)?;
    let (start, back) = (context.look(&report.start)?, context.look(&report.return_)?);
    let cohorts = match report.mode {
        RetentionMode::Recurring => {
            units_by_bucket(context.query, &start, &periods).map_err(|error| context.failed(error))?
        }
        RetentionMode::FirstTime => first_starts(context, &start, &periods)?,
    };
    let mut returns = units_by_bucket(context.query, &back, &periods).map_err(|error| context.failed(error))?;
    if report.bound == RetentionBound::OnOrAfter {
        for period in (1..returns.len()).rev() {
            let (earlier, later) = returns.split_at_mut(period);
            earlier[period - 1] |= &later[0];
        }
    }
    let rows: Vec<RetentionRow> = cohorts
        .iter()
        .enumerate()
        .map(|(place, cohort)| RetentionRow {
            period: periods.label(place),
            size: cohort.len(),
            values: (place..place + report.periods)
                .map(|period| returns.get(period).map(|units| cohort.intersection_len(units)))
                .collect(),
        })
        .collect();
    let mean = (0..report.periods).map(|k| pooled_mean(&rows, k)).collect();
    Ok(RetentionAnswer { rows, mean, coverage: context.coverage(&[start, back])? })
}

/// The units whose first start in all history lies in each period of the range.
fn first_starts(context: &Context<'_>, start: &Look, periods: &Buckets) -> Result<Vec<RoaringBitmap>, ReportError> {
    let first = first_times(context.query, &start.within(ResolvedRange::ALL)).map_err(|error| context.failed(error))?;
    let mut cohorts = vec![RoaringBitmap::new(); periods.len()];
    for (unit, time) in first.into_iter().enumerate().filter(|(_, time)| context.range.contains(*time)) {
        if let Some(period) = periods.index_of(time) {
            cohorts[period].insert(unit as u32);
        }
    }
    Ok(cohorts)
}

/// Those who came back over those who could, of all rows whose period has begun.
fn pooled_mean(rows: &[RetentionRow], k: usize) -> Figure {
    let known = rows.iter().filter_map(|row| Some((row.values[k]?, row.size)));
    let (came, size) = known.fold((0, 0), |(came, size), row| (came + row.0, size + row.1));
    Figure::ratio(came, size)
}
