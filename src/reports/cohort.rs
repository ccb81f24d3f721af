//! Cohorts: the units that meet a condition.

use super::behind;
use super::context::Context;
use super::error::ReportError;
use super::members::{CohortAnswer, answer_members};
use crate::executor::{
    Charged, CohortUnits, ExecutionError, Look, UnitCounts, Units, associated_keys, counts_up_to, first_times,
    holders_passing, keys_named, units_in, universe,
};
use crate::language::{Cohort, Condition, Membership, Report, ResolvedRange, Times};
use roaring::RoaringBitmap;
use std::borrow::Cow;
use std::cell::OnceCell;

pub(super) fn run(context: &Context<'_>, report: &Cohort) -> Result<CohortAnswer, ReportError> {
    let (units, looks) = units(context, report)?;
    let coverage = context.coverage(&looks)?;
    answer_members(context, &units, &report.page, coverage)
}

/// The units of a cohort, and what its conditions looked at.
pub(super) fn units(
    context: &Context<'_>,
    report: &Cohort,
) -> Result<(Charged<RoaringBitmap>, Vec<Look>), ReportError> {
    let mut evaluation = Evaluation { context, all: OnceCell::new(), looks: Vec::new() };
    let units = evaluation.units(&report.where_)?;
    Ok((units, evaluation.looks))
}

/// A cohort's condition on its way to the set of its units.
struct Evaluation<'a, 'c> {
    context: &'c Context<'a>,
    /// All units there are, once a condition asks for those that did not do something.
    all: OnceCell<Charged<RoaringBitmap>>,
    /// What the conditions looked at.
    looks: Vec<Look>,
}

/// Who did something.
enum Did {
    /// At least once.
    Units(Charged<RoaringBitmap>),
    /// How often, by unit number.
    Counts(UnitCounts),
}

impl Evaluation<'_, '_> {
    fn units(&mut self, condition: &Condition) -> Result<Charged<RoaringBitmap>, ReportError> {
        let context = self.context;
        context.check()?;
        match condition {
            Condition::All(conditions) => {
                let mut met: Option<Charged<RoaringBitmap>> = None;
                for condition in conditions {
                    match (&mut met, condition) {
                        (Some(units), Condition::Not(inner)) => **units -= &*self.units(inner)?,
                        (Some(units), condition) => **units &= &*self.units(condition)?,
                        (None, condition) => met = Some(self.units(condition)?),
                    }
                }
                match met {
                    Some(units) => Ok(units),
                    None => context.charged(self.all()?.clone()),
                }
            }
            Condition::Any(conditions) => {
                let mut units = context.charged(RoaringBitmap::new())?;
                for condition in conditions {
                    *units |= &*self.units(condition)?;
                    units.settle().map_err(|stop| context.failed(stop))?;
                }
                Ok(units)
            }
            Condition::Not(inner) => {
                let units = self.units(inner)?;
                context.charged(self.all()? - &*units)
            }
            Condition::Did { event, times, from, to } => {
                let range = context.scope.resolve_within(from, to, context.clock)?;
                let look = context.look_within(event, range)?;
                let counts = || self.counts(&look, times);
                let units = context.stage(|| format!("did `{}`", event.label()), counts)?;
                let units = match units {
                    Did::Units(units) => units,
                    Did::Counts(counts) => {
                        let passing = times.passing();
                        if passing.contains(&0) {
                            // Who never did it is no key of the counts, but may be a unit.
                            let passes = |unit: u32| passing.contains(&counts.of(unit as usize));
                            context.collect(self.all()?.iter().map(|unit| passes(unit).then_some(unit)))?
                        } else {
                            let passes = |unit: usize| passing.contains(&counts.of(unit));
                            Charged::passing(context.run.guard, counts.units(), passes)
                                .map_err(|stop| context.failed(stop))?
                        }
                    }
                };
                self.looks.push(look);
                Ok(units)
            }
            Condition::FirstDid { event, from, to } => {
                let range = context.scope.resolve_within(from, to, context.clock)?;
                let look = context.look_within(event, range)?;
                let units = context.stage(
                    || format!("first did `{}`", event.label()),
                    || {
                        let first = first_times(context.query, &look.within(ResolvedRange::ALL))?;
                        Ok(Charged::passing(context.query.guard, first.len(), |unit| range.contains(first[unit]))?)
                    },
                )?;
                self.looks.push(look);
                Ok(units)
            }
            Condition::Property { path, test } => {
                let all = self.all()?;
                let passing = || holders_passing(context.query, all, path, |value| test.passes(value));
                context.stage(|| format!("property `{path}`"), passing)
            }
            Condition::Cohort(name) => {
                let members = &self.cohort_of(name, context.query.units)?.members;
                context.charged(&**members & self.all()?)
            }
            Condition::MemberOf(membership) => self.member_of(membership),
            Condition::HasMemberIn(name) => self.has_member_in(name),
            Condition::Report(report) => self.behind(report),
        }
    }

    /// All units there are.
    fn all(&self) -> Result<&RoaringBitmap, ReportError> {
        if let Some(all) = self.all.get() {
            return Ok(all);
        }
        let all = self.context.stage(|| "all units".to_owned(), || universe(self.context.query))?;
        Ok(self.all.get_or_init(|| all))
    }

    /// How often units did something, or who did it where that is all that is asked.
    fn counts(&self, look: &Look, times: &Times) -> Result<Did, ExecutionError> {
        if *times == Times::at_least(1) {
            return Ok(Did::Units(units_in(self.context.query, look)?));
        }
        let most = usize::try_from(times.decisive()).unwrap_or(usize::MAX);
        Ok(Did::Counts(counts_up_to(self.context.query, look, most)?))
    }

    /// A saved cohort, which must be one of these units.
    fn cohort_of(&self, name: &str, units: Units) -> Result<&CohortUnits, ReportError> {
        let found = self.context.cohorts.get(name).filter(|cohort| cohort.units == units);
        found.map(|cohort| &**cohort).ok_or_else(|| self.other_units(name))
    }

    /// A cohort is of other units than a condition can use. Lines that would lead here are refused, so that only the
    /// document's own conditions do.
    fn other_units(&self, name: &str) -> ReportError {
        let counted = self.context.cohorts.get(name).map(|cohort| cohort.units);
        ReportError::OtherUnits { name: name.to_owned(), counted: self.context.units_name(counted) }
    }

    fn member_of(&self, membership: &Membership) -> Result<Charged<RoaringBitmap>, ReportError> {
        let context = self.context;
        let (group_type, keys) = match membership {
            Membership::Keys { group, keys } => {
                let group_type = context.group_type(group)?;
                let keys = context
                    .stage(|| "names of keys".to_owned(), || Ok(keys_named(context.query, group_type, keys)?))?;
                (group_type, Cow::Owned(keys))
            }
            Membership::Cohort(name) => {
                let other = || self.other_units(name);
                let cohort = context.cohorts.get(name).ok_or_else(other)?;
                let Units::Keys(group_type) = cohort.units else { return Err(other()) };
                (group_type, Cow::Borrowed(&*cohort.members))
            }
        };
        let belongs = |key: &Option<u32>| key.is_some_and(|key| keys.contains(key));
        context.stage(
            || "members".to_owned(),
            || {
                let current = associated_keys(context.query, group_type)?;
                let members = (0..).zip(current.iter()).map(|(user, key)| belongs(key).then_some(user));
                Ok(Charged::collect(context.query.guard, members)?)
            },
        )
    }

    fn has_member_in(&self, name: &str) -> Result<Charged<RoaringBitmap>, ReportError> {
        let context = self.context;
        let users = &self.cohort_of(name, Units::Users)?.members;
        let Some(group_type) = context.query.group_type() else {
            return Err(self.other_units(name));
        };
        context.stage(
            || "members".to_owned(),
            || {
                let current = associated_keys(context.query, group_type)?;
                let keys = users.iter().map(|user| current.get(user as usize).copied().flatten());
                Ok(Charged::collect(context.query.guard, keys)?)
            },
        )
    }

    /// The units behind a number of another report.
    fn behind(&self, report: &Report) -> Result<Charged<RoaringBitmap>, ReportError> {
        let context = Context::new(self.context.run, report, self.context.clock)?;
        // The language has seen to it that the report has `units`, and of this kind.
        behind::units(&context, report)
    }
}

#[cfg(test)]
mod tests {
    use crate::files::sim::SimDisk;
    use crate::language::Report;
    use crate::model::{Event, Timestamp};
    use crate::reports;
    use crate::store::{Environment, FixedEnvironment, Options, Store};
    use serde_json::json;
    use std::sync::Arc;

    /// Whether a count passes beside a bound.
    type Passes = fn(i64, i64) -> bool;

    #[test]
    fn how_often_is_told_exactly_beyond_what_a_byte_holds() {
        let environment: Arc<dyn Environment> = Arc::new(FixedEnvironment::new(Timestamp::clamped(0)));
        let store = Store::open_storage(Arc::new(SimDisk::new()), environment, Options::default()).unwrap();
        let counts = [1, 253, 254, 255, 256, 257, 300, 600];
        // Of each user's rows some are in either segment.
        for part in 0..2 {
            let of_user = |count: i64| {
                let rows = (0..count).filter(move |number| number % 2 == part);
                rows.map(move |number| {
                    Event::new(format!("u{count}"), "e").unwrap().at(Timestamp::clamped(number * 3_600_000_000)).into()
                })
            };
            store.write(counts.into_iter().flat_map(of_user)).unwrap();
            store.seal().unwrap();
        }
        let snapshot = store.snapshot().unwrap();
        for bound in [253, 254, 255, 256, 257, 599] {
            let passing: [(&str, Passes); 5] = [
                ("gt", |count, bound| count > bound),
                ("gte", |count, bound| count >= bound),
                ("lt", |count, bound| count < bound),
                ("lte", |count, bound| count <= bound),
                ("is", |count, bound| count == bound),
            ];
            for (word, passes) in passing {
                // Whole days, for which bitmaps may answer, and none.
                for to in ["1970-03-01", "1970-02-28T12:00:00Z"] {
                    let did = json!({"did": "e", "times": {word: bound}, "from": "1970-01-01", "to": to});
                    let document = json!({"report": "cohort", "where": did}).to_string();
                    let answer = reports::run(&snapshot, &Report::parse(&document).unwrap(), Timestamp::MAX).unwrap();
                    let answer = serde_json::to_value(answer).unwrap();
                    let expected = counts.iter().filter(|count| passes(**count, bound)).count();
                    assert_eq!(answer["size"], json!(expected), "{word} {bound} until {to}");
                }
            }
        }
    }
}
