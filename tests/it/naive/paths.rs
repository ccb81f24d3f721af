//! Paths: what units do next after a first event, or before a last one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::coverage::Coverage;
use super::document::whole;
use super::filter::Matcher;
use super::head::Head;
use super::lookup::{Look, Row};

const OWN: [&str; 4] = ["start", "end", "steps", "limit"];

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
    let mut paths = Vec::new();
    for rows in head.by_unit().values_mut() {
        rows.retain(|row| (from..to).contains(&row.time()));
        // With `end` the path is followed backwards: step 0 is the end itself.
        if end.is_some() {
            rows.reverse();
        }
        let passes = |row: &Row| anchor.is_none_or(|matcher| matcher.matches(head.look, row));
        if let Some(first) = rows.iter().position(passes) {
            let path = rows[first..].iter().take(steps + 1).map(|row| row.event.name.clone());
            paths.push(path.collect::<Vec<String>>());
        }
    }
    let ranks: Vec<Vec<String>> = (0..=steps).map(|step| ranked_names(&paths, step)).collect();
    let tops: Vec<Vec<String>> = ranks.iter().map(|names| names.iter().take(limit).cloned().collect()).collect();
    Ok(json!({
        "nodes": nodes(&paths, &tops),
        "links": links(&paths, &tops, steps),
        "coverage": coverage.json(),
    }))
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
