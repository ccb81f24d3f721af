//! `/groups/{type}/{key}`: one company, team or account: who belongs to it, what they do, what is known of it and was.

use super::address::Address;
use super::counted::Counted;
use super::facts;
use super::feed::feed;
use super::frame::Frame;
use super::headline::{Headline, change, headlines};
use super::menu::Place;
use super::moment::{Day, ago, at};
use super::plot::{Form, Plot};
use super::properties::{cut, properties, text};
use super::table::{Pager, heading};
use super::users::{last_seen_cell, user_cell};
use super::visit::Visit;
use crate::figure::{count, counted};
use crate::language::{Filter, Matcher, Measure, Report, Series, Trends};
use crate::model::Timestamp;
use crate::pages::{GroupProfile, ListPage, UserRow};
use crate::reports::TrendsAnswer;
use maud::{Markup, html};

/// Members on a page.
pub const MEMBERS: usize = 10;
/// Properties of a member: its column is half as wide as that of a list.
const MEMBER_PROPERTIES: usize = 2;
/// Recent events that are shown.
const EVENTS_SHOWN: usize = 12;

/// Everything that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    /// What the key is called.
    pub counted: &'a Counted,
    /// The key.
    pub group: &'a GroupProfile,
    /// Some of its members.
    pub members: &'a ListPage<UserRow>,
    /// What it did: the answer to [`activity`].
    pub activity: &'a TrendsAnswer,
    /// The day as of which properties are shown, as it stands in the address.
    pub as_of: Option<&'a str>,
    /// The first instant after that day.
    pub as_of_end: Option<Timestamp>,
}

/// The events of a key in 30 days, how many they are and how many users did them, with the 30 days before.
pub fn activity(group_type: &str, key: &str) -> Report {
    let series = |measure, label: &str| Series::events(Matcher::any_event()).measure(measure).label(label);
    Trends::new("-29d", "now")
        .series(series(Measure::Total, "Events"))
        .series(series(Measure::Unique, "Users"))
        .filter(Filter::group_key(group_type, [key]))
        .compare_with_previous()
        .into()
}

/// The page.
pub fn profile(visit: &Visit, profile: &Profile<'_>) -> Markup {
    let group = profile.group;
    let name = group.properties.get("name").map(text).filter(|name| !name.trim().is_empty());
    let name = cut(name.as_deref().unwrap_or(&group.key));
    let content = html! {
        div class="head" {
            div {
                nav class="crumbs" aria-label="Where this is" {
                    a href=(visit.to(Place::Groups.path())) { "Groups" } span aria-hidden="true" { "/" }
                    a href=(visit.to(Place::Groups.path()).part(&group.group_type)) { bdi { (group.group_type) } } span aria-hidden="true" { "/" }
                }
                h1 class="name" { (name) }
                p class="sub name" {
                    span class="mono" { (group.key) }
                    @match group.last_updated.as_deref().and_then(|time| Timestamp::parse(time).ok()) {
                        Some(time) => { " · last updated " (at(visit, time)) }
                        None => " · only seen on events",
                    }
                }
            }
            div class="actions" {
                a class="btn" href=(profile.report(visit)) { "Report on this " (profile.counted.one) }
            }
        }
        (profile.figures(visit))
        div class="cols" {
            div class="c8 gcol" { (profile.plot(visit)) (profile.members(visit)) }
            div class="c4 gcol" { (profile.facts(visit)) (profile.recent(visit)) }
        }
    };
    Frame { title: &name, place: Some(Place::Groups), visit: Some(visit) }.around(&content)
}

impl Profile<'_> {
    fn path(&self) -> Address {
        Address::new(Place::Groups.path()).part(&self.group.group_type).part(&self.group.key)
    }

    fn report(&self, visit: &Visit) -> Address {
        visit.to("/trends").with("report", activity(&self.group.group_type, &self.group.key).to_json())
    }

    fn figures(&self, visit: &Visit) -> Markup {
        let of = |place: usize| Headline::of_series(self.activity.series.get(place));
        let (events, users) = (of(0), of(1));
        let last = self.group.recent.first();
        let last_time = last.and_then(|event| Timestamp::parse(&event.timestamp).ok());
        let compared = |figure: &Headline| html! { (change(figure.now, figure.before)) " on the 30 days before" };
        headlines(&[
            ("Members", html! { (count(self.group.members.len() as u64)) }, None, html! { "belong to it now" }),
            ("Users active, 30 days", html! { (count(users.now)) }, Some(&users.days), compared(&users)),
            ("Events, 30 days", html! { (count(events.now)) }, Some(&events.days), compared(&events)),
            (
                "Last event of a member",
                html! { @match last_time { Some(time) => (ago(visit, time)), None => "–" } },
                None,
                html! { @if let Some(event) = last { span class="mono" { (cut(&event.event)) } " by " (cut(&event.distinct_id)) } },
            ),
        ])
    }

    fn plot(&self, visit: &Visit) -> Markup {
        let events = Headline::of_series(self.activity.series.first());
        let days: Vec<Day> = self.activity.buckets.iter().filter_map(|day| Day::parse(day)).collect();
        let label = format!("Events a day that carry this {}, 30 days: {} in all", self.counted.one, count(events.now));
        let plot = Plot {
            label,
            unit: ("event", "events"),
            days: &days,
            values: &events.days,
            previous: &[],
            form: Form::Bars,
        };
        html! {
            section class="card" aria-labelledby="activity" {
                header {
                    h2 id="activity" { "Activity" }
                    span class="meta" { "events a day that carry this " (self.counted.one) }
                    div class="right" { a class="btn s" href=(self.report(visit)) { "Open in Trends" } }
                }
                (plot.draw())
            }
        }
    }

    fn members(&self, visit: &Visit) -> Markup {
        let page = self.members;
        let step = |cursor: &Option<String>| {
            let address = visit.within(self.path()).with_some("as_of", self.as_of);
            cursor.as_ref().map(|cursor| address.with("members", cursor))
        };
        html! {
            section class="card" aria-labelledby="members" {
                header {
                    h2 id="members" { "Members" }
                    span class="meta" { (count(page.total)) ", by their latest " code { "group()" } " call or event" }
                }
                @if page.rows.is_empty() {
                    div class="body" { p class="muted" { "Nobody belongs to it now" } }
                } @else {
                    div class="scroll" {
                        table class="stack" {
                            caption class="sr" { "Members, last seen first" }
                            thead { tr { (heading("User", None, None)) (heading("Properties", None, None)) (heading("Last seen", None, None)) } }
                            tbody {
                                @for row in &page.rows {
                                    tr {
                                        (user_cell(visit, row))
                                        td class="wide" { (properties(&row.properties, MEMBER_PROPERTIES)) }
                                        (last_seen_cell(visit, row))
                                    }
                                }
                            }
                        }
                    }
                    (Pager::steps(
                        "Pages of members",
                        &format!("{}–{} of {}", count(page.first + 1), count(page.first + page.rows.len() as u64), count(page.total)),
                        step(&page.previous_cursor).as_ref(),
                        step(&page.next_cursor).as_ref(),
                    ))
                }
            }
        }
    }

    fn facts(&self, visit: &Visit) -> Markup {
        let versions = &self.group.versions;
        let is_before_end = |at: &str| Timestamp::parse(at).is_ok_and(|at| self.as_of_end.is_none_or(|end| at < end));
        let until = versions.partition_point(|version| !is_before_end(&version.at));
        let shown = &versions[until..];
        html! {
            section class="card" aria-labelledby="properties" {
                header {
                    h2 id="properties" { "Properties" }
                    div class="right" {
                        form class="inline" method="get" action=(self.path()) {
                            (visit.kept())
                            label class="sub" for="as_of" { "As of" }
                            input id="as_of" type="date" name="as_of" value=[self.as_of];
                            button class="btn" { "Show" }
                        }
                    }
                }
                @if let Some(day) = self.as_of.and_then(Day::parse) {
                    p class="note" { span { "As they were at the end of " (day.long()) ". " a href=(visit.within(self.path())) { "Show them now" } } }
                }
                @if shown.is_empty() {
                    div class="body" { p class="muted" { @if versions.is_empty() { "None, as no call described it" } @else { "None yet then" } } }
                } @else {
                    (facts::with_history(visit, shown))
                }
            }
        }
    }

    fn recent(&self, visit: &Visit) -> Markup {
        let events = &self.group.recent;
        html! {
            section class="card" aria-labelledby="recent" {
                header { h2 id="recent" { "Recent events" } span class="meta" { "of its members, whatever groups they carry" } }
                @if events.is_empty() {
                    div class="body" { p class="muted" { "None" } }
                } @else {
                    (feed(visit, &events[..events.len().min(EVENTS_SHOWN)], false))
                    @if events.len() > EVENTS_SHOWN {
                        details {
                            summary class="more" { (counted((events.len() - EVENTS_SHOWN) as u64, "older event")) }
                            (feed(visit, &events[EVENTS_SHOWN..], false))
                        }
                    }
                }
            }
        }
    }
}
