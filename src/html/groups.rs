//! `/groups/{type}`: the keys of a group type, with exactly the columns Type, Key, Properties, Last updated.

use super::address::Address;
use super::frame::Frame;
use super::icon::Icon;
use super::menu::Place;
use super::moment::ago;
use super::properties::properties;
use super::state;
use super::table::{Order, Pager, heading};
use super::visit::Visit;
use crate::figure::{count, counted};
use crate::model::Timestamp;
use crate::pages::{GroupRow, GroupTypes, Groups};
use maud::{Markup, html};

/// How many rows a page may have; the first unless chosen otherwise.
pub const ROWS: [usize; 3] = [20, 50, 100];

/// A page of the list.
#[derive(Clone, Copy, Debug)]
pub struct GroupsList<'a> {
    /// All types.
    pub types: &'a GroupTypes,
    /// The one that is shown.
    pub group_type: &'a str,
    /// Its rows.
    pub found: &'a Groups,
    /// What was searched for; not blank.
    pub search: Option<&'a str>,
    /// Where the page begins, unless it is the first.
    pub cursor: Option<&'a str>,
    /// The most rows.
    pub rows: usize,
}

/// The page of a group type.
pub fn groups(visit: &Visit, list: &GroupsList<'_>) -> Markup {
    let title = format!("Groups – {}", list.group_type);
    around(
        visit,
        &title,
        &html! {
            section class="card" {
                (list.tabs(visit))
                @if list.is_bare() { (list.nothing(visit)) } @else { (list.search_form(visit)) (list.body(visit)) }
            }
        },
    )
}

/// The page where there is no group type yet.
pub fn groups_empty(visit: &Visit) -> Markup {
    let body = html! {
        p {
            "Groups are the companies, teams or accounts that users act for. A type and its keys come into being when "
            "they are first named, in a " code { "group()" } " call or on an event."
        }
        pre tabindex="0" role="region" aria-label="Example" { "tracker.group(\"company\", \"acme-corp\", { plan: \"enterprise\" });" }
    };
    let remedies = html! { a class="btn" href="/api" { "How to send" } };
    around(visit, "Groups", &html! { section class="card" { (state::empty("No groups yet", body, remedies)) } })
}

fn around(visit: &Visit, title: &str, content: &Markup) -> Markup {
    let content = html! {
        div class="head" {
            div {
                h1 { "Groups" }
                p class="sub" { "Companies, teams and accounts named in " code { "group()" } " calls or on events" }
            }
        }
        (content)
    };
    Frame { title, place: Some(Place::Groups), visit: Some(visit) }.around(&content)
}

impl GroupsList<'_> {
    /// Whether the type has no keys at all.
    fn is_bare(&self) -> bool {
        self.found.rows.is_empty() && self.search.is_none() && self.cursor.is_none()
    }

    fn path(&self, visit: &Visit, group_type: &str) -> Address {
        visit.to(Place::Groups.path()).part(group_type)
    }

    /// The same list, other pages of it.
    fn same(&self, visit: &Visit) -> Address {
        let chosen = (self.rows != ROWS[0]).then_some(self.rows);
        self.path(visit, self.group_type).with_some("search", self.search).with_some("limit", chosen)
    }

    fn keys(&self) -> u64 {
        let mut types = self.types.types.iter();
        types.find(|row| row.group_type == self.group_type).map_or(0, |row| row.keys)
    }

    fn tabs(&self, visit: &Visit) -> Markup {
        html! {
            nav class="tabs" aria-label="Group types" {
                @for row in &self.types.types {
                    a href=(self.path(visit, &row.group_type))
                        aria-current=[(row.group_type == self.group_type).then_some("page")] {
                        bdi { (row.group_type) } span class="n" { (count(row.keys)) }
                    }
                }
            }
        }
    }

    fn search_form(&self, visit: &Visit) -> Markup {
        html! {
            header {
                form class="inline" method="get" role="search" action=(Address::new(Place::Groups.path()).part(self.group_type)) {
                    (visit.kept())
                    @if self.rows != ROWS[0] { input type="hidden" name="limit" value=(self.rows); }
                    div class="search" {
                        label class="sr" for="search" { "Search keys of type " (self.group_type) }
                        (Icon::Search)
                        input id="search" type="search" name="search" placeholder="Key or property value" value=[self.search];
                    }
                }
                div class="right hide-s" { span class="meta" { "Press " kbd { "/" } " to search" } }
            }
        }
    }

    fn body(&self, visit: &Visit) -> Markup {
        match self.search {
            Some(search) if self.found.rows.is_empty() => self.none_matched(visit, search),
            _ => html! { (self.table(visit)) (self.pager(visit)) },
        }
    }

    fn table(&self, visit: &Visit) -> Markup {
        html! {
            div class="scroll" {
                table class="stack" {
                    caption class="sr" { "Groups of type " (self.group_type) ", last updated first" }
                    thead {
                        tr {
                            (heading("Type", None, None))
                            (heading("Key", None, None))
                            (heading("Properties", None, None))
                            (heading("Last updated", Some(Order::Descending), None))
                        }
                    }
                    tbody { @for row in &self.found.rows { (self::row(visit, row)) } }
                }
            }
        }
    }

    fn pager(&self, visit: &Visit) -> Markup {
        let shown = self.found.rows.len() as u64;
        let told = match (self.search, self.cursor) {
            (None, None) => format!("1–{} of {}", count(shown), count(self.keys())),
            _ => counted(shown, "row"),
        };
        let same = self.same(visit);
        let pager = Pager {
            told,
            path: Address::new(Place::Groups.path()).part(self.group_type),
            kept: &self.search.map(|search| ("search", search)).into_iter().collect::<Vec<_>>(),
            rows: self.rows,
            choices: &ROWS,
            first: self.cursor.map(|_| same.clone()),
            previous: None,
            next: self.found.next_cursor.as_ref().map(|cursor| same.with("cursor", cursor)),
        };
        pager.draw(visit)
    }

    fn none_matched(&self, visit: &Visit, search: &str) -> Markup {
        let keys = counted(self.keys(), "key");
        state::empty(
            html! { "No " bdi { (self.group_type) } " matches “" bdi { (search) } "”" },
            html! { p { "The search looks at keys and at the values of their properties, in any case. There are " (keys) " in all." } },
            html! { a class="btn" href=(self.path(visit, self.group_type)) { "Clear the search" } },
        )
    }

    fn nothing(&self, visit: &Visit) -> Markup {
        let body = html! {
            p { "The type is declared, and neither a " code { "group()" } " call nor an event has named a key of it yet." }
        };
        let remedies = html! { a class="btn" href=(self.path(visit, self.group_type)) { "Look again" } };
        state::empty(html! { "No keys of type " bdi { (self.group_type) } " yet" }, body, remedies)
    }
}

fn row(visit: &Visit, row: &GroupRow) -> Markup {
    let updated = row.last_updated.as_deref().and_then(|time| Timestamp::parse(time).ok());
    html! {
        tr {
            td class="hide-s muted name" data-l="Type" { (row.group_type) }
            th scope="row" class="mono name" { (row.key) }
            td class="wide" { (properties(&row.properties)) }
            td class="nowrap" data-l="Last updated" {
                @match updated {
                    Some(time) => (ago(visit, time)),
                    None => span class="muted" { "never, only seen on events" },
                }
            }
        }
    }
}
