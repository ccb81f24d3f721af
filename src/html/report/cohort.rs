//! `/cohorts`: the saved cohorts, and each with its conditions, its size and its members.

use super::units::members;
use super::words;
use crate::figure::count;
use crate::html::frame::Frame;
use crate::html::icon::Icon;
use crate::html::menu::Place;
use crate::html::state;
use crate::html::{Address, Visit};
use crate::language::{Cohort, Condition, CountBy, Membership, Report, TimeBound};
use crate::reports::CohortAnswer;
use maud::{Markup, html};
use serde_json::json;

/// A cohort in the list.
#[derive(Clone, Debug)]
pub struct CohortRow {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub cohort: Cohort,
    /// How many are in it, or why that is not known.
    pub size: Result<u64, String>,
}

fn path(visit: &Visit, name: &str) -> Address {
    visit.to(Place::Cohorts.path()).part(name)
}

/// The list.
pub fn cohorts(visit: &Visit, rows: &[CohortRow]) -> Markup {
    let content = html! {
        div class="head" { div { h1 { "Cohorts" } p class="sub" { "Users or groups with something in common, kept under a name" } } }
        section class="card" {
            @if rows.is_empty() {
                (state::empty(
                    "No cohorts yet",
                    html! { p { "Click any number of a report to see who is behind it, and save them as a cohort. It is counted anew whenever it is used." } },
                    html! { a class="btn" href=(visit.to(Place::Trends.path())) { (Icon::Trends) "Trends" } },
                ))
            } @else {
                div class="scroll" {
                    table class="stack" {
                        caption class="sr" { "Saved cohorts" }
                        thead { tr { th scope="col" { "Name" } th scope="col" { "Of" } th scope="col" class="num" { "Size now" } th scope="col" { "Conditions" } } }
                        tbody {
                            @for row in rows {
                                tr {
                                    th scope="row" class="name" { a href=(path(visit, &row.name)) { (row.name) } }
                                    td data-l="Of" { (words::units(&row.cohort.scope.count_by)) }
                                    td class="num" data-l="Size now" {
                                        @match &row.size { Ok(size) => (count(*size)), Err(why) => span class="tag warn" title=(why) { "not known" } }
                                    }
                                    td class="wide trunc" { (phrase(&row.cohort.where_)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Frame { title: "Cohorts", place: Some(Place::Cohorts), visit: Some(visit) }.around(&content)
}

/// One cohort.
pub fn cohort(visit: &Visit, name: &str, cohort: &Cohort, answer: &CohortAnswer, cursor: Option<&str>) -> Markup {
    let kind = &cohort.scope.count_by;
    let conditions = match &cohort.where_ {
        Condition::All(conditions) => conditions.as_slice(),
        one => std::slice::from_ref(one),
    };
    let report = trends_of(name, kind);
    let json = Report::Cohort(cohort.definition()).to_json();
    let here = path(visit, name);
    let content = html! {
        div class="head" {
            div { h1 { (name) } p class="sub" { "Cohort of " (words::units(kind)) } }
            div class="actions" {
                a class="btn" href=(visit.to("/export").part("csv").with("report", &json)) download { (Icon::Export) "CSV" }
                a class="btn primary" href=(visit.to(Place::Trends.path()).with("report", report)) { (Icon::Trends) "Open in Trends" }
            }
        }
        section class="card" aria-label="Conditions" {
            ul class="conditions" {
                @for (place, condition) in conditions.iter().enumerate() {
                    li { span class="badge-l" { (place + 1) } span { (phrase(condition)) } }
                }
            }
        }
        section class="card" aria-labelledby="ans" {
            div class="answer" {
                h2 class="sr" id="ans" { "Members" }
                span class="val" { (count(answer.size)) } span { (if answer.size == 1 { words::unit(kind).to_owned() } else { words::units(kind) }) " now" }
            }
            @if answer.members.is_empty() {
                div class="state" { h3 { "Nobody meets the conditions" } p { "The cohort is counted anew whenever it is looked at." } }
            } @else { (members(visit, kind, &answer.members)) }
            nav class="pager" aria-label="Pages of the list" {
                span { (count(answer.members.len() as u64)) " of " (count(answer.size)) ", by name" }
                div class="right" {
                    @if cursor.is_some() { a class="btn" href=(here) { "First" } }
                    @if let Some(cursor) = &answer.next_cursor { a class="btn" href=(here.clone().with("cursor", cursor)) { "Next" } }
                }
            }
            footer {
                details class="coverage" {
                    summary { "How was this counted?" }
                    dl { dt { "Report document" } dd { pre tabindex="0" role="region" aria-label="Report document" class="doc" { (json) } } }
                }
            }
        }
    };
    Frame { title: &format!("{name} – Cohorts"), place: Some(Place::Cohorts), visit: Some(visit) }.around(&content)
}

/// A report about the members alone.
fn trends_of(name: &str, kind: &CountBy) -> String {
    let count_by = kind.group_type().map_or_else(|| json!("users"), |group| json!({ "group": group }));
    json!({
        "report": "trends", "from": "-30d", "to": "now", "count_by": count_by,
        "filter": { "cohort": name }, "series": [{ "event": "*" }],
    })
    .to_string()
}

/// A condition in words.
fn phrase(condition: &Condition) -> Markup {
    let list = |conditions: &[Condition], joint: &str| {
        html! { @for (place, one) in conditions.iter().enumerate() { @if place > 0 { " " (joint) " " } (phrase(one)) } }
    };
    let when = |from: &TimeBound, to: &TimeBound| {
        html! {
            @if !from.is_open() { span class="dim" { " from " } (from) }
            @if !to.is_open() { span class="dim" { " until " } (to) }
        }
    };
    let event = |label: String| html! { b class="mono" { (label.replace('*', "any event")) } };
    match condition {
        Condition::All(conditions) => list(conditions, "and"),
        Condition::Any(conditions) => list(conditions, "or"),
        Condition::Not(inner) => html! { span class="dim" { "not: " } (phrase(inner)) },
        Condition::Did { event: matcher, from, to, .. } => {
            html! { span class="dim" { "did " } (event(matcher.label())) (when(from, to)) }
        }
        Condition::FirstDid { event: matcher, from, to } => {
            html! { span class="dim" { "first did " } (event(matcher.label())) (when(from, to)) }
        }
        Condition::Property { path, test } => {
            let values: Vec<_> = test.values().iter().map(|value| words::value(value).into_owned()).collect();
            html! { b { (path) } " " span class="dim" { (test.op().to_string().replace('_', " ")) } " " (values.join(", ")) }
        }
        Condition::Cohort(name) => html! { span class="dim" { "in the cohort " } b { (name) } },
        Condition::MemberOf(Membership::Keys { group, keys }) => {
            html! { span class="dim" { "member of " (group) " " } (keys.join(", ")) }
        }
        Condition::MemberOf(Membership::Cohort(name)) => {
            html! { span class="dim" { "member of one in " } b { (name) } }
        }
        Condition::HasMemberIn(name) => html! { span class="dim" { "with a member in " } b { (name) } },
        Condition::Report(report) => {
            let range = format!("{} to {}", report.scope().from, report.scope().to);
            html! { span class="dim" { "counted in a number of a " (report.kind()) " report, " (range) } }
        }
    }
}
