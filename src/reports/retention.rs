//! Retention: how many units come back in the periods after they started.

use super::answer::{Coverage, Figure};
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Charged, Look, UnitSet, UnitSets, first_units_by_bucket, units_by_bucket, units_in};
use crate::language::{
    Buckets, DocumentError, ResolvedRange, Retention, RetentionBound, RetentionMode, RetentionUnits, check_cells,
};
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

/// Who started, by period.
struct Cohorts {
    periods: Buckets,
    started: UnitSets,
}

impl Cohorts {
    fn new(context: &Context<'_>, report: &Retention) -> Result<Self, ReportError> {
        let periods = Buckets::cover(context.range, report.interval, report.week_start, context.zone())?;
        let start = context.look(&report.start)?;
        let started = context.stage(
            || format!("starts: `{}`", report.start.label()),
            || match report.mode {
                RetentionMode::Recurring => units_by_bucket(context.query, &start, &periods),
                RetentionMode::FirstTime => first_units_by_bucket(context.query, &start, &periods),
            },
        )?;
        Ok(Self { periods, started })
    }

    /// How many of each cohort came back in each of its periods, from their own on; shorter lists where the range ends.
    fn came_back(&self, context: &Context<'_>, report: &Retention) -> Result<Vec<Vec<u64>>, ReportError> {
        let is_start = report.mode == RetentionMode::Recurring && report.return_ == report.start;
        let returned = match is_start {
            true => None,
            false => {
                let back = context.look(&report.return_)?;
                let returned = || units_by_bucket(context.query, &back, &self.periods);
                Some(context.stage(|| format!("returns: `{}`", report.return_.label()), returned)?)
            }
        };
        let returned = returned.as_deref().unwrap_or(&self.started);
        let mut counts: Vec<Vec<u64>> =
            (0..returned.len()).map(|row| vec![0; report.periods.min(returned.len() - row)]).collect();
        // From the last period to the first, so that one set holds all who came in a period or later.
        let mut later: Option<UnitSet> = None;
        for (period, returned) in returned.iter().enumerate().rev() {
            let came = match report.bound {
                RetentionBound::On => returned,
                RetentionBound::OnOrAfter => {
                    let mut all = later.take().unwrap_or_else(|| returned.clone());
                    all.add(returned);
                    later.insert(all)
                }
            };
            for row in (period + 1).saturating_sub(report.periods)..=period {
                context.check()?;
                counts[row][period - row] = self.started[row].common_len(came);
            }
        }
        Ok(counts)
    }
}

/// The rows that the report looks at.
pub(super) fn looks(context: &Context<'_>, report: &Retention) -> Result<Vec<Look>, ReportError> {
    Ok(vec![context.look(&report.start)?, context.look(&report.return_)?])
}

pub(super) fn run(context: &Context<'_>, report: &Retention) -> Result<RetentionAnswer, ReportError> {
    let cohorts = Cohorts::new(context, report)?;
    check_cells(
        &[(cohorts.periods.len(), "rows"), (report.periods, "periods")],
        "periods",
        "give fewer `periods` or a longer `interval`",
    )?;
    let row_bytes = size_of::<RetentionRow>() + report.periods * size_of::<(u64, Option<u64>)>();
    context.keep(cohorts.periods.len() * row_bytes)?;
    let came_back = cohorts.came_back(context, report)?;
    let row = |(place, counts): (usize, Vec<u64>)| RetentionRow {
        period: cohorts.periods.label(place),
        size: cohorts.started[place].len(),
        values: (0..report.periods).map(|k| counts.get(k).copied()).collect(),
    };
    let rows: Vec<RetentionRow> = came_back.into_iter().enumerate().map(row).collect();
    let mean = (0..report.periods).map(|k| pooled_mean(&rows, k)).collect();
    Ok(RetentionAnswer { rows, mean, coverage: context.coverage(&looks(context, report)?)? })
}

/// The units of a cohort, or those of it who came back in a period.
pub(super) fn units(
    context: &Context<'_>,
    report: &Retention,
    asked: &RetentionUnits,
) -> Result<Charged<RoaringBitmap>, ReportError> {
    let cohorts = Cohorts::new(context, report)?;
    let Cohorts { periods, mut started } = cohorts;
    let row = periods.named(&asked.period, context.scope, "period", context.clock)?;
    let cohort = context.charged(started.swap_remove(row).into_bitmap())?;
    let Some(k) = asked.k else { return Ok(cohort) };
    if row + k >= periods.len() {
        let sentence = format!("the period {k} after `{}` has not begun by the end of the range", asked.period);
        return Err(DocumentError::rule("units.k", sentence).into());
    }
    let period = periods.inside(row + k, context.range);
    let to_micros = match report.bound {
        RetentionBound::On => period.to_micros,
        RetentionBound::OnOrAfter => context.range.to_micros,
    };
    let back = context.look_within(&report.return_, ResolvedRange { to_micros, ..period })?;
    let returned =
        context.stage(|| format!("returns: `{}`", report.return_.label()), || units_in(context.query, &back))?;
    context.charged(&*cohort & &*returned)
}

/// Those who came back over those who could, of all rows whose period has begun.
fn pooled_mean(rows: &[RetentionRow], k: usize) -> Figure {
    let known = rows.iter().filter_map(|row| Some((row.values[k]?, row.size)));
    let (came, size) = known.fold((0, 0), |(came, size), row| (came + row.0, size + row.1));
    Figure::ratio(came, size)
}
