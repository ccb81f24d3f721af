//! Filters and breakdowns: chips that are changed in what they open, and the list of properties to choose from.
//! Conditions on a unit's properties are filters too, of one owner alone.

use super::choices::{Choices, Owned};
use super::event::id;
use super::matcher::Simple;
use super::words;
use crate::html::icon::Icon;
use maud::{Markup, html};
use serde_json::{Value, json};

const OPERATORS: [(&str, &str); 11] = [
    ("is", "is"),
    ("is_not", "is not"),
    ("contains", "contains"),
    ("not_contains", "does not contain"),
    ("matches", "matches"),
    ("gt", "is more than"),
    ("gte", "is at least"),
    ("lt", "is less than"),
    ("lte", "is at most"),
    ("set", "is set"),
    ("not_set", "is not set"),
];

/// Most characters of an example or a value on a chip.
const SHOWN_MAX: usize = 40;

/// What may be tested.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// Events: their properties, those of their users and groups, keys and cohorts.
    Events,
    /// A unit: its own properties. Whose they are, as `of` has it.
    Unit(&'a Value),
    /// A user: the keys it belongs to.
    Keys,
}

/// The chips of all filters of a matcher, or of the report, and the button for one more.
pub fn filters(pointer: &str, filters: &[Value], choices: &Choices, add: &str) -> Markup {
    let about = About::Events;
    html! {
        @for (place, filter) in filters.iter().enumerate() {
            @let name = format!("{pointer}.f.{place}");
            @match Simple::read(filter) {
                Some(simple) => (about.chip(&name, &simple, choices)),
                None => span class="chip" { span class="mono trunc" { (cut(&filter.to_string())) } (about.remove(&name, "with several parts")) },
            }
        }
        (about.add(&format!("{pointer}.f.{}", filters.len()), choices, add))
    }
}

impl About<'_> {
    fn noun(self) -> &'static str {
        if matches!(self, Self::Events) { "filter" } else { "condition" }
    }

    fn remove(self, name: &str, what: &str) -> Markup {
        let label = format!("Remove {} {what}", self.noun());
        html! { button name="do" value={ "remove " (name) } aria-label=(label) { (Icon::Close.small()) } }
    }

    /// What is tested, as a chip that is changed in what it opens. Its fields are under a name.
    pub fn chip(self, name: &str, simple: &Simple, choices: &Choices) -> Markup {
        let subject = simple.subject.clone().unwrap_or_default();
        html! {
            span class="chip" {
                button type="button" class="edit" popovertarget=(id(name)) { (told(simple)) }
                (self.remove(name, &subject_name(&subject)))
            }
            (self.editor(name, simple, choices))
        }
    }

    /// The button for one more, and what it opens.
    pub fn add(self, name: &str, choices: &Choices, add: &str) -> Markup {
        html! {
            button type="button" class="btn s add" popovertarget=(id(name)) { (Icon::Add.small()) (add) }
            (self.editor(name, &Simple { op: "is".to_owned(), ..Simple::default() }, choices))
        }
    }

    fn editor(self, name: &str, simple: &Simple, choices: &Choices) -> Markup {
        let id = id(name);
        let (subject, none) = match self {
            Self::Keys => ("Group type", "Choose a group type"),
            _ => ("Property", "Choose a property"),
        };
        html! {
            div id=(id) popover class="editor" role="group" aria-label=(words::capital(self.noun())) data-values=(name) {
                label for={ (id) "-of" } { (subject) }
                (subjects(&format!("{id}-of"), &format!("{name}.of"), simple.subject.as_ref(), choices, none, self))
                @if !matches!(self, Self::Keys) {
                    label for={ (id) "-op" } { "Must" }
                    select id={ (id) "-op" } name={ (name) ".op" } {
                        @for (op, words) in OPERATORS { option value=(op) selected[op == simple.op] { (words) } }
                    }
                }
                @if matches!(self, Self::Events) { (as_of(&id, name, simple.is_at_the_time)) }
                label for={ (id) "-v" } { @if matches!(self, Self::Keys) { "Keys" } @else { "Values" } }
                input id={ (id) "-v" } type="text" name={ (name) ".typed" } autocomplete="off"
                    placeholder=(if matches!(self, Self::Keys) { "acme-corp, globex" } else { "DE, US, or 5" });
                ul class="picks" data-suggestions {
                    @for value in &simple.values {
                        li { label { input type="checkbox" name={ (name) ".value" } value=(value) checked; span { (shown(value)) } } }
                    }
                }
                p class="inline" { button class="btn primary s" { "Apply" } }
            }
        }
    }
}

/// Which of a property's values is meant.
fn as_of(id: &str, name: &str, is_at_the_time: bool) -> Markup {
    html! {
        label for={ (id) "-as" } { "As it is" }
        select id={ (id) "-as" } name={ (name) ".as_of" } {
            option value="now" { "now" }
            option value="event" selected[is_at_the_time] { "at the time of the event" }
        }
    }
}

/// A filter as a phrase.
fn told(simple: &Simple) -> Markup {
    let subject = simple.subject.clone().unwrap_or_default();
    let owner = owner_of(&subject);
    let op = OPERATORS.iter().find(|(op, _)| *op == simple.op).map_or("is", |(_, words)| *words);
    let values: Vec<String> = simple.values.iter().map(shown).collect();
    html! {
        @if let Some(owner) = &owner { span class="dim" { (owner) " " } }
        b { (subject_name(&subject)) } " " span class="dim" { (if subject.get("cohort").is_some() { if simple.op == "is_not" { "not in cohort" } else { "in cohort" } } else { op }) }
        @if !values.is_empty() { " " (values.join(", ")) }
        @if owner.is_some() && simple.path().is_some() { span class="dim" { " · " (if simple.is_at_the_time { "at the time" } else { "now" }) } }
    }
}

/// The filters of a report as one phrase, for people who see it folded.
pub fn phrase(filter: &Value) -> Markup {
    match Simple::read(filter) {
        Some(simple) => told(&simple),
        None => html! { span class="mono" { (cut(&filter.to_string())) } },
    }
}

/// What a filter is about, in a word.
pub fn name_of(filter: &Value) -> String {
    let subject = Simple::read(filter).and_then(|simple| simple.subject);
    subject.map_or_else(|| "with several parts".to_owned(), |subject| subject_name(&subject))
}

/// Whose property a subject is: nothing for events.
fn owner_of(subject: &Value) -> Option<String> {
    let of = subject.get("of")?;
    Some(of.get("group").unwrap_or(of).as_str().unwrap_or_default().to_owned())
}

fn subject_name(subject: &Value) -> String {
    let field = |name: &str| subject.get(name).and_then(Value::as_str);
    field("property").or(field("cohort")).or(field("group")).unwrap_or_default().to_owned()
}

fn shown(value: &Value) -> String {
    cut(&words::value(&crate::model::Value::from_serde(value)))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// All that can be tested and split by, in groups by whose it is.
fn subjects(id: &str, name: &str, chosen: Option<&Value>, choices: &Choices, none: &str, about: About<'_>) -> Markup {
    let chosen_json = chosen.map(Value::to_string);
    let line = |subject: Value, text: String| {
        let json = subject.to_string();
        html! { option selected[chosen_json.as_deref() == Some(json.as_str())] value=(json) { (text) } }
    };
    let is_meant = |owner: &Owned| match about {
        About::Events => true,
        About::Unit(of) => owner.of.as_ref() == Some(of),
        About::Keys => false,
    };
    let is_listed = |subject: &Value| {
        let of = subject.get("of");
        let owner = choices.owners.iter().find(|owner| owner.of.as_ref() == of);
        let path = subject.get("property").and_then(Value::as_str);
        path.is_none()
            || owner.is_some_and(|owner| owner.properties.iter().any(|own| Some(own.property.as_str()) == path))
    };
    html! {
        select id=(id) name=(name) {
            option value="" { (none) }
            @if let Some(subject) = chosen.filter(|subject| !is_listed(subject)) {
                (line(subject.clone(), format!("{} {}", owner_of(subject).unwrap_or_default(), subject_name(subject))))
            }
            @for owner in choices.owners.iter().filter(|owner| is_meant(owner) && !owner.properties.is_empty()) {
                optgroup label=(owner.name) {
                    @for property in &owner.properties {
                        @let mut subject = json!({ "property": property.property });
                        @let _ = owner.of.as_ref().map(|of| subject["of"] = of.clone());
                        (line(subject, example(property)))
                    }
                }
            }
            @if !matches!(about, About::Unit(_)) && !choices.types.types.is_empty() {
                optgroup label="Group keys" {
                    @for row in &choices.types.types { (line(json!({ "group": row.group_type }), format!("{} (key)", row.group_type))) }
                }
            }
            @if matches!(about, About::Events) && !choices.cohorts.is_empty() {
                optgroup label="Cohorts" {
                    @for cohort in &choices.cohorts { (line(json!({ "cohort": cohort.name }), cohort.name.clone())) }
                }
            }
        }
    }
}

fn example(property: &crate::pages::ListedProperty) -> String {
    let values: Vec<String> = property.values.iter().take(2).map(|value| cut(&words::value(&value.value))).collect();
    if values.is_empty() {
        property.property.clone()
    } else {
        format!("{} – {}", property.property, values.join(", "))
    }
}

/// The chips of all breakdowns, and the button for one more.
pub fn breakdowns(breakdowns: &[Value], choices: &Choices) -> Markup {
    html! {
        @for (place, breakdown) in breakdowns.iter().enumerate() {
            @let name = format!("b.{place}");
            @let owner = owner_of(breakdown);
            @let is_at_the_time = breakdown.get("as_of").is_some();
            span class="chip" {
                button type="button" class="edit" popovertarget=(id(&name)) {
                    @if let Some(owner) = &owner { span class="dim" { (owner) " " } }
                    b { (subject_name(breakdown)) }
                    @if owner.is_some() { span class="dim" { " · " (if is_at_the_time { "at the time" } else { "now" }) } }
                }
                button name="do" value={ "remove " (name) } aria-label={ "Remove breakdown " (subject_name(breakdown)) } { (Icon::Close.small()) }
            }
            (breakdown_editor(&name, Some(breakdown), choices))
        }
        @if breakdowns.len() < 3 {
            @let name = format!("b.{}", breakdowns.len());
            button type="button" class="btn s add" popovertarget=(id(&name)) { (Icon::Add.small()) "Breakdown" }
            (breakdown_editor(&name, None, choices))
        }
    }
}

fn breakdown_editor(name: &str, breakdown: Option<&Value>, choices: &Choices) -> Markup {
    let id = id(name);
    let is_at_the_time = breakdown.is_some_and(|breakdown| breakdown.get("as_of").is_some());
    let subject = breakdown.map(|breakdown| {
        let mut subject = breakdown.clone();
        _ = subject.as_object_mut().map(|fields| fields.remove("as_of"));
        subject
    });
    html! {
        div id=(id) popover class="editor" role="group" aria-label="Breakdown" {
            label for={ (id) "-of" } { "Property" }
            (subjects(&format!("{id}-of"), &format!("{name}.of"), subject.as_ref(), choices, "None", About::Events))
            (as_of(&id, name, is_at_the_time))
            p class="inline" { button class="btn primary s" { "Apply" } }
        }
    }
}
