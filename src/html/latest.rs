//! What people saved or changed last, on a card of the first page: each with its number now.

use super::address::Address;
use super::menu::Place;
use super::report::Kept;
use super::visit::Visit;
use crate::figure::counted;
use crate::saved::Dashboard;
use maud::{Markup, html};

/// So many are on the card.
pub const LATEST: usize = 6;

/// One of them.
#[derive(Clone, Debug)]
pub struct Latest {
    name: String,
    about: String,
    link: Option<Address>,
    /// Its number now; empty where it has none, and nothing where there is no answer.
    value: Option<String>,
}

impl Latest {
    /// A report, and what came of it.
    pub fn report(visit: &Visit, kept: &Kept) -> Self {
        let (about, link, value) = (kept.about(visit), kept.link(visit), kept.value(visit));
        Self { name: kept.saved.name.clone(), about, link, value }
    }

    /// A dashboard.
    pub fn dashboard(visit: &Visit, dashboard: &Dashboard) -> Self {
        Self {
            name: dashboard.name.clone(),
            about: format!("Dashboard · {}", counted(dashboard.tiles.len() as u64, "report")),
            link: Some(visit.to(Place::Dashboards.path()).part(&dashboard.id)),
            value: Some(String::new()),
        }
    }

    fn row(&self) -> Markup {
        html! {
            tr {
                th scope="row" class="name" {
                    @match &self.link { Some(link) => a href=(link) { (self.name) }, None => (self.name) }
                    br;
                    span class="meta" { (self.about) }
                }
                td class="num" { (self.value.as_deref().unwrap_or("–")) }
            }
        }
    }
}

/// The card.
pub fn latest(visit: &Visit, latest: &[Latest], reports: usize) -> Markup {
    html! {
        section class="card c4" aria-labelledby="latest" {
            header {
                h2 id="latest" { "Saved reports" }
                @if reports > 0 { div class="right" { a class="btn s quiet" href=(visit.to(Place::Saved.path())) { "All " (reports) } } }
            }
            @if latest.is_empty() {
                div class="body" { p class="muted" { "None yet: put a report together, and press Save above it. Its number is then told here." } }
            } @else {
                table class="latest" {
                    caption class="sr" { "Changed last" }
                    thead class="sr" { tr { th scope="col" { "Name" } th scope="col" { "Now" } } }
                    tbody { @for one in latest { (one.row()) } }
                }
            }
        }
    }
}
