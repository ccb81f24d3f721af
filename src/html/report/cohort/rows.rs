//! The conditions of a cohort as rows of the builder. [`super::edit`] reads what their fields say.

use super::super::builder::{Builder, remove};
use super::super::choices::NamedCohort;
use super::super::event::{EventPicker, id};
use super::super::filter::About;
use super::super::matcher::Simple;
use super::super::range::RangePicker;
use super::super::words;
use super::conditions::{MEMBERSHIPS, Row, What};
use super::phrase::{phrase, within};
use crate::figure::counted;
use crate::html::icon::Icon;
use crate::language::{Condition, CountBy, TimeBound};
use maud::{Markup, html};
use serde_json::{Value, json};

const JOINTS: [(&str, &str); 4] = [("all", "all"), ("any", "any"), ("not any", "none"), ("not all", "not all")];

const DEEDS: [(&str, &str); 4] =
    [("did", "did"), ("not did", "did not"), ("first_did", "first did"), ("not first_did", "did not first do")];

const TIMES: [(&str, &str); 6] = [
    ("gte", "at least"),
    ("is", "exactly"),
    ("lte", "at most"),
    ("gt", "more than"),
    ("lt", "fewer than"),
    ("between", "between"),
];

/// What belongs to a saved cohort, said and denied, and over the list of those to choose from.
fn told(membership: &str) -> (&'static str, &'static str, &'static str) {
    match membership {
        "member_of" => ("belongs to one in", "belongs to none in", "Belongs to one in"),
        "has_member_in" => ("has a member in", "has no member in", "Has a member in"),
        _ => ("is in", "is not in", "Is in"),
    }
}

impl Builder<'_> {
    /// The conditions in a few words.
    pub fn told_conditions(&self) -> Markup {
        let row = Row::read(&self.document["where"], "");
        let (What::List(word, items), units) = (row.what, words::capital(&words::units(&self.scope.count_by))) else {
            return html! {};
        };
        let joint = verb(row.is_not, word, &JOINTS);
        html! {
            @if items.is_empty() { (units) ", no conditions yet" }
            @else { (units) " that match " b { (joint) " of " (counted(items.len() as u64, "condition")) } }
        }
    }

    /// All conditions.
    pub fn conditions(&self) -> Markup {
        self.list(&self.document["where"], "/where", "")
    }

    /// The range of conditions that have none of their own.
    pub fn usual_range(&self) -> Markup {
        html! {
            (RangePicker { visit: self.visit, scope: self.scope, pointer: "", open: Some("At any time") }.draw())
            span class="sub" { "unless a condition says otherwise" }
        }
    }

    /// The conditions of a list, numbered within it.
    fn list(&self, condition: &Value, pointer: &str, number: &str) -> Markup {
        let row = Row::read(condition, pointer);
        let What::List(word, items) = row.what else { return html! {} };
        let inside = format!("{}/{word}", row.pointer);
        let numbered = |place: usize| {
            if number.is_empty() { (place + 1).to_string() } else { format!("{number}.{}", place + 1) }
        };
        html! {
            div class=(if number.is_empty() { "steps conditions" } else { "steps conditions nested" }) {
                div class="inline" {
                    @if !number.is_empty() { span class="badge-l" { (number) } }
                    (choice(&format!("{pointer}.verb"), &match_label(number), verb_of(row.is_not, word), &JOINTS))
                    span class="sub" { "of these" }
                    @if !number.is_empty() { (remove(pointer, &format!("condition {number}"))) }
                }
                @for (place, item) in items.iter().enumerate() {
                    (self.condition(item, &format!("{inside}/{place}"), &numbered(place)))
                }
                (self.more(&format!("{inside}/{}", items.len()), word, &numbered(items.len())))
            }
        }
    }

    /// One condition.
    fn condition(&self, condition: &Value, pointer: &str, number: &str) -> Markup {
        let row = Row::read(condition, pointer);
        let gone = remove(pointer, &format!("condition {number}"));
        let badge = html! { span class="badge-l" { (number) } };
        match &row.what {
            What::List(..) => self.list(condition, pointer, number),
            What::Did(word) => html! {
                div class="inline" {
                    (choice(&format!("{pointer}.verb"), &format!("Condition {number}"), verb_of(row.is_not, word), &DEEDS))
                    (self.matcher(&format!("{}/{word}", row.pointer), &format!("Event of condition {number}"), Some(number)))
                    @if *word == "did" { (times(&row, pointer, number)) }
                    (self.when(row.inner, pointer))
                    (gone)
                }
            },
            What::Is(simple) => html! {
                div class="inline" {
                    @if simple.path().is_some() {
                        span class="tag" { (if row.is_not { "is not" } else { "is" }) } (badge)
                        (About::Unit(&self.own()).chip(pointer, &self.owned(simple), self.choices))
                    } @else {
                        (choice(&format!("{pointer}.verb"), &format!("Condition {number}"), verb_of(row.is_not, "is"), &[("is", "belongs to"), ("not is", "does not belong to")]))
                        (badge)
                        (About::Keys.chip(pointer, simple, self.choices))
                    }
                }
            },
            What::Among(word) => {
                let (is, is_not, _) = told(word);
                html! {
                    div class="inline" {
                        (choice(&format!("{pointer}.verb"), &format!("Condition {number}"), verb_of(row.is_not, "is"), &[("is", is), ("not is", is_not)]))
                        (badge)
                        (self.cohorts(row.inner, word, pointer, number))
                        (gone)
                    }
                }
            }
            What::Other => html! { div class="inline" { (badge) (self.shown(condition, &row)) (gone) } },
        }
    }

    /// What is shown, and cannot be changed here.
    fn shown(&self, condition: &Value, row: &Row<'_>) -> Markup {
        let parsed = Condition::parse(&condition.to_string(), &self.scope.count_by);
        let report = row.inner.get("report").cloned().map(|mut document| {
            let units = document.as_object_mut().and_then(|fields| fields.remove("units")).unwrap_or_default();
            self.visit.to("/units").with("report", document).with("units", units)
        });
        html! {
            span class="chip ro" {
                span { @match &parsed { Ok(parsed) => (phrase(self.visit, self.scope, parsed)), Err(_) => span class="mono" { (condition) } } }
            }
            @if let Some(address) = report { a class="btn s quiet" href=(address) { "See them" } }
        }
    }

    fn when(&self, inner: &Value, pointer: &str) -> Markup {
        let bound = |name: &str| inner[name].as_str().map_or(TimeBound::OPEN, TimeBound::from);
        let scope = within(self.scope, &bound("from"), &bound("to"));
        let is_usual = self.scope.from.is_open() && self.scope.to.is_open();
        let open = if is_usual { "At any time" } else { "At the usual time" };
        RangePicker { visit: self.visit, scope: &scope, pointer, open: Some(open) }.draw()
    }

    /// Whose the properties of members are.
    fn own(&self) -> Value {
        self.scope.count_by.group_type().map_or_else(|| json!("user"), |group| json!({ "group": group }))
    }

    /// The test of a property with whose it is, as lists of properties and of values have it.
    fn owned(&self, simple: &Simple) -> Simple {
        let subject = json!({ "property": simple.path(), "of": self.own() });
        Simple { subject: Some(subject), ..simple.clone() }
    }

    /// Saved cohorts of which a unit can be a member in some way.
    fn fitting(&self, membership: &str) -> impl Iterator<Item = &NamedCohort> {
        let own = &self.scope.count_by;
        let fits = move |cohort: &&NamedCohort| match membership {
            "member_of" => *own == CountBy::Users && cohort.count_by != CountBy::Users,
            "has_member_in" => *own != CountBy::Users && cohort.count_by == CountBy::Users,
            _ => cohort.count_by == *own,
        };
        self.choices.cohorts.iter().filter(fits)
    }

    /// Which cohort is meant.
    fn cohorts(&self, inner: &Value, word: &str, pointer: &str, number: &str) -> Markup {
        let mut values: Vec<Value> = self.fitting(word).map(|cohort| membership(word, &cohort.name)).collect();
        if !values.contains(inner) {
            values.insert(0, inner.clone());
        }
        let name =
            |value: &Value| value[word].get("cohort").unwrap_or(&value[word]).as_str().unwrap_or_default().to_owned();
        let field = format!("{pointer}.among");
        html! {
            label class="sr" for=(id(&field)) { "Cohort of condition " (number) }
            select id=(id(&field)) name=(field) {
                @for value in &values { option value=(value) selected[value == inner] { (name(value)) } }
            }
        }
    }

    /// The buttons for one more condition.
    fn more(&self, next: &str, word: &str, number: &str) -> Markup {
        let other = if word == "all" { "any" } else { "all" };
        let event =
            |pointer: &str, add: &str, label: &str| EventPicker { pointer, chosen: &[], add, label }.draw(self.choices);
        let has_keys = self.scope.count_by == CountBy::Users && !self.choices.types.types.is_empty();
        html! {
            div class="inline" {
                (event(&format!("{next}/did"), "Did an event", "Did an event"))
                (About::Unit(&self.own()).add(next, self.choices, "Has a property"))
                @if has_keys { (About::Keys.add(&format!("{next}.in"), self.choices, "Belongs to a group")) }
                (self.membership_menu(next))
                // A list in a list in a list is more than people follow; what has one is shown, and stays.
                @if number.matches('.').count() < 2 { (event(&format!("{next}/{other}/0/did"), "Nested group", "First event of a nested group")) }
            }
        }
    }

    /// The button for one more saved cohort, where there are any.
    fn membership_menu(&self, next: &str) -> Markup {
        let field = format!("{next}.among");
        html! {
            @if MEMBERSHIPS.iter().any(|word| self.fitting(word).next().is_some()) {
                button type="button" class="btn s add" popovertarget=(id(&field)) { (Icon::Add.small()) "In a cohort" }
                div id=(id(&field)) popover class="menu" role="group" aria-label="In a cohort" {
                    @for word in MEMBERSHIPS {
                        @let cohorts: Vec<&NamedCohort> = self.fitting(word).collect();
                        @if !cohorts.is_empty() {
                            p class="gh" { (told(word).2) }
                            ul {
                                @for cohort in cohorts {
                                    li { button name=(field) value=(membership(word, &cohort.name)) { (cohort.name) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn membership(word: &str, name: &str) -> Value {
    if word == "cohort" { json!({ "cohort": name }) } else { json!({ word: { "cohort": name } }) }
}

fn match_label(number: &str) -> String {
    if number.is_empty() { "Match".to_owned() } else { format!("Match of condition {number}") }
}

/// The value of a field that says what must be.
fn verb_of(is_not: bool, word: &str) -> String {
    if is_not { format!("not {word}") } else { word.to_owned() }
}

fn verb(is_not: bool, word: &str, verbs: &[(&'static str, &'static str)]) -> &'static str {
    let value = verb_of(is_not, word);
    verbs.iter().find(|(own, _)| *own == value).map_or("", |(_, words)| words)
}

fn choice(field: &str, label: &str, chosen: String, choices: &[(&str, &str)]) -> Markup {
    let id = id(field);
    html! {
        label class="sr" for=(id) { (label) }
        select id=(id) name=(field) {
            @for (value, words) in choices { option value=(value) selected[*value == chosen] { (words) } }
        }
    }
}

/// How many times; of what was not done only where it is more than never.
fn times(row: &Row<'_>, pointer: &str, number: &str) -> Markup {
    let once = json!({ "gte": 1 });
    let times = row.inner.get("times").unwrap_or(&once);
    if row.is_not && *times == once {
        return html! {};
    }
    let bound = |op: &str| times.get(op).cloned();
    let mut bounds: Vec<(&str, Value, Option<Value>)> = match (bound("gte"), bound("lte")) {
        (Some(least), Some(most)) => vec![("between", least, Some(most))],
        (least, most) => {
            least.map(|least| ("gte", least, None)).into_iter().chain(most.map(|most| ("lte", most, None))).collect()
        }
    };
    bounds.extend(["gt", "lt", "is"].into_iter().filter_map(|op| Some((op, bound(op)?, None))));
    let field = |place: usize, name: &str| format!("{pointer}.t.{place}.{name}");
    let input = |name: String, label: String, value: &Value| {
        html! {
            label class="sr" for=(id(&name)) { (label) }
            input id=(id(&name)) type="number" name=(name) min="0" step="1" value=(value) autocomplete="off";
        }
    };
    html! {
        @for (place, (op, least, most)) in bounds.iter().enumerate() {
            @if place > 0 { span class="sub" { "and" } }
            (choice(&field(place, "op"), &format!("How often, condition {number}"), (*op).to_owned(), &TIMES))
            (input(field(place, "n"), format!("Number of times, condition {number}"), least))
            @if let Some(most) = most {
                span class="sub" { "and" }
                (input(field(place, "m"), format!("Most times, condition {number}"), most))
            }
        }
        span class="sub" { "times" }
    }
}
