//! `/groups/{type}`: the keys of a group type, with exactly the columns Type, Key, Properties, Last updated.

use super::address::Address;
use super::counted::Counted;
use super::frame::Frame;
use super::list::List;
use super::menu::Place;
use super::moment::ago;
use super::properties::{SHOWN, properties};
use super::state;
use super::table::heading;
use super::visit::Visit;
use crate::figure::count;
use crate::model::Timestamp;
use crate::pages::{DeclaredTypes, GroupRow, ListPage, ListQuery, Sort};
use maud::{Markup, html};

/// A page of the list.
#[derive(Clone, Copy, Debug)]
pub struct GroupsList<'a> {
    /// All types.
    pub types: &'a DeclaredTypes,
    /// The one that is shown.
    pub group_type: &'a str,
    /// What was asked.
    pub query: &'a ListQuery,
    /// What was found.
    pub found: &'a ListPage<GroupRow>,
}

/// The page of a group type.
pub fn groups(visit: &Visit, list: &GroupsList<'_>) -> Markup {
    let title = format!("Groups – {}", list.group_type);
    let counted = Counted::keys(list.types, list.group_type);
    let rows = List {
        path: Address::new(Place::Groups.path()).part(list.group_type),
        query: list.query,
        page: list.found,
        several: &counted.several,
        hint: "Key or property value",
        latest: "Last updated first",
        properties: list.found.rows.iter().flat_map(|row| row.properties.keys()).map(String::as_str).collect(),
    };
    let content = html! {
        section class="card" {
            (list.tabs(visit))
            @if rows.is_bare() {
                (list.nothing(visit))
            } @else {
                (rows.head(visit))
                @if list.found.total == 0 { (rows.none_matched(visit)) } @else { (list.table(visit, &rows)) (rows.pager(visit)) }
            }
        }
    };
    around(visit, &title, &content)
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
    fn path(&self, visit: &Visit, group_type: &str) -> Address {
        visit.to(Place::Groups.path()).part(group_type)
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

    fn table(&self, visit: &Visit, list: &List<'_, GroupRow>) -> Markup {
        html! {
            div class="scroll" {
                table class="stack" {
                    caption class="sr" { "Groups of type " (self.group_type) }
                    thead {
                        tr {
                            (heading("Type", None, None))
                            (list.heading(visit, "Key", &Sort::Name))
                            (heading("Properties", None, None))
                            (list.heading(visit, "Last updated", &Sort::Recent))
                        }
                    }
                    tbody { @for row in &self.found.rows { (self.row(visit, row)) } }
                }
            }
        }
    }

    fn row(&self, visit: &Visit, row: &GroupRow) -> Markup {
        html! {
            tr {
                td class="hide-s muted name" data-l="Type" { (row.group_type) }
                (key_cell(visit, row))
                td class="wide" { (properties(&row.properties, SHOWN)) }
                (last_updated_cell(visit, row))
            }
        }
    }

    fn nothing(&self, visit: &Visit) -> Markup {
        let body = html! {
            p { "The type is declared, and neither a " code { "group()" } " call nor an event has named a key of it yet." }
        };
        let remedies = html! { a class="btn" href=(self.path(visit, self.group_type)) { "Look again" } };
        state::empty(html! { "No keys of type " bdi { (self.group_type) } " yet" }, body, remedies)
    }
}

/// Which key the row is about.
pub fn key_cell(visit: &Visit, row: &GroupRow) -> Markup {
    let address = visit.to(Place::Groups.path()).part(&row.group_type).part(&row.key);
    html! { th scope="row" class="mono name" { a href=(address) { (row.key) } } }
}

/// When a `group()` call said something of the key last.
pub fn last_updated_cell(visit: &Visit, row: &GroupRow) -> Markup {
    let updated = row.last_updated.as_deref().and_then(|time| Timestamp::parse(time).ok());
    html! {
        td class="nowrap" data-l="Last updated" {
            @match updated {
                Some(time) => (ago(visit, time)),
                None => span class="muted" { "never, only seen on events" },
            }
        }
    }
}
