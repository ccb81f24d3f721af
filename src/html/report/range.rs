//! The range of a report: presets with their letters, and From and To.

use super::words;
use crate::html::Visit;
use crate::html::icon::Icon;
use crate::language::{Clock, Interval, Scope};
use maud::{Markup, html};
use serde_json::{Value, json};

/// The button with the range's name, and what it opens.
pub fn range(visit: &Visit, scope: &Scope) -> Markup {
    let (name, _) = words::range(visit, scope);
    let clock = Clock { now: visit.now, zone: &visit.zone };
    let resolved = scope.resolve(clock).ok();
    let now = (scope.from.to_string(), scope.to.to_string());
    html! {
        button type="button" class="btn" popovertarget="range" { (Icon::Calendar) span { (name) } (Icon::Chevron.small()) }
        div id="range" popover class="menu" role="group" aria-label="Date range" {
            ul {
                @for (name, letter, from, to) in presets(visit) {
                    li {
                        button name="range" value=(json!({ "from": from, "to": to })) data-key=(letter)
                            aria-current=[((from, to) == now).then_some("true")] { (name) span class="n" { (letter) } }
                    }
                }
            }
            div class="range" {
                label for="from" { "From" }
                input id="from" type="date" name="from" value=[resolved.map(|range| words::date_input(visit, range.from_micros))];
                label for="to" { "To" }
                input id="to" type="date" name="to" value=[resolved.map(|range| words::date_input(visit, range.to_micros.saturating_sub(1)))];
                button class="btn primary" name="do" value="dates" { "Apply" }
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
