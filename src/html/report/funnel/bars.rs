//! Bars of who remained and who was lost: one a step, or one for each value beside each other.

use super::{Part, View};
use crate::figure::{count, duration};
use crate::html::report::words;
use maud::{Markup, PreEscaped, html};

/// Stripes for who was lost.
pub const HATCH: &str = r#"<svg width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse"><rect class="stripe" width="2" height="6"/></pattern></defs></svg>"#;

/// An arrow to the next step.
const ARROW: &str = r#"<svg width="40" height="8" viewBox="0 0 40 8" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round"><path d="M1 4h37M35 1l3 3-3 3"/></svg>"#;

impl View<'_> {
    pub(super) fn bars(&self) -> Markup {
        html! {
            // The tiles of a page refer to one.
            @if self.looked.tile.is_none() { (PreEscaped(HATCH)) }
            ol class="funnel" aria-label="Steps" {
                @for step in 0..self.steps() {
                    li class="fstep" {
                        h3 { span class="badge-l" { (step + 1) } span class="trunc mono" title=(self.event(step)) { (self.event(step)) } }
                        @if self.is_split() { (self.beside_each_other(step)) } @else if let Some(whole) = self.parts.first() { (self.alone(whole, step)) }
                    }
                }
            }
        }
    }

    /// The bar of everyone, and its numbers.
    fn alone(&self, part: &Part<'_>, place: usize) -> Markup {
        let Some(step) = part.all.steps.get(place) else { return html! {} };
        let number = place + 1;
        html! {
            div class="fviz k1" {
                (self.bar(part, place))
                @if let Some(next) = part.all.steps.get(number) {
                    span class="fgo" aria-hidden="true" { (words::share(next.from_previous)) (PreEscaped(ARROW)) }
                }
            }
            div class="fmeta" {
                span class="big" { (words::share(step.overall)) }
                span { b { (count(step.count)) } " " span class="muted" { (self.looked.units()) } }
                @if place == 0 {
                    span class="muted" { "entered the funnel" }
                } @else {
                    span { (words::share(step.from_previous)) " " span class="muted" { "of step " (place) } }
                    @if let Some(seconds) = step.median_seconds.to_f64() { span class="muted" { (duration(seconds)) " median" } }
                    @let lost = part.lost(place);
                    @if lost > 0 {
                        span {
                            button class="lostl num-open" form=(self.looked.id("drill")) name="units" value=(part.units(place, true)) { (count(lost)) " dropped off" }
                        }
                    }
                    @if self.steps() > 2 && steepest(part) == Some(place) { span { span class="tag bad" { "steepest drop" } } }
                }
            }
        }
    }

    /// The bars of the first values, and their shares.
    fn beside_each_other(&self, place: usize) -> Markup {
        html! {
            div class="fviz several" {
                @for part in self.drawn() { (self.bar(part, place)) }
            }
            ul class="fvalues" {
                @for part in self.drawn() {
                    li data-of=(part.place) {
                        i class={ "sw " (part.color()) } {}
                        b { (part.all.steps.get(place).map(|step| words::share(step.overall)).unwrap_or_default()) }
                        span class="muted" { (count(part.count(place))) }
                    }
                }
            }
        }
    }

    fn bar(&self, part: &Part<'_>, place: usize) -> Markup {
        let got = part.overall(place) * 100.0;
        let before = place.checked_sub(1).map_or(100.0, |before| part.overall(before) * 100.0);
        let lost = (before - got).max(0.0);
        let of = if part.value.is_some() { format!(" of {}", part.name()) } else { String::new() };
        html! {
            button class={ "fbar " (part.color()) } data-of=(part.place) form=(self.looked.id("drill")) name="units" value=(part.units(place + 1, false)) disabled[part.count(place) == 0]
                aria-label={ (self.looked.counted(part.count(place))) (of) " reached " (self.event(place)) "; show them" } {
                svg class="v" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" {
                    rect class="lost" y={ (format!("{:.1}", 100.0 - before)) } width="100" height={ (format!("{lost:.1}")) } {}
                    rect class="got" y={ (format!("{:.1}", 100.0 - got)) } width="100" height={ (format!("{got:.1}")) } {}
                }
                svg class="hz" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                    rect class="lost" x={ (format!("{got:.1}")) } width={ (format!("{lost:.1}")) } height="10" {}
                    rect class="got" width={ (format!("{got:.1}")) } height="10" {}
                }
            }
        }
    }
}

/// The step before which the largest share was lost.
fn steepest(part: &Part<'_>) -> Option<usize> {
    let share = |place: &usize| 1.0 - part.all.steps[*place].from_previous.to_f64().unwrap_or(1.0);
    (1..part.all.steps.len()).filter(|place| share(place) > 0.0).max_by(|a, b| share(a).total_cmp(&share(b)))
}
