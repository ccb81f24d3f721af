//! Paths: what units do next after a first event, or what they did before a last one.

use super::answer::Coverage;
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Charged, Direction, Look, Trail, trails};
use crate::language::{Anchor, DocumentError, Paths, PathsTo, PathsUnits};
use crate::model::StoredName;
use hashbrown::HashMap;
use roaring::RoaringBitmap;
use serde::Serialize;
use std::collections::BTreeMap;

pub use crate::language::PathsEnd;

/// The answer to a paths report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathsAnswer {
    /// What units did at each step, most units first, the rest of a step last.
    pub nodes: Vec<PathsNode>,
    /// How units went from one step to the next.
    pub links: Vec<PathsLink>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// One event at one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathsNode {
    /// How many steps from the anchor; 0 is the anchor itself.
    pub step: usize,
    /// The event's name; null for the rest.
    pub event: Option<String>,
    /// Whether this is the rest: all events beyond the limit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
    /// Units that did it at this step.
    pub count: u64,
}

/// Units that went from one node to another, or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathsLink {
    /// The step of `from`; that of `to` is one more.
    pub step: usize,
    /// Where they were.
    pub from: PathsEnd,
    /// Where they went; null where the path ends.
    pub to: Option<PathsEnd>,
    /// How many units did so.
    pub count: u64,
}

/// Bytes of the two names of a link, mostly.
const LINK_NAMES_BYTES: usize = 64;

/// The events of a step that are shown, best first; the place after the last stands for the rest.
struct Step {
    names: Vec<String>,
    place_of: HashMap<u32, usize>,
}

impl Step {
    fn rank(context: &Context<'_>, trails: &[Trail], step: usize, limit: usize) -> Result<Self, ReportError> {
        let mut counts: HashMap<u32, u64> = HashMap::new();
        for trail in context.query.guard.watch(trails) {
            let Some(event) = trail.map_err(|stop| context.failed(stop))?.events.get(step) else { continue };
            *counts.entry(event.raw()).or_default() += 1;
        }
        let mut ranked = Vec::with_capacity(counts.len());
        for (event, count) in counts {
            let name = context.query.snapshot.name(StoredName::Event, event);
            ranked.push((count, name.map_err(|damage| context.failed(damage))?, event));
        }
        ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        ranked.truncate(limit);
        let place_of = ranked.iter().enumerate().map(|(place, (_, _, event))| (*event, place)).collect();
        Ok(Self { names: ranked.into_iter().map(|(_, name, _)| name).collect(), place_of })
    }

    /// Where a trail is at this step; `None` when it has ended.
    fn place(&self, trail: &Trail, step: usize) -> Option<usize> {
        let event = trail.events.get(step)?;
        Some(self.place_of.get(&event.raw()).copied().unwrap_or(self.names.len()))
    }

    fn end(&self, place: usize) -> PathsEnd {
        self.names.get(place).map_or(PathsEnd::Other, |name| PathsEnd::Event(name.clone()))
    }

    /// The place of the node that a field of `units` names.
    fn named(&self, field: &str, end: &PathsEnd) -> Result<usize, DocumentError> {
        match end {
            PathsEnd::Other => Ok(self.names.len()),
            PathsEnd::Event(name) => self.names.iter().position(|own| own == name).ok_or_else(|| {
                let sentence = "the result shows no such event at this step; give one that it shows, or `other`";
                DocumentError::rule(format!("units.{field}"), sentence)
            }),
        }
    }
}

/// The events at which paths begin or end.
pub(super) fn anchor(context: &Context<'_>, report: &Paths) -> Result<Look, ReportError> {
    match &report.anchor {
        Anchor::First => Ok(context.look_at_all(context.range)),
        Anchor::Start(matcher) | Anchor::End(matcher) => context.look(matcher),
    }
}

fn found(context: &Context<'_>, report: &Paths, anchor: &Look) -> Result<Charged<Vec<Trail>>, ReportError> {
    let seen = context.look_at_all(context.range);
    let direction = match &report.anchor {
        Anchor::First | Anchor::Start(_) => Direction::Forward,
        Anchor::End(_) => Direction::Backward,
    };
    context.stage(|| "trails".to_owned(), || trails(context.query, &seen, anchor, direction, report.steps))
}

/// The units of one number of the answer.
pub(super) fn units(
    context: &Context<'_>,
    report: &Paths,
    asked: &PathsUnits,
) -> Result<Charged<RoaringBitmap>, ReportError> {
    let trails = found(context, report, &anchor(context, report)?)?;
    let step = Step::rank(context, &trails, asked.step, report.limit)?;
    let at = step.named(if asked.to.is_some() { "from" } else { "event" }, &asked.at)?;
    let next = asked.step + 1;
    let to = match &asked.to {
        None => None,
        Some(PathsTo::Nothing) => Some((None, None)),
        Some(PathsTo::Next(end)) => {
            let step = Step::rank(context, &trails, next, report.limit)?;
            let place = step.named("to", end)?;
            Some((Some(step), Some(place)))
        }
    };
    let is_behind = |trail: &Trail| {
        let goes = match &to {
            None => true,
            Some((None, _)) => trail.events.len() <= next,
            Some((Some(step), place)) => step.place(trail, next) == *place,
        };
        goes && step.place(trail, asked.step) == Some(at)
    };
    context.collect(trails.iter().map(|trail| is_behind(trail).then_some(trail.unit)))
}

pub(super) fn run(context: &Context<'_>, report: &Paths) -> Result<PathsAnswer, ReportError> {
    let anchor = anchor(context, report)?;
    let trails = found(context, report, &anchor)?;
    let ranked = |step| Step::rank(context, &trails, step, report.limit);
    let steps = (0..=report.steps).map(ranked).collect::<Result<Vec<_>, _>>()?;
    let mut answer = PathsAnswer { nodes: Vec::new(), links: Vec::new(), coverage: context.coverage(&[anchor])? };
    for (number, step) in steps.iter().enumerate() {
        let mut counts = vec![0; step.names.len() + 1];
        // By place here and place at the next step, where the end of a path comes last.
        let mut links: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        let next = steps.get(number + 1);
        for trail in context.query.guard.watch(trails.iter()) {
            let trail = trail.map_err(|stop| context.failed(stop))?;
            let Some(place) = step.place(trail, number) else { continue };
            counts[place] += 1;
            if let Some(next) = next {
                let to = next.place(trail, number + 1).unwrap_or(usize::MAX);
                *links.entry((place, to)).or_default() += 1;
            }
        }
        let shown_bytes = step.names.iter().map(|name| size_of::<PathsNode>() + name.len()).sum::<usize>();
        context.keep(shown_bytes + links.len() * (size_of::<PathsLink>() + LINK_NAMES_BYTES))?;
        for (place, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let event = step.names.get(place).cloned();
            answer.nodes.push(PathsNode { step: number, other: event.is_none(), event, count });
        }
        for ((from, to), count) in links {
            let to = next.filter(|_| to != usize::MAX).map(|next| next.end(to));
            answer.links.push(PathsLink { step: number, from: step.end(from), to, count });
        }
    }
    Ok(answer)
}
