//! Dashboards: the list of them, and each as saved reports side by side, every one with its own dates.

mod edit;
mod list;
mod tile;

pub use list::dashboards;
pub use tile::{TileCard, tile};

use super::Address;
use super::asset;
use super::frame::Frame;
use super::icon::Icon;
use super::menu::Place;
use super::report::patterns;
use super::state;
use super::visit::Visit;
use crate::figure::counted;
use crate::saved::{Dashboard, SavedReport};
use maud::{Markup, html};

/// A dashboard with what its tiles show.
#[derive(Clone, Copy, Debug)]
pub struct DashboardPage<'a> {
    /// The dashboard.
    pub dashboard: &'a Dashboard,
    /// Its tiles, drawn.
    pub tiles: &'a [Markup],
    /// What may be added; none unless it is edited.
    pub edited: Option<&'a [SavedReport]>,
}

/// The page of a dashboard.
pub fn dashboard(visit: &Visit, page: &DashboardPage<'_>) -> Markup {
    let Dashboard { name, tiles, .. } = page.dashboard;
    let own = address(visit, page.dashboard);
    let content = html! {
        div class="head" {
            div {
                (crumbs(visit))
                (patterns())
                h1 class="name" { (name) }
                p class="sub" { (counted(tiles.len() as u64, "report")) @if !tiles.is_empty() { ", each with its own dates" } }
            }
            div class="actions" {
                @if page.edited.is_some() {
                    a class="btn primary" href=(own) { "Done" }
                } @else {
                    a class="btn" href=(own.with("edit", 1)) { "Edit" }
                }
            }
        }
        @if let Some(reports) = page.edited { (edit::whole(visit, page.dashboard, reports)) }
        @if tiles.is_empty() && page.edited.is_none() {
            section class="card" {
                (state::empty(
                    "Nothing on it yet",
                    html! { p { "Add saved reports here, or save one with “Add to dashboard”." } },
                    html! { a class="btn primary" href=(address(visit, page.dashboard).with("edit", 1)) { (Icon::Add) "Add reports" } },
                ))
            }
        }
        div class="cols stretch" {
            @for tile in page.tiles { (tile) }
        }
        script type="module" src=(asset::address("dashboard.js")) {}
    };
    Frame { title: name, place: Some(Place::Dashboards), visit: Some(visit) }.around(&content)
}

/// Where a dashboard is.
fn address(visit: &Visit, dashboard: &Dashboard) -> Address {
    visit.to(Place::Dashboards.path()).part(&dashboard.id)
}

fn crumbs(visit: &Visit) -> Markup {
    html! {
        nav class="crumbs" aria-label="Where this is" {
            a href=(visit.to(Place::Dashboards.path())) { (Place::Dashboards.name()) } span aria-hidden="true" { "/" }
        }
    }
}
