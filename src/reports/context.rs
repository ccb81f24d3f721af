//! What the parts of one report share: the snapshot, what is counted, the range, and the checks of names.

use super::error::ReportError;
use crate::codec::DecodeError;
use crate::executor::{CompileError, Coverage, Look, Query, Units, coverage};
use crate::language::{Filter, Matcher, Report, ResolvedRange, Scope};
use crate::model::{GroupTypeId, StoredName, Timestamp};
use crate::store::{Snapshot, StoreError, UnknownName};

/// See the module.
pub(super) struct Context<'a> {
    pub query: Query<'a>,
    pub range: ResolvedRange,
    pub now: Timestamp,
    seen: Option<&'a Filter>,
}

impl<'a> Context<'a> {
    /// Checks that what the document names exists, and resolves what its parts share.
    pub fn new(snapshot: &'a Snapshot, report: &'a Report, now: Timestamp) -> Result<Self, ReportError> {
        let references = report.references();
        for group_type in &references.group_types {
            check_group_type(snapshot, group_type)?;
        }
        for cohort in &references.cohorts {
            if !snapshot.cohorts().contains_key(cohort) {
                let known = snapshot.cohorts().keys().map(String::as_str);
                return Err(UnknownName::new("cohort", cohort, known).into());
            }
        }
        report.check_times(now)?;
        let scope: &Scope = report.scope();
        let units = match scope.count_by.group_type() {
            None => Units::Users,
            Some(group_type) => Units::Keys(check_group_type(snapshot, group_type)?),
        };
        let query = Query { snapshot, units };
        Ok(Self { query, range: scope.resolve(now)?, now, seen: scope.filter.as_ref() })
    }

    /// Wraps damage.
    pub fn damaged(&self, damage: DecodeError) -> ReportError {
        self.failed(CompileError::Damage(damage))
    }

    /// Wraps what the executor met.
    pub fn failed(&self, error: CompileError) -> ReportError {
        ReportError::from_executor(self.query.snapshot.location(), error)
    }

    /// The rows that a matcher asks for, among those that the report sees, in the report's range.
    pub fn look(&self, matcher: &Matcher) -> Result<Look, ReportError> {
        self.look_within(matcher, self.range)
    }

    /// The same in another range.
    pub fn look_within(&self, matcher: &Matcher, range: ResolvedRange) -> Result<Look, ReportError> {
        Look::new(self.query.snapshot, matcher, self.seen, range).map_err(|damage| self.damaged(damage))
    }

    /// What the looks looked at.
    pub fn coverage(&self, looks: &[Look]) -> Result<Coverage, ReportError> {
        coverage(self.query, looks).map_err(|error| self.failed(error))
    }
}

fn check_group_type(snapshot: &Snapshot, name: &str) -> Result<GroupTypeId, ReportError> {
    let damaged = |damage| ReportError::Store(StoreError::Damaged { location: snapshot.location().to_owned(), damage });
    let Some(group_type) = snapshot.group_type(name).map_err(damaged)? else {
        let names = snapshot.names().read();
        let known = snapshot.group_types().filter_map(|id| names.list(StoredName::GroupType).name(id.raw()).ok());
        return Err(UnknownName::new("group type", name, known).into());
    };
    if snapshot.settings().only_declared && !snapshot.settings().is_declared(group_type) {
        return Err(ReportError::Undeclared { name: name.to_owned() });
    }
    Ok(group_type)
}
