//! `/saved`: reports that people keep, each under its name; and above every report, what keeps it.

use super::Chart;
use super::kind::Kind;
use crate::html::frame::Frame;
use crate::html::icon::Icon;
use crate::html::menu::Place;
use crate::html::moment::ago;
use crate::html::state;
use crate::html::{Address, Visit};
use crate::model::Timestamp;
use crate::saved::{Dashboard, NAME_BYTES_MAX, Saved, SavedReport};
use maud::{Markup, html};
use serde_json::Value;

/// Most bytes of a document in an address. Each may become three there, and servers take 8 KiB.
const DOCUMENT_BYTES_MAX: usize = 2_500;

/// The list, the report that was changed last on top.
pub fn saved(visit: &Visit, saved: &Saved) -> Markup {
    let mut reports: Vec<&SavedReport> = saved.reports().iter().collect();
    reports.sort_by(|a, b| b.changed.cmp(&a.changed));
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
                        thead {
                            tr {
                                th scope="col" { "Name" } th scope="col" { "Report" } th scope="col" { "On dashboards" }
                                th scope="col" { "Changed" } th scope="col" { span class="sr" { "Edit" } }
                            }
                        }
                        tbody { @for report in reports { (row(visit, saved, report)) } }
                    }
                }
            }
        }
    };
    Frame { title: "Saved reports", place: Some(Place::Saved), visit: Some(visit) }.around(&content)
}

fn row(visit: &Visit, saved: &Saved, report: &SavedReport) -> Markup {
    let kind = kind(report);
    html! {
        tr {
            th scope="row" class="name" {
                @match kind {
                    Some(kind) => a href=(address(visit, kind, report)) { (report.name) },
                    None => (report.name),
                }
            }
            td data-l="Report" { (kind.map_or("Cohort", Kind::word)) }
            td class="name" data-l="On dashboards" { (shown_on(visit, saved, report)) }
            td class="nowrap" data-l="Changed" { @if let Ok(time) = Timestamp::parse(&report.changed) { (ago(visit, time)) } }
            td class="num" { a class="btn s quiet" href=(visit.to(Place::Saved.path()).part(&report.id)) { "Edit" span class="sr" { " " (report.name) } } }
        }
    }
}

/// The dashboards that show a report.
pub fn shown_on(visit: &Visit, saved: &Saved, report: &SavedReport) -> Markup {
    let dashboards: Vec<&Dashboard> = showing(saved, report).collect();
    html! {
        @if dashboards.is_empty() { span class="muted" { "–" } }
        @for (place, dashboard) in dashboards.iter().enumerate() {
            @if place > 0 { ", " }
            a href=(visit.to(Place::Dashboards.path()).part(&dashboard.id)) { (dashboard.name) }
        }
    }
}

fn showing<'a>(saved: &'a Saved, report: &'a SavedReport) -> impl Iterator<Item = &'a Dashboard> {
    saved.dashboards().iter().filter(|dashboard| dashboard.tiles.iter().any(|tile| tile.report == report.id))
}

fn kind(report: &SavedReport) -> Option<Kind> {
    serde_json::from_str::<Value>(&report.report).ok().as_ref().and_then(Kind::of)
}

/// `/saved/{id}`: its name, and what deletes it.
pub fn saved_report(visit: &Visit, saved: &Saved, report: &SavedReport) -> Markup {
    let to = visit.to(Place::Saved.path());
    let is_shown = showing(saved, report).next().is_some();
    let content = html! {
        div class="head" {
            div {
                nav class="crumbs" aria-label="Where this is" { a href=(to) { (Place::Saved.name()) } span aria-hidden="true" { "/" } }
                h1 class="name" { (report.name) }
                p class="sub" { (kind(report).map_or("Cohort", Kind::word)) }
            }
            div class="actions" { @if let Some(kind) = kind(report) { a class="btn" href=(address(visit, kind, report)) { "Open the report" } } }
        }
        section class="card" aria-labelledby="rename" {
            header { h2 id="rename" { "Name" } }
            div class="body" {
                form class="inline" method="post" action=(to) {
                    input type="hidden" name="id" value=(report.id);
                    (name_field("name", "Name of the report", &report.name, true))
                    button class="btn primary" { "Rename" }
                }
            }
        }
        section class="card" aria-labelledby="delete" {
            header { h2 id="delete" { "Delete" } }
            div class="body gcol" {
                p {
                    "The report goes for good; what it is about stays. "
                    @if is_shown { "It goes from the dashboards that show it too: " (shown_on(visit, saved, report)) "." }
                }
                form method="post" action=(to) { button class="btn danger" name="delete" value=(report.id) { "Delete for good" } }
            }
        }
    };
    Frame { title: &report.name, place: Some(Place::Saved), visit: Some(visit) }.around(&content)
}

/// A field for a name, with a label for those who do not see what it is for.
pub fn name_field(id: &str, label: &str, value: &str, is_needed: bool) -> Markup {
    html! {
        label class="sr" for=(id) { (label) }
        input id=(id) type="text" name=(id) value=(value) required[is_needed] maxlength=(NAME_BYTES_MAX) placeholder=(label) autocomplete="off";
    }
}

/// Where a saved report is seen, as it was when it was saved. The document is in the address, so that it can be handed
/// on and stays when what is saved changes; unless it is long, as addresses may not be.
pub fn address(visit: &Visit, kind: Kind, report: &SavedReport) -> Address {
    let chart = Some(chart(kind, report)).filter(|chart| *chart != Chart::named(kind, None)).map(Chart::word);
    let document = Some(&report.report).filter(|document| document.len() <= DOCUMENT_BYTES_MAX);
    let address = visit.to(kind.place().path()).with_some("report", document).with_some("chart", chart);
    address.with("saved", &report.id)
}

/// How a saved report is drawn.
pub fn chart(kind: Kind, report: &SavedReport) -> Chart {
    let mut parts = report.view.split('&').filter_map(|part| part.strip_prefix("chart="));
    Chart::named(kind, parts.next())
}

/// The button above a report, and what it opens: the report that it was opened from is changed, or another is saved.
pub fn save(visit: &Visit, json: &str, view: &str, opened: Option<&SavedReport>, dashboards: &[Dashboard]) -> Markup {
    let fields = html! {
        input type="hidden" name="report" value=(json);
        input type="hidden" name="view" value=(view);
    };
    let to = visit.to(Place::Saved.path());
    html! {
        button class="btn primary" type="button" popovertarget="save" { "Save" }
        div id="save" popover role="group" aria-label="Save this report" {
            @if let Some(opened) = opened {
                form method="post" action=(to) {
                    (fields)
                    button class="btn primary" name="id" value=(opened.id) { span class="trunc" { "Update “" (opened.name) "”" } }
                }
            }
            form method="post" action=(to) {
                (fields)
                @if opened.is_some() { p class="meta" { "or save it as another" } }
                (name_field("name", "Name of the report", "", true))
                label for="dashboard" { "Add to dashboard" }
                select id="dashboard" name="dashboard" {
                    option value="" { "None" }
                    @for dashboard in dashboards { option value=(dashboard.id) { (dashboard.name) } }
                }
                (name_field("new_dashboard", "or to a new one, of this name", "", false))
                button class=(if opened.is_some() { "btn" } else { "btn primary" }) { "Save" }
            }
        }
    }
}
