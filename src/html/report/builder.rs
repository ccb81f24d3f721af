//! The card where a report is put together. What stands on it differs from report to report by its rows alone.

use super::choices::Choices;
use super::event::EventPicker;
use super::filter::{breakdowns, filters, phrase};
use super::kind::Kind;
use super::matcher::{self, split};
use super::range::choice;
use super::words;
use crate::html::Visit;
use crate::html::icon::Icon;
use crate::language::Scope;
use maud::{Markup, html};
use serde_json::{Value, json};

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Builder<'a> {
    /// Who looks.
    pub visit: &'a Visit,
    /// Which report.
    pub kind: Kind,
    /// Its document.
    pub document: &'a Value,
    /// What it counts, and when.
    pub scope: &'a Scope,
    /// What there is to choose from.
    pub choices: &'a Choices,
}

impl Builder<'_> {
    /// The card.
    pub fn draw(&self) -> Markup {
        html! {
            section class="card" aria-label="Report" {
                details class="fold" open {
                    summary { (Icon::Settings) span class="trunc" { (self.summary()) } span class="btn s" { "Edit" } }
                    div class="builder" {
                        input type="hidden" name="base" value=(self.document);
                        (self.rows())
                    }
                }
            }
        }
    }

    fn summary(&self) -> Markup {
        if self.kind == Kind::Cohort {
            return self.told_conditions();
        }
        let own = matcher::filters(self.document.get("filter"));
        html! {
            @for (place, pointer) in self.kind.slots(self.document).filled.iter().enumerate() {
                @let (names, _) = split(self.document.pointer(pointer));
                @if place > 0 { ", " }
                b { (names.join(" or ")) }
            }
            ", by " (words::unit(&self.scope.count_by))
            @for filter in own.iter().take(2) { ", " (phrase(filter)) }
        }
    }

    fn rows(&self) -> Markup {
        let by = row("Count by", self.count_by());
        let only = row("Only where", self.own_filters());
        match self.kind {
            Kind::Trends => html! {
                (row("Events", self.series()))
                div class="pair" { (by) (row("Break down", html! { (self.breakdowns()) (self.rank_by()) })) }
                (only)
            },
            Kind::Funnel => html! {
                (row("Steps", self.steps()))
                div class="pair" { (by) (row("Within", self.funnel_rules())) }
                div class="pair" { (only) (row("Break down", self.breakdowns())) }
            },
            Kind::Retention => html! {
                div class="pair" { (row("Starts with", self.start())) (row("Comes back", self.comeback())) }
                div class="pair" { (by) (only) }
            },
            Kind::Stickiness | Kind::Lifecycle => html! {
                (row("Active by", self.matcher("/event", "Active by", None)))
                div class="pair" { (by) (only) }
            },
            Kind::Paths => html! {
                (row("Paths", self.path_ends()))
                div class="pair" { (by) (only) }
            },
            Kind::Cohort => html! {
                (row("Members are", self.count_by()))
                (row("Who match", self.conditions()))
                div class="pair" { (row("When", self.usual_range())) (row("Only events", self.own_filters())) }
                noscript { p class="row" { span {} button class="btn primary" { "Apply" } } }
            },
        }
    }

    /// One matcher: its events and filters.
    pub(super) fn matcher(&self, pointer: &str, label: &str, badge: Option<&str>) -> Markup {
        let (names, own) = split(self.document.pointer(pointer));
        let add = badge.map_or_else(|| "Filter".to_owned(), |badge| format!("Filter {badge}"));
        html! {
            @if let Some(badge) = badge { span class="badge-l" { (badge) } }
            (EventPicker { pointer, chosen: &names, add: "Event", label }.draw(self.choices))
            (filters(pointer, &own, self.choices, &add))
        }
    }

    fn next(&self, pointer: &str, add: &str) -> Markup {
        EventPicker { pointer, chosen: &[], add, label: add }.draw(self.choices)
    }

    fn series(&self) -> Markup {
        let series = self.document["series"].as_array().map_or(&[][..], Vec::as_slice);
        html! {
            div class="steps" {
                @for (place, one) in series.iter().enumerate() {
                    @let letter = char::from(b'A' + (place % 26) as u8).to_string();
                    div class="flow" {
                        @if one.get("event").is_some() {
                            (self.matcher(&format!("/series/{place}/event"), &format!("Event {letter}"), Some(&letter)))
                            (self.measure(place, one, &letter))
                        } @else {
                            span class="badge-l" { (letter) }
                            span class="chip ro mono" { (one) }
                        }
                        @if series.len() > 1 { (remove(&format!("/series/{place}"), &format!("event {letter}"))) }
                        @if place + 1 == series.len() { (self.next(&format!("/series/{}/event", series.len()), "Event")) (self.formula(series.len())) }
                    }
                }
            }
        }
    }

    fn measure(&self, place: usize, series: &Value, letter: &str) -> Markup {
        let chosen = series.get("measure").cloned().unwrap_or_else(|| json!("unique"));
        let unit = words::unit(&self.scope.count_by);
        let mut plain = vec![
            (json!("unique"), format!("Unique {}", words::units(&self.scope.count_by))),
            (json!("total"), "Total events".to_owned()),
            (json!("per_unit"), format!("Events per {unit}")),
            (json!({"active":"7d"}), format!("Active {} in 7 days", words::units(&self.scope.count_by))),
            (json!({"active":"30d"}), format!("Active {} in 30 days", words::units(&self.scope.count_by))),
        ];
        let of = |name: &str, of: &str| -> Vec<(Value, String)> {
            let path = |path: &str| match of.strip_prefix('p').and_then(|rank| rank.parse::<f64>().ok()) {
                Some(rank) => json!({"percentile":[path, rank / 100.0]}),
                None => json!({ of: path }),
            };
            self.choices.numbers().map(|number| (path(number), format!("{name} {number}"))).collect()
        };
        let measured = [
            ("Sum of", "sum"),
            ("Average", "avg"),
            ("Median", "p50"),
            ("90th percentile of", "p90"),
            ("Least", "min"),
            ("Most", "max"),
        ];
        let measured: Vec<(&str, Vec<(Value, String)>)> =
            measured.iter().map(|(name, word)| (*name, of(name, word))).collect();
        if !plain.iter().chain(measured.iter().flat_map(|(_, list)| list)).any(|(value, _)| *value == chosen) {
            plain.push((chosen.clone(), chosen.to_string()));
        }
        let id = format!("measure-{place}");
        html! {
            label class="sr" for=(id) { "Measure of " (letter) }
            select id=(id) name={ "json/series/" (place) "/measure" } {
                @for (value, words) in &plain { option value=(value) selected[*value == chosen] { (words) } }
                @for (name, list) in measured.iter().filter(|(_, list)| !list.is_empty()) {
                    optgroup label=(name) { @for (value, words) in list { option value=(value) selected[*value == chosen] { (words) } } }
                }
            }
        }
    }

    fn formula(&self, series: usize) -> Markup {
        let formula = self.document["formula"].as_str();
        html! {
            @if series > 1 || formula.is_some() {
                label class="sr" for="formula" { "Formula" }
                input id="formula" type="text" size="10" name="json/formula" value=[formula] placeholder="Formula, A / B" autocomplete="off";
            }
        }
    }

    fn count_by(&self) -> Markup {
        let own = self.scope.count_by.group_type();
        html! {
            label class="sr" for="count_by" { "Count by" }
            select id="count_by" name="json/count_by" {
                option value="" { "Users" }
                @if let Some(own) = own.filter(|own| self.choices.types.types.iter().all(|row| row.group_type != *own)) {
                    option value=(json!({ "group": own })) selected { "Groups: " (own) }
                }
                @for row in &self.choices.types.types {
                    option value=(json!({ "group": row.group_type })) selected[own == Some(row.group_type.as_str())] { "Groups: " (row.group_type) }
                }
            }
            @if self.kind == Kind::Funnel && own.is_some() {
                @let hold = self.document.get("hold").cloned().unwrap_or_default();
                (choice("Steps done by", "/hold", &hold, &[(Value::Null, "by any member"), (json!("user"), "by one member throughout")]))
            }
        }
    }

    fn own_filters(&self) -> Markup {
        filters("", &matcher::filters(self.document.get("filter")), self.choices, "Filter")
    }

    fn breakdowns(&self) -> Markup {
        breakdowns(self.document["breakdown"].as_array().map_or(&[], Vec::as_slice), self.choices)
    }

    /// Which values of a breakdown come first, and so are shown.
    fn rank_by(&self) -> Markup {
        let chosen = self.document.get("rank_by").cloned().unwrap_or_else(|| json!("events"));
        let choices = [(json!("events"), "Most events first"), (json!("total"), "Highest total first")];
        html! {
            @if self.document["breakdown"].as_array().is_some_and(|list| !list.is_empty()) {
                (choice("Order of values", "/rank_by", &chosen, &choices))
            }
        }
    }

    fn steps(&self) -> Markup {
        let count = self.document["steps"].as_array().map_or(0, Vec::len);
        let excluded = self.document["exclude"].as_array().map_or(0, Vec::len);
        html! {
            div class="steps beside" {
                @for place in 0..count {
                    @let number = (place + 1).to_string();
                    div class="flow" {
                        (self.matcher(&format!("/steps/{place}"), &format!("Step {number}"), Some(&number)))
                        @if count > 2 { (remove(&format!("/steps/{place}"), &format!("step {number}"))) }
                        @if place + 1 == count {
                            (self.next(&format!("/steps/{count}"), "Step"))
                            // In any order nothing is between two steps.
                            @if self.document["order"] != "any" { (self.next(&format!("/exclude/{excluded}/event"), "Exclude an event")) }
                        }
                    }
                }
                @for place in 0..excluded { (self.excluded(place, count)) }
            }
        }
    }

    /// What must not happen, and between which steps.
    fn excluded(&self, place: usize, count: usize) -> Markup {
        let pointer = format!("/exclude/{place}");
        let end = |name: &str| self.document.pointer(&format!("{pointer}/{name}")).and_then(Value::as_u64);
        let (from, to) = (end("from").unwrap_or(1), end("to").unwrap_or(count as u64));
        let step = |number: u64| (number, format!("step {number}"));
        let select = |name: &str, label: &str, chosen: u64, choices: &[(u64, String)]| {
            let choices: Vec<(Value, &str)> =
                choices.iter().map(|(number, word)| (json!(number), word.as_str())).collect();
            choice(label, &format!("{pointer}/{name}"), &json!(chosen), &choices)
        };
        html! {
            div class="flow apart" {
                span class="dim" { "Without" }
                (self.matcher(&format!("{pointer}/event"), &format!("Exclusion {}", place + 1), None))
                span class="dim" { "between" }
                (select("from", "From step", from, &(1..to).map(step).collect::<Vec<_>>()))
                span class="dim" { "and" }
                (select("to", "To step", to, &(from + 1..=count as u64).map(step).collect::<Vec<_>>()))
                (remove(&pointer, &format!("exclusion {}", place + 1)))
            }
        }
    }

    fn funnel_rules(&self) -> Markup {
        let or = |name: &str, default: &str| self.document.get(name).cloned().unwrap_or_else(|| json!(default));
        let windows = [
            ("1h", "1 hour"),
            ("1d", "1 day"),
            ("7d", "7 days"),
            ("14d", "14 days"),
            ("30d", "30 days"),
            ("90d", "90 days"),
        ];
        let windows: Vec<(Value, &str)> = windows.iter().map(|(span, words)| (json!(span), *words)).collect();
        let orders = [
            (json!("ordered"), "In this order"),
            (json!("strict"), "Strictly in a row"),
            (json!("any"), "In any order"),
        ];
        let entries = [(json!("best"), "best attempt"), (json!("first"), "first attempt")];
        html! {
            (choice("Window", "/window", &or("window", "14d"), &windows))
            (choice("Order", "/order", &or("order", "ordered"), &orders))
            (choice("Attempt that counts", "/entry", &or("entry", "best"), &entries))
        }
    }

    fn start(&self) -> Markup {
        let mode = self.document.get("mode").cloned().unwrap_or_else(|| json!("first_time"));
        html! {
            (self.matcher("/start", "Starts with", Some("1")))
            (choice("How often it starts", "/mode", &mode, &[(json!("first_time"), "for the first time ever"), (json!("recurring"), "every time")]))
        }
    }

    fn comeback(&self) -> Markup {
        let bound = self.document.get("bound").cloned().unwrap_or_else(|| json!("on"));
        let word = self.document["interval"].as_str().unwrap_or("day");
        let (on, after) = (format!("in that {word}"), format!("in that {word} or later"));
        html! {
            @if self.document.get("return").is_some() {
                (self.matcher("/return", "Comes back", Some("2")))
            } @else {
                span class="badge-l" { "2" }
                (self.next("/return", "by the same event"))
            }
            (choice("When it counts", "/bound", &bound, &[(json!("on"), on.as_str()), (json!("on_or_after"), after.as_str())]))
        }
    }

    fn path_ends(&self) -> Markup {
        let (pointer, label) =
            if self.document.get("end").is_some() { ("/end", "Ending with") } else { ("/start", "Starting with") };
        let steps = self.document.get("steps").cloned().unwrap_or_else(|| json!(5));
        html! {
            button class="btn" name="do" value="swap" aria-label={ (label) "; turn round" } { (label) }
            (self.matcher(pointer, label, None))
            (choice("Steps", "/steps", &steps, &[(json!(3), "3 steps"), (json!(4), "4 steps"), (json!(5), "5 steps")]))
        }
    }
}

fn row(name: &str, content: Markup) -> Markup {
    html! { div class="row" { div { (name) } div class="flow" { (content) } } }
}

/// The button that removes what is at a pointer.
pub(super) fn remove(pointer: &str, what: &str) -> Markup {
    html! { button class="btn s quiet icon" name="do" value={ "remove " (pointer) } aria-label={ "Remove " (what) } { (Icon::Close.small()) } }
}
