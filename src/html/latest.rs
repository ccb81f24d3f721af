//! What people saved or changed last, on a card of the first page: each with its number now.

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
pub enum Latest {
    /// A report, and what came of it.
    Report(Box<Kept>),
    /// A dashboard.
    Dashboard(Dashboard),
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
                    tbody { @for one in latest { (row(visit, one)) } }
                }
            }
        }
    }
}

fn row(visit: &Visit, one: &Latest) -> Markup {
    let (name, link, about, value) = match one {
        Latest::Report(kept) => (&kept.saved.name, kept.link(visit), kept.about(visit), kept.value(visit)),
        Latest::Dashboard(dashboard) => {
            let link = visit.to(Place::Dashboards.path()).part(&dashboard.id);
            let about = format!("Dashboard · {}", counted(dashboard.tiles.len() as u64, "report"));
            (&dashboard.name, Some(link), about, Some(String::new()))
        }
    };
    html! {
        tr {
            th scope="row" class="name" {
                @match link { Some(link) => a href=(link) { (name) }, None => (name) }
                br;
                span class="meta" { (about) }
            }
            td class="num" { (value.as_deref().unwrap_or("–")) }
        }
    }
}
