//! The units behind one number of a report.

use super::context::Context;
use super::error::ReportError;
use super::members::{CohortAnswer, answer_members_of};
use super::{cohort, funnel, lifecycle, paths, retention, stickiness, trends};
use crate::executor::{Charged, Look, Units};
use crate::language::{DocumentError, Page, Report, UnitsValue};
use roaring::RoaringBitmap;

/// Who is counted in a number.
pub(super) struct Behind<'d> {
    /// Whether they are users or keys.
    pub kind: Units,
    /// Who they are.
    pub units: Charged<RoaringBitmap>,
    page: &'d Page,
    looks: Vec<Look>,
}

/// The units of the number that a document names; `None` where it names none.
pub(super) fn behind<'d>(context: &Context<'_>, report: &'d Report) -> Result<Option<Behind<'d>>, ReportError> {
    let counted = |units, page, looks| Behind { kind: context.query.units, units, page, looks };
    Ok(match report {
        Report::Trends(report) => match &report.units {
            None => None,
            Some(asked) => {
                let (kind, units) = trends::units(context, report, asked)?;
                Some(Behind { kind, units, page: &asked.page, looks: trends::looks(context, report)? })
            }
        },
        Report::Funnel(report) => match &report.units {
            None => None,
            Some(asked) => {
                Some(counted(funnel::units(context, report, asked)?, &asked.page, funnel::looks(context, report)?))
            }
        },
        Report::Retention(report) => match &report.units {
            None => None,
            Some(asked) => {
                let units = retention::units(context, report, asked)?;
                Some(counted(units, &asked.page, retention::looks(context, report)?))
            }
        },
        Report::Stickiness(report) => match &report.units {
            None => None,
            Some(asked) => {
                let units = stickiness::units(context, report, asked)?;
                Some(counted(units, &asked.page, vec![context.look(&report.event)?]))
            }
        },
        Report::Lifecycle(report) => match &report.units {
            None => None,
            Some(asked) => {
                let units = lifecycle::units(context, report, asked)?;
                Some(counted(units, &asked.page, vec![context.look(&report.event)?]))
            }
        },
        Report::Paths(report) => match &report.units {
            None => None,
            Some(asked) => {
                let units = paths::units(context, report, asked)?;
                Some(counted(units, &asked.page, vec![paths::anchor(context, report)?]))
            }
        },
        Report::Cohort(_) => None,
    })
}

/// The units that a report is about: a cohort's, or those behind the number that its document names.
pub(super) fn units(context: &Context<'_>, report: &Report) -> Result<Charged<RoaringBitmap>, ReportError> {
    match report {
        Report::Cohort(report) => Ok(cohort::units(context, report)?.0),
        other => match behind(context, other)? {
            Some(behind) => Ok(behind.units),
            None => context.charged(RoaringBitmap::new()),
        },
    }
}

/// The result has no series of the value that a `units` names.
pub(super) fn no_such_series(wanted: &UnitsValue) -> DocumentError {
    let (field, sentence) = match wanted {
        UnitsValue::Other => ("other", "the result has no series of other values; leave it out"),
        _ => ("breakdown", "the result has no series of this value; give the `breakdown` of one that it shows"),
    };
    DocumentError::rule(format!("units.{field}"), sentence)
}

impl Behind<'_> {
    /// The answer in the shape of a cohort's.
    pub fn answer(&self, context: &Context<'_>) -> Result<CohortAnswer, ReportError> {
        let coverage = context.coverage(&self.looks)?;
        answer_members_of(context, self.kind, &self.units, self.page, coverage)
    }
}
