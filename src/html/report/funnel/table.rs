//! The numbers of the steps: a row for each step, or with a breakdown a row for each value.

use super::{Part, View};
use crate::figure::{count, duration};
use crate::html::report::answer::opens;
use crate::html::report::words;
use crate::reports::Figure;
use maud::{Markup, html};
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn table(&self) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="region" aria-label="Table of the funnel’s numbers" {
                @if self.is_split() {
                    (self.rows_of_values())
                } @else if let Some(whole) = self.parts.first() {
                    (self.rows_of_steps(whole))
                }
            }
        }
    }

    fn rows_of_steps(&self, part: &Part<'_>) -> Markup {
        html! {
            table {
                caption class="sr" { "Funnel steps" }
                thead {
                    tr {
                        th scope="col" { "Step" }
                        th scope="col" class="num" { (words::capital(&self.looked.units())) }
                        th scope="col" class="num" { "From previous" }
                        th scope="col" class="num" { "Of all" }
                        th scope="col" class="num" { "Dropped off before" }
                        th scope="col" class="num" { "Median time" }
                        th scope="col" class="num" { "Average time" }
                    }
                }
                tbody {
                    @for (place, step) in part.all.steps.iter().enumerate() {
                        tr {
                            th scope="row" { span class="ser" { span class="badge-l" { (place + 1) } span class="mono" { (self.event(place)) } } }
                            td class="num" { (number(&part.units(place + 1, false), step.count)) }
                            @if place == 0 {
                                td class="num" { "–" } td class="num" { (words::share(step.overall)) } td class="num" { "–" } td class="num" { "–" } td class="num" { "–" }
                            } @else {
                                td class="num" { (words::share(step.from_previous)) }
                                td class="num" { (words::share(step.overall)) }
                                td class="num" { (number(&part.units(place, true), part.lost(place))) }
                                td class="num" { (time(step.median_seconds)) }
                                td class="num" { (time(step.average_seconds)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn rows_of_values(&self) -> Markup {
        html! {
            table class="fix" {
                caption class="sr" { "Funnel steps by value" }
                thead {
                    tr {
                        th scope="col" data-sort="name" { "Value" }
                        th scope="col" class="num" data-sort="all" { "Converted" }
                        @for step in 0..self.steps() {
                            th scope="col" class="num" data-sort=(step + 1) { span class="badge-l" { (step + 1) } " " span class="mono" { (self.event(step)) } }
                        }
                    }
                }
                tbody {
                    @for part in &self.parts {
                        tr data-row=(part.place) {
                            th scope="row" { span class="ser" { i class={ "sw " (part.color()) } {} bdi class="trunc" { (part.name()) } } }
                            td class="num" { b { (words::share(part.conversion())) } }
                            @for step in 0..self.steps() { (cell(part, step)) }
                        }
                    }
                }
                tfoot {
                    tr class="sum" {
                        th scope="row" { "All together" }
                        td class="num" { (words::share(Figure::ratio(self.count(self.steps() - 1), self.count(0)))) }
                        @for step in 0..self.steps() { td class="num" { (number(&json!({ "step": step + 1 }), self.count(step))) } }
                    }
                }
            }
        }
    }
}

/// Who came to a step, and who was lost before it.
fn cell(part: &Part<'_>, step: usize) -> Markup {
    let share = part.all.steps.get(step).map_or(Figure::Null, |step| step.from_previous);
    html! {
        td class="num" {
            (number(&part.units(step + 1, false), part.count(step)))
            @if step > 0 {
                " " span class="muted" { (words::share(share)) }
                div class="meta" {
                    @if part.lost(step) == 0 { "–" } @else {
                        button class="lostl num-open" form="drill" name="units" value=(part.units(step, true)) { (count(part.lost(step))) " dropped off" }
                    }
                }
            }
        }
    }
}

/// How many; they open where there are any.
pub(super) fn number(units: &Value, shown: u64) -> Markup {
    html! { @if shown == 0 { "0" } @else { (opens(units, count(shown))) } }
}

/// How long; nothing is a dash.
pub(super) fn time(seconds: Figure) -> String {
    seconds.to_f64().map_or_else(|| "–".to_owned(), duration)
}
