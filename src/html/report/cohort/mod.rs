//! Cohorts: the list of those that are saved, and the page where one is put together from conditions, with who is in it.

mod conditions;
mod edit;
mod list;
mod phrase;
mod rows;

pub use conditions::{everyone, matchers};
pub use edit::edited_conditions;
pub use list::{CohortRow, cohorts};

use super::answer::{Answered, Drawn, Looked, sentence};
use super::builder::Builder;
use super::choices::Choices;
use super::kind::Kind;
use super::nothing::none_has_group;
use super::saved::{address, name_field, shown_on};
use super::view::Chart;
use super::{actions, coverage, words};
use crate::figure::{count, percent};
use crate::html::asset;
use crate::html::frame::Frame;
use crate::html::groups::{key_cell, last_updated_cell};
use crate::html::icon::Icon;
use crate::html::menu::Place;
use crate::html::moment::now;
use crate::html::properties::{SHOWN, properties};
use crate::html::table::{Order, Pager, heading};
use crate::html::users::{last_seen_cell, user_cell};
use crate::html::{Address, Visit};
use crate::language::{Cohort, Condition, Report};
use crate::pages::{GroupRow, ListPage, UserRow};
use crate::reports::{Answer, CohortAnswer};
use crate::saved::{Saved, SavedReport};
use maud::{Markup, html};
use serde_json::{Value, json};

/// A cohort with its members.
#[derive(Clone, Copy, Debug)]
pub struct CohortPage<'a> {
    /// What is asked, without a page.
    pub report: &'a Report,
    /// Its definition.
    pub cohort: &'a Cohort,
    /// Under which name it was opened, if it is saved.
    pub name: Option<&'a str>,
    /// Whether it is not what is saved under the name.
    pub is_changed: bool,
    /// What there is to choose from.
    pub choices: &'a Choices,
    /// Who is in it, or the sentence that says why that is not known.
    pub answer: Result<&'a Answered, &'a str>,
    /// A page of them; none where nobody is in it.
    pub members: Option<&'a Members>,
    /// What is searched for among them.
    pub search: Option<&'a str>,
    /// What builds on it.
    pub uses: &'a Uses<'a>,
}

/// A page of the members.
#[derive(Clone, Debug)]
pub enum Members {
    /// Keys of a group type.
    Keys(ListPage<GroupRow>),
    /// Users.
    Users(ListPage<UserRow>),
}

/// What names a saved cohort.
#[derive(Clone, Debug)]
pub struct Uses<'a> {
    /// All that is saved.
    pub saved: &'a Saved,
    /// Saved reports.
    pub reports: Vec<&'a SavedReport>,
    /// Other cohorts.
    pub cohorts: Vec<String>,
}

/// Where a cohort is: a saved one under its name.
fn path(visit: &Visit, name: Option<&str>) -> Address {
    let cohorts = visit.to(Place::Cohorts.path());
    match name {
        Some(name) => cohorts.part(name),
        None => cohorts,
    }
}

/// The page of a cohort.
pub fn cohort(visit: &Visit, page: &CohortPage<'_>) -> Markup {
    let mut document = page.report.to_value();
    document["where"] = conditions::listed(document["where"].take());
    let scope = &page.cohort.scope;
    let builder = Builder { visit, kind: Kind::Cohort, document: &document, scope, choices: page.choices };
    let json = page.report.to_json();
    let here = path(visit, page.name);
    let title = page.name.unwrap_or("New cohort");
    let content = html! {
        div class="head" {
            div {
                nav class="crumbs" aria-label="Where this is" { a href=(path(visit, None)) { (Place::Cohorts.name()) } span aria-hidden="true" { "/" } }
                h1 class="name" { (title) }
                p class="sub" { (page.told()) }
            }
            div class="actions" {
                (actions(visit, Kind::Cohort, &json, Chart::default()))
                @if let Some(name) = page.name.filter(|_| !page.is_changed) { (page.in_reports(visit, name)) }
                (page.save(visit, &json))
            }
        }
        form class="whole" id="report" method="post" action=(here) data-kept=(visit.to("/").to_string()) {
            // What Enter presses.
            button class="sr" tabindex="-1" aria-hidden="true" { "Apply" }
            (builder.draw())
        }
        section class="card" id="answer" aria-labelledby="ans" {
            @match page.answer {
                Ok(answered) => (page.answered(visit, answered, &json)),
                Err(sentence) => {
                    h2 class="sr" id="ans" { "No answer" }
                    div class="state" role="alert" { h3 { "This could not be answered" } p { (sentence) } }
                }
            }
            footer { (coverage::coverage(&json, page.report, page.answer.ok())) }
        }
        @if page.name.is_some() { (page.used_by(visit)) }
        script type="module" src=(asset::address("report.js")) {}
    };
    Frame { title: &format!("{title} – Cohorts"), place: Some(Place::Cohorts), visit: Some(visit) }.around(&content)
}

/// The answer in its parts, on a tile too.
pub fn draw<'a>(looked: &'a Looked<'a>, answer: &'a CohortAnswer, everyone: Option<u64>) -> Drawn<'a> {
    let units = &looked.report.scope().count_by;
    let said = if answer.size == 1 {
        format!("{} is in this cohort now", words::unit(units))
    } else {
        format!("{} are in this cohort now", words::units(units))
    };
    let share = everyone.filter(|everyone| *everyone > 0).map(|everyone| {
        let share = percent(answer.size as f64 / everyone as f64);
        html! { span class="delta muted" { (share) " of " (words::counted_units(everyone, units)) } }
    });
    let sentence = sentence(count(answer.size), said, share.unwrap_or_default());
    Drawn::new(sentence, || html! {}, || html! {})
}

impl CohortPage<'_> {
    fn told(&self) -> String {
        let units = words::capital(&words::units(&self.cohort.scope.count_by));
        match (self.name, self.is_changed, self.uses.reports.len() + self.uses.cohorts.len()) {
            (None, ..) => format!("{units} that meet conditions"),
            (_, true, _) => "Changed, and not saved yet".to_owned(),
            (_, _, 0) => "Counted anew whenever it is used".to_owned(),
            (_, _, uses) => format!("Counted anew whenever it is used · used {}", times(uses)),
        }
    }

    fn has_conditions(&self) -> bool {
        !matches!(&self.cohort.where_, Condition::All(conditions) if conditions.is_empty())
    }

    fn answered(&self, visit: &Visit, answered: &Answered, json: &str) -> Markup {
        let looked = Looked { visit, report: self.report, chart: Chart::default(), tile: None };
        let Answer::Cohort(answer) = &answered.answer else { return html! {} };
        let coverage = answered.coverage();
        if answer.size == 0 && coverage.matched > 0 && coverage.matched == coverage.without_group {
            return none_has_group(&looked, coverage);
        }
        html! {
            h2 class="sr" id="ans" { "Members" }
            (draw(&looked, answer, answered.everyone).sentence)
            @if !self.has_conditions() && answer.size > 0 {
                p class="hint sub" { "There are no conditions yet, so everyone is in it." }
            }
            @match self.members {
                Some(Members::Keys(page)) => (self.listed(visit, json, page, "Key", "Last updated", |row| html! {
                    (key_cell(visit, row)) td class="wide" { (properties(&row.properties, SHOWN)) } (last_updated_cell(visit, row))
                })),
                Some(Members::Users(page)) => (self.listed(visit, json, page, "User", "Last seen", |row| html! {
                    (user_cell(visit, row)) td class="wide" { (properties(&row.properties, SHOWN)) } (last_seen_cell(visit, row))
                })),
                None => (self.nobody(answered.everyone)),
            }
        }
    }

    fn nobody(&self, everyone: Option<u64>) -> Markup {
        html! {
            div class="state" {
                @if everyone == Some(0) {
                    h3 { "There are no " (words::units(&self.cohort.scope.count_by)) " yet" }
                    p { "They come into being with the first event or call that names one." }
                } @else {
                    h3 { "Nobody meets the conditions" }
                    p { "Remove a condition, ask for any of them instead of all, or look at a longer time. The cohort is counted anew whenever it is looked at." }
                }
            }
        }
    }

    /// A page of the members, with a search above and the way to the others below.
    fn listed<R>(
        &self,
        visit: &Visit,
        json: &str,
        page: &ListPage<R>,
        name: &str,
        last: &str,
        row: impl Fn(&R) -> Markup,
    ) -> Markup {
        // What is saved needs no document in the address.
        let kept = Some(json).filter(|_| self.name.is_none() || self.is_changed);
        let to = |cursor: &Option<String>| {
            let here = path(visit, self.name).with_some("report", kept).with_some("search", self.search);
            cursor.as_ref().map(|cursor| here.with("cursor", cursor))
        };
        let shown = page.rows.len() as u64;
        html! {
            header class="members" {
                form class="search" method="get" role="search" action=(path(visit, self.name)) {
                    (visit.kept())
                    @if let Some(json) = kept { input type="hidden" name="report" value=(json); }
                    label class="sr" for="members-search" { "Search members" }
                    (Icon::Search)
                    input id="members-search" type="search" name="search" value=[self.search] placeholder="Search members" autocomplete="off";
                }
                div class="right" { span class="meta" { "Counted " (now(visit)) } }
            }
            @if shown == 0 {
                div class="state" {
                    h3 { "No member matches “" bdi { (self.search.unwrap_or_default()) } "”" }
                    p { "The search looks at names and at the values of properties, in any case." }
                }
            } @else {
                div class="scroll" {
                    table class="stack" {
                        caption class="sr" { "Members of the cohort" }
                        thead { tr { (heading(name, Some(Order::Ascending), None)) (heading("Properties", None, None)) (heading(last, None, None)) } }
                        tbody { @for one in &page.rows { tr { (row(one)) } } }
                    }
                }
                (Pager::steps(
                    "Pages of members",
                    &format!("{}–{} of {}", count(page.first + 1), count(page.first + shown), count(page.total)),
                    to(&page.previous_cursor).as_ref(),
                    to(&page.next_cursor).as_ref(),
                ))
            }
        }
    }

    /// Reports about the members alone, and the list of them with its filters.
    fn in_reports(&self, visit: &Visit, name: &str) -> Markup {
        let group_type = self.cohort.scope.count_by.group_type();
        let filter = json!({ "cohort": name });
        let about = |kind: Kind| -> Option<Address> {
            let mut document = kind.first(self.choices, group_type)?;
            document["filter"] = filter.clone();
            Some(visit.to(kind.place().path()).with("report", document))
        };
        let list = match group_type {
            Some(group_type) => visit.to(Place::Groups.path()).part(group_type),
            None => visit.to(Place::Users.path()),
        };
        let kinds = [Kind::Trends, Kind::Funnel, Kind::Retention, Kind::Stickiness, Kind::Lifecycle, Kind::Paths];
        html! {
            button class="btn" type="button" popovertarget="use" { "Use in a report" (Icon::Chevron.small()) }
            div id="use" popover class="menu" role="group" aria-label="Use in a report" {
                ul {
                    @for kind in kinds { @if let Some(address) = about(kind) { li { a href=(address) { (kind.place().name()) } } } }
                    li { a href=(list.with("filter", &filter)) { (if group_type.is_some() { Place::Groups.name() } else { Place::Users.name() }) span class="n" { "the list" } } }
                }
            }
        }
    }

    /// The button that saves, and what it opens.
    fn save(&self, visit: &Visit, json: &str) -> Markup {
        let to = path(visit, None);
        let document = html! { input type="hidden" name="report" value=(json); };
        let updated = self.name.filter(|_| self.is_changed);
        html! {
            button class=(if self.name.is_some() && !self.is_changed { "btn" } else { "btn primary" }) type="button" popovertarget="save" { "Save" }
            div id="save" popover role="group" aria-label="Save this cohort" {
                @if let Some(name) = updated {
                    form method="post" action=(to) {
                        (document)
                        button class="btn primary" name="replace" value=(name) { span class="trunc" { "Update “" (name) "”" } }
                    }
                }
                form method="post" action=(to) {
                    (document)
                    @if self.name.is_some() { p class="meta" { @if updated.is_some() { "or save it as another" } @else { "Save it as another" } } }
                    (name_field("name", "Name of the cohort", "", true))
                    button class=(if updated.is_some() { "btn" } else { "btn primary" }) { "Save as cohort" }
                }
            }
        }
    }

    fn used_by(&self, visit: &Visit) -> Markup {
        let Uses { saved, reports, cohorts } = self.uses;
        html! {
            section class="card" aria-labelledby="uses" {
                header { h2 id="uses" { "Used by" } }
                @if reports.is_empty() && cohorts.is_empty() {
                    div class="body muted" { "No saved report and no other cohort builds on it." }
                } @else {
                    div class="scroll" {
                        table class="stack" {
                            caption class="sr" { "What builds on this cohort" }
                            thead { tr { th scope="col" { "Name" } th scope="col" { "What" } th scope="col" { "On dashboards" } } }
                            tbody {
                                @for report in reports {
                                    @let kind = serde_json::from_str::<Value>(&report.report).ok().as_ref().and_then(Kind::of);
                                    tr {
                                        th scope="row" class="name" {
                                            @match kind { Some(kind) => a href=(address(visit, kind, report)) { (report.name) }, None => (report.name) }
                                        }
                                        td data-l="What" { (kind.map_or("Report", Kind::word)) }
                                        td class="name" data-l="On dashboards" { (shown_on(visit, saved, report)) }
                                    }
                                }
                                @for name in cohorts {
                                    tr {
                                        th scope="row" class="name" { a href=(path(visit, Some(name))) { (name) } }
                                        td data-l="What" { (Kind::Cohort.word()) }
                                        td data-l="On dashboards" { span class="muted" { "–" } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn times(uses: usize) -> String {
    match uses {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{} times", count(more as u64)),
    }
}
