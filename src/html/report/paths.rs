//! Paths: a sankey of what units did step by step, and the same as a table.

use super::answer::{Drawn, Looked, sentence};
use super::chart::{ChartData, Flow, Line};
use super::words;
use crate::figure::{count, percent};
use crate::language::{Anchor, Paths};
use crate::reports::{PathsAnswer, PathsEnd, PathsLink};
use maud::{Markup, html};
use serde_json::{Value, json};

/// The answer.
pub fn draw<'a>(looked: &'a Looked<'a>, report: &'a Paths, answer: &'a PathsAnswer) -> Drawn<'a> {
    let all: u64 = answer.nodes.iter().filter(|node| node.step == 0).map(|node| node.count).sum();
    let (anchor, direction) = match &report.anchor {
        Anchor::First => ("their first event".to_owned(), "after"),
        Anchor::Start(matcher) => (matcher.label(), "after"),
        Anchor::End(matcher) => (matcher.label(), "before"),
    };
    let most = answer.links.iter().filter(|link| link.step == 0 && link.to.is_some()).max_by_key(|link| link.count);
    let said = html! { "did " b class="mono" { (anchor.replace('*', "any event")) } " " (looked.when()) };
    let beside = html! {
        @if let Some(PathsLink { to: Some(to), count: units, .. }) = most {
            span class="delta muted" { "most often " (direction) " it: " b class="mono" { (name(to)) } ", " (share(*units, all)) }
        }
    };
    let units = if all == 1 { words::unit(&report.scope.count_by).to_owned() } else { looked.units() };
    let picture = move || {
        let finding = format!("Paths of {} in {} steps.", looked.units(), report.steps);
        chart(looked, report, answer).draw(looked, &finding)
    };
    let numbers = move || {
        html! {
            div class="scroll y" tabindex="0" role="region" aria-label="Table of the chart’s numbers" {
                table {
                    caption class="sr" { "From step to step" }
                    thead {
                        tr {
                            th scope="col" class="num" data-sort="step" { "Step" }
                            th scope="col" data-sort="from" { "From" }
                            th scope="col" data-sort="to" { "To" }
                            th scope="col" class="num" data-sort="units" { (words::capital(&looked.units())) }
                            th scope="col" class="num" { "Of all" }
                        }
                     }
                    tbody {
                        @for link in &answer.links {
                            @let to = link.to.as_ref();
                            tr {
                                td class="num" { (link.step + 1) }
                                th scope="row" class="name" { span class="mono" { (name(&link.from)) } " " (here(answer, link.step, &link.from)) }
                                td class="name" {
                                    @match to {
                                        Some(to) => { span class="mono" { (name(to)) } " " (here(answer, link.step + 1, to)) }
                                        None => span class="muted" { "nothing more" },
                                    }
                                }
                                td class="num" {
                                    button class="num-open" form="drill" name="units" value=(json!({ "step": link.step, "from": link.from, "to": link.to }))
                                        data-link=[flow(report, answer, link).map(|flow| format!("{}-{}", flow.from, flow.to))] { (count(link.count)) }
                                }
                                td class="num" { (share(link.count, all)) }
                            }
                        }
                    }
                }
            }
        }
    };
    Drawn::new(sentence(count(all), html! { (units) " " (said) }, beside), picture, numbers)
}

/// How many were at a node; opens who.
fn here(answer: &PathsAnswer, step: usize, end: &PathsEnd) -> Markup {
    let Some(place) = place(answer, step, end) else { return html! {} };
    html! {
        button class="num-open muted" form="drill" name="units" value=(node(step, end)) data-node=(place)
            aria-label={ (count(answer.nodes[place].count)) " at " (name(end)) } { (count(answer.nodes[place].count)) }
    }
}

/// A node, as `units` names it.
fn node(step: usize, end: &PathsEnd) -> Value {
    match end {
        PathsEnd::Event(name) => json!({ "step": step, "event": name }),
        PathsEnd::Other => json!({ "step": step, "other": true }),
    }
}

/// Which node of the answer an end is.
fn place(answer: &PathsAnswer, step: usize, end: &PathsEnd) -> Option<usize> {
    let is_it = |event: &Option<String>| match end {
        PathsEnd::Event(name) => event.as_ref() == Some(name),
        PathsEnd::Other => event.is_none(),
    };
    answer.nodes.iter().position(|node| node.step == step && is_it(&node.event))
}

/// A link between two nodes in the order of time; none where a path ends.
fn flow(report: &Paths, answer: &PathsAnswer, link: &PathsLink) -> Option<Flow> {
    let (from, to) = (place(answer, link.step, &link.from)?, place(answer, link.step + 1, link.to.as_ref()?)?);
    let is_backward = matches!(report.anchor, Anchor::End(_));
    let (from, to) = if is_backward { (to, from) } else { (from, to) };
    Some(Flow { from, to, count: link.count })
}

fn share(units: u64, all: u64) -> String {
    if all == 0 { "–".to_owned() } else { percent(units as f64 / all as f64) }
}

fn name(end: &PathsEnd) -> &str {
    match end {
        PathsEnd::Event(name) => name,
        PathsEnd::Other => "Other events",
    }
}

/// Nodes are lines of one value, in the order of the answer.
fn chart(looked: &Looked<'_>, report: &Paths, answer: &PathsAnswer) -> ChartData {
    ChartData {
        kind: "sankey",
        series: answer
            .nodes
            .iter()
            .map(|node| Line {
                name: node.event.clone().unwrap_or_else(|| "Other events".to_owned()),
                color: if node.event.is_none() { 0 } else { node.step % 8 + 1 },
                dashed: false,
                shown: true,
                values: vec![Some(node.count as f64)],
                told: vec![looked.counted(node.count)],
                total: None,
                previous: Vec::new(),
            })
            .collect(),
        links: answer.links.iter().filter_map(|link| flow(report, answer, link)).collect(),
        title: words::range(looked.visit, &report.scope).0,
        ..ChartData::default()
    }
}
