//! The answer to a report, whatever its kind, and what the answers have in common: sentences, and numbers that open.

use super::nothing::{Passing, none_has_group, nothing};
use super::words;
use super::{Chart, funnel, lifecycle, paths, retention, stickiness, trends};
use crate::html::Visit;
use crate::language::Report;
use crate::reports::{Answer, Coverage, TrendsAnswer};
use maud::{Markup, html};
use serde_json::Value;

/// An answer, and what else a page tells with it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The answer. One to trends has the range before beside it, whether or not the report compares.
    pub answer: Answer,
    /// Of trends with a breakdown, the same without it.
    pub whole: Option<TrendsAnswer>,
    /// Whether the last bucket is not over yet.
    pub is_partial: bool,
    /// Where nothing matched: how many events pass which filters.
    pub passing: Vec<Passing>,
}

/// What is looked at, and how.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// Who looks.
    pub visit: &'a Visit,
    /// What is asked.
    pub report: &'a Report,
    /// How it is drawn.
    pub chart: Chart,
}

impl Answered {
    /// Whether no event matched a report that is about events.
    pub fn is_nothing(&self, report: &Report) -> bool {
        self.coverage().matched == 0 && !has_properties(report)
    }

    /// What was looked at.
    pub fn coverage(&self) -> Coverage {
        match &self.answer {
            Answer::Trends(answer) => answer.coverage,
            Answer::Funnel(answer) => answer.coverage,
            Answer::Retention(answer) => answer.coverage,
            Answer::Cohort(answer) => answer.coverage,
            Answer::Stickiness(answer) => answer.coverage,
            Answer::Lifecycle(answer) => answer.coverage,
            Answer::Paths(answer) => answer.coverage,
        }
    }
}

impl Looked<'_> {
    /// What is counted, in the plural.
    pub fn units(&self) -> String {
        words::units(&self.report.scope().count_by)
    }

    /// When, within a sentence.
    pub fn when(&self) -> String {
        words::range(self.visit, self.report.scope()).1
    }

    /// A number with its unit.
    pub fn counted(&self, number: u64) -> String {
        words::counted_units(number, &self.report.scope().count_by)
    }
}

/// The answer below the controls.
pub fn draw(looked: &Looked<'_>, answered: &Answered) -> Markup {
    let coverage = answered.coverage();
    if answered.is_nothing(looked.report) {
        return nothing(looked, &answered.passing);
    }
    if coverage.matched > 0 && coverage.matched == coverage.without_group {
        return none_has_group(looked, coverage);
    }
    match (&answered.answer, looked.report) {
        (Answer::Trends(answer), Report::Trends(report)) => trends::draw(looked, report, answer, answered),
        (Answer::Funnel(answer), Report::Funnel(report)) => funnel::draw(looked, report, answer, answered.is_partial),
        (Answer::Retention(answer), Report::Retention(report)) => {
            retention::draw(looked, report, answer, answered.is_partial)
        }
        (Answer::Stickiness(answer), Report::Stickiness(report)) => stickiness::draw(looked, report, answer),
        (Answer::Lifecycle(answer), Report::Lifecycle(report)) => {
            lifecycle::draw(looked, report, answer, answered.is_partial)
        }
        (Answer::Paths(answer), Report::Paths(report)) => paths::draw(looked, report, answer),
        _ => html! {},
    }
}

/// Whether a report measures properties, which match no events.
fn has_properties(report: &Report) -> bool {
    matches!(report, Report::Trends(trends) if trends.series.iter().any(|series| series.event().is_none()))
}

/// The sentence on top: the number, what it is, and what stands beside it.
pub fn sentence(value: impl maud::Render, words: impl maud::Render, beside: impl maud::Render) -> Markup {
    html! {
        div class="answer" {
            h2 class="sr" id="ans" { "Answer" }
            span class="val" { (value) } span { (words) } (beside)
        }
    }
}

/// A number that opens the units behind it.
pub fn opens(units: &Value, shown: impl maud::Render) -> Markup {
    html! { button class="num-open" form="drill" name="units" value=(units) { (shown) } }
}
