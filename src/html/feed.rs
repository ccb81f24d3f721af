//! Events as a list, newest first: what, who, and for which group.

use super::menu::Place;
use super::moment::ago;
use super::visit::Visit;
use crate::model::Timestamp;
use crate::pages::RecentEvent;
use maud::{Markup, html};

/// The events; with the first group that each carries, if that is wanted.
pub fn feed(visit: &Visit, events: &[RecentEvent], with_groups: bool) -> Markup {
    html! {
        ul class="feed" {
            @for event in events { (row(visit, event, with_groups)) }
        }
    }
}

fn row(visit: &Visit, event: &RecentEvent, with_groups: bool) -> Markup {
    html! {
        li {
            a class="mono trunc" href=(visit.to(Place::Events.path()).part(&event.event)) { (event.event) }
            span class="who" {
                a class="trunc" href=(visit.to(Place::Users.path()).part(&event.distinct_id)) { (event.distinct_id) }
                @if with_groups {
                    @if let Some((group_type, key)) = event.groups.first_key_value() {
                        span aria-hidden="true" { "·" } a class="trunc" href=(visit.to(Place::Groups.path()).part(group_type).part(key)) { (key) }
                    }
                }
            }
            @if let Ok(time) = Timestamp::parse(&event.timestamp) { (ago(visit, time)) }
        }
    }
}
