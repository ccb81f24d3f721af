//! What is asked before something goes that cannot come back: what would go, and whether it is meant.

use super::address::Address;
use super::frame::Frame;
use super::menu::Place;
use super::properties::cut;
use super::visit::Visit;
use crate::figure::{count, counted};
use crate::store::Removal;
use maud::{Markup, html};

/// Names that are listed.
const NAMES_SHOWN: usize = 20;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Confirm<'a> {
    /// The question, such as `Delete the user ann?`.
    pub question: String,
    /// What would go or change; none where nothing is counted.
    pub removal: Option<&'a Removal>,
    /// What else is to be known.
    pub note: Option<String>,
    /// Where in the sidebar it is.
    pub place: Place,
    /// Where the answer is sent to.
    pub to: Address,
    /// Where it leads to leave everything as it is.
    pub back: Address,
    /// What is sent.
    pub fields: Vec<(&'static str, String)>,
    /// What the button says.
    pub button: &'a str,
}

/// The page.
pub fn confirm(visit: &Visit, confirm: &Confirm<'_>) -> Markup {
    let content = html! {
        div class="head" {
            div {
                nav class="crumbs" aria-label="Where this is" { a href=(visit.to(confirm.place.path())) { (confirm.place.name()) } span aria-hidden="true" { "/" } }
                h1 class="name" { (confirm.question) }
            }
        }
        section class="card" aria-labelledby="goes" {
            header { h2 id="goes" { @if confirm.removal.is_some() { "What would go" } @else { "What would happen" } } }
            div class="body gcol" {
                @if let Some(removal) = confirm.removal { (goes(removal)) }
                @if let Some(note) = &confirm.note { p { (note) } }
                form class="inline" method="post" action=(confirm.to) {
                    @for (name, value) in &confirm.fields { input type="hidden" name=(name) value=(value); }
                    button class="btn danger" { (confirm.button) }
                    a class="btn" href=(confirm.back) { "Leave it" }
                }
            }
        }
    };
    Frame { title: &confirm.question, place: Some(confirm.place), visit: Some(visit) }.around(&content)
}

fn goes(removal: &Removal) -> Markup {
    let lines = [
        (removal.events, "event", "goes", "go"),
        (removal.events_changed, "event", "stays, without the key", "stay, without the key"),
        (removal.identify_calls, "identify() call", "goes", "go"),
        (removal.group_calls, "group() call", "goes", "go"),
        (removal.group_calls_changed, "group() call", "stays, without the user", "stay, without the user"),
        (removal.aliases, "alias() call", "goes", "go"),
        (removal.associations, "membership", "ends", "end"),
    ];
    html! {
        @if !removal.names.is_empty() {
            p {
                "All of: "
                @for (place, name) in removal.names.iter().take(NAMES_SHOWN).enumerate() {
                    @if place > 0 { ", " }
                    bdi class="mono" { (cut(name)) }
                }
                @if removal.names.len() > NAMES_SHOWN { " and " (count((removal.names.len() - NAMES_SHOWN) as u64)) " more" }
            }
        }
        ul class="goes" {
            @for (number, what, one, several) in lines {
                @if number > 0 { li { b { (counted(number, what)) } " " (if number == 1 { one } else { several }) } }
            }
            @if lines.iter().all(|(number, ..)| *number == 0) { li { "Nothing: it has no events and no calls" } }
        }
    }
}
