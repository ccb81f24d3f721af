//! Paths: what units do next after a first event, or before a last one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cohort::page;
use super::coverage::Coverage;
use super::document::{need, whole};
use super::filter::Matcher;
use super::head::{Head, units_of};
use super::lookup::{Look, Row};

const OWN: [&str; 5] = ["start", "end", "steps", "limit", "units"];

/// A node's name at a step; `Other` is every name beyond the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Name(String),
    Other,
}

pub(super) fn run(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    let head = Head::read(look, map, &OWN)?;
    let (from, to) = head.range()?;
    let matcher = |field: &str| map.get(field).map(|json| Matcher::read(head.look, json)).transpose();
    let (start, end) = (matcher("start")?, matcher("end")?);
    if start.is_some() && end.is_some() {
        return Err("paths take \"start\" or \"end\"".into());
    }
    let steps = whole(map, "steps", 1, 5)?;
    let limit = whole(map, "limit", 1, 10)?;
    let anchor = start.as_ref().or(end.as_ref());
    let coverage = Coverage::count(&head, |row| {
        (from..to).contains(&row.time()) && anchor.is_none_or(|matcher| matcher.matches(head.look, row))
    });
    let (mut owners, mut paths) = (Vec::new(), Vec::new());
    for (unit, rows) in &mut head.by_unit() {
        rows.retain(|row| (from..to).contains(&row.time()));
        // With `end` the path is followed backwards: step 0 is the end itself.
        if end.is_some() {
            rows.reverse();
        }
        let passes = |row: &Row| anchor.is_none_or(|matcher| matcher.matches(head.look, row));
        if let Some(first) = rows.iter().position(passes) {
            let path = rows[first..].iter().take(steps + 1).map(|row| row.event.name.clone());
            paths.push(path.collect::<Vec<String>>());
            owners.push((*unit).to_owned());
        }
    }
    let ranks: Vec<Vec<String>> = (0..=steps).map(|step| ranked_names(&paths, step)).collect();
    let tops: Vec<Vec<String>> = ranks.iter().map(|names| names.iter().take(limit).cloned().collect()).collect();
    if let Some(units) = units_of(map, &["step", "event", "other", "from", "to"])? {
        let goes = named(units, &tops)?;
        let found = owners.into_iter().zip(&paths).filter(|(_, path)| goes(path)).map(|(owner, _)| owner);
        return page(found.collect(), units, map, coverage);
    }
    Ok(json!({
        "nodes": nodes(&paths, &tops),
        "links": links(&paths, &tops, steps),
        "coverage": coverage.json(),
    }))
}

/// Whether a path goes through the node or the link that `units` names.
fn named<'t>(
    units: &Map<String, Value>,
    tops: &'t [Vec<String>],
) -> Result<impl Fn(&Vec<String>) -> bool + use<'t>, String> {
    let step = whole(units, "step", 0, 0)?;
    need(units, "step", "units of paths")?;
    let shown = |step: usize, node: Node| match &node {
        Node::Name(name) if !tops.get(step).is_some_and(|names| names.contains(name)) => {
            Err(format!("no \"{name}\" is shown at step {step}"))
        }
        _ => Ok(node),
    };
    let end = |json: &Value| match json {
        Value::String(name) => Ok(Node::Name(name.clone())),
        other if other["other"] == true => Ok(Node::Other),
        other => Err(format!("{other} is no node")),
    };
    let is_link = units.contains_key("from");
    let node = if is_link {
        end(need(units, "from", "units of paths")?)?
    } else {
        end(units.get("event").unwrap_or(&json!(units)))?
    };
    let node = shown(step, node)?;
    let next = match units.get("to") {
        Some(Value::Null) => Some(None),
        Some(json) => Some(Some(shown(step + 1, end(json)?)?)),
        None if is_link => return Err("a link of paths has a \"to\"".into()),
        None => None,
    };
    Ok(move |path: &Vec<String>| {
        let leads = next.as_ref().is_none_or(|next| node_at(path, step + 1, tops) == *next);
        leads && node_at(path, step, tops).as_ref() == Some(&node)
    })
}

/// The names at a step, most units first, then by name.
fn ranked_names(paths: &[Vec<String>], step: usize) -> Vec<String> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for name in paths.iter().filter_map(|path| path.get(step)) {
        *counts.entry(name).or_default() += 1;
    }
    let mut names: Vec<(&String, usize)> = counts.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    names.into_iter().map(|(name, _)| name.clone()).collect()
}

fn node_at(path: &[String], step: usize, tops: &[Vec<String>]) -> Option<Node> {
    let name = path.get(step)?;
    Some(if tops[step].contains(name) { Node::Name(name.clone()) } else { Node::Other })
}

/// The nodes of a step in their order, `other` last.
fn nodes_of(step: usize, tops: &[Vec<String>]) -> Vec<Node> {
    tops[step].iter().cloned().map(Node::Name).chain([Node::Other]).collect()
}

fn nodes(paths: &[Vec<String>], tops: &[Vec<String>]) -> Value {
    let mut out = Vec::new();
    for step in 0..tops.len() {
        for node in nodes_of(step, tops) {
            let count = paths.iter().filter(|path| node_at(path, step, tops).as_ref() == Some(&node)).count();
            let mut json = json!({"step": step, "event": name_of(Some(&node)), "count": count});
            if node == Node::Other {
                json["other"] = json!(true);
            }
            if count > 0 {
                out.push(json);
            }
        }
    }
    Value::Array(out)
}

/// From each step to the next; null where a path ends before its last step.
fn links(paths: &[Vec<String>], tops: &[Vec<String>], steps: usize) -> Value {
    let mut out = Vec::new();
    for step in 0..steps {
        for from in nodes_of(step, tops) {
            let targets: Vec<Option<Node>> = nodes_of(step + 1, tops).into_iter().map(Some).chain([None]).collect();
            for to in targets {
                let goes = |path: &&Vec<String>| {
                    node_at(path, step, tops).as_ref() == Some(&from) && node_at(path, step + 1, tops) == to
                };
                let count = paths.iter().filter(goes).count();
                if count > 0 {
                    out.push(link(step, &from, to.as_ref(), count));
                }
            }
        }
    }
    Value::Array(out)
}

fn link(step: usize, from: &Node, to: Option<&Node>, count: usize) -> Value {
    let end = |node: Option<&Node>| match node {
        Some(Node::Other) => json!({"other": true}),
        node => name_of(node),
    };
    json!({"step": step, "from": end(Some(from)), "to": end(to), "count": count})
}

fn name_of(node: Option<&Node>) -> Value {
    match node {
        Some(Node::Name(name)) => json!(name),
        Some(Node::Other) | None => Value::Null,
    }
}
