//! `/users/{id}`: one user under all ids: groups, properties, the latest events.

use super::facts;
use super::frame::Frame;
use super::menu::Place;
use super::moment::{ago, at};
use super::properties::{SHOWN, cut, properties, text};
use super::table::heading;
use super::users::group_links;
use super::visit::Visit;
use crate::figure::counted;
use crate::model::Timestamp;
use crate::pages::{RecentEvent, UserProfile};
use maud::{Markup, html};

/// Other ids that are named in the head of the page.
const IDS_SHOWN: usize = 5;

/// The page.
pub fn user(visit: &Visit, user: &UserProfile) -> Markup {
    let name = user.properties.get("name").map(text).filter(|name| !name.trim().is_empty());
    let name = cut(name.as_deref().unwrap_or(&user.id));
    let content = html! {
        div class="head" {
            div {
                nav class="crumbs" aria-label="Where this is" {
                    a href=(visit.to(Place::Users.path())) { "Users" } span aria-hidden="true" { "/" }
                }
                h1 class="name" { (name) }
                p class="sub name" { span class="mono" { (user.id) } (other_ids(user)) (last_seen(visit, user)) }
            }
        }
        div class="cols" {
            div class="c8 gcol" { (recent(visit, &user.recent)) }
            div class="c4 gcol" {
                section class="card" aria-labelledby="groups" {
                    header { h2 id="groups" { "Groups now" } }
                    ul class="plist" {
                        @for (group_type, key) in &user.groups {
                            li class="one" {
                                span class="pn" { (group_type) }
                                a class="pv mono" href=(visit.to(Place::Groups.path()).part(group_type).part(key)) { (key) }
                            }
                        }
                        @if user.groups.is_empty() { li class="one muted" { "None" } }
                    }
                }
                section class="card" aria-labelledby="properties" {
                    header { h2 id="properties" { "Properties" } }
                    (facts::plain(&user.properties))
                }
            }
        }
    };
    Frame { title: &name, place: Some(Place::Users), visit: Some(visit) }.around(&content)
}

fn other_ids(user: &UserProfile) -> Markup {
    let others: Vec<&String> = user.ids.iter().filter(|id| **id != user.id).collect();
    html! {
        @if !others.is_empty() { " · also seen as " }
        @for (place, id) in others.iter().take(IDS_SHOWN).enumerate() {
            @if place > 0 { ", " }
            span class="mono" { (cut(id)) }
        }
        @if others.len() > IDS_SHOWN { " and " (counted((others.len() - IDS_SHOWN) as u64, "other id")) }
    }
}

fn last_seen(visit: &Visit, user: &UserProfile) -> Markup {
    let last = user.recent.first().and_then(|event| Timestamp::parse(&event.timestamp).ok());
    html! {
        @match last {
            Some(time) => { " · last seen " (ago(visit, time)) }
            None => " · no events",
        }
    }
}

fn recent(visit: &Visit, events: &[RecentEvent]) -> Markup {
    html! {
        section class="card" aria-labelledby="events" {
            header { h2 id="events" { "Events" } span class="meta" { "the latest " (events.len()) } }
            @if events.is_empty() {
                div class="body" { p class="muted" { "None yet" } }
            } @else {
                div class="scroll" {
                    table class="stack" {
                        caption class="sr" { "The latest events, newest first" }
                        thead {
                            tr { (heading("Time", None, None)) (heading("Event", None, None)) (heading("Groups", None, None)) (heading("Properties", None, None)) }
                        }
                        tbody { @for event in events { (row(visit, event)) } }
                    }
                }
            }
        }
    }
}

fn row(visit: &Visit, event: &RecentEvent) -> Markup {
    html! {
        tr {
            td class="nowrap" data-l="Time" {
                @if let Ok(time) = Timestamp::parse(&event.timestamp) { (at(visit, time)) }
            }
            th scope="row" class="mono name" { a href=(visit.to(Place::Events.path()).part(&event.event)) { (event.event) } }
            td class="name" data-l="Groups" { (group_links(visit, &event.groups)) }
            td class="wide" { (properties(&event.properties, SHOWN)) }
        }
    }
}
