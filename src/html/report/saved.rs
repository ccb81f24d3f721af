//! `/saved`: reports that people keep, each under its name.

use super::kind::Kind;
use crate::html::frame::Frame;
use crate::html::icon::Icon;
use crate::html::menu::Place;
use crate::html::moment::ago;
use crate::html::state;
use crate::html::{Address, Visit};
use crate::model::Timestamp;
use crate::saved::SavedReport;
use maud::{Markup, html};
use serde_json::Value;

/// The list.
pub fn saved(visit: &Visit, reports: &[SavedReport]) -> Markup {
    let content = html! {
        div class="head" { div { h1 { "Saved reports" } p class="sub" { "Asked anew whenever they are opened" } } }
        section class="card" {
            @if reports.is_empty() {
                (state::empty(
                    "No saved reports yet",
                    html! { p { "Put a report together, and press Save above it." } },
                    html! { a class="btn" href=(visit.to(Place::Trends.path())) { (Icon::Trends) "Trends" } },
                ))
            } @else {
                div class="scroll" {
                    table class="stack" {
                        caption class="sr" { "Saved reports" }
                        thead { tr { th scope="col" { "Name" } th scope="col" { "Report" } th scope="col" { "Changed" } th scope="col" { span class="sr" { "Delete" } } } }
                        tbody { @for report in reports { (row(visit, report)) } }
                    }
                }
            }
        }
    };
    Frame { title: "Saved reports", place: Some(Place::Saved), visit: Some(visit) }.around(&content)
}

fn row(visit: &Visit, report: &SavedReport) -> Markup {
    let kind = serde_json::from_str::<Value>(&report.report).ok().as_ref().and_then(Kind::of);
    html! {
        tr {
            th scope="row" class="name" {
                @match kind {
                    Some(kind) => a href=(address(visit, kind, report)) { (report.name) },
                    None => (report.name),
                }
            }
            td data-l="Report" { (kind.map_or("Cohort", Kind::word)) }
            td class="nowrap" data-l="Changed" { @if let Ok(time) = Timestamp::parse(&report.changed) { (ago(visit, time)) } }
            td class="num" {
                form method="post" action=(visit.to(Place::Saved.path())) {
                    button class="btn s quiet" name="delete" value=(report.id) aria-label={ "Delete " (report.name) } { "Delete" }
                }
            }
        }
    }
}

/// Where a saved report is seen, as it was when it was saved.
fn address(visit: &Visit, kind: Kind, report: &SavedReport) -> Address {
    let chart = report.view.strip_prefix("chart=").filter(|chart| !chart.is_empty());
    visit.to(kind.place().path()).with("report", &report.report).with_some("chart", chart)
}

/// The button above a report, and the name that it asks for.
pub fn save(visit: &Visit, json: &str, chart: &str) -> Markup {
    html! {
        button class="btn primary" type="button" popovertarget="save" { "Save" }
        div id="save" popover role="group" aria-label="Save this report" {
            form method="post" action=(visit.to(Place::Saved.path())) class="inline" {
                input type="hidden" name="report" value=(json);
                input type="hidden" name="view" value={ "chart=" (chart) };
                label class="sr" for="save-name" { "Name" }
                input id="save-name" type="text" name="name" required maxlength="200" placeholder="Name of the report" autocomplete="off";
                button class="btn primary" { "Save" }
            }
        }
    }
}
