//! `/`: what the workspace looks like now.

use super::Address;
use super::counted::{Counted, count_by};
use super::feed::feed;
use super::frame::Frame;
use super::headline::{Headline, change, headlines, whole};
use super::latest::{Latest, latest};
use super::menu::Place;
use super::moment::{Day, now};
use super::plot::{Form, Plot, rank};
use super::visit::Visit;
use crate::figure::count;
use crate::language::{CountBy, Interval, Matcher, Measure, Report, Series, Trends};
use crate::pages::{DeclaredTypes, Feed};
use crate::reports::{Compared, Home};
use maud::{Markup, html};

/// Events that the feed shows.
pub const FEED: usize = 9;

/// Everything that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct HomePage<'a> {
    /// All group types.
    pub types: &'a DeclaredTypes,
    /// Who is counted.
    pub counted: &'a Counted,
    /// The figures.
    pub home: &'a Home,
    /// The events that arrived last.
    pub feed: &'a Feed,
    /// What was saved or changed last.
    pub latest: &'a [Latest],
    /// How many reports are saved in all.
    pub saved: usize,
}

/// The page.
pub fn home(visit: &Visit, page: &HomePage<'_>) -> Markup {
    let content = html! {
        div class="head" {
            div { h1 { "Home" } p class="sub" { (now(visit)) " · everything that has arrived is counted" } }
            div class="actions" {
                form class="inline" method="get" action=(Address::new(Place::Home.path())) {
                    (visit.kept())
                    (count_by(page.types, page.counted.group_type.as_deref()))
                }
                a class="btn primary" href=(visit.to("/trends")) { "New report" }
            }
        }
        (page.figures(visit))
        div class="cols stretch" { (page.active(visit)) (page.live(visit)) }
        div class="cols stretch" { (page.most_active(visit)) (page.events(visit)) (latest(visit, page.latest, page.saved)) }
    };
    Frame { title: "Home", place: Some(Place::Home), visit: Some(visit) }.around(&content)
}

/// Active units on each of 30 days, with those before: what the page draws.
fn active_report(counted: &Counted) -> Report {
    let series = Series::events(Matcher::any_event()).measure(Measure::Unique);
    let mut trends = Trends::new("-29d", "now").series(series).interval(Interval::Day).compare_with_previous();
    trends.scope.count_by = counted.group_type.as_ref().map_or(CountBy::Users, CountBy::group);
    trends.into()
}

impl HomePage<'_> {
    fn figures(&self, visit: &Visit) -> Markup {
        let Home { events_today, events_week, active_today, new_units, volume, active, .. } = self.home;
        let several = &self.counted.several;
        let volume = Headline::of_series(volume.series.first());
        let active = Headline::of_series(active.series.first());
        let weekday = Day::of(visit, visit.now).weekday();
        let same_time = format!("on {weekday} last week, same time");
        let value = |compared: &Compared| html! { (count(compared.value)) };
        let below = |compared: &Compared, to: &str| html! { (change(compared.value, compared.previous)) " " (to) };
        headlines(&[
            ("Events today", value(events_today), Some(&volume.days), below(events_today, &same_time)),
            ("Events this week", value(events_week), None, below(events_week, "on last week, Monday to now")),
            (
                &format!("{} active today", self.counted.heading()),
                value(active_today),
                Some(&active.days),
                below(active_today, &same_time),
            ),
            (&format!("New {several}, 7 days"), value(new_units), None, below(new_units, "on the 7 days before")),
        ])
    }

    fn active(&self, visit: &Visit) -> Markup {
        let answer = &self.home.active;
        let active = Headline::of_series(answer.series.first());
        let before = answer.series.first().and_then(|series| series.previous.as_ref());
        let before: Vec<u64> =
            before.map_or_else(Vec::new, |before| before.values.iter().copied().map(whole).collect());
        let days: Vec<Day> = answer.buckets.iter().filter_map(|day| Day::parse(day)).collect();
        let several = &self.counted.several;
        let (least, greatest) = (active.days.iter().min(), active.days.iter().max());
        let label = format!(
            "Active {several} on each of 30 days: between {} and {}, {} over all",
            count(least.copied().unwrap_or(0)),
            count(greatest.copied().unwrap_or(0)),
            count(active.now)
        );
        let plot = Plot {
            label,
            unit: (&self.counted.one, several),
            days: &days,
            values: &active.days,
            previous: &before,
            form: Form::Line,
        };
        html! {
            section class="card c8" aria-labelledby="active" {
                header {
                    h2 id="active" { "Active " (several) " per day" }
                    div class="right" {
                        div class="legend" {
                            span class="key k1" { span class="sw" {} "These 30 days" }
                            span class="key k1" { i {} "The 30 before" }
                        }
                        a class="btn s" href=(visit.to("/trends").with("report", active_report(self.counted).to_json())) { "Open in Trends" }
                    }
                }
                (plot.draw())
            }
        }
    }

    fn live(&self, visit: &Visit) -> Markup {
        html! {
            section class="card c4" aria-labelledby="live" {
                header {
                    h2 id="live" { "Live" }
                    div class="right" {
                        span class="live" hidden { i {} span { "as they arrive" } }
                        button class="btn s" type="button" hidden aria-pressed="false" data-pause { "Pause" }
                    }
                }
                div data-feed=(visit.to("/api/feed").with("limit", FEED)) data-since=(self.feed.next)
                    data-events=(visit.to(Place::Events.path())) data-users=(visit.to(Place::Users.path())) data-groups=(visit.to(Place::Groups.path())) {
                    (feed(visit, &self.feed.events, true))
                }
            }
        }
    }

    fn most_active(&self, visit: &Visit) -> Markup {
        let link = |name: &str| match &self.counted.group_type {
            None => visit.to(Place::Users.path()).part(name),
            Some(group_type) => visit.to(Place::Groups.path()).part(group_type).part(name),
        };
        let rows: Vec<(Markup, u64)> = self
            .home
            .most_active
            .iter()
            .map(|unit| (html! { a class="mono trunc" href=(link(&unit.name)) { (unit.name) } }, unit.events))
            .collect();
        html! {
            section class="card c4" aria-labelledby="most-active" {
                header { h2 id="most-active" { "Most active " (self.counted.several) } span class="meta" { "events, 7 days" } }
                div class="body" { @if rows.is_empty() { p class="muted" { "None in these days" } } @else { (rank(&rows)) } }
            }
        }
    }

    fn events(&self, visit: &Visit) -> Markup {
        let rows: Vec<(Markup, u64)> = self.home.events.iter().map(|event| {
            (html! { a class="mono trunc" href=(visit.to(Place::Events.path()).part(&event.event)) { (event.event) } }, event.count)
        }).collect();
        html! {
            section class="card c4" aria-labelledby="by-volume" {
                header {
                    h2 id="by-volume" { "Events by volume" }
                    span class="meta" { "7 days" }
                    div class="right" { a class="btn s" href=(visit.to(Place::Events.path())) { "All events" } }
                }
                div class="body" { @if rows.is_empty() { p class="muted" { "None in these days" } } @else { (rank(&rows)) } }
            }
        }
    }
}
