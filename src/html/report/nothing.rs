//! What stands where an answer would be when nothing is counted: how many events there were before which filter, which
//! name may have been meant, or that nobody was in a group when the events were sent. Each with a way out.

use super::answer::Looked;
use super::choices::Choices;
use super::filter::{name_of, phrase};
use super::kind::Kind;
use super::matcher::{filters, join, split};
use super::words;
use crate::figure::{count, plural};
use crate::html::moment::on;
use crate::language::Report;
use crate::model::Timestamp;
use crate::reports::{Coverage, TrendsAnswer};
use crate::store::UnknownName;
use maud::{Markup, html};
use serde_json::{Value, json};

/// How many events of a matcher pass one filter after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Passing {
    pointer: String,
    names: Vec<String>,
    /// Each with its name in the form: first those of the report, then the matcher's own.
    filters: Vec<(String, Value)>,
    /// All events, then those that pass the first filter, then those that pass the first two, and so on.
    counts: Vec<u64>,
    /// Names that may have been meant, where there was never an event of this one.
    nearest: Vec<String>,
    /// When the last of these events came.
    last: Option<Timestamp>,
    is_known: bool,
}

/// The report that counts what passes, for one whose answer is empty; none where it names no events.
pub fn passing_report(report: &Report) -> Option<Report> {
    let document = report.to_value();
    let series: Vec<Value> = matchers(&document)
        .iter()
        .flat_map(|matcher| (0..=matcher.filters.len()).map(|passed| matcher.after(passed)).collect::<Vec<_>>())
        .map(|event| json!({ "event": event, "measure": "total" }))
        .collect();
    let mut counting = json!({ "report": "trends", "interval": "month", "series": series });
    for field in ["from", "to", "timezone", "now"] {
        if let Some(value) = document.get(field) {
            counting[field] = value.clone();
        }
    }
    Report::from_value(&counting).ok()
}

/// What the answer to [`passing_report`] says.
pub fn passing(report: &Report, counted: &TrendsAnswer, choices: &Choices) -> Vec<Passing> {
    let mut totals = counted.series.iter().map(|series| series.total.to_f64().unwrap_or(0.0) as u64);
    let known = || choices.events.events.iter();
    let mut all = matchers(&report.to_value());
    for matcher in &mut all {
        matcher.counts = totals.by_ref().take(matcher.filters.len() + 1).collect();
        let uses = known().filter(|uses| matcher.names.contains(&uses.event));
        matcher.last = uses.filter_map(|uses| Timestamp::parse(&uses.last_seen).ok()).max();
        matcher.is_known = matcher.last.is_some() || matcher.names.iter().any(|name| name == "*");
        if let [name] = matcher.names.as_slice()
            && !matcher.is_known
        {
            matcher.nearest = UnknownName::new("event", name, known().map(|uses| uses.event.as_str())).nearest;
        }
    }
    all
}

/// The matchers of a document, and the filters on their events.
fn matchers(document: &Value) -> Vec<Passing> {
    let Some(kind) = Kind::of(document) else { return Vec::new() };
    let named = |start: &str, list: Vec<Value>| -> Vec<(String, Value)> {
        list.into_iter().enumerate().map(|(place, filter)| (format!("{start}.f.{place}"), filter)).collect()
    };
    let shared = named("", filters(document.get("filter")));
    let matcher = |pointer: String| {
        let (names, own) = split(document.pointer(&pointer));
        let filters = shared.iter().cloned().chain(named(&pointer, own)).collect();
        Passing { pointer, names, filters, counts: Vec::new(), nearest: Vec::new(), last: None, is_known: true }
    };
    kind.slots(document).filled.into_iter().map(matcher).filter(|matcher| !matcher.names.is_empty()).collect()
}

impl Passing {
    /// The matcher with its first filters alone.
    fn after(&self, passed: usize) -> Value {
        join(&self.names, self.filters.iter().take(passed).map(|(_, filter)| filter.clone()).collect())
    }

    fn all(&self) -> u64 {
        self.counts.first().copied().unwrap_or(0)
    }

    fn shown(&self) -> Markup {
        html! {
            @for (place, name) in self.names.iter().enumerate() {
                @if place > 0 { " or " }
                @if name == "*" { "any event" } @else { bdi class="mono" { (name) } }
            }
        }
    }

    /// Of all events, how many are left after each filter, and the filter taken away.
    fn draw(&self, looked: &Looked<'_>) -> Markup {
        html! {
            @if !self.is_known {
                p { "Nobody ever sent " (self.shown()) "." }
                @if !self.nearest.is_empty() {
                    p class="inline" {
                        "Did you mean "
                        @for name in &self.nearest { button class="btn s" name={ (self.pointer) ".typed" } value=(name) { bdi class="mono" { (name) } } }
                    }
                }
            } @else if self.all() == 0 {
                p {
                    "There is no " (self.shown()) " " (looked.when())
                    @if let Some(last) = self.last { "; the last one came on " (on(looked.visit, last)) }
                    "."
                }
            } @else {
                ol class="passing" {
                    li { span { (self.shown()) " " (looked.when()) } b { (plural(self.all(), "event", "events")) } }
                    @for ((name, filter), left) in self.filters.iter().zip(self.counts.iter().skip(1)) {
                        li {
                            span { "where " (phrase(filter)) }
                            b { (count(*left)) }
                            button class="btn s" name="do" value={ "remove " (name) } aria-label={ "Remove filter " (name_of(filter)) } { "Remove" }
                        }
                    }
                }
            }
        }
    }
}

/// Nothing matched.
pub fn nothing(looked: &Looked<'_>, passing: &[Passing]) -> Markup {
    let unit = words::unit(&looked.report.scope().count_by);
    let is_filtered = passing.iter().any(|matcher| matcher.all() > 0);
    html! {
        h2 class="sr" id="ans" { "Answer" }
        div class="state" {
            h3 {
                @match passing {
                    [one] => { "No " (unit) " did " (one.shown()) @if is_filtered { " with these filters" } " " (looked.when()) }
                    _ => { "Nothing matched " (looked.when()) }
                }
            }
            @for matcher in passing { (matcher.draw(looked)) }
            (longer(looked))
        }
    }
}

/// Events matched, and none of them was sent with a group of the type that is counted.
pub fn none_has_group(looked: &Looked<'_>, coverage: Coverage) -> Markup {
    let unit = words::unit(&looked.report.scope().count_by);
    html! {
        h2 class="sr" id="ans" { "Answer" }
        div class="state" {
            h3 { (plural(coverage.matched, "event", "events")) " matched, none has a " (unit) }
            p {
                "They were sent without one. Group context is attached when an event is sent, after a " code { "group()" } " call; a later call does not change older events."
            }
            div class="inline" {
                button class="btn primary" name="json/count_by" value="" { "Count by users" }
                a class="btn quiet" href=(looked.visit.to("/api")) { "Add the group() call" }
            }
        }
    }
}

/// Longer ranges than the one that is asked about.
fn longer(looked: &Looked<'_>) -> Markup {
    let from = looked.report.scope().from.to_string();
    html! {
        div class="inline" {
            @for (start, name) in [("-90d", "Last 90 days"), ("-365d", "Last 12 months")] {
                @if from != start { button class="btn" name="range" value=(json!({ "from": start, "to": "now" })) { (name) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(document: Value) -> Report {
        Report::from_value(&document).unwrap()
    }

    #[test]
    fn filters_are_added_one_by_one_and_those_of_the_report_first() {
        let de = json!({"property":"country","op":"is","value":"DE"});
        let paid = json!({"property":"paid","op":"set"});
        let funnel = report(json!({"report":"funnel","from":"-7d","to":"now","timezone":"Europe/Berlin",
            "count_by":{"group":"company"},"filter":de,"steps":[{"event":"a","filter":paid},"b"]}));
        let counting = passing_report(&funnel).unwrap().to_value();
        let both = json!({"event":"a","filter":{"all":[de, paid]}});
        let series = json!([
            {"event":"a","measure":"total"},
            {"event":{"event":"a","filter":de},"measure":"total"},
            {"event":both,"measure":"total"},
            {"event":"b","measure":"total"},
            {"event":{"event":"b","filter":de},"measure":"total"},
        ]);
        assert_eq!((&counting["series"], &counting["timezone"]), (&series, &json!("Europe/Berlin")));
        assert_eq!(counting.get("count_by"), None, "events are counted, whoever they are of");
        let names: Vec<String> = matchers(&funnel.to_value())[0].filters.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, [".f.0", "/steps/0.f.0"]);
    }

    #[test]
    fn what_names_no_events_is_not_counted() {
        let paths = report(json!({"report":"paths","from":"-7d","to":"now"}));
        assert_eq!(passing_report(&paths), None);
    }
}
