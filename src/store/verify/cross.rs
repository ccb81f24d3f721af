//! What files must agree on: names and their ids, arrivals, and what the manifest says.

use super::logs::check_logs;
use super::{Opened, VerifyReport};
use crate::codec::DecodeError;
use crate::dictionary::Dictionaries;
use crate::log::LogEnd;
use crate::model::{Arrival, IdSets, StoredName};
use crate::store::cohorts::CohortDefinition;
use crate::store::manifest::{MANIFEST, Manifest, dictionary_name, log_name};
use bytes::Bytes;
use roaring::RoaringTreemap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The names of a store while its files are compared.
pub(super) struct Names {
    pub dictionaries: Dictionaries,
    /// Whether all of them are known; if not, ids are not judged.
    pub are_known: bool,
    /// Ids whose names were erased: nothing may refer to them.
    pub erased: IdSets,
}

impl Names {
    /// The greatest of some ids that has no name.
    fn unknown(&self, ids: &BTreeMap<StoredName, u32>) -> Option<(StoredName, u32)> {
        let mut ids = ids.iter().filter(|_| self.are_known);
        ids.find(|(list, id)| **id >= self.dictionaries.list(**list).len()).map(|(list, id)| (*list, *id))
    }
}

/// Damage of a file as a whole.
pub(super) fn damage(problem: impl Into<String>, file: &Arc<str>) -> DecodeError {
    DecodeError::new(problem, 0).in_file(file)
}

/// Compares everything; `logs` is what was read of each log of the manifest.
pub(super) fn check(
    report: &mut VerifyReport,
    manifest: &Manifest,
    opened: &Opened,
    logs: &[Option<Bytes>],
    last_end: LogEnd,
) {
    let is_whole = report.damage.is_empty();
    check_manifest(report, manifest);
    let mut names = check_names(report, manifest, opened);
    let mut sealed = Sealed { end: manifest.sealed_arrivals, seen: RoaringTreemap::new() };
    sealed.check_segments(report, opened, &names);
    sealed.check_profiles(report, opened, &names);
    // What a damaged file held is not missed a second time.
    let (found, erased) = (sealed.seen.len(), manifest.erased_arrivals);
    if is_whole && report.damage.is_empty() && found.checked_add(erased) != Some(manifest.sealed_arrivals) {
        let all = manifest.sealed_arrivals;
        let problem = format!("of {all} sealed arrivals {erased} were erased and {found} are in files");
        report.damage.push(damage(problem, &Arc::from(MANIFEST)));
    }
    if report.damage.is_empty() {
        check_erased(report, opened, &names);
    }
    check_logs(report, manifest, logs, last_end, &mut names);
}

/// Nothing sealed refers to an erased name.
fn check_erased(report: &mut VerifyReport, opened: &Opened, names: &Names) {
    let mut check = |file: &Arc<str>, add: &dyn Fn(&mut IdSets) -> Result<(), DecodeError>| {
        let mut in_use = IdSets::new();
        if let Err(error) = add(&mut in_use) {
            report.damage.push(error.in_file(file));
        }
        let found = in_use.iter().find_map(|(list, ids)| {
            let id = (ids & names.erased.get(list)?).min()?;
            Some((*list, id))
        });
        report.damage.extend(found.map(|erased| nameless(erased, file)));
    };
    for segment in &opened.segments {
        check(segment.file(), &|in_use| segment.add_ids(in_use));
    }
    for part in &opened.profiles {
        check(part.file(), &|in_use| part.add_ids(in_use));
    }
}

fn check_manifest(report: &mut VerifyReport, manifest: &Manifest) {
    let file = Arc::from(MANIFEST);
    let sealed = manifest.segments.iter().chain(&manifest.dictionaries).chain(&manifest.profiles);
    let files: Vec<_> = sealed
        .map(|entry| (entry.number, entry.id))
        .chain(manifest.logs.iter().map(|log| (log.number, log.id)))
        .collect();
    let numbers: BTreeSet<u64> = files.iter().map(|(number, _)| *number).collect();
    let ids: BTreeSet<_> = files.iter().map(|(_, id)| *id).collect();
    if numbers.len() != files.len() || ids.len() != files.len() {
        report.damage.push(damage("the manifest names a file twice", &file));
    }
    if numbers.last().is_some_and(|last| *last >= manifest.next_file) {
        report.damage.push(damage("the manifest names files that were not made yet", &file));
    }
    if !manifest.settings.declared.is_sorted_by(|a, b| a.0 < b.0) {
        report.damage.push(damage("the declared group types are out of order", &file));
    }
    let last = manifest.logs.len().saturating_sub(1);
    if manifest.logs.iter().take(last).any(|log| !log.is_closed) {
        report.notes.push("an earlier log was not closed".to_owned());
    }
}

/// Puts the dictionary together: every id has one name, and every name one id.
fn check_names(report: &mut VerifyReport, manifest: &Manifest, opened: &Opened) -> Names {
    let mut names = Names {
        dictionaries: Dictionaries::default(),
        are_known: opened.dictionaries.len() == manifest.dictionaries.len(),
        erased: IdSets::new(),
    };
    for (part, entry) in opened.dictionaries.iter().zip(&manifest.dictionaries).filter(|_| names.are_known) {
        if let Err(error) = names.dictionaries.attach(part) {
            report.damage.push(error.in_file(&Arc::from(dictionary_name(entry.number).as_str())));
            names.are_known = false;
            break;
        }
    }
    for (list, _) in names.dictionaries.counts() {
        // What cannot be read was found when its part was read.
        let erased = names.dictionaries.list(list).erased().unwrap_or_default();
        names.erased.insert(list, erased);
    }
    if names.are_known && opened.dictionaries.len() > 1 {
        for (list, count) in names.dictionaries.counts() {
            let is_erased = |id: &u32| names.erased.get(&list).is_some_and(|erased| erased.contains(*id));
            let found = (0..count).filter(|id| !is_erased(id)).find_map(|id| {
                let names = names.dictionaries.list(list);
                match names.name(id).and_then(|name| names.find(name)) {
                    Ok(Some(found)) if found != id => Some(format!("a name has the ids {id} and {found} of its list")),
                    // What cannot be read was found when its part was read.
                    _ => None,
                }
            });
            let last = manifest.dictionaries.last().map(|entry| dictionary_name(entry.number)).unwrap_or_default();
            report.damage.extend(found.map(|problem| damage(problem, &Arc::from(last.as_str()))));
        }
    }
    let types = names.dictionaries.group_types().len();
    if names.are_known && manifest.settings.declared.iter().any(|(id, _)| *id >= types) {
        report.damage.push(damage("a declared group type has no name", &Arc::from(MANIFEST)));
    }
    names
}

/// The arrivals of sealed files.
struct Sealed {
    end: u64,
    seen: RoaringTreemap,
}

impl Sealed {
    /// Takes an arrival in; says what is wrong with it.
    fn take(&mut self, arrival: Arrival) -> Option<String> {
        let arrival = arrival.raw();
        if arrival >= self.end {
            return Some(format!("the arrival {arrival} is not below {}, the first that is not sealed", self.end));
        }
        (!self.seen.insert(arrival)).then(|| format!("the arrival {arrival} comes twice"))
    }

    fn check_segments(&mut self, report: &mut VerifyReport, opened: &Opened, names: &Names) {
        let mut before: Option<Arrival> = None;
        for segment in &opened.segments {
            let (first, last) = segment.arrivals();
            if before.is_some_and(|before| first <= before) {
                report.damage.push(damage("the segment's arrivals do not follow those before", segment.file()));
            }
            before = before.max(Some(last));
            let mut wrong = None;
            let read = segment.visit_arrivals(|arrival| wrong = wrong.take().or_else(|| self.take(arrival)));
            let extent = read.and_then(|()| segment.extent());
            // What cannot be read was found when every byte was.
            let unknown = extent.ok().and_then(|extent| names.unknown(&extent.ids));
            report.damage.extend(wrong.map(|problem| damage(problem, segment.file())));
            report.damage.extend(unknown.map(|unknown| nameless(unknown, segment.file())));
        }
    }

    fn check_profiles(&mut self, report: &mut VerifyReport, opened: &Opened, names: &Names) {
        for part in &opened.profiles {
            let Ok(extent) = part.extent() else { continue };
            let wrong = extent.arrivals.iter().find_map(|arrival| self.take(*arrival));
            report.damage.extend(wrong.map(|problem| damage(problem, part.file())));
            if extent.last_association.is_some_and(|arrival| arrival.raw() >= self.end) {
                report.damage.push(damage("an association repeats what is not sealed", part.file()));
            }
            report.damage.extend(names.unknown(&extent.ids).map(|unknown| nameless(unknown, part.file())));
            for cohort in part.cohorts().unwrap_or_default() {
                let parsed = CohortDefinition::parse(&cohort.report);
                let problem = parsed.err().map(|problem| format!("cohort `{}`: {problem}", cohort.name));
                report.damage.extend(problem.map(|problem| damage(problem, part.file())));
            }
        }
    }
}

fn nameless((list, id): (StoredName, u32), file: &Arc<str>) -> DecodeError {
    let list = match list {
        StoredName::User => "user".to_owned(),
        StoredName::Event => "event".to_owned(),
        StoredName::Property => "property".to_owned(),
        StoredName::GroupType => "group type".to_owned(),
        StoredName::GroupKey(group_type) => format!("key of the group type {group_type}"),
    };
    damage(format!("the {list} with the id {id} has no name"), file)
}

/// The name of a log, for damage.
pub(super) fn log_file(number: u64) -> Arc<str> {
    Arc::from(log_name(number).as_str())
}
