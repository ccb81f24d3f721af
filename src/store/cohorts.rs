//! Saved cohorts, and how they build on one another.
//!
//! Invariants: what a cohort refers to exists, is of the units that it asks for, and does not lead back to it; chains of
//! references are at most [`DEPTH_MAX`] long. A line that would break one of these is refused when it arrives.

use crate::language::{Clock, CohortKind, References, Report, Zone};
use crate::model::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many cohorts a chain of references may have.
pub const DEPTH_MAX: usize = 64;

/// A saved cohort.
#[derive(Debug)]
pub struct CohortDefinition {
    /// Its document: a cohort report.
    pub report: Report,
    /// What the document names.
    pub references: References,
}

/// Saved cohorts by name.
#[derive(Clone, Debug, Default)]
pub struct Cohorts {
    by_name: BTreeMap<String, Arc<CohortDefinition>>,
}

impl CohortDefinition {
    /// Reads a saved document.
    ///
    /// # Errors
    /// When it is no cohort report; in one sentence.
    pub fn parse(report: &str) -> Result<Self, String> {
        match Report::parse(report) {
            Ok(report @ Report::Cohort(_)) => Ok(Self { references: report.references(), report }),
            Ok(_) => {
                Err("its document is another kind of report; save a document with \"report\":\"cohort\"".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether it counts what another document wants of it.
    fn is(&self, kind: &CohortKind) -> bool {
        match kind {
            CohortKind::Of(count_by) => self.report.scope().count_by == *count_by,
            CohortKind::OfKeys => self.report.scope().count_by.group_type().is_some(),
        }
    }
}

impl Cohorts {
    /// The cohort of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<CohortDefinition>> {
        self.by_name.get(name)
    }

    /// All names, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Keeps a cohort under its name, in the place of what had it.
    pub(super) fn insert(&mut self, name: String, cohort: Arc<CohortDefinition>) {
        self.by_name.insert(name, cohort);
    }

    /// Why a cohort may not be saved under a name, if so. `now` is the instant of its arrival.
    pub(super) fn problem(&self, name: &str, cohort: &CohortDefinition, now: Timestamp) -> Option<String> {
        let others = &cohort.references.cohorts;
        if let Some(unknown) = others.iter().find(|other| *other != name && self.get(other).is_none()) {
            return Some(format!("it names the cohort `{unknown}`, which does not exist; save that one first"));
        }
        if others.contains(name) || self.reaches(others, name) {
            return Some("it refers to itself, directly or through others; break the circle".to_owned());
        }
        if self.depth_with(name, cohort) > DEPTH_MAX {
            return Some(format!("cohorts would build on one another more than {DEPTH_MAX} deep; flatten the chain"));
        }
        let unlike = |(other, kind): &&(String, CohortKind)| self.get(other).is_some_and(|other| !other.is(kind));
        if let Some((other, _)) = cohort.references.cohort_kinds.iter().find(unlike) {
            return Some(format!(
                "the cohort `{other}` counts other units than are asked for; use `member_of` and `has_member_in` to go \
                 between users and keys"
            ));
        }
        let relies = |other: &&String| {
            let kinds = &self.by_name[*other].references.cohort_kinds;
            kinds.iter().any(|(used, kind)| used == name && !cohort.is(kind))
        };
        if let Some(other) = self.dependants(name).find(relies) {
            return Some(format!("the cohort `{other}` builds on it and needs it to count what it counted before"));
        }
        never_valid(&cohort.report, now)
    }

    /// The cohorts that refer to one directly.
    fn dependants<'c>(&'c self, name: &str) -> impl Iterator<Item = &'c String> {
        // Only what is there already can be referred to.
        let known = self.by_name.contains_key(name);
        let refers = move |cohort: &CohortDefinition, name: &str| known && cohort.references.cohorts.contains(name);
        let name = name.to_owned();
        self.by_name.iter().filter(move |(_, cohort)| refers(cohort, &name)).map(|(other, _)| other)
    }

    /// Whether following references from `from` leads to `name`.
    fn reaches(&self, from: &BTreeSet<String>, name: &str) -> bool {
        if !self.by_name.contains_key(name) {
            return false;
        }
        let mut waiting: Vec<&String> = from.iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = waiting.pop() {
            if next == name {
                return true;
            }
            if seen.insert(next)
                && let Some(cohort) = self.get(next)
            {
                waiting.extend(&cohort.references.cohorts);
            }
        }
        false
    }

    /// The longest chain that goes through a cohort once it is saved. There is no circle.
    fn depth_with(&self, name: &str, cohort: &CohortDefinition) -> usize {
        let mut below = BTreeMap::new();
        let under = cohort.references.cohorts.iter().map(|other| self.depth_below(other, &mut below)).max();
        let mut above = BTreeMap::new();
        1 + under.unwrap_or(0) + self.depth_above(name, &mut above)
    }

    /// The longest chain that starts with a cohort; chains of saved cohorts are short.
    fn depth_below<'c>(&'c self, name: &'c str, known: &mut BTreeMap<&'c str, usize>) -> usize {
        if let Some(depth) = known.get(name) {
            return *depth;
        }
        let others = self.get(name).map(|cohort| &cohort.references.cohorts);
        let deepest = others.into_iter().flatten().map(|other| self.depth_below(other, known)).max();
        known.insert(name, 1 + deepest.unwrap_or(0));
        1 + deepest.unwrap_or(0)
    }

    /// The longest chain of cohorts that lead to one, without itself.
    fn depth_above(&self, name: &str, known: &mut BTreeMap<String, usize>) -> usize {
        if let Some(depth) = known.get(name) {
            return *depth;
        }
        let dependants: Vec<&String> = self.dependants(name).collect();
        let depth = dependants.into_iter().map(|other| 1 + self.depth_above(other, known)).max().unwrap_or(0);
        known.insert(name.to_owned(), depth);
        depth
    }
}

/// The zones whose days begin first and last, and UTC.
const ZONES: [&str; 3] = ["UTC", "Etc/GMT-14", "Etc/GMT+12"];

/// Why a document's ranges end before they begin whenever and wherever it is asked. A relative range may be valid at
/// another time, and dates without a time zone in another workspace, into which it may be imported.
fn never_valid(report: &Report, now: Timestamp) -> Option<String> {
    let zones: Vec<Zone> = ZONES.iter().filter_map(|name| Zone::named(name)).collect();
    let mut problem = None;
    for now in [now, Timestamp::clamped(0), Timestamp::MAX] {
        for zone in &zones {
            let error = report.check_times(Clock { now, zone }).err()?;
            problem.get_or_insert(error);
        }
    }
    problem.map(|error| error.to_string())
}
