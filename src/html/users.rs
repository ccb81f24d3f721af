//! `/users`: everyone with an event or a call.

use super::address::Address;
use super::frame::Frame;
use super::list::List;
use super::menu::Place;
use super::moment::ago;
use super::properties::{SHOWN, properties};
use super::state;
use super::table::heading;
use super::visit::Visit;
use crate::figure::plural;
use crate::model::Timestamp;
use crate::pages::{ListPage, ListQuery, Sort, UserRow};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// A page of the list.
pub fn users(visit: &Visit, query: &ListQuery, found: &ListPage<UserRow>) -> Markup {
    let list = List {
        path: Address::new(Place::Users.path()),
        query,
        page: found,
        several: "users",
        hint: "Id or property value",
        latest: "Last seen first",
        properties: found.rows.iter().flat_map(|row| row.properties.keys()).map(String::as_str).collect(),
    };
    let content = html! {
        div class="head" {
            div {
                h1 { "Users" }
                p class="sub" { (plural(found.all, "person", "people")) " with an event, an " code { "identify()" } " or a " code { "group()" } " call" }
            }
        }
        section class="card" {
            @if list.is_bare() {
                (nothing(visit))
            } @else {
                (list.head(visit))
                @if found.total == 0 { (list.none_matched(visit)) } @else { (table(visit, &list)) (list.pager(visit)) }
            }
        }
    };
    Frame { title: "Users", place: Some(Place::Users), visit: Some(visit) }.around(&content)
}

fn nothing(visit: &Visit) -> Markup {
    let body = html! { p { "A user comes into being with the first event or call that names one." } };
    state::empty("No users yet", body, html! { a class="btn" href=(visit.to(Place::Home.path())) { "How to send" } })
}

fn table(visit: &Visit, list: &List<'_, UserRow>) -> Markup {
    html! {
        div class="scroll" {
            table class="stack" {
                caption class="sr" { "Users" }
                thead {
                    tr {
                        (list.heading(visit, "User", &Sort::Name))
                        (heading("Properties", None, None))
                        (heading("Groups", None, None))
                        (list.heading(visit, "Last seen", &Sort::Recent))
                    }
                }
                tbody {
                    @for row in &list.page.rows {
                        tr {
                            (user_cell(visit, row))
                            td class="wide" { (properties(&row.properties, SHOWN)) }
                            td class="name" data-l="Groups" { (group_links(visit, &row.groups)) }
                            (last_seen_cell(visit, row))
                        }
                    }
                }
            }
        }
    }
}

/// Who the row is about.
pub fn user_cell(visit: &Visit, row: &UserRow) -> Markup {
    html! { th scope="row" class="mono name" { a href=(visit.to(Place::Users.path()).part(&row.id)) { (row.id) } } }
}

/// When the user did something last.
pub fn last_seen_cell(visit: &Visit, row: &UserRow) -> Markup {
    let seen = row.last_seen.as_deref().and_then(|time| Timestamp::parse(time).ok());
    html! {
        td class="nowrap" data-l="Last seen" {
            @match seen {
                Some(time) => (ago(visit, time)),
                None => span class="muted" { "never, only in calls" },
            }
        }
    }
}

/// The keys of all types that somebody or something belongs to.
pub fn group_links(visit: &Visit, groups: &BTreeMap<String, String>) -> Markup {
    html! {
        @for (place, (group_type, key)) in groups.iter().enumerate() {
            @if place > 0 { span class="muted" { " · " } }
            a class="mono" href=(visit.to(Place::Groups.path()).part(group_type).part(key)) title=(group_type) { (key) }
        }
        @if groups.is_empty() { span class="muted" { "–" } }
    }
}
