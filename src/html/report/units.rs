//! The units behind one number: who they are, a page at a time, and what can be done with them.

use super::words;
use crate::figure::count;
use crate::html::frame::Frame;
use crate::html::menu::Place;
use crate::html::{Address, Visit};
use crate::language::{CountBy, Report};
use crate::reports::CohortAnswer;
use maud::{Markup, html};
use serde_json::Value;

/// A page of units.
#[derive(Clone, Copy, Debug)]
pub struct Units<'a> {
    /// The report, without what is asked of it here.
    pub report: &'a Report,
    /// Which number, as `units` of its document.
    pub units: &'a Value,
    /// Who is behind it.
    pub answer: &'a CohortAnswer,
    /// What they are.
    pub kind: &'a CountBy,
    /// Where the page begins, unless it is the first.
    pub cursor: Option<&'a str>,
}

/// The page.
pub fn units(visit: &Visit, page: &Units<'_>) -> Markup {
    let title = words::counted_units(page.answer.size, page.kind);
    let json = page.report.to_json();
    let here = visit.to("/units").with("report", &json).with("units", page.units);
    let path = path_of(page.report);
    let document = with_units(page.report, page.units);
    let content = html! {
        div class="head panel-head" {
            div { h1 { (title) } p class="sub" { (told(visit, page)) } }
            div class="actions" {
                a class="btn quiet" href=(visit.to(path.path()).with("report", &json)) { "Back to the report" }
            }
        }
        section class="card list" {
            @if page.answer.members.is_empty() {
                div class="state" { h2 { "Nobody is behind this number" } p { "The data may have changed since it was counted." } }
            } @else {
                (members(visit, page.kind, &page.answer.members))
            }
            nav class="pager" aria-label="Pages of the list" {
                span { (count(page.answer.members.len() as u64)) " of " (count(page.answer.size)) ", by name" }
                div class="right" {
                    @if page.cursor.is_some() { a class="btn" href=(here) { "First" } }
                    @if let Some(cursor) = &page.answer.next_cursor { a class="btn" href=(here.clone().with("cursor", cursor)) { "Next" } }
                }
            }
            footer class="inline" {
                form method="post" action=(visit.to("/cohorts")) class="inline" {
                    input type="hidden" name="behind" value=(document);
                    label class="sr" for="cohort-name" { "Name of the cohort" }
                    input id="cohort-name" type="text" name="name" required maxlength="200" placeholder="Name" autocomplete="off";
                    button class="btn primary" { "Save as cohort" }
                }
                a class="btn quiet" href=(visit.to("/export").part("csv").with("report", &document)) download { "CSV" }
            }
        }
    };
    Frame { title: &title, place: Some(path), visit: Some(visit) }.around(&content)
}

/// The table of units, each of which leads to its profile.
pub fn members(visit: &Visit, kind: &CountBy, members: &[String]) -> Markup {
    html! {
        div class="scroll" {
            table {
                caption class="sr" { (words::units(kind)) }
                thead { tr { th scope="col" { (words::capital(words::unit(kind))) } } }
                tbody { @for member in members { tr { th scope="row" class="mono name" { a href=(profile(visit, kind, member)) { (member) } } } } }
            }
        }
    }
}

fn profile(visit: &Visit, kind: &CountBy, member: &str) -> Address {
    match kind.group_type() {
        Some(group_type) => visit.to("/groups").part(group_type).part(member),
        None => visit.to("/users").part(member),
    }
}

/// The document with the number that is meant.
pub fn with_units(report: &Report, units: &Value) -> Value {
    let mut document = report.to_value();
    document["units"] = units.clone();
    document
}

fn path_of(report: &Report) -> Place {
    match report {
        Report::Trends(_) => Place::Trends,
        Report::Funnel(_) => Place::Funnels,
        Report::Retention(_) => Place::Retention,
        Report::Stickiness(_) => Place::Stickiness,
        Report::Lifecycle(_) => Place::Lifecycle,
        Report::Paths(_) => Place::Paths,
        Report::Cohort(_) => Place::Cohorts,
    }
}

/// Which number was opened, in words.
fn told(visit: &Visit, page: &Units<'_>) -> Markup {
    let field = |name: &str| page.units.get(name).filter(|value| !value.is_null());
    let interval = match page.report {
        Report::Trends(report) => report.interval,
        Report::Retention(report) => report.interval,
        Report::Lifecycle(report) => report.interval,
        _ => crate::language::Interval::default(),
    };
    let bucket = field("bucket").or(field("period")).and_then(Value::as_str);
    let values = field("breakdown").and_then(Value::as_array).map(|values| {
        let values: Vec<crate::model::Value> = values.iter().map(crate::model::Value::from_serde).collect();
        words::tuple(&values, false)
    });
    let what = match page.report {
        Report::Trends(report) => {
            let place = field("series").and_then(Value::as_u64).unwrap_or(0) as usize;
            report.series.get(place).map(|series| series.shown_label()).unwrap_or_default()
        }
        Report::Funnel(report) => {
            let step = field("step").and_then(Value::as_u64).unwrap_or(1) as usize;
            let event = step
                .checked_sub(1)
                .and_then(|place| report.steps.get(place))
                .map(|step| step.label())
                .unwrap_or_default();
            if field("dropped").is_some() {
                format!("reached step {step}, {event}, and no further")
            } else {
                format!("reached step {step}, {event}")
            }
        }
        Report::Retention(_) => match field("k").and_then(Value::as_u64) {
            Some(k) => format!("came back {} after they started", crate::figure::counted(k, words::interval(interval))),
            None => "started".to_owned(),
        },
        Report::Stickiness(report) => {
            let times = field("intervals").and_then(Value::as_u64).unwrap_or(0);
            format!("active in {}", crate::figure::counted(times, words::interval(report.interval)))
        }
        Report::Lifecycle(_) => field("state").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Report::Cohort(_) | Report::Paths(_) => String::new(),
    };
    html! {
        @match bucket {
            Some(bucket) => (words::bucket_in_full(bucket, interval)),
            None => (words::range(visit, page.report.scope()).0),
        }
        " · " (what.replace('*', "any event"))
        @if let Some(values) = values { " · " (values) }
        @if field("other").is_some() { " · Other" }
    }
}
