//! Choosing events: a list by use with a search, which works as a plain list of boxes without a script.

use super::choices::Choices;
use crate::figure::count;
use crate::html::icon::Icon;
use maud::{Markup, html};

/// So many events are listed; others are typed.
const LISTED_MAX: usize = 100;

/// Where one matcher's events are chosen.
#[derive(Clone, Copy, Debug)]
pub struct EventPicker<'a> {
    /// Where the matcher is in the document.
    pub pointer: &'a str,
    /// What is chosen now; nothing where an event is to be added.
    pub chosen: &'a [String],
    /// What the button is called where nothing is chosen.
    pub add: &'a str,
    /// Of what the events are, for those who do not see it.
    pub label: &'a str,
}

/// A name for the elements that belong to a pointer.
pub fn id(pointer: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    format!("p{}", pointer.chars().map(plain).collect::<String>())
}

impl EventPicker<'_> {
    /// The button and what it opens.
    pub fn draw(&self, choices: &Choices) -> Markup {
        let id = id(self.pointer);
        html! {
            @if self.chosen.is_empty() {
                button type="button" class="btn s add" popovertarget=(id) { (Icon::Add.small()) (self.add) }
            } @else {
                button type="button" class="pick" popovertarget=(id) aria-label={ (self.label) ": " (self.shown()) } {
                    b class="mono trunc" { (self.shown()) } (Icon::Chevron.small())
                }
            }
            div id=(id) popover class="events" role="group" aria-label=(self.label) { (self.list(&id, choices)) }
        }
    }

    fn shown(&self) -> String {
        let name = |name: &String| if name == "*" { "Any event".to_owned() } else { name.clone() };
        self.chosen.iter().map(name).collect::<Vec<_>>().join(" or ")
    }

    fn list(&self, id: &str, choices: &Choices) -> Markup {
        let events = &choices.events.events;
        let rest: Vec<&String> = self
            .chosen
            .iter()
            .filter(|name| *name != "*" && events.iter().take(LISTED_MAX).all(|event| event.event != **name))
            .collect();
        html! {
            div class="search" {
                label class="sr" for={ (id) "-q" } { "Search events, or type a name" }
                (Icon::Search)
                input id={ (id) "-q" } type="search" name={ (self.pointer) ".typed" } autocomplete="off" data-filter
                    placeholder={ "Search " (count(events.len() as u64)) " events" };
            }
            p class="gh" { "Used most in the last 30 days" }
            ul class="picks" {
                (self.line("*", html! { "Any event" }, choices.events.count))
                @for name in rest { (self.line(name, html! { span class="mono" { (name) } }, 0)) }
                @for event in events.iter().take(LISTED_MAX) {
                    (self.line(&event.event, html! { span class="mono" { (event.event) } }, event.lately))
                }
            }
            p class="inline" { button class="btn primary s" { "Apply" } span class="meta" { "Several: any of them counts" } }
        }
    }

    fn line(&self, name: &str, shown: Markup, uses: u64) -> Markup {
        html! {
            li {
                label {
                    input type="checkbox" name={ (self.pointer) ".event" } value=(name)
                        checked[self.chosen.iter().any(|own| own == name)];
                    (shown)
                    span class="n" { (count(uses)) }
                }
            }
        }
    }
}
