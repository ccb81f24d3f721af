//! `/events`: what is sent, how much, by whom, with which groups, and what looks wrong about it.

use super::address::Address;
use super::counted::{Counted, count_by};
use super::frame::Frame;
use super::icon::Icon;
use super::list::ROWS;
use super::menu::Place;
use super::moment::ago;
use super::plot::spark;
use super::properties::cut;
use super::state;
use super::table::{Pager, heading};
use super::visit::Visit;
use crate::figure::{count, counted, percent, plural};
use crate::model::Timestamp;
use crate::pages::{DeclaredTypes, EventUse, EventUses, Warning};
use maud::{Markup, html};

/// Over how many days it is told how events are used; the first unless chosen otherwise.
pub const DAYS: [u32; 3] = [30, 7, 90];
/// Events that the note above the list names.
const NOTED: usize = 3;

/// Everything that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct EventsList<'a> {
    /// All group types.
    pub types: &'a DeclaredTypes,
    /// The keys that are counted beside users; `None` where there is no type.
    pub counted: Option<&'a Counted>,
    /// How all events are used.
    pub uses: &'a EventUses,
    /// Days, today among them.
    pub days: u32,
    /// What a name must contain.
    pub search: Option<&'a str>,
    /// Whether only events with warnings are listed.
    pub only_warned: bool,
    /// How many events of the list come before.
    pub from: usize,
    /// The most rows.
    pub rows: usize,
}

/// The page.
pub fn events(visit: &Visit, list: &EventsList<'_>) -> Markup {
    let content = html! {
        div class="head" {
            div {
                h1 { "Events" }
                p class="sub" {
                    (counted(list.uses.events.len() as u64, "name")) ", " (counted(list.uses.count, "event")) " in the last " (list.days) " days"
                }
            }
            @if !list.uses.events.is_empty() {
                div class="actions" {
                    form class="inline" method="get" action=(Address::new(Place::Events.path())) {
                        (list.hidden(visit, &["group", "days"]))
                        (count_by(list.types, list.group_type()))
                        label class="sr" for="days" { "Days" }
                        select id="days" name="days" data-submit {
                            @for days in DAYS { option value=(days) selected[days == list.days] { "Last " (days) " days" } }
                        }
                    }
                }
            }
        }
        (list.note(visit))
        section class="card" { (list.body(visit)) }
    };
    Frame { title: "Events", place: Some(Place::Events), visit: Some(visit) }.around(&content)
}

impl EventsList<'_> {
    fn group_type(&self) -> Option<&str> {
        self.counted.and_then(|counted| counted.group_type.as_deref())
    }

    /// What keeps the list as it is, beside the workspace and the page.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("group", self.counted.map(|_| self.group_type().unwrap_or_default().to_owned())),
            ("days", (self.days != DAYS[0]).then(|| self.days.to_string())),
            ("search", self.search.map(str::to_owned)),
            ("warned", self.only_warned.then(|| "true".to_owned())),
            ("limit", (self.rows != ROWS[0]).then(|| self.rows.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn hidden(&self, visit: &Visit, own: &[&str]) -> Markup {
        html! {
            (visit.kept())
            @for (name, value) in self.kept() { @if !own.contains(&name) { input type="hidden" name=(name) value=(value); } }
        }
    }

    fn with(&self, visit: &Visit, changed: &str, to: Option<String>) -> Address {
        let path = visit.to(Place::Events.path());
        let kept = self.kept().into_iter().filter(|(name, _)| *name != changed);
        kept.fold(path, |address, (name, value)| address.with(name, value)).with_some(changed, to)
    }

    fn warned(&self) -> impl Iterator<Item = &EventUse> {
        self.uses.events.iter().filter(|event| !event.warnings.is_empty())
    }

    fn note(&self, visit: &Visit) -> Markup {
        let warned = self.warned().count();
        html! {
            @if warned > 0 {
                div class="note warn" role="note" {
                    (Icon::Events)
                    div {
                        b { (plural(warned as u64, "event needs", "events need")) " attention. " }
                        @for event in self.warned().take(NOTED) {
                            @if let Some(warning) = event.warnings.first() {
                                a class="mono" href=(visit.to(Place::Events.path()).part(&event.event)) { (cut(&event.event)) } " " (sentence(warning)) " "
                            }
                        }
                        @if warned > NOTED { a href=(self.with(visit, "warned", Some("true".to_owned()))) { "All of them" } }
                    }
                }
            }
        }
    }

    fn body(&self, visit: &Visit) -> Markup {
        if self.uses.events.is_empty() {
            let body = html! { p { "An event is listed here as soon as the first one of its name has arrived." } };
            return state::empty(
                "No events yet",
                body,
                html! { a class="btn" href=(visit.to(Place::Home.path())) { "How to send" } },
            );
        }
        let search = self.search.map(str::to_lowercase);
        let is_found = |event: &&EventUse| search.as_ref().is_none_or(|text| event.event.to_lowercase().contains(text));
        let is_wanted = |event: &&EventUse| !self.only_warned || !event.warnings.is_empty();
        let found: Vec<&EventUse> = self.uses.events.iter().filter(is_found).filter(is_wanted).collect();
        let shown = found.get(self.from..).unwrap_or_default();
        let shown = &shown[..shown.len().min(self.rows)];
        html! {
            (self.head(visit))
            @if shown.is_empty() {
                (self.none_matched(visit))
            } @else {
                (self.table(visit, shown))
                (self.pager(visit, shown.len(), found.len()))
            }
        }
    }

    fn head(&self, visit: &Visit) -> Markup {
        let all = self.uses.events.len() as u64;
        let warned = self.warned().count() as u64;
        html! {
            header {
                form class="search" method="get" role="search" action=(Address::new(Place::Events.path())) {
                    (self.hidden(visit, &["search"]))
                    label class="sr" for="search" { "Search events" }
                    (Icon::Search)
                    input id="search" type="search" name="search" placeholder="Event name" value=[self.search];
                }
                div class="right" {
                    nav class="seg" aria-label="Which events" {
                        a href=(self.with(visit, "warned", None)) aria-current=[(!self.only_warned).then_some("true")] { "All " (count(all)) }
                        a href=(self.with(visit, "warned", Some("true".to_owned()))) aria-current=[self.only_warned.then_some("true")] { "With warnings " (count(warned)) }
                    }
                }
            }
        }
    }

    fn none_matched(&self, visit: &Visit) -> Markup {
        state::empty(
            html! { "No event matches" @if let Some(search) = self.search { " “" bdi { (cut(search)) } "”" } },
            html! { p { "There are " (counted(self.uses.events.len() as u64, "event name")) " in all" @if self.only_warned { ", and only those with warnings are listed" } "." } },
            html! { a class="btn" href=(visit.to(Place::Events.path())) { "Show all" } },
        )
    }

    fn table(&self, visit: &Visit, events: &[&EventUse]) -> Markup {
        html! {
            div class="scroll" {
                table class="stack" {
                    caption class="sr" { "Events, most frequent first" }
                    thead {
                        tr {
                            (heading("Event", None, None))
                            th scope="col" class="num" { "Events, " (self.days) " days" }
                            th scope="col" class="hide-s" { span class="sr" { "Shape" } }
                            th scope="col" class="num" { "Users" }
                            @if let Some(counted) = self.counted.filter(|counted| counted.group_type.is_some()) {
                                th scope="col" class="num" { (counted.heading()) }
                                th scope="col" class="num" { "With a " (counted.one) }
                            }
                            (heading("Last seen", None, None))
                            (heading("Warnings", None, None))
                        }
                    }
                    tbody { @for event in events { (self.row(visit, event)) } }
                }
            }
        }
    }

    fn row(&self, visit: &Visit, event: &EventUse) -> Markup {
        let group = self.group_type().map(|group_type| event.groups.get(group_type).cloned().unwrap_or_default());
        let last = Timestamp::parse(&event.last_seen).ok();
        html! {
            tr {
                th scope="row" class="mono name" { a href=(visit.to(Place::Events.path()).part(&event.event)) { (event.event) } }
                td class="num" data-l={ "Events, " (self.days) " days" } { (count(event.lately)) }
                td class="hide-s" { (spark(&event.per_day)) }
                td class="num" data-l="Users" { (count(event.users)) }
                @if let (Some(group), Some(counted)) = (group, self.counted) {
                    td class="num" data-l=(counted.heading()) { (count(group.keys)) }
                    td class="num" data-l={ "With a " (counted.one) } {
                        @if event.lately == 0 { "–" } @else { (percent(group.events as f64 / event.lately as f64)) }
                    }
                }
                td class="nowrap" data-l="Last seen" { @if let Some(last) = last { (ago(visit, last)) } }
                td class="tags" { @for warning in &event.warnings { (tag(warning)) " " } }
            }
        }
    }

    fn pager(&self, visit: &Visit, shown: usize, found: usize) -> Markup {
        let kept = self.kept();
        let kept: Vec<(&'static str, &str)> =
            kept.iter().filter(|(name, _)| *name != "limit").map(|(name, value)| (*name, value.as_str())).collect();
        let page = |from: usize| self.with(visit, "from", (from > 0).then(|| from.to_string()));
        let pager = Pager {
            told: format!("{}–{} of {}", self.from + 1, self.from + shown, count(found as u64)),
            path: Address::new(Place::Events.path()),
            kept: &kept,
            rows: self.rows,
            choices: &ROWS,
            previous: (self.from > 0).then(|| page(self.from.saturating_sub(self.rows))),
            next: (self.from + shown < found).then(|| page(self.from + shown)),
        };
        pager.draw(visit)
    }
}

/// A warning in a few words.
pub fn tag(warning: &Warning) -> Markup {
    let (class, words) = match warning {
        Warning::Silent { days } => ("tag bad", format!("silent for {days} days")),
        Warning::Unused { days } => ("tag", format!("not seen for {days} days")),
        Warning::WithoutGroup { group } => ("tag warn", format!("never has a {}", cut(group))),
        Warning::Alike { .. } => ("tag warn", "two spellings".to_owned()),
        Warning::SeveralTypes { property, .. } => ("tag warn", format!("several types: {}", cut(property))),
    };
    html! { span class=(class) title=(plain(warning)) { (words) } }
}

/// A warning as a sentence that goes on from the event's name.
pub fn sentence(warning: &Warning) -> Markup {
    html! { (plain(warning)) "." }
}

fn plain(warning: &Warning) -> String {
    match warning {
        Warning::Silent { days } => {
            format!("came daily, and has not come for {days} days; something may have stopped sending it")
        }
        Warning::Unused { days } => format!("has not come for {days} days"),
        Warning::WithoutGroup { group } => {
            let group = cut(group);
            format!("is never sent with a {group}, so reports counted by {group} leave it out")
        }
        Warning::Alike { events } => {
            let others: Vec<String> = events.iter().take(NOTED).map(|name| cut(name)).collect();
            format!("may be the same as {}, which is spelled otherwise", others.join(", "))
        }
        Warning::SeveralTypes { property, types } => {
            format!("has values of several types in {}: {}", cut(property), types.join(", "))
        }
    }
}
