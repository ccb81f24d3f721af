//! The range of a report, or of one condition: presets with their letters, and From and To.

use super::words;
use crate::html::Visit;
use crate::html::icon::Icon;
use crate::language::{Clock, Interval, Scope};
use maud::{Markup, html};
use serde_json::{Value, json};

/// A range that is chosen.
#[derive(Clone, Copy, Debug)]
pub struct RangePicker<'a> {
    /// Who looks.
    pub visit: &'a Visit,
    /// The range, and the clock of the document.
    pub scope: &'a Scope,
    /// Where in the document it is; nothing for the report's own.
    pub pointer: &'a str,
    /// What no range at all is called; nothing where there must be one.
    pub open: Option<&'a str>,
}

/// The name of a field of the range at a pointer.
pub fn field(pointer: &str, name: &str) -> String {
    if pointer.is_empty() { name.to_owned() } else { format!("{pointer}.{name}") }
}

impl RangePicker<'_> {
    /// The button with the range's name, and what it opens.
    pub fn draw(&self) -> Markup {
        let (visit, scope) = (self.visit, self.scope);
        let field = |name: &str| field(self.pointer, name);
        let id = |name: &str| if self.pointer.is_empty() { name.to_owned() } else { super::event::id(&field(name)) };
        let clock = Clock { now: visit.now, zone: &visit.zone };
        let resolved = scope.resolve(clock).ok();
        let (from, to) = (resolved.filter(|_| !scope.from.is_open()), resolved.filter(|_| !scope.to.is_open()));
        let now = (scope.from.to_string(), scope.to.to_string());
        let is_open = scope.from.is_open() && scope.to.is_open();
        let name = match self.open.filter(|_| is_open) {
            Some(open) => open.to_owned(),
            None => words::range(visit, scope).0,
        };
        html! {
            button type="button" class="btn" popovertarget=(id("range")) { (Icon::Calendar) span { (name) } (Icon::Chevron.small()) }
            div id=(id("range")) popover class="menu" role="group" aria-label="Date range" {
                ul {
                    @if let Some(open) = self.open {
                        li { button name=(field("range")) value="{}" aria-current=[is_open.then_some("true")] { (open) } }
                    }
                    @for (name, letter, from, to) in presets(visit) {
                        li {
                            button name=(field("range")) value=(json!({ "from": from, "to": to })) data-key=[self.open.is_none().then_some(letter)]
                                aria-current=[((from, to) == now).then_some("true")] {
                                (name) @if self.open.is_none() { span class="n" { (letter) } }
                            }
                        }
                    }
                }
                div class="range" {
                    label for=(id("from")) { "From" }
                    input id=(id("from")) type="date" name=(field("from")) value=[from.map(|range| words::date_input(visit, range.from_micros))];
                    label for=(id("to")) { "To" }
                    input id=(id("to")) type="date" name=(field("to")) value=[to.map(|range| words::date_input(visit, range.to_micros.saturating_sub(1)))];
                    button class="btn primary" name="do" value=(format!("dates {}", self.pointer).trim_end()) { "Apply" }
                }
            }
        }
    }
}

fn presets(visit: &Visit) -> Vec<(&'static str, &'static str, String, String)> {
    let today = visit.zone.clock_at(visit.now.micros()).date();
    let first = today.first_of_month();
    let before = first.yesterday().map_or(first, jiff::civil::Date::first_of_month);
    let preset = |name, letter, from: &str, to: &str| (name, letter, from.to_owned(), to.to_owned());
    vec![
        preset("Today", "D", "-0d", "now"),
        preset("Yesterday", "E", "-1d", "-0d"),
        preset("Last 7 days", "W", "-7d", "now"),
        preset("Last 30 days", "T", "-30d", "now"),
        preset("Last 90 days", "Q", "-90d", "now"),
        preset("Last 12 months", "Y", "-365d", "now"),
        preset("This month", "M", &first.to_string(), "now"),
        preset("Last month", "L", &before.to_string(), &first.to_string()),
    ]
}

/// By which interval it is told.
pub fn interval(chosen: Interval) -> Markup {
    html! {
        label class="sr" for="interval" { "Interval" }
        select id="interval" name="json/interval" {
            @for (interval, word) in [(Interval::Hour, "hour"), (Interval::Day, "day"), (Interval::Week, "week"), (Interval::Month, "month")] {
                option value=(json!(word)) selected[interval == chosen] { "By " (word) }
            }
        }
    }
}

/// A choice of words for a field of the document.
pub fn choice(label: &str, pointer: &str, chosen: &Value, choices: &[(Value, &str)]) -> Markup {
    let id = super::event::id(pointer);
    html! {
        label class="sr" for=(id) { (label) }
        select id=(id) name={ "json" (pointer) } {
            @if choices.iter().all(|(value, _)| value != chosen) { option value=(chosen) selected { (chosen.to_string().trim_matches('"')) } }
            @for (value, words) in choices { option value=(value) selected[value == chosen] { (words) } }
        }
    }
}
