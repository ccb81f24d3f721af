//! The units behind one number: who they are, a page at a time, and what can be done with them.

use super::words;
use crate::figure::count;
use crate::html::frame::Frame;
use crate::html::icon::Icon;
use crate::html::menu::Place;
use crate::html::{Address, Visit};
use crate::language::{CountBy, Report};
use crate::model::TextList;
use crate::reports::CohortAnswer;
use maud::{Markup, html};
use serde_json::{Value, json};

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
    /// What names must contain, and how many do.
    pub search: Option<(&'a str, u64)>,
}

/// So many units are on a page.
const PAGE: usize = 100;

/// The page of those whose names contain a text, in any case, and how many there are; from all, sorted.
pub fn searched(answer: CohortAnswer, search: &str, cursor: Option<&str>) -> (CohortAnswer, u64) {
    let wanted = search.to_lowercase();
    let named: Vec<&str> = answer.members.iter().filter(|name| name.to_lowercase().contains(&wanted)).collect();
    let found = named.len() as u64;
    let mut after = named.into_iter().filter(|name| cursor.is_none_or(|cursor| *name > cursor));
    let members: TextList = after.by_ref().take(PAGE).collect();
    let next_cursor = after.next().and_then(|_| members.last()).map(str::to_owned);
    (CohortAnswer { size: answer.size, members, next_cursor, coverage: answer.coverage }, found)
}

/// The page.
pub fn units(visit: &Visit, page: &Units<'_>) -> Markup {
    let title = words::counted_units(page.answer.size, page.kind);
    let json = page.report.to_json();
    let searched = page.search.map(|(text, _)| text);
    let here = visit.to("/units").with("report", &json).with("units", page.units).with_some("search", searched);
    let size = page.search.map_or(page.answer.size, |(_, found)| found);
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
            form class="search pad" method="get" role="search" action=(visit.to("/units")) {
                (visit.kept())
                input type="hidden" name="report" value=(json);
                input type="hidden" name="units" value=(page.units);
                label class="sr" for="units-search" { "Search this list" }
                (Icon::Search)
                input id="units-search" type="search" name="search" value=[searched] placeholder="Search this list" autocomplete="off";
            }
            @if let Some(text) = searched.filter(|_| page.answer.members.is_empty()) {
                div class="state" { h2 { "No name contains “" bdi { (text) } "”" } p { (title) " are behind this number." } }
            } @else if page.answer.members.is_empty() {
                div class="state" { h2 { "Nobody is behind this number" } p { "The data may have changed since it was counted." } }
            } @else {
                (members(visit, page.kind, &page.answer.members))
            }
            nav class="pager" aria-label="Pages of the list" {
                span { (count(page.answer.members.len() as u64)) " of " (count(size)) ", by name" }
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
                a class="btn" href=(list_of(visit, page.kind).with("filter", json!({ "report": document }))) { "Open in " (if page.kind.group_type().is_some() { "Groups" } else { "Users" }) }
                a class="btn quiet" href=(visit.to("/export").part("csv").with("report", &document)) download { "CSV" }
            }
        }
    };
    Frame { title: &title, place: Some(path), visit: Some(visit) }.around(&content)
}

/// The table of units, each of which leads to its profile.
fn members(visit: &Visit, kind: &CountBy, members: &TextList) -> Markup {
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
    list_of(visit, kind).part(member)
}

/// The list of all such units.
fn list_of(visit: &Visit, kind: &CountBy) -> Address {
    match kind.group_type() {
        Some(group_type) => visit.to(Place::Groups.path()).part(group_type),
        None => visit.to(Place::Users.path()),
    }
}

/// The document with the number that is meant. A funnel's own `units` know no bucket of time: those who began in one are
/// those of the same funnel from its start to its end.
pub fn with_units(report: &Report, units: &Value) -> Value {
    let (mut document, mut units) = (report.to_value(), units.clone());
    if let (Report::Funnel(_), Some(fields)) = (report, units.as_object_mut()) {
        for end in ["from", "to"] {
            if let Some(time) = fields.remove(end) {
                document[end] = time;
            }
        }
    }
    document["units"] = units;
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
        Report::Funnel(report) => report.interval.unwrap_or_default(),
        _ => crate::language::Interval::default(),
    };
    let bucket = field("bucket").or(field("period")).or(field("from")).and_then(Value::as_str);
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
        Report::Paths(_) => {
            let name = |field: &Value| field.as_str().unwrap_or("another event").to_owned();
            let step = field("step").and_then(Value::as_u64).unwrap_or(0) + 1;
            match (page.units.get("from"), page.units.get("to")) {
                (Some(from), Some(Value::Null)) => format!("{} at step {step}, then nothing more", name(from)),
                (Some(from), Some(to)) => format!("{} at step {step}, then {}", name(from), name(to)),
                _ => format!("{} at step {step}", field("event").map_or_else(|| "another event".to_owned(), name)),
            }
        }
        Report::Cohort(_) => String::new(),
    };
    html! {
        @match bucket {
            Some(bucket) => (words::bucket_in_full(bucket, interval)),
            None => (words::range(visit, page.report.scope()).0),
        }
        " · " (what.replace('*', "any event"))
        @if let Some(values) = values { " · " (values) }
        @if field("other").is_some() && !matches!(page.report, Report::Paths(_)) { " · Other" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::Coverage;

    #[test]
    fn a_search_has_pages_of_its_own() {
        let mut members: Vec<String> =
            (0..250).map(|number| format!("{}-{number:03}", if number % 2 == 0 { "Even" } else { "odd" })).collect();
        members.sort();
        let members = members.iter().collect();
        let all = CohortAnswer { size: 250, members, next_cursor: None, coverage: Coverage::default() };
        let (first, found) = searched(all.clone(), "eVeN", None);
        assert_eq!((first.members.len(), first.size, found), (PAGE, 250, 125));
        assert_eq!(first.next_cursor.as_deref(), Some("Even-198"));
        let (second, found) = searched(all.clone(), "eVeN", first.next_cursor.as_deref());
        assert_eq!((second.members.len(), &second.members[0], found), (25, "Even-200", 125));
        assert_eq!(second.next_cursor, None);
        assert_eq!(searched(all, "none", None).1, 0);
    }

    #[test]
    fn those_who_began_in_a_bucket_are_a_funnel_of_its_range() {
        let funnel = r#"{"report":"funnel","from":"-7d","to":"now","steps":["a","b"],"interval":"day"}"#;
        let funnel = Report::parse(funnel).unwrap();
        let document = with_units(&funnel, &json!({"step":2,"from":"2026-11-20T00:00:00Z"}));
        assert_eq!((&document["from"], &document["to"]), (&json!("2026-11-20T00:00:00Z"), &json!("now")));
        assert_eq!(document["units"], json!({"step":2}));
        assert!(Report::from_value(&document).is_ok());
    }
}
