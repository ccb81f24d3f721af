//! A tile: a card with a saved report in small.

use super::edit;
use crate::html::Visit;
use crate::html::frame::Frame;
use crate::html::menu::Place;
use crate::html::report::{Kept, Outcome, patterns};
use crate::saved::{Dashboard, TileWidth};
use maud::{Markup, html};

/// A tile and where it is.
#[derive(Clone, Copy, Debug)]
pub struct TileCard<'a> {
    /// The dashboard.
    pub dashboard: &'a Dashboard,
    /// The how manieth it is, counted from 1.
    pub place: usize,
    /// What it shows.
    pub kept: &'a Kept,
    /// Whether it has what changes it.
    pub is_edited: bool,
}

impl TileCard<'_> {
    /// The card.
    pub fn draw(&self, visit: &Visit) -> Markup {
        let id = format!("tile-{}", self.place);
        let columns = match self.width() {
            TileWidth::Third => "c4",
            TileWidth::Half => "c6",
            TileWidth::Full => "c12",
        };
        html! {
            section class={ "card tile " (columns) } id=(id) aria-labelledby={ (id) "-name" } {
                header {
                    h2 id={ (id) "-name" } class="name" {
                        @match self.kept.link(visit) {
                            Some(link) => a href=(link) { (self.kept.saved.name) },
                            None => (self.kept.saved.name),
                        }
                    }
                    span class="meta" { (self.kept.about(visit)) }
                }
                @if self.is_edited { (edit::tile(visit, self)) }
                div class="told" data-later=[self.later(visit)] { (self.kept.draw(visit, self.place)) }
            }
        }
    }

    /// How much of a row it takes.
    pub fn width(&self) -> TileWidth {
        self.dashboard.tiles.get(self.place - 1).map_or_else(TileWidth::default, |tile| tile.width)
    }

    /// Where the script asks for what the page did not wait for.
    fn later(&self, visit: &Visit) -> Option<super::Address> {
        let is_later = matches!(self.kept.outcome, Outcome::Later);
        is_later.then(|| super::address(visit, self.dashboard).part(&self.place.to_string()))
    }
}

/// A tile as a page of its own.
pub fn tile(visit: &Visit, card: &TileCard<'_>) -> Markup {
    let content = html! {
        div class="head" {
            div {
                (super::crumbs(visit))
                (patterns())
                h1 class="name" { a href=(super::address(visit, card.dashboard)) { (card.dashboard.name) } }
            }
        }
        (card.draw(visit))
    };
    Frame { title: &card.kept.saved.name, place: Some(Place::Dashboards), visit: Some(visit) }.around(&content)
}
