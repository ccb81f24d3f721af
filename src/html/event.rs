//! `/events/{name}`: one event: how much of it there is, with which groups, and the properties it carries.

use super::events::sentence;
use super::frame::Frame;
use super::headline::headlines;
use super::icon::Icon;
use super::menu::Place;
use super::moment::{Day, ago, on};
use super::plot::{Form, Plot};
use super::properties::{cut, text};
use super::table::heading;
use super::visit::Visit;
use crate::figure::{count, counted, percent};
use crate::language::{Matcher, Measure, Report, Series, Trends};
use crate::model::Timestamp;
use crate::pages::{EventUse, ListedProperty, PropertyList};
use maud::{Markup, html};

/// Types of groups whose share is told.
const TYPES_SHOWN: usize = 4;

/// Everything that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct EventDetail<'a> {
    /// How it is used.
    pub usage: &'a EventUse,
    /// The first of the days, RFC 3339.
    pub since: &'a str,
    /// What its events carry.
    pub properties: &'a PropertyList,
}

/// The page.
pub fn event(visit: &Visit, detail: &EventDetail<'_>) -> Markup {
    let usage = detail.usage;
    let name = cut(&usage.event);
    let content = html! {
        div class="head" {
            div {
                nav class="crumbs" aria-label="Where this is" {
                    a href=(visit.to(Place::Events.path())) { "Events" } span aria-hidden="true" { "/" }
                }
                h1 class="mono name" { (usage.event) }
                p class="sub" {
                    (counted(usage.count, "event")) " in all"
                    @if let Ok(first) = Timestamp::parse(&usage.first_seen) { " · first " (on(visit, first)) }
                    @if let Ok(last) = Timestamp::parse(&usage.last_seen) { " · last " (ago(visit, last)) }
                }
            }
            div class="actions" { a class="btn" href=(trends(visit, usage)) { "Open in Trends" } }
        }
        @for warning in &usage.warnings {
            div class="note warn" role="note" { (Icon::Events) div { span class="mono" { (name) } " " (sentence(warning)) } }
        }
        (detail.figures())
        section class="card" aria-labelledby="volume" {
            header { h2 id="volume" { "Events per day" } span class="meta" { "days of UTC" } }
            (detail.plot())
        }
        (detail.carried())
    };
    Frame { title: &name, place: Some(Place::Events), visit: Some(visit) }.around(&content)
}

fn trends(visit: &Visit, usage: &EventUse) -> super::Address {
    let series = Series::events(Matcher::event(&usage.event)).measure(Measure::Total);
    visit.to("/trends").with("report", Report::from(Trends::new("-29d", "now").series(series)).to_json())
}

impl EventDetail<'_> {
    fn figures(&self) -> Markup {
        let usage = self.usage;
        let days = usage.per_day.len();
        let label = format!("Events, {days} days");
        let mut figures = vec![
            (label, html! { (count(usage.lately)) }, Some(&usage.per_day), html! { "in days of UTC" }),
            (format!("Users, {days} days"), html! { (count(usage.users)) }, None, html! { "did it at least once" }),
        ];
        let mut groups: Vec<_> = usage.groups.iter().collect();
        groups.sort_by(|a, b| b.1.events.cmp(&a.1.events).then(a.0.cmp(b.0)));
        for (group_type, group) in groups.into_iter().take(TYPES_SHOWN.saturating_sub(2)) {
            let share =
                if usage.lately == 0 { "–".to_owned() } else { percent(group.events as f64 / usage.lately as f64) };
            figures.push((
                format!("With a {}", cut(group_type)),
                html! { (share) },
                None,
                html! { (counted(group.keys, "key")) },
            ));
        }
        let figures: Vec<_> = figures
            .iter()
            .map(|(label, value, days, below)| (label.as_str(), value.clone(), *days, below.clone()))
            .collect();
        headlines(&figures)
    }

    fn plot(&self) -> Markup {
        let usage = self.usage;
        let first = Day::parse(self.since);
        let days: Vec<Day> =
            first.iter().flat_map(|first| (0..usage.per_day.len()).map(move |place| first.plus(place))).collect();
        let label = format!("Events on each of {} days: {} in all", usage.per_day.len(), count(usage.lately));
        Plot { label, unit: ("event", "events"), days: &days, values: &usage.per_day, previous: &[], form: Form::Bars }
            .draw()
    }

    fn carried(&self) -> Markup {
        let sample = &self.properties.sample;
        html! {
            section class="card" aria-labelledby="properties" {
                header {
                    h2 id="properties" { "Properties" }
                    span class="meta" {
                        @if sample.counted < sample.of {
                            "counted on the latest " (count(sample.counted)) " of " (counted(sample.of, "event"))
                        } @else {
                            "of all its events"
                        }
                    }
                }
                @if self.properties.properties.is_empty() {
                    div class="body" { p class="muted" { "Its events carry no properties" } }
                } @else {
                    div class="scroll" {
                        table class="stack" {
                            caption class="sr" { "Properties, most frequent first" }
                            thead {
                                tr {
                                    (heading("Property", None, None))
                                    (heading("Type", None, None))
                                    th scope="col" class="num" { "On events" }
                                    th scope="col" class="num" { "Different values" }
                                    (heading("Most common values", None, None))
                                }
                            }
                            tbody { @for property in &self.properties.properties { (self.row(property)) } }
                        }
                    }
                }
            }
        }
    }

    fn row(&self, property: &ListedProperty) -> Markup {
        let all = self.properties.sample.counted.max(1) as f64;
        html! {
            tr {
                th scope="row" class="mono name" { (property.property) }
                td data-l="Type" {
                    @for (place, kind) in property.types.iter().enumerate() {
                        @if place > 0 { ", " }
                        (kind.value_type) @if property.types.len() > 1 { " (" (count(kind.count)) ")" }
                    }
                }
                td class="num" data-l="On events" { (percent(property.count as f64 / all)) }
                td class="num" data-l="Different values" { (count(property.distinct)) }
                td class="wide" data-l="Most common values" {
                    span class="props" {
                        @for value in &property.values {
                            span class="kv" { span { (cut(&text(&value.value))) " " i { (percent(value.count as f64 / all)) } } }
                        }
                    }
                }
            }
        }
    }
}
