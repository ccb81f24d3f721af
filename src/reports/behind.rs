//! The units behind one number of a report.

use super::context::Context;
use super::error::ReportError;
use super::members::{CohortAnswer, answer_members_of};
use super::{funnel, lifecycle, retention, stickiness, trends};
use crate::executor::{Look, Units};
use crate::language::{Page, Report};
use roaring::RoaringBitmap;

/// Who is counted in a number.
pub(super) struct Behind<'d> {
    /// Whether they are users or keys.
    pub kind: Units,
    /// Who they are.
    pub units: RoaringBitmap,
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
        Report::Cohort(_) | Report::Paths(_) => None,
    })
}

impl Behind<'_> {
    /// The answer in the shape of a cohort's.
    pub fn answer(&self, context: &Context<'_>) -> Result<CohortAnswer, ReportError> {
        let coverage = context.coverage(&self.looks)?;
        answer_members_of(context, self.kind, &self.units, self.page, coverage)
    }
}
