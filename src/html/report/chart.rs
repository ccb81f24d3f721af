//! What a chart is drawn from by the script, as JSON in the page, and small lines that need no script.

use super::answer::Looked;
use crate::reports::Figure;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;

/// The width and height of a small line, in its own units.
const SPARK: (f64, f64) = (96.0, 28.0);

/// A chart.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ChartData {
    /// `line`, `bars`, `stacked`, `total` or `sankey`.
    pub kind: &'static str,
    /// The buckets where there is little room.
    pub x: Vec<String>,
    /// The buckets in full.
    pub full: Vec<String>,
    /// What the tip says below the numbers.
    pub hint: String,
    /// Whether the last bucket is not over yet.
    pub partial: bool,
    /// What stands behind a number on the axis.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub unit: &'static str,
    /// The lines.
    pub series: Vec<Line>,
    /// Of paths: from node to node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Flow>,
    /// What a picture of it is called.
    pub title: String,
}

/// One line of a chart.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its colour, from 1 to 8; 0 is the one of the rest.
    pub color: usize,
    /// Whether it is dashed, as its colour is taken.
    pub dashed: bool,
    /// Whether it is drawn at first, as legend and table say.
    #[serde(skip)]
    pub shown: bool,
    /// Its values.
    pub values: Vec<Option<f64>>,
    /// Its values in words.
    pub told: Vec<String>,
    /// Its value over the whole range.
    pub total: Option<f64>,
    /// The values of the range before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<Option<f64>>,
}

/// Units that went from one node of a chart to another.
#[derive(Clone, Debug, Serialize)]
pub struct Flow {
    /// The place of a node.
    pub from: usize,
    /// The place of a node.
    pub to: usize,
    /// How many.
    pub count: u64,
}

impl ChartData {
    /// The data, and where the script draws it.
    pub fn draw(&self, looked: &Looked<'_>, finding: &str) -> Markup {
        let place = if looked.tile.is_some() { "report" } else { "table below" };
        // Nothing in it ends the element: `<` is written as an escape.
        let json = serde_json::to_string(self).unwrap_or_default().replace('<', "\\u003c");
        html! {
            div class="data" hidden { script type="application/json" { (PreEscaped(json)) } }
            div class="chart" id=(looked.id("chart")) tabindex="0" role="img" aria-label={ (finding) " The " (place) " has every number." } {
                noscript { p class="muted" { "The chart needs scripts; the " (place) " has every number." } }
            }
        }
    }
}

/// The colour of a series and whether it is dashed: eight colours, then the same again.
pub fn color(place: usize, is_other: bool) -> (usize, bool) {
    if is_other { (0, false) } else { (place % 8 + 1, place >= 8) }
}

/// A small line.
pub fn spark(values: &[Figure], color: usize) -> Markup {
    let known: Vec<(usize, f64)> =
        values.iter().enumerate().filter_map(|(at, value)| Some((at, value.to_f64()?))).collect();
    let (width, height) = SPARK;
    let most = known.iter().fold(0.0, |most: f64, (_, value)| most.max(*value));
    let least = known.iter().fold(0.0, |least: f64, (_, value)| least.min(*value));
    let step = (width - 2.0) / values.len().saturating_sub(1).max(1) as f64;
    let y = |value: f64| {
        if most > least { height - 3.0 - (value - least) / (most - least) * (height - 6.0) } else { height - 3.0 }
    };
    let point = |(at, value): &(usize, f64)| format!("{:.1} {:.1}", 1.0 + step * *at as f64, y(*value));
    let path = known.iter().map(point).collect::<Vec<_>>().join("L");
    html! {
        svg class={ "spark k" (color) } viewBox={ "0 0 " (width) " " (height) } preserveAspectRatio="none" aria-hidden="true" {
            @if !path.is_empty() { path class="ln" d={ "M" (path) } {} }
        }
    }
}
