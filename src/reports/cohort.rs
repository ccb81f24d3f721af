//! Cohorts: the units that meet a condition.

use super::context::Context;
use super::error::ReportError;
use super::members::{CohortAnswer, answer_members};
use crate::executor::{Look, counts_per_unit, first_times, units_in, universe};
use crate::language::{Cohort, Condition, ResolvedRange, Scope, Times};
use roaring::RoaringBitmap;

pub(super) fn run(context: &Context<'_>, report: &Cohort) -> Result<CohortAnswer, ReportError> {
    let all = universe(context.query).map_err(|damage| context.damaged(damage))?;
    let mut evaluation = Evaluation { context, scope: &report.scope, all: &all, looks: Vec::new() };
    let units = evaluation.units(&report.where_)?;
    let coverage = context.coverage(&evaluation.looks)?;
    answer_members(context, &units, &report.page, coverage)
}

/// A cohort's condition on its way to the set of its units.
struct Evaluation<'a, 'c> {
    context: &'c Context<'a>,
    scope: &'c Scope,
    all: &'c RoaringBitmap,
    /// What the conditions looked at.
    looks: Vec<Look>,
}

impl Evaluation<'_, '_> {
    fn units(&mut self, condition: &Condition) -> Result<RoaringBitmap, ReportError> {
        let not_yet = |what| Err(ReportError::NotYet(what));
        match condition {
            Condition::All(conditions) => {
                let mut units = self.all.clone();
                for condition in conditions {
                    units &= self.units(condition)?;
                }
                Ok(units)
            }
            Condition::Any(conditions) => {
                let mut units = RoaringBitmap::new();
                for condition in conditions {
                    units |= self.units(condition)?;
                }
                Ok(units)
            }
            Condition::Not(inner) => Ok(self.all - self.units(inner)?),
            Condition::Did { event, times, from, to } => {
                let range = self.scope.resolve_within(from, to, self.context.now)?;
                let look = self.context.look_within(event, range)?;
                let units = self.did(&look, times);
                self.looks.push(look);
                units
            }
            Condition::FirstDid { event, from, to } => {
                let range = self.scope.resolve_within(from, to, self.context.now)?;
                let look = self.context.look_within(event, range)?;
                let first = first_times(self.context.query, &look.within(ResolvedRange::ALL))
                    .map_err(|error| self.context.failed(error))?;
                self.looks.push(look);
                let in_range = first.into_iter().enumerate().filter(|(_, time)| range.contains(*time));
                Ok(in_range.map(|(unit, _)| unit as u32).collect())
            }
            Condition::Property { .. } => not_yet("cohort conditions on properties"),
            Condition::Cohort(_) => not_yet("cohorts of other cohorts"),
            Condition::MemberOf(_) | Condition::HasMemberIn(_) => not_yet("cohort conditions on membership"),
            Condition::Report(_) => not_yet("cohorts of the units behind a number"),
        }
    }

    fn did(&self, look: &Look, times: &Times) -> Result<RoaringBitmap, ReportError> {
        let failed = |error| self.context.failed(error);
        if *times == Times::at_least(1) {
            return units_in(self.context.query, look).map_err(failed);
        }
        let counts = counts_per_unit(self.context.query, look).map_err(failed)?;
        Ok(self.all.iter().filter(|unit| times.passes(counts.get(*unit as usize).copied().unwrap_or(0))).collect())
    }
}
