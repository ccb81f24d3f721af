//! The pages of reports: a builder on top, and below it the answer, as a sentence first, then as a chart and a table.
//!
//! Every change goes the same way, with a script and without: the form is sent with the document as it was, and
//! [`edited`] says what it is then. What differs between reports is which rows their builder has, and their answer.

mod answer;
mod builder;
mod chart;
mod choices;
mod cohort;
mod coverage;
mod csv;
mod edit;
mod event;
mod filter;
mod funnel;
mod kind;
mod lifecycle;
mod matcher;
mod nothing;
mod paths;
mod range;
mod retention;
mod saved;
mod small;
mod stickiness;
mod trends;
mod units;
mod view;
pub(super) mod words;

pub use answer::Answered;
pub use choices::Choices;
pub use cohort::{CohortPage, CohortRow, Members, Uses, cohort, cohorts};
pub use csv::csv;
pub use edit::{Fields, edited};
pub use kind::Kind;
pub use nothing::{Passing, passing, passing_report};
pub use saved::{address, name_field, saved, saved_report};
pub use small::{Kept, Outcome, patterns};
pub use units::{Units, searched, units, with_units};
pub use view::Chart;

use super::asset;
use super::frame::Frame;
use super::icon::Icon;
use super::state;
use super::visit::Visit;
use crate::language::{Interval, Report};
use crate::saved::{Dashboard, SavedReport};
use answer::Looked;
use builder::Builder;
use maud::{Markup, html};
use range::RangePicker;
use serde_json::Value;

/// A report with its answer.
#[derive(Clone, Copy, Debug)]
pub struct ReportPage<'a> {
    /// Which report.
    pub kind: Kind,
    /// What is asked.
    pub report: &'a Report,
    /// What there is to choose from.
    pub choices: &'a Choices,
    /// How it is drawn.
    pub chart: Chart,
    /// The saved report that it was opened from, whatever was changed since.
    pub opened: Option<&'a SavedReport>,
    /// The dashboards that it may be put on.
    pub dashboards: &'a [Dashboard],
    /// What the answer is, or the sentence that says why there is none.
    pub answer: Result<&'a Answered, &'a str>,
}

/// The page of a report.
pub fn report(visit: &Visit, page: &ReportPage<'_>) -> Markup {
    let document = page.report.to_value();
    let builder =
        Builder { visit, kind: page.kind, document: &document, scope: page.report.scope(), choices: page.choices };
    let json = page.report.to_json();
    let looked = Looked { visit, report: page.report, chart: page.chart, tile: None };
    let title = page.title(&document);
    let content = html! {
        div class="head" {
            div {
                h1 { (title) }
                p class="sub" { (page.kind.word()) @if let Some(opened) = page.opened { " · opened from “" (opened.name) "”" } }
            }
            div class="actions" {
                (actions(visit, page.kind, &json, page.chart))
                (saved::save(visit, &json, &format!("chart={}", page.chart.word()), page.opened, page.dashboards))
            }
        }
        form class="whole" id="report" method="post" action=(visit.to(page.kind.place().path())) data-kept=(visit.to("/").to_string()) {
            // What Enter presses.
            button class="sr" tabindex="-1" aria-hidden="true" { "Apply" }
            @if let Some(opened) = page.opened { input type="hidden" name="saved" value=(opened.id); }
            (builder.draw())
            section class="card" id="answer" aria-labelledby="ans" {
                (controls(visit, page, &document))
                @match page.answer {
                    Ok(answered) => (answer::draw(&looked, answered)),
                    Err(sentence) => {
                        h2 class="sr" id="ans" { "No answer" }
                        div class="state" role="alert" {
                            h3 { "This could not be answered" }
                            p { (sentence) }
                        }
                    }
                }
                footer { (coverage::coverage(&json, page.report, page.answer.ok())) }
            }
        }
        form id="drill" method="get" action=(visit.to("/units")) {
            (visit.kept())
            input type="hidden" name="report" value=(json);
        }
        dialog class="panel" id="panel" aria-label="Units behind a number" {}
        script type="module" src=(asset::address("report.js")) {}
    };
    Frame {
        title: &format!("{title} – {}", page.kind.place().name()),
        place: Some(page.kind.place()),
        visit: Some(visit),
    }
    .around(&content)
}

/// The page of a report where there are no events to ask about.
pub fn report_empty(visit: &Visit, kind: Kind) -> Markup {
    let body = html! {
        p { "Reports are about events. Once the first one has come, it can be chosen here." }
        pre tabindex="0" role="region" aria-label="Example" { "tracker.track(\"signed_up\");" }
    };
    let remedies = html! { a class="btn" href="/api" { "How to send" } };
    let content = html! {
        div class="head" { div { h1 { (kind.place().name()) } } }
        section class="card" { (state::empty("No events yet", body, remedies)) }
    };
    Frame { title: kind.place().name(), place: Some(kind.place()), visit: Some(visit) }.around(&content)
}

impl ReportPage<'_> {
    fn title(&self, document: &Value) -> String {
        let name = |pointer: &String| {
            let (names, _) = matcher::split(document.pointer(pointer));
            names.iter().map(|name| if name == "*" { "any event" } else { name }).collect::<Vec<_>>().join(" or ")
        };
        let names: Vec<String> =
            self.kind.slots(document).filled.iter().map(name).filter(|name| !name.is_empty()).collect();
        let units = words::units(&self.report.scope().count_by);
        match (self.kind, names.first(), names.last()) {
            (Kind::Funnel, Some(first), Some(last)) => format!("From {first} to {last}"),
            (Kind::Trends, Some(first), Some(last)) if names.len() > 1 => format!("{first} and {last}"),
            (Kind::Retention, Some(first), _) => format!("{} that come back after {first}", words::capital(&units)),
            (Kind::Paths, Some(first), _) => format!("Paths around {first}"),
            (_, Some(first), _) => format!("{first} by {}", words::unit(&self.report.scope().count_by)),
            _ => self.kind.place().name().to_owned(),
        }
    }
}

fn actions(visit: &Visit, kind: Kind, json: &str, chart: Chart) -> Markup {
    let other = (chart == Chart::OverTime).then(|| chart.word());
    let export = |format: &str| visit.to("/export").part(format).with("report", json).with_some("chart", other);
    html! {
        button class="btn quiet hide-s" type="button" data-copy-address hidden { (Icon::Link) "Copy link" }
        button class="btn" type="button" popovertarget="export" { (Icon::Export) "Export" }
        div id="export" popover class="menu" role="group" aria-label="Export" {
            ul {
                li { a href=(export("csv")) download { "CSV " span class="n" { "the table below" } } }
                li { a href=(export("json")) download { "JSON " span class="n" { "the report’s answer" } } }
                @if other.is_some() || matches!(kind, Kind::Trends | Kind::Lifecycle | Kind::Stickiness | Kind::Paths) {
                    li { button type="button" data-png hidden { "PNG " span class="n" { "the chart" } } }
                }
            }
        }
    }
}

fn controls(visit: &Visit, page: &ReportPage<'_>, document: &Value) -> Markup {
    let interval = match page.report {
        Report::Trends(report) => Some(report.interval),
        Report::Retention(report) => Some(report.interval),
        Report::Stickiness(report) => Some(report.interval),
        Report::Lifecycle(report) => Some(report.interval),
        Report::Funnel(report) if page.chart == Chart::OverTime => report.interval,
        _ => None::<Interval>,
    };
    html! {
        header {
            div class="inline" {
                (RangePicker { visit, scope: page.report.scope(), pointer: "", open: None }.draw())
                @if let Some(interval) = interval { (range::interval(interval)) }
                @if page.kind == Kind::Trends {
                    input type="hidden" name="unset" value="/compare";
                    label class="check sub" {
                        input type="checkbox" name="json/compare" value="\"previous\"" checked[document.get("compare").is_some()];
                        " Compare to previous"
                    }
                }
                noscript { button class="btn primary" { "Apply" } }
            }
            @if !Chart::of(page.kind).is_empty() {
                div class="right" {
                    div class="seg" role="radiogroup" aria-label="View" {
                        @for chart in Chart::of(page.kind) {
                            label {
                                input type="radio" name="chart" value=(chart.word()) checked[*chart == page.chart] data-draw[chart.is_drawn_from_the_same()];
                                (chart.name(&page.report.scope().count_by))
                            }
                        }
                    }
                }
            }
        }
    }
}
