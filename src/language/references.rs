//! What a document names that only the stored data can confirm, and the times it contains.

use super::breakdown::Breakdown;
use super::clock::Clock;
use super::condition::{Condition, Membership};
use super::filter::{Filter, Of, Property};
use super::matcher::{Events, Matcher};
use super::paths::Anchor;
use super::scope::{CountBy, Scope};
use super::series::Source;
use super::{DocumentError, Report};
use std::collections::BTreeSet;

/// What a condition asks of a cohort that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CohortKind {
    /// That it counts just these units.
    Of(CountBy),
    /// That it counts keys, of any type.
    OfKeys,
}

/// The names in a document, reports inside conditions included. What saved cohorts name in turn is not here.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct References {
    /// Saved cohorts.
    pub cohorts: BTreeSet<String>,
    /// Those of them in conditions, each with what it must be one of.
    pub cohort_kinds: Vec<(String, CohortKind)>,
    /// Group types.
    pub group_types: BTreeSet<String>,
    /// Event names.
    pub events: BTreeSet<String>,
}

impl Report {
    /// The cohorts, group types and events that the document names.
    pub fn references(&self) -> References {
        let mut found = References::default();
        found.report(self);
        found
    }

    /// Resolves every range of the document, without any data: its own, those of conditions, and those of reports
    /// inside conditions, which take this document's `now` unless they have their own.
    ///
    /// # Errors
    /// Where a range ends before it begins, or a bound lies before the year 1.
    pub fn check_times(&self, clock: Clock<'_>) -> Result<(), DocumentError> {
        self.scope().resolve(clock)?;
        match self {
            Self::Cohort(report) => check_condition(&report.where_, &report.scope, clock, "where"),
            _ => Ok(()),
        }
    }
}

fn check_condition(condition: &Condition, scope: &Scope, clock: Clock<'_>, path: &str) -> Result<(), DocumentError> {
    match condition {
        Condition::All(conditions) | Condition::Any(conditions) => {
            let kind = if matches!(condition, Condition::All(_)) { "all" } else { "any" };
            let mut places = conditions.iter().enumerate();
            places.try_for_each(|(i, inner)| check_condition(inner, scope, clock, &format!("{path}.{kind}[{i}]")))
        }
        Condition::Not(inner) => check_condition(inner, scope, clock, &format!("{path}.not")),
        Condition::Did { from, to, .. } | Condition::FirstDid { from, to, .. } => {
            scope.resolve_within(from, to, clock).map(drop).map_err(|error| error.inside(path))
        }
        Condition::Report(report) => {
            report.check_times(scope.inner(clock)?).map_err(|error| error.inside(&format!("{path}.report")))
        }
        Condition::Property { .. } | Condition::Cohort(_) | Condition::MemberOf(_) | Condition::HasMemberIn(_) => {
            Ok(())
        }
    }
}

impl References {
    fn report(&mut self, report: &Report) {
        self.scope(report.scope());
        match report {
            Report::Trends(report) => {
                for series in &report.series {
                    match &series.source {
                        Source::Events { event, .. } => self.matcher(event),
                        Source::PropertyOf { of, .. } => self.count_by(of),
                    }
                }
                self.breakdowns(&report.breakdown);
            }
            Report::Funnel(report) => {
                report.steps.iter().for_each(|step| self.matcher(step));
                report.exclude.iter().for_each(|exclusion| self.matcher(&exclusion.event));
                self.breakdowns(&report.breakdown);
            }
            Report::Retention(report) => {
                self.matcher(&report.start);
                self.matcher(&report.return_);
            }
            Report::Cohort(report) => self.condition(&report.where_, &report.scope.count_by),
            Report::Stickiness(report) => self.matcher(&report.event),
            Report::Lifecycle(report) => self.matcher(&report.event),
            Report::Paths(report) => match &report.anchor {
                Anchor::First => {}
                Anchor::Start(event) | Anchor::End(event) => self.matcher(event),
            },
        }
    }

    fn scope(&mut self, scope: &Scope) {
        self.count_by(&scope.count_by);
        scope.filter.iter().for_each(|filter| self.filter(filter));
    }

    fn count_by(&mut self, count_by: &CountBy) {
        self.group_types.extend(count_by.group_type().map(str::to_owned));
    }

    fn matcher(&mut self, matcher: &Matcher) {
        if let Events::Named(names) = &matcher.events {
            self.events.extend(names.iter().cloned());
        }
        matcher.filter.iter().for_each(|filter| self.filter(filter));
    }

    fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::Property(filter) => self.property(&filter.property),
            Filter::GroupKey { group, .. } => {
                self.group_types.insert(group.clone());
            }
            Filter::Cohort(name) => {
                self.cohorts.insert(name.clone());
            }
            Filter::All(filters) | Filter::Any(filters) => filters.iter().for_each(|filter| self.filter(filter)),
            Filter::Not(filter) => self.filter(filter),
        }
    }

    fn property(&mut self, property: &Property) {
        if let Of::Group(group) = &property.of {
            self.group_types.insert(group.clone());
        }
    }

    fn breakdowns(&mut self, breakdowns: &[Breakdown]) {
        for breakdown in breakdowns {
            match breakdown {
                Breakdown::Property(property) => self.property(property),
                Breakdown::Group(group) => {
                    self.group_types.insert(group.clone());
                }
                Breakdown::Cohort(name) => {
                    self.cohorts.insert(name.clone());
                }
            }
        }
    }

    fn condition(&mut self, condition: &Condition, count_by: &CountBy) {
        match condition {
            Condition::All(conditions) | Condition::Any(conditions) => {
                conditions.iter().for_each(|condition| self.condition(condition, count_by));
            }
            Condition::Not(condition) => self.condition(condition, count_by),
            Condition::Did { event, .. } | Condition::FirstDid { event, .. } => self.matcher(event),
            Condition::Property { .. } => {}
            Condition::Cohort(name) => self.cohort(name, CohortKind::Of(count_by.clone())),
            Condition::HasMemberIn(name) => self.cohort(name, CohortKind::Of(CountBy::Users)),
            Condition::MemberOf(Membership::Cohort(name)) => self.cohort(name, CohortKind::OfKeys),
            Condition::MemberOf(Membership::Keys { group, .. }) => {
                self.group_types.insert(group.clone());
            }
            Condition::Report(report) => self.report(report),
        }
    }

    fn cohort(&mut self, name: &str, kind: CohortKind) {
        self.cohorts.insert(name.to_owned());
        self.cohort_kinds.push((name.to_owned(), kind));
    }
}
