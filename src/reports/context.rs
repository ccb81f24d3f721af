//! What the parts of one report share: the snapshot, what is counted, the range, the cohorts, and the checks of names.

use super::behind;
use super::error::ReportError;
use crate::executor::{
    BreakdownValues, Charge, Charged, CohortSets, CohortUnits, Coverage, ExecutionError, Footprint, Guard, Limits,
    Look, Query, RowFilter, Stop, Trace, Units, coverage,
};
use crate::language::{Breakdown, Buckets, Clock, Matcher, Report, ResolvedRange, Scope, Zone};
use crate::model::{GroupTypeId, StoredName, Timestamp};
use crate::store::{CohortDefinition, Snapshot, StoreError, UnknownName};
use roaring::RoaringBitmap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of the start of a bucket in an answer: a string of up to 25 characters.
const LABEL_BYTES: usize = size_of::<String>() + 32;

/// One call: what its report, the saved cohorts it names and the reports inside them share.
pub(super) struct Run<'a> {
    pub snapshot: &'a Snapshot,
    pub trace: &'a Trace,
    pub guard: &'a Guard,
    limits: &'a Limits,
    /// For what is kept to the end: the parts of the answer.
    kept: RefCell<Charge>,
    /// The workspace's time zone.
    zone: Zone,
    /// Cohorts evaluated so far, by name and by the instant that their relative times count from.
    evaluated: RefCell<BTreeMap<(String, i64), Arc<CohortUnits>>>,
}

/// See the module.
pub(super) struct Context<'a> {
    pub run: &'a Run<'a>,
    pub query: Query<'a>,
    pub scope: &'a Scope,
    pub range: ResolvedRange,
    /// What relative times count from: the document's own `now`, else the instant of the call; and the workspace's zone.
    pub clock: Clock<'a>,
    pub cohorts: CohortSets,
    seen: Option<Arc<RowFilter>>,
}

impl<'a> Run<'a> {
    /// A call within limits that `guard` watches over.
    pub fn new(
        snapshot: &'a Snapshot,
        trace: &'a Trace,
        guard: &'a Guard,
        limits: &'a Limits,
    ) -> Result<Self, ReportError> {
        let kept = RefCell::new(Charge::none(guard));
        Ok(Self { snapshot, trace, guard, limits, kept, zone: snapshot.zone()?, evaluated: RefCell::default() })
    }

    /// The workspace's clock at this instant.
    pub fn clock(&self, now: Timestamp) -> Clock<'_> {
        Clock { now, zone: &self.zone }
    }

    /// Wraps damage, or tells which limit was met.
    pub fn failed(&self, error: impl Into<ExecutionError>) -> ReportError {
        match error.into() {
            ExecutionError::Damage(damage) => {
                StoreError::Damaged { location: self.snapshot.location().to_owned(), damage }.into()
            }
            ExecutionError::Stopped(Stop::Time) => {
                ReportError::TimeExceeded { limit: self.limits.time.unwrap_or_default() }
            }
            ExecutionError::Stopped(Stop::Memory) => {
                ReportError::MemoryExceeded { limit_bytes: self.limits.bytes.unwrap_or_default() }
            }
            ExecutionError::Stopped(Stop::Cancelled) => ReportError::Cancelled,
        }
    }

    /// A saved cohort, evaluated as of `now`, unless it has a `now` of its own.
    fn cohort(&self, name: &str, now: Timestamp) -> Result<Arc<CohortUnits>, ReportError> {
        // What a cohort builds on comes first, so that a chain of them takes no stack. Circles were refused.
        let mut waiting = vec![(name.to_owned(), now)];
        while let Some((next, asked)) = waiting.pop() {
            let definition = self.definition(&next)?;
            let own_now = self.own_now(definition, asked)?;
            let mut missing = Vec::new();
            for other in &definition.references.cohorts {
                if self.known(other, own_now)?.is_none() {
                    missing.push((other.clone(), own_now));
                }
            }
            if !missing.is_empty() {
                waiting.push((next, asked));
                waiting.extend(missing);
            } else if self.known(&next, asked)?.is_none() {
                let found = self.evaluate(&next, definition, own_now)?;
                self.evaluated.borrow_mut().insert((next, own_now.micros()), found);
            }
        }
        self.known(name, now)?.ok_or_else(|| self.no_cohort(name))
    }

    fn no_cohort(&self, name: &str) -> ReportError {
        UnknownName::new("cohort", name, self.snapshot.cohorts().names()).into()
    }

    fn definition(&self, name: &str) -> Result<&'a CohortDefinition, ReportError> {
        self.snapshot.cohorts().get(name).map(|cohort| &**cohort).ok_or_else(|| self.no_cohort(name))
    }

    /// What a cohort's relative times count from when it is asked for as of an instant.
    fn own_now(&self, definition: &CohortDefinition, asked: Timestamp) -> Result<Timestamp, ReportError> {
        Ok(definition.report.scope().inner(self.clock(asked))?.now)
    }

    /// A cohort that was evaluated before.
    fn known(&self, name: &str, asked: Timestamp) -> Result<Option<Arc<CohortUnits>>, ReportError> {
        let own_now = self.own_now(self.definition(name)?, asked)?;
        Ok(self.evaluated.borrow().get(&(name.to_owned(), own_now.micros())).map(Arc::clone))
    }

    fn evaluate(
        &self,
        name: &str,
        definition: &CohortDefinition,
        now: Timestamp,
    ) -> Result<Arc<CohortUnits>, ReportError> {
        let work = || {
            let context = Context::new(self, &definition.report, self.clock(now))?;
            let members = behind::units(&context, &definition.report)?;
            Ok(Arc::new(CohortUnits { units: context.query.units, members }))
        };
        let found: Result<_, ReportError> = self.trace.stage(|| format!("saved cohort `{name}`"), work);
        found.map_err(|error| error.in_cohort(name))
    }

    fn group_type(&self, name: &str) -> Result<GroupTypeId, ReportError> {
        let Some(group_type) = self.snapshot.group_type(name).map_err(|damage| self.failed(damage))? else {
            let names = self.snapshot.names().read();
            let list = names.list(StoredName::GroupType);
            let known = self.snapshot.group_types().filter_map(|id| list.name(id.raw()).ok());
            return Err(UnknownName::new("group type", name, known).into());
        };
        let settings = self.snapshot.settings();
        if settings.only_declared && !settings.is_declared(group_type) {
            return Err(ReportError::Undeclared { name: name.to_owned() });
        }
        Ok(group_type)
    }
}

impl<'a> Context<'a> {
    /// Checks that what the document names exists, and resolves what its parts share.
    pub fn new(run: &'a Run<'a>, report: &'a Report, clock: Clock<'a>) -> Result<Self, ReportError> {
        run.guard.check().map_err(|stop| run.failed(stop))?;
        let scope = report.scope();
        let references = report.references();
        for group_type in &references.group_types {
            run.group_type(group_type)?;
        }
        report.check_times(clock)?;
        let (range, clock) = (scope.resolve(clock)?, scope.inner(clock)?);
        let mut cohorts = CohortSets::new();
        for name in references.cohorts {
            let units = run.cohort(&name, clock.now)?;
            cohorts.insert(name, units);
        }
        let units = match scope.count_by.group_type() {
            None => Units::Users,
            Some(group_type) => Units::Keys(run.group_type(group_type)?),
        };
        let query = Query { snapshot: run.snapshot, units, trace: run.trace, guard: run.guard };
        let seen = scope.filter.as_ref().map(|filter| {
            run.trace.stage(|| "filter of the document".to_owned(), || RowFilter::new(query, &cohorts, filter))
        });
        let seen = seen.transpose().map_err(|error| run.failed(error))?.map(Arc::new);
        Ok(Self { run, query, scope, range, clock, cohorts, seen })
    }

    /// Whose calendar the document follows.
    pub fn zone(&self) -> &Zone {
        self.scope.zone(self.clock)
    }

    /// Wraps damage, or tells which limit was met.
    pub fn failed(&self, error: impl Into<ExecutionError>) -> ReportError {
        self.run.failed(error)
    }

    /// Does a stage's work, and wraps what ended it early. A report that was called off meanwhile ends with the stage.
    pub fn stage<T>(
        &self,
        name: impl FnOnce() -> String,
        work: impl FnOnce() -> Result<T, ExecutionError>,
    ) -> Result<T, ReportError> {
        let done = self.run.trace.stage(name, work).map_err(|error| self.failed(error))?;
        self.check()?;
        Ok(done)
    }

    /// Whether the report may go on: see [`Guard::check`].
    pub fn check(&self) -> Result<(), ReportError> {
        self.run.guard.check().map_err(|stop| self.failed(stop))
    }

    /// Charges for something for as long as it lives.
    pub fn charged<T: Footprint>(&self, value: T) -> Result<Charged<T>, ReportError> {
        Charged::new(self.run.guard, value).map_err(|stop| self.failed(stop))
    }

    /// The numbers of those items that have one.
    pub fn collect(&self, items: impl IntoIterator<Item = Option<u32>>) -> Result<Charged<RoaringBitmap>, ReportError> {
        Charged::collect(self.run.guard, items).map_err(|stop| self.failed(stop))
    }

    /// Charges for so many bytes for as long as the charge lives.
    pub fn charge(&self, bytes: usize) -> Result<Charge, ReportError> {
        Charge::of(self.run.guard, bytes).map_err(|stop| self.failed(stop))
    }

    /// Charges for a part of the answer, which is kept to the end.
    pub fn keep(&self, bytes: usize) -> Result<(), ReportError> {
        self.run.kept.borrow_mut().add(bytes).map_err(|stop| self.failed(stop))
    }

    /// The starts of all buckets as they are written, for the answer.
    pub fn labels(&self, buckets: &Buckets) -> Result<Vec<String>, ReportError> {
        self.keep(buckets.len() * LABEL_BYTES)?;
        self.check()?;
        Ok(buckets.labels())
    }

    /// What units are, for messages.
    pub fn units_name(&self, units: Option<Units>) -> String {
        match units {
            Some(Units::Keys(group_type)) => match self.run.snapshot.name(StoredName::GroupType, group_type.raw()) {
                Ok(name) => format!("keys of `{name}`"),
                Err(_) => "keys".to_owned(),
            },
            _ => "users".to_owned(),
        }
    }

    /// The group type of this name, as an id.
    pub fn group_type(&self, name: &str) -> Result<GroupTypeId, ReportError> {
        self.run.group_type(name)
    }

    /// The rows that a matcher asks for, among those that the report sees, in the report's range.
    pub fn look(&self, matcher: &Matcher) -> Result<Look, ReportError> {
        self.look_within(matcher, self.range)
    }

    /// The same in another range.
    pub fn look_within(&self, matcher: &Matcher, range: ResolvedRange) -> Result<Look, ReportError> {
        let look = || Look::new(self.query, &self.cohorts, matcher, self.seen.as_ref(), range);
        match matcher.filter {
            None => look().map_err(|error| self.failed(error)),
            Some(_) => self.stage(|| format!("filter of `{}`", matcher.label()), look),
        }
    }

    /// All events that the report sees, in a range.
    pub fn look_at_all(&self, range: ResolvedRange) -> Look {
        Look::seen(self.seen.as_ref(), range)
    }

    /// The values that a document splits by; `None` where it splits by nothing.
    pub fn breakdown(&self, breakdowns: &[Breakdown]) -> Result<Option<BreakdownValues>, ReportError> {
        if breakdowns.is_empty() {
            return Ok(None);
        }
        let resolve = || BreakdownValues::new(self.query, &self.cohorts, breakdowns);
        self.stage(|| "values of the breakdown".to_owned(), resolve).map(Some)
    }

    /// What the looks looked at.
    pub fn coverage(&self, looks: &[Look]) -> Result<Coverage, ReportError> {
        self.stage(|| "coverage".to_owned(), || coverage(self.query, looks))
    }
}
