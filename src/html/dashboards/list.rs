//! `/dashboards`: all of them, and a new one.

use super::address;
use crate::figure::count;
use crate::html::Visit;
use crate::html::frame::Frame;
use crate::html::menu::Place;
use crate::html::moment::ago;
use crate::html::report::name_field;
use crate::html::state;
use crate::model::Timestamp;
use crate::saved::{Dashboard, Saved};
use maud::{Markup, html};

/// The list, the dashboard that was changed last on top.
pub fn dashboards(visit: &Visit, saved: &Saved) -> Markup {
    let mut dashboards: Vec<&Dashboard> = saved.dashboards().iter().collect();
    dashboards.sort_by(|a, b| b.changed.cmp(&a.changed));
    let content = html! {
        div class="head" {
            div { h1 { "Dashboards" } p class="sub" { "Saved reports side by side, each with its own dates" } }
            form class="inline" method="post" action=(visit.to(Place::Dashboards.path())) {
                (name_field("name", "Name of a new dashboard", "", true))
                button class="btn primary" { "Make it" }
            }
        }
        section class="card" {
            @if dashboards.is_empty() {
                (state::empty(
                    "No dashboards yet",
                    html! { p { "Give one a name above. Reports come onto it as they are saved, or later from those that are." } },
                    html! {},
                ))
            } @else {
                div class="scroll" {
                    table class="stack" {
                        caption class="sr" { "Dashboards" }
                        thead { tr { th scope="col" { "Name" } th scope="col" class="num" { "Reports" } th scope="col" { "Shows" } th scope="col" { "Changed" } } }
                        tbody { @for dashboard in dashboards { (row(visit, saved, dashboard)) } }
                    }
                }
            }
        }
    };
    Frame { title: "Dashboards", place: Some(Place::Dashboards), visit: Some(visit) }.around(&content)
}

/// So many reports are named.
const NAMED_MAX: usize = 3;

fn row(visit: &Visit, saved: &Saved, dashboard: &Dashboard) -> Markup {
    let tiles = dashboard.tiles.len();
    let mut names: Vec<&str> = dashboard
        .tiles
        .iter()
        .take(NAMED_MAX)
        .filter_map(|tile| saved.report(&tile.report).ok())
        .map(|report| report.name.as_str())
        .collect();
    if tiles > NAMED_MAX {
        names.push("…");
    }
    html! {
        tr {
            th scope="row" class="name" { a href=(address(visit, dashboard)) { (dashboard.name) } }
            td class="num" data-l="Reports" { (count(tiles as u64)) }
            td class="name muted hide-s" { @if names.is_empty() { "–" } @else { (names.join(", ")) } }
            td class="nowrap" data-l="Changed" { @if let Ok(time) = Timestamp::parse(&dashboard.changed) { (ago(visit, time)) } }
        }
    }
}
