//! How long each step took: bars of its median, and of its average. Answers have no more of these times than that.

use super::table::time;
use super::{Part, View};
use crate::figure::count;
use crate::html::report::answer::{Sentence, sentence};
use crate::html::report::words;
use crate::reports::{Figure, FunnelStep};
use maud::{Markup, PreEscaped, html};

/// The bars of a step.
struct Bars<'a> {
    view: &'a View<'a>,
    /// The longest time of all, in seconds.
    longest: f64,
}

impl View<'_> {
    /// The step that took longest.
    pub(super) fn slowest_in_words(&self) -> Sentence {
        let median = |part: &Part<'_>, step: usize| part.all.steps[step].median_seconds.to_f64();
        let Some(part) = self.parts.first() else { return Sentence::default() };
        let steps = (1..part.all.steps.len()).filter_map(|step| Some((step, median(part, step)?)));
        let Some((step, seconds)) = steps.max_by(|a, b| a.1.total_cmp(&b.1)) else {
            let said = html! { (self.looked.units()) " went from one step to the next " (self.looked.when()) };
            return sentence("No", said, "");
        };
        let said = html! {
            "is the median time of the slowest step, from " b class="mono" { (self.event(step - 1)) } " to " b class="mono" { (self.event(step)) }
            ", " (self.looked.when())
            @if self.parts.len() > 1 { ", of " b { (part.name()) } ", the largest of " (self.parts.len()) " values" }
        };
        let average = part.all.steps[step].average_seconds;
        let beside = html! { span class="delta muted" { (time(average)) " on average, of " (self.looked.counted(part.count(step))) } };
        sentence(time(Figure::Number(seconds)), said, beside)
    }

    pub(super) fn times(&self) -> Markup {
        let drawn = self.drawn().iter().flat_map(|part| part.all.steps.iter().skip(1));
        let seconds = drawn.flat_map(|step| [step.median_seconds, step.average_seconds]);
        let bars = Bars { view: self, longest: seconds.filter_map(Figure::to_f64).fold(0.0, f64::max) };
        html! {
            (self.legend(super::DRAWN))
            @if !self.is_split() {
                div class="legend" { span class="two" { i class="sw k1" {} "Median" } span class="two" { i class="sw k1 faint" {} "Average" } }
            }
            ol class="times" aria-label="Time of each step" { @for step in 1..self.steps() { (bars.step(step)) } }
        }
    }

    pub(super) fn table_of_times(&self) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="region" aria-label="Table of the times" {
                table class=[self.is_split().then_some("fix")] {
                    caption class="sr" { "Time of each step" }
                    @if self.is_split() { (self.times_of_values()) } @else if let Some(whole) = self.parts.first() { (self.times_of_steps(whole)) }
                }
            }
        }
    }

    fn times_of_steps(&self, part: &Part<'_>) -> Markup {
        html! {
            thead {
                tr {
                    th scope="col" { "Step" }
                    th scope="col" class="num" { (words::capital(&self.looked.units())) }
                    th scope="col" class="num" { "Median time" }
                    th scope="col" class="num" { "Average time" }
                }
            }
            tbody {
                @for (place, step) in part.all.steps.iter().enumerate().skip(1) {
                    tr {
                        th scope="row" { (self.between(place)) }
                        td class="num" { (super::table::number(&part.units(place + 1, false), step.count)) }
                        td class="num" { (time(step.median_seconds)) }
                        td class="num" { (time(step.average_seconds)) }
                    }
                }
            }
        }
    }

    fn times_of_values(&self) -> Markup {
        html! {
            thead {
                tr {
                    th scope="col" data-sort="name" { "Value" }
                    @for step in 1..self.steps() {
                        th scope="col" class="num" data-sort={ "median" (step + 1) } { "Median to " span class="badge-l" { (step + 1) } }
                        th scope="col" class="num" data-sort={ "average" (step + 1) } { "Average to " span class="badge-l" { (step + 1) } }
                    }
                }
            }
            tbody {
                @for part in &self.parts {
                    tr data-row=(part.place) {
                        th scope="row" { span class="ser" { i class={ "sw " (part.color()) } {} bdi class="trunc" { (part.name()) } } }
                        @for step in part.all.steps.iter().skip(1) { (cell(step.median_seconds)) (cell(step.average_seconds)) }
                    }
                }
            }
        }
    }

    /// Between which steps.
    fn between(&self, step: usize) -> Markup {
        html! {
            span class="ser" {
                span class="badge-l" { (step) } span class="mono trunc" { (self.event(step - 1)) }
                (PreEscaped("→"))
                span class="badge-l" { (step + 1) } span class="mono trunc" { (self.event(step)) }
            }
        }
    }
}

fn cell(seconds: Figure) -> Markup {
    html! { td class="num" data-v=[seconds.to_f64()] { (time(seconds)) } }
}

impl Bars<'_> {
    fn step(&self, place: usize) -> Markup {
        let step = |part: &Part<'_>| part.all.steps.get(place).cloned();
        html! {
            li {
                h3 { (self.view.between(place)) }
                @for part in self.view.drawn() {
                    @if let Some(step) = step(part) { (self.of(part, &step)) }
                }
            }
        }
    }

    fn of(&self, part: &Part<'_>, step: &FunnelStep) -> Markup {
        let is_value = part.value.is_some();
        html! {
            div class="time" data-of=[is_value.then_some(part.place)] {
                @if is_value { span class="sr" { (part.name()) } }
                (self.bar(&part.color(), "", step.median_seconds))
                span { b { (time(step.median_seconds)) } @if is_value { " " span class="muted" { (count(step.count)) " " (self.view.looked.units()) } } @else { " " span class="muted" { "median" } } }
            }
            @if !is_value {
                div class="time" {
                    (self.bar(&part.color(), "faint", step.average_seconds))
                    span { b { (time(step.average_seconds)) } " " span class="muted" { "average" } }
                }
            }
        }
    }

    fn bar(&self, color: &str, faint: &str, seconds: Figure) -> Markup {
        let share = seconds
            .to_f64()
            .map_or(0.0, |seconds| if self.longest > 0.0 { 100.0 * seconds / self.longest } else { 0.0 });
        html! {
            svg class={ (color) " " (faint) } viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                rect class="got" width={ (format!("{share:.1}")) } height="10" {}
            }
        }
    }
}
