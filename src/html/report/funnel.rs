//! Funnels: bars of who remained and who was lost, and the table of the same numbers.

use super::answer::{Drawn, Looked, Sentence, opens, sentence};
use super::words;
use crate::figure::{count, duration};
use crate::language::Funnel;
use crate::reports::{Figure, FunnelAnswer, FunnelResult, FunnelSeries, FunnelStep};
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

/// Stripes for who was lost, once on a page.
pub const HATCH: &str = r#"<svg width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse"><rect class="stripe" width="2" height="6"/></pattern></defs></svg>"#;

/// An arrow to the next step.
const ARROW: &str = r#"<svg width="40" height="8" viewBox="0 0 40 8" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round"><path d="M1 4h37M35 1l3 3-3 3"/></svg>"#;

/// The answer.
pub fn draw<'a>(looked: &'a Looked<'a>, report: &'a Funnel, answer: &'a FunnelAnswer) -> Drawn<'a> {
    let (sentence, steps, rows): (_, _, Vec<(_, &[FunnelStep])>) = match &answer.result {
        FunnelResult::Whole(whole) => {
            let steps = Steps { looked, steps: &whole.steps, value: None };
            (in_words(looked, report, &whole.steps), Some(steps), vec![(None, whole.steps.as_slice())])
        }
        FunnelResult::Split { series } => {
            let entered = |series: &&FunnelSeries| series.steps.steps.first().map_or(0, |step| step.count);
            let largest = series.iter().max_by_key(entered);
            let steps = largest.map(|series| Steps { looked, steps: &series.steps.steps, value: Some(series) });
            let sentence = largest.map(|largest| split_in_words(looked, largest, series.len()));
            let rows = series.iter().map(|series| (Some(series), series.steps.steps.as_slice())).collect();
            (sentence.unwrap_or_default(), steps, rows)
        }
    };
    let picture = move || {
        html! {
            @if looked.tile.is_none() { (PreEscaped(HATCH)) }
            @if let Some(steps) = steps { (steps.draw()) }
        }
    };
    Drawn::new(sentence, picture, move || table(looked, report, &rows))
}

fn in_words(looked: &Looked<'_>, report: &Funnel, steps: &[FunnelStep]) -> Sentence {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Sentence::default() };
    let said = html! {
        "of " (looked.units()) " that did " b class="mono" { (shown(&first.event)) } " reached " b class="mono" { (shown(&last.event)) } " within " (window(report)) ", " (looked.when())
    };
    let beside = html! { span class="delta muted" { (count(last.count)) " of " (looked.counted(first.count)) } };
    sentence(words::share(last.overall), said, beside)
}

fn split_in_words(looked: &Looked<'_>, series: &FunnelSeries, values: usize) -> Sentence {
    let overall = series.steps.steps.last().map_or(Figure::Null, |step| step.overall);
    let said = html! {
        "of " (looked.units()) " of " b { (words::tuple(&series.breakdown, series.other)) } " reached the last step " (looked.when())
        ", the largest of " (values) " values; the others are in the " (if looked.tile.is_some() { "report" } else { "table" })
    };
    sentence(words::share(overall), said, "")
}

fn window(report: &Funnel) -> String {
    duration(report.window_micros() as f64 / 1e6)
}

fn shown(event: &str) -> &str {
    if event == "*" { "any event" } else { event }
}

/// The number of a step, as documents name it.
fn selector(step: usize, is_dropped: bool, series: Option<&FunnelSeries>) -> Value {
    let mut units = json!({ "step": step });
    if is_dropped {
        units["dropped"] = json!(true);
    }
    match series {
        Some(series) if series.other => units["other"] = json!(true),
        Some(series) => units["breakdown"] = serde_json::to_value(&series.breakdown).unwrap_or_default(),
        None => {}
    }
    units
}

struct Steps<'a> {
    looked: &'a Looked<'a>,
    steps: &'a [FunnelStep],
    value: Option<&'a FunnelSeries>,
}

impl Steps<'_> {
    fn draw(&self) -> Markup {
        html! { ol class="funnel" aria-label="Steps" { @for place in 0..self.steps.len() { (self.step(place)) } } }
    }

    /// How many were lost before a step.
    fn lost(&self, place: usize) -> u64 {
        place.checked_sub(1).map_or(0, |before| self.steps[before].count.saturating_sub(self.steps[place].count))
    }

    /// The step before which the largest share was lost.
    fn steepest(&self) -> Option<usize> {
        let share = |place: &usize| 1.0 - self.steps[*place].from_previous.to_f64().unwrap_or(1.0);
        (1..self.steps.len()).filter(|place| share(place) > 0.0).max_by(|a, b| share(a).total_cmp(&share(b)))
    }

    fn step(&self, place: usize) -> Markup {
        let step = &self.steps[place];
        let overall = |place: usize| self.steps[place].overall.to_f64().unwrap_or(0.0) * 100.0;
        let (got, before) = (overall(place), place.checked_sub(1).map_or(100.0, overall));
        let lost = (before - got).max(0.0);
        let number = place + 1;
        html! {
            li class="fstep" {
                h3 { span class="badge-l" { (number) } span class="trunc mono" title=(step.event) { (shown(&step.event)) } }
                div class="fviz" {
                    button class="fbar" form=(self.looked.id("drill")) name="units" value=(selector(number, false, self.value)) disabled[step.count == 0]
                        aria-label={ (self.looked.counted(step.count)) " reached " (shown(&step.event)) "; show them" } {
                        svg class="v" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" {
                            rect class="lost" y={ (format!("{:.1}", 100.0 - before)) } width="100" height={ (format!("{lost:.1}")) } {}
                            rect class="got" y={ (format!("{:.1}", 100.0 - got)) } width="100" height={ (format!("{got:.1}")) } {}
                        }
                        svg class="hz" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                            rect class="lost" x={ (format!("{got:.1}")) } width={ (format!("{lost:.1}")) } height="10" {}
                            rect class="got" width={ (format!("{got:.1}")) } height="10" {}
                        }
                    }
                    @if let Some(next) = self.steps.get(number) {
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
                        @let lost = self.lost(place);
                        @if lost > 0 {
                            span {
                                button class="lostl num-open" form=(self.looked.id("drill")) name="units" value=(selector(place, true, self.value)) { (count(lost)) " dropped off" }
                            }
                        }
                        @if self.steps.len() > 2 && self.steepest() == Some(place) { span { span class="tag bad" { "steepest drop" } } }
                    }
                }
            }
        }
    }
}

/// A row for each step of each value.
fn table(looked: &Looked<'_>, report: &Funnel, all: &[(Option<&FunnelSeries>, &[FunnelStep])]) -> Markup {
    let is_split = !report.breakdown.is_empty();
    let time = |seconds: Figure| seconds.to_f64().map_or_else(|| "–".to_owned(), duration);
    let number = |units: Value, shown: u64| html! { @if shown == 0 { "0" } @else { (opens(&units, count(shown))) } };
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Table of the funnel’s numbers" {
            table {
                caption class="sr" { "Funnel steps" }
                thead {
                    tr {
                        @if is_split { th scope="col" { "Value" } }
                        th scope="col" { "Step" }
                        th scope="col" class="num" { (words::capital(&looked.units())) }
                        th scope="col" class="num" { "From previous" }
                        th scope="col" class="num" { "Of all" }
                        th scope="col" class="num" { "Dropped off before" }
                        th scope="col" class="num" { "Median time" }
                        th scope="col" class="num" { "Average time" }
                    }
                }
                tbody {
                    @for (series, steps) in all {
                        @for (place, step) in steps.iter().enumerate() {
                            tr {
                                @if let Some(series) = series { td class="name" { (words::tuple(&series.breakdown, series.other)) } }
                                th scope="row" { span class="ser" { span class="badge-l" { (place + 1) } span class="mono" { (shown(&step.event)) } } }
                                td class="num" { (number(selector(place + 1, false, *series), step.count)) }
                                @if place == 0 {
                                    td class="num" { "–" } td class="num" { (words::share(step.overall)) } td class="num" { "–" } td class="num" { "–" } td class="num" { "–" }
                                } @else {
                                    td class="num" { (words::share(step.from_previous)) }
                                    td class="num" { (words::share(step.overall)) }
                                    td class="num" { (number(selector(place, true, *series), steps[place - 1].count.saturating_sub(step.count))) }
                                    td class="num" { (time(step.median_seconds)) }
                                    td class="num" { (time(step.average_seconds)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_its_step_and_value() {
        assert_eq!(selector(2, true, None), json!({"step":2,"dropped":true}));
    }
}
