//! What changes a dashboard: forms for the whole, and a row of buttons on each tile.

use super::address;
use super::tile::TileCard;
use crate::html::Visit;
use crate::html::menu::Place;
use crate::html::report::name_field;
use crate::saved::{Dashboard, SavedReport, TileWidth};
use maud::{Markup, html};

/// Its name, one more report, and the way to delete it.
pub fn whole(visit: &Visit, dashboard: &Dashboard, reports: &[SavedReport]) -> Markup {
    let own = address(visit, dashboard);
    html! {
        section class="card form edit" aria-label="Edit the dashboard" {
            span class="l" { "Name" }
            form class="inline ctl" method="post" action=(own) {
                (name_field("name", "Name of the dashboard", &dashboard.name, true))
                button class="btn" name="do" value="rename" { "Rename" }
            }
            span class="l" { "One more report" }
            @if reports.is_empty() {
                p class="hint ctl" { "None is saved yet: put one together under " a href=(visit.to(Place::Trends.path())) { "Trends" } " and press Save." }
            } @else {
                form class="inline ctl" method="post" action=(own) {
                    label class="sr" for="add" { "Saved report" }
                    select id="add" name="report" { @for report in reports.iter().rev() { option value=(report.id) { (report.name) } } }
                    button class="btn" name="do" value="add" { "Add" }
                }
            }
            span class="l" { "Delete" }
            div class="ctl" { a class="btn danger" href=(own.part("delete")) { "Delete this dashboard" } }
        }
    }
}

/// Moves a tile, changes how wide it is, takes it off.
pub fn tile(visit: &Visit, card: &TileCard<'_>) -> Markup {
    let name = &card.kept.saved.name;
    let button = |word: &str, shown: &str, is_off: bool| {
        html! { button class="btn s" name="do" value=(word) disabled[is_off] { (shown) span class="sr" { " " (name) } } }
    };
    let width = |width: TileWidth, word: &str, shown: &str| {
        let is_so = card.width() == width;
        html! { button class="btn s" name="do" value=(word) aria-pressed=(is_so) { (shown) span class="sr" { " width: " (name) } } }
    };
    html! {
        form class="inline edit" method="post" action=(address(visit, card.dashboard)) {
            input type="hidden" name="tile" value=(card.place);
            input type="hidden" name="report" value=(card.kept.saved.id);
            (button("up", "Move up", card.place == 1))
            (button("down", "Move down", card.place == card.dashboard.tiles.len()))
            span class="seg" role="group" aria-label="Width" {
                (width(TileWidth::Third, "third", "Third"))
                (width(TileWidth::Half, "half", "Half"))
                (width(TileWidth::Full, "full", "Full"))
            }
            (button("remove", "Take off", false))
        }
    }
}
