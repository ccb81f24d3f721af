//! Funnels: the sentence, and below it who came how far, how that changed over time, or how long it took.

mod bars;
mod starts;
mod table;
mod times;

pub use bars::HATCH;

use super::answer::{Drawn, Looked, Sentence, sentence};
use super::chart::color;
use super::view::Chart;
use super::words;
use crate::figure::{count, counted, duration};
use crate::language::Funnel;
use crate::reports::{Figure, FunnelAnswer, FunnelResult, FunnelSeries, FunnelSteps};
use maud::{Markup, html};
use serde_json::{Value, json};

/// So many values of a breakdown are drawn; the table has all.
const DRAWN: usize = 6;

/// The answer.
pub fn draw<'a>(looked: &'a Looked<'a>, report: &'a Funnel, answer: &'a FunnelAnswer, is_partial: bool) -> Drawn<'a> {
    let view = View { looked, report, parts: Part::all(answer) };
    let numbers = view.clone();
    match looked.chart {
        Chart::OverTime => {
            Drawn::new(view.in_words(), move || view.over_time(is_partial), move || numbers.table_of_starts(is_partial))
        }
        Chart::TimeToConvert => {
            Drawn::new(view.slowest_in_words(), move || view.times(), move || numbers.table_of_times())
        }
        _ => Drawn::new(view.in_words(), move || html! { (view.legend(DRAWN)) (view.bars()) }, move || numbers.table()),
    }
}

/// A funnel that is looked at.
#[derive(Clone)]
struct View<'a> {
    looked: &'a Looked<'a>,
    report: &'a Funnel,
    /// Everyone, or one for each value of the breakdown.
    parts: Vec<Part<'a>>,
}

/// The units of one value of a breakdown, or everyone.
#[derive(Clone, Copy)]
struct Part<'a> {
    value: Option<&'a FunnelSeries>,
    all: &'a FunnelSteps,
    place: usize,
}

impl<'a> Part<'a> {
    fn all(answer: &'a FunnelAnswer) -> Vec<Self> {
        match &answer.result {
            FunnelResult::Whole(all) => vec![Self { value: None, all, place: 0 }],
            FunnelResult::Split { series } => {
                let part =
                    |(place, value): (usize, &'a FunnelSeries)| Self { value: Some(value), all: &value.steps, place };
                series.iter().enumerate().map(part).collect()
            }
        }
    }

    fn count(&self, step: usize) -> u64 {
        self.all.steps.get(step).map_or(0, |step| step.count)
    }

    fn overall(&self, step: usize) -> f64 {
        self.all.steps.get(step).and_then(|step| step.overall.to_f64()).unwrap_or(0.0)
    }

    /// The share of those who began that came to the end.
    fn conversion(&self) -> Figure {
        self.all.steps.last().map_or(Figure::Null, |step| step.overall)
    }

    /// How many were lost before a step.
    fn lost(&self, step: usize) -> u64 {
        step.checked_sub(1).map_or(0, |before| self.count(before).saturating_sub(self.count(step)))
    }

    /// The value, where there are several.
    fn name(&self) -> String {
        self.value.map(|value| words::tuple(&value.breakdown, value.other)).unwrap_or_default()
    }

    /// The class of its colour.
    fn color(&self) -> String {
        let (color, _) = color(self.place, self.value.is_some_and(|value| value.other));
        format!("k{color}")
    }

    /// The number of a step, counted from 1, as documents name it; or of those who came that far and no further.
    fn units(&self, step: usize, is_dropped: bool) -> Value {
        let mut units = json!({ "step": step });
        if is_dropped {
            units["dropped"] = json!(true);
        }
        match self.value {
            Some(value) if value.other => units["other"] = json!(true),
            Some(value) => units["breakdown"] = serde_json::to_value(&value.breakdown).unwrap_or_default(),
            None => {}
        }
        units
    }
}

impl View<'_> {
    fn steps(&self) -> usize {
        self.report.steps.len()
    }

    /// The events of a step, counted from 0.
    fn event(&self, step: usize) -> String {
        let label = self.report.steps.get(step).map(|step| step.label()).unwrap_or_default();
        if label == "*" { "any event".to_owned() } else { label }
    }

    fn is_split(&self) -> bool {
        !self.report.breakdown.is_empty()
    }

    /// How many came to a step: everyone is in one part.
    fn count(&self, step: usize) -> u64 {
        self.parts.iter().map(|part| part.count(step)).sum()
    }

    fn drawn(&self) -> &[Part<'_>] {
        &self.parts[..self.parts.len().min(DRAWN)]
    }

    /// `14 days`.
    fn window(&self) -> String {
        let seconds = self.report.window_micros() / 1_000_000;
        match (seconds % 86_400, seconds % 3600) {
            (0, _) => counted(seconds as u64 / 86_400, "day"),
            (_, 0) => counted(seconds as u64 / 3600, "hour"),
            _ => duration(seconds as f64),
        }
    }

    fn in_words(&self) -> Sentence {
        let last = self.steps().saturating_sub(1);
        let (began, ended) = (self.count(0), self.count(last));
        let share = if began == 0 { "–".to_owned() } else { crate::figure::percent(ended as f64 / began as f64) };
        let said = html! {
            "of " (self.looked.units()) " that did " b class="mono" { (self.event(0)) } " reached " b class="mono" { (self.event(last)) }
            " within " (self.window()) ", " (self.looked.when())
        };
        let best = self.parts.iter().filter(|part| part.count(0) > 0);
        let best = best.max_by(|a, b| a.overall(last).total_cmp(&b.overall(last))).filter(|_| self.parts.len() > 1);
        let beside = html! {
            span class="delta muted" { (count(ended)) " of " (self.looked.counted(began)) }
            @if let Some(best) = best { span class="delta muted" { "most of " b { (best.name()) } ", " (words::share(best.conversion())) } }
        };
        sentence(share, said, beside)
    }

    /// The colours of the values.
    fn legend(&self, drawn: usize) -> Markup {
        html! {
            @if self.is_split() {
                div class="legend" role="group" aria-label="Values" {
                    @for part in self.parts.iter().take(drawn) {
                        button type="button" aria-pressed="true" data-series=(part.place) { i class={ "sw " (part.color()) } {} bdi class="trunc" { (part.name()) } }
                    }
                    @if self.parts.len() > drawn { span class="muted" { (self.parts.len() - drawn) " more in the table" } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value as Property;

    #[test]
    fn a_number_names_its_step_and_value() {
        let all = FunnelSteps { steps: Vec::new(), by_start: None };
        assert_eq!(Part { value: None, all: &all, place: 0 }.units(2, true), json!({"step":2,"dropped":true}));
        let mut value = FunnelSeries { breakdown: vec![Property::Null], other: false, steps: all.clone() };
        assert_eq!(
            Part { value: Some(&value), all: &all, place: 0 }.units(1, false),
            json!({"step":1,"breakdown":[null]})
        );
        value.other = true;
        assert_eq!(Part { value: Some(&value), all: &all, place: 9 }.units(1, false), json!({"step":1,"other":true}));
    }
}
