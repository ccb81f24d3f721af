//! The answer to a report, whatever its kind, and what the answers have in common: sentences, and numbers that open.
//! The page of a report shows it whole; where there is little room, [`super::small`] shows less of the same.

use super::nothing::{Passing, none_has_group, nothing};
use super::words;
use super::{Chart, cohort, funnel, lifecycle, paths, retention, stickiness, trends};
use crate::html::Visit;
use crate::language::Report;
use crate::reports::{Answer, Coverage, TrendsAnswer};
use maud::{Markup, Render, html};
use serde_json::Value;

/// An answer, and what else a page tells with it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The answer. One to trends has the range before beside it, whether or not the report compares.
    pub answer: Answer,
    /// Of trends with a breakdown, the same without it.
    pub whole: Option<TrendsAnswer>,
    /// Of a cohort, how many units there are in all.
    pub everyone: Option<u64>,
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
    /// On which tile of a dashboard, counted from 1; none on the page of the report.
    pub tile: Option<usize>,
}

/// An answer in its parts; those that may be large are drawn where they are wanted.
pub struct Drawn<'a> {
    /// The answer in a sentence.
    pub sentence: Sentence,
    /// The chart, or what stands for it, with the names of its lines.
    pub picture: Box<dyn FnOnce() -> Markup + 'a>,
    /// All numbers.
    pub numbers: Box<dyn FnOnce() -> Markup + 'a>,
}

impl<'a> Drawn<'a> {
    /// These parts.
    pub fn new(
        sentence: Sentence,
        picture: impl FnOnce() -> Markup + 'a,
        numbers: impl FnOnce() -> Markup + 'a,
    ) -> Self {
        Self { sentence, picture: Box::new(picture), numbers: Box::new(numbers) }
    }
}

/// An answer in a sentence, which begins with a number.
#[derive(Debug, Default)]
pub struct Sentence {
    /// The number; empty where there is none, and no sentence then.
    pub value: String,
    said: Markup,
    beside: Markup,
}

impl Render for Sentence {
    fn render(&self) -> Markup {
        html! {
            @if !self.value.is_empty() {
                div class="answer" { span class="val" { (self.value) } span { (self.said) } (self.beside) }
            }
        }
    }
}

impl Answered {
    /// Whether no event matched a report that is about events.
    pub fn is_nothing(&self, report: &Report) -> bool {
        self.coverage().matched == 0 && !has_properties(report) && !matches!(report, Report::Cohort(_))
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
    /// The id of an element that each tile has one of.
    pub fn id(&self, name: &str) -> String {
        self.tile.map_or_else(|| name.to_owned(), |tile| format!("{name}-{tile}"))
    }

    /// What is counted, in the plural.
    pub fn units(&self) -> String {
        words::units(&self.report.scope().count_by)
    }

    /// What a click on a chart does; nothing on tiles, which have no table of numbers to press.
    pub fn hint(&self) -> String {
        if self.tile.is_none() { format!("Click to see which {}", self.units()) } else { String::new() }
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
    if coverage.matched > 0 && coverage.matched == coverage.without_group {
        return none_has_group(looked, coverage);
    }
    let Some(drawn) = drawn(looked, answered) else { return nothing(looked, &answered.passing) };
    html! {
        h2 class="sr" id="ans" { "Answer" }
        (drawn.sentence) ((drawn.picture)()) ((drawn.numbers)())
    }
}

/// An answer in its parts; none where nothing matched.
pub fn drawn<'a>(looked: &'a Looked<'a>, answered: &'a Answered) -> Option<Drawn<'a>> {
    if answered.is_nothing(looked.report) {
        return None;
    }
    Some(match (&answered.answer, looked.report) {
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
        (Answer::Cohort(answer), Report::Cohort(_)) => cohort::draw(looked, answer, answered.everyone),
        _ => return None,
    })
}

/// Whether a report measures properties, which match no events.
fn has_properties(report: &Report) -> bool {
    matches!(report, Report::Trends(trends) if trends.series.iter().any(|series| series.event().is_none()))
}

/// The sentence on top: the number, what it is, and what stands beside it.
pub fn sentence(value: impl Into<String>, said: impl Render, beside: impl Render) -> Sentence {
    Sentence { value: value.into(), said: said.render(), beside: beside.render() }
}

/// A number that opens the units behind it.
pub fn opens(units: &Value, shown: impl Render) -> Markup {
    html! { button class="num-open" form="drill" name="units" value=(units) { (shown) } }
}
